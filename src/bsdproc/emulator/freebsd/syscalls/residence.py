"""What of a program's memory is there, and what has to stay: mlock(2), mincore(2).

The subject of vm_mmap.c.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.residence import wired_by_all
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.errno import EINVAL, ENOMEM, Refused
from bsdproc.emulator.freebsd.cred import Priv, priv_check
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.machine.memory import PAGE, MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

MCL_CURRENT, MCL_FUTURE = 1, 2
MAX_USER_WIRED: Final = "vm.max_user_wired"
USER_WIRED: Final = 402255
"""Pages that all programs together may keep: a third of the machine's."""
INCORE, REFERENCED, MODIFIED = 0x1, 0x2, 0x4
OTHERS: Final = 8 | 16
"""The same two once more, of any process's."""
ADDRESSES: Final = 1 << 64


def _range(args: Args) -> tuple[int, int]:
    """Whole pages: EINVAL for a range beyond the last address."""
    last = args[0] + args[1]
    start, end = args[0] & -PAGE, last + PAGE - 1 & -PAGE
    if end >= ADDRESSES:
        raise Refused(EINVAL)
    return start, end


def _room(system: System, td: Thread, pages: int) -> None:
    """ENOMEM beyond the limits of the process and of all together."""
    space = space_of(td)
    if (pages + space.wired) * PAGE > limits.limit(td.proc, limits.MEMLOCK)[0]:
        raise Refused(ENOMEM)
    most = int(system.settings.get(MAX_USER_WIRED, USER_WIRED))
    if pages + wired_by_all(system) > most:
        raise Refused(ENOMEM)


def _change(td: Thread, change: Callable[[int, int], None], start: int, end: int) -> None:
    """ENOMEM for a range that is not all there."""
    space = space_of(td)
    if start == end:
        return
    if start < space.low or end > space.high:
        raise Refused(ENOMEM)
    try:
        change(start, end - start)
    except MemoryFault:
        raise Refused(ENOMEM) from None


def sys_mlock(system: System, td: Thread, args: Args) -> None:
    priv_check(td, Priv.VM_MLOCK)
    start, end = _range(args)
    _room(system, td, (end - start) // PAGE)
    _change(td, space_of(td).wire, start, end)


def sys_munlock(system: System, td: Thread, args: Args) -> None:
    priv_check(td, Priv.VM_MUNLOCK)
    _change(td, space_of(td).unwire, *_range(args))


def sys_mlockall(system: System, td: Thread, args: Args) -> None:
    """What is mapped, what will be, or both; all that is mapped counts for the limit."""
    space, how = space_of(td), signed(args[0])
    priv_check(td, Priv.VM_MLOCK)
    if not how or how & ~(MCL_CURRENT | MCL_FUTURE):
        raise Refused(EINVAL)
    size = sum(entry.size for entry in space.entries)
    if how & MCL_CURRENT and size > limits.limit(td.proc, limits.MEMLOCK)[0]:
        raise Refused(ENOMEM)
    if how & MCL_FUTURE:
        space.wires = True
    if how & MCL_CURRENT:
        space.wire_all()


def sys_munlockall(system: System, td: Thread, args: Args) -> None:
    priv_check(td, Priv.VM_MUNLOCK)
    space = space_of(td)
    space.wires = False
    space.unwire_all()


def sys_mincore(system: System, td: Thread, args: Args) -> None:
    """A byte for each page: that it is there, and was used."""
    start, end = args[0] & -PAGE, (args[0] + args[1]) % ADDRESSES + PAGE - 1 & -PAGE
    space = space_of(td)
    if end > space.high or end < start:
        raise Refused(ENOMEM)
    at, found = start, bytearray((end - start) // PAGE)
    entries = []
    while at < end:
        entry = space.entry_at(at)
        if entry is None:
            raise Refused(ENOMEM)
        entries.append(entry)
        at = entry.end
    if found:
        space.copyout(args[2], bytes(found))        # what is written to is there
    at = start
    for entry in entries:
        for page in range(at // PAGE, min(entry.end, end) // PAGE):
            if space.frame(page):
                written = MODIFIED if entry.prot & 2 and not entry.needs_copy else 0
                used = INCORE | REFERENCED | written
                found[page - start // PAGE] = used | (used & ~INCORE) << 2 & OTHERS
        at = entry.end
    if found:
        space.copyout(args[2], bytes(found))


SYSCALLS: dict[int, Entry] = {
    78: ("mincore", 3, sys_mincore),
    203: ("mlock", 2, sys_mlock),
    204: ("munlock", 2, sys_munlock),
    324: ("mlockall", 1, sys_mlockall),
    325: ("munlockall", 0, sys_munlockall),
}
