"""A thread's turn on FreeBSD: what its scheduler does beyond the shared one's.

A thread that stops at a trap is no way through the kernel: that it stands there is a
field of its (`Thread.at_trap`), and so it goes on with less.  And sigfastblock(2) has
signals wait for a word of the program's.
"""

from __future__ import annotations

from abc import abstractmethod

from bsdproc.emulator.bsd import entry, signals
from bsdproc.emulator.bsd.state import P, Run, Thread
from bsdproc.emulator.bsd.system import TURN
from bsdproc.emulator.bsd.system import System as BsdSystem

# Members of an enumeration are looked up by bytecode of its own: not in the hot path.
_READY = Run.READY
_STOPPED = P.STOPPED_SIG | P.STOPPED_TRACE


class Turns(BsdSystem):
    """The scheduler's part of the emulated FreeBSD."""

    def _run_thread(self, td: Thread, limit: int | None) -> None:
        """Give a thread its turn: the shared kernel's way, and stops at traps and signals
        that a word of the program's blocks besides."""
        p = td.proc
        ends = self.clock + TURN
        postponed = False       # signals were looked at, and a word blocks them
        while td.run is _READY:
            if td.kernel is not None:
                if not self._run_kernel(td):
                    return
                continue
            if td.at_trap is not None:
                self.leave_trap(td)
                continue
            if p.flag & _STOPPED:
                return
            if (td.sigqueue.entries or p.sigqueue.entries) and (
                    signals.pending(td) or (td.sigblock_value and not postponed)):
                td.kernel = self.ast(td)
                if not self._run_kernel(td):
                    return
                postponed = td.sigblock_value != 0
                continue
            verdict = self._way_back(td)
            if verdict is not None:
                if verdict:
                    continue
                return
            if entry.run_user(self, td, limit) or self.clock >= ends:
                return
            postponed = False

    @abstractmethod
    def leave_trap(self, td: Thread) -> None:
        """A thread goes on that has stopped at a trap."""
