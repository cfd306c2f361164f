"""What ktrace(2)'s records tell of a call's structures: addresses of sockets, what stat(2)
found, timers, sets of processors, rights, events; and of the bytes that it carries.

The subject of the ktrstruct(), ktrstructarray(), ktrgenio() and ktrcapfail() here and there
in FreeBSD's system calls.  They are read where the program has them: what a call does not
hand out is not told of.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import PATH_MAX, Args, int32, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import ECAPMODE, ENOTCAPABLE
from bsdproc.emulator.freebsd import capsicum
from bsdproc.emulator.machine.memory import MemoryFault, TooLong

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

NAMEI, GENIO, STRUCT, CAPFAIL, STRUCT_ARRAY = 3, 4, 8, 12, 15
Record = tuple[int, bytes]
"""Its kind, and what is in it."""
Teller = Callable[["System", Thread, Args], Iterator[Record]]

STAT_SIZE: Final = 224
AF_LOCAL: Final = 1
TIMER: Final = struct.Struct("<4q")
"""struct itimerval: the interval and the value, in seconds and microseconds."""
TIMER_32: Final = struct.Struct("<4i")
RIGHTS: Final = struct.Struct("<QQ")
CAP_FAIL: Final = struct.Struct("<i4x4Q")
"""struct ktr_cap_fail: its type, the rights that were needed, those that there are."""
NOT_CAPABLE, INCREASE, LOOKUP = 0, 1, 3
CPUSET_SIZE: Final = 32
KEVENT_SIZES: Final = {False: (b"kevent", 64), True: (b"kevent32", 56)}
MSGHDR: Final = (struct.Struct("<QI4xQI"), struct.Struct("<IIII"))
"""struct msghdr: the address and its size, the pieces and their number."""
IOVEC: Final = (struct.Struct("<QQ"), struct.Struct("<II"))


def _named(name: bytes, data: bytes) -> Record:
    return STRUCT, name + b"\0" + data


# -- structures ---------------------------------------------------------------------------
def _address(td: Thread, at: int, size: int) -> Iterator[Record]:
    """What a program gives: its length is the call's, whatever it says itself."""
    if at and 2 <= size <= 255:
        data = space_of(td).copyin(at, size)
        yield _named(b"sockaddr", bytes((size,)) + data[1:])


def _given_address(at: int, size: int) -> Teller:
    def tell(system: System, td: Thread, args: Args) -> Iterator[Record]:
        yield from _address(td, args[at], args[size] & 0xFFFFFFFF)
    return tell


def _bound_address(at: int, size: int) -> Teller:
    """And the name that is looked up for it."""
    given = _given_address(at, size)

    def tell(system: System, td: Thread, args: Args) -> Iterator[Record]:
        for kind, data in given(system, td, args):
            yield kind, data
            name = data[len(b"sockaddr") + 1 :]
            if name[1] == AF_LOCAL:
                yield NAMEI, name[2:].split(b"\0")[0]
    return tell


def _found_address(at: int) -> Teller:
    def tell(system: System, td: Thread, args: Args) -> Iterator[Record]:
        if args[at]:
            size = space_of(td).copyin(args[at], 1)[0]
            yield _named(b"sockaddr", space_of(td).copyin(args[at], size))
    return tell


def _message(td: Thread, at: int) -> tuple[int, int, int, int]:
    form = MSGHDR[narrow(td)]
    name, size, pieces, count = form.unpack(space_of(td).copyin(at, form.size))
    return name, size, pieces, count


def _message_address(system: System, td: Thread, args: Args) -> Iterator[Record]:
    name, size, _, _ = _message(td, args[1])
    yield from _address(td, name, size)


def _stat(at: int) -> Teller:
    """A 32-bit program has a structure of its own: of such nothing is told."""
    def tell(system: System, td: Thread, args: Args) -> Iterator[Record]:
        if not narrow(td):
            yield _named(b"stat", space_of(td).copyin(args[at], STAT_SIZE))
    return tell


def _timer(at: int) -> Teller:
    def tell(system: System, td: Thread, args: Args) -> Iterator[Record]:
        if args[at]:
            form = TIMER_32 if narrow(td) else TIMER
            words = form.unpack(space_of(td).copyin(args[at], form.size))
            yield _named(b"itimerval", TIMER.pack(*words))
    return tell


def _processors(whole: bool) -> Teller:
    """What is set is as large as the kernel's own set."""
    def tell(system: System, td: Thread, args: Args) -> Iterator[Record]:
        size = min(args[3], CPUSET_SIZE)
        mask = space_of(td).copyin(args[4], size)
        yield _named(b"cpuset_t", mask.ljust(CPUSET_SIZE, b"\0") if whole else mask)
    return tell


def _rights(at: int) -> Teller:
    def tell(system: System, td: Thread, args: Args) -> Iterator[Record]:
        yield _named(b"caprights", space_of(td).copyin(args[at], RIGHTS.size))
    return tell


def _events(td: Thread, most: int, at: int, count: int) -> Iterator[Record]:
    """Of an array that lies nowhere its name is told."""
    name, size = KEVENT_SIZES[narrow(td)]
    if count >= 0:
        count = min(count, max(1, most // size))
        data = space_of(td).copyin(at, count * size) if at and count else b""
        yield STRUCT_ARRAY, struct.pack("<Q", size) + name + b"\0" + data


def _changes(system: System, td: Thread, args: Args) -> Iterator[Record]:
    yield from _events(td, genio_size(system), args[1], int32(args[2]))


def _happened(system: System, td: Thread, args: Args) -> Iterator[Record]:
    yield from _events(td, genio_size(system), args[3], td.retval[0])


def _directory(system: System, td: Thread, args: Args) -> Iterator[Record]:
    yield NAMEI, space_of(td).copyinstr(args[0], PATH_MAX)


BEFORE: Final[Mapping[str, Teller]] = {
    "bind": _bound_address(1, 2), "connect": _bound_address(1, 2),
    "bindat": _bound_address(2, 3), "connectat": _bound_address(2, 3),
    "sendto": _given_address(4, 5), "sendmsg": _message_address, "setitimer": _timer(1),
    "cpuset_setaffinity": _processors(whole=True), "cap_rights_limit": _rights(1),
    "kevent": _changes,
}  # fmt: skip
"""What is told of a call when it is made."""
AFTER: Final[Mapping[str, Teller]] = {
    "accept": _found_address(1), "accept4": _found_address(1),
    "getsockname": _found_address(1), "getpeername": _found_address(1),
    "recvfrom": _found_address(4), "recvmsg": _message_address,
    "fstat": _stat(1), "fstatat": _stat(2), "setitimer": _timer(2), "getitimer": _timer(1),
    "cpuset_getaffinity": _processors(whole=False), "__cap_rights_get": _rights(2),
    "kevent": _happened, "__getcwd": _directory,
}  # fmt: skip
"""What is told when it has been done."""


# -- bytes --------------------------------------------------------------------------------
GENIO_SIZE: Final = ("kern.ktrace.genio_size", 4096)
"""How much of what is read or written is kept."""
CARRY: Final = {"read": 0, "pread": 0, "recvfrom": 0, "write": 1, "pwrite": 1, "sendto": 1}
"""Calls whose bytes lie in one piece, and whether they go out."""
CARRY_PIECES: Final = {"readv": 0, "preadv": 0, "writev": 1, "pwritev": 1}
CARRY_MESSAGE: Final = {"recvmsg": 0, "sendmsg": 1}
READS: Final = ("read", "pread", "readv", "preadv")
"""Which are over when nothing is asked for."""


def genio_size(system: System) -> int:
    return int(system.settings.get(GENIO_SIZE[0], GENIO_SIZE[1]))


def carried(system: System, td: Thread, name: str, args: Args) -> Iterator[Record]:
    """ktrgenio: the descriptor, the direction, and the bytes as far as they are kept."""
    pieces: list[tuple[int, int]]
    if name in CARRY:
        out, pieces = CARRY[name], [(args[1], args[2])]
    elif name in CARRY_PIECES:
        out, pieces = CARRY_PIECES[name], _pieces(td, args[1], int32(args[2]))
    elif name in CARRY_MESSAGE:
        _, _, at, count = _message(td, args[1])
        out, pieces = CARRY_MESSAGE[name], _pieces(td, at, count)
    else:
        return
    if name in READS and not sum(size for _, size in pieces):
        return
    left, data = min(td.retval[0], genio_size(system)), b""
    for at, size in pieces:
        data += space_of(td).peek(at, min(size, left - len(data)))
    yield GENIO, struct.pack("<ii", int32(args[0]), out) + data


def _pieces(td: Thread, at: int, count: int) -> list[tuple[int, int]]:
    form = IOVEC[narrow(td)]
    return [(base, size) for base, size in form.iter_unpack(
        space_of(td).copyin(at, count * form.size))]


# -- rights -------------------------------------------------------------------------------
def failed(td: Thread, name: str, args: Args, paths: tuple[int, ...]) -> Iterator[Record]:
    """ktrcapfail: why a call is refused for what its descriptor may not, or for a name in
    capability mode."""
    if td.errno == ENOTCAPABLE:
        if name == "cap_rights_limit":
            first, second = RIGHTS.unpack(space_of(td).copyin(args[1], RIGHTS.size))
            has = capsicum.limits(td.proc.files.slot(int32(args[0]))).rights
            yield _cap_fail(INCREASE, first | second << capsicum.SECOND, has)
            return
        lacking = capsicum.lacking(td, name, args)
        if lacking is not None:
            yield _cap_fail(NOT_CAPABLE, *lacking)
            return
    if td.errno in (ECAPMODE, ENOTCAPABLE) and paths:
        yield _cap_fail(LOOKUP, capsicum.MARKS, capsicum.MARKS)


def _cap_fail(kind: int, needed: int, has: int) -> Record:
    low = (1 << capsicum.SECOND) - 1
    return CAPFAIL, CAP_FAIL.pack(kind, needed & low, needed >> capsicum.SECOND,
                                  has & low, has >> capsicum.SECOND)


def told(records: Iterator[Record]) -> Iterator[Record]:
    """Those up to one whose memory is not there."""
    try:
        yield from records
    except (MemoryFault, TooLong):
        return
