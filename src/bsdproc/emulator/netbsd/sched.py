"""Scheduling classes and priorities of LWPs.  The subject of NetBSD's sys_sched.c.

They are kept and told; who runs next does not depend on them here.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import P, Proc, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.errno import EINVAL, EPERM, ESRCH, Refused
from bsdproc.emulator.netbsd.cred import same_owner
from bsdproc.emulator.netbsd.state import lwp

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

NONE, OTHER, FIFO, RR = -1, 0, 1, 2
"""SCHED_NONE, SCHED_OTHER, SCHED_FIFO, SCHED_RR; PRI_NONE is -1, too."""
PRI_MIN, PRI_MAX = 0, 63
PRI_USER_RT = 128
"""Where the priorities of real-time LWPs begin."""


def set_parameters(
    system: System, td: Thread, pid: int, lid: int, policy: int, priority: int
) -> None:
    """do_sched_setparam, of every LWP of the process or of one.  Those before the one that
    may not be changed are.

    Raises:
        Refused: EINVAL, ESRCH, EPERM.
    """
    if policy == NONE and priority == NONE:
        return
    if policy not in (NONE, OTHER, FIFO, RR):
        raise Refused(EINVAL)
    if priority != NONE and not PRI_MIN <= priority <= PRI_MAX:
        raise Refused(EINVAL)
    p = system.find_proc(pid) if pid else td.proc
    if p.flag & P.SYSTEM:
        raise Refused(EPERM)
    meant = [one for one in reversed(p.threads) if not lid or one.tid == lid]
    for one in meant:
        own = lwp(one)
        wanted = own.policy if policy == NONE else policy
        if wanted == OTHER and priority != NONE:
            raise Refused(EINVAL)
        new = _kernel_priority(own.policy, own.priority, wanted, priority)
        _may_set(td, p, own.policy, own.priority, wanted, new)
        own.policy, own.priority = wanted, new
    if not meant:
        raise Refused(ESRCH)


def _kernel_priority(policy: int, now: int, wanted: int, priority: int) -> int:
    """convert_pri."""
    if priority != NONE:
        return PRI_USER_RT + priority
    if policy == wanted:
        return now
    if policy == OTHER:
        return PRI_USER_RT
    return now - PRI_USER_RT if wanted == OTHER else now


def _may_set(td: Thread, p: Proc, policy: int, now: int, wanted: int, priority: int) -> None:
    """KAUTH_PROCESS_SCHEDULER_SETPARAM: the owner may only give way."""
    if td.proc.cred.uid == 0:
        return
    rises = wanted != policy and wanted in (FIFO, RR)
    if not same_owner(td.proc.cred, p.cred) or rises or priority > now:
        raise Refused(EPERM)


def sys_setparam(system: System, td: Thread, args: Args) -> None:
    """_sched_setparam(pid, lwp, policy, parameters)."""
    (priority,) = struct.unpack("<i", space_of(td).copyin(args[3], 4))
    set_parameters(system, td, signed(args[0]), signed(args[1]), signed(args[2]), priority)


def sys_getparam(system: System, td: Thread, args: Args) -> None:
    """_sched_getparam(pid, lwp, policy, parameters): of the first LWP when none is named."""
    pid, lid = signed(args[0]), signed(args[1])
    p = system.find_proc(pid) if pid else td.proc
    one = next((t for t in reversed(p.threads) if not lid or t.tid == lid), None)
    if one is None:
        raise Refused(ESRCH)
    if td.proc.cred.uid != 0 and not same_owner(td.proc.cred, p.cred):
        raise Refused(EPERM)
    own = lwp(one)
    priority = own.priority if own.policy == OTHER else own.priority - PRI_USER_RT
    space_of(td).copyout(args[3], struct.pack("<i", priority))
    if args[2]:
        space_of(td).copyout(args[2], struct.pack("<i", own.policy))


SYSCALLS: dict[int, Entry] = {
    346: ("_sched_setparam", 4, sys_setparam),
    347: ("_sched_getparam", 4, sys_getparam),
}
