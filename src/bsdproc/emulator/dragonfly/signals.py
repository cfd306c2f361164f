"""Signals on their way: sending, stopping, delivering.  The subject of kern_sig.c.

A signal is a bit in a set, of the process or of one lwp; nothing is queued,
and no sender is remembered.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import kqueue
from bsdproc.emulator.bsd.signo import (
    SA_NOCLDSTOP,
    SA_NOCLDWAIT,
    SA_NODEFER,
    SA_RESETHAND,
    SA_RESTART,
)
from bsdproc.emulator.dragonfly import signo as s
from bsdproc.emulator.dragonfly.cred import p_trespass
from bsdproc.emulator.dragonfly.flags import Stat
from bsdproc.emulator.dragonfly.proctree import jobc
from bsdproc.emulator.dragonfly.reaper import reaper_sigtest
from bsdproc.emulator.dragonfly.state import P, Proc, Run, SigAction, SigStack, Sleep, Thread
from bsdproc.emulator.errno import EINTR, EINVAL, EPERM, ERESTART, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread as AnyThread
    from bsdproc.emulator.dragonfly.system import System

Way = Generator[Sleep | None, int, None]


# -- what a process does about a signal ----------------------------------------
def ignored(p: Proc, sig: int) -> bool:
    """p_sigignore.  SIGCONT never is."""
    handler = p.sigacts[sig].handler
    if sig == s.SIGCONT or handler > s.SIG_IGN:
        return False
    return handler == s.SIG_IGN or sig in s.DEFAULT_IGNORED


def caught(p: Proc, sig: int) -> bool:
    """p_sigcatch."""
    return p.sigacts[sig].handler > s.SIG_IGN


def pending(td: Thread) -> set[int]:
    """The signals that issignal() would look at."""
    waiting = {*td.siglist, *td.proc.siglist} - td.sigmask
    if td.proc.flag & P.PPWAIT:
        waiting -= s.STOPS
    return waiting


def due(td: AnyThread) -> bool:
    """Whether issignal() has anything to do: a stop, or a signal."""
    assert isinstance(td, Thread)
    p = td.proc
    return p.stopping or bool((td.sigqueue.entries or p.sigqueue.entries) and pending(td))


def delete(td: Thread, sig: int) -> None:
    """lwp_delsig."""
    td.siglist.delete(sig)
    td.proc.siglist.delete(sig)


# -- sending ------------------------------------------------------------------------
def lwp_for(system: System, p: Proc, sig: int) -> Thread | None:
    """find_lwp_for_signal: the current one if it can, else one that runs, one
    that sleeps interruptibly, one that is stopped; None when all block it."""
    current = system.current
    if isinstance(current, Thread) and current.proc is p and sig not in current.sigmask:
        return current
    sleeping = stopped = None
    for td in p.lwps:
        if sig in td.sigmask:
            continue
        if td.stopped:
            stopped = stopped or td
        elif td.run is Run.SLEEPING:
            if td.sleep is not None and td.sleep.interruptible:
                sleeping = sleeping or td
        else:
            return td
    return sleeping or stopped


def ksignal(system: System, p: Proc, sig: int) -> None:
    """To the process."""
    lwpsignal(system, p, None, sig)


def lwpsignal(system: System, p: Proc, td: Thread | None, sig: int) -> None:
    """To the process, or to one lwp of it."""
    if p.parent is None or (td is None and p.flag & P.WEXIT):
        return      # process 0 has nobody who could be told of a stop
    default = True
    if not p.flag & P.TRACED:
        if td is not None and td.leaving:
            return
        if ignored(p, sig):
            kqueue.signalled(system, p, sig)
            return
        default = not caught(p, sig)
    if sig == s.SIGCONT:
        p.siglist.delete(*s.STOPS)
    elif sig in s.STOPS:
        if sig in s.TTY_STOPS and jobc(p.pgrp) == 0 and default:
            return
        p.siglist.delete(s.SIGCONT)
        p.flag &= ~P.CONTINUED
    if p.stat == Stat.STOP:
        (td.siglist if td is not None else p.siglist).put(sig)
        if not _from_stop(system, p, sig, default):
            return
    if td is None:
        td = lwp_for(system, p, sig)
        if td is None or sig in td.sigmask:
            kqueue.signalled(system, p, sig)
            p.siglist.put(sig)
            return
    if p.nice > 0 and default and not p.flag & P.TRACED and kills(sig):
        p.nice = 0
    if sig in s.STOPS and default:
        if p.flag & P.PPWAIT:
            p.siglist.put(sig)
        elif not p.flag & P.WEXIT:
            p.xstat = sig
            proc_stop(system, p, Stat.STOP)
        return
    if sig == s.SIGCONT and default:
        return
    td.siglist.put(sig)
    signotify(system, td)


def kills(sig: int) -> bool:
    """SA_KILL."""
    return sig < s.NSIG and sig not in s.DEFAULT_IGNORED and sig not in s.STOPS \
        and sig != s.SIGCKPT


def _from_stop(system: System, p: Proc, sig: int, default: bool) -> bool:
    """A signal for a stopped process, pending already.  True when it goes on
    as for a running one."""
    if p.flag & P.TRACED:
        return False
    if sig == s.SIGKILL:
        proc_unstop(system, p, Stat.STOP)
        return True
    if sig == s.SIGCONT:
        p.flag |= P.CONTINUED
        tell(system, p.parent)
        if default:
            p.siglist.delete(sig)
        proc_unstop(system, p, Stat.STOP)
        return not default
    if sig in s.STOPS and (system.current is None or system.current.proc is not p):
        p.siglist.delete(sig)
    return False


def signotify(system: System, td: Thread) -> None:
    """lwp_signotify: let an lwp look at its signals, out of an interruptible sleep, too."""
    sleep, kernel = td.sleep, td.kernel
    if td.run is Run.SLEEPING and sleep is not None and sleep.interruptible \
            and kernel is not None and (pending(td) or td.leaving):
        system.wake_thread(td)
        td.woken = None
        td.kernel = system.sleep_with_signals(td, sleep, kernel)


def tell(system: System, parent: Proc | None) -> None:
    """Wake a parent that waits."""
    if parent is not None:
        parent.news = True
        system.wakeup(parent)


# -- stopping and going on -------------------------------------------------------------
def all_stopped(system: System, p: Proc) -> None:
    """The last lwp counts as stopped: the parent may be told (again)."""
    parent = p.parent
    assert parent is not None
    p.flag &= ~P.WAITED
    tell(system, parent)
    if not parent.sigacts.flag_nocldstop:
        ksignal(system, parent, s.SIGCHLD)


def proc_stop(system: System, p: Proc, stat: int) -> None:
    """Sleeping lwps count as stopped at once; the others stop when they get there."""
    if p.stat in (Stat.CORE, Stat.ZOMB) or (p.stat == Stat.STOP and stat == Stat.STOP):
        return
    p.stat = stat
    # A wait finds a process that is about to stop, whatever its lwps still do.
    if p.parent is not None:
        p.parent.news = True
    for td in p.lwps:
        if not td.stopped and td.run is Run.SLEEPING and not td.counted:
            td.counted = True
            p.nstopped += 1
    if p.nstopped == len(p.lwps):
        all_stopped(system, p)


def proc_unstop(system: System, p: Proc, stat: int) -> None:
    if p.stat != stat:
        return
    p.stat = Stat.ACTIVE
    for td in p.lwps:
        if not td.stopped and td.run is Run.SLEEPING and td.counted:
            td.counted = False
            p.nstopped -= 1
        if not td.stopped:
            signotify(system, td)
        td.stopped = False
    system.wakeup(("stop", p))


def tstop(system: System, td: Thread) -> Way:
    """The lwp stops where it is, until its process is to go on."""
    p = td.proc
    if not td.counted:
        td.counted = True
        p.nstopped += 1
        system.wakeup(("nstopped", p))
        if p.nstopped == len(p.lwps):
            all_stopped(system, p)
    while p.stopping and not td.leaving:
        td.stopped = True
        yield Sleep(("stop", p), "stop", interruptible=False)
    td.stopped = False
    if td.counted:
        td.counted = False
        p.nstopped -= 1


# -- what an lwp does with its signals --------------------------------------------------
def issignal(system: System, td: Thread, maytrace: bool = True) -> Generator[
        Sleep | None, int, int]:
    """The signal to deliver, 0 for none.  Stops, for whoever wants it stopped."""
    p = td.proc
    while True:
        if p.stopping:
            yield from tstop(system, td)
            if td.leaving:
                return 0
        waiting = pending(td)
        if not waiting:
            return 0
        sig = min(waiting)
        traced = p.flag & P.TRACED
        if ignored(p, sig) and not traced:
            delete(td, sig)
            continue
        if maytrace and traced and not p.flag & P.PPWAIT:
            p.xstat = sig
            proc_stop(system, p, Stat.STOP)
            yield from tstop(system, td)
            if td.leaving:
                return 0
            delete(td, sig)
            sig = p.xstat
            if sig == 0:
                continue
            p.siglist.put(sig)
            if sig in td.sigmask or not p.flag & P.TRACED:
                continue
        if p.sigacts[sig].handler > s.SIG_IGN:
            return sig
        if p.sigacts[sig].handler == s.SIG_DFL and (yield from _default(system, td, sig)):
            return sig
        delete(td, sig)


def _default(system: System, td: Thread, sig: int) -> Generator[Sleep | None, int, bool]:
    """The default action; True when it is the process's end."""
    p = td.proc
    if p.pid <= 1:
        return False
    if sig in s.CHECKPOINTS:
        system.note(f"process {p.pid} ({p.comm}): signal {sig} would write a checkpoint,"
                    " which is not implemented")
        return False
    if sig in s.STOPS:
        if p.flag & P.TRACED or (jobc(p.pgrp) == 0 and sig in s.TTY_STOPS):
            return False
        if not p.flag & P.WEXIT:
            p.xstat = sig
            proc_stop(system, p, Stat.STOP)
            yield from tstop(system, td)
        return False
    return sig not in s.DEFAULT_IGNORED


def interrupted(system: System, td: Thread) -> Generator[Sleep | None, int, int]:
    """A sleep with signals pending (PCATCH): 0 when none is left to take, else
    EINTR or ERESTART.  The signal stays pending; a tracer hears of it once, on the way
    back to the program."""
    sig = yield from issignal(system, td, maytrace=False)
    if sig == 0:
        return EINTR if td.leaving else 0
    # ps_sigintr: what nobody has set an action for begins again.
    action = td.proc.sigacts.actions.get(sig)
    return EINTR if action is not None and not action.flags & SA_RESTART else ERESTART


def userret(system: System, td: Thread) -> Way:
    """On the way back to the program: stop, and take what is pending."""
    while not td.leaving:
        sig = yield from issignal(system, td)
        if sig == 0:
            return
        yield from postsig(system, td, sig)


def postsig(system: System, td: Thread, sig: int) -> Way:
    """Take the action: a handler's frame, or the end."""
    p = td.proc
    if p.kqueues:
        kqueue.signalled(system, p, sig)
    delete(td, sig)
    action = p.sigacts[sig]
    if action.handler == s.SIG_DFL:
        yield from system.sigexit(td, sig)
    if action.handler <= s.SIG_IGN:
        return
    code, td.code = (td.code, 0) if td.sig == sig else (0, td.code)
    if td.sig == sig:
        td.sig = 0
    mask = td.sigmask if td.oldsigmask is None else td.oldsigmask
    td.oldsigmask = None
    if not _handle(system, td, sig, action, mask, code):
        yield from system.sigexit(td, s.SIGILL)


def _handle(system: System, td: Thread, sig: int, action: SigAction, mask: frozenset[int],
            code: int) -> bool:
    """Point the lwp at its handler.  False when the stack does not take the frame."""
    td.usage.nsignals += 1
    blocked = td.sigmask | action.mask
    td.sigmask = blocked if action.flags & SA_NODEFER else blocked | {sig}
    if action.flags & SA_RESETHAND:
        td.proc.sigacts.actions[sig] = SigAction(s.SIG_DFL, action.flags, action.mask)
    taken: bool = system.machdep.sendsig(td, action, sig, mask, code)
    return taken


def trapsignal(system: System, td: Thread, sig: int, code: int) -> None:
    """A signal that a trap caused, for this lwp alone."""
    p = td.proc
    if not p.flag & P.TRACED and caught(p, sig) and sig not in td.sigmask:
        if not _handle(system, td, sig, p.sigacts[sig], td.sigmask, code):
            td.kernel = system.sigexit(td, s.SIGILL)
        return
    td.code, td.sig = code, sig
    lwpsignal(system, p, td, sig)


# -- kill(2) -------------------------------------------------------------------------------
def cansignal(system: System, td: Thread, p: Proc, sig: int, *, group: bool = False) -> bool:
    """CANSIGNAL: its owner or the superuser, within the reaper's tree; SIGCONT
    in the whole session."""
    me = td.proc
    if sig == s.SIGCONT and p.session is me.session:
        return True
    return not p_trespass(me.cred, p.cred) and reaper_sigtest(me, p, reaper_ok=not group)


def kill(system: System, td: Thread, pid: int, sig: int, tid: int = -1) -> None:
    """kern_kill: to a process, or one lwp of it, a group (0 and below -1) or everybody (-1)."""
    if not 0 <= sig <= s.SIG_MAX:
        raise Refused(EINVAL)
    if pid > 0:
        _kill_process(system, td, pid, sig, tid)
    elif tid != -1:
        raise Refused(EINVAL)
    else:
        _kill_several(system, td, pid, sig)


def _kill_process(system: System, td: Thread, pid: int, sig: int, tid: int) -> None:
    """One that exits or has exited is signalled in vain."""
    p = system.allproc.get(pid)
    if p is None:
        raise Refused(ESRCH)
    if p.zombie:
        return
    if not cansignal(system, td, p, sig):
        raise Refused(EPERM)
    if p.flag & P.WEXIT:
        return
    to = None
    if tid != -1:
        to = next((t for t in p.lwps if t.tid == tid), None)
        if to is None:
            raise Refused(ESRCH)
    if sig:
        lwpsignal(system, p, to, sig)


def _kill_several(system: System, td: Thread, pid: int, sig: int) -> None:
    """dokillpg: ESRCH where none of them may be signalled."""
    if pid == -1:
        targets = [p for p in system.allproc.values() if p is not td.proc]
    else:
        pgrp = system.pgrps.get(-pid) if pid else td.proc.pgrp
        if pgrp is None:
            raise Refused(ESRCH)
        targets = [p for p in pgrp.members if isinstance(p, Proc)]
    found = False
    for p in targets:
        if p.pid <= 1 or p.zombie or p.flag & P.SYSTEM or not cansignal(
                system, td, p, sig, group=True):
            continue
        found = True
        if sig:
            ksignal(system, p, sig)
    if not found:
        raise Refused(ESRCH)


def sigaction(p: Proc, sig: int, action: SigAction) -> None:
    """kern_sigaction's half that sets."""
    if not 0 < sig <= s.SIG_MAX:
        raise Refused(EINVAL)
    if sig in s.CANNOT_MASK and action.handler != s.SIG_DFL:
        raise Refused(EINVAL)
    acts = p.sigacts
    acts.actions[sig] = SigAction(action.handler, action.flags, action.mask - s.CANNOT_MASK)
    if sig == s.SIGCHLD:
        acts.flag_nocldstop = bool(action.flags & SA_NOCLDSTOP)
        acts.flag_nocldwait = bool(action.flags & SA_NOCLDWAIT) and p.pid != 1
        acts.flag_cldsigign = action.handler == s.SIG_IGN
    if action.handler == s.SIG_IGN or (
            action.handler == s.SIG_DFL and sig in s.DEFAULT_IGNORED):
        p.siglist.delete(sig)
        for td in p.lwps:
            td.siglist.delete(sig)


def execsigs(p: Proc, td: Thread) -> None:
    """What an exec leaves of dispositions: caught signals get their default back."""
    for sig, action in list(p.sigacts.actions.items()):
        if action.handler > s.SIG_IGN or (sig == s.SIGCHLD and action.handler == s.SIG_IGN):
            p.sigacts.actions[sig] = SigAction(s.SIG_DFL, action.flags, action.mask)
            if sig in s.DEFAULT_IGNORED:
                delete(td, sig)
    td.sigstk = SigStack()
    p.sigacts.flag_nocldwait = p.sigacts.flag_cldsigign = False
