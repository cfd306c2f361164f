"""FreeBSD's system calls: numbers, names, arguments and results.

    >>> syscalls.by_number(3).name
    'read'
    >>> [str(a) for a in syscalls.by_number(3).arguments]
    ['int fd', 'void *buf', 'size_t nbyte']

The numbers are those of FreeBSD 14 and newer; they are the same on all machines and
are never used again for something else, so that an older kernel's are among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from bsdproc import abi
from bsdproc.abi.syscalls import FREEBSD as _NAMES


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a system call, as C declares it."""

    name: str
    type: str
    """"int", "const char *", "struct kevent *"."""

    @property
    def pointer(self) -> bool:
        """Whether it is an address."""
        return self.type.endswith("*") or self.type in _ADDRESSES

    @property
    def signed(self) -> bool:
        """Whether it is a number with a sign."""
        return self.type in _SIGNED

    def width(self, machine: str) -> int:
        """Bytes that it has on a machine."""
        if self.pointer or self.type in _LONGS:
            return abi.target("freebsd", machine).pointer
        return 8 if self.type in _WIDE else 2 if self.type == "mode_t" else 4

    def __str__(self) -> str:
        return f"{self.type}{'' if self.type.endswith('*') else ' '}{self.name}"


_ADDRESSES: Final = frozenset({"caddr_t"})
_LONGS: Final = frozenset({
    "long", "u_long", "size_t", "ssize_t", "semid_t", "key_t", "intptr_t", "uintptr_t",
})
_WIDE: Final = frozenset({"off_t", "id_t", "dev_t", "int64_t", "uint64_t"})
_SIGNED: Final = frozenset({
    "int", "long", "ssize_t", "off_t", "pid_t", "lwpid_t", "clockid_t", "semid_t", "key_t",
    "intptr_t", "id_t", "int64_t", "cpulevel_t", "cpuwhich_t", "cpusetid_t", "__acl_type_t",
    "idtype_t",
})


@dataclass(frozen=True, slots=True)
class Syscall:
    """A system call."""

    number: int
    name: str
    """As SYS_* has it: "read", "_exit", "freebsd11_stat"."""
    arguments: tuple[Argument, ...]
    returns: str
    """The C type of its result."""

    def values(self, machine: str, words: Sequence[int]) -> tuple[int, ...]:
        """The arguments out of the machine words that PT_GET_SC_ARGS gives.

        Numbers of 64 bits take two words on a 32-bit machine (on arm they begin
        at an even one), narrower ones are cut to their width, and those with a
        sign get it.  As many as there are words for."""
        target = abi.target("freebsd", machine)
        size = target.pointer
        mask = (1 << size * 8) - 1
        found: list[int] = []
        at = 0
        for argument in self.arguments:
            width = argument.width(machine)
            count = max(1, width // size)
            if count == 2 and machine == "arm":
                at += at % 2
            if at + count > len(words):
                break
            parts = [word & mask for word in words[at : at + count]]
            if target.byteorder == "big":
                parts.reverse()
            value = sum(part << size * 8 * place for place, part in enumerate(parts))
            value &= (1 << width * 8) - 1
            if argument.signed and value >> width * 8 - 1:
                value -= 1 << width * 8
            found.append(value)
            at += count
        return tuple(found)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


def by_number(number: int) -> Syscall | None:
    """The system call of that number; None for a number that has none."""
    return table().get(number)


def by_name(name: str) -> Syscall | None:
    """The system call of that name; None when there is none."""
    return _by_name().get(name)


def name(number: int) -> str:
    """A system call's name, "#1000" for a number that has none."""
    return _NAMES.get(number) or f"#{number}"


@cache
def table() -> Mapping[int, Syscall]:
    """Every system call by its number."""
    prototypes = _prototypes()
    return MappingProxyType({
        number: Syscall(number, called, *prototypes[called]) for number, called in _NAMES.items()
    })


@cache
def _by_name() -> Mapping[str, Syscall]:
    return {call.name: call for call in table().values()}


def _prototypes() -> dict[str, tuple[tuple[Argument, ...], str]]:
    """Arguments and result of each, out of the C text."""
    from bsdproc.freebsd._prototypes import TEXT

    found: dict[str, tuple[tuple[Argument, ...], str]] = {}
    for line in TEXT.replace("\n    ", " ").splitlines():
        head, _, inside = line.removesuffix(")").partition("(")
        called, returns = _split(head)
        arguments = (_split(part) for part in inside.split(", ") if part)
        found[called] = tuple(Argument(*one) for one in arguments), returns
    return found


def _split(declaration: str) -> tuple[str, str]:
    """Name and type of "const char *path"."""
    stars = declaration.rfind("*") + 1
    at = stars or declaration.rindex(" ")
    return declaration[at:].strip(), declaration[:at].strip()
