"""Whose turn it is, as programs may ask and wish: getpriority(2), rtprio(2), sched(2).

The subject of kern_resource.c and p1003_1b.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import PID_MAX, Proc, ProcState, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.width import time
from bsdproc.emulator.errno import EACCES, EFAULT, EINVAL, ESRCH, Refused
from bsdproc.emulator.freebsd import priority
from bsdproc.emulator.freebsd.cred import (
    Priv,
    has_priv,
    p_cansched,
    p_cansee,
    priv_check,
    ucred,
    visible,
)
from bsdproc.emulator.freebsd.priority import Priority
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.machine import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

PRIO_PROCESS, PRIO_PGRP, PRIO_USER = range(3)
PRIO_MIN, PRIO_MAX = -20, 20
ANY = (1 << 64) - 1
LOOKUP, SET = 0, 1
RTPRIO = struct.Struct("<HH")
INTERVAL = 79 * 10**6
"""A turn by the scheduler's count: ten ticks of stathz, in those of hz."""


def _process(system: System, td: Thread, pid: int) -> Proc:
    """The caller's for 0, or pfind."""
    return td.proc if pid == 0 else system.find_proc(pid)


# -- nice ------------------------------------------------------------------------------
def _meant(system: System, td: Thread, which: int, who: int) -> Iterator[Proc]:
    """Those of a group or a user that the caller can see."""
    if which == PRIO_PGRP:
        group = td.proc.pgrp if who == 0 else system.pgrps.get(who)
        among = list(group.members) if group is not None else []
    else:
        user = (td.proc.cred.uid if who == 0 else who) & 0xFFFFFFFF
        among = [p for p in system.procs.values() if p.cred.uid == user]
    return (p for p in among if p.state is ProcState.NORMAL and visible(system, td, p))


def sys_getpriority(system: System, td: Thread, args: Args) -> int:
    """The lowest of all that are meant."""
    which, who = signed(args[0]), signed(args[1])
    if which == PRIO_PROCESS:
        p = _process(system, td, who)
        p_cansee(system, td, p)
        return p.nice & ANY
    if which not in (PRIO_PGRP, PRIO_USER):
        raise Refused(EINVAL)
    found = [p.nice for p in _meant(system, td, which, who)]
    if not found:
        raise Refused(ESRCH)
    return min(found) & ANY


def _nice(system: System, td: Thread, p: Proc, nice: int) -> None:
    """donice."""
    p_cansched(system, td, p)
    nice = max(PRIO_MIN, min(nice, PRIO_MAX))
    if nice < p.nice and not has_priv(ucred(td.proc), Priv.SCHED_SETPRIORITY):
        raise Refused(EACCES)
    p.nice = nice


def sys_setpriority(system: System, td: Thread, args: Args) -> int:
    """Of several the last one decides whether it went well."""
    which, who, nice = (signed(arg) for arg in args[:3])
    if which == PRIO_PROCESS:
        p = _process(system, td, who)
        p_cansee(system, td, p)
        _nice(system, td, p, nice)
        return 0
    if which not in (PRIO_PGRP, PRIO_USER):
        raise Refused(EINVAL)
    refused: Refused | None = Refused(ESRCH)
    for p in _meant(system, td, which, who):
        refused = None
        try:
            _nice(system, td, p, nice)
        except Refused as e:
            refused = e
    if refused is not None:
        raise refused
    return 0


# -- rtprio --------------------------------------------------------------------------------
def _given(td: Thread, function: int, address: int) -> Priority | None:
    """What is to be set; None for what cannot be read, which is said later."""
    if function != SET:
        return None
    try:
        return Priority(*RTPRIO.unpack(space_of(td).copyin(address, RTPRIO.size)))
    except MemoryFault:
        return None


def _check(system: System, td: Thread, p: Proc, given: Priority | None) -> Priority:
    """That the caller may set it: EFAULT, EPERM."""
    p_cansched(system, td, p)
    if given is None:
        raise Refused(EFAULT)
    if given.base == priority.REALTIME:
        priv_check(td, Priv.SCHED_RTPRIO)
    if given.base == priority.IDLE and not system.settings.get(
            "security.bsd.unprivileged_idprio", 0):
        priv_check(td, Priv.SCHED_IDPRIO)
    return given


def sys_rtprio(system: System, td: Thread, args: Args) -> int:
    """Of the calling thread, or of all threads of a process that is named:
    then the best one is told, which none is that goes first in, first out."""
    function, pid = signed(args[0]), signed(args[1])
    given = _given(td, function, args[2])
    p = _process(system, td, pid)
    threads = [td] if pid == 0 else list(p.threads)
    if function == LOOKUP:
        p_cansee(system, td, p)
        found = [priority.of(thread) for thread in threads]
        if pid != 0:
            found.append(Priority(priority.IDLE, priority.LAST))
        space_of(td).copyout(args[2], RTPRIO.pack(*min(found)))
    elif function == SET:
        wanted = _check(system, td, p, given)
        for thread in threads:
            priority.give(thread, wanted)
    else:
        raise Refused(EINVAL)
    return 0


def sys_rtprio_thread(system: System, td: Thread, args: Args) -> int:
    function, tid = signed(args[0]), signed(args[1])
    given = _given(td, function, args[2])
    thread = td if tid in (0, td.tid) else system.threads.get(tid) if tid > PID_MAX else None
    if thread is None:
        raise Refused(ESRCH)
    if function == LOOKUP:
        p_cansee(system, td, thread.proc)
        space_of(td).copyout(args[2], RTPRIO.pack(*priority.of(thread)))
    elif function == SET:
        priority.give(thread, _check(system, td, thread.proc, given))
    else:
        raise Refused(EINVAL)
    return 0


# -- POSIX -----------------------------------------------------------------------------------
def _thread(system: System, td: Thread, pid: int) -> Thread:
    """The calling one for 0, or the first of a process."""
    return td if pid == 0 else system.find_proc(pid).threads[0]


def _wanted(td: Thread, address: int) -> int:
    value: int = struct.unpack("<i", space_of(td).copyin(address, 4))[0]
    return value


def sys_sched_setparam(system: System, td: Thread, args: Args) -> int:
    level, thread = _wanted(td, args[1]), _thread(system, td, signed(args[0]))
    p_cansched(system, td, thread.proc)
    priority.schedule(thread, priority.policy(thread), level)
    return 0


def sys_sched_getparam(system: System, td: Thread, args: Args) -> int:
    thread = _thread(system, td, signed(args[0]))
    p_cansee(system, td, thread.proc)
    space_of(td).copyout(args[1], struct.pack("<i", priority.parameter(thread)))
    return 0


def sys_sched_setscheduler(system: System, td: Thread, args: Args) -> int:
    level, thread = _wanted(td, args[2]), _thread(system, td, signed(args[0]))
    priv_check(td, Priv.SCHED_SET)
    p_cansched(system, td, thread.proc)
    priority.schedule(thread, signed(args[1]), level)
    return 0


def sys_sched_getscheduler(system: System, td: Thread, args: Args) -> int:
    thread = _thread(system, td, signed(args[0]))
    p_cansee(system, td, thread.proc)
    return priority.policy(thread)


def sys_sched_get_priority_max(system: System, td: Thread, args: Args) -> int:
    most = priority.MOST.get(signed(args[0]))
    if most is None:
        raise Refused(EINVAL)
    return most


def sys_sched_get_priority_min(system: System, td: Thread, args: Args) -> int:
    sys_sched_get_priority_max(system, td, args)
    return 0


def sys_sched_rr_get_interval(system: System, td: Thread, args: Args) -> int:
    p_cansee(system, td, _thread(system, td, signed(args[0])).proc)
    space_of(td).copyout(args[1], time(td).pack(0, INTERVAL))
    return 0


def sys_sched_getcpu(system: System, td: Thread, args: Args) -> int:
    """There is one."""
    return 0


SYSCALLS: dict[int, Entry] = {
    96: ("setpriority", 3, sys_setpriority),
    100: ("getpriority", 2, sys_getpriority),
    166: ("rtprio", 3, sys_rtprio),
    327: ("sched_setparam", 2, sys_sched_setparam),
    328: ("sched_getparam", 2, sys_sched_getparam),
    329: ("sched_setscheduler", 3, sys_sched_setscheduler),
    330: ("sched_getscheduler", 1, sys_sched_getscheduler),
    332: ("sched_get_priority_max", 1, sys_sched_get_priority_max),
    333: ("sched_get_priority_min", 1, sys_sched_get_priority_min),
    334: ("sched_rr_get_interval", 2, sys_sched_rr_get_interval),
    466: ("rtprio_thread", 3, sys_rtprio_thread),
    581: ("sched_getcpu", 0, sys_sched_getcpu),
}
