"""Resource limits as a machine of 767 MB boots with them: kern_plimit.c."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.dragonfly.state import Proc, Thread
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

(CPU, FSIZE, DATA, STACK, CORE, RSS, MEMLOCK, NPROC, NOFILE, SBSIZE, VMEM,
 POSIXLOCKS) = range(12)
NAMES: Final = ("cpu", "fsize", "data", "stack", "core", "rss", "memlock", "nproc", "nofile",
                "sbsize", "vmem", "posixlock")
"""As procfs writes them."""
INFINITY: Final = (1 << 63) - 1
MAXSSIZ: Final = 512 << 20

BOOT: Final[dict[int, tuple[int, int]]] = {
    **dict.fromkeys(range(len(NAMES)), (INFINITY, INFINITY)),
    DATA: (128 << 20, 32 << 30),
    STACK: (8 << 20, MAXSSIZ),
    RSS: (551370752, INFINITY),
    MEMLOCK: (183790250, 551370752),
    NPROC: (1476, 1476),
    NOFILE: (23616, 23616),
}
"""What the first process has: (soft, hard)."""


def limit(p: Proc, which: int) -> tuple[int, int]:
    """(soft, hard)."""
    return p.rlimits.get(which, BOOT[which])


def set_limit(system: System, td: Thread, which: int, soft: int, hard: int) -> None:
    """kern_setrlimit: above the hard one it takes a privilege (EPERM); negative
    numbers are no limit; a soft limit above its hard one is cut."""
    if not 0 <= which < len(NAMES):
        raise Refused(EINVAL)
    soft, hard = (INFINITY if value < 0 else value for value in (soft, hard))
    before = limit(td.proc, which)[1]
    if soft > before or hard > before:
        system.may_raise_limits(td)
    soft = min(soft, hard)
    most = {STACK: MAXSSIZ, NOFILE: BOOT[NOFILE][1], NPROC: BOOT[NPROC][1]}.get(which, INFINITY)
    least = 1 if which == NPROC else 0
    td.proc.rlimits[which] = (max(least, min(soft, most)), max(least, min(hard, most)))
