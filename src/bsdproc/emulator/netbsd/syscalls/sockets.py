"""Sockets and kqueues: the calls that NetBSD has in its own way."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.file import O_NONBLOCK, Blocking
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, space_of
from bsdproc.emulator.bsd.syscalls.kqueue import kevent, kqueue
from bsdproc.emulator.bsd.syscalls.sockets import accept
from bsdproc.emulator.netbsd.amd64.signal import members

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

KEVENT50 = struct.Struct("<QIII4xqQ")
"""struct kevent of NetBSD 10: ident, filter, flags, fflags, data, udata."""
KEVENT100 = struct.Struct("<QIII4xqQ4Q")
"""The one behind it, with four words more."""
O_CLOEXEC = 0x400000


def sys_paccept(system: System, td: Thread, args: Args) -> Blocking[int]:
    """paccept(socket, name, size, mask, flags): with another signal mask meanwhile."""
    if args[3]:
        mask = members(space_of(td).copyin(args[3], 16)) - s.CANNOT_MASK
        td.oldsigmask, td.sigmask = td.sigmask, mask
    return (yield from accept(system, td, args, int32(args[4])))


def sys_kqueue1(system: System, td: Thread, args: Args) -> int:
    flags = int32(args[0])
    return kqueue(system, td, flags & O_NONBLOCK, bool(flags & O_CLOEXEC))


def sys_kevent50(system: System, td: Thread, args: Args) -> Blocking[int]:
    return kevent(system, td, args, KEVENT50)


def sys_kevent100(system: System, td: Thread, args: Args) -> Blocking[int]:
    return kevent(system, td, args, KEVENT100)


SYSCALLS: dict[int, Entry] = {
    435: ("__kevent50", 6, sys_kevent50),
    455: ("kqueue1", 1, sys_kqueue1),
    456: ("paccept", 5, sys_paccept),
    501: ("__kevent100", 6, sys_kevent100),
}
