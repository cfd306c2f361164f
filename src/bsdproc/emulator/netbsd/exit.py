"""The end of an LWP and of a process.  The subject of NetBSD's kern_exit.c and kern_lwp.c."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import itimers, jobc, kqueue, proctree
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.exit import leave_space
from bsdproc.emulator.bsd.state import KSigInfo, P, Proc, ProcState, Sleep, Thread
from bsdproc.emulator.bsd.system import ThreadExited
from bsdproc.emulator.bsd.wait import WCOREFLAG, ended
from bsdproc.emulator.errno import EINTR
from bsdproc.emulator.netbsd import coredump
from bsdproc.emulator.netbsd.signals import SUSPENDED, child_news, event, go_on, stop_process
from bsdproc.emulator.netbsd.signo import SI_USER, TRAP_LWP
from bsdproc.emulator.netbsd.state import PTRACE_LWP_EXIT, Tracing, lwp, tracing

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

Work = Generator[Sleep | None, int, None]


def lwp_exit(system: System, td: Thread) -> Work:
    """An LWP goes; with the last one the process.  Does not return.

    The tracer is told, of those that an execve ends as well, but not of a process's end."""
    p = td.proc
    t = tracing(p)
    if p.flag & P.TRACED and t.events & PTRACE_LWP_EXIT and not t.exits:
        yield from event(system, td, TRAP_LWP, PTRACE_LWP_EXIT, td.tid)
    if len(p.threads) == 1:
        yield from exit1(system, td, 0)
    p.usage.utime += td.runtime
    td.runtime = 0
    if not lwp(td).detached and not p.flag & P.SINGLE_EXIT:
        t.departed[td.tid] = True
    system.remove_thread(td)
    system.wakeup(("lwpwait", p))
    system.wakeup(("threads", p))
    raise ThreadExited


def single_thread(system: System, td: Thread) -> Work:
    """exit_lwps: every other LWP of the process goes."""
    p = td.proc
    if p.singlethread is not None:
        yield from lwp_exit(system, td)
    p.flag |= P.SINGLE_EXIT
    p.singlethread = td
    for other in p.threads:
        if other is not td and other.sleep is not None and (
                other.sleep.interruptible or other.sleep.message == SUSPENDED):
            system.wake_thread(other, EINTR)
    while len(p.threads) > 1:
        yield Sleep(("threads", p), "lwpwait", interruptible=False)
    p.singlethread = None
    p.flag &= ~P.SINGLE_EXIT
    tracing(p).departed.clear()


def sigexit(system: System, td: Thread, sig: int) -> Work:
    """A signal whose default it is ends the process, perhaps with a core file."""
    dumped = sig in s.CORE and coredump.at_exit(system, td, sig)
    yield from exit1(system, td, 0, sig, dumped=dumped)


def exit1(system: System, td: Thread, code: int, sig: int = 0, *, dumped: bool = False) -> Work:
    """Leave the world but for a zombie.  Does not return."""
    p = td.proc
    tracing(p).exits = True
    if len(p.threads) > 1:
        yield from single_thread(system, td)
    if tracing(p).stop_exit and not p.exiting:
        stop_process(system, p, s.SIGSTOP)
        yield None
    p.xexit, p.xsig = code, sig | (WCOREFLAG if dumped else 0)
    finish(system, td)
    p.flag &= ~P.STOPPED_SIG
    leave_space(p)
    p.text, p.text_path = None, ""
    waited_for = p.flag & P.PPWAIT
    p.flag &= ~(P.TRACED | P.PPWAIT)
    if waited_for:
        system.wakeup(("pwait", p))
    p.xthread = td
    p.usage.utime += td.runtime
    td.runtime = 0
    td.sigqueue.flush()
    parent = p.parent
    assert parent is not None
    if parent.sigacts.flag_nocldwait or parent.sigacts.flag_cldsigign:
        system.proc_reparent(p, system.init, set_oppid=True)
        parent.news = True
        system.wakeup(parent)
    system.remove_thread(td)
    p.state = ProcState.ZOMBIE
    kqueue.exited(system, p)
    tell_exit(system, p)
    raise ThreadExited


def finish(system: System, td: Thread) -> None:
    """What the end of every process brings: descriptors, session, children."""
    p = td.proc
    p.flag |= P.WEXIT
    p.files.close_all(system, td)
    if p.session.leader is p:
        p.session.leader = None
    jobc.leave(system, p)
    system.procfs.exited(system.procfs_view(p))
    _abandon_children(system, p)
    itimers.exited(p)
    p.sigqueue.flush()


def driver_exit(system: System, td: Thread) -> None:
    """The end of a process that ran the caller's Python."""
    p = td.proc
    finish(system, td)
    p.flag &= ~(P.TRACED | P.PPWAIT)
    system.threads.pop(td.tid, None)
    p.state = ProcState.ZOMBIE


def tell_exit(system: System, p: Proc) -> None:
    """exit_psignal; init collects at once."""
    parent = p.parent
    assert parent is not None
    child_news(system, p, *ended(p))
    if parent is system.init:
        reap(system, parent, p)


def _abandon_children(system: System, p: Proc) -> None:
    """Children become init's.  Tracees go back to their parents and are killed."""
    if p.children:
        system.init.news = True
        system.wakeup(system.init)
    for q in list(p.children):
        traced = q.flag & P.TRACED
        real = system.proc_realparent(q) if traced else system.init
        system.proc_reparent(q, system.init if real is p else real, set_oppid=True)
        if traced:
            proctree.clear_orphan(system, q)
            q.flag &= ~P.TRACED
            own: Tracing = tracing(q)
            own.syscalls = own.emulate = False
            own.events = own.given = 0
            for td in q.threads:
                lwp(td).suspended = False
            if not q.zombie:
                system.note(f"pid {q.pid} was killed: orphaned traced process")
                go_on(q)
                system.psignal(q, KSigInfo(s.SIGKILL, SI_USER))
        if q.zombie:
            tell_exit(system, q)
    for q in list(p.orphans):
        q.oppid = system.init.pid
        proctree.clear_orphan(system, q)


def reap(system: System, parent: Proc, p: Proc) -> None:
    """proc_free: the zombie goes; one that was attached to goes back to its
    real parent first."""
    if p.oppid != parent.pid:
        real = system.proc_realparent(p)
        if real is not parent:
            system.proc_reparent(p, real, set_oppid=True)
            proctree.clear_orphan(system, p)
            tell_exit(system, p)
            return
    proctree.clear_orphan(system, p)
    parent.children.remove(p)
    parent.child_usage.add(p.usage)
    parent.child_usage.add(p.child_usage)
    p.pgrp.members.remove(p)
    if not p.pgrp.members:
        system.pgrps.pop(p.pgrp.pgid, None)
    del system.procs[p.pid]
    system.procfs.ended(p.pid)
