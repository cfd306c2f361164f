"""What the end of a process is on every BSD kernel."""

from __future__ import annotations

from bsdproc.emulator.bsd.state import Proc

PAGE_KB = 4


def leave_space(p: Proc) -> None:
    """The process's memory goes, unless vfork lent it; how much it was is noted."""
    if p.space is None:
        return
    if p.vfork_parent is None:
        p.usage.maxrss = max(p.usage.maxrss, sum(
            p.space.resident(e) for e in p.space.entries) * PAGE_KB)
        p.space.close()
    p.vfork_parent = None
    p.space = None
