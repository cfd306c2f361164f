"""Timers of processes: setitimer(2) and ktimer_create(2), kern_time.c.

Times are in nanoseconds of the system's clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from bsdproc.emulator.bsd.callouts import Callout
from bsdproc.emulator.bsd.signo import SIGALRM, SIGPROF, SIGVTALRM
from bsdproc.emulator.bsd.state import KSigInfo, P, Proc

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

REAL, VIRTUAL, PROF = range(3)
SIGNALS: Final = (SIGALRM, SIGVTALRM, SIGPROF)
SI_TIMER: Final = 0x10003
INT_MAX: Final = 0x7FFFFFFF
FIRST_OWN, MOST = 3, 32
"""Numbers of a process's own timers, behind the three that setitimer(2) has."""


class Spec(NamedTuple):
    """struct itimerval and itimerspec: what is left, and what comes after it."""

    interval: int = 0
    value: int = 0


OFF: Final = Spec()


class Timer(ABC):
    """One timer, set or not."""

    def __init__(self, system: System, p: Proc) -> None:
        self.system, self.p = system, p
        self.interval = 0
        self.end = 0
        """When it is due, by its own clock; 0 when it is not set."""
        self._callout: Callout | None = None

    @abstractmethod
    def now(self) -> int:
        """Its clock."""

    @abstractmethod
    def fire(self, missed: int) -> None:
        """It was due, and so many times more since."""

    def get(self) -> Spec:
        return Spec(self.interval, max(1, self.end - self.now())) if self.end else OFF

    def set(self, value: int, interval: int) -> None:
        """`value` from now on; 0 stops it."""
        self.stop()
        if value:
            self.end, self.interval = self.now() + value, interval
            self._wait(self.end - self.now())

    def stop(self) -> None:
        self.end = self.interval = 0
        if self._callout is not None:
            self._callout.stop()
            self._callout = None

    def _wait(self, time: int) -> None:
        self._callout = self.system.callouts.at(self.system.clock + time, self._look)

    def _look(self) -> None:
        """The time may have come."""
        now = self.now()
        if now < self.end:
            self._wait(self.patience(self.end - now))
            return
        missed = 0
        if self.interval:
            missed = (now - self.end) // self.interval
            self.end += (missed + 1) * self.interval
            self._wait(self.end - now)
        else:
            self.end = 0
        self.fire(missed)

    def patience(self, left: int) -> int:
        return left


class RealTimer(Timer):
    """ITIMER_REAL."""

    def now(self) -> int:
        return self.system.clock

    def fire(self, missed: int) -> None:
        self.system.psignal(self.p, SIGALRM)


class CpuTimer(Timer):
    """ITIMER_VIRTUAL and ITIMER_PROF: by the time that the process runs, with
    the kernel's work for it or without."""

    def __init__(self, system: System, p: Proc, which: int) -> None:
        super().__init__(system, p)
        self.which = which
        self._seen, self._tries = -1, 0

    def now(self) -> int:
        used = self.p.usage.utime + sum(td.runtime for td in self.p.threads)
        return used if self.which == VIRTUAL else used + self.p.usage.stime

    def patience(self, left: int) -> int:
        """Longer and longer while the process does not run."""
        now = self.now()
        self._tries = self._tries + 1 if now == self._seen else 0
        self._seen = now
        return left << self._tries

    def fire(self, missed: int) -> None:
        self.system.psignal(self.p, SIGNALS[self.which])


class Event(NamedTuple):
    """struct sigevent."""

    signal: int
    """0: nobody is told."""
    value: int = 0
    tid: int = 0
    """The thread that is told (SIGEV_THREAD_ID); 0 for the process."""


class OwnTimer(Timer):
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

    def now(self) -> int:
        return self.system.clock

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


class Timers:
    """A process's."""

    def __init__(self, system: System, p: Proc) -> None:
        self.by_kind: tuple[Timer, ...] = (
            RealTimer(system, p), CpuTimer(system, p, VIRTUAL), CpuTimer(system, p, PROF))
        self.own: dict[int, OwnTimer] = {}

    def delete_own(self) -> None:
        for timer in self.own.values():
            timer.discard()
        self.own.clear()


def of(system: System, p: Proc) -> Timers:
    found = p.own
    if not isinstance(found, Timers):
        found = p.own = Timers(system, p)
    return found


def executed(p: Proc) -> None:
    """A new program keeps what setitimer(2) set."""
    if isinstance(p.own, Timers):
        p.own.delete_own()


def exited(p: Proc) -> None:
    if isinstance(p.own, Timers) and p.flag & P.WEXIT:
        p.own.delete_own()
        for timer in p.own.by_kind:
            timer.stop()


def accepted(p: Proc, ksi: KSigInfo) -> KSigInfo:
    """A timer's signal as its handler is told it (a tracer is not told how often)."""
    timer = p.own.own.get(ksi.trapno) if isinstance(p.own, Timers) else None
    if timer is None:
        return ksi
    return replace(ksi, trapno=ksi.trapno | timer.accept() << 32)
