"""flock(2): advisory locks of whole files, which belong to open files.

The subject of FreeBSD's kern_lockf.c, without the locks of fcntl(2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import Blocking, VnodeFile
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed
from bsdproc.emulator.errno import EBADF, EOPNOTSUPP, EWOULDBLOCK, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.system import System

LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8


def sys_flock(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    file, how = td.proc.files.get(signed(args[0])), signed(args[1])
    if not isinstance(file, VnodeFile):
        raise Refused(EOPNOTSUPP)
    if how & LOCK_UN:
        file.unlock(system)
        return 0
    exclusive = bool(how & LOCK_EX)
    if not exclusive and not how & LOCK_SH:
        raise Refused(EBADF)
    held = file.vnode.locks
    if held is None:
        held = file.vnode.locks = {}
    if held.get(file, exclusive) != exclusive:
        file.unlock(system)             # changing the kind lets others in between
    while any(other is not file and (exclusive or theirs) for other, theirs in held.items()):
        if how & LOCK_NB:
            raise Refused(EWOULDBLOCK)
        error = yield Sleep(("lockf", file.vnode), "lockf")
        if error:
            raise Refused(error)
    held[file] = exclusive
    return 0


CALLS: dict[str, Entry] = {
    "flock": ("flock", 2, sys_flock),
}
