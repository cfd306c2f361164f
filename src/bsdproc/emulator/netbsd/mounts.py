"""mount(2), unmount(2) and statvfs(2): the subject of NetBSD's vfs_syscalls.c and vfs_mount.c.

The order of checks is theirs.  What can be mounted is procfs; another type that a real kernel
has is refused with a line in the kernel's log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.bsd.mounts import in_use, seen_name
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.caller import UserMemory
from bsdproc.emulator.errno import (
    EBUSY,
    EINVAL,
    ENODEV,
    ENOTDIR,
    EOPNOTSUPP,
    EPERM,
    Refused,
)
from bsdproc.emulator.netbsd.procfs.host import KernelHost
from bsdproc.emulator.netbsd.procfs.mount import (
    ARGS,
    FSID_TYPE,
    LINUXCOMPAT,
    MNT_GETARGS,
    MNT_UPDATE,
    NAMEMAX,
    Procfs,
    ProcfsModule,
)
from bsdproc.emulator.vfs import STREAMS, DescriptorDevice, FileSystem
from bsdproc.emulator.vnode import Device, Mount, Vnode
from bsdproc.kernel.port import StatVfs

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

MNT_RDONLY, MNT_RELOAD, MNT_FORCE, MNT_IGNORE = 0x1, 0x40000, 0x80000, 0x100000
MNT_EXPORTED, MNT_ROOTFS = 0x100, 0x4000
KEPT: Final = (
    0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x8000 | 0x20000 | 0x200000 | 0x800000
    | 0x1000000 | 0x2000000 | 0x4000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x80000000
    | 0x800 | MNT_IGNORE)
"""MNT_BASIC_FLAGS and MNT_IGNORE: what the mount keeps of the flags."""
VFS_MAX_MOUNT_DATA = 8192
OTHERS = frozenset((
    "ffs", "nfs", "mfs", "msdos", "lfs", "union", "null", "overlay", "umap", "kernfs", "cd9660",
    "ext2fs", "adosfs", "filecore", "ntfs", "smbfs", "udf", "ptyfs", "tmpfs", "efs", "puffs",
    "hfs", "sysvbfs", "v7fs", "nilfs", "zfs", "autofs", "chfs",
))
"""Types that a NetBSD may have."""

ROOT_TYPE, ROOT_SOURCE = "ffs", "/dev/wd0a"
FFS_ARGS_SIZE = 8
"""sizeof(struct ufs_args): the name of its device, which is null."""
FFS_BLOCK, FFS_FRAGMENT, FFS_BLOCKS, FFS_FILES = 16384, 2048, 1 << 20, 1 << 16
"""The root's: it never fills, for its files lie in memory."""


# -- booting -------------------------------------------------------------------------
def boot(system: System, fs: FileSystem) -> None:
    """Make the name space NetBSD's: an ffs with the devices on it, and a procfs on /proc."""
    root = fs.mounts[0]
    root.kind, root.source, root.fsid = ROOT_TYPE, ROOT_SOURCE, 0
    root.acts_on = Vnode.IMMUTABLE | Vnode.APPEND
    _devices_on_root(fs)
    system.procfs = ProcfsModule(KernelHost(system), system.procfs_revision, {
        name: system.target.struct(f"struct {kind}").size
        for name, kind in (("regs", "reg"), ("fpregs", "fpreg"))})
    new = system.procfs.mount(fs.clock, ARGS.pack(1, LINUXCOMPAT))
    assert isinstance(new, Procfs)
    fs.mount(new, "/proc")


DEVICE_NUMBERS = {"null": 0x202, "zero": 0x20C, "random": 0x2E00, "urandom": 0x2E01, "tty": 0x100}
"""makedev(major, minor): mem, rnd and ctty."""
DESCRIPTOR_MAJOR: Final = 22
DESCRIPTORS: Final = 64
"""What MAKEDEV makes in /dev/fd."""


def _devices_on_root(fs: FileSystem) -> None:
    """There is no devfs: the nodes lie in the root's own /dev."""
    devfs = fs.lookup("/dev").mount
    assert devfs.covers is not None
    names = {entry.name: devfs.root.lookup(entry.name) for entry in devfs.root.entries()}
    names["urandom"] = names["random"]
    fs.remove(devfs)
    directory = fs.lookup("/dev")
    for name, node in names.items():
        if isinstance(node, Device):
            node.mount, node.rdev = directory.mount, DEVICE_NUMBERS[name]
            node.ino = directory.mount.number()
            node.places = []
            directory.add(name, node)
    fs.make_directories("/dev/fd")
    descriptors = fs.lookup("/dev/fd")
    for number in range(DESCRIPTORS):
        descriptors.add(str(number), DescriptorDevice(
            directory.mount, number, DESCRIPTOR_MAJOR << 8 | number))
    for number, name in enumerate(STREAMS):
        directory.add(name, DescriptorDevice(
            directory.mount, number, DESCRIPTOR_MAJOR << 8 | number))


# -- mount -------------------------------------------------------------------------------
def _arguments(memory: UserMemory, address: int, size: int, least: int) -> bytes | None:
    """What the caller gave: None for a null pointer, the type's own size without one."""
    if address == 0:
        return None
    size = size or least
    if size > VFS_MAX_MOUNT_DATA:
        raise Refused(EINVAL)
    return memory.copyin(address, size)


def _privileged(td: Thread) -> None:
    """kauth_authorize_system: root, as long as vfs.generic.usermount is 0."""
    if td.proc.cred.uid != 0:
        raise Refused(EPERM)


def _is_root(node: Vnode) -> bool:
    """VV_ROOT."""
    return node is node.mount.root


def mount(system: System, td: Thread, memory: UserMemory, fstype: str, path: str, flags: int,
          address: int, size: int) -> int:
    """do_sys_mount: what mount(2) returns."""
    node = system.vfs.find(path, access(td))
    if not flags & (MNT_GETARGS | MNT_UPDATE):
        _known(system, fstype)
    least = ARGS.size if not flags & (MNT_GETARGS | MNT_UPDATE) or isinstance(
        node.mount, Procfs) else FFS_ARGS_SIZE
    data = _arguments(memory, address, size, least)
    if flags & MNT_GETARGS:
        found = _getargs(system, node, flags, data)
        if address and found:
            memory.copyout(address, found)
        return len(found)
    if flags & MNT_UPDATE:
        _update(system, td, node, flags, data)
    else:
        _domount(system, td, node, flags, data)
    return 0


def _known(system: System, fstype: str) -> None:
    """mount_get_vfsops: ENODEV for a type that there is not."""
    if fstype != "procfs":
        if fstype in OTHERS:
            system.note(f"mount: no {fstype} in this kernel")
        raise Refused(ENODEV)


def _getargs(system: System, node: Vnode, flags: int, data: bytes | None) -> bytes:
    """mount_getargs: MNT_GETARGS alone, of what is mounted there."""
    if flags & ~MNT_GETARGS or not _is_root(node):
        raise Refused(EINVAL)
    if not isinstance(node.mount, Procfs):
        return bytes(FFS_ARGS_SIZE)
    found = system.procfs.mount(system.vfs.clock, data, MNT_GETARGS, node.mount)
    assert isinstance(found, bytes)
    return found


def _update(system: System, td: Thread, node: Vnode, flags: int, data: bytes | None) -> None:
    """mount_update: no file system here can be updated."""
    if not _is_root(node):
        raise Refused(EINVAL)
    if flags & MNT_RELOAD and not node.mount.flags & MNT_RDONLY:
        raise Refused(EOPNOTSUPP)
    _privileged(td)
    if isinstance(node.mount, Procfs):
        system.procfs.mount(system.vfs.clock, data, MNT_UPDATE, node.mount)
    system.note(f"mount: no update of {node.mount.on} here")
    raise Refused(EOPNOTSUPP)


def _domount(system: System, td: Thread, node: Vnode, flags: int, data: bytes | None) -> None:
    """mount_domount."""
    _privileged(td)
    if node.kind != "dir":
        raise Refused(ENOTDIR)
    if flags & MNT_EXPORTED:
        raise Refused(EINVAL)
    new = system.procfs.mount(system.vfs.clock, data)
    assert isinstance(new, Procfs)
    new.flags |= flags & KEPT
    new.owner = td.proc.cred.uid
    system.vfs.mount(new, system.vfs.path_of(node))


# -- unmount ------------------------------------------------------------------------------
def unmount(system: System, td: Thread, path: str, flags: int) -> None:
    """sys_unmount and dounmount."""
    node = system.vfs.find(path, access(td))
    mount = node.mount
    _privileged(td)
    if mount.flags & MNT_ROOTFS or not _is_root(node):
        raise Refused(EINVAL)
    force = bool(flags & MNT_FORCE)
    above = any(m.covers is not None and m.covers.mount is mount for m in system.vfs.mounts)
    if above or (in_use(system, mount) and not force):
        raise Refused(EBUSY)
    mount.gone = True
    system.vfs.remove(mount)
    if isinstance(mount, Procfs):
        system.procfs.unmounted(mount, force)


# -- statvfs ------------------------------------------------------------------------------
def statvfs(system: System, td: Thread, path: str) -> StatVfs:
    """The file system that a path lies on."""
    return of_mount(td, system.vfs.find(path, access(td)).mount)


def of_mount(td: Thread, mount: Mount) -> StatVfs:
    """dostatvfs: a mount that a changed root directory hides is the root to who lies on it."""
    name = seen_name(td.proc.root, mount.on)
    return _statistics(mount)._replace(mounted_on="/" if name is None else name)


def seen(system: System, td: Thread) -> list[StatVfs]:
    """do_sys_getvfsstat: those that are not hidden, and in the end what the root directory
    lies on, if none of them was mounted there."""
    root = td.proc.root
    found = [of_mount(td, mount) for mount in system.vfs.mounts
             if seen_name(root, mount.on) is not None]
    if root != "/" and all(told.mounted_on != "/" for told in found):
        found.append(of_mount(td, system.vfs.lookup(root).mount))
    return found


def _statistics(mount: Mount) -> StatVfs:
    """genfs_statvfs and the file system's own part."""
    first = mount.fsid
    if isinstance(mount, Procfs):
        own = mount.statistics()
        return StatVfs(
            bsize=own.bsize, frsize=own.bsize, iosize=own.bsize, blocks=own.blocks,
            bfree=own.bfree, bavail=own.bfree, files=own.files, ffree=own.ffree, namemax=NAMEMAX,
            flags=mount.flags, fsid=(first, FSID_TYPE), owner=mount.owner, fstype=mount.kind,
            mounted_from=mount.source, mounted_on=mount.on)
    return StatVfs(
        bsize=FFS_BLOCK, frsize=FFS_FRAGMENT, iosize=FFS_BLOCK, blocks=FFS_BLOCKS,
        bfree=FFS_BLOCKS, bavail=FFS_BLOCKS, files=FFS_FILES, ffree=FFS_FILES, namemax=NAMEMAX,
        flags=mount.flags, fsid=(first, 0x78B), owner=mount.owner, fstype=mount.kind,
        mounted_from=mount.source, mounted_on=mount.on)
