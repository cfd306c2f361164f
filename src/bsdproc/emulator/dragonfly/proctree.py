"""Parents and children, process groups and sessions: kern_proc.c, proc_reparent of kern_exit.c."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bsdproc.emulator.dragonfly import signo as s
from bsdproc.emulator.dragonfly.flags import Stat
from bsdproc.emulator.dragonfly.state import P, Proc, ProcessGroup, Session
from bsdproc.emulator.errno import EACCES, EINVAL, EPERM, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System


def reparent(system: System, child: Proc, parent: Proc) -> None:
    """proc_reparent."""
    old = child.parent
    if old is parent:
        return
    assert old is not None
    old.children.remove(child)
    parent.children.insert(0, child)
    child.parent = parent
    parent.news = True
    if not old.children:
        old.news = True
        system.wakeup(old)


def above(p: Proc) -> Iterator[Proc]:
    """A process's parent, that one's, and so on: once round, where somebody
    traces an ancestor of its own."""
    at, seen = p.parent, {p.pid}
    while at is not None and at.pid not in seen:
        yield at
        seen.add(at.pid)
        at = at.parent


def inferior(p: Proc, of: Proc) -> bool:
    """Whether a process is a descendant of another, or that one."""
    return p is of or any(q is of for q in above(p))


# -- job control ----------------------------------------------------------------
def jobc(pgrp: ProcessGroup) -> int:
    """pg_jobc: members whose parents, in another group of the session, qualify
    the group for job control."""
    return sum(
        1 for p in pgrp.members
        if not p.zombie and p.parent is not None and p.parent.pgrp is not pgrp
        and p.parent.pgrp.session is pgrp.session)


def around(p: Proc) -> list[ProcessGroup]:
    """The groups that a process's coming or going may matter to."""
    groups: list[ProcessGroup] = []
    for pgrp in (p.pgrp, *(child.pgrp for child in p.children)):
        if not any(pgrp is known for known in groups):
            groups.append(pgrp)
    return groups


def orphaned(system: System, before: list[tuple[ProcessGroup, int]]) -> None:
    """fixjobc's end: hang up the groups that nobody controls any more, if
    something in them is stopped (orphanpg)."""
    for pgrp, count in before:
        if not count or jobc(pgrp):
            continue
        members = list(pgrp.members)
        if any(isinstance(p, Proc) and p.stat == Stat.STOP for p in members):
            for p in members:
                system.psignal(p, s.SIGHUP)
                system.psignal(p, s.SIGCONT)


def counts(p: Proc) -> list[tuple[ProcessGroup, int]]:
    """Before a process leaves its group: what `orphaned` compares with."""
    return [(pgrp, jobc(pgrp)) for pgrp in around(p)]


def enterpgrp(system: System, p: Proc, pgid: int, *, session: bool = False) -> None:
    """Move a process to a group, new or there; with `session` to a session of its own."""
    pgrp = system.pgrps.get(pgid)
    if pgrp is p.pgrp:
        return
    before = counts(p)
    if pgrp is None:
        new = p.session
        if session:
            new = Session(p.pid, p, p.session.login)
            p.flag &= ~P.CONTROLT
        pgrp = system.pgrps[pgid] = ProcessGroup(pgid, new)
    leavepgrp(system, p)
    p.pgrp = pgrp
    pgrp.members.insert(0, p)
    orphaned(system, before)


def leavepgrp(system: System, p: Proc) -> None:
    p.pgrp.members.remove(p)
    if not p.pgrp.members:
        system.pgrps.pop(p.pgrp.pgid, None)


def setsid(system: System, p: Proc) -> int:
    """setsid(2)."""
    if p.pid in system.pgrps:
        raise Refused(EPERM)
    enterpgrp(system, p, p.pid, session=True)
    return p.pid


def setpgid(system: System, p: Proc, pid: int, pgid: int) -> None:
    """setpgid(2): of the caller, or a child of its session that has not exec'd yet."""
    if pgid < 0:
        raise Refused(EINVAL)
    target = p
    if pid and pid != p.pid:
        found = system.allproc.get(pid)
        if found is None or found.zombie:
            raise Refused(ESRCH)
        target = found
        if not inferior(target, p):
            raise Refused(ESRCH)
        if target.session is not p.session:
            raise Refused(EPERM)
        if target.flag & P.EXEC:
            raise Refused(EACCES)
    if target.session.leader is target:
        raise Refused(EPERM)
    if pgid == 0:
        pgid = target.pid
    elif pgid != target.pid:
        pgrp = system.pgrps.get(pgid)
        if pgrp is None or pgrp.session is not p.session:
            raise Refused(EPERM)
    enterpgrp(system, target, pgid)
