"""What the kernel does by itself when a time comes (kern_timeout.c).

A thread of the kernel's own sleeps until the next thing is due.  It is made
when the first is asked for, and belongs to no process that can be seen.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from itertools import count
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Sleep, Thread

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

NEVER: Final = 1 << 62
"""No time that comes."""


class Callout:
    """Something to do, once."""

    __slots__ = ("action", "wanted")

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action
        self.wanted = True

    def stop(self) -> None:
        self.wanted = False


class Callouts:
    """All there are, by time."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._due: list[tuple[int, int, Callout]] = []
        self._order = count()
        self._thread: Thread | None = None

    def at(self, clock: int, action: Callable[[], None]) -> Callout:
        """Do something when the system's clock stands there."""
        callout = Callout(action)
        if clock < NEVER:
            heapq.heappush(self._due, (clock, next(self._order), callout))
            if self._thread is None:
                self._start()
            else:
                self._system.wakeup(self)
        return callout

    def _start(self) -> None:
        system = self._system
        self._thread = system.kernel_thread()
        self._thread.kernel = self._work()
        system.run_first([self._thread])

    def _next(self) -> int | None:
        while self._due and not self._due[0][2].wanted:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def _work(self) -> Generator[Sleep | None, int, None]:
        while True:
            clock = self._next()
            if clock is not None and clock <= self._system.clock:
                heapq.heappop(self._due)[2].action()
            else:
                yield Sleep(self, "-", clock, interruptible=False)
