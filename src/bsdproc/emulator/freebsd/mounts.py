"""nmount(2), mount(2), unmount(2) and statfs(2): the subject of vfs_mount.c.

The order of checks is FreeBSD 13.2's.  What can be mounted is procfs; another
kind that a real kernel has is refused with a line in the kernel's log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from bsdproc.emulator.bsd import kqueue
from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.bsd.mounts import in_use
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.errno import (
    EBUSY,
    EINVAL,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    ENOTEMPTY,
    EOPNOTSUPP,
    EPERM,
    EXDEV,
    Refused,
)
from bsdproc.emulator.freebsd import cred, procfs
from bsdproc.emulator.freebsd.cred import Priv
from bsdproc.emulator.machine.physical import PAGE
from bsdproc.emulator.vnode import Mount, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

MFSNAMELEN, MNAMELEN = 16, 1024
"""Bytes of a type's name and of a path in struct statfs, the NUL included."""
UIO_MAXIOV = 1024
ARGUMENTS_MAX = 1024 * 64
EXPORT_ARGS = 96
"""sizeof(struct export_args)."""
OPTION_SIZE = 48
"""struct vfsopt: what each option costs of ARGUMENTS_MAX beside its bytes."""
NAME_MAX = 255
VQ_MOUNT, VQ_UNMOUNT = 0x8, 0x10
"""What EVFILT_FS tells."""
USERMOUNT = "vfs.usermount"

RDONLY, SYNCHRONOUS, NOEXEC, NOSUID = 1, 2, 4, 8
UNION, ASYNC, EXPORTED = 0x20, 0x40, 0x100
LOCAL, ROOTFS, USER = 0x1000, 0x4000, 0x8000
UPDATE, RELOAD, FORCE = 0x10000, 0x40000, 0x80000
SUIDDIR, NOSYMFOLLOW, IGNORE = 0x100000, 0x400000, 0x800000
MULTILABEL, NONBUSY = 0x4000000, 0x4000000
"""NONBUSY is unmount's, the others' number is nmount's."""
ACLS, BYFSID = 0x8000000, 0x8000000
NOATIME, NOCLUSTERR, NOCLUSTERW = 0x10000000, 0x40000000, 0x80000000
NFS4ACLS = 0x10
AUTOMOUNTED, NOCOVER, EMPTYDIR = 0x200000000, 0x1000000000, 0x2000000000
UNTRUSTED = 0x800000000
KEPT: Final = (NOSUID | NOEXEC | SYNCHRONOUS | UNION | ASYNC | NOATIME | NOSYMFOLLOW | IGNORE
               | NOCLUSTERR | NOCLUSTERW | SUIDDIR | ACLS | USER | NFS4ACLS | AUTOMOUNTED
               | UNTRUSTED)
"""MNT_UPDATEMASK: flags of a call that become the mount's."""

SETS: Final = {
    "update": UPDATE, "async": ASYNC, "force": FORCE, "reload": RELOAD, "multilabel": MULTILABEL,
    "noatime": NOATIME, "noclusterr": NOCLUSTERR, "noclusterw": NOCLUSTERW, "noexec": NOEXEC,
    "nosuid": NOSUID, "nosymfollow": NOSYMFOLLOW, "ro": RDONLY, "rdonly": RDONLY,
    "suiddir": SUIDDIR, "sync": SYNCHRONOUS, "union": UNION, "export": EXPORTED,
    "automounted": AUTOMOUNTED, "nocover": NOCOVER, "emptydir": EMPTYDIR,
}  # fmt: skip
CLEARS: Final = {
    "noasync": ASYNC, "noro": RDONLY, "rw": RDONLY, "cover": NOCOVER, "noemptydir": EMPTYDIR,
}  # fmt: skip
"""What the options that every file system has do to the flags."""

KNOWN: Final = frozenset({"ufs", "devfs", "procfs", "tmpfs", "nullfs", "fdescfs", "unionfs",
                          "linprocfs", "linsysfs", "cd9660", "msdosfs", "nfs", "zfs", "ext2fs",
                          "fusefs", "autofs", "mqueuefs", "udf", "smbfs"})
"""Kinds that a FreeBSD has, in its kernel or as modules."""

class Part(Protocol):
    """One of nmount's iovecs where it lies: answers may go there."""

    def read(self) -> bytes: ...

    def write(self, data: bytes, /) -> object: ...


Iov = Sequence[bytes | Part]


class Option(NamedTuple):
    """struct vfsopt."""

    name: str
    value: bytes
    position: int
    """Of its name among the pairs: where an answer goes."""


class StatFs(NamedTuple):
    """struct statfs, without the counts of reads and writes (0 here)."""

    type: int
    flags: int
    bsize: int
    iosize: int
    blocks: int
    bfree: int
    bavail: int
    files: int
    ffree: int
    namemax: int
    owner: int
    fsid: tuple[int, int]
    fstypename: str
    mntfromname: str
    mntonname: str


# -- options ---------------------------------------------------------------------
def _contents(part: bytes | Part) -> bytes:
    return bytes(part) if isinstance(part, bytes | bytearray | memoryview) else part.read()


def _build(iov: Iov) -> list[Option]:
    """vfs_buildopts: EINVAL for a name without its NUL, and for too much."""
    if len(iov) % 2 or len(iov) < 4 or len(iov) > UIO_MAXIOV:
        raise Refused(EINVAL)
    used = 0
    options: list[Option] = []
    for at in range(0, len(iov), 2):
        name, value = _contents(iov[at]), _contents(iov[at + 1])
        used += OPTION_SIZE + len(name) + len(value)
        if used > ARGUMENTS_MAX:
            raise Refused(EINVAL)
        if not name.endswith(b"\0"):
            raise Refused(EINVAL)
        word = name[: name.index(b"\0")].decode("utf-8", "surrogateescape")
        options.append(Option(word, value, at // 2))
    return _sanitized(options)


def _positive(name: str) -> str:
    return name[2:] if name.startswith("no") else name


def _same(a: str, b: str) -> bool:
    """vfs_equalopts: the same option, said or denied."""
    if a == b or (_positive(a) == b) or (a == _positive(b)):
        return True
    ways = ("ro", "rdonly", "norw", "rw", "noro")
    return a in ways and b in ways


def _sanitized(options: list[Option]) -> list[Option]:
    """vfs_sanitizeopts: of options that are the same the last counts."""
    kept: list[Option] = []
    for option in reversed(options):
        if not any(_same(option.name, other.name) for other in kept):
            kept.insert(0, option)
    return kept


def _value(options: list[Option], name: str) -> bytes | None:
    return next((option.value for option in options if option.name == name), None)


def _text(value: bytes | None) -> str | None:
    """A value that is to be a string: with its NUL at the end."""
    if not value or not value.endswith(b"\0"):
        return None
    return value[: value.index(b"\0")].decode("utf-8", "surrogateescape")


def _flags(options: list[Option], flags: int) -> int:
    for option in options:
        flags |= SETS.get(option.name, 0)
        flags &= ~CLEARS.get(option.name, 0)
    return flags


# -- mount -----------------------------------------------------------------------
def nmount(system: System, td: Thread, iov: Iov, flags: int) -> None:
    """sys_nmount and vfs_donmount."""
    options = _build(iov)
    try:
        _donmount(system, td, options, flags & 0xFFFFFFFF & ~ROOTFS)
    except _Said as said:
        _say(iov, options, said.text)
        raise Refused(said.errno) from None


class _Said(Refused):
    """A refusal that is also told in words."""

    def __init__(self, errno: int, text: str) -> None:
        super().__init__(errno)
        self.text = text


def _say(iov: Iov, options: list[Option], text: str) -> None:
    """Into the caller's "errmsg", as far as it has room."""
    asked = next((option for option in options if option.name == "errmsg"), None)
    if asked is not None and asked.value:
        answer = iov[2 * asked.position + 1]
        if not isinstance(answer, bytes):
            answer.write(text.encode()[: len(asked.value)].ljust(len(asked.value), b"\0"))


def _donmount(system: System, td: Thread, options: list[Option], flags: int) -> None:
    stored_type, stored_path = _value(options, "fstype"), _value(options, "fspath")
    fstype = _text(stored_type)
    if fstype is None:
        raise _Said(EINVAL, "Invalid fstype")
    path = _text(stored_path)
    if path is None:
        raise _Said(EINVAL, "Invalid fspath")
    if len(stored_type or b"") > MFSNAMELEN or len(stored_path or b"") > MNAMELEN:
        raise Refused(ENAMETOOLONG)
    try:
        _domount(system, td, fstype, path, _flags(options, flags),
                     len(_value(options, "export") or b"") == EXPORT_ARGS)
    except Refused as refused:
        if refused.errno != ENOENT:
            raise
        # No such path is told as no such type, too.
        raise _Said(EINVAL, "Invalid fstype") from None


def _jailed(td: Thread) -> bool:
    return cred.ucred(td.proc).prison.parent is not None


def _may_mount(system: System, td: Thread, priv: Priv) -> None:
    """EPERM: only root, unless vfs.usermount lets everybody outside jails."""
    if _jailed(td) or not system.settings.get(USERMOUNT, 0):
        cred.priv_check(td, priv)


def _suser(td: Thread, mount: Mount) -> None:
    """vfs_suser: who mounted it, and root; EPERM for a jail's."""
    if _jailed(td):
        raise Refused(EPERM)
    if mount.owner != td.proc.cred.uid:
        cred.priv_check(td, Priv.VFS_MOUNT_OWNER)


def _by_name(system: System, td: Thread, fstype: str) -> None:
    """vfs_byname_kld: what is not in the kernel would be a module's, which only
    root may load; ENOENT where there is none."""
    if fstype in ("procfs", "devfs", "ufs"):
        return
    if cred.ucred(td.proc).prison.securelevel > 0:
        raise Refused(EPERM)
    cred.priv_check(td, Priv.KLD_LOAD)
    if fstype in KNOWN:
        system.log.append(f"mount: this kernel has no {fstype}, and no module of it to load")
    raise Refused(ENOENT)


def _domount(system: System, td: Thread, fstype: str, path: str, flags: int,
             export: bool) -> None:
    """vfs_domount."""
    _may_mount(system, td, Priv.VFS_MOUNT)
    if flags & EXPORTED:
        cred.priv_check(td, Priv.VFS_MOUNT_EXPORTED)
    if flags & SUIDDIR:
        cred.priv_check(td, Priv.VFS_MOUNT_SUIDDIR)
    if not cred.has_priv(cred.ucred(td.proc), Priv.VFS_MOUNT_NONUSER):
        flags |= NOSUID | USER
    if not flags & UPDATE:
        _by_name(system, td, fstype)
    who = access(td)
    node = system.vfs.find(path, who)
    is_root = node is node.mount.root
    if flags & UPDATE:
        _update(system, td, node, flags, export)
        return
    if is_root and flags & NOCOVER:
        raise Refused(EBUSY)
    if node.attributes(who).uid != td.proc.cred.uid:
        cred.priv_check(td, Priv.VFS_ADMIN)
    if node.kind != "dir":
        raise Refused(ENOTDIR)
    if flags & EMPTYDIR and node.entries(who):
        raise Refused(ENOTEMPTY)
    if fstype != "procfs":
        system.log.append(f"mount: another {fstype} cannot be mounted here")
        raise Refused(EOPNOTSUPP)
    procfs.mount(system, system.vfs, system.vfs.path_of(node),
                 flags=flags & (KEPT | RDONLY) | LOCAL, owner=td.proc.cred.uid)
    kqueue.file_systems(system, VQ_MOUNT)


def _update(system: System, td: Thread, node: Vnode, flags: int, export: bool) -> None:
    """vfs_domount_update, up to the file system's own word: a procfs takes none."""
    mount = node.mount
    if node is not mount.root:
        raise Refused(EXDEV if export else EINVAL)
    if flags & RELOAD and not mount.flags & RDONLY:
        raise Refused(EOPNOTSUPP)
    _suser(td, mount)
    if mount.kind != "procfs":
        system.log.append(f"mount: {mount.kind} on {mount.on} cannot be changed here")
    raise Refused(EOPNOTSUPP)


def mount(system: System, td: Thread, fstype: str, path: str, flags: int) -> None:
    """mount(2), the old way: ENOENT for an unknown type before all else."""
    flags &= 0xFFFFFFFF & ~ROOTFS
    for text, room in ((fstype, MFSNAMELEN), (path, MNAMELEN)):
        if len(text.encode("utf-8", "surrogateescape")) >= room:
            raise Refused(ENAMETOOLONG)
    try:
        _by_name(system, td, fstype)
    except Refused:
        raise Refused(ENOENT) from None
    try:
        _domount(system, td, fstype, path, flags, export=False)
    except Refused as refused:
        raise Refused(EINVAL if refused.errno == ENOENT else refused.errno) from None


# -- unmount ---------------------------------------------------------------------
def unmount(system: System, td: Thread, path: str, flags: int) -> None:
    """kern_unmount and dounmount."""
    _may_mount(system, td, Priv.VFS_UNMOUNT)
    if len(path.encode("utf-8", "surrogateescape")) >= MNAMELEN:
        raise Refused(ENAMETOOLONG)
    found = _by_fsid(system, path) if flags & BYFSID else _by_path(system, td, path)
    if found.flags & ROOTFS:
        raise Refused(EINVAL)
    _suser(td, found)
    over = [m for m in system.vfs.mounts if m.covers is not None and m.covers.mount is found]
    busy = in_use(system, found)
    if flags & NONBUSY and (over or any(node is not found.root for node in busy)):
        raise Refused(EBUSY)
    if over and flags & FORCE:
        system.log.append(f"unmount: {over[0].on} is mounted above {found.on}, and is not torn "
                          "away here")
    if over or (busy and not flags & FORCE):
        raise Refused(EBUSY)
    found.gone = True
    system.vfs.remove(found)
    kqueue.file_systems(system, VQ_UNMOUNT)


def _by_fsid(system: System, text: str) -> Mount:
    asked = re.match(r"FSID:\s*([-+]?\d+):\s*([-+]?\d+)", text)
    if asked is None:
        raise Refused(EINVAL)
    wanted = tuple(int(number) & 0xFFFFFFFF for number in asked.groups())
    for mount in reversed(system.vfs.mounts):
        if (mount.fsid & 0xFFFFFFFF, type_number(mount.kind)) == wanted:
            return mount
    raise Refused(ENOENT)


def _by_path(system: System, td: Thread, path: str) -> Mount:
    """By the name that it was mounted on: EINVAL where there is none."""
    try:
        wanted = system.vfs.path_of(system.vfs.find(path, access(td)))
    except Refused:
        wanted = path
    for mount in reversed(system.vfs.mounts):
        if mount.on == wanted:
            return mount
    raise Refused(EINVAL)


# -- statfs ----------------------------------------------------------------------
def type_number(fstype: str) -> int:
    """vfc_typenum: the low byte of FNV-1 over the name, so that it stays the same."""
    number = 33554467    # the system's own start value
    for byte in fstype.encode():
        number = (number * 0x01000193 ^ byte) & 0xFFFFFFFF
    return number & 0xFF


class Counts(NamedTuple):
    """Of a kind of file system: bytes of a block and of a transfer, blocks, files."""

    bsize: int
    iosize: int
    blocks: int
    bfree: int
    files: int


COUNTS: Final = {
    "procfs": Counts(PAGE, PAGE, 1, 0, 1),
    "devfs": Counts(512, 512, 2, 0, 0),
    "ufs": Counts(PAGE, 32768, 1 << 20, 1 << 20, 1 << 16),
}
"""A disk here never fills: its files lie in memory."""


def statfs(system: System, td: Thread, path: str) -> StatFs:
    """kern_statfs."""
    return of_mount(system, td, system.vfs.find(path, access(td)).mount)


def seen(system: System, td: Thread) -> list[Mount]:
    """Those that getfsstat(2) lists: prison_canseemount at its strictest, as a jail has it."""
    if not _jailed(td):
        return list(system.vfs.mounts)
    return [system.vfs.lookup(cred.ucred(td.proc).prison.path).mount]


def of_mount(system: System, td: Thread, mount: Mount) -> StatFs:
    """kern_do_statfs."""
    counts = COUNTS[mount.kind]
    number = type_number(mount.kind)
    asker = cred.ucred(td.proc)
    told = not _jailed(td) and asker.uid == 0 and asker.prison.allows(cred.SUSER_ENABLED)
    fsid = (mount.fsid & 0xFFFFFFFF, number) if told else (0, 0)
    return StatFs(number, mount.flags, counts.bsize, counts.iosize, counts.blocks, counts.bfree,
                  counts.bfree, counts.files, counts.files * (mount.kind == "ufs"), NAME_MAX,
                  mount.owner, fsid, mount.kind, mount.source, _seen_name(system, td, mount))


def _seen_name(system: System, td: Thread, mount: Mount) -> str:
    """prison_enforce_statfs at its strictest, as a jail has it."""
    if not _jailed(td):
        return mount.on
    own = system.vfs.lookup(cred.ucred(td.proc).prison.path).mount
    return "/" if own is mount else "[restricted]"
