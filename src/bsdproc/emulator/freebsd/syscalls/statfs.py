"""statfs(2) and its like, and mount(2): the calls of programs on mounted file systems.

The subject of vfs_syscalls.c and vfs_mount.c.  File handles are refused: nothing here
is exported.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, int64, path_argument, path_at, space_of
from bsdproc.emulator.errno import EBADF, EINVAL, EOPNOTSUPP, EPERM, ESTALE, Refused
from bsdproc.emulator.freebsd import mounts
from bsdproc.emulator.freebsd.cred import Priv, priv_check, ucred
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.vnode import Dead

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

STATFS: Final = struct.Struct("<IIQQQQQqQq4Q80xIIII80x16s1024s1024s")
"""struct statfs: version, type, flags, block and transfer size, blocks, free ones, those
for all, files, free ones, four counts of reads and writes, longest name, owner, id, names."""
VERSION: Final = 0x20140518
MNT_WAIT, MNT_NOWAIT = 1, 2
FHANDLE: Final = 28
"""sizeof(fhandle_t)."""


def _pack(told: mounts.StatFs) -> bytes:
    names = (word.encode("utf-8", "surrogateescape")
             for word in (told.fstypename, told.mntfromname, told.mntonname))
    return STATFS.pack(
        VERSION, told.type, told.flags, told.bsize, told.iosize, told.blocks, told.bfree,
        told.bavail, told.files, told.ffree, 0, 0, 0, 0, told.namemax, told.owner, *told.fsid,
        *names)


def sys_statfs(system: System, td: Thread, args: Args) -> None:
    told = mounts.statfs(system, td, path_at(td, args[0]))
    space_of(td).copyout(args[1], _pack(told))


def sys_fstatfs(system: System, td: Thread, args: Args) -> None:
    """EINVAL for what lies on no file system."""
    node = td.proc.files.get(int32(args[0])).vnode
    if node is None:
        raise Refused(EINVAL)
    if isinstance(node, Dead):
        raise Refused(EBADF)
    space_of(td).copyout(args[1], _pack(mounts.of_mount(system, td, node.mount)))


def sys_getfsstat(system: System, td: Thread, args: Args) -> int:
    """As many as fit; without room, how many there are."""
    room, mode = int64(args[1]), int32(args[2])
    if room < 0 or mode not in (MNT_WAIT, MNT_NOWAIT):
        raise Refused(EINVAL)
    seen = mounts.seen(system, td)
    if not args[0] or not room:
        return len(seen)
    told = [_pack(mounts.of_mount(system, td, mount)) for mount in seen[: room // STATFS.size]]
    space_of(td).copyout(args[0], b"".join(told))
    return len(told)


def sys_mount(system: System, td: Thread, args: Args) -> None:
    """mount(2): its data is for the kinds of file systems that are not here."""
    mounts.mount(system, td, path_argument(td, args[0]), path_argument(td, args[1]),
                 int32(args[2]))


def sys_unmount(system: System, td: Thread, args: Args) -> None:
    mounts.unmount(system, td, path_argument(td, args[0]), int32(args[1]))


class _Answer:
    """A value of nmount's in the program's memory, where the answer may go."""

    def __init__(self, td: Thread, at: int, size: int) -> None:
        self._space, self._at, self._size = space_of(td), at, size

    def read(self) -> bytes:
        return self._space.copyin(self._at, self._size) if self._size else b""

    def write(self, data: bytes) -> None:
        self._space.copyout(self._at, data)


def sys_nmount(system: System, td: Thread, args: Args) -> None:
    from bsdproc.emulator.bsd.syscalls.files import iovec

    count = args[1] & 0xFFFFFFFF
    if count & 1 or count < 4:
        raise Refused(EINVAL)
    parts = [_Answer(td, at, size) for at, size in iovec(td, args[0], count)]
    mounts.nmount(system, td, parts, int32(args[2]))


# -- file handles ----------------------------------------------------------------------
def _no_handles(system: System, td: Thread) -> Refused:
    system.note(f"process {td.proc.pid} ({td.proc.comm}): there are no file handles")
    return Refused(EOPNOTSUPP)


def _to_handle(td: Thread, at: int, priv: Priv) -> Refused:
    """No handle is known here: who may ask is told that it is stale."""
    priv_check(td, priv)
    space_of(td).copyin(at, FHANDLE)
    return Refused(ESTALE)


def sys_getfh(system: System, td: Thread, args: Args) -> None:
    priv_check(td, Priv.VFS_GETFH)
    mounts.statfs(system, td, path_at(td, args[0]))
    raise _no_handles(system, td)


def sys_getfhat(system: System, td: Thread, args: Args) -> None:
    if args[3] & ~0x6200:
        raise Refused(EINVAL)
    priv_check(td, Priv.VFS_GETFH)
    raise _no_handles(system, td)


def sys_fhopen(system: System, td: Thread, args: Args) -> None:
    raise _to_handle(td, args[0], Priv.VFS_FHOPEN)


def sys_fhstat(system: System, td: Thread, args: Args) -> None:
    raise _to_handle(td, args[0], Priv.VFS_FHSTAT)


def sys_fhstatfs(system: System, td: Thread, args: Args) -> None:
    raise _to_handle(td, args[0], Priv.VFS_FHSTATFS)


def sys_quotactl(system: System, td: Thread, args: Args) -> None:
    """No file system here has quotas."""
    if ucred(td.proc).prison.parent is not None:
        raise Refused(EPERM)
    mounts.statfs(system, td, path_at(td, args[0]))
    raise Refused(EOPNOTSUPP)


SYSCALLS: dict[int, Entry] = {
    21: ("mount", 4, sys_mount),
    22: ("unmount", 2, sys_unmount),
    148: ("quotactl", 4, sys_quotactl),
    160: ("lgetfh", 2, sys_getfh),
    161: ("getfh", 2, sys_getfh),
    298: ("fhopen", 2, sys_fhopen),
    378: ("nmount", 3, sys_nmount),
    553: ("fhstat", 2, sys_fhstat),
    555: ("statfs", 2, sys_statfs),
    556: ("fstatfs", 2, sys_fstatfs),
    557: ("getfsstat", 3, sys_getfsstat),
    558: ("fhstatfs", 2, sys_fhstatfs),
    564: ("getfhat", 4, sys_getfhat),
}
