"""Signals on their way: sending, stopping for the tracer, taking them.

The subject of NetBSD's kern_sig.c.  A process stops as a whole; which of its
LWPs reported it, and with what siginfo, is in its `Tracing`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import kqueue
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.signals import after_delivery, delete_everywhere, thread_for
from bsdproc.emulator.bsd.state import (
    KSigInfo,
    P,
    Proc,
    ProcState,
    Run,
    SigAction,
    SigQueue,
    Sleep,
    Thread,
)
from bsdproc.emulator.errno import EINTR, ERESTART
from bsdproc.emulator.netbsd.signo import DEFAULT_IGNORED, SI_NOINFO, TRAP_SCE, TRAP_SCX
from bsdproc.emulator.netbsd.state import STATE, SYSCALL, Info, lwp, tracing

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

Work = Generator[Sleep | None, int, None]
SUSPENDED = "lwpsusp"
"""What an LWP waits for that _lwp_suspend stopped."""
Taken = tuple[int, KSigInfo]
"""A signal to act on, and what is known of it."""


def ignored(p: Proc, sig: int) -> bool:
    """Whether a signal is in ps_sigignore."""
    action = p.sigacts.actions.get(sig)
    if action is None or action.handler == s.SIG_DFL:
        return sig in DEFAULT_IGNORED and sig != s.SIGCONT
    return action.handler == s.SIG_IGN and sig != s.SIGCONT


def stops_for_tracer(p: Proc) -> bool:
    """Traced, and not in a vfork's arms whose parent is the tracer: that
    would never come to wait."""
    return bool(p.flag & P.TRACED) and not (
        p.flag & P.PPWAIT and p.parent is not None and p.oppid == p.parent.pid)


def told(p: Proc, sig: int) -> bool:
    """Whether a signal is for the tracer first: not one that PT_SET_SIGPASS names."""
    return bool(p.flag & P.TRACED) and sig not in tracing(p).sigpass


# -- sending ------------------------------------------------------------------
def put(queue: SigQueue, ksi: KSigInfo) -> None:
    """sigput: one of each number, the newest telling."""
    queue.delete(ksi.signo)
    queue.entries.append(ksi)


def send(system: System, p: Proc, td: Thread | None, ksi: KSigInfo) -> None:
    """kpsignal2: to the process, or to one LWP of it."""
    sig = ksi.signo
    if p.state is ProcState.ZOMBIE or not p.threads:
        return
    if p.kqueues:
        kqueue.signalled(system, p, sig)
    traced = told(p, sig)
    if p is system.init and not p.flag & P.STOPPED_SIG:
        _to_init(system, p, ksi, traced)
        return
    action = p.sigacts[sig]
    if not traced and ignored(p, sig):
        return
    caught = not traced and action.handler > s.SIG_IGN
    default = not caught
    if sig in s.TTY_STOPS and default and p.pgrp.orphaned and not traced:
        return
    if sig == s.SIGCONT:
        delete_everywhere(p, s.STOPS)
    elif sig in s.STOPS:
        delete_everywhere(p, (s.SIGCONT,))
    elif sig == s.SIGKILL:
        _let_go(system, p)
    queue = p.sigqueue if td is None else td.sigqueue
    receiver = thread_for(system, p, sig) if td is None else td
    put(queue, ksi)
    if p.flag & P.STOPPED_SIG:
        _to_stopped(system, p, receiver, sig, queue, default, traced)
        return
    held = sig in receiver.sigmask
    if held:
        return
    if sig in s.STOPS and default and not traced:
        if p.flag & P.WEXIT or (p.flag & P.PPWAIT and sig != s.SIGSTOP):
            return
        if system.current is not None and system.current.proc is p:
            return      # it stops itself on its way back to the program
        queue.delete(sig)
        tell(p, ksi, 0 if td is None else td.tid)
        stop_process(system, p, sig)
        return
    if sig == s.SIGCONT and default and not traced:
        queue.delete(sig)
        return
    wake(system, receiver, sig)


def _let_go(system: System, p: Proc) -> None:
    """SIGKILL finds suspended LWPs, too."""
    for td in p.threads:
        own = lwp(td)
        own.suspended = own.held = own.asleep = False
        system_hold(td)
        if td.sleep is not None and td.sleep.message == SUSPENDED:
            system.wake_thread(td)


def _to_init(system: System, p: Proc, ksi: KSigInfo, traced: bool) -> None:
    """init runs no program here: it stops for its tracer, and lets all else pass."""
    if traced:
        t = tracing(p)
        t.info, t.lwp = ksi, p.threads[0].tid
        stop_process(system, p, ksi.signo, quiet=False)


def _to_stopped(system: System, p: Proc, td: Thread, sig: int, queue: SigQueue,
                default: bool, traced: bool) -> None:
    if traced and sig != s.SIGKILL:
        return
    if sig == s.SIGKILL:
        go_on(p)
    elif sig == s.SIGCONT:
        go_on(p)
        p.flag |= P.CONTINUED
        p.xsig = s.SIGCONT
        child_news(system, p, s.CLD_CONTINUED, s.SIGCONT)
        if default:
            queue.delete(sig)
            return
    elif sig in s.STOPS:
        queue.delete(sig)
        return
    wake(system, td, sig)


def wake(system: System, td: Thread, sig: int) -> None:
    """sigpost: out of an interruptible sleep."""
    if td.run is Run.SLEEPING and td.sleep is not None and td.sleep.interruptible:
        system.wake_thread(td, EINTR if sig in td.proc.sigacts.interrupts else ERESTART)


def go_on(p: Proc) -> None:
    """proc_unstop: every LWP that is not suspended."""
    p.flag &= ~(P.STOPPED_SIG | P.WAITED)
    p.xthread = None
    for td in p.threads:
        own = lwp(td)
        own.held = False
        system_hold(td)


def system_hold(td: Thread) -> None:
    """Tell the scheduler whether the LWP may run while its process does."""
    from bsdproc.emulator.bsd.state import TDB

    own = lwp(td)
    if own.held or own.suspended or own.asleep:
        td.dbgflags |= TDB.SUSPEND
    else:
        td.dbgflags &= ~TDB.SUSPEND


# -- news for the parent --------------------------------------------------------
def child_news(system: System, p: Proc, code: int, status: int, *, quiet: bool = False) -> None:
    """child_psignal and exit_psignal: wake a waiting parent, SIGCHLD; `quiet` where
    SA_NOCLDSTOP keeps that back."""
    parent = p.parent
    if parent is None:
        return
    parent.news = True
    system.wakeup(parent)
    if (quiet and parent.sigacts.flag_nocldstop) or (
            parent.pid == 1 or (parent.driver and ignored(parent, s.SIGCHLD))):
        return
    send(system, parent, None,
         KSigInfo(s.SIGCHLD, code, pid=p.pid, uid=p.cred.uid, status=status))


def stop_process(system: System, p: Proc, sig: int, *, quiet: bool = True) -> None:
    """proc_stop: all of it stands.  A tracee's stop is never quiet."""
    p.xsig = sig
    p.flag |= P.STOPPED_SIG
    p.flag &= ~(P.WAITED | P.CONTINUED)
    child_news(system, p, s.CLD_STOPPED, sig, quiet=quiet)


# -- stops for the tracer -----------------------------------------------------------
def tell(p: Proc, ksi: KSigInfo, lid: int) -> None:
    """What PT_GET_SIGINFO says next: a signal, and whom it is for, 0 for the process."""
    t = tracing(p)
    t.info, t.lwp, t.faked = ksi, lid, False


def stop(system: System, td: Thread, ksi: KSigInfo, lid: int | None = None) -> Work:
    """sigswitch: stop, and tell of this signal, which is the LWP's if nothing else is said."""
    p = td.proc
    tell(p, ksi, td.tid if lid is None else lid)
    tracing(p).given = 0
    p.xthread = td
    stop_process(system, p, ksi.signo, quiet=False)
    yield None


def event(system: System, td: Thread, code: int, kind: int, other: int) -> Work:
    """eventswitch: a SIGTRAP that tells of a fork, an LWP or an exec."""
    p = td.proc
    if not p.flag & P.TRACED or killed(p):
        return
    yield from stop(system, td, Info(s.SIGTRAP, code, reason=STATE.pack(kind, other)))


def syscall_stop(system: System, td: Thread, code: int, number: int, args: tuple[int, ...],
                 retval: tuple[int, int] = (0, 0), error: int = 0) -> Work:
    """proc_stoptrace."""
    p = td.proc
    if not p.flag & P.TRACED or killed(p):
        return
    eight = (args + (0,) * 8)[:8]
    low = [(value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000 for value in retval]
    yield from stop(system, td, Info(
        s.SIGTRAP, code, reason=SYSCALL.pack(number, *low, error, *eight)))


def killed(p: Proc) -> bool:
    """A SIGKILL is on its way: nothing stops any more."""
    return s.SIGKILL in p.sigqueue.signals or p.exiting


def given(td: Thread) -> int:
    """sigchecktrace: the signal that the debugger let the process go on with."""
    t = tracing(td.proc)
    sig, t.given = t.given, 0
    return 0 if not td.proc.flag & P.TRACED or sig in td.sigmask else sig


# -- taking signals --------------------------------------------------------------------
def _next(td: Thread) -> tuple[SigQueue, int] | None:
    """The lowest that is pending and not blocked, the LWP's own first."""
    p = td.proc
    mask = td.sigmask | s.TTY_STOPS if p.flag & P.PPWAIT else td.sigmask
    for queue in (td.sigqueue, p.sigqueue):
        waiting = queue.signals - mask
        if waiting:
            return queue, min(waiting)
    return None


def due(td: Thread) -> bool:
    """Whether there is a signal to look at."""
    return bool((td.sigqueue.entries or td.proc.sigqueue.entries) and _next(td))


def _of_debugger(td: Thread, sig: int) -> Taken:
    """What is known of a signal that the debugger gave: what the stop told,
    or what PT_SET_SIGINFO made of it."""
    t = tracing(td.proc)
    known, faked, t.faked = t.info, t.faked, False
    if known.signo != sig or (not faked and known.code in (TRAP_SCE, TRAP_SCX)):
        return sig, KSigInfo(sig, SI_NOINFO)
    return sig, known


def issignal(system: System, td: Thread) -> Generator[Sleep | None, int, Taken | None]:
    """The signal that the LWP has to act on; stops on the way."""
    p = td.proc
    while True:
        sig = given(td)
        found: Taken | None
        if sig:
            found = _of_debugger(td, sig)
        else:
            pending = _next(td)
            if pending is None:
                return None
            queue, sig = pending
            found = (sig, queue.get(sig) or KSigInfo(sig, SI_NOINFO))
            lid = td.tid if queue is td.sigqueue else 0
            tell(p, found[1], lid)
            if ignored(p, sig) and not told(p, sig):
                continue
            if stops_for_tracer(p) and sig != s.SIGKILL and told(p, sig):
                yield from stop(system, td, found[1], lid)
                sig = given(td)
                if not sig:
                    continue
                found = _of_debugger(td, sig)
        handler = p.sigacts[sig].handler
        if handler > s.SIG_IGN:
            return found
        if handler == s.SIG_IGN or p.pid <= 1 or sig in DEFAULT_IGNORED:
            continue
        if sig in s.STOPS:
            stays = stops_for_tracer(p) and told(p, sig)
            if not stays and not (sig in s.TTY_STOPS and p.pgrp.orphaned):
                stop_process(system, p, sig)
                yield None
            continue
        return found


def interrupted(system: System, td: Thread) -> Generator[Sleep | None, int, int]:
    """sleepq_block: signals before a sleep that they end."""
    found = yield from issignal(system, td)
    if found is None:
        return 0
    lwp(td).taken = found
    return EINTR if found[0] in td.proc.sigacts.interrupts else ERESTART


def ast(system: System, td: Thread) -> Work:
    """On the way back to the program: act on every signal that is due."""
    own = lwp(td)
    while True:
        found, own.taken = own.taken, None
        if found is None:
            found = yield from issignal(system, td)
        if found is None:
            break
        yield from post(system, td, *found)
    if td.oldsigmask is not None:
        td.sigmask, td.oldsigmask = td.oldsigmask, None


def post(system: System, td: Thread, sig: int, ksi: KSigInfo) -> Work:
    """postsig: the default action, or the handler's frame."""
    p = td.proc
    action = p.sigacts[sig]
    if action.handler == s.SIG_DFL:
        yield from system.sigexit(td, sig)
    mask = td.sigmask
    if td.oldsigmask is not None:
        mask, td.oldsigmask = td.oldsigmask, None
    if not system.machdep.sendsig(system, td, action, ksi, mask):
        yield from system.sigexit(td, s.SIGILL)
    after_delivery(td, sig, action)


# -- traps --------------------------------------------------------------------------------
def trap(system: System, td: Thread, ksi: KSigInfo) -> bool:
    """trapsignal: a traced process stops at once, masked or not, passed on or not."""
    p, sig = td.proc, ksi.signo
    if stops_for_tracer(p) and not killed(p):
        td.kernel = _trapped(system, td, ksi)
        return False
    action = p.sigacts[sig]
    if action.handler > s.SIG_IGN and sig not in td.sigmask:
        if system.machdep.sendsig(system, td, action, ksi, td.sigmask):
            after_delivery(td, sig, action)
        else:
            td.kernel = system.sigexit(td, s.SIGILL)
        return False
    if sig in td.sigmask or action.handler == s.SIG_IGN:
        td.sigmask -= {sig}
        p.sigacts.actions[sig] = SigAction(s.SIG_DFL, action.flags, action.mask)
    put(td.sigqueue, ksi)
    return False


def _trapped(system: System, td: Thread, ksi: KSigInfo) -> Work:
    yield from stop(system, td, ksi)
    yield from ast(system, td)
