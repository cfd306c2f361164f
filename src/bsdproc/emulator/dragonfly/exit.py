"""The end of a process, and its collection.  The subject of kern_exit.c."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import itimers, kqueue
from bsdproc.emulator.bsd.exit import leave_space
from bsdproc.emulator.bsd.system import ThreadExited
from bsdproc.emulator.dragonfly import proctree, reaper
from bsdproc.emulator.dragonfly import signo as s
from bsdproc.emulator.dragonfly.flags import AcctFlag, Stat
from bsdproc.emulator.dragonfly.signals import Way, ksignal, proc_stop, signotify, tell
from bsdproc.emulator.dragonfly.state import P, Proc, Sleep, Thread, Usage
from bsdproc.emulator.errno import ECHILD, EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

WNOHANG, WUNTRACED, WCONTINUED, WNOWAIT, WEXITED, WTRAPPED = 1, 2, 4, 8, 16, 32
KNOWN_OPTIONS = WNOHANG | WUNTRACED | WCONTINUED | WNOWAIT | WEXITED | WTRAPPED
P_PID, P_PPID, P_PGID, P_SID, P_UID, P_GID, P_ALL, P_JAILID = 0, 1, 2, 3, 5, 6, 7, 12
WCOREFLAG = 0x80
RLIMIT_CORE = 4


# -- lwps ---------------------------------------------------------------------------
def lwp_exit(system: System, td: Thread) -> Way:
    """One of several goes.  Does not return."""
    p = td.proc
    _hand_down(p, td)
    p.lwps.remove(td)
    if td.counted:
        p.nstopped -= 1
    system.remove_thread(td)
    system.wakeup(("nthreads", p))
    raise ThreadExited
    yield


def _hand_down(p: Proc, td: Thread) -> None:
    """Its usage becomes the process's."""
    td.usage.utime += td.runtime
    td.runtime = 0
    p.usage.add(td.usage)
    td.usage = Usage()


def killlwps(system: System, td: Thread) -> Way:
    """killalllwps: every other lwp goes, each at the boundary to its program."""
    p = td.proc
    if td.leaving:
        yield from lwp_exit(system, td)
    for other in p.lwps:
        if other is not td:
            other.leaving = True
            if other.stopped:
                system.wakeup(("stop", p))
            else:
                signotify(system, other)
    while len(p.lwps) > 1:
        yield Sleep(("nthreads", p), "killlwps", interruptible=False)
    td.leaving = False


# -- the end ----------------------------------------------------------------------------
def sigexit(system: System, td: Thread, sig: int) -> Way:
    """A signal ends the process, perhaps with a core file."""
    p = td.proc
    p.acflag |= AcctFlag.XSIG
    status = sig
    if sig in s.CORE:
        td.sig = sig
        if p.stat != Stat.CORE:
            proc_stop(system, p, Stat.CORE)
            if system.coredump(td, sig):
                status |= WCOREFLAG
            p.stat = Stat.STOP
    yield from exit1(system, td, status)


def exit1(system: System, td: Thread, status: int) -> Way:
    """Leave the world but for a zombie.  Does not return."""
    p = td.proc
    if len(p.lwps) > 1:
        yield from killlwps(system, td)
    p.flag |= P.WEXIT
    itimers.exited(p)
    p.stat = Stat.ACTIVE
    p.nstopped = 0
    p.xstat = status
    p.siglist.flush()
    td.siglist.flush()
    p.files.close_all(system, td)
    leave_space(p)
    finish(system, p, td)
    raise ThreadExited


def finish(system: System, p: Proc, td: Thread) -> None:
    """What is left to do when files and memory are gone."""
    if p.session.leader is p:
        p.session.leader = None
    before = proctree.counts(p)
    p.text, p.text_path = None, ""
    if p.flag & P.PPWAIT:
        p.flag &= ~P.PPWAIT
        system.wakeup(("ppwait", p))
    p.stat = Stat.ZOMB
    kqueue.exited(system, p)
    new_parent = reaper.reaper_exit(p)
    assert new_parent is not None
    _abandon_children(system, p, new_parent)
    _hand_down(p, td)
    p.usage.add(p.child_usage)
    assert p.parent is not None
    if p.parent.sigacts.flag_nocldwait or p.parent.sigacts.flag_cldsigign:
        proctree.reparent(system, p, new_parent)
    parent = p.parent
    proctree.orphaned(system, before)
    ksignal(system, parent, s.SIGCHLD)
    p.flag &= ~P.TRACED
    system.remove_thread(td)
    p.lwps.clear()
    tell(system, parent)
    if parent.pid == 1:
        collect(system, parent, p)


def _abandon_children(system: System, p: Proc, new_parent: Proc) -> None:
    """Children go to the reaper, and tracees die."""
    if not p.children:
        return
    for q in list(p.children):
        p.children.remove(q)
        new_parent.children.insert(0, q)
        q.parent = new_parent
        if q.flag & P.TRACED:
            q.flag &= ~P.TRACED
            ksignal(system, q, s.SIGKILL)
        if q.zombie and new_parent.pid == 1:
            collect(system, new_parent, q)
    tell(system, new_parent)


def driver_exit(system: System, td: Thread) -> None:
    """The end of a process that ran the caller's Python."""
    p = td.proc
    p.flag |= P.WEXIT
    p.files.close_all(system, td)
    if p.zombie or p.pid not in system.allproc:
        return
    finish(system, p, td)


# -- wait ------------------------------------------------------------------------------------
class Found:
    """What a wait found: the process, its status, and CLD_ of it."""

    __slots__ = ("children", "code", "own", "pid", "status")

    def __init__(self, p: Proc, status: int, code: int) -> None:
        self.pid = p.pid
        self.status = status
        self.code = code
        self.own = Usage()
        self.children = Usage()
        if code in (s.CLD_EXITED, s.CLD_KILLED, s.CLD_DUMPED):
            self.own.add(p.usage)
            self.children.add(p.child_usage)


def _matches(p: Proc, idtype: int, id: int) -> bool:
    if idtype == P_ALL:
        return True
    found = {P_PID: p.pid, P_PGID: p.pgid, P_SID: p.session.sid, P_UID: p.cred.uid,
             P_GID: p.cred.gid, P_JAILID: p.cred.prison.id if p.cred.prison else 0}
    return found.get(idtype) == id


def look(system: System, td: Thread, idtype: int, id: int, options: int) -> Found | None:
    """kern_wait: what a wait finds at once."""
    q = td.proc
    options &= 0xFFFFFFFF
    if options & ~KNOWN_OPTIONS or not options & (WEXITED | WUNTRACED | WCONTINUED | WTRAPPED):
        raise Refused(EINVAL)
    if idtype not in (P_PID, P_PGID, P_SID, P_UID, P_GID, P_ALL, P_JAILID):
        raise Refused(EINVAL)
    q.news = False
    found = False
    for p in list(q.children):
        if not _matches(p, idtype, id):
            continue
        if p.zombie:
            found = True
            if not options & WEXITED:
                continue
            sig = p.xstat & 0x7F
            code = (s.CLD_DUMPED if p.xstat & WCOREFLAG else s.CLD_KILLED) if sig \
                else s.CLD_EXITED
            news = Found(p, p.xstat, code)
            if not options & WNOWAIT:
                collect(system, q, p)
            return news
        found = True
        if p.stopping and not p.flag & P.WAITED and (
                (p.flag & P.TRACED and options & WTRAPPED) or options & WUNTRACED):
            if not options & WNOWAIT:
                p.flag |= P.WAITED
            return Found(p, p.xstat << 8 | 0x7F,
                         s.CLD_TRAPPED if p.flag & P.TRACED else s.CLD_STOPPED)
        if options & WCONTINUED and p.flag & P.CONTINUED:
            if not options & WNOWAIT:
                p.flag &= ~P.CONTINUED
            return Found(p, s.SIGCONT, s.CLD_CONTINUED)
    if not found:
        raise Refused(ECHILD)
    return None


def wait(system: System, td: Thread, idtype: int, id: int, options: int) -> Generator[
        Sleep | None, int, Found | None]:
    """What there is to report; None with WNOHANG when there is nothing."""
    while True:
        found = look(system, td, idtype, id, options)
        if found is not None or options & WNOHANG:
            return found
        error = yield Sleep(td.proc, "wait")
        if error:
            raise Refused(error)


def collect(system: System, parent: Proc, p: Proc) -> None:
    """The zombie goes; one that was attached to is first given back to the
    parent it had, and found a second time."""
    if p.oppid:
        real = system.allproc.get(p.oppid)
        if real is not None and not real.zombie:
            p.oppid = 0
            proctree.reparent(system, p, real)
            ksignal(system, real, s.SIGCHLD)
            tell(system, real)
            if real.pid == 1:
                collect(system, real, p)
            return
    parent.children.remove(p)
    proctree.leavepgrp(system, p)
    parent.child_usage.add(p.usage)
    del system.allproc[p.pid]
