"""Memory that has to stay where it is: what mlock(2) and mlockall(2) are made of.

All that was touched is in memory here, as if nothing were ever paged out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.syscalls.args import space_of
from bsdproc.emulator.errno import ENOMEM, Refused
from bsdproc.emulator.machine.memory import PAGE, AddressSpace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.bsd.system import System
    from bsdproc.emulator.machine.entries import Entry


def wired_by_all(system: System) -> int:
    """Pages that all programs together keep."""
    spaces = {p.space for p in system.procs.values() if p.space is not None}
    return sum(one.wired for one in spaces)


def entries_of(space: AddressSpace, start: int, end: int) -> Iterator[Entry | None]:
    """What is mapped there, from the first to the last; None for a hole, with which it ends."""
    at = start
    while at < end:
        entry = space.entry_at(at)
        yield entry
        if entry is None:
            return
        at = entry.end


def may_map(td: Thread, size: int) -> None:
    """ENOMEM where more would have to stay in memory than may."""
    space = space_of(td)
    if space.wires and space.wired * PAGE + size > limits.limit(td.proc, limits.MEMLOCK)[0]:
        raise Refused(ENOMEM)


def mapped(td: Thread, start: int, size: int) -> None:
    """New memory of a process that keeps all of it: what may be touched of it stays."""
    space = space_of(td)
    if not space.wires:
        return
    for entry in space.entries:
        if start <= entry.start and entry.end <= start + size and entry.prot:
            space.keep(entry)
