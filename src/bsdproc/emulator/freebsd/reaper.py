"""The reaper tree: who collects the orphans (sys/kern/kern_procctl.c,
kern_fork.c, kern_exit.c).

Every process has a reaper, init at the least, and is in that one's
`reaplist`; `reap_subtree` is the pid of the reaper's own child that it
descends from.  The newest comes first in a reaplist, as it does in the
`children` of a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.state import P2, KSigInfo, Tree
from bsdproc.emulator.errno import EBUSY, ECAPMODE, EINVAL, EPERM, ESRCH, Refused
from bsdproc.emulator.freebsd.cred import cr_cansignal, p_cansignal, ucred

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc, Thread
    from bsdproc.emulator.freebsd.system import System

INIT_SUBTREE = 1
"""The subtree of init's descendants that no reaper is above of."""


def reaper_fork(system: System, parent: Proc, child: Proc, *, no_wait: bool = False) -> None:
    """Enter a new process below the right reaper; with `no_wait` it is the
    reaper's child, not its maker's (RFNOWAIT; `child.parent` is the
    caller's to set)."""
    own = bool(parent.treeflag & Tree.REAPER) and not no_wait
    reaper = parent if own else parent.reaper
    child.reaper = reaper
    child.reaplist = []
    child.reap_subtree = parent.reap_subtree
    reaper.reaplist.insert(0, child)
    if reaper is parent and parent is not system.init:
        child.reap_subtree = child.pid


def abandon_children(system: System, p: Proc, *, exiting: bool) -> None:
    """Hand all descendants to the reaper above, and be a reaper no more.

    Only a reaper that is being collected (`exiting`) loses its children as
    well: until then it keeps them, dead as it is."""
    if not p.treeflag & Tree.REAPER:
        return
    above = p.reaper
    for child in p.reaplist:
        child.reaper = above
        child.reap_subtree = p.reap_subtree
        above.reaplist.insert(0, child)
        if exiting and child.parent is p:
            system.proc_reparent(child, above, set_oppid=True)
    p.reaplist = []
    p.treeflag &= ~Tree.REAPER


def reaper_exit(system: System, p: Proc) -> None:
    """A zombie is collected (proc_reap): its descendants pass on, and it
    leaves its reaper's list.  Not to be called when it dies: a dead reaper
    is one still."""
    abandon_children(system, p, exiting=True)
    p.reaper.reaplist.remove(p)


def reserved(system: System, pid: int) -> bool:
    """Whether a pid still names a subtree, though its process may be gone:
    no new process may get it."""
    return pid != INIT_SUBTREE and any(q.reap_subtree == pid for q in system.procs.values())


# -- what procctl(2) asks --------------------------------------------------
@dataclass(frozen=True, slots=True)
class Status:
    """struct procctl_reaper_status."""

    flags: int
    children: int
    descendants: int
    reaper: int
    pid: int
    """A child of the reaper's, else a descendant, else -1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """struct procctl_reaper_pidinfo."""

    pid: int
    subtree: int
    flags: int


@dataclass(slots=True)
class Kill:
    """struct procctl_reaper_kill: what is asked, and what came of it."""

    sig: int
    flags: int
    subtree: int
    killed: int
    fpid: int


class StatusFlag:
    """REAPER_STATUS_*."""

    OWNED = 1
    REALINIT = 2


class EntryFlag:
    """REAPER_PIDINFO_*, those that this release knows."""

    VALID = 1
    CHILD = 2
    REAPER = 4


class KillFlag:
    """REAPER_KILL_*."""

    CHILDREN = 1
    SUBTREE = 2


def acquire(td: Thread, p: Proc) -> None:
    """Descendants born from now on are its own to collect.  EPERM for
    another process, EBUSY for what is a reaper already."""
    if td.proc is not p:
        raise Refused(EPERM)
    if p.treeflag & Tree.REAPER:
        raise Refused(EBUSY)
    p.treeflag |= Tree.REAPER


def release(system: System, td: Thread, p: Proc) -> None:
    """EPERM for another process, EINVAL for init and for what is no reaper."""
    if td.proc is not p:
        raise Refused(EPERM)
    if p is system.init or not p.treeflag & Tree.REAPER:
        raise Refused(EINVAL)
    abandon_children(system, p, exiting=False)


def reaper_of(p: Proc) -> Proc:
    """The reaper that a question about the process is answered for: itself,
    if it is one."""
    return p if p.treeflag & Tree.REAPER else p.reaper


def status(system: System, p: Proc) -> Status:
    """Of its reaper.  Who traces a process does not count as its parent."""
    reaper = reaper_of(p)
    listed = reaper.reaplist
    first = -1
    if listed:
        first = (reaper.children or listed)[0].pid
    return Status(
        flags=(StatusFlag.OWNED if reaper is p and p.treeflag & Tree.REAPER else 0)
        | (StatusFlag.REALINIT if reaper is system.init else 0),
        children=sum(system.proc_realparent(q) is reaper for q in listed),
        descendants=len(listed),
        reaper=reaper.pid,
        pid=first,
    )


def entries(system: System, p: Proc) -> list[Entry]:
    """Every descendant of its reaper's that no nearer reaper has, zombies
    included."""
    reaper = reaper_of(p)
    return [
        Entry(
            q.pid,
            q.reap_subtree,
            EntryFlag.VALID
            | (EntryFlag.CHILD if system.proc_realparent(q) is reaper else 0)
            | (EntryFlag.REAPER if q.treeflag & Tree.REAPER else 0),
        )
        for q in reaper.reaplist
    ]


def kill(system: System, td: Thread, p: Proc, ask: Kill) -> None:
    """Signal the descendants of its reaper's, those below inner reapers too.

    ECAPMODE in capability mode; EINVAL for a bad signal or flags, with
    nothing written into `ask`.  Otherwise `killed` counts the processes
    signalled and `fpid` is the first that might not be, if none before it
    was.  ESRCH or EPERM unless somebody else was signalled; of the children
    alone (KillFlag.CHILDREN) it is never the sending that clears the ESRCH.
    A process that is exiting, or dead, is passed over, and so is what hangs
    from it.
    """
    if td.proc.cred.capmode:
        raise Refused(ECAPMODE)
    both = KillFlag.CHILDREN | KillFlag.SUBTREE
    if not 0 < ask.sig <= signo.SIG_MAX or ask.flags & ~both or ask.flags == both:
        raise Refused(EINVAL)
    reaper = reaper_of(p)
    ask.killed, ask.fpid = 0, -1
    by_children = bool(ask.flags & KillFlag.CHILDREN)
    targets = list(reaper.children) if by_children else _subtree(td, reaper, ask)
    errno = ESRCH
    for q in targets:
        if q.flag2 & P2.WEXIT:
            continue
        try:
            if by_children:
                p_cansignal(system, td, q, ask.sig)
            elif q is not td.proc:
                cr_cansignal(system, ucred(td.proc), q, ask.sig)
        except Refused as refused:
            if errno == ESRCH:
                ask.fpid, errno = q.pid, refused.errno
            continue
        system.psignal(
            q, KSigInfo(ask.sig, signo.SI_USER, pid=td.proc.pid, uid=td.proc.cred.ruid)
        )
        ask.killed += 1
        if not by_children and q is not td.proc:
            errno = 0
    if errno:
        raise Refused(errno)


def _subtree(td: Thread, top: Proc, ask: Kill) -> list[Proc]:
    """All descendants, level by level of reapers, the caller's own process
    among them if it is one; of one subtree of the topmost when asked so."""
    found: list[Proc] = []
    if td.proc.flag2 & P2.WEXIT:
        return found
    waiting = [top]
    while waiting:
        reaper = waiting.pop(0)
        if reaper.flag2 & P2.WEXIT:
            continue
        for q in reaper.reaplist:
            outside = reaper is top and q.reap_subtree != ask.subtree
            if outside and ask.flags & KillFlag.SUBTREE:
                continue
            if q.treeflag & Tree.REAPER:
                waiting.append(q)
            found.append(q)
    return found
