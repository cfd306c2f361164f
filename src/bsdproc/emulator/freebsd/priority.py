"""Scheduling classes and priorities of threads (kern_resource.c, ksched.c).

All threads here take turns, whatever their class: it is kept and told, as a
program that asks expects.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.errno import EINVAL, Refused

REALTIME, TIMESHARE, IDLE = 2, 3, 4
FIFO_BIT = 8
FIFO = FIFO_BIT | REALTIME
LAST: Final = 31
"""The lowest of the realtime and idle priorities, of which 0 is the highest."""
LAST_TIMESHARE: Final = 103
BASE: Final = {REALTIME: 48, TIMESHARE: 120, IDLE: 224}
"""Where each class begins among the kernel's own priorities."""


class Priority(NamedTuple):
    """struct rtprio."""

    kind: int = TIMESHARE
    """A class, with or without FIFO_BIT."""
    level: int = 0

    @property
    def base(self) -> int:
        return self.kind & ~FIFO_BIT

    @property
    def user(self) -> int:
        """td_user_pri."""
        return BASE[self.base] + self.level


DEFAULT: Final = Priority()


def of(td: Thread) -> Priority:
    """pri_to_rtp."""
    return td.own if isinstance(td.own, Priority) else DEFAULT


def give(td: Thread, wanted: Priority) -> None:
    """rtp_to_pri: EINVAL.  A level among those that share the time is the
    scheduler's own affair, and does not stay."""
    last = {REALTIME: LAST, TIMESHARE: LAST_TIMESHARE, IDLE: LAST}.get(wanted.base, -1)
    if wanted.level > last:
        raise Refused(EINVAL)
    td.own = Priority(wanted.kind) if wanted.base == TIMESHARE else wanted


# -- POSIX's view: higher is better --------------------------------------------
SCHED_FIFO, SCHED_OTHER, SCHED_RR = 1, 2, 3
MOST: Final = {SCHED_FIFO: LAST, SCHED_OTHER: LAST_TIMESHARE, SCHED_RR: LAST}
"""The highest priority of each policy; the lowest is 0."""
KINDS: Final = {SCHED_FIFO: FIFO, SCHED_OTHER: TIMESHARE, SCHED_RR: REALTIME}


def policy(td: Thread) -> int:
    return {FIFO: SCHED_FIFO, REALTIME: SCHED_RR}.get(of(td).kind, SCHED_OTHER)


def parameter(td: Thread) -> int:
    """sched_priority."""
    now = of(td)
    return (LAST if now.base == REALTIME else LAST_TIMESHARE) - now.level


def schedule(td: Thread, wanted: int, level: int) -> None:
    """ksched_setscheduler: EINVAL."""
    if wanted not in MOST or not 0 <= level <= MOST[wanted]:
        raise Refused(EINVAL)
    give(td, Priority(KINDS[wanted], MOST[wanted] - level))
