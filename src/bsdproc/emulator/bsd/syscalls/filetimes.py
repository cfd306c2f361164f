"""When files were used and changed, as programs set it: utimes(2) and utimensat(2).

The subject of getutimes, getutimens and setutimes in FreeBSD's vfs_syscalls.c.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.bsd.syscalls.args import Args, int32, path_at, space
from bsdproc.emulator.bsd.syscalls.width import time
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.vnode import WRITE, Access, Told, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.bsd.system import System

US, NS = 1000, 1
Times = tuple[int | None, int | None]
"""Of access and modification, in ns; None for one that stays."""


def node_at(system: System, td: Thread, address: int, follow: bool = True,
            at: int = files.AT_FDCWD) -> tuple[Vnode, Access]:
    """What a path in the program's memory names, and who asks."""
    path = path_at(td, address)
    who = files.where(td, at, path)
    return system.vfs.find(path, who, follow), who


def node_of(td: Thread, fd: int) -> tuple[Vnode, Access]:
    """getvnode: EINVAL for what is no file."""
    node = td.proc.files.get(fd).vnode
    if node is None:
        raise Refused(EINVAL)
    return node, access(td)


def given_times(system: System, td: Thread, address: int, unit: int) -> tuple[Times, bool]:
    """getutimes and getutimens: and whether both are now, which more may set."""
    now = system.boot_ns + system.clock
    if not address:
        return (now, now), True
    form, most = time(td), 10**9 // unit
    data = space(td).copyin(address, 2 * form.size)
    given = [form.unpack_from(data, at) for at in (0, form.size)]
    found: list[int | None] = []
    for seconds, part in given:
        if unit == NS and part == system.utime_omit:
            found.append(None)
        elif unit == NS and part == system.utime_now:
            found.append(now)
        elif 0 <= part < most:
            found.append(seconds * 10**9 + part * unit)
        else:
            raise Refused(EINVAL)
    return (found[0], found[1]), unit == NS and all(part == system.utime_now for _, part in given)


def set_times(node: Vnode, who: Access, times: Times, now: bool) -> None:
    """setutimes: the owner's right, or that of who may write for both to be now."""
    atime, mtime = times
    if times == (None, None):
        return
    if now and not node.fixed and who.cred.uid not in (0, node.uid):
        node.check(WRITE, who)
        node.keeps(Vnode.APPEND)
        node.atime = node.mtime = node.ctime = node.mount.clock()
        node.tell(Told.ATTRIB)
        return
    node.set_attributes(who, atime=atime, mtime=mtime)
    if mtime is not None and mtime < node.birthtime:
        node.birthtime = mtime


def _by_name(follow: bool) -> Callable[[System, Thread, Args], None]:
    def call(system: System, td: Thread, args: Args) -> None:
        times, now = given_times(system, td, args[1], US)
        set_times(*node_at(system, td, args[0], follow), times, now)
    return call


def sys_futimes(system: System, td: Thread, args: Args) -> None:
    times, now = given_times(system, td, args[1], US)
    set_times(*node_of(td, int32(args[0])), times, now)


def sys_futimens(system: System, td: Thread, args: Args) -> None:
    times, now = given_times(system, td, args[1], NS)
    if times != (None, None):
        set_times(*node_of(td, int32(args[0])), times, now)


def utimensat(system: System, td: Thread, at: int, path: int, times_at: int,
              follow: bool) -> None:
    """utimensat(2), with the system's own flags told already."""
    times, now = given_times(system, td, times_at, NS)
    set_times(*node_at(system, td, path, follow, at), times, now)


CALLS: dict[str, Entry] = {
    "utimes": ("utimes", 2, _by_name(follow=True)),
    "lutimes": ("lutimes", 2, _by_name(follow=False)),
    "futimes": ("futimes", 2, sys_futimes),
    "futimens": ("futimens", 2, sys_futimens),
}
