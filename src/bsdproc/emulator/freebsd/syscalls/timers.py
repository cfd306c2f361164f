"""setitimer(2), ktimer_create(2) and their like."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.itimers import REAL
from bsdproc.emulator.bsd.signo import SIG_MAX, SIGALRM
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.itimers import (
    NS,
    US,
    fixed,
    read_words,
    sys_getitimer,
    write_spec,
)
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EAGAIN, EINVAL, Refused
from bsdproc.emulator.freebsd import timers
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.freebsd.timers import Event, OwnTimer

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

TICK = 1000
"""Microseconds: as short as processor time is measured; a sixteenth of it for real time."""
LONGEST = 0x7FFFFFFF // 2
CLOCK_REALTIME, CLOCK_MONOTONIC = 0, 4
SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD_ID = 0, 1, 4
SIGEVENT = (struct.Struct("<iiqi"), struct.Struct("<iiii"))
"""struct sigevent: how, signal, value, thread; amd64's and i386's."""
TIMER_ABSTIME = 1


# -- setitimer ---------------------------------------------------------------------------
def sys_setitimer(system: System, td: Thread, args: Args) -> int:
    """Without a new value it is getitimer(2)."""
    which, new, old = args[0] & 0xFFFFFFFF, args[1], args[2]
    if not new:
        return sys_getitimer(system, td, (which, old))
    interval_s, interval_us, value_s, value_us = read_words(td, new)
    timer = timers.of(system, td.proc).kind(which)
    least = TICK // 16 if which == REAL else TICK
    value = fixed(value_s, value_us, US, least)
    if value_s > LONGEST:
        raise Refused(EINVAL)
    interval = 0
    if value:
        interval = fixed(interval_s, interval_us, US, least)
        if interval_s > LONGEST:
            raise Refused(EINVAL)
    before = timer.get()
    timer.set(value, interval)
    if old:
        write_spec(td, old, before, US)
    return 0


# -- ktimer ------------------------------------------------------------------------------------
def _event(td: Thread, address: int, number: int) -> Event:
    """Whom to tell what: EINVAL."""
    if not address:
        return Event(SIGALRM, number)
    form = SIGEVENT[narrow(td)]
    how, signal, value, tid = form.unpack(space_of(td).copyin(address, 80 if form.size > 16
                                                              else 64)[: form.size])
    if how not in (SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD_ID):
        raise Refused(EINVAL)
    if how == SIGEV_NONE:
        return Event(0)
    if not 0 < signal <= SIG_MAX:
        raise Refused(EINVAL)
    return Event(signal, value, tid if how == SIGEV_THREAD_ID else 0)


def sys_ktimer_create(system: System, td: Thread, args: Args) -> int:
    clock, own = signed(args[0]), timers.of(system, td.proc).own
    free = next((n for n in range(timers.FIRST_OWN, timers.MOST) if n not in own), None)
    event = _event(td, args[1], free or 0)
    if clock not in (CLOCK_REALTIME, CLOCK_MONOTONIC):
        raise Refused(EINVAL)
    if free is None:
        raise Refused(EAGAIN)
    own[free] = OwnTimer(system, td.proc, free, event, clock == CLOCK_REALTIME)
    try:
        space_of(td).copyout(args[2], struct.pack("<i", free))
    except Exception:
        del own[free]
        raise
    return 0


def _own(system: System, td: Thread, number: int) -> OwnTimer:
    timer = timers.of(system, td.proc).own.get(signed(number))
    if timer is None:
        raise Refused(EINVAL)
    return timer


def sys_ktimer_delete(system: System, td: Thread, args: Args) -> int:
    timer = _own(system, td, args[0])
    timer.discard()
    del timers.of(system, td.proc).own[timer.number]
    return 0


def sys_ktimer_settime(system: System, td: Thread, args: Args) -> int:
    interval_s, interval_ns, value_s, value_ns = read_words(td, args[2])
    timer = _own(system, td, args[0])
    value = fixed(value_s, value_ns, NS, TICK * 1000)
    interval = fixed(interval_s, interval_ns, NS, TICK * 1000) if value else 0
    before = timer.get()
    if value and signed(args[1]) & TIMER_ABSTIME:
        value = max(1, value - timer.zero - timer.now())
    timer.set(value, interval)
    if args[3]:
        write_spec(td, args[3], before, NS)
    return 0


def sys_ktimer_gettime(system: System, td: Thread, args: Args) -> int:
    write_spec(td, args[1], _own(system, td, args[0]).get(), NS)
    return 0


def sys_ktimer_getoverrun(system: System, td: Thread, args: Args) -> int:
    return _own(system, td, args[0]).told


SYSCALLS: dict[int, Entry] = {
    83: ("setitimer", 3, sys_setitimer),
    235: ("ktimer_create", 3, sys_ktimer_create),
    236: ("ktimer_delete", 1, sys_ktimer_delete),
    237: ("ktimer_settime", 4, sys_ktimer_settime),
    238: ("ktimer_gettime", 2, sys_ktimer_gettime),
    239: ("ktimer_getoverrun", 1, sys_ktimer_getoverrun),
}
