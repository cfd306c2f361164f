"""flock(2), and the locks of fcntl(2).  The subject of kern_descrip.c."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import FREAD, FWRITE, Blocking, VnodeFile, access
from bsdproc.emulator.bsd.lockf import LAST, Lock, of, take
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space
from bsdproc.emulator.errno import EAGAIN, EBADF, EINVAL, EOPNOTSUPP, EWOULDBLOCK, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.system import System

LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8
RDLCK, UNLCK, WRLCK = 1, 2, 3
"""F_ of struct flock's l_type."""
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
GET, SET, WAIT = range(3)
"""F_GETLK, F_SETLK, F_SETLKW."""
FLOCK = struct.Struct("<qqihh")
"""struct flock: start, length, process, type, whence; what a system has behind it stays."""


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
    if any(one.owner is file and one.exclusive != exclusive for one in of(file.vnode).held):
        file.unlock(system)             # changing the kind lets others in between
    try:
        yield from take(system, file.vnode, Lock(file, exclusive), wait=not how & LOCK_NB)
    except Refused as e:
        raise Refused(EWOULDBLOCK if e.errno == EAGAIN else e.errno) from None
    return 0


def record_lock(system: System, td: Thread, fd: int, what: int, address: int) -> Blocking[int]:
    """fcntl(2) with a struct flock: GET, SET or WAIT."""
    start, length, pid, type, whence = FLOCK.unpack(space(td).copyin(address, FLOCK.size))
    file = td.proc.files.get(fd)
    if not isinstance(file, VnodeFile):
        raise Refused(system.lock_rules.no_file)
    if whence == SEEK_CUR:
        start += file.offset
    if type not in (RDLCK, UNLCK, WRLCK):
        raise Refused(EINVAL)
    if what != GET and type != UNLCK and not file.flag & (FREAD if type == RDLCK else FWRITE):
        raise Refused(EBADF)
    size = file.vnode.attributes(access(td)).size if whence == SEEK_END else 0
    lock = Lock(td.proc, type == WRLCK, *_range(system, start + size, length, whence))
    locks = of(file.vnode)
    if what == GET:
        against = locks.against(lock)
        type = UNLCK
        if against:
            one = against[0]
            type, whence = WRLCK if one.exclusive else RDLCK, SEEK_SET
            start, length = one.start, 0 if one.end == LAST else one.end - one.start + 1
            pid = getattr(one.owner, "pid", -1)
        space(td).copyout(address, FLOCK.pack(start, length, pid, type, whence))
    elif type == UNLCK:
        locks.leave(system, lock)
    else:
        yield from take(system, file.vnode, lock, wait=what == WAIT)
        locks.tell(system)              # a weaker one may let others in
    return 0


def _range(system: System, start: int, length: int, whence: int) -> tuple[int, int]:
    """First and last byte of a range: EINVAL, EOVERFLOW."""
    rules = system.lock_rules
    if whence not in (SEEK_SET, SEEK_CUR, SEEK_END):
        raise Refused(EINVAL)
    if start > LAST:
        raise Refused(rules.overflow)
    end = LAST if not length else start + length - 1
    if length < 0:
        if not rules.backwards:
            raise Refused(EINVAL)
        start, end = start + length, start - 1
    if start < 0 or end < 0:
        raise Refused(EINVAL)
    if end > LAST:
        raise Refused(rules.overflow)
    return start, end


CALLS: dict[str, Entry] = {
    "flock": ("flock", 2, sys_flock),
}
