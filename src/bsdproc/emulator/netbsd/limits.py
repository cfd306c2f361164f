"""Resource limits where NetBSD's differ: dosetrlimit() of kern_resource.c."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

NLIMITS: Final = 12


def dosetrlimit(system: System, td: Thread, p: Proc, which: int, soft: int, hard: int) -> None:
    """Set a limit.  A soft one above its hard one is EINVAL, before rights are looked at;
    others cut it.  Numbers are unsigned."""
    if not 0 <= which < NLIMITS or soft > hard:
        raise Refused(EINVAL)
    limits.kern_proc_setrlimit(system, td, p, which, (
        min(soft, limits.INFINITY), min(hard, limits.INFINITY)))
