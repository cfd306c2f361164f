"""Memory that stays, and memory that is written back: mlock(2), mlockall(2), msync(2).

The subject of NetBSD's uvm_mmap.c, uvm_map_pageable and uvm_map_clean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.residence import entries_of, wired_by_all
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.errno import EAGAIN, EBUSY, EFAULT, EINVAL, ENOMEM, Refused
from bsdproc.emulator.machine.memory import PAGE, MemoryFault
from bsdproc.emulator.netbsd.amd64.regs import MAXUSER
from bsdproc.emulator.netbsd.procfs.host import MEMORY_PAGES

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

MS_ASYNC, MS_INVALIDATE, MS_SYNC = 1, 2, 4
MCL_CURRENT, MCL_FUTURE = 1, 2
WIREDMAX: Final = MEMORY_PAGES // 3
"""uvmexp.wiredmax: a third of the machine's pages."""


def _range(args: Args) -> tuple[int, int]:
    """range_test: whole pages; EINVAL beyond the user's addresses."""
    start = args[0] & -PAGE
    end = start + ((args[1] + args[0] - start) % (1 << 64) + PAGE - 1 & -PAGE) % (1 << 64)
    if end > MAXUSER:
        raise Refused(EINVAL)
    return start, end


def _room(system: System, td: Thread, size: int, most: int, error: int) -> None:
    """The limits of all together and of the process."""
    if size // PAGE + wired_by_all(system) > WIREDMAX or (
            size + space_of(td).wired * PAGE > most):
        raise Refused(error)


def _limit(td: Thread) -> int:
    return limits.limit(td.proc, limits.MEMLOCK)[0]


def sys_mlock(system: System, td: Thread, args: Args) -> int:
    """ENOMEM where nothing is mapped at the start, EINVAL for a hole behind it, and for what
    nobody may touch."""
    start, end = _range(args)
    space = space_of(td)
    _room(system, td, end - start, _limit(td), EAGAIN)
    if start == end:
        return 0
    if space.entry_at(start) is None:
        raise Refused(ENOMEM)
    if not all(entry is not None and entry.prot for entry in entries_of(space, start, end)):
        raise Refused(EINVAL)
    try:
        space.wire(start, end - start)
    except MemoryFault:
        raise Refused(ENOMEM) from None
    return 0


def sys_munlock(system: System, td: Thread, args: Args) -> int:
    """EINVAL where not all of it is kept."""
    start, end = _range(args)
    space = space_of(td)
    if start == end:
        return 0
    if space.entry_at(start) is None:
        raise Refused(ENOMEM)
    if not all(entry is not None and entry.wired for entry in entries_of(space, start, end)):
        raise Refused(EINVAL)
    space.unwire(start, end - start)
    return 0


def sys_mlockall(system: System, td: Thread, args: Args) -> int:
    """What will be mapped counts even where what is mapped is too much; a limit of nothing
    is none."""
    how, space = signed(args[0]), space_of(td)
    if not how or how & ~(MCL_CURRENT | MCL_FUTURE):
        raise Refused(EINVAL)
    if how & MCL_FUTURE:
        space.wires = True
    if how & MCL_CURRENT:
        new = sum(e.size for e in space.entries if e.prot and not e.wired)
        _room(system, td, new, _limit(td) or limits.INFINITY, ENOMEM)
        space.wire_all()
    return 0


def sys_munlockall(system: System, td: Thread, args: Args) -> int:
    space = space_of(td)
    space.wires = False
    space.unwire_all()
    return 0


def sys_msync(system: System, td: Thread, args: Args) -> int:
    """Files are written as soon as a program stops writing them: what is left is to see
    that all of the range is there.  Without a length it is what is mapped at the address."""
    flags = signed(args[2])
    if not flags or flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE) or (
            flags & MS_ASYNC and flags & MS_SYNC):
        raise Refused(EINVAL)
    start, end = _range(args)
    space = space_of(td)
    first = space.entry_at(start)
    if first is None:
        raise Refused(EINVAL if start == end else EFAULT)
    if flags & MS_INVALIDATE and first.wired:
        raise Refused(EBUSY)
    if None in entries_of(space, start, end):
        raise Refused(EFAULT)
    return 0


SYSCALLS: dict[int, Entry] = {
    203: ("mlock", 2, sys_mlock),
    204: ("munlock", 2, sys_munlock),
    242: ("mlockall", 1, sys_mlockall),
    243: ("munlockall", 0, sys_munlockall),
    277: ("__msync13", 3, sys_msync),
}
