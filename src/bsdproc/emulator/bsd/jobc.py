"""Process groups without a parent to look after them: job control's orphans.

The subject of kern_proc.c.  A group becomes orphaned when the last member
goes whose parent is of the same session but another group; one that never
had such a member is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import proctree
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.state import P, Proc, ProcessGroup, Session, Tree

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System


def _cares(parent: Proc, group: ProcessGroup) -> bool:
    """isjobproc: a child of that process keeps the group from being orphaned."""
    return parent.pgrp is not group and parent.session is group.session


def _parent(system: System, p: Proc, leaving: Proc | None = None) -> Proc:
    """jobc_parent: the real parent, or for one that has left its group the
    nearest reaper that has not."""
    parent = proctree.realparent(system, p)
    if (parent.parent is None or parent is leaving
            or not parent.treeflag & Tree.GRPEXITED):
        return parent
    while True:
        parent = parent.reaper
        if parent.reaper is parent or not parent.treeflag & Tree.GRPEXITED:
            return parent


def count(system: System, group: ProcessGroup) -> int:
    """pgrp_calc_jobc: members whose parent cares."""
    return sum(
        1 for q in group.members
        if not q.treeflag & Tree.GRPEXITED and q.parent is not None
        and _cares(_parent(system, q), group))


def _orphan(system: System, group: ProcessGroup) -> None:
    """orphanpg: if one of the group is stopped, all get SIGHUP and SIGCONT."""
    group.orphaned = True
    if any(p.flag & (P.STOPPED_SIG | P.STOPPED_TRACE) == P.STOPPED_SIG for p in group.members):
        for p in list(group.members):
            system.psignal(p, s.SIGHUP)
            system.psignal(p, s.SIGCONT)


def enter(system: System, p: Proc, pgid: int, session: Session) -> None:
    """enterpgrp, enterthispgrp: leave the old group, be in that one."""
    old = p.pgrp
    group = system.pgrps.get(pgid)
    if group is old:
        return
    if group is None:
        group = system.pgrps[pgid] = ProcessGroup(pgid, session)
    parent = _parent(system, p)
    if _cares(parent, old) and count(system, old) == 1:
        _orphan(system, old)
    old.members.remove(p)
    if not old.members:
        system.pgrps.pop(old.pgid, None)
    group.members.insert(0, p)
    p.pgrp = group
    if _cares(parent, group):
        group.orphaned = False


def leave(system: System, p: Proc) -> None:
    """fixjobc_kill: an exiting process cares for nobody's group any more."""
    p.treeflag |= Tree.GRPEXITED
    if _cares(_parent(system, p), p.pgrp) and count(system, p.pgrp) == 0:
        _orphan(system, p.pgrp)
    for q in [*p.children, *p.orphans]:
        group = q.pgrp
        if count(system, group):
            group.orphaned = False
        elif _cares(p, group) and (q in p.orphans or _parent(system, q, p) is p):
            _orphan(system, group)
