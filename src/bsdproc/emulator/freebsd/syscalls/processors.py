"""Which processors a thread may run on (sys/kern/kern_cpuset.c): the only one.

There is one set, number 1, which is everybody's, in the root set 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import int64, signed, space_of
from bsdproc.emulator.errno import ECAPMODE, EDEADLK, EINVAL, ERANGE, ESRCH, Refused
from bsdproc.emulator.freebsd.cred import p_cansched, p_cansee
from bsdproc.emulator.freebsd.syscalls import Entry

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH = 1, 2, 3
WHICH_TID, WHICH_PID, WHICH_CPUSET, WHICH_JAIL = 1, 2, 3, 5
OWN = -1
SETSIZE, MAXSIZE = 256 // 8, 1024 // 8
"""Bytes of a mask: those that a program has to have room for, and the most it may say."""
ALL = 1
"""The mask of every set."""
ROOT_SET, DEFAULT_SET = 0, 1


def _check_size(size: int) -> None:
    if not SETSIZE <= size <= MAXSIZE:
        raise Refused(ERANGE)


def _check_capabilities(td: Thread, level: int, which: int, id: int) -> None:
    """In capability mode a process may ask about its threads and itself."""
    if not td.proc.cred.capmode:
        return
    if level != LEVEL_WHICH or which not in (WHICH_TID, WHICH_PID):
        raise Refused(ECAPMODE)
    if id not in (OWN, td.tid if which == WHICH_TID else td.proc.pid):
        raise Refused(ECAPMODE)


def _find(system: System, td: Thread, which: int, id: int, *, change: bool) -> None:
    """cpuset_which: that there is such a thread, process or set, and the caller may ask."""
    if which in (WHICH_TID, WHICH_PID):
        p = td.proc
        if id != OWN:
            thread = system.threads.get(id) if which == WHICH_TID else None
            if which == WHICH_TID and thread is None:
                raise Refused(ESRCH)
            p = thread.proc if thread is not None else system.find_proc(id)
        (p_cansched if change else p_cansee)(system, td, p)
    elif which == WHICH_CPUSET:
        if id not in (OWN, ROOT_SET, DEFAULT_SET):
            raise Refused(ESRCH)
    else:       # interrupts, memory domains and jails have no sets here
        raise Refused(ESRCH if which == WHICH_JAIL else EINVAL)


def sys_cpuset_getaffinity(system: System, td: Thread, args: Args) -> int:
    level, which, id, size = signed(args[0]), signed(args[1]), int64(args[2]), args[3]
    _check_size(size)
    _check_capabilities(td, level, which, id)
    _find(system, td, which, id, change=False)
    if level not in (LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH):
        raise Refused(EINVAL)
    space_of(td).copyout(args[4], ALL.to_bytes(size, "little"))
    return 0


def sys_cpuset_setaffinity(system: System, td: Thread, args: Args) -> int:
    level, which, id, size = signed(args[0]), signed(args[1]), int64(args[2]), args[3]
    _check_size(size)
    _check_capabilities(td, level, which, id)
    mask = space_of(td).copyin(args[4], size)
    if any(mask[SETSIZE:]):
        raise Refused(EINVAL)
    if level not in (LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH):
        raise Refused(EINVAL)
    _find(system, td, which, id, change=True)
    if not mask[0] & ALL:
        raise Refused(EDEADLK)
    if int.from_bytes(mask, "little") & ~ALL:
        raise Refused(EINVAL)
    return 0


def sys_cpuset_getid(system: System, td: Thread, args: Args) -> int:
    """The root set, or the only other one, which is everybody's; a thread or
    a process as such has none."""
    level, which, id = signed(args[0]), signed(args[1]), int64(args[2])
    if level == LEVEL_WHICH and which != WHICH_CPUSET:
        raise Refused(EINVAL)
    _find(system, td, which, id, change=False)
    found = ROOT_SET if level == LEVEL_ROOT else DEFAULT_SET
    if level == LEVEL_WHICH and id != OWN:
        found = id
    space_of(td).copyout(args[3], found.to_bytes(4, "little"))
    return 0


SYSCALLS: dict[int, Entry] = {
    486: ("cpuset_getid", 4, sys_cpuset_getid),
    487: ("cpuset_getaffinity", 5, sys_cpuset_getaffinity),
    488: ("cpuset_setaffinity", 5, sys_cpuset_setaffinity),
}
