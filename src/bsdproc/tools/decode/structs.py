"""What structs in a program's memory look like."""

from __future__ import annotations

import stat as modes
from struct import Struct
from typing import Final

from bsdproc import abi
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.freebsd.siginfo import Siginfo
from bsdproc.tools.decode.kinds import (
    ITEMS_MAX,
    Call,
    Kind,
    Unreadable,
    count_of,
    integer_at,
    quoted,
    read,
    signals_in,
    table,
)
from bsdproc.tools.decode.names import NAMES
from bsdproc.tools.decode.sisters import AF_INET6
from bsdproc.typed.enums import name_of

AF_UNIX, AF_INET = 1, 2
LIKE: Final = frozenset({
    "struct iovec", "struct rlimit", "struct sigaction", "struct timespec"})
"""What the other systems' 64-bit machines have as FreeBSD's amd64 has it."""
_KEVENTS: Final = {
    "dragonfly": Struct("<QhHIqQ"), "kevent100": Struct("<QIII4xqQ"),
    "netbsd": Struct("<QIII4xqQ32x")}
"""struct kevent of the systems whose layouts have none, on such machines; kevent100 is what
NetBSD had before 11."""


def fields(call: Call, struct: str, address: int, *fields: str) -> tuple[int, ...]:
    layout = _layout(call, struct)
    return layout.reader(*fields)(read(call, address, layout.size), 0)


def _layout(call: Call, struct: str) -> abi.Struct:
    """`Unreadable` where it is not known."""
    try:
        return call.target.struct(struct)
    except abi.UnknownStruct:
        if struct not in LIKE or call.target.pointer != 8 or call.target.byteorder != "little":
            raise Unreadable from None
        return abi.target("freebsd", "amd64").struct(struct)


def timespec(call: Call, value: int, inside: str) -> str:
    seconds, rest = fields(call, "struct timespec", value, "tv_sec", "tv_nsec")
    return f"{{ {seconds}.{rest:09} }}"


def timeval(call: Call, value: int, inside: str) -> str:
    seconds, rest = fields(call, "struct timeval", value, "tv_sec", "tv_usec")
    return f"{{ {seconds}.{rest:06} }}"


def _both(kind: Kind, struct: str) -> Kind:
    def two(call: Call, value: int, inside: str) -> str:
        second = value + _layout(call, struct).size
        return f"{{ {kind(call, value, '')},{kind(call, second, '')} }}"

    return two


timespecs: Final = _both(timespec, "struct timespec")
timevals: Final = _both(timeval, "struct timeval")


def rlimit(call: Call, value: int, inside: str) -> str:
    infinity = (1 << 63) - 1
    shown = ["INFINITY" if n == infinity else str(n)
             for n in fields(call, "struct rlimit", value, "rlim_cur", "rlim_max")]
    return f"{{ cur={shown[0]},max={shown[1]} }}"


def rusage(call: Call, value: int, inside: str) -> str:
    u, uu, s, su = fields(call, "struct rusage", value, "ru_utime.tv_sec", "ru_utime.tv_usec",
                           "ru_stime.tv_sec", "ru_stime.tv_usec")
    return f"{{ u={u}.{uu:06},s={s}.{su:06} }}"


def sigaction(call: Call, value: int, inside: str) -> str:
    layout = _layout(call, "struct sigaction")
    raw = read(call, value, layout.size)
    size = call.target.pointer
    handler = int.from_bytes(raw[:size], call.target.byteorder)
    bits, mask = layout.get(raw, "sa_flags"), layout.field("sa_mask").offset
    assert isinstance(bits, int)
    shown = {0: "SIG_DFL", 1: "SIG_IGN"}.get(handler, hex(handler))
    blocked = signals_in(call, raw[mask : mask + 16])
    return f"{{ {shown} {NAMES['sigaction'].show(bits)} ss_t={blocked} }}"


def stack(call: Call, value: int, inside: str) -> str:
    sp, size, bits = fields(call, "struct sigaltstack", value, "ss_sp", "ss_size", "ss_flags")
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
    inode = integer_at(call, value + 8, 8, signed=False)
    mode = integer_at(call, value + 24, 2, signed=False)
    # i386 has a word in front of each of the four times, and a time_t of 32 bits.
    size = integer_at(call, value + (96 if call.target.machine == "i386" else 112), 8)
    return f"{{ mode={modes.filemode(mode)},inode={inode},size={size} }}"


def statfs(call: Call, value: int, inside: str) -> str:
    """struct statfs, as FreeBSD 12 and later have it on every machine."""
    kind, source, place = (read(call, value + at, size).partition(b"\0")[0]
                           for at, size in ((280, 16), (296, 1024), (1320, 1024)))
    return (f"{{ fstypename={kind.decode('latin-1')},mntonname={quoted(place)},"
            f"mntfromname={quoted(source)} }}")


def iovec(call: Call, value: int, inside: str) -> str:
    """Buffers: (how many), or (how many, ret) for as much as a read has filled."""
    count, _, limited = inside.partition(" ")
    return _buffers(call, value, count_of(call, count),
                    count_of(call, "ret") if limited else None)


def _buffers(call: Call, value: int, total: int, left: int | None) -> str:
    """So many; `left` is how much of them all is filled, None for the whole."""
    layout = _layout(call, "struct iovec")
    shown: list[str] = []
    for i in range(min(total, ITEMS_MAX)):
        base, size = fields(call, "struct iovec", value + i * layout.size, "iov_base", "iov_len")
        if left is not None:
            size = min(size, left)
            left -= size
        part = min(size, call.strsize)
        shown.append(f"{{ {quoted(read(call, base, part) if part else b'', size > part)},{size} }}")
    return f"[ {', '.join(shown)}{', ...' if total > ITEMS_MAX else ''} ]"


def message(call: Call, value: int, inside: str) -> str:
    """struct msghdr: an address, buffers, control data and flags; with (ret) the buffers as
    far as a receive has filled them."""
    size = call.target.pointer
    name, buffers, control = (integer_at(call, value + i * size, size, signed=False)
                              for i in (0, 2, 4))
    name_size, count, control_size, bits = (
        integer_at(call, value + at, 4, signed=False)
        for at in (size, 3 * size, 5 * size, 5 * size + 4))
    whose = _address(call, name, name_size) if name and name_size else hex(name)
    held = _buffers(call, buffers, count, count_of(call, inside) if inside else None)
    return (f"{{ {whose},{name_size},{held},{count},{control:#x},{control_size},"
            f"{table(call, 'msg').show(bits)} }}")


_POLLFD: Final = {"little": Struct("<ihh"), "big": Struct(">ihh")}


def pollfd(call: Call, value: int, inside: str) -> str:
    packed = _POLLFD[call.target.byteorder]
    shown = []
    for i in range(min(count_of(call, inside), ITEMS_MAX)):
        fd, asked, given = packed.unpack(read(call, value + i * packed.size, packed.size))
        bits = table(call, "poll")
        shown.append(f"{fd}/{bits.show(asked & 0xFFFF)}={bits.show(given & 0xFFFF)}")
    return f"{{ {' '.join(shown)} }}"


def fds(call: Call, value: int, inside: str) -> str:
    """fd_set: the descriptors in it, below the one that is given."""
    count = min(count_of(call, inside), 1024)
    size = 4 if call.target.system == "netbsd" else call.target.pointer
    raw = read(call, value, -(-count // (8 * size)) * size)
    order = call.target.byteorder
    words = [int.from_bytes(raw[i : i + size], order) for i in range(0, len(raw), size)]
    found = [fd for fd in range(count) if words[fd // (8 * size)] >> fd % (8 * size) & 1]
    return f"{{ {' '.join(map(str, found))} }}"


def kevents(call: Call, value: int, inside: str) -> str:
    """struct kevent: (how many), or (how many, what the struct is called)."""
    count, _, struct = inside.partition(" ")
    shown = []
    for i in range(min(count_of(call, count), ITEMS_MAX)):
        ident, what, bits, fflags, extra, user = _kevent(call, value, i, struct)
        shown.append(f"{ident},{table(call, 'evfilt').show(what)},{table(call, 'ev').show(bits)},"
                     f"{fflags:#x},{extra:#x},{user:#x}")
    return f"{{ {' '.join(shown)} }}"


def _kevent(call: Call, value: int, i: int, struct: str) -> tuple[int, ...]:
    system = call.target.system
    if system == "freebsd":
        size = call.target.struct("struct kevent").size
        return fields(call, "struct kevent", value + i * size, "ident", "filter", "flags",
                      "fflags", "data", "udata")
    if call.target.pointer != 8 or call.target.byteorder != "little":
        raise Unreadable
    packed = _KEVENTS[struct or system]
    return packed.unpack(read(call, value + i * packed.size, packed.size))


def address(call: Call, value: int, inside: str) -> str:
    """struct sockaddr: a length, a family, and what the family has.  The length is the
    kernel's to fill in; what a program passes has its own in another argument."""
    return _address(call, value, count_of(call, inside) if inside else read(call, value, 1)[0])


def _address(call: Call, value: int, size: int) -> str:
    family = read(call, value + 1, 1)[0]
    if family == AF_UNIX:
        name = read(call, value + 2, max(size, 2) - 2).partition(b"\0")[0]
        return f"{{ AF_UNIX {quoted(name)} }}"
    port = int.from_bytes(read(call, value + 2, 2), "big")
    if family == AF_INET:
        return f"{{ AF_INET {'.'.join(map(str, read(call, value + 4, 4)))}:{port} }}"
    if family == AF_INET6[call.target.system]:
        import ipaddress

        return f"{{ AF_INET6 [{ipaddress.IPv6Address(read(call, value + 8, 16))}]:{port} }}"
    return f"{{ len={size},family={family} }}"


def thread(call: Call, value: int, inside: str) -> str:
    """struct thr_param: where a new thread begins, and on which stack."""
    size = call.target.pointer
    begin, argument, base, room = (
        integer_at(call, value + i * size, size, signed=False) for i in range(4))
    return f"{{ {begin:#x}({argument:#x}),stack={base:#x},size={room} }}"
