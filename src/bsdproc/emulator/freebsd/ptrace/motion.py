"""Tracing begins and ends; a tracee goes on, or parts of it do."""

from __future__ import annotations

from bsdproc.emulator.bsd import proctree
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.signo import SIG_MAX
from bsdproc.emulator.bsd.state import P2, TDB, KSigInfo, P
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd import entry
from bsdproc.emulator.freebsd.fork import set_traced
from bsdproc.emulator.freebsd.ptrace import numbers as n
from bsdproc.emulator.freebsd.ptrace.call import Call, number
from bsdproc.emulator.freebsd.ptrace.numbers import PT_STEP


# -- beginning and end ---------------------------------------------------------
def trace_me(c: Call) -> int:
    set_traced(c.p, stop=False)
    if c.p.flag & P.PPWAIT:
        c.p.flag |= P.PPTRACE
    return 0


def attach(c: Call) -> int:
    set_traced(c.p, stop=True)
    c.system.proc_reparent(c.p, c.td.proc)
    if c.p.flag & P.STOPPED_SIG:
        c.p.flag &= ~(P.STOPPED_SIG | P.WAITED)
    c.system.psignal(c.p, KSigInfo(s.SIGSTOP))
    return 0


def _detach(c: Call) -> None:
    p = c.p
    p.flag &= ~(P.TRACED | P.WAITED)
    if p.parent is not None and p.oppid != p.parent.pid:
        real = c.system.proc_realparent(p)
        c.system.proc_reparent(p, real)
        if real is c.system.init:
            p.sigparent = s.SIGCHLD
    proctree.clear_orphan(c.system, p)
    p.ptevents = 0
    for td in p.threads:
        if td.dbgflags & TDB.FSTP:
            td.sigqueue.delete(s.SIGSTOP)
        td.dbgflags &= ~(TDB.XSIG | TDB.FSTP | TDB.SUSPEND)
    if p.flag2 & P2.PTRACE_FSTP:
        p.sigqueue.delete(s.SIGSTOP)
        p.flag2 &= ~P2.PTRACE_FSTP


# -- going on ------------------------------------------------------------------
_EXIT, _NOT_XSIG = TDB.EXIT, ~TDB.XSIG
_NOT_STOPPED = ~(P.STOPPED_TRACE | P.STOPPED_SIG | P.WAITED)
MASK_BITS = {n.PT_TO_SCE: entry.PTRACE_SCE, n.PT_TO_SCX: entry.PTRACE_SCX,
             n.PT_SYSCALL: entry.PTRACE_SCE | entry.PTRACE_SCX, n.PT_CONTINUE: 0}


def resume(c: Call) -> int:
    request, data = c.request, c.data
    if not 0 <= data <= SIG_MAX:
        raise Refused(EINVAL)
    if request == PT_STEP:
        c.system.machdep.single_step(c.td2)
    elif request == n.PT_DETACH:
        _detach(c)
    else:
        if c.addr != 1:
            c.system.machdep.set_pc(c.td2, number(c.addr) & 0xFFFFFFFFFFFFFFFF)
        c.p.ptevents |= MASK_BITS[request]
    return _go(c, data)


def kill(c: Call) -> int:
    return _go(c, s.SIGKILL)


def _go(c: Call, sig: int) -> int:
    p = c.p
    reporter = p.xthread
    if reporter is not None:
        reporter.dbgflags &= _NOT_XSIG
        if reporter.dbgflags & _EXIT:
            # Nothing holds it in the kernel any more: it is gone when another one stops.
            c.system.run_first([reporter])
            if p.flag & P.SINGLE_EXIT:
                # They have stood on their way out, too; what is suspended goes unreported.
                for td in p.threads:
                    td.dbgflags |= _EXIT if td.dbgflags & TDB.SUSPEND else 0
        reporter.xsig = sig
        p.xthread = None
    p.xsig = sig
    if sig == s.SIGKILL:
        p.flag |= P.WKILLED
    p.flag &= _NOT_STOPPED
    return 0


def setstep(c: Call) -> int:
    c.system.machdep.single_step(c.td2)
    return 0


def clearstep(c: Call) -> int:
    c.system.machdep.clear_single_step(c.td2)
    return 0


def suspend(c: Call) -> int:
    c.td2.dbgflags |= TDB.SUSPEND
    return 0


def unsuspend(c: Call) -> int:
    c.td2.dbgflags &= ~TDB.SUSPEND
    return 0
