"""Clocks that are set, steered and named: clock_settime(2), adjtime(2), ntp_adjtime(2).

The subject of kern_time.c's and kern_ntptime.c's setting half.  The clock cannot be
steered: who may and asks for it is refused, with a line in the log.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow, time
from bsdproc.emulator.errno import EINVAL, ENOSYS, EOPNOTSUPP, EPERM, Refused
from bsdproc.emulator.freebsd.cred import Priv, p_cansee, priv_check, ucred
from bsdproc.emulator.freebsd.syscalls import Entry

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

CLOCK_REALTIME: Final = 0
LATEST: Final = 8000 * 365 * 24 * 60 * 60
"""Seconds: no clock is set to a time that far away."""
TIME_ERROR: Final = 5
"""The clock's state of which nobody has told the kernel the time."""
STA_UNSYNC: Final = 0x40
WHICH_PID, WHICH_TID = 0, 1
CPUCLOCK, OF_PROCESS = 0x80000000, 0x40000000
"""A clockid_t of a thread or a process: its id in the low bits."""
TIMEX: Final = (struct.Struct("<I4x4qi4x5qi4x5q"), struct.Struct("<I4ii5ii5i"))
"""struct timex: modes, offset, frequency, two errors, status, constant, precision,
tolerance, and eight of the pulse per second's."""
NTPTIMEVAL: Final = (struct.Struct("<qqqqqi4x"), struct.Struct("<iiiiii"))
"""struct ntptimeval: the time, two errors, TAI's offset, the state."""
MAXPHASE: Final = 500_000_000
FREQUENCY: Final = 500 << 16
"""The most that a clock may be off, in parts per million: NTP's MAXFREQ."""


def _set(system: System, td: Thread, now: int) -> None:
    """settime: above securelevel 1 no step but a small one."""
    level, before = ucred(td.proc).prison.securelevel, system.boot_ns + system.clock
    if level > 1 and not -10**9 <= now - before <= 10**9:
        raise Refused(EPERM)
    system.boot_ns += now - before


def sys_settimeofday(system: System, td: Thread, args: Args) -> None:
    space, form, now = space_of(td), time(td), None
    if args[0]:
        sec, usec = form.unpack(space.copyin(args[0], form.size))
        now = sec, usec
    if args[1]:
        space.copyin(args[1], 8)            # the time zone, which nobody keeps
    priv_check(td, Priv.SETTIMEOFDAY)
    if now is not None:
        sec, usec = now
        if sec < 0 or not 0 <= usec < 10**6:
            raise Refused(EINVAL)
        _set(system, td, sec * 10**9 + usec * 1000)


def sys_clock_settime(system: System, td: Thread, args: Args) -> None:
    form = time(td)
    sec, nsec = form.unpack(space_of(td).copyin(args[1], form.size))
    priv_check(td, Priv.CLOCK_SETTIME)
    if signed(args[0]) != CLOCK_REALTIME or sec < 0 or not 0 <= nsec < 10**9 or sec > LATEST:
        raise Refused(EINVAL)
    _set(system, td, sec * 10**9 + nsec // 1000 * 1000)


def _steer(system: System, td: Thread) -> Refused:
    system.note(f"process {td.proc.pid} ({td.proc.comm}): the clock cannot be steered")
    return Refused(EOPNOTSUPP)


def sys_adjtime(system: System, td: Thread, args: Args) -> None:
    """There is nothing left of an earlier adjustment."""
    form = time(td)
    if args[0]:
        delta = form.unpack(space_of(td).copyin(args[0], form.size))
        priv_check(td, Priv.ADJTIME)
        if any(delta):
            raise _steer(system, td)
    if args[1]:
        space_of(td).copyout(args[1], form.pack(0, 0))


def sys_ntp_adjtime(system: System, td: Thread, args: Args) -> int:
    """What there is to be told."""
    form = TIMEX[narrow(td)]
    given = form.unpack(space_of(td).copyin(args[0], form.size))
    if given[0]:
        priv_check(td, Priv.NTP_ADJTIME)
        raise _steer(system, td)
    space_of(td).copyout(args[0], form.pack(
        0, 0, 0, MAXPHASE // 1000, MAXPHASE // 1000, STA_UNSYNC, 0, 1, FREQUENCY,
        *(0,) * 8))
    return TIME_ERROR


def sys_ntp_gettime(system: System, td: Thread, args: Args) -> int:
    now, error = system.boot_ns + system.clock, MAXPHASE // 1000
    space_of(td).copyout(args[0], NTPTIMEVAL[narrow(td)].pack(
        now // 10**9, now % 10**9, error, error, 0, TIME_ERROR))
    return TIME_ERROR


def sys_clock_getcpuclockid2(system: System, td: Thread, args: Args) -> None:
    """A clock of a process, which has to be seen, or of a thread, which nobody looks for
    yet; 0 is the caller's own."""
    id, which = args[0], signed(args[1])
    if which == WHICH_PID:
        p = system.find_proc(signed(id)) if id else td.proc
        p_cansee(system, td, p)
        clock = CPUCLOCK | OF_PROCESS | p.pid
    elif which == WHICH_TID:
        clock = CPUCLOCK | (id or td.tid) & 0xFFFFFFFF
    else:
        raise Refused(EINVAL)
    space_of(td).copyout(args[2], struct.pack("<I", clock))


def cpu_clock(system: System, td: Thread, clock: int) -> int:
    """What such a clock shows, in nanoseconds: EINVAL where there is no such thread of
    the caller's, or no process that it sees."""
    id = clock & 0xFFFFFFFF & ~(CPUCLOCK | OF_PROCESS)
    if not clock & OF_PROCESS:
        thread = system.threads.get(id)
        if thread is None or thread.proc is not td.proc:
            raise Refused(EINVAL)
        return thread.runtime
    p = system.procs.get(id)
    if p is None or p.zombie:
        raise Refused(EINVAL)
    try:
        p_cansee(system, td, p)
    except Refused:
        raise Refused(EINVAL) from None
    return p.usage.utime + sum(t.runtime for t in p.threads)


def sys_ffclock(system: System, td: Thread, args: Args) -> None:
    """Feed-forward clocks: the kernel is built without them."""
    raise Refused(ENOSYS)


SYSCALLS: dict[int, Entry] = {
    122: ("settimeofday", 2, sys_settimeofday),
    140: ("adjtime", 2, sys_adjtime),
    176: ("ntp_adjtime", 1, sys_ntp_adjtime),
    233: ("clock_settime", 2, sys_clock_settime),
    241: ("ffclock_getcounter", 1, sys_ffclock),
    242: ("ffclock_setestimate", 1, sys_ffclock),
    243: ("ffclock_getestimate", 1, sys_ffclock),
    247: ("clock_getcpuclockid2", 3, sys_clock_getcpuclockid2),
    248: ("ntp_gettime", 1, sys_ntp_gettime),
}
