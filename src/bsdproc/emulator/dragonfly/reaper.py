"""procctl(2) and the tree of reapers: the reaper_ functions of kern_fork.c.

A process holds one reaper: the nearest that was acquired above it when it was
forked.  A reaper that is released or exits stays in the tree without an
owner as long as somebody holds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.caller import UserMemory
from bsdproc.emulator.errno import EALREADY, EINVAL, ENOTCONN, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.state import Proc, Thread
    from bsdproc.emulator.dragonfly.system import System

P_PID = 0
PROC_REAP_ACQUIRE, PROC_REAP_RELEASE, PROC_REAP_STATUS = 1, 2, 3
REAPER_STAT_OWNED, REAPER_STAT_REALINIT = 1, 2


class Reaper:
    """struct sysreaper."""

    def __init__(self, parent: Reaper | None, owner: Proc) -> None:
        self.parent = parent
        self.owner: Proc | None = owner
        self.flags = REAPER_STAT_OWNED
        if owner.pid == 1:
            self.flags |= REAPER_STAT_REALINIT

    def process(self) -> Proc | None:
        """reaper_get: the nearest one that is still owned."""
        reaper: Reaper | None = self
        while reaper is not None:
            if reaper.owner is not None:
                return reaper.owner
            reaper = reaper.parent
        return None


def acquire(p: Proc) -> None:
    """PROC_REAP_ACQUIRE: EALREADY for one that is a reaper."""
    if p.reaping.owner is p:
        raise Refused(EALREADY)
    p.reaping = Reaper(p.reaping, p)


def release(p: Proc) -> None:
    """PROC_REAP_RELEASE: ENOTCONN for one that is none."""
    if p.reaping.owner is not p:
        raise Refused(ENOTCONN)
    p.reaping.owner = None
    assert p.reaping.parent is not None
    p.reaping = p.reaping.parent


def references(system: System, p: Proc) -> int:
    """How many living processes hold the reaper that `p` owns, but for itself;
    init's is held once more."""
    held = sum(1 for q in system.allproc.values()
               if q is not p and not q.zombie and q.pid and q.reaping is p.reaping)
    below: set[Reaper] = set()
    for q in system.allproc.values():
        reaper = None if q.zombie else q.reaping
        while reaper is not None:
            if reaper.parent is p.reaping:
                below.add(reaper)
            reaper = reaper.parent
    return held + len(below) + (1 if p.pid == 1 else 0)


def sys_procctl(system: System, td: Thread, idtype: int, id: int, command: int, data: int,
                mem: UserMemory) -> None:
    """procctl(2).  Only the caller itself may be asked for, as P_PID; all else
    is EINVAL."""
    p = td.proc
    if idtype != P_PID or id != p.pid:
        raise Refused(EINVAL)
    if command == PROC_REAP_ACQUIRE:
        acquire(p)
    elif command == PROC_REAP_RELEASE:
        release(p)
    elif command == PROC_REAP_STATUS:
        owned = p.reaping.owner is p
        if data:
            mem.copyout(data, system.target.struct("struct reaper_status").pack({
                "flags": p.reaping.flags if owned else 0,
                "refs": references(system, p) if owned else 0,
                "pid_head": p.children[0].pid if p.children else -1,
            }))
    else:
        raise Refused(EINVAL)


def reaper_exit(p: Proc) -> Proc | None:
    """A process that exits gives its reaper up.  The reaper of its children."""
    if p.reaping.owner is p:
        release(p)
    return p.reaping.process()


def reaper_sigtest(sender: Proc, target: Proc, *, reaper_ok: bool) -> bool:
    """Whether a signal stays within the sender's reaper's tree."""
    mine = sender.reaping
    if mine is target.reaping:
        return not (mine.owner is target and target is not sender and not reaper_ok)
    reaper: Reaper | None = target.reaping
    while reaper is not None:
        if mine is reaper:
            return mine.owner is not target or reaper_ok
        reaper = reaper.parent
    return False
