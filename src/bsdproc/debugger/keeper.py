"""What `Reaper` needs of a system's procctl(2), in terms of its own.

One module beside this one implements it for each system that has reapers; `systems` knows
which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from bsdproc import dragonfly, freebsd
    from bsdproc.freebsd.constants.procctl import ReaperPidFlags
    from bsdproc.kernel.port import Kernel

# In quotes: a debugger loads the system that it is asked for, and no other.
Status: TypeAlias = "freebsd.Status | dragonfly.Status"
"""How a child of a reaper has ended, in its system's words."""
ReaperStatus: TypeAlias = "freebsd.procctl.ReaperStatus | dragonfly.procctl.ReaperStatus"
"""What PROC_REAP_STATUS says, in its system's words."""

@dataclass(frozen=True, slots=True)
class Descendant:
    """A process below a reaper; it may have ended, and wait to be collected."""

    pid: int
    subtree: int
    """The reaper's child that it descends from, or is; on FreeBSD that one may be gone."""
    child: bool
    """It is the reaper's own child."""
    flags: ReaperPidFlags | None = None
    """What PROC_REAP_GETPIDS says of it; None on DragonFly, which has no such command."""


class Keeper(Protocol):
    """A system's reaper: the caller."""

    kernel: Kernel

    def acquire(self) -> None: ...
    def release(self) -> None: ...
    def status(self) -> ReaperStatus: ...

    def below(self) -> tuple[Descendant, ...]:
        """All that can be seen, the ended too."""

    def unseen(self) -> int:
        """How many there are that `below` does not tell of, when it tells of none."""

    def signal(self, signal: int) -> int:
        """Signal all of them; how many were.  `PermissionError` when there are some and
        none of them may be signalled."""

    def wait(self, pid: int) -> Status:
        """wait4(2) for a child."""

    def take(self, pid: int) -> Status | None:
        """Collect a child that has ended; None for one that has not."""

    def dying(self, pid: int) -> bool:
        """Whether a process is on its way out, or is gone."""

    def has_ended(self, status: Status) -> bool:
        """Whether it is an end that a status tells of."""
