"""What an argument of a system call looks like: one function for each kind.

A kind takes the call, the argument's value and what stands in parentheses behind
the kind's name in the table of calls.  What a pointer points to is read from the
program's memory; where nothing can be read, the address is shown.
"""

from __future__ import annotations

import stat as modes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from struct import Struct
from typing import Final, Protocol

from bsdproc import abi, freebsd
from bsdproc.freebsd import sigset as sets
from bsdproc.freebsd.constants import ptrace as requests
from bsdproc.freebsd.constants.procctl import (
    AslrPolicy,
    KptiPolicy,
    LaPolicy,
    LogsigexitPolicy,
    NoNewPrivs,
    ProcctlCommand,
    ProtmaxPolicy,
    ReaperStatusFlags,
    StackgapFlags,
    TraceControl,
    TrapcapControl,
    WxmapFlags,
    X86ProcctlCommand,
)
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.freebsd.siginfo import Siginfo
from bsdproc.kernel.errors import KernelError
from bsdproc.tools.decode.names import NAMES
from bsdproc.typed.enums import known, name_of, names

ITEMS_MAX: Final = 16
"""How many elements of an array are shown."""
PATH_MAX: Final = 1024
AT_FDCWD: Final = -100
SOL_SOCKET: Final = 0xFFFF
AF_UNIX, AF_INET, AF_INET6 = 1, 2, 28


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
    return NAMES[inside].show(value)


def signal(call: Call, value: int, inside: str = "") -> str:
    return name_of(known(Signal, value)) if value else "0"


def at(call: Call, value: int, inside: str) -> str:
    """A directory's descriptor."""
    return "AT_FDCWD" if value == AT_FDCWD else str(value)


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
    size = _count(call, inside)
    shown = min(size, call.strsize)
    return quoted(read(call, value, shown) if shown else b"", size > shown)


def _count(call: Call, inside: str) -> int:
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
def _integer(call: Call, address: int, size: int, signed: bool = True) -> int:
    return int.from_bytes(read(call, address, size), call.target.byteorder, signed=signed)


def integer(call: Call, value: int, inside: str) -> str:
    """{ 3 }: so many bytes that are a number, the pointer's size for "long"."""
    size = call.target.pointer if inside == "long" else int(inside or 4)
    return f"{{ {_integer(call, value, size)} }}"


def pair(call: Call, value: int, inside: str) -> str:
    """[3,4]: the two descriptors of pipe(2)."""
    return f"[{_integer(call, value, 4)},{_integer(call, value + 4, 4)}]"


def signal_in(call: Call, value: int, inside: str) -> str:
    return f"{{ {signal(call, _integer(call, value, 4))} }}"


def sigset(call: Call, value: int, inside: str) -> str:
    return _signals(sets.decode(read(call, value, 16), call.target.byteorder))


def _signals(found: sets.SigSet) -> str:
    listed = "|".join(name_of(one) for one in sorted(found))
    return f"{{ {listed} }}" if listed else "{ }"


def status(call: Call, value: int, inside: str) -> str:
    """What wait(2) stores; nothing when it found nobody."""
    if not call.result:
        return hex(value)
    match freebsd.decode(call.result, _integer(call, value, 4)):
        case freebsd.Exited(status=code):
            return f"{{ EXITED,val={code} }}"
        case freebsd.Signaled(signal=by, core=core):
            return f"{{ SIGNALED,sig={name_of(by)}{',cored' if core else ''} }}"
        case freebsd.Stopped(signal=by):
            return f"{{ STOPPED,sig={name_of(by)} }}"
        case freebsd.Continued():
            return "{ CONTINUED }"


# -- structs --------------------------------------------------------------------------
def _fields(call: Call, struct: str, address: int, *fields: str) -> tuple[int, ...]:
    layout = call.target.struct(struct)
    return layout.reader(*fields)(read(call, address, layout.size), 0)


def timespec(call: Call, value: int, inside: str) -> str:
    seconds, rest = _fields(call, "struct timespec", value, "tv_sec", "tv_nsec")
    return f"{{ {seconds}.{rest:09} }}"


def timeval(call: Call, value: int, inside: str) -> str:
    seconds, rest = _fields(call, "struct timeval", value, "tv_sec", "tv_usec")
    return f"{{ {seconds}.{rest:06} }}"


def _both(kind: Kind, struct: str) -> Kind:
    def two(call: Call, value: int, inside: str) -> str:
        second = value + call.target.struct(struct).size
        return f"{{ {kind(call, value, '')},{kind(call, second, '')} }}"

    return two


def rlimit(call: Call, value: int, inside: str) -> str:
    infinity = (1 << 63) - 1
    shown = ["INFINITY" if n == infinity else str(n)
             for n in _fields(call, "struct rlimit", value, "rlim_cur", "rlim_max")]
    return f"{{ cur={shown[0]},max={shown[1]} }}"


def rusage(call: Call, value: int, inside: str) -> str:
    u, uu, s, su = _fields(call, "struct rusage", value, "ru_utime.tv_sec", "ru_utime.tv_usec",
                           "ru_stime.tv_sec", "ru_stime.tv_usec")
    return f"{{ u={u}.{uu:06},s={s}.{su:06} }}"


def sigaction(call: Call, value: int, inside: str) -> str:
    layout = call.target.struct("struct sigaction")
    raw = read(call, value, layout.size)
    size = call.target.pointer
    handler = int.from_bytes(raw[:size], call.target.byteorder)
    bits, mask = layout.get(raw, "sa_flags"), layout.field("sa_mask").offset
    assert isinstance(bits, int)
    shown = {0: "SIG_DFL", 1: "SIG_IGN"}.get(handler, hex(handler))
    blocked = sets.decode(raw[mask : mask + 16], call.target.byteorder)
    return f"{{ {shown} {NAMES['sigaction'].show(bits)} ss_t={_signals(blocked)} }}"


def stack(call: Call, value: int, inside: str) -> str:
    sp, size, bits = _fields(call, "struct sigaltstack", value, "ss_sp", "ss_size", "ss_flags")
    return f"{{ sp={sp:#x},size={size},flags={NAMES['sigaltstack'].show(bits)} }}"


def info(call: Call, value: int, inside: str) -> str:
    """siginfo_t."""
    size = call.target.struct("siginfo_t").size
    return shown_siginfo(Siginfo.single(call.target.machine, read(call, value, size)))


def shown_siginfo(one: Siginfo) -> str:
    parts = [f"signo={name_of(one.signo)}", f"code={name_of(one.code)}"]
    if one.pid:
        parts.append(f"pid={one.pid},uid={one.uid}")
    if one.signo == Signal.SIGCHLD:
        parts.append(f"status={one.status}")
    if one.trapno is not None:
        parts.append(f"addr={one.addr:#x}")
    return f"{{ {','.join(parts)} }}"


def stat(call: Call, value: int, inside: str) -> str:
    """struct stat, as FreeBSD 12 and later have it."""
    inode = _integer(call, value + 8, 8, signed=False)
    mode = _integer(call, value + 24, 2, signed=False)
    # i386 has a word in front of each of the four times, and a time_t of 32 bits.
    size = _integer(call, value + (96 if call.target.machine == "i386" else 112), 8)
    return f"{{ mode={modes.filemode(mode)},inode={inode},size={size} }}"


def iovec(call: Call, value: int, inside: str) -> str:
    """Buffers: (how many), or (how many, ret) for as much as a read has filled."""
    count, _, limited = inside.partition(" ")
    left = _count(call, "ret") if limited else None
    layout = call.target.struct("struct iovec")
    shown: list[str] = []
    total = _count(call, count)
    for i in range(min(total, ITEMS_MAX)):
        base, size = _fields(call, "struct iovec", value + i * layout.size, "iov_base", "iov_len")
        if left is not None:
            size = min(size, left)
            left -= size
        part = min(size, call.strsize)
        shown.append(f"{{ {quoted(read(call, base, part) if part else b'', size > part)},{size} }}")
    return f"[ {', '.join(shown)}{', ...' if total > ITEMS_MAX else ''} ]"


_POLLFD: Final = {"little": Struct("<ihh"), "big": Struct(">ihh")}


def pollfd(call: Call, value: int, inside: str) -> str:
    packed = _POLLFD[call.target.byteorder]
    shown = []
    for i in range(min(_count(call, inside), ITEMS_MAX)):
        fd, asked, given = packed.unpack(read(call, value + i * packed.size, packed.size))
        bits = NAMES["poll"]
        shown.append(f"{fd}/{bits.show(asked & 0xFFFF)}={bits.show(given & 0xFFFF)}")
    return f"{{ {' '.join(shown)} }}"


def fds(call: Call, value: int, inside: str) -> str:
    """fd_set: the descriptors in it, below the one that is given."""
    count = min(_count(call, inside), 1024)
    size = call.target.pointer
    raw = read(call, value, -(-count // (8 * size)) * size)
    order = call.target.byteorder
    words = [int.from_bytes(raw[i : i + size], order) for i in range(0, len(raw), size)]
    found = [fd for fd in range(count) if words[fd // (8 * size)] >> fd % (8 * size) & 1]
    return f"{{ {' '.join(map(str, found))} }}"


def kevents(call: Call, value: int, inside: str) -> str:
    layout = call.target.struct("struct kevent")
    shown = []
    for i in range(min(_count(call, inside), ITEMS_MAX)):
        ident, what, bits, fflags, extra = _fields(
            call, "struct kevent", value + i * layout.size, "ident", "filter", "flags", "fflags",
            "data")
        shown.append(f"{ident},{NAMES['evfilt'].show(what)},{NAMES['ev'].show(bits)},"
                     f"{fflags:#x},{extra:#x}")
    return f"{{ {' '.join(shown)} }}"


def address(call: Call, value: int, inside: str) -> str:
    """struct sockaddr: a length, a family, and what the family has."""
    size, family = read(call, value, 2)
    if family == AF_UNIX:
        name = read(call, value + 2, max(size, 2) - 2).partition(b"\0")[0]
        return f"{{ AF_UNIX {quoted(name)} }}"
    port = int.from_bytes(read(call, value + 2, 2), "big")
    if family == AF_INET:
        return f"{{ AF_INET {'.'.join(map(str, read(call, value + 4, 4)))}:{port} }}"
    if family == AF_INET6:
        import ipaddress

        return f"{{ AF_INET6 [{ipaddress.IPv6Address(read(call, value + 8, 16))}]:{port} }}"
    return f"{{ len={size},family={family} }}"


def thread(call: Call, value: int, inside: str) -> str:
    """struct thr_param: where a new thread begins, and on which stack."""
    size = call.target.pointer
    begin, argument, base, room = (
        _integer(call, value + i * size, size, signed=False) for i in range(4))
    return f"{{ {begin:#x}({argument:#x}),stack={base:#x},size={room} }}"


# -- numbers that depend on another ------------------------------------------------------
def fcntl(call: Call, value: int, inside: str) -> str:
    match NAMES["fcntl"].show(call.values["cmd"]):
        case "F_SETFD":
            return NAMES["fdflags"].show(value)
        case "F_SETFL":
            return NAMES["open"].show(value)
        case "F_GETLK" | "F_SETLK" | "F_SETLKW":
            return hex(value)
        case _:
            return str(value)


def create_mode(call: Call, value: int, inside: str) -> str:
    """open(2)'s mode, which means something with O_CREAT."""
    bits = call.values.get("flags", call.values.get("flag", 0))
    return octal(call, value & 0o177777, "") if bits & 0x200 else "00"


def level(call: Call, value: int, inside: str) -> str:
    return "SOL_SOCKET" if value == SOL_SOCKET else NAMES["ipproto"].show(value)


def option(call: Call, value: int, inside: str) -> str:
    own = call.values.get("level") == SOL_SOCKET
    return NAMES["sockopt"].show(value) if own else hex(value)


def ioctl(call: Call, value: int, inside: str) -> str:
    """A request made by _IO, _IOR, _IOW or _IOWR."""
    directions = {0x20000000: "_IO", 0x40000000: "_IOR", 0x80000000: "_IOW", 0xC0000000: "_IOWR"}
    way = directions.get(value & 0xE0000000)
    group, number, size = value >> 8 & 0xFF, value & 0xFF, value >> 16 & 0x1FFF
    if way is None or not 0x20 < group < 0x7F:
        return hex(value)
    return f"{way}('{chr(group)}',{number},{size})"


def mib(call: Call, value: int, inside: str) -> str:
    """A sysctl's name in numbers, as far as they have names."""
    count = min(_count(call, inside), 24)
    found = [_integer(call, value + 4 * i, 4) for i in range(count)]
    below = {1: "kern", 6: "hw"}
    shown = []
    for i, one in enumerate(found):
        table = ("sysctl" if i == 0 else below.get(found[0]) if i == 1 else
                 "kernproc" if i == 2 and found[:2] == [1, 14] else None)
        shown.append(NAMES[table].show(one) if table else str(one))
    return f'"{".".join(shown)}"'


@lru_cache(maxsize=16)
def _requests(machine: str) -> Mapping[int, str]:
    kinds: tuple[type[IntEnum], ...] = (requests.Request, *requests.MACHINE_REQUESTS[machine])
    ends = ("PT_FIRSTMACH", "PT_LASTMACH")
    return {one.value: one.name for kind in kinds for one in kind if one.name not in ends}


def request(call: Call, value: int, inside: str) -> str:
    return _requests(call.target.machine).get(value, str(value))


SIGNALLING: Final = frozenset({"PT_CONTINUE", "PT_STEP", "PT_DETACH", "PT_TO_SCE", "PT_TO_SCX",
                               "PT_SYSCALL"})


def request_data(call: Call, value: int, inside: str) -> str:
    """ptrace(2)'s data: a signal where a tracee goes on."""
    if request(call, call.values["req"], "") in SIGNALLING:
        return signal(call, value)
    return str(value)


@lru_cache(maxsize=1)
def _commands() -> Mapping[int, str]:
    kinds = (ProcctlCommand, X86ProcctlCommand)
    return {one.value: one.name for kind in kinds for one in kind
            if one.name != "PROC_PROCCTL_MD_MIN"}


def command(call: Call, value: int, inside: str) -> str:
    return _commands().get(value, str(value))


SETTINGS: Final = {
    "PROC_TRACE": TraceControl, "PROC_TRAPCAP": TrapcapControl, "PROC_PDEATHSIG": Signal,
    "PROC_ASLR": AslrPolicy, "PROC_PROTMAX": ProtmaxPolicy, "PROC_NO_NEW_PRIVS": NoNewPrivs,
    "PROC_LOGSIGEXIT": LogsigexitPolicy, "PROC_KPTI": KptiPolicy, "PROC_LA": LaPolicy,
}
FLAGS: Final = {"PROC_STACKGAP": StackgapFlags, "PROC_WXMAP": WxmapFlags}


def setting(call: Call, value: int, inside: str) -> str:
    """procctl(2)'s data: an int that is set before the call or given after it."""
    called = command(call, call.values["com"], "")
    if called == "PROC_REAP_STATUS" and call.result is not None:
        layout = "struct procctl_reaper_status"
        bits, children, descendants, reaper = _fields(
            call, layout, value, "rs_flags", "rs_children", "rs_descendants", "rs_reaper")
        shown = "|".join(names(ReaperStatusFlags, bits)) or "0x0"
        return (f"{{ flags={shown},children={children},descendants={descendants},"
                f"reaper={reaper} }}")
    what, _, way = called.rpartition("_")
    if way not in ("CTL", "STATUS") or (way == "STATUS" and call.result is None):
        return hex(value)
    found = _integer(call, value, 4)
    if what in FLAGS:
        return f"{{ {'|'.join(names(FLAGS[what], found & 0xFFFFFFFF)) or '0x0'} }}"
    active = found < 0 and found != -1
    kind = SETTINGS.get(what)
    plain = found & 0x7FFFFFFF if active else found
    shown = str(plain) if kind is None or (
        way == "STATUS" and what == "PROC_TRACE") else name_of(
        known(kind, plain))
    return f"{{ {shown}{'|ACTIVE' if active else ''} }}"


KINDS: Final[Mapping[str, Kind]] = {
    "pointer": pointer, "number": number, "octal": octal, "named": named, "signal": signal,
    "at": at, "path": path, "text": text, "data": data, "strings": strings,
    "integer": integer, "pair": pair, "signal_in": signal_in, "sigset": sigset, "status": status,
    "timespec": timespec, "timeval": timeval, "timespecs": _both(timespec, "struct timespec"),
    "timevals": _both(timeval, "struct timeval"), "rlimit": rlimit, "rusage": rusage,
    "sigaction": sigaction, "stack": stack, "siginfo": info, "stat": stat, "iovec": iovec,
    "pollfd": pollfd, "fds": fds, "kevents": kevents, "address": address, "thread": thread,
    "fcntl": fcntl, "create_mode": create_mode, "level": level, "option": option, "ioctl": ioctl,
    "mib": mib, "request": request, "request_data": request_data, "command": command,
    "setting": setting,
}
"""By their names in the table of calls."""
POINTED: Final = frozenset({
    "path", "text", "data", "strings", "integer", "pair", "signal_in", "sigset", "status",
    "timespec", "timeval", "timespecs", "timevals", "rlimit", "rusage", "sigaction", "stack",
    "siginfo", "stat", "iovec", "pollfd", "fds", "kevents", "address", "thread", "mib", "setting",
})
"""Those that read memory."""
