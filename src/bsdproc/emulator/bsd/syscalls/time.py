"""Time, limits and what a process used."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import limits, rusage
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import Sleep, Thread, Usage
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow, time
from bsdproc.emulator.errno import EINTR, EINVAL, ERESTART, EWOULDBLOCK, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

REALTIME_CLOCKS = frozenset({0, 9, 10, 13})
MONOTONIC_CLOCKS = frozenset({4, 5, 7, 8, 11, 12})
THREAD_CPUTIME, PROCESS_CPUTIME = 14, 15
TIMER_ABSTIME = 1
RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD = 0, -1, 1


def _now(system: System, td: Thread, clock: int) -> int:
    if clock in REALTIME_CLOCKS:
        return system.boot_ns + system.clock
    if clock in MONOTONIC_CLOCKS:
        return system.clock
    if clock == THREAD_CPUTIME:
        return td.runtime
    if clock in (1, 2, PROCESS_CPUTIME):
        return td.proc.usage.utime + sum(t.runtime for t in td.proc.threads)
    if clock < 0:
        return system.cpu_clock(td, clock)
    raise Refused(EINVAL)


def sys_clock_gettime(system: System, td: Thread, args: Args) -> int:
    now = _now(system, td, signed(args[0]))
    space_of(td).copyout(args[1], time(td).pack(now // 10**9, now % 10**9))
    return 0


def sys_clock_getres(system: System, td: Thread, args: Args) -> int:
    _now(system, td, signed(args[0]))
    if args[1]:
        space_of(td).copyout(args[1], time(td).pack(0, 10))
    return 0


def sys_gettimeofday(system: System, td: Thread, args: Args) -> int:
    now = _now(system, td, 0)
    if args[0]:
        space_of(td).copyout(args[0], time(td).pack(now // 10**9, now % 10**9 // 1000))
    if args[1]:
        space_of(td).copyout(args[1], bytes(8))
    return 0


def _nap(system: System, td: Thread, end: int, left_at: int) -> Work:
    """Sleep up to a time of the system's clock; what is left goes to `left_at`."""
    if end <= system.clock:
        return 0
    error = yield Sleep(("nanslp", td), "nanslp", end)
    if error in (0, EWOULDBLOCK):
        return 0
    if left_at:
        left = max(0, end - system.clock)
        space_of(td).copyout(left_at, time(td).pack(left // 10**9, left % 10**9))
    raise Refused(EINTR if error == ERESTART else error)


def _timespec(td: Thread, address: int) -> int:
    form = time(td)
    sec, nsec = form.unpack(space_of(td).copyin(address, form.size))
    if not 0 <= nsec < 10**9:
        raise Refused(EINVAL)
    return int(sec) * 10**9 + int(nsec)


def deadline_at(system: System, td: Thread, address: int) -> int | None:
    """The end of a wait by a struct timespec that counts from now; None without one.
    EINVAL for a time before now."""
    if not address:
        return None
    form = time(td)
    sec, nsec = form.unpack(space_of(td).copyin(address, form.size))
    if sec < 0 or not 0 <= nsec < 10**9:
        raise Refused(EINVAL)
    return system.clock + int(sec) * 10**9 + int(nsec)


def sys_nanosleep(system: System, td: Thread, args: Args) -> Work:
    wait = _timespec(td, args[0])
    return (yield from _nap(system, td, system.clock + wait, args[1]))


def sys_clock_nanosleep(system: System, td: Thread, args: Args) -> Work:
    clock, flags = signed(args[0]), signed(args[1])
    wait = _timespec(td, args[2])
    if flags & TIMER_ABSTIME:
        wait -= _now(system, td, clock)
    else:
        _now(system, td, clock)
    try:
        yield from _nap(system, td, system.clock + wait,
                        0 if flags & TIMER_ABSTIME else args[3])
    except Refused as e:
        return e.errno
    return 0


def sys_getrlimit(system: System, td: Thread, args: Args) -> int:
    which = signed(args[0])
    if not 0 <= which < limits.NLIMITS:
        raise Refused(EINVAL)
    space_of(td).copyout(args[1], struct.pack("<qq", *limits.limit(td.proc, which)))
    return 0


def sys_setrlimit(system: System, td: Thread, args: Args) -> int:
    soft, hard = struct.unpack("<qq", space_of(td).copyin(args[1], 16))
    limits.kern_proc_setrlimit(system, td, td.proc, signed(args[0]), (soft, hard))
    return 0


def sys_getrusage(system: System, td: Thread, args: Args) -> int:
    who, usage = signed(args[0]), Usage()
    if who == RUSAGE_SELF:
        usage.add(td.proc.usage)
        usage.utime += sum(t.runtime for t in td.proc.threads)
    elif who == RUSAGE_CHILDREN:
        usage.add(td.proc.child_usage)
    elif who == RUSAGE_THREAD:
        usage.utime = td.runtime
    else:
        raise Refused(EINVAL)
    space_of(td).copyout(args[1], rusage.rusage(usage, narrow(td)))
    return 0


CALLS: dict[str, Entry] = {
    "gettimeofday": ("gettimeofday", 2, sys_gettimeofday),
    "getrusage": ("getrusage", 2, sys_getrusage),
    "getrlimit": ("getrlimit", 2, sys_getrlimit),
    "setrlimit": ("setrlimit", 2, sys_setrlimit),
    "clock_gettime": ("clock_gettime", 2, sys_clock_gettime),
    "clock_getres": ("clock_getres", 2, sys_clock_getres),
    "nanosleep": ("nanosleep", 2, sys_nanosleep),
    "clock_nanosleep": ("clock_nanosleep", 4, sys_clock_nanosleep),
}
