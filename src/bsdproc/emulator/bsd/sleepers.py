"""Threads that sleep: what they wait for, and who wakes them.

The subject of kern_synch.c and subr_sleepqueue.c.  Time is the system's clock, which
moves while programs run and where nothing else can.
"""

from __future__ import annotations

import heapq
from itertools import count

from bsdproc.emulator.bsd.personality import Personality
from bsdproc.emulator.bsd.state import P, Run, Sleep, Thread
from bsdproc.emulator.errno import EINTR, EWOULDBLOCK


class Sleepers(Personality):
    """Those of one system."""

    def __init__(self) -> None:
        self.clock = 0
        self._sleepers: dict[object, list[Thread]] = {}
        # Threads that look at their signals before they sleep, by what they will sleep for.
        self._looking: dict[object, list[Thread]] = {}
        self._timers: list[tuple[int, int, Thread, Sleep]] = []
        self._serial = count()

    def go_to_sleep(self, td: Thread, sleep: Sleep) -> None:
        if td.proc.flag & P.SINGLE_EXIT and sleep.interruptible \
                and td.proc.singlethread is not td:
            td.woken = EINTR
            return
        td.run, td.sleep = Run.SLEEPING, sleep
        self._sleepers.setdefault(sleep.channel, []).append(td)
        if sleep.deadline is not None:
            heapq.heappush(self._timers, (sleep.deadline, next(self._serial), td, sleep))

    def _forget_sleep(self, td: Thread) -> None:
        if td.sleep is not None:
            waiting = self._sleepers.get(td.sleep.channel)
            if waiting is not None and td in waiting:
                waiting.remove(td)
                if not waiting:
                    del self._sleepers[td.sleep.channel]
            td.sleep = None

    def wake_thread(self, td: Thread, answer: int = 0) -> None:
        """End one thread's sleep; its Sleep is answered with `answer`."""
        if td.run is Run.SLEEPING:
            self._forget_sleep(td)
            td.run, td.woken = Run.READY, answer

    def waiting(self, channel: object) -> int:
        """How many threads sleep there, or are about to."""
        looking = sum(not td.missed for td in self._looking.get(channel, ()))
        return len(self._sleepers.get(channel, ())) + looking

    def wakeup(self, channel: object) -> None:
        if channel in self._sleepers:
            for td in list(self._sleepers[channel]):
                self.wake_thread(td)
        if channel in self._looking:
            for td in self._looking[channel]:
                td.missed = True

    def wakeup_one(self, channel: object) -> bool:
        waiting = self._sleepers.get(channel)
        if waiting:
            self.wake_thread(waiting[0])
            return True
        looking = [td for td in self._looking.get(channel, ()) if not td.missed]
        if looking:
            looking[0].missed = True
        return bool(looking)

    def _fire_timers(self) -> None:
        while self._timers and self._timers[0][0] <= self.clock:
            _, _, td, sleep = heapq.heappop(self._timers)
            if td.sleep is sleep:
                self.wake_thread(td, EWOULDBLOCK)

    def _next_deadline(self) -> int | None:
        while self._timers and self._timers[0][2].sleep is not self._timers[0][3]:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None
