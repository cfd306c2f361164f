"""setitimer(2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import itimers
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args
from bsdproc.emulator.bsd.syscalls.itimers import set_with_old_first

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System


def sys_setitimer(system: System, td: Thread, args: Args) -> int:
    """Which timer it is about is looked at first of all."""
    itimers.of(system, td.proc).kind(args[0])
    return set_with_old_first(system, td, args)


SYSCALLS: Final[dict[int, Entry]] = {
    83: ("setitimer", 3, sys_setitimer),
}
