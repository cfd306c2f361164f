"""ptrace(2), request by request.  The subject of NetBSD 10's sys_ptrace_common.c.

The target is found and seen first; whether the request may be made at all,
traced, by its tracer and stopped comes next, the credentials' say after that.
What is copied in is copied when the request looks at it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import proctree
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.state import KSigInfo, P, Proc, Thread
from bsdproc.emulator.caller import UserMemory
from bsdproc.emulator.errno import (
    EBUSY,
    EDEADLK,
    EINVAL,
    EPERM,
    ESRCH,
    Refused,
)
from bsdproc.emulator.netbsd import cred, inside
from bsdproc.emulator.netbsd.amd64.signal import members, sigset
from bsdproc.emulator.netbsd.request import (
    PT_ATTACH,
    PT_CLEARSTEP,
    PT_CONTINUE,
    PT_DETACH,
    PT_DUMPCORE,
    PT_GET_EVENT_MASK,
    PT_GET_PROCESS_STATE,
    PT_GET_SIGINFO,
    PT_GET_SIGPASS,
    PT_GETREGS,
    PT_GETXSTATE,
    PT_IO,
    PT_KILL,
    PT_LWPINFO,
    PT_LWPNEXT,
    PT_LWPSTATUS,
    PT_READ_D,
    PT_READ_I,
    PT_RESUME,
    PT_SET_EVENT_MASK,
    PT_SET_SIGINFO,
    PT_SET_SIGPASS,
    PT_SETDBREGS,
    PT_SETSTEP,
    PT_SETXSTATE,
    PT_STEP,
    PT_STOP,
    PT_SUSPEND,
    PT_SYSCALL,
    PT_SYSCALLEMU,
    PT_TRACE_ME,
    PT_WRITE_D,
    PT_WRITE_I,
    Argument,
    Call,
    number,
)
from bsdproc.emulator.netbsd.signals import child_news, go_on, system_hold
from bsdproc.emulator.netbsd.signo import NSIG, SI_USER, TRAP_CHLD, TRAP_LWP
from bsdproc.emulator.netbsd.state import (
    HEAD,
    INFO_SIZE,
    STATE,
    Info,
    lwp,
    pack_info,
    tracing,
    unpack_info,
)

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

REGISTERS = frozenset(range(PT_GETREGS, PT_SETDBREGS + 1)) | {PT_GETXSTATE, PT_SETXSTATE}
LOOK_INSIDE = frozenset({
    PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D, PT_IO, PT_SET_SIGINFO, PT_GET_SIGINFO,
    *REGISTERS})
"""Not for a chrooted tracer whose root is not above the tracee's."""
RUNNING_TOO = frozenset({PT_KILL, PT_STOP})
"""The tracee need not be stopped."""
OWNERS = frozenset({
    PT_TRACE_ME, PT_ATTACH, PT_SET_EVENT_MASK, PT_GET_EVENT_MASK, PT_GET_PROCESS_STATE,
    *LOOK_INSIDE})
"""For the process's own user, or root; the others are for every tracer."""

PL_EVENT_NONE, PL_EVENT_SIGNAL, PL_EVENT_SUSPENDED = 0, 1, 2
EVENTS = 0x3F
LWPINFO = struct.Struct("<ii")
LWPSTATUS = struct.Struct("<i16s16s20sQ")
INT_MIN = -(1 << 31)
SIGINFO_SIZE, PSI_SIZE = 128, 136
"""siginfo_t, and struct ptrace_siginfo with the LWP behind it."""


# -- who may ask what of whom ---------------------------------------------------
def _find(system: System, td: Thread, request: int, pid: int) -> Proc:
    """ptrace_find."""
    if request == PT_TRACE_ME:
        return td.proc
    p = system.find_proc(pid) if pid != 0 else system.kernel_proc
    cred.cansee(system, td, p)
    return p


def _allowed(system: System, td: Thread, request: int, p: Proc) -> None:
    """ptrace_allowed."""
    me = td.proc
    if p.exiting or p.flag & P.INEXEC:
        raise Refused(EBUSY)
    if request == PT_TRACE_ME:
        if me.parent is system.init or me is system.init:
            raise Refused(EPERM)
        if p.flag & P.TRACED:
            raise Refused(EBUSY)
    elif request == PT_ATTACH:
        if p is me:
            raise Refused(EINVAL)
        if p is system.kernel_proc or me is system.init:
            raise Refused(EPERM)
        if p.flag & P.TRACED:
            raise Refused(EBUSY)
        if (me.flag & P.PPWAIT and me.parent is p) or not cred.is_under(p, td):
            raise Refused(EPERM)
    else:
        if request in LOOK_INSIDE and not cred.is_under(p, td):
            raise Refused(EPERM)
        if request not in HANDLERS:
            raise Refused(EINVAL)
        if not p.flag & P.TRACED:
            raise Refused(EPERM)
        if p.parent is not me:
            raise Refused(EBUSY)
        if request not in RUNNING_TOO and not (
                p.flag & P.STOPPED_SIG and p.flag & P.WAITED):
            raise Refused(EBUSY)


def trace_me(system: System, td: Thread) -> None:
    """PT_TRACE_ME, which passes nothing."""
    _allowed(system, td, PT_TRACE_ME, td.proc)
    cred.may_trace(system, td, td.proc, restricted=True, dbregs=False)
    td.proc.flag |= P.TRACED


def ptrace(system: System, td: Thread, request: int, pid: int, addr: Argument, data: int,
           mem: UserMemory) -> int:
    """sys_ptrace: the result."""
    p = _find(system, td, request, pid)
    _allowed(system, td, request, p)
    cred.may_trace(system, td, p, restricted=request in OWNERS, dbregs=request == PT_SETDBREGS)
    return HANDLERS[request](Call(system, td, p, request, addr, data, mem))


# -- beginning and end -------------------------------------------------------------
def _trace_me(c: Call) -> int:
    c.p.flag |= P.TRACED
    return 0


def _attach(c: Call) -> int:
    c.p.flag |= P.TRACED
    c.system.proc_reparent(c.p, c.td.proc)
    return _send_signal(c, s.SIGSTOP)


def _send_signal(c: Call, sig: int) -> int:
    """ptrace_sendsig."""
    p = c.p
    if p.flag & P.STOPPED_SIG:
        return _go(c, sig, alone=None)
    tracing(p).faked = False
    c.system.psignal(p, KSigInfo(
        sig, SI_USER, pid=c.td.proc.pid, uid=c.td.proc.cred.uid))
    return 0


def _kill(c: Call) -> int:
    return _send_signal(c, s.SIGKILL)


def _stop(c: Call) -> int:
    return _send_signal(c, s.SIGSTOP)


def _detach(p: Proc, system: System) -> None:
    """The event mask stays for the next tracer."""
    p.flag &= ~P.TRACED
    t = tracing(p)
    t.syscalls = False
    t.sigpass = frozenset()
    if p.parent is not None and p.oppid != p.parent.pid:
        system.proc_reparent(p, system.proc_realparent(p))
    proctree.clear_orphan(system, p)
    for td in p.threads:
        lwp(td).step = False


# -- going on -----------------------------------------------------------------------
def _resume(c: Call) -> int:
    p, request, data = c.p, c.request, c.data
    t = tracing(p)
    t.syscalls = request == PT_SYSCALL
    sig, alone = 0, None
    if data < 0 or (request == PT_STEP and data > 0):
        if request == PT_DETACH and data != INT_MIN:
            raise Refused(EINVAL)
        found = c.find(abs(data))
        if found is None:
            raise Refused(ESRCH)
        c.td2 = alone = found
    elif request != PT_STEP:
        sig = data
    if not 0 <= sig < NSIG:
        raise Refused(EINVAL)
    if alone is not None or request == PT_STEP:
        stuck = _stands(c.td2)
    else:
        stuck = all(_stands(td) for td in p.threads)
    if stuck:
        raise Refused(EDEADLK)
    where = number(c.addr)
    if where == 0:
        raise Refused(EINVAL)
    if where != 1:
        c.has_program()
        c.system.machdep.set_pc(c.td2, where)
    for td in p.threads:
        td.step = lwp(td).step or (request == PT_STEP and td is c.td2)
    if request == PT_DETACH:
        _detach(p, c.system)
    return _go(c, sig, alone=alone)


def _stands(td: Thread) -> bool:
    """Suspended by PT_SUSPEND or _lwp_suspend(2)."""
    return lwp(td).suspended or lwp(td).asleep


def _go(c: Call, sig: int, *, alone: Thread | None) -> int:
    """To the stopped: a stop signal is reported at once, others go with it, but for
    a process that is traced no more, whose LWPs look for none."""
    p = c.p
    tracing(p).given = 0
    if sig in s.STOPS:
        p.xsig = sig
        tracing(p).given = sig
        p.flag &= ~P.WAITED
        child_news(c.system, p, s.CLD_TRAPPED if p.traced else s.CLD_STOPPED, sig)
        return 0
    takes = p.xthread if p.xthread in p.threads else None
    go_on(p)
    if alone is not None:
        takes = alone
        for td in p.threads:
            lwp(td).held = td is not alone
            system_hold(td)
    if not p.flag & P.TRACED:
        return 0
    if sig == s.SIGKILL:
        c.system.psignal(p, KSigInfo(sig, SI_USER, pid=c.td.proc.pid, uid=c.td.proc.cred.uid))
    elif sig:
        tracing(p).given = sig
        if takes is None or takes.kernel is None:
            _have_taken(c.system, takes or p.threads[-1])
    return 0


def _have_taken(system: System, td: Thread) -> None:
    """An LWP that was not in the kernel looks for signals before it runs on."""
    if td.kernel is None:
        td.kernel = system.ast(td)


def _set_step(c: Call) -> int:
    c.choose(c.data)
    lwp(c.td2).step = c.request == PT_SETSTEP
    return 0


def _suspend(c: Call) -> int:
    c.choose(c.data)
    lwp(c.td2).suspended = c.request == PT_SUSPEND
    system_hold(c.td2)
    return 0


def _syscallemu(c: Call) -> int:
    t = tracing(c.p)
    if not t.syscalls:
        raise Refused(EINVAL)
    t.emulate = True
    return 0


# -- events, signals ------------------------------------------------------------------
def _get_event_mask(c: Call) -> int:
    if c.data != 4:
        raise Refused(EINVAL)
    c.copyout(tracing(c.p).events.to_bytes(4, "little"))
    return 0


def _set_event_mask(c: Call) -> int:
    if c.data != 4:
        raise Refused(EINVAL)
    tracing(c.p).events = int.from_bytes(c.copyin(4), "little") & EVENTS
    return 0


def _get_process_state(c: Call) -> int:
    if c.data != STATE.size:
        raise Refused(EINVAL)
    info = tracing(c.p).info
    kind = other = 0
    if isinstance(info, Info) and info.signo == s.SIGTRAP and info.code in (TRAP_CHLD, TRAP_LWP):
        kind, other = STATE.unpack_from(info.reason)
    c.copyout(STATE.pack(kind, other))
    return 0


def _get_siginfo(c: Call) -> int:
    if c.data != PSI_SIZE:
        raise Refused(EINVAL)
    t = tracing(c.p)
    c.copyout(pack_info(t.info).ljust(SIGINFO_SIZE, b"\0") + struct.pack("<i4x", t.lwp))
    return 0


def _set_siginfo(c: Call) -> int:
    if c.data != PSI_SIZE:
        raise Refused(EINVAL)
    data = c.copyin(PSI_SIZE)
    signo, _, _ = HEAD.unpack_from(data)
    if not 0 <= signo < NSIG:
        raise Refused(EINVAL)
    (lid,) = struct.unpack_from("<i", data, SIGINFO_SIZE)
    t = tracing(c.p)
    t.info, t.lwp, t.faked = unpack_info(data[:INFO_SIZE]), lid, True
    return 0


def _get_sigpass(c: Call) -> int:
    if not 0 < c.data <= 16:
        raise Refused(EINVAL)
    c.copyout(sigset(tracing(c.p).sigpass)[: c.data])
    return 0


def _set_sigpass(c: Call) -> int:
    """SIGSTOP is always reported, and SIGKILL never is."""
    if not 0 < c.data <= 16:
        raise Refused(EINVAL)
    tracing(c.p).sigpass = members(c.copyin(c.data).ljust(16, b"\0")) - s.CANNOT_MASK
    return 0


# -- LWPs ---------------------------------------------------------------------------------
def _after(c: Call, lid: int) -> Thread | None:
    """The next LWP, from the newest on; ESRCH for one that there is not."""
    newest_first = list(reversed(c.p.threads))
    if lid == 0:
        return newest_first[0]
    for i, td in enumerate(newest_first):
        if td.tid == lid:
            return newest_first[i + 1] if i + 1 < len(newest_first) else None
    raise Refused(ESRCH)


def _lwpinfo(c: Call) -> int:
    if c.data != LWPINFO.size:
        raise Refused(EINVAL)
    lid, _ = LWPINFO.unpack(c.copyin(LWPINFO.size))
    td = _after(c, lid)
    event, t = PL_EVENT_NONE, tracing(c.p)
    if td is not None:
        if lwp(td).asleep:
            event = PL_EVENT_SUSPENDED      # by _lwp_suspend(2): PT_SUSPEND's are not told
        elif t.lwp == td.tid or (t.lwp == 0 and t.info.signo):
            event = PL_EVENT_SIGNAL
    c.copyout(LWPINFO.pack(td.tid if td is not None else 0, event))
    return 0


def _lwpstatus(c: Call) -> int:
    """PT_LWPSTATUS of an LWP, PT_LWPNEXT of the one behind it."""
    if not 4 <= c.data <= LWPSTATUS.size:
        raise Refused(EINVAL)
    (lid,) = struct.unpack("<i", c.copyin(4))
    if c.request == PT_LWPNEXT:
        found = _after(c, lid)
    else:
        c.choose(lid)
        found = c.td2
    if found is None:
        status = bytes(LWPSTATUS.size)
    else:
        own = lwp(found)
        status = LWPSTATUS.pack(
            found.tid, sigset(found.sigqueue.signals), sigset(found.sigmask),
            own.named.encode()[:19], own.private)
    c.copyout(status[: c.data])
    return 0


HANDLERS: dict[int, Callable[[Call], int]] = {
    PT_TRACE_ME: _trace_me, PT_ATTACH: _attach, PT_KILL: _kill, PT_STOP: _stop,
    **dict.fromkeys((PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D), inside.word),
    **dict.fromkeys((PT_CONTINUE, PT_STEP, PT_SYSCALL, PT_DETACH), _resume),
    **dict.fromkeys((PT_SETSTEP, PT_CLEARSTEP), _set_step),
    **dict.fromkeys((PT_SUSPEND, PT_RESUME), _suspend),
    **dict.fromkeys((PT_LWPSTATUS, PT_LWPNEXT), _lwpstatus),
    **dict.fromkeys(range(PT_GETREGS, PT_SETDBREGS + 1), inside.registers),
    **dict.fromkeys((PT_GETXSTATE, PT_SETXSTATE), inside.extended),
    PT_IO: inside.io, PT_DUMPCORE: inside.dump_core, PT_LWPINFO: _lwpinfo,
    PT_SYSCALLEMU: _syscallemu,
    PT_GET_EVENT_MASK: _get_event_mask, PT_SET_EVENT_MASK: _set_event_mask,
    PT_GET_PROCESS_STATE: _get_process_state, PT_GET_SIGINFO: _get_siginfo,
    PT_SET_SIGINFO: _set_siginfo, PT_GET_SIGPASS: _get_sigpass, PT_SET_SIGPASS: _set_sigpass,
}
