"""The end of a process, and its collection.  The subject of FreeBSD's kern_exit.c."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import itimers, jobc, kqueue, proctree
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.exit import leave_space
from bsdproc.emulator.bsd.signo import CLD_TRAPPED, SIGCHLD
from bsdproc.emulator.bsd.state import P2, TDB, KSigInfo, P, Proc, ProcState, Sleep, Thread
from bsdproc.emulator.bsd.wait import WCOREFLAG, Found, ended
from bsdproc.emulator.errno import ECHILD, EINTR, EINVAL, Refused
from bsdproc.emulator.freebsd import aio, ktrace, reaper
from bsdproc.emulator.freebsd.cred import p_canwait, ucred
from bsdproc.emulator.freebsd.entry import PTRACE_LWP
from bsdproc.emulator.freebsd.signals import (
    child_news,
    psignal,
    ptracestop,
    stop_others,
    stop_owed,
)
from bsdproc.emulator.freebsd.syscalls import sysvsem, umutex

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

WNOHANG, WUNTRACED, WCONTINUED, WNOWAIT, WEXITED, WTRAPPED = 1, 2, 4, 8, 16, 32
WLINUXCLONE = 0x80000000
P_PID, P_PGID, P_SID, P_UID, P_GID, P_ALL, P_JAILID = 0, 2, 3, 5, 6, 7, 12
WAIT_MYPGRP = 0
AXSIG = 0x10

# Members of an enumeration are looked up by bytecode of its own: not in the hot path.
_ZOMBIE = ProcState.ZOMBIE
_STOPPED = P.STOPPED_TRACE | P.STOPPED_SIG
_NEWS = _STOPPED | P.CONTINUED
_WAITED, _TRACED, _NOT_STATCHILD = P.WAITED, P.TRACED, ~P.STATCHILD


def single_thread(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """thread_single(SINGLE_EXIT): every other thread goes, from the boundary
    to its program; what would sleep there does not."""
    p = td.proc
    if p.singlethread is not None:
        # Another one was first: this thread goes with the rest.
        yield from thread_exit(system, td)
    p.flag |= P.SINGLE_EXIT | P.STOPPED_SINGLE
    p.singlethread = td
    for other in p.threads:
        if other is not td and other.sleep is not None and other.sleep.interruptible:
            system.wake_thread(other, EINTR)
    # Those that a debugger holds are made to go before any that runs notices.
    system.run_first([t for t in p.threads if t is not td and t.dbgflags & TDB.SUSPEND])
    while len(p.threads) > 1:
        yield Sleep(("threads", p), "thrsngl", interruptible=False)
    p.singlethread = None
    p.flag &= ~(P.SINGLE_EXIT | P.STOPPED_SINGLE | P.HADTHREADS)


def thread_exit(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """kern_thr_exit: a thread goes, not the last.  Does not return."""
    from bsdproc.emulator.freebsd.system import ThreadExited

    p = td.proc
    reported = td.dbgflags & TDB.EXIT
    td.dbgflags |= TDB.EXIT
    if p.ptevents & PTRACE_LWP and p.flag & P.TRACED and not reported:
        yield from ptracestop(system, td, s.SIGTRAP)
        stop_others(system, td)
    if td in system.robust:
        umutex.thread_cleanup(system, td)
    p.usage.utime += td.runtime
    td.runtime = 0
    system.remove_thread(td)
    system.free_tid(td.tid)
    system.wakeup(("threads", p))
    raise ThreadExited


def sigexit(system: System, td: Thread, sig: int) -> Generator[Sleep | None, int, None]:
    """A signal whose default it is ends the process, perhaps with a core file."""
    p = td.proc
    p.flag2 |= P2.WEXIT
    p.acflag |= AXSIG
    dumped = sig in s.CORE and _core_file(system, td, sig)
    if sig in s.CORE and system.settings.get("kern.logsigexit", 1):
        cred = ucred(p)
        system.messages.append(
            f"<6>pid {p.pid} ({p.comm}), jid {cred.prison.id}, uid {cred.uid}: exited on signal"
            f" {sig}{' (core dumped)' if dumped else ''}")
    yield from exit1(system, td, 0, sig, dumped=dumped)


def _core_file(system: System, td: Thread, sig: int) -> bool:
    from bsdproc.emulator.freebsd import coredump

    return coredump.core_file(system, td, sig)


def exit1(system: System, td: Thread, code: int, sig: int = 0, *,
          dumped: bool = False) -> Generator[Sleep | None, int, None]:
    """Leave the world but for a zombie.  Does not return."""
    from bsdproc.emulator.freebsd.system import ThreadExited

    p = td.proc
    p.flag2 |= P2.WEXIT
    yield from stop_owed(system, td)
    if len(p.threads) > 1:
        yield from single_thread(system, td)
    p.xexit, p.xsig = code, sig | (WCOREFLAG if dumped else 0)
    p.flag &= ~P.STOPPED_SIG
    p.flag |= P.WEXIT
    p.ptevents = 0
    if p in system.ktraced:
        ktrace.exited(system, td)
    if p in system.aio:
        aio.rundown(system, p)
    p.files.close_all(system, td)
    if td in system.robust:
        umutex.thread_cleanup(system, td)
    if system.undos:
        sysvsem.exited(system, p)
    leave_space(p)
    p.text, p.text_path = None, ""
    was_waited_for = p.flag & P.PPWAIT
    p.flag &= ~(P.TRACED | P.PPWAIT | P.PPTRACE)
    if was_waited_for:
        system.wakeup(("pwait", p))
    _leave_session(system, p)
    _abandon_children(system, p)
    for q in list(p.orphans):
        q.oppid = q.reaper.pid
        if q.pdeathsig > 0:
            system.psignal(q, q.pdeathsig)
        proctree.clear_orphan(system, q)
    p.xthread = td
    p.usage.utime += td.runtime
    td.runtime = 0
    parent = p.parent
    assert parent is not None
    kqueue.exited(system, p)
    itimers.exited(p)
    held = p.procdesc
    if held is not None:
        held.process_exits(system)
    elif parent.sigacts.flag_nocldwait or parent.sigacts.flag_cldsigign:
        system.proc_reparent(p, p.reaper, set_oppid=True)
        p.sigparent = s.SIGCHLD
        parent.news = True
        system.wakeup(parent)
        parent = p.reaper
    p.sigqueue.flush()
    td.sigqueue.flush()
    system.remove_thread(td)
    p.state = ProcState.ZOMBIE
    if held is None:
        tell_exit(system, p)
    else:
        parent.news = True
        system.wakeup(parent)
    raise ThreadExited


def tell_exit(system: System, p: Proc) -> None:
    """childproc_exited, or another signal that the child was made with; init
    collects at once."""
    parent = p.parent
    assert parent is not None
    code, status = ended(p)
    if p.sigparent == s.SIGCHLD:
        child_news(system, p, code, status)
    else:
        parent.news = True
        system.wakeup(parent)
        if p.sigparent:
            system.psignal(parent, p.sigparent)
    if parent.pid == 1:
        reap(system, parent, p)


def _leave_session(system: System, p: Proc) -> None:
    if p.session.leader is p:
        p.session.leader = None
    jobc.leave(system, p)


def _abandon_children(system: System, p: Proc) -> None:
    """Children go to the reaper; tracees die or go back to their parents."""
    if p.children:
        p.children[0].reaper.news = True
        system.wakeup(p.children[0].reaper)
    for q in list(p.children):
        q.sigparent = s.SIGCHLD
        if not q.flag & P.TRACED:
            system.proc_reparent(q, q.reaper, set_oppid=True)
            if q.zombie:
                tell_exit(system, q)
            elif q.pdeathsig > 0:
                system.psignal(q, q.pdeathsig)
            continue
        real = system.proc_realparent(q)
        if real is p:
            system.proc_reparent(q, q.reaper, set_oppid=True)
        else:
            system.proc_reparent(q, real, set_oppid=True)
        proctree.clear_orphan(system, q)
        q.flag &= ~P.TRACED
        q.flag2 &= ~P2.PTRACE_FSTP
        q.ptevents = 0
        q.xthread = None
        for tdt in q.threads:
            tdt.dbgflags &= ~(TDB.SUSPEND | TDB.XSIG | TDB.FSTP)
            tdt.xsig = 0
        if system.settings["kern.kill_on_debugger_exit"]:
            q.flag &= ~P.STOPPED_TRACE
            system.psignal(q, s.SIGKILL)
        elif q.flag & (P.STOPPED_TRACE | P.STOPPED_SIG):
            for tdt in q.threads:
                tdt.sigqueue.delete(s.SIGTRAP)
            q.sigqueue.delete(s.SIGTRAP)
            q.flag &= ~(P.STOPPED_TRACE | P.STOPPED_SIG | P.WAITED)


def _matches(q: Proc, p: Proc, idtype: int, id: int) -> bool:
    """proc_to_reap: whether `q` asks for it.  A process with a descriptor is among
    all children only for its tracer."""
    if idtype == P_PID:
        return p.pid == id
    if idtype == P_ALL:
        return p.procdesc is None or (p.parent is q and p.traced)
    if idtype == P_PGID:
        return p.pgid == id
    if idtype == P_SID:
        return p.session.sid == id
    if idtype == P_UID:
        return p.cred.uid == id
    if idtype == P_GID:
        return p.cred.gid == id
    if idtype == P_JAILID:
        return ucred(p).prison.id == id
    return False


def _may_wait(td: Thread, p: Proc) -> bool:
    """p_canwait of a process in another jail."""
    try:
        p_canwait(td, p)
    except Refused:
        return False
    return True


def wait6(system: System, td: Thread, idtype: int, id: int,
          options: int) -> Generator[Sleep | None, int, Found | None]:
    """kern_wait6: what there is to report, None with WNOHANG when there is
    nothing.  ECHILD without any child that matches."""
    while True:
        found = look(system, td, idtype, id, options)
        if found is not None or options & WNOHANG:
            return found
        error = yield Sleep(td.proc, "wait")
        if error:
            raise Refused(error)


EVENTS = WEXITED | WUNTRACED | WCONTINUED | WTRAPPED
_UNKNOWN_OPTIONS = 0xFFFFFFFF & ~(EVENTS | WNOHANG | WNOWAIT | WLINUXCLONE)
_OF_TRACEES = _UNKNOWN_OPTIONS | WLINUXCLONE | WTRAPPED
_TELLS = _TRACED | _NEWS | _WAITED | P.WEXIT
_STANDS = _TRACED | _STOPPED


def look(system: System, td: Thread, idtype: int, id: int, options: int) -> Found | None:
    """What a wait finds at once.  `news` is set when looking again may find
    more."""
    q = td.proc
    if (idtype == P_PID and (p := system.procs.get(id)) is not None and p.parent is q
            and p.cred is q.cred and p.sigparent == SIGCHLD
            and options & _OF_TRACEES == WTRAPPED):
        # A tracee of the caller's own: there is nothing that a debugger asks more often.
        told = p.flag & _TELLS
        if told in (_TRACED, _STANDS):
            q.flag &= _NOT_STATCHILD
            q.news = False
            return None if told == _TRACED else _report(p, options, CLD_TRAPPED)
    if id == WAIT_MYPGRP and idtype in (P_PID, P_PGID):
        idtype, id = P_PGID, q.pgid
    if options & _UNKNOWN_OPTIONS or not options & EVENTS:
        raise Refused(EINVAL)
    q.flag &= _NOT_STATCHILD
    q.news = False
    found = 0
    asked: Iterable[Proc] = ()
    if idtype != P_PID:
        asked = [p for p in q.children if _matches(q, p, idtype, id)]
    elif (named := system.procs.get(id)) is not None and named.parent is q:
        asked = (named,)
    for p in asked:
        if p.cred is not q.cred and not _may_wait(td, p):
            continue
        if (WLINUXCLONE if p.sigparent != SIGCHLD else 0) != options & WLINUXCLONE:
            continue
        flag = p.flag
        if p.state is _ZOMBIE:
            if not options & WEXITED:
                continue
            news = Found(p, p.xsig or (p.xexit & 0xFF) << 8, s.CLD_EXITED)
            if not options & WNOWAIT:
                reap(system, q, p)
            return news
        found += 1
        if not flag & _NEWS:
            continue
        if not flag & _WAITED:
            if options & WTRAPPED and flag & _TRACED and flag & _STOPPED:
                return _report(p, options, CLD_TRAPPED)
            if options & WUNTRACED and flag & P.STOPPED_SIG:
                return _report(p, options, s.CLD_STOPPED)
        if options & WCONTINUED and flag & P.CONTINUED:
            return _report(p, options, s.CLD_CONTINUED)
    if not found and not any(_matches(q, p, idtype, id) for p in q.orphans):
        raise Refused(ECHILD)
    return None


def _report(p: Proc, options: int, code: int) -> Found:
    continued = code == s.CLD_CONTINUED
    if not options & WNOWAIT:
        if continued:
            p.flag &= ~P.CONTINUED
        else:
            p.flag |= _WAITED
        if p.ksi is not None:
            _forget_news(p)
    return Found(p, 0x13 if continued else p.xsig << 8 | 0x7F, code)


def _forget_news(p: Proc) -> None:
    """The SIGCHLD that tells of what a wait has reported is not sent any more."""
    parent, ksi = p.parent, p.ksi
    if ksi is not None and parent is not None and ksi in parent.sigqueue.entries:
        parent.sigqueue.entries.remove(ksi)


def reap(system: System, parent: Proc, p: Proc) -> None:
    """proc_reap: the zombie goes; one that was attached to goes back to its
    real parent first."""
    _forget_news(p)
    if p.oppid != parent.pid:
        real = system.proc_realparent(p)
        if real is not parent:
            system.proc_reparent(p, real, set_oppid=True)
            p.oppid = real.pid
            proctree.clear_orphan(system, p)
            tell_exit(system, p)
            return
    reaper.reaper_exit(system, p)
    proctree.clear_orphan(system, p)
    parent.children.remove(p)
    parent.child_usage.add(p.usage)
    parent.child_usage.add(p.child_usage)
    p.pgrp.members.remove(p)
    if not p.pgrp.members:
        system.pgrps.pop(p.pgrp.pgid, None)
    for td in p.threads:
        system.free_tid(td.tid, process=True)
    if p.procdesc is not None:
        p.procdesc.proc = None
        p.procdesc = None
    del system.procs[p.pid]


def driver_exit(system: System, td: Thread) -> None:
    """The end of a process that ran the caller's Python."""
    p = td.proc
    p.flag |= P.WEXIT
    p.flag2 |= P2.WEXIT
    p.ptevents = 0
    p.files.close_all(system, td)
    p.flag &= ~(P.TRACED | P.PPWAIT | P.PPTRACE)
    _leave_session(system, p)
    _abandon_children(system, p)
    for q in list(p.orphans):
        q.oppid = q.reaper.pid
        if q.pdeathsig > 0:
            psignal(system, q, KSigInfo(q.pdeathsig))
        proctree.clear_orphan(system, q)
    p.sigqueue.flush()
    system.threads.pop(td.tid, None)
    p.state = ProcState.ZOMBIE
