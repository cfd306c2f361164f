"""Signals, as every BSD kernel has them: queues and masks, whom one is for,
handlers' frames, kill(2).

How a signal is sent, how a tracer comes to see it and which is taken next is
each system's own.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.state import KSigInfo, P, Proc, ProcState, SigAction, Sleep, Thread
from bsdproc.emulator.errno import ECAPMODE, EINVAL, EPERM, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

FAST_BLOCKED = frozenset(range(1, s.SIG_MAX + 1)) - s.CANNOT_MASK
"""What a word of the program's own (`Thread.sigblock_value`) blocks."""
STOPPED = P.STOPPED_SIG | P.STOPPED_TRACE | P.STOPPED_SINGLE


def ignored(p: Proc, sig: int) -> bool:
    """Whether a signal is in ps_sigignore.  SIGCONT never is."""
    action = p.sigacts.actions.get(sig)
    if action is None or action.handler == s.SIG_DFL:
        return sig in s.DEFAULT_IGNORED and sig != s.SIGCONT
    return action.handler == s.SIG_IGN and sig != s.SIGCONT


def caught(p: Proc, sig: int) -> bool:
    return p.sigacts[sig].handler > s.SIG_IGN


def thread_for(system: System, p: Proc, sig: int) -> Thread:
    """sigtd: the current thread if it can, else the first that does not
    block it, else the first of all."""
    current = system.current
    if current is not None and current.proc is p and sig not in current.sigmask:
        return current
    for td in p.threads:
        if sig not in td.sigmask:
            return td
    return p.threads[0]


def pending(td: Thread) -> bool:
    """Whether ast() has a signal to look at (SIGPENDING)."""
    mask = td.sigmask | FAST_BLOCKED if td.sigblock_value else td.sigmask
    if td.proc.flag & P.PPWAIT:
        mask |= s.STOPS
    for ksi in td.sigqueue.entries:
        if ksi.signo not in mask:
            return True
    for ksi in td.proc.sigqueue.entries:        # noqa: SIM110 (a hot path)
        if ksi.signo not in mask:
            return True
    return False


def waiting_signals(td: Thread) -> list[int]:
    """The numbers that are pending and not blocked, the lowest first."""
    own, shared, mask = td.sigqueue.entries, td.proc.sigqueue.entries, td.sigmask
    if len(own) + len(shared) == 1:
        sig = (own or shared)[0].signo
        return [] if sig in mask else [sig]
    return sorted({k.signo for q in (own, shared) for k in q if k.signo not in mask})


def set_action(p: Proc, sig: int, action: SigAction) -> None:
    """sigaction: the action, and what of it is kept beside it."""
    acts = p.sigacts
    acts.actions[sig] = action
    if action.flags & s.SA_RESTART:
        acts.interrupts.discard(sig)
    else:
        acts.interrupts.add(sig)
    if sig == s.SIGCHLD:
        acts.flag_nocldstop = bool(action.flags & s.SA_NOCLDSTOP)
        acts.flag_nocldwait = bool(action.flags & s.SA_NOCLDWAIT)
        acts.flag_cldsigign = action.handler == s.SIG_IGN


def delete_everywhere(p: Proc, signals: Iterable[int]) -> None:
    """sigqueue_delete_proc."""
    numbers = tuple(signals)
    p.sigqueue.delete(*numbers)
    for td in p.threads:
        td.sigqueue.delete(*numbers)


def post(system: System, td: Thread, sig: int) -> Generator[Sleep | None, int, bool]:
    """postsig: the default action, or the handler's frame.  Whether there was
    such a signal."""
    p = td.proc
    ksi = td.sigqueue.get(sig) or p.sigqueue.get(sig)
    if ksi is None:
        return False
    action = p.sigacts[sig]
    if action.handler == s.SIG_DFL:
        td.si = ksi
        yield from system.sigexit(td, sig)
    mask = td.sigmask
    if td.oldsigmask is not None:
        mask, td.oldsigmask = td.oldsigmask, None
    if not system.machdep.sendsig(system, td, action, ksi, mask):
        # Its stack cannot take the frame.
        p.sigacts.actions[s.SIGILL] = SigAction()
        td.sigmask -= {s.SIGILL}
        yield from system.sigexit(td, s.SIGILL)
    if p.sig == sig:
        p.sig = 0
    after_delivery(td, sig, action)
    return True


def after_delivery(td: Thread, sig: int, action: SigAction) -> None:
    """postsig_done: what is blocked while the handler runs."""
    td.proc.usage.nsignals += 1
    td.sigmask |= action.mask
    if not action.flags & s.SA_NODEFER:
        td.sigmask |= {sig}
    td.sigmask -= s.CANNOT_MASK
    if action.flags & s.SA_RESETHAND:
        td.proc.sigacts.actions[sig] = action.default()


# -- kill(2) -----------------------------------------------------------------
def kill(system: System, td: Thread, pid: int, sig: int) -> None:
    """kern_kill."""
    if td.proc.cred.capmode and pid != td.proc.pid:
        raise Refused(ECAPMODE)
    if not 0 <= sig <= system.sig_max:
        raise Refused(EINVAL)
    ksi = KSigInfo(sig, s.SI_USER, pid=td.proc.pid, uid=td.proc.cred.ruid)
    if pid > 0:
        p = system.pfind_any(pid)
        system.p_cansignal(td, p, sig)
        if sig:
            system.psignal(p, ksi)
        return
    if pid == -1:
        targets = [p for p in system.procs.values() if p is not td.proc and not p.zombie]
    else:
        group = system.pgrps.get(-pid) if pid else td.proc.pgrp
        if group is None:
            raise Refused(ESRCH)
        targets = list(group.members)
    found = sent = False
    first_error = 0
    for p in targets:
        if p.pid <= 1 or p.flag & P.SYSTEM or p.state is ProcState.NEW:
            continue
        try:
            system.p_cansignal(td, p, sig)
        except Refused as e:
            found |= e.errno != ESRCH
            if first_error == 0 and e.errno not in (ESRCH, EPERM):
                first_error = e.errno
            continue
        found = sent = True
        if sig:
            system.psignal(p, KSigInfo(sig, s.SI_USER, pid=ksi.pid, uid=ksi.uid))
    if first_error:
        raise Refused(first_error)
    if not sent:
        raise Refused(EPERM if found else ESRCH)
