"""Signals on their way: sending, stopping for the tracer, taking them.

The subject of FreeBSD's kern_sig.c, but for what every BSD kernel does alike
(`bsd.signals`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import kqueue
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.signals import (
    FAST_BLOCKED,
    STOPPED,
    after_delivery,
    caught,
    delete_everywhere,
    ignored,
    post,
    thread_for,
    waiting_signals,
)
from bsdproc.emulator.bsd.state import (
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
from bsdproc.emulator.errno import EINTR, ERESTART
from bsdproc.emulator.freebsd import fastblock

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

# What every stop of a tracee needs, put together once.
_TRAPPED = s.CLD_TRAPPED
_OF_THE_LIVING = frozenset({s.CLD_TRAPPED, s.CLD_STOPPED, s.CLD_CONTINUED})
_NO_STOP = P.WKILLED | P.SINGLE_EXIT
_OWES_STOP = TDB.FSTP | TDB.STOPATFORK
_XSIG, _NOT_WAITED = TDB.XSIG, ~P.WAITED
_STANDS = P.STOPPED_SIG | P.STOPPED_TRACE


def psignal(system: System, p: Proc, ksi: KSigInfo) -> None:
    """kern_psignal, pksignal: to the process."""
    tdsendsignal(system, p, None, ksi)


def tdsendsignal(system: System, p: Proc, td: Thread | None, ksi: KSigInfo) -> None:
    """To the process, or to one thread of it."""
    sig = ksi.signo
    if p.state is ProcState.ZOMBIE or not p.threads:
        return
    if p.kqueues:
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
    if code in _OF_THE_LIVING:
        parent.flag |= P.STATCHILD
        if parent.sigacts.flag_nocldstop:
            return
    if parent.pid == 1 or (parent.driver and ignored(parent, s.SIGCHLD)):
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


def stop_owed(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """thread_suspend_check of exit1 and fork_rfppwait: the stop that a tracer gave with its
    PT_DETACH comes before the end by a signal that was taken first, and before the wait
    for a child of vfork(2)."""
    if stop_others(system, td):
        yield None


def stop_others(system: System, td: Thread) -> bool:
    """Whether a tracer gave a stop with its PT_DETACH, which `td` is not the one to take any
    more: the process stands from here on.  For whose end a parent waits in vfork(2) there
    is none."""
    p = td.proc
    if p.flag & (P.TRACED | P.PPWAIT):
        return False
    for ksi in td.sigqueue.entries:
        sig = ksi.signo
        if (sig in s.STOPS and sig not in td.sigmask and not caught(p, sig)
                and not (sig in s.TTY_STOPS and p.pgrp.orphaned)):
            td.sigqueue.delete(sig)
            p.flag |= P.STOPPED_SIG
            p.xsig = sig
            thread_stopped(system, p)
            return True
    return False


# -- the stop for the tracer -------------------------------------------------
def ptracestop(system: System, td: Thread, sig: int, ksi: KSigInfo | None = None, *,
               stood: bool = False) -> Generator[Sleep | None, int, int]:
    """Stop for the tracer; with `ksi` it is an exchange of signals.  Returns
    the signal that the tracer wants.  `stood`: the thread has stood at this
    stop already (`trap`), and has just been scheduled again."""
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


def stands(system: System, td: Thread, sig: int) -> bool:
    """`ptracestop` without an exchange of signals, up to where the thread stands:
    for a stop that nothing is in the way of.  False, and nothing done, otherwise."""
    p = td.proc
    if (p.flag & _NO_STOP or p.flag2 & P2.PTRACE_FSTP or p.xthread is not None
            or td.dbgflags & _OWES_STOP):
        return False
    td.xsig = p.xsig = sig
    td.dbgflags |= _XSIG
    p.xthread = td
    p.flag = p.flag & _NOT_WAITED | _STANDS
    child_news(system, p, _TRAPPED, sig)
    return True


def goes_on(td: Thread) -> bool:
    """Whether the tracer wants nothing of a thread that stood but that it goes on."""
    p = td.proc
    if (td.xsig or td.pending_request is not None or td.dbgflags & _XSIG
            or p.flag & P.WKILLED):
        return False
    if p.xthread is td:
        p.xthread = None
    return True


_BY_ITSELF = P.PPTRACE | P.WKILLED | P.SINGLE_EXIT | P.TRACED


def trap(system: System, td: Thread, ksi: KSigInfo) -> bool:
    """A trap of the thread's own.  True when it has stopped for its tracer, False when a
    signal is on its way.

    The stop is the short way, which a debugger that steps lives on: where there is nothing
    but the trap to look at, it comes to the same as `trapsignal` and `ast`."""
    p, sig = td.proc, ksi.signo
    if not (p.flag & _BY_ITSELF == P.TRACED
            and not p.flag2 & (P2.WEXIT | P2.PTRACE_FSTP) and p.xthread is None
            and not td.sigqueue.entries and not p.sigqueue.entries
            and td.sigblock_address is None
            and sig not in td.sigmask and sig not in p.sigacts.actions):
        trapsignal(system, td, ksi)
        return False
    td.dbgflags |= TDB.BOUNDARY | TDB.XSIG
    td.xsig = p.xsig = p.sig = sig
    td.si = ksi
    p.xthread = td
    p.flag = p.flag & _NOT_WAITED | _STANDS
    td.at_trap = ksi
    child_news(system, p, _TRAPPED, sig)
    return True


def leave_trap(system: System, td: Thread) -> None:
    """A thread goes on that has stopped at a `trap`: back to its program when its tracer
    wants nothing else."""
    p = td.proc
    if (td.xsig or td.sigqueue.entries or p.sigqueue.entries or td.pending_request is not None
            or td.dbgflags & TDB.XSIG or p.flag & P.WKILLED):
        td.kernel = at_trap(system, td)
    else:
        td.si = None
        td.dbgflags &= ~TDB.BOUNDARY
        if p.xthread is td:
            p.xthread = None
    td.at_trap = None


def at_trap(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """The way of a thread that stands at a trap, with a signal or more to look at."""
    assert td.at_trap is not None
    return _trap_stopped(system, td, td.at_trap)


def _trap_stopped(system: System, td: Thread,
                  ksi: KSigInfo) -> Generator[Sleep | None, int, None]:
    wanted = yield from ptracestop(system, td, ksi.signo, ksi, stood=True)
    td.si = None
    verdict = _exchanged(td, wanted, ksi, td.sigqueue) or (yield from _act(system, td, wanted))
    # The signal that it stopped for; one that took its place is looked at in its turn.
    if verdict == "handle" and wanted == ksi.signo:
        yield from post(system, td, wanted)
    elif verdict == "ignore":
        td.sigqueue.delete(ksi.signo)
        td.proc.sigqueue.delete(ksi.signo)
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
    look_at_word(system, td)
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


def look_at_word(system: System, td: Thread) -> None:
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


def trapsignal(system: System, td: Thread, ksi: KSigInfo) -> None:
    """A signal that the thread's own instruction caused: never held back."""
    look_at_word(system, td)
    p, sig = td.proc, ksi.signo
    action = p.sigacts[sig]
    held = sig in td.sigmask or td.sigblock_value != 0
    if not p.flag & P.TRACED and action.handler > s.SIG_IGN and not held:
        if system.machdep.sendsig(system, td, action, ksi, td.sigmask):
            after_delivery(td, sig, action)
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
