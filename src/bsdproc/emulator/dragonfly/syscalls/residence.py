"""Memory that stays, and memory that is written back: mlock(2), mlockall(2), msync(2).

The subject of vm_mmap.c, vm_map_unwire and vm_map_clean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.residence import entries_of, wired_by_all
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.dragonfly import limits
from bsdproc.emulator.dragonfly.cred import priv_check
from bsdproc.emulator.errno import EAGAIN, EINVAL, ENOMEM, ENOSYS, Refused
from bsdproc.emulator.machine.memory import PAGE, AddressSpace, MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.dragonfly.state import Thread
    from bsdproc.emulator.dragonfly.system import System

MS_ASYNC, MS_INVALIDATE = 1, 2
MCL_CURRENT, MCL_FUTURE = 1, 2
MAX_WIRED: Final = limits.BOOT[limits.MEMLOCK][1] // PAGE // 3
"""vm_page_max_wired: a third of the pages that were free at first."""
ADDRESSES: Final = 1 << 64


def _range(args: Args, *, whole: bool = True) -> tuple[int, int]:
    """Whole pages: EINVAL for a range that goes beyond the last address, and for a length
    of which nothing is left by that, unless it need not be `whole`."""
    start = args[0] & -PAGE
    size = ((args[1] + args[0] - start) % ADDRESSES + PAGE - 1 & -PAGE) % ADDRESSES
    if (whole and size < args[1]) or start + size >= ADDRESSES:
        raise Refused(EINVAL)
    return start, start + size


def _within(space: AddressSpace, start: int, end: int) -> tuple[int, int]:
    """VM_MAP_RANGE_CHECK: what of a range the program can have at all."""
    start, end = max(start, space.low), min(end, space.high)
    return min(start, end), end


def sys_mlock(system: System, td: Thread, args: Args) -> int:
    """ENOMEM for a hole, and for what nobody may touch."""
    start, end = _range(args)
    if start == end:
        return 0
    space, pages = space_of(td), (end - start) // PAGE
    if pages + wired_by_all(system) > MAX_WIRED:
        raise Refused(EAGAIN)
    if (pages + space.wired) * PAGE > limits.limit(td.proc, limits.MEMLOCK)[0]:
        raise Refused(ENOMEM)
    start, end = _within(space, start, end)
    if space.entry_at(start) is None:
        raise Refused(ENOMEM)
    try:
        space.wire(start, end - start)
    except MemoryFault:
        raise Refused(ENOMEM) from None
    return 0


def sys_munlock(system: System, td: Thread, args: Args) -> int:
    """ENOMEM where not all of it is kept."""
    start, end = _range(args, whole=False)
    if start == end:
        return 0
    space = space_of(td)
    start, end = _within(space, start, end)
    found = list(entries_of(space, start, end))
    if not found or not all(entry is not None and entry.wired for entry in found):
        raise Refused(ENOMEM)
    space.unwire(start, end - start)
    return 0


def sys_mlockall(system: System, td: Thread, args: Args) -> int:
    """What is mapped cannot be kept, which the kernel lacks; what will be can."""
    how = signed(args[0])
    if not how & (MCL_CURRENT | MCL_FUTURE):
        raise Refused(EINVAL)
    priv_check(td.proc.cred)
    if how & MCL_CURRENT:
        raise Refused(ENOSYS)
    space_of(td).wires = True
    return 0


def sys_munlockall(system: System, td: Thread, args: Args) -> int:
    space = space_of(td)
    space.wires = False
    space.unwire_all()
    return 0


def sys_msync(system: System, td: Thread, args: Args) -> int:
    """Files are written as soon as a program stops writing them: what is left is to see
    that all of the range is there.  Without a length it is what is mapped at the address."""
    start, end = _range(args)
    if args[2] & (MS_ASYNC | MS_INVALIDATE) == MS_ASYNC | MS_INVALIDATE:
        raise Refused(EINVAL)
    space = space_of(td)
    if start != end:
        start, end = _within(space, start, end)
    if space.entry_at(start) is None or None in entries_of(space, start, end):
        raise Refused(EINVAL)
    return 0


SYSCALLS: Final[dict[int, Entry]] = {
    65: ("msync", 3, sys_msync),
    203: ("mlock", 2, sys_mlock),
    204: ("munlock", 2, sys_munlock),
    324: ("mlockall", 1, sys_mlockall),
    325: ("munlockall", 0, sys_munlockall),
}
