"""mount(2), unmount(2) and statvfs(2): the subject of vfs_syscalls.c.  What can be
mounted is procfs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import kqueue
from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.bsd.mounts import in_use, seen_name
from bsdproc.emulator.dragonfly import procfs
from bsdproc.emulator.dragonfly.cred import priv_check
from bsdproc.emulator.dragonfly.state import Thread
from bsdproc.emulator.errno import (
    EBUSY,
    EINVAL,
    ENODEV,
    ENOTDIR,
    EOPNOTSUPP,
    EPERM,
    Refused,
)
from bsdproc.emulator.machine.physical import PAGE
from bsdproc.kernel.port import StatVfs

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.emulator.vnode import Mount

RDONLY, SYNCHRONOUS, NOEXEC, NOSUID, NODEV = 1, 2, 4, 8, 0x10
ROOTFS, UPDATE, FORCE = 0x4000, 0x10000, 0x80000
KEPT: Final = RDONLY | SYNCHRONOUS | NOEXEC | NOSUID | NODEV
NAME_MAX: Final = 255
VQ_MOUNT, VQ_UNMOUNT = 0x8, 0x10
"""What EVFILT_FS tells."""
MAXPROC: Final = 1476
KNOWN: Final = frozenset({"ufs", "hammer", "hammer2", "tmpfs", "devfs", "null", "nfs", "cd9660",
                          "msdos", "ext2fs", "mfs", "dirfs", "smbfs", "udf", "ntfs"})
"""Kinds that a DragonFly has, in its kernel or as modules."""


def mount(system: System, td: Thread, fstype: str, path: str, flags: int) -> None:
    """sys_mount, as far as procfs needs it."""
    cred = td.proc.cred
    if cred.prison is not None:
        raise Refused(EPERM)
    priv_check(cred)
    node = system.vfs.find(path, access(td))
    if flags & UPDATE:
        if node is not node.mount.root:
            raise Refused(EINVAL)
        raise Refused(EOPNOTSUPP)
    if node.kind != "dir":
        raise Refused(ENOTDIR)
    if fstype != "procfs":
        if fstype in KNOWN:
            system.note(f"mount: this kernel has no {fstype}, and no module of it to load")
        raise Refused(ENODEV)
    procfs.mount(system, system.vfs, system.vfs.path_of(node), flags=flags & KEPT,
                 owner=cred.uid)
    kqueue.file_systems(system, VQ_MOUNT)


def unmount(system: System, td: Thread, path: str, flags: int) -> None:
    """sys_unmount and dounmount."""
    cred = td.proc.cred
    if cred.prison is not None:
        raise Refused(EPERM)
    priv_check(cred)
    node = system.vfs.find(path, access(td))
    found = node.mount
    if node is not found.root or found.flags & ROOTFS:
        raise Refused(EINVAL)
    over = [m for m in system.vfs.mounts if m.covers is not None and m.covers.mount is found]
    if over or (in_use(system, found) and not flags & FORCE):
        raise Refused(EBUSY)
    found.gone = True
    system.vfs.remove(found)
    kqueue.file_systems(system, VQ_UNMOUNT)


def statvfs(system: System, td: Thread, path: str) -> StatVfs:
    """The file system that a path lies on."""
    return of_mount(system, td, system.vfs.find(path, access(td)).mount)


def seen(system: System, td: Thread) -> list[StatVfs]:
    """chroot_visible_mnt: those below the root directory, and what that lies on itself."""
    root = td.proc.root
    own = system.vfs.lookup(root).mount
    return [of_mount(system, td, mount) for mount in system.vfs.mounts
            if mount is own or seen_name(root, mount.on) is not None]


def type_number(system: System, fstype: str) -> int:
    """vfc_typenum: kinds are numbered as they come."""
    return 1 + list(dict.fromkeys(mount.kind for mount in system.vfs.mounts)).index(fstype)


def of_mount(system: System, td: Thread, found: Mount) -> StatVfs:
    """One of memory never fills."""
    living = sum(1 for p in system.allproc.values() if not p.zombie)
    if found.kind == "procfs":
        blocks, free, files, files_free = 1, 0, MAXPROC, MAXPROC - living
    else:
        blocks = free = 1 << 20
        files = files_free = 1 << 16
    return StatVfs(
        bsize=PAGE, frsize=PAGE, iosize=PAGE, blocks=blocks, bfree=free, bavail=free,
        files=files, ffree=files_free, namemax=NAME_MAX, flags=found.flags,
        fsid=(found.fsid & 0xFFFFFFFF, found.fsid >> 32 & 0xFFFFFFFF), owner=found.owner,
        fstype=found.kind, mounted_from=found.source,
        mounted_on=seen_name(td.proc.root, found.on) or "/")
