"""A process's own timers: ktimer_create(2), kern_time.c.

Times are in nanoseconds of the system's clock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from bsdproc.emulator.bsd import itimers
from bsdproc.emulator.bsd.itimers import RealTimer
from bsdproc.emulator.bsd.state import KSigInfo, Proc

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

SI_TIMER: Final = 0x10003
INT_MAX: Final = 0x7FFFFFFF
FIRST_OWN, MOST = 3, 32
"""Numbers of a process's own timers, behind the three that setitimer(2) has."""


class Event(NamedTuple):
    """struct sigevent."""

    signal: int
    """0: nobody is told."""
    value: int = 0
    tid: int = 0
    """The thread that is told (SIGEV_THREAD_ID); 0 for the process."""


class OwnTimer(RealTimer):
    """One of ktimer_create(2)'s, by real or monotonic time."""

    def __init__(self, system: System, p: Proc, number: int, event: Event,
                 real: bool) -> None:
        super().__init__(system, p)
        self.number, self.event, self.real = number, event, real
        self.overrun = 0
        """How often it was due again while its signal was waiting."""
        self.told = 0
        """The same of the signal that was delivered last."""
        self._sent: KSigInfo | None = None

    @property
    def zero(self) -> int:
        """What its clock showed when the system's stood at 0."""
        return self.system.boot_ns if self.real else 0

    def _waits(self) -> bool:
        """Its last signal is still queued."""
        queues = (self.p.sigqueue, *(td.sigqueue for td in self.p.threads))
        return any(one is self._sent for queue in queues for one in queue.entries)

    def fire(self, missed: int) -> None:
        signal, value, tid = self.event
        td = self.system.threads.get(tid)
        if not signal:
            return
        if tid and (td is None or td.proc is not self.p):
            self.stop()
            return
        waits = self._sent is not None and self._waits()
        self.overrun = min(INT_MAX, self.overrun + missed + waits)
        if not waits:
            self._sent = KSigInfo(signal, SI_TIMER, value=value, trapno=self.number)
            self.system.send(self.p, td, self._sent)

    def accept(self) -> int:
        """itimer_accept: its signal is delivered, and tells how often it was due since."""
        self.told, self.overrun = self.overrun, 0
        return self.told

    def discard(self) -> None:
        """It is deleted, and so is a signal of its that waits."""
        self.stop()
        for queue in (self.p.sigqueue, *(td.sigqueue for td in self.p.threads)):
            if any(one is self._sent for one in queue.entries):
                kept = [one for one in queue.entries if one is not self._sent]
                queue.entries.clear()
                queue.entries.extend(kept)


class Timers(itimers.Timers):
    """All of a process's."""

    def __init__(self, system: System, p: Proc) -> None:
        super().__init__(itimers.alarms(system, p))
        self.own: dict[int, OwnTimer] = {}

    def delete_own(self) -> None:
        for timer in self.own.values():
            timer.discard()
        self.own.clear()


def of(system: System, p: Proc) -> Timers:
    found = itimers.of(system, p)
    assert isinstance(found, Timers)
    return found


def accepted(p: Proc, ksi: KSigInfo) -> KSigInfo:
    """A timer's signal as its handler is told it (a tracer is not told how often)."""
    timer = p.timers.own.get(ksi.trapno) if isinstance(p.timers, Timers) else None
    if timer is None:
        return ksi
    return replace(ksi, trapno=ksi.trapno | timer.accept() << 32)
