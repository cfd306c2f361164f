"""The reaper tree: who collects the orphans (sys/kern/kern_procctl.c,
kern_fork.c, kern_exit.c).

Every process has a reaper, init at the least, and is in that one's
`reaplist`; `reap_subtree` is the pid of the reaper's own child that it
descends from.  The newest comes first in a reaplist, as it does in the
`children` of a process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.freebsd.state import Tree

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.state import Proc
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
            system.proc_reparent(child, above)
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
