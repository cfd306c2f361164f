"""Signals on their way: sending, stopping for the tracer, delivering.

The subject of FreeBSD's kern_sig.c.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bsdproc.emulator.errno import ECAPMODE, EINTR, EINVAL, EPERM, ERESTART, ESRCH, Refused
from bsdproc.emulator.freebsd import fastblock
from bsdproc.emulator.freebsd import signo as s
from bsdproc.emulator.freebsd.state import (
    P2,
    TDB,
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

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

FAST_BLOCKED = frozenset(range(1, s.SIG_MAX + 1)) - s.CANNOT_MASK
"""What a word (sigfastblock) blocks: fastblock_mask."""
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


def delete_everywhere(p: Proc, signals: Iterable[int]) -> None:
    """sigqueue_delete_proc."""
    numbers = tuple(signals)
    p.sigqueue.delete(*numbers)
    for td in p.threads:
        td.sigqueue.delete(*numbers)


def psignal(system: System, p: Proc, ksi: KSigInfo) -> None:
    """kern_psignal, pksignal: to the process."""
    tdsendsignal(system, p, None, ksi)


def tdsendsignal(system: System, p: Proc, td: Thread | None, ksi: KSigInfo) -> None:
    """To the process, or to one thread of it."""
    sig = ksi.signo
    if p.state is ProcState.ZOMBIE or not p.threads:
        return
    for kqueue in p.kqueues:
        kqueue.signalled(system, p, sig)
    queue: SigQueue
    if td is None:
        td, queue = thread_for(system, p, sig), p.sigqueue
    else:
        queue = td.sigqueue
    if ignored(p, sig):
        return
    action = p.sigacts[sig]
    caught_ = action.handler > s.SIG_IGN
    interrupt = EINTR if sig in p.sigacts.interrupts else ERESTART
    held = sig in td.sigmask
    default = not held and not caught_

    if sig == s.SIGCONT:
        delete_everywhere(p, s.STOPS)
    elif sig in s.STOPS:
        if sig in s.TTY_STOPS and default and p.pgrp.orphaned:
            return
        delete_everywhere(p, (s.SIGCONT,))
        p.flag &= ~P.CONTINUED

    queue.add(ksi)
    if held and not (sig == s.SIGCONT and p.flag & P.STOPPED_SIG):
        return
    if p.flag & STOPPED:
        _to_stopped(system, p, td, sig, queue, default, interrupt)
    elif p.flag & P.TRACED or not default:
        _wake(system, td, sig, default, interrupt)
    elif sig in s.STOPS:
        if p.flag & (P.PPWAIT | P.WEXIT):
            return
        if system.current is not None and system.current.proc is p:
            return  # it stops itself on its way back to the program
        p.flag |= P.STOPPED_SIG
        p.xsig = sig
        thread_stopped(system, p)
        delete_everywhere(p, (sig,))
    else:
        _wake(system, td, sig, default, interrupt)


def _to_stopped(system: System, p: Proc, td: Thread, sig: int, queue: SigQueue,
                default: bool, interrupt: int) -> None:
    if sig == s.SIGKILL:
        if p.flag & P.TRACED:
            return
        p.flag &= ~P.STOPPED_SIG
    elif sig == s.SIGCONT:
        if p.flag & P.TRACED:
            return
        p.flag &= ~P.STOPPED_SIG
        p.flag |= P.CONTINUED
        p.xsig = s.SIGCONT
        child_news(system, p, s.CLD_CONTINUED, s.SIGCONT)
        if not caught(p, sig):
            if default:
                queue.delete(sig)
            return
    elif sig in s.STOPS:
        if not p.flag & P.TRACED:
            p.flag |= P.STOPPED_SIG
            queue.delete(sig)
        return
    elif td.run is Run.SLEEPING and td.sleep is not None and td.sleep.interruptible:
        system.wake_thread(td, interrupt)
        return
    else:
        return
    _wake(system, td, sig, default, interrupt)


def _wake(system: System, td: Thread, sig: int, default: bool, interrupt: int) -> None:
    """tdsigwakeup: knock the thread out of an interruptible sleep."""
    if td.run is not Run.SLEEPING or td.sleep is None or not td.sleep.interruptible:
        return
    if sig == s.SIGCONT and default:
        td.proc.sigqueue.delete(sig)
        td.sigqueue.delete(sig)
        return
    system.wake_thread(td, interrupt)


# -- news for the parent -----------------------------------------------------
def child_news(system: System, p: Proc, code: int, status: int) -> None:
    """childproc_jobstate and childproc_exited: wake a waiting parent, SIGCHLD."""
    parent = p.parent
    if parent is None:
        return
    parent.news = True
    system.wakeup(parent)
    if code in (s.CLD_TRAPPED, s.CLD_STOPPED, s.CLD_CONTINUED):
        parent.flag |= P.STATCHILD
        if parent.sigacts.flag_nocldstop:
            return
    if parent.pid == 1:
        return
    if parent.driver and ignored(parent, s.SIGCHLD):
        return
    ksi = p.ksi
    if ksi is not None and ksi in parent.sigqueue.entries:
        # It is on its way already: only what it tells is new.
        ksi.code, ksi.uid, ksi.status = code, p.cred.ruid, status
        return
    p.ksi = KSigInfo(s.SIGCHLD, code, pid=p.pid, uid=p.cred.ruid, status=status)
    psignal(system, parent, p.ksi)


def thread_stopped(system: System, p: Proc) -> None:
    """Every thread stands: tell the parent."""
    if p.flag & P.STOPPED_SIG:
        p.flag &= ~P.WAITED
        child_news(system, p, s.CLD_TRAPPED if p.traced else s.CLD_STOPPED, p.xsig)


# -- the stop for the tracer -------------------------------------------------
def ptracestop(system: System, td: Thread, sig: int, ksi: KSigInfo | None = None, *,
               stood: bool = False) -> Generator[Sleep | None, int, int]:
    """Stop for the tracer; with `ksi` it is an exchange of signals.  Returns
    the signal that the tracer wants.  `stood`: the thread has stood at this
    stop already (`trap_stop`), and has just been scheduled again."""
    p = td.proc
    if not stood:
        td.xsig = sig
    if stood or ksi is None or not ksi.from_ptrace:
        if not stood:
            td.dbgflags |= TDB.XSIG
        while stood or (p.flag & P.TRACED and td.dbgflags & TDB.XSIG):
            if not stood:
                if p.flag & P.WKILLED:
                    td.dbgflags &= ~TDB.XSIG
                    td.xsig = s.SIGKILL
                    p.ptevents = 0
                    break
                if p.flag & P.SINGLE_EXIT and not td.dbgflags & TDB.EXIT:
                    td.dbgflags &= ~TDB.XSIG
                    return 0
                if td.dbgflags & TDB.FSTP or (
                        not p.flag2 & P2.PTRACE_FSTP and p.xthread is None):
                    p.xsig = sig
                    p.xthread = td
                    td.dbgflags &= ~TDB.FSTP
                    p.flag2 &= ~P2.PTRACE_FSTP
                    p.flag |= P.STOPPED_SIG | P.STOPPED_TRACE
                td.dbgflags &= ~TDB.STOPATFORK
            while True:
                if not stood:
                    thread_stopped(system, p)
                    yield None
                stood = False
                request = td.pending_request
                if request is None:
                    break
                yield from request()
                td.pending_request = None
            if p.xthread is td:
                p.xthread = None
            if td.dbgflags & TDB.SUSPEND and p.flag & P.SINGLE_EXIT:
                break
    if ksi is not None and sig == td.xsig:
        td.sigqueue.add(ksi, head=True)
    elif td.xsig:
        given = KSigInfo(td.xsig, from_ptrace=True)
        receiver = thread_for(system, p, td.xsig)
        tdsendsignal(system, p, receiver, given)
        if receiver is not td:
            return 0
    return td.xsig


def stops_at_once(td: Thread, sig: int) -> bool:
    """Whether a trap of the thread's own ends in a stop with nothing else to
    look at: then `trap_stop` comes to the same as `trapsignal` and `ast`."""
    p = td.proc
    return (p.flag & (P.TRACED | P.PPTRACE | P.WKILLED | P.SINGLE_EXIT) == P.TRACED
            and not p.flag2 & (P2.WEXIT | P2.PTRACE_FSTP) and p.xthread is None
            and not td.sigqueue.entries and not p.sigqueue.entries
            and td.sigblock_address is None
            and sig not in td.sigmask and sig not in p.sigacts.actions)


def trap_stop(system: System, td: Thread, ksi: KSigInfo) -> None:
    """The short way from a trap to the tracer and back, for `stops_at_once`:
    what a debugger that steps lives on.  `passed_by` ends it when the tracer
    wants nothing else, and the generator otherwise."""
    p, sig = td.proc, ksi.signo
    td.dbgflags |= TDB.BOUNDARY | TDB.XSIG
    td.xsig = p.xsig = p.sig = sig
    td.si = ksi
    p.xthread = td
    p.flag = p.flag & ~P.WAITED | P.STOPPED_SIG | P.STOPPED_TRACE
    td.kernel, td.at_trap = _trap_stopped(system, td, ksi), True
    child_news(system, p, s.CLD_TRAPPED, sig)


def passed_by(td: Thread) -> bool:
    """Whether a thread that goes on from a `trap_stop` is through with it."""
    td.at_trap = False
    p = td.proc
    if (td.xsig or td.pending_request is not None or td.dbgflags & TDB.XSIG
            or p.flag & P.WKILLED or td.sigqueue.entries or p.sigqueue.entries):
        return False
    if p.xthread is td:
        p.xthread = None
    td.si = td.kernel = None
    td.dbgflags &= ~TDB.BOUNDARY
    return True


def _trap_stopped(system: System, td: Thread,
                  ksi: KSigInfo) -> Generator[Sleep | None, int, None]:
    """From a `trap_stop` on, with a signal or more to look at."""
    wanted = yield from ptracestop(system, td, ksi.signo, ksi, stood=True)
    td.si = None
    verdict = _exchanged(td, wanted, ksi, td.sigqueue) or (yield from _act(system, td, wanted))
    if verdict == "handle":
        yield from post(system, td, wanted)
    elif verdict == "ignore":
        td.sigqueue.delete(wanted)
        td.proc.sigqueue.delete(wanted)
    yield from ast(system, td)


# -- taking signals ----------------------------------------------------------
def issignal(system: System, td: Thread) -> Generator[Sleep | None, int, int]:
    """The signal that the thread has to act on, 0 if none; stops on the way."""
    p = td.proc
    while True:
        waiting = waiting_signals(td)
        if p.flag & P.PPWAIT:
            waiting = [sig for sig in waiting if sig not in s.STOPS]
        if not waiting:
            return 0
        if td.sigblock_value:
            waiting = [sig for sig in waiting if sig in s.CANNOT_MASK]
            if not waiting:
                td.sigblock_pending = True
                return 0
        if (p.flag & (P.TRACED | P.PPTRACE) == P.TRACED and p.flag2 & P2.PTRACE_FSTP
                and s.SIGSTOP in waiting):
            td.dbgflags |= TDB.FSTP
            waiting = [s.SIGSTOP]
        for sig in waiting:
            verdict = yield from _process(system, td, sig)
            if verdict == "handle":
                return sig
            if verdict == "handled":
                break
            td.sigqueue.delete(sig)
            p.sigqueue.delete(sig)
        else:
            continue


def _process(system: System, td: Thread, sig: int) -> Generator[Sleep | None, int, str]:
    """sigprocess: "handle", "handled" (look again) or "ignore"."""
    p = td.proc
    if ignored(p, sig) and not p.flag & P.TRACED:
        return "ignore"
    if p.flag2 & P2.WEXIT:
        return "ignore"
    if p.flag & (P.TRACED | P.PPTRACE) == P.TRACED:
        queue = td.sigqueue
        ksi = queue.get(sig)
        if ksi is None:
            queue = p.sigqueue
            ksi = queue.get(sig) or KSigInfo(sig)
        td.si = ksi
        sig = yield from ptracestop(system, td, sig, ksi)
        td.si = None
        verdict = _exchanged(td, sig, ksi, queue)
        if verdict is not None:
            return verdict
    return (yield from _act(system, td, sig))


def _exchanged(td: Thread, sig: int, ksi: KSigInfo, queue: SigQueue) -> str | None:
    """What becomes of the signal after its stop; None when it is to be acted on."""
    if sig == 0:
        return "handled"
    if sig in td.sigmask:
        # With what was known of the one that it replaces, if it does.
        td.proc.sigqueue.add(replace(ksi, signo=sig), head=True)
        return "handled"
    if td.proc.flag & P.TRACED:
        return None
    # Detached meanwhile: queued once more, beside what the end of the stop queued.
    if not ksi.from_ptrace:
        queue.add(replace(ksi, signo=sig), head=True)
    return "handled"


def _act(system: System, td: Thread, sig: int) -> Generator[Sleep | None, int, str]:
    """By its disposition."""
    p = td.proc
    handler = p.sigacts[sig].handler
    if handler == s.SIG_IGN:
        return "ignore"
    if handler != s.SIG_DFL:
        return "handle"
    if p.pid <= 1:
        return "ignore"
    if sig in s.STOPS:
        if p.flag & (P.TRACED | P.WEXIT | P.SINGLE_EXIT) or (
                sig in s.TTY_STOPS and p.pgrp.orphaned):
            return "ignore"
        td.sigqueue.delete(sig)
        p.sigqueue.delete(sig)
        p.flag |= P.STOPPED_SIG
        p.xsig = sig
        thread_stopped(system, p)
        yield None
        return "handled"
    if sig in s.DEFAULT_IGNORED:
        return "ignore"
    return "handle"


def interrupted(system: System, td: Thread) -> Generator[Sleep | None, int, int]:
    """sleepq_catch_signals: act on what is pending before a sleep that signals
    end.  The error that the sleep ends with, 0 to go to sleep."""
    sig = yield from issignal(system, td)
    if not sig:
        return 0
    return EINTR if sig in td.proc.sigacts.interrupts else ERESTART


def ast(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """On the way back to the program: act on every signal that is due."""
    _look_at_word(system, td)
    td.dbgflags |= TDB.BOUNDARY
    while sig := (yield from issignal(system, td)):
        yield from post(system, td, sig)
    td.dbgflags &= ~TDB.BOUNDARY
    if td.sigblock_pending and (bad := fastblock.set_pending(td)) is not None:
        trapsignal(system, td, bad)
    if td.sigblock_value:
        reschedule(system, td, FAST_BLOCKED, fast=True)
    if td.oldsigmask is not None:
        td.sigmask, td.oldsigmask = td.oldsigmask, None


def _look_at_word(system: System, td: Thread) -> None:
    """sigfastblock_fetch."""
    if td.sigblock_address is not None and (bad := fastblock.fetch(td)) is not None:
        trapsignal(system, td, bad)


def reschedule(system: System, td: Thread, blocked: Iterable[int], *, fast: bool = False) -> None:
    """reschedule_signals: what waits for the process and this thread blocks is
    for another to take, who may sleep."""
    p = td.proc
    for sig in p.sigqueue.signals.intersection(blocked):
        able = [t for t in p.threads if sig not in t.sigmask and not (fast and t is td)]
        if fast and not able:
            continue
        other = able[0] if able else p.threads[0]
        if p.flag & P.TRACED or (caught(p, sig) and sig not in other.sigmask):
            interrupt = EINTR if sig in p.sigacts.interrupts else ERESTART
            _wake(system, other, sig, False, interrupt)


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
    _after_delivery(td, sig, action)
    return True


def _after_delivery(td: Thread, sig: int, action: SigAction) -> None:
    """postsig_done: what is blocked while the handler runs."""
    td.proc.usage.nsignals += 1
    td.sigmask |= action.mask
    if not action.flags & s.SA_NODEFER:
        td.sigmask |= {sig}
    td.sigmask -= s.CANNOT_MASK
    if action.flags & s.SA_RESETHAND:
        td.proc.sigacts.actions[sig] = action.default()


def trapsignal(system: System, td: Thread, ksi: KSigInfo) -> None:
    """A signal that the thread's own instruction caused: never held back."""
    _look_at_word(system, td)
    p, sig = td.proc, ksi.signo
    action = p.sigacts[sig]
    held = sig in td.sigmask or td.sigblock_value != 0
    if not p.flag & P.TRACED and action.handler > s.SIG_IGN and not held:
        if system.machdep.sendsig(system, td, action, ksi, td.sigmask):
            _after_delivery(td, sig, action)
        else:
            p.sigacts.actions[s.SIGILL] = SigAction()
            td.sigmask -= {s.SIGILL}
            tdsendsignal(system, p, td, KSigInfo(s.SIGILL, s.SI_KERNEL))
        return
    if held or action.handler == s.SIG_IGN:
        fastblock.clear(td)
        td.sigmask -= {sig}
        p.sigacts.actions[sig] = SigAction(s.SIG_DFL, action.flags, action.mask)
    p.sig = sig
    tdsendsignal(system, p, td, ksi)


# -- kill(2) -----------------------------------------------------------------
def kill(system: System, td: Thread, pid: int, sig: int) -> None:
    """kern_kill."""
    if td.proc.cred.capmode and pid != td.proc.pid:
        raise Refused(ECAPMODE)
    if not 0 <= sig <= s.SIG_MAX:
        raise Refused(EINVAL)
    ksi = KSigInfo(sig, s.SI_USER, pid=td.proc.pid, uid=td.proc.cred.ruid)
    if pid > 0:
        p = system.pfind_any(pid)
        system.p_cansignal(td, p, sig)
        if sig:
            psignal(system, p, ksi)
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
            psignal(system, p, KSigInfo(sig, s.SI_USER, pid=ksi.pid, uid=ksi.uid))
    if first_error:
        raise Refused(first_error)
    if not sent:
        raise Refused(EPERM if found else ESRCH)
