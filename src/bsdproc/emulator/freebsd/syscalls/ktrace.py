"""ktrace(2): whose doings are written where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.state import Proc, ProcState, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, path_at
from bsdproc.emulator.errno import EACCES, EINVAL, EMLINK, EPERM, ESRCH, Refused
from bsdproc.emulator.freebsd import ktrace
from bsdproc.emulator.freebsd.cred import p_cansee
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.vnode import READ, WRITE, Regular

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

SET, CLEAR, CLEARFILE, DESCEND = 0, 1, 2, 4
SYS_KTRACE = 45


def _file(system: System, td: Thread, address: int) -> Regular:
    """A file that the caller may read and write: EACCES for another kind."""
    path = path_at(td, address)
    who = files.where(td, files.AT_FDCWD, path)
    node = system.vfs.find(path, who, follow=False)
    if node.kind == "lnk":
        raise Refused(EMLINK)
    node.check(READ | WRITE, who)
    if not isinstance(node, Regular):
        raise Refused(EACCES)
    return node


def _seen(system: System, td: Thread, p: Proc) -> bool:
    try:
        p_cansee(system, td, p)
    except Refused:
        return False
    return p.state is not ProcState.NEW


def _targets(system: System, td: Thread, pid: int) -> list[Proc]:
    if pid >= 0:
        p = system.find_proc(pid)
        p_cansee(system, td, p)
        return [p]
    group = system.pgrps.get(-pid)
    found = [p for p in group.members if _seen(system, td, p)] if group is not None else []
    if not found:
        raise Refused(ESRCH)
    return found


def _with_children(p: Proc) -> list[Proc]:
    return [p, *(other for child in p.children for other in _with_children(child))]


def sys_ktrace(system: System, td: Thread, args: Args) -> int:
    """EPERM where nothing could be changed."""
    ops, facilities, pid = int32(args[1]), args[2] & 0xFFFFFFFF & ~ktrace.ROOT, int32(args[3])
    what = ops & 3
    if what != CLEARFILE and not facilities:
        raise Refused(EINVAL)
    before = td.proc in system.ktraced
    file = _file(system, td, args[0]) if what != CLEAR else None
    if what == CLEARFILE:
        if file is not None and not ktrace.clear_file(system, td, file):
            raise Refused(EPERM)
        return 0
    changed = False
    for p in _targets(system, td, pid):
        for one in _with_children(p) if ops & DESCEND else [p]:
            changed |= ktrace.change(system, td, one, file, facilities)
    if not changed:
        raise Refused(EPERM)
    if not before:      # the end of this call is the first of what is seen
        ktrace.returned(system, td, SYS_KTRACE, 0, 0)
    return 0


SYSCALLS: dict[int, Entry] = {SYS_KTRACE: ("ktrace", 4, sys_ktrace)}
