"""The system calls that tell of mounted file systems: statfs(2), statvfs(2) and their like."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.syscalls.args import Args, path_at, signed, space_of
from bsdproc.emulator.bsd.syscalls.filetimes import node_of
from bsdproc.emulator.dragonfly import mounts
from bsdproc.emulator.errno import EBADF, Refused
from bsdproc.emulator.vnode import Dead

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.dragonfly.state import Thread
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.kernel.port import StatVfs

STATFS: Final = struct.Struct("<8x7qIIIii4x16x16s80s16x2x80s22x")
"""struct statfs: block and transfer size, blocks, free ones, those for all, files, free ones,
id, owner, type, flags, and the names of type, place and source."""
STATVFS: Final = struct.Struct("<11QII64x")
"""struct statvfs: two sizes, blocks, free ones, those for all, the same of files, id, flags,
longest name, owner, type."""
ADDRESSES: Final = 1 << 64
ST_RDONLY, ST_NOSUID = 1, 2
MNT_RDONLY, MNT_NOSUID = 1, 8


def _statfs(system: System, td: Thread, told: StatVfs, *, ids: bool) -> bytes:
    """`ids` where the file system's id is for everybody; otherwise it is root's to know."""
    fsid = told.fsid if ids or td.proc.cred.uid == 0 else (0, 0)
    names = (word.encode("utf-8", "surrogateescape")[:79]
             for word in (told.fstype, told.mounted_on, told.mounted_from))
    return STATFS.pack(
        told.bsize, told.iosize, told.blocks, told.bfree, told.bavail, told.files, told.ffree,
        *fsid, told.owner, mounts.type_number(system, told.fstype), told.flags, *names)


def _statvfs(told: StatVfs) -> bytes:
    """vfs_stdstatvfs: neither an id nor a longest name is told."""
    flags = ST_RDONLY if told.flags & MNT_RDONLY else 0
    flags |= ST_NOSUID if told.flags & MNT_NOSUID else 0
    return STATVFS.pack(told.bsize, told.bsize, told.blocks, told.bfree, told.bavail, told.files,
                        told.ffree, told.ffree, 0, flags, 0, told.owner, 0)


def _of_file(system: System, td: Thread, fd: int) -> StatVfs:
    node, _ = node_of(td, signed(fd))
    if isinstance(node, Dead):
        raise Refused(EBADF)
    return mounts.of_mount(system, td, node.mount)


def sys_statfs(system: System, td: Thread, args: Args) -> None:
    told = mounts.statvfs(system, td, path_at(td, args[0]))
    space_of(td).copyout(args[1], _statfs(system, td, told, ids=False))


def sys_fstatfs(system: System, td: Thread, args: Args) -> None:
    told = _of_file(system, td, args[0])
    space_of(td).copyout(args[1], _statfs(system, td, told, ids=False))


def sys_statvfs(system: System, td: Thread, args: Args) -> None:
    space_of(td).copyout(args[1], _statvfs(mounts.statvfs(system, td, path_at(td, args[0]))))


def sys_fstatvfs(system: System, td: Thread, args: Args) -> None:
    space_of(td).copyout(args[1], _statvfs(_of_file(system, td, args[0])))


# What is told of a file system is never out of date: nobody looks at MNT_NOWAIT.
def sys_getfsstat(system: System, td: Thread, args: Args) -> int:
    """getfsstat(buffer, size, flags): as many as fit; without a buffer, how many there are.
    A size below 0 is a large one."""
    told = mounts.seen(system, td)
    if not args[0]:
        return len(told)
    fits = told[: args[1] % ADDRESSES // STATFS.size]
    if fits:
        space_of(td).copyout(args[0], b"".join(
            _statfs(system, td, one, ids=True) for one in fits))
    return len(fits)


def sys_getvfsstat(system: System, td: Thread, args: Args) -> int:
    """getvfsstat(statfs buffer, statvfs buffer, the latter's size, flags)."""
    told = mounts.seen(system, td)
    if not args[1]:
        return len(told)
    fits = told[: args[2] % ADDRESSES // STATVFS.size]
    for at, one in enumerate(fits):
        space_of(td).copyout(args[0] + at * STATFS.size, _statfs(system, td, one, ids=True))
        space_of(td).copyout(args[1] + at * STATVFS.size, _statvfs(one))
    return len(fits)


SYSCALLS: Final[dict[int, Entry]] = {
    18: ("getfsstat", 3, sys_getfsstat),
    157: ("statfs", 2, sys_statfs),
    158: ("fstatfs", 2, sys_fstatfs),
    500: ("statvfs", 2, sys_statvfs),
    501: ("fstatvfs", 2, sys_fstatvfs),
    503: ("getvfsstat", 4, sys_getvfsstat),
}
