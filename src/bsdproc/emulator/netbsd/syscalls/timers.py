"""setitimer(2), timer_create(2) and their like."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.bsd.syscalls.itimers import (
    NS,
    TICK,
    fixed,
    read_words,
    set_with_old_first,
    write_spec,
)
from bsdproc.emulator.errno import EAGAIN, EINVAL, ETIMEDOUT, Refused
from bsdproc.emulator.netbsd import timers
from bsdproc.emulator.netbsd.signo import NSIG
from bsdproc.emulator.netbsd.timers import CpuPtimer, Event

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_SA = range(4)
SIGEVENT: Final = struct.Struct("<iiQ16x")
"""struct sigevent: how, signal, value, and what a thread would begin with."""
TIMER_ABSTIME: Final = 1


def _event(td: Thread, address: int) -> Event:
    """Whom to tell what: EINVAL."""
    how, signal, value = SIGEVENT.unpack(space_of(td).copyin(address, SIGEVENT.size))
    if not SIGEV_NONE <= how <= SIGEV_SA:
        raise Refused(EINVAL)
    if how != SIGEV_SIGNAL:
        return Event(0, value)
    if not 0 < signal < NSIG:
        raise Refused(EINVAL)
    return Event(signal, value)


def sys_timer_create(system: System, td: Thread, args: Args) -> int:
    """timer_create(clock, event, timer): a timer whose number cannot be stored is there
    all the same."""
    clock = args[0] & 0xFFFFFFFF
    if clock > timers.MONOTONIC:
        raise Refused(EINVAL)
    table = timers.of(system, td.proc)
    table.made = True
    event = _event(td, args[1]) if args[1] else None
    free = next((n for n in range(timers.FIRST_OWN, timers.MOST) if n not in table.numbered),
                None)
    if free is None:
        raise Refused(EAGAIN)
    table.numbered[free] = timers.ptimer(
        system, td.proc, clock, event or Event(timers.SIGNALS[clock], free))
    space_of(td).copyout(args[2], struct.pack("<i", free))
    return 0


def sys_timer_delete(system: System, td: Thread, args: Args) -> int:
    timers.of(system, td.proc).delete(signed(args[0]))
    return 0


def sys_timer_settime(system: System, td: Thread, args: Args) -> int:
    """__timer_settime50(timer, flags, value, old value): what is told as the old value is
    the time at which the timer would have been due by its clock, not what is left."""
    number, flags, old = signed(args[0]), signed(args[1]), args[3]
    interval_s, interval_ns, value_s, value_ns = read_words(td, args[2])
    table = timers.of(system, td.proc)
    table.reach(number)
    value = fixed(value_s, value_ns, NS, TICK * 1000, ETIMEDOUT)
    interval = fixed(interval_s, interval_ns, NS, TICK * 1000, ETIMEDOUT)
    timer = table.find(number)
    before = timer.stored()
    if not value or not flags & TIMER_ABSTIME:
        timer.set(value, interval)
    elif isinstance(timer, CpuPtimer):
        timer.set(max(1, value - system.boot_ns - system.clock), interval)
    else:
        timer.start(max(1, value - timer.zero), interval)
    if old:
        write_spec(td, old, before, NS)
    return 0


def sys_timer_gettime(system: System, td: Thread, args: Args) -> int:
    timer = timers.of(system, td.proc).find(signed(args[0]))
    write_spec(td, args[1], timer.get(), NS)
    return 0


def sys_timer_getoverrun(system: System, td: Thread, args: Args) -> int:
    timer = timers.of(system, td.proc).find(signed(args[0]))
    return min(timer.told, timers.DELAYTIMER_MAX)


SYSCALLS: dict[int, Entry] = {
    235: ("timer_create", 3, sys_timer_create),
    236: ("timer_delete", 1, sys_timer_delete),
    239: ("timer_getoverrun", 1, sys_timer_getoverrun),
    425: ("__setitimer50", 3, set_with_old_first),
    446: ("__timer_settime50", 4, sys_timer_settime),
    447: ("__timer_gettime50", 2, sys_timer_gettime),
}
