"""Timers of processes: setitimer(2), and what further timers of a system's are made of.
The shared half of each kernel's kern_time.c.

Times are in nanoseconds of the system's clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, NamedTuple

from bsdproc.emulator.bsd.callouts import Callout
from bsdproc.emulator.bsd.signo import SIGALRM, SIGPROF, SIGVTALRM
from bsdproc.emulator.bsd.state import Proc
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

REAL, VIRTUAL, PROF = range(3)
SIGNALS: Final = (SIGALRM, SIGVTALRM, SIGPROF)


class Spec(NamedTuple):
    """struct itimerval and itimerspec: what is left, and what comes after it."""

    interval: int = 0
    value: int = 0


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
        return Spec(self.interval, max(1, self.end - self.now()) if self.end else 0)

    def set(self, value: int, interval: int) -> None:
        """`value` from now on; 0 stops it."""
        self.start(self.now() + value if value else 0, interval)

    def start(self, end: int, interval: int) -> None:
        """Up to that time by its clock, which may have been; 0 stops it."""
        self.stop()
        self.end, self.interval = end, interval
        if end:
            self._wait(max(0, end - self.now()))

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
    """By the time that passes."""

    def now(self) -> int:
        return self.system.clock


class CpuTimer(Timer):
    """By the time that the process runs, with the kernel's work for it or without."""

    def __init__(self, system: System, p: Proc, *, kernel: bool) -> None:
        super().__init__(system, p)
        self.kernel = kernel
        self._seen, self._tries = -1, 0

    def now(self) -> int:
        user, in_kernel = self.system.times(self.p)
        return user + in_kernel if self.kernel else user

    def patience(self, left: int) -> int:
        """Longer and longer while the process does not run."""
        now = self.now()
        self._tries = self._tries + 1 if now == self._seen else 0
        self._seen = now
        return left << self._tries


class RealAlarm(RealTimer):
    """ITIMER_REAL."""

    def fire(self, missed: int) -> None:
        self.system.psignal(self.p, SIGALRM)


class CpuAlarm(CpuTimer):
    """ITIMER_VIRTUAL and ITIMER_PROF."""

    def __init__(self, system: System, p: Proc, which: int) -> None:
        super().__init__(system, p, kernel=which == PROF)
        self.which = which

    def fire(self, missed: int) -> None:
        self.system.psignal(self.p, SIGNALS[self.which])


class Timers:
    """A process's: those that setitimer(2) has, and behind them a system's own."""

    keeps_interval = False
    """setitimer(2) looks at an interval, and keeps it, of a timer that it stops, too."""

    def __init__(self, by_kind: tuple[Timer, ...]) -> None:
        self.by_kind = by_kind

    def kind(self, which: int) -> Timer:
        """EINVAL."""
        which &= 0xFFFFFFFF
        if which >= len(self.by_kind):
            raise Refused(EINVAL)
        return self.by_kind[which]

    def set(self, which: int, value: int, interval: int) -> None:
        self.kind(which).set(value, interval)

    def delete_own(self) -> None:
        """A system's own go, setitimer(2)'s stay."""

    def stop(self) -> None:
        """The process ends."""
        self.delete_own()
        for timer in self.by_kind:
            timer.stop()


def alarms(system: System, p: Proc) -> tuple[Timer, ...]:
    """The three that every system has."""
    return RealAlarm(system, p), CpuAlarm(system, p, VIRTUAL), CpuAlarm(system, p, PROF)


def of(system: System, p: Proc) -> Timers:
    """A process's timers: made when it first asks."""
    if p.timers is None:
        p.timers = system.new_timers(p)
    return p.timers


def executed(p: Proc) -> None:
    """A new program keeps what setitimer(2) set."""
    if p.timers is not None:
        p.timers.delete_own()


def exited(p: Proc) -> None:
    if p.timers is not None:
        p.timers.stop()
