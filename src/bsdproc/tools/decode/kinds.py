"""What an argument of a system call looks like: one function for each kind.

A kind takes the call, the argument's value and what stands in parentheses behind
the kind's name in the table of calls.  What a pointer points to is read from the
program's memory; where nothing can be read, the address is shown.  Here are numbers
and strings, and numbers in memory; the rest is in `structs` and `dependent`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import Any, Final, Protocol

from bsdproc import abi, dragonfly, freebsd, netbsd
from bsdproc.dragonfly import sigset as dragonfly_sets
from bsdproc.freebsd import sigset as freebsd_sets
from bsdproc.kernel.errors import KernelError
from bsdproc.netbsd import sigset as netbsd_sets
from bsdproc.tools.decode.names import Bits, One
from bsdproc.tools.decode.sisters import AT_FDCWD, OF
from bsdproc.typed import waiting
from bsdproc.typed.enums import known, name_of
from bsdproc.typed.sigset import SigSets

ITEMS_MAX: Final = 16
"""How many elements of an array are shown."""
PATH_MAX: Final = 1024
SIGNALS: Final[Mapping[str, type[IntEnum]]] = {
    "freebsd": freebsd.Signal, "netbsd": netbsd.Signal, "dragonfly": dragonfly.Signal}
SETS: Final[Mapping[str, SigSets[Any]]] = {
    "freebsd": freebsd_sets.SETS, "netbsd": netbsd_sets.SETS, "dragonfly": dragonfly_sets.SETS}
STATUS: Final[Mapping[str, Callable[[int, int], object]]] = {
    "freebsd": freebsd.waiting.decode, "netbsd": netbsd.waiting.decode,
    "dragonfly": dragonfly.waiting.decode}


class Memory(Protocol):
    """A program's memory."""

    def read(self, address: int, size: int) -> bytes:
        """Up to so many bytes; `KernelError` where nothing can be read."""


@dataclass(slots=True)
class Call:
    """A system call that is being made, or is done."""

    target: abi.Target
    memory: Memory
    values: Mapping[str, int]
    """The arguments by name."""
    strsize: int = 32
    """How many bytes of a string are shown."""
    result: int | None = None
    """What it gave; None before it is done."""
    seen: dict[str, str] = field(default_factory=dict)
    """What the arguments looked like at the entry."""


Kind = Callable[[Call, int, str], str]


class Unreadable(Exception):
    """What a pointer points to is not there."""


def read(call: Call, address: int, size: int) -> bytes:
    """Exactly so many bytes; `Unreadable`."""
    try:
        data = call.memory.read(address, size)
    except (KernelError, ValueError):
        raise Unreadable from None
    if len(data) < size:
        raise Unreadable
    return data


def pointer(call: Call, value: int, inside: str = "") -> str:
    return hex(value)


def number(call: Call, value: int, inside: str) -> str:
    return str(value)


def octal(call: Call, value: int, inside: str) -> str:
    return f"0{value:o}"


def named(call: Call, value: int, inside: str) -> str:
    """Of a table of `NAMES`."""
    return table(call, inside).show(value)


def table(call: Call, name: str) -> One | Bits:
    """The names of the program's system."""
    return OF[call.target.system][name]


def signal(call: Call, value: int, inside: str = "") -> str:
    return name_of(known(SIGNALS[call.target.system], value)) if value else "0"


def at(call: Call, value: int, inside: str) -> str:
    """A directory's descriptor."""
    return "AT_FDCWD" if value == AT_FDCWD[call.target.system] else str(value)


# -- strings and bytes --------------------------------------------------------------
def quoted(data: bytes, cut: bool = False) -> str:
    """"text" with what cannot be printed escaped; ... behind it says that it is cut."""
    text = data.decode("latin-1").encode("unicode_escape").decode("ascii").replace('"', '\\"')
    return f'"{text}"{"..." if cut else ""}'


def path(call: Call, value: int, inside: str) -> str:
    """A string that ends with a NUL, whole."""
    return quoted(*_string(call, value, PATH_MAX))


def text(call: Call, value: int, inside: str) -> str:
    """The same, not longer than strings are shown."""
    return quoted(*_string(call, value, call.strsize))


def _string(call: Call, address: int, limit: int) -> tuple[bytes, bool]:
    """A string's bytes up to a limit, and whether it goes on."""
    found = b""
    while len(found) <= limit:
        size = min(limit + 1 - len(found), 256)
        try:
            part = call.memory.read(address + len(found), size)
        except (KernelError, ValueError):
            part = b""
        if not part and not found:
            raise Unreadable
        end = part.find(0)
        if end >= 0:
            return (found + part[:end])[:limit], len(found) + end > limit
        found += part
        if len(part) < size:
            break
    return found[:limit], len(found) > limit


def data(call: Call, value: int, inside: str) -> str:
    """Bytes, as many as another argument (or the result: ret) says."""
    size = count_of(call, inside)
    shown = min(size, call.strsize)
    return quoted(read(call, value, shown) if shown else b"", size > shown)


def count_of(call: Call, inside: str) -> int:
    if inside == "ret":
        return max(call.result or 0, 0)
    return max(call.values.get(inside, 0), 0)


def strings(call: Call, value: int, inside: str) -> str:
    """argv: pointers to strings, the last one null."""
    found: list[str] = []
    size = call.target.pointer
    while True:
        word = int.from_bytes(read(call, value + len(found) * size, size), call.target.byteorder)
        if word == 0:
            break
        if len(found) == ITEMS_MAX:
            found.append("...")
            break
        found.append(text(call, word, ""))
    return f"[ {', '.join(found)} ]" if found else "[ ]"


# -- numbers in memory ---------------------------------------------------------------
def integer_at(call: Call, address: int, size: int, signed: bool = True) -> int:
    return int.from_bytes(read(call, address, size), call.target.byteorder, signed=signed)


def integer(call: Call, value: int, inside: str) -> str:
    """{ 3 }: so many bytes that are a number, the pointer's size for "long"."""
    size = call.target.pointer if inside == "long" else int(inside or 4)
    return f"{{ {integer_at(call, value, size)} }}"


def pair(call: Call, value: int, inside: str) -> str:
    """[3,4]: the two descriptors of pipe(2)."""
    return f"[{integer_at(call, value, 4)},{integer_at(call, value + 4, 4)}]"


def signal_in(call: Call, value: int, inside: str) -> str:
    return f"{{ {signal(call, integer_at(call, value, 4))} }}"


def sigset(call: Call, value: int, inside: str) -> str:
    return signals_in(call, read(call, value, 16))


def signals_in(call: Call, raw: bytes) -> str:
    """{ SIGINT|SIGQUIT }; ~{ SIGKILL } for all but some."""
    sets = SETS[call.target.system]
    found = sets.decode(raw, call.target.byteorder)
    missing = _every(call.target.system) - found
    most = len(missing) < len(found)
    listed = "|".join(name_of(one) for one in sorted(missing if most else found))
    return f"{'~' if most else ''}{{ {listed}{' ' if listed else ''}}}"


@cache
def _every(system: str) -> frozenset[int]:
    """The signals."""
    return frozenset(known(SIGNALS[system], n) for n in range(1, SETS[system].last + 1))


def status(call: Call, value: int, inside: str) -> str:
    """What wait(2) stores; nothing when it found nobody."""
    if not call.result:
        return hex(value)
    match STATUS[call.target.system](call.result, integer_at(call, value, 4)):
        case waiting.Exited(status=code):
            return f"{{ EXITED,val={code} }}"
        case waiting.Signaled(signal=by, core=core):
            return f"{{ SIGNALED,sig={name_of(by)}{',cored' if core else ''} }}"
        case waiting.Stopped(signal=by):
            return f"{{ STOPPED,sig={name_of(by)} }}"
        case _:
            return "{ CONTINUED }"
