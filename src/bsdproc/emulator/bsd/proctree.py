"""Parents, tracers and real parents: who is whose child.

While a process is traced its parent is the tracer, and its real parent keeps
it among its orphans, so that it can still wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import P, Proc, Tree

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System


def become_reaper(p: Proc) -> None:
    """Mark a process as a reaper (init, and who asks by PROC_REAP_ACQUIRE)."""
    p.treeflag |= Tree.REAPER


def clear_orphan(system: System, p: Proc) -> None:
    """proc_clear_orphan."""
    if p.treeflag & Tree.ORPHANED:
        for q in system.procs.values():
            if p in q.orphans:
                q.orphans.remove(p)
                break
        p.treeflag &= ~Tree.ORPHANED


def make_orphan(p: Proc, parent: Proc) -> None:
    """proc_add_orphan: that is its real parent, another one its tracer."""
    parent.orphans.insert(0, p)
    p.treeflag |= Tree.ORPHANED


def reparent(system: System, child: Proc, parent: Proc, *, set_oppid: bool) -> None:
    """proc_reparent."""
    old = child.parent
    if old is parent:
        return
    if old is not None:
        if child.ksi is not None and child.ksi in old.sigqueue.entries:
            old.sigqueue.entries.remove(child.ksi)
        old.children.remove(child)
    parent.children.insert(0, child)
    clear_orphan(system, child)
    if child.flag & P.TRACED and old is not None:
        make_orphan(child, old)
    child.parent = parent
    if set_oppid:
        child.oppid = parent.pid


def realparent(system: System, child: Proc) -> Proc:
    """proc_realparent: the parent if nobody traced the process."""
    if not child.treeflag & Tree.ORPHANED:
        parent = child.parent
        if parent is not None and parent.pid == child.oppid:
            return parent
        return child.reaper
    for p in system.procs.values():
        if child in p.orphans:
            return p
    return child.reaper
