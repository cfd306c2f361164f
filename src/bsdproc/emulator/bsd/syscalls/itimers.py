"""setitimer(2) and getitimer(2), and how times of timers are read and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import itimers
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.itimers import Spec
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, space_of
from bsdproc.emulator.bsd.syscalls.width import time
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

US, NS = 1000, 1
"""Nanoseconds of a struct timeval's and a struct timespec's fraction."""
TICK: Final = 10_000
"""Microseconds between two ticks of a clock at 100 Hz, shorter than which no timer is."""
Words = tuple[int, int, int, int]
"""Seconds and fraction, of the interval and of the value."""


def read_words(td: Thread, address: int) -> Words:
    form = time(td)
    data = space_of(td).copyin(address, 2 * form.size)
    first, second = form.unpack_from(data), form.unpack_from(data, form.size)
    return first[0], first[1], second[0], second[1]


def write_spec(td: Thread, address: int, spec: Spec, unit: int) -> None:
    data = b"".join(time(td).pack(ns // 10**9, ns % 10**9 // unit) for ns in spec)
    space_of(td).copyout(address, data)


def fixed(seconds: int, part: int, unit: int, least: int, negative: int = EINVAL) -> int:
    """itimerfix and itimespecfix: nanoseconds; EINVAL, and `negative` for a time before now."""
    if not 0 <= part < 10**9 // unit:
        raise Refused(EINVAL)
    if seconds < 0:
        raise Refused(negative)
    if seconds == 0 and 0 < part < least:
        part = least
    return seconds * 10**9 + part * unit


def sys_getitimer(system: System, td: Thread, args: Args) -> int:
    write_spec(td, args[1], itimers.of(system, td.proc).kind(args[0]).get(), US)
    return 0


def set_with_old_first(system: System, td: Thread, args: Args) -> int:
    """The old value is told before the new one is looked at."""
    which, new, old = args[:3]
    words = read_words(td, new) if new else None
    if old:
        sys_getitimer(system, td, (which, old))
    if words is None:
        return 0
    timers = itimers.of(system, td.proc)
    timers.kind(which)
    interval_s, interval_us, value_s, value_us = words
    value, interval = fixed(value_s, value_us, US, TICK), 0
    if value or timers.keeps_interval:
        interval = fixed(interval_s, interval_us, US, TICK)
    timers.set(which, value, interval)
    return 0


CALLS: dict[str, Entry] = {
    "getitimer": ("getitimer", 2, sys_getitimer),
}
