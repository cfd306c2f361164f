"""The system calls that mount file systems, and tell of them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, path_at, space
from bsdproc.emulator.bsd.syscalls.filetimes import node_of
from bsdproc.emulator.errno import EBADF, Refused
from bsdproc.emulator.netbsd import mounts
from bsdproc.emulator.vnode import Dead
from bsdproc.kernel.port import StatVfs

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System


def sys_mount(system: System, td: Thread, args: Args) -> int:
    """mount(type, path, flags, data, size)."""
    return mounts.mount(system, td, space(td), path_at(td, args[0]), path_at(td, args[1]),
                        int32(args[2]) & 0xFFFFFFFF, args[3], args[4])


def sys_unmount(system: System, td: Thread, args: Args) -> None:
    mounts.unmount(system, td, path_at(td, args[0]), int32(args[1]))


STATVFS: Final = struct.Struct("<16QIIQQI36x32s1024s1024s1024x")
"""struct statvfs: flags, three sizes, blocks, free ones, those for all, those for root, the
same of files, four counts of reads and writes, two ids, longest name, owner, names."""


def _pack(told: StatVfs) -> bytes:
    names = (word.encode("utf-8", "surrogateescape")
             for word in (told.fstype, told.mounted_on, told.mounted_from))
    return STATVFS.pack(
        told.flags, told.bsize, told.frsize, told.iosize, told.blocks, told.bfree, told.bavail,
        told.bfree - told.bavail, told.files, told.ffree, told.ffree, 0, 0, 0, 0, 0, *told.fsid,
        told.fsid[0], told.namemax, told.owner, *names)


# What is told of a file system is never out of date: nobody looks at MNT_NOWAIT.
def sys_statvfs(system: System, td: Thread, args: Args) -> None:
    """__statvfs190(path, buffer, flags)."""
    space(td).copyout(args[1], _pack(mounts.statvfs(system, td, path_at(td, args[0]))))


def sys_fstatvfs(system: System, td: Thread, args: Args) -> None:
    """__fstatvfs190(fd, buffer, flags)."""
    node, _ = node_of(td, int32(args[0]))
    if isinstance(node, Dead):
        raise Refused(EBADF)
    space(td).copyout(args[1], _pack(mounts.of_mount(td, node.mount)))


def sys_getvfsstat(system: System, td: Thread, args: Args) -> int:
    """__getvfsstat90(buffer, size, flags): as many as fit; without a buffer, how many there
    are."""
    told = mounts.seen(system, td)
    if not args[0]:
        return len(told)
    fits = told[: args[1] // STATVFS.size]
    if fits:
        space(td).copyout(args[0], b"".join(map(_pack, fits)))
    return len(fits)


SYSCALLS: dict[int, Entry] = {
    22: ("unmount", 2, sys_unmount),
    410: ("__mount50", 5, sys_mount),
    483: ("__getvfsstat90", 3, sys_getvfsstat),
    484: ("__statvfs190", 3, sys_statvfs),
    485: ("__fstatvfs190", 3, sys_fstatvfs),
}
