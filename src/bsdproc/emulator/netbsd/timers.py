"""A process's timers (struct ptimer): setitimer(2)'s four and timer_create(2)'s.

The subject of NetBSD's kern_time.c.  All are of one table: a number that setitimer(2) has
used is timer_delete(2)'s, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bsdproc.emulator.bsd import itimers
from bsdproc.emulator.bsd.itimers import CpuTimer, RealTimer, Spec, Timer
from bsdproc.emulator.bsd.signo import SI_TIMER, SIGALRM, SIGPROF, SIGVTALRM
from bsdproc.emulator.bsd.state import KSigInfo, Proc
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

REALTIME, VIRTUAL, PROF, MONOTONIC = range(4)
"""CLOCK_ and ITIMER_ both."""
SIGNALS: Final = (SIGALRM, SIGVTALRM, SIGPROF, SIGALRM)
LOWEST, FIRST_OWN, MOST = 2, 4, 36
"""What timer_delete(2) takes begins below timer_create(2)'s numbers."""
DELAYTIMER_MAX: Final = 32


class Event(NamedTuple):
    """struct sigevent, as far as the kernel acts on it."""

    signal: int
    """0: nobody is told (SIGEV_NONE, SIGEV_THREAD, SIGEV_SA)."""
    value: int


class Ptimer(Timer):
    """One of them."""

    clock: int
    event: Event
    overruns = 0
    """How often it was due while its signal was pending already."""
    told = 0
    """The same of when the last signal was sent."""

    def fire(self, missed: int) -> None:
        """ptimer_fire and ptimer_intr: no second signal of a number that is pending,
        whoever sent the first."""
        signal, value = self.event
        self.overruns += missed
        if not signal:
            return
        if signal in self.p.sigqueue.signals:
            self.overruns += 1
            return
        self.told, self.overruns = self.overruns, 0
        self.system.psignal(self.p, KSigInfo(signal, SI_TIMER, value=value))

    @property
    def zero(self) -> int:
        """What its clock showed when the system's stood at 0."""
        return self.system.boot_ns if self.clock == REALTIME else 0

    def stored(self) -> Spec:
        """it_time: of a timer by the time that passes, when it is due by its clock."""
        if not self.end or isinstance(self, CpuTimer):
            return self.get()
        return Spec(self.interval, self.end + self.zero)


class RealPtimer(Ptimer, RealTimer):
    """CLOCK_REALTIME, CLOCK_MONOTONIC."""

    def __init__(self, system: System, p: Proc, clock: int, event: Event) -> None:
        super().__init__(system, p)
        self.clock, self.event = clock, event


class CpuPtimer(Ptimer, CpuTimer):
    """CLOCK_VIRTUAL, CLOCK_PROF."""

    def __init__(self, system: System, p: Proc, clock: int, event: Event) -> None:
        CpuTimer.__init__(self, system, p, kernel=clock == PROF)
        self.clock, self.event = clock, event


def ptimer(system: System, p: Proc, clock: int, event: Event) -> Ptimer:
    kind = CpuPtimer if clock in (VIRTUAL, PROF) else RealPtimer
    return kind(system, p, clock, event)


class Timers(itimers.Timers):
    """A process's table."""

    keeps_interval = True

    def __init__(self, system: System, p: Proc) -> None:
        self.system, self.p = system, p
        self.kinds = [ptimer(system, p, which, Event(signal, which))
                      for which, signal in enumerate(SIGNALS)]
        super().__init__(tuple(self.kinds))
        self.numbered: dict[int, Ptimer] = {}
        """Those that have been made: setitimer(2)'s when they are first set."""
        self.made = False
        """p_timers: there is a table."""

    def set(self, which: int, value: int, interval: int) -> None:
        if which not in self.numbered:
            if not value:
                return
            self.made = True
            self.numbered[which] = self.kinds[which]
        super().set(which, value, interval)

    def find(self, number: int) -> Ptimer:
        """EINVAL."""
        self.reach(number)
        if number not in self.numbered:
            raise Refused(EINVAL)
        return self.numbered[number]

    def reach(self, number: int) -> None:
        """Whether it is a number that may be asked for: EINVAL."""
        if not self.made or not LOWEST <= number < MOST:
            raise Refused(EINVAL)

    def delete(self, number: int) -> None:
        """A signal of its that is pending stays."""
        gone = self.find(number)
        gone.stop()
        gone.told = gone.overruns = 0
        del self.numbered[number]

    def delete_own(self) -> None:
        """ptimers_free(TIMERS_POSIX)."""
        for number in [n for n in self.numbered if n >= FIRST_OWN]:
            self.delete(number)
        self.made = bool(self.numbered)


def of(system: System, p: Proc) -> Timers:
    found = itimers.of(system, p)
    assert isinstance(found, Timers)
    return found
