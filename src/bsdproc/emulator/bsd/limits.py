"""Resource limits: the subject of kern_resource.c's rlimit half."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

(CPU, FSIZE, DATA, STACK, CORE, RSS, MEMLOCK, NPROC, NOFILE, SBSIZE, VMEM, NPTS, SWAP, KQUEUES,
 UMTXP) = range(15)
NLIMITS = 15
NAMES = ("cpu", "fsize", "data", "stack", "core", "rss", "memlock", "nproc", "nofile", "sbsize",
         "vmem", "npts", "swap", "kqueues", "umtx")
"""As procfs writes them."""
INFINITY = (1 << 63) - 1
MAXDSIZ, MAXSSIZ = 32 << 30, 512 << 20
MAXFILESPERPROC, MAXPROCPERUID = 115_000, 8_000

BOOT: dict[int, tuple[int, int]] = {
    **dict.fromkeys(range(NLIMITS), (INFINITY, INFINITY)),
    DATA: (MAXDSIZ, MAXDSIZ),
    STACK: (MAXSSIZ, MAXSSIZ),
    NPROC: (MAXPROCPERUID, MAXPROCPERUID),
    NOFILE: (MAXFILESPERPROC, MAXFILESPERPROC),
}
"""What the first process has: (soft, hard)."""


def limit(p: Proc, which: int) -> tuple[int, int]:
    """lim_rlimit_proc: (soft, hard)."""
    return p.rlimits.get(which, BOOT[which])


def kern_proc_setrlimit(system: System, td: Thread, p: Proc, which: int,
                        new: tuple[int, int]) -> None:
    """Set a limit: above the hard one it takes a privilege (EPERM); negative
    numbers are no limit; a soft limit above its hard one is cut."""
    if not 0 <= which < NLIMITS:
        raise Refused(EINVAL)
    soft, hard = (INFINITY if value < 0 else value for value in new)
    before = limit(p, which)[1]
    if soft > before or hard > before:
        system.may_raise_limits(td)
    soft = min(soft, hard)
    settings = system.settings
    most = {
        DATA: int(settings.get("kern.maxdsiz", MAXDSIZ)),
        STACK: int(settings.get("kern.maxssiz", MAXSSIZ)),
        NOFILE: int(settings.get("kern.maxfilesperproc", MAXFILESPERPROC)),
        NPROC: int(settings.get("kern.maxprocperuid", MAXPROCPERUID)),
    }.get(which, INFINITY)
    least = 1 if which == NPROC else 0
    p.rlimits[which] = (max(least, min(soft, most)), max(least, min(hard, most)))
