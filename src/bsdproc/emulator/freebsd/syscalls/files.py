"""The system calls on files that FreeBSD has in its own way, or alone: fcntl, what tells
structures, what is allocated and advised."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.entry import Entry, Function
from bsdproc.emulator.bsd.file import FWRITE, SELECT, Blocking, File, access
from bsdproc.emulator.bsd.shm import ShmFile
from bsdproc.emulator.bsd.syscalls import files as common
from bsdproc.emulator.bsd.syscalls.args import int32, int64, path_at, space
from bsdproc.emulator.bsd.syscalls.files import AT_SYMLINK_NOFOLLOW, IOSIZE_MAX
from bsdproc.emulator.bsd.syscalls.flock import GET, SET, WAIT, record_lock
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import (
    EBADF,
    EFBIG,
    EINVAL,
    ENODEV,
    ENOMEM,
    ENOTTY,
    EOPNOTSUPP,
    ESPIPE,
    Refused,
)
from bsdproc.emulator.freebsd import kinfo_file
from bsdproc.emulator.freebsd.cred import Priv, priv_check
from bsdproc.emulator.vnode import FORMATS, Attributes, Dead, Device, Regular, Told

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.freebsd.system import System

STAT = struct.Struct("<QQQHhIIiQqqqqqqqqqqiIQ80x")
"""struct stat: dev, ino, nlink, mode, uid, gid, rdev, four times (access,
modification, change, birth), size, blocks, block size, flags, generation."""
STAT32 = struct.Struct("<QQQHhIIiQ" + 4 * "iii" + "qqiIQ80x")
"""The same of i386, where each time has an extension word before it."""
DIRENT = struct.Struct("<QQHBBHH")
"""The head of struct dirent: fileno, off, reclen, type, a pad, namlen, a pad."""


OFF_MAX: Final = (1 << 63) - 1


class Fcntl:
    """Commands of fcntl(2)."""

    DUPFD, GETFD, SETFD, GETFL, SETFL, GETOWN, SETOWN = range(7)
    DUP2FD = 10
    LOCKS: ClassVar = {number: what for first in (7, 11)
                       for number, what in enumerate((GET, SET, WAIT), first)}
    """F_OGETLK and F_GETLK and those behind them, whose structures begin alike."""
    READAHEAD, RDAHEAD, DUPFD_CLOEXEC, DUP2FD_CLOEXEC = 15, 16, 17, 18
    ADD_SEALS, GET_SEALS, ISUNIONSTACK, KINFO = 19, 20, 21, 22
    CLOEXEC = 1
    SETTABLE = 0x4 | 0x8 | 0x40 | 0x80 | 0x10000
    """O_NONBLOCK, O_APPEND, O_ASYNC, O_FSYNC, O_DIRECT: what F_SETFL sets."""


def sys_fcntl(system: System, td: Thread, args: tuple[int, ...]) -> int | Blocking[int]:
    """kern_fcntl.  Reading ahead is refused by name: nothing here does that."""
    fd, command, arg = int32(args[0]), int32(args[1]), int32(args[2])
    if command in Fcntl.LOCKS:
        return record_lock(system, td, fd, Fcntl.LOCKS[command], args[2])
    table = td.proc.files
    file = table.get(fd)
    if command in (Fcntl.DUPFD, Fcntl.DUPFD_CLOEXEC):
        return files.dup(system, td, fd, arg, command == Fcntl.DUPFD_CLOEXEC)
    if command in (Fcntl.DUP2FD, Fcntl.DUP2FD_CLOEXEC):
        return files.dup2(system, td, fd, arg, command == Fcntl.DUP2FD_CLOEXEC)
    if command == Fcntl.GETFD:
        return Fcntl.CLOEXEC if table.slot(fd).cloexec else 0
    if command == Fcntl.SETFD:
        table.slot(fd).cloexec = bool(arg & Fcntl.CLOEXEC)
    elif command == Fcntl.GETFL:
        return file.flag - (0 if file.flag & files.O_EXEC else 1)
    elif command == Fcntl.SETFL:
        file.flag = file.flag & ~Fcntl.SETTABLE | arg & Fcntl.SETTABLE
    elif command == Fcntl.GETOWN:
        return file.owner
    elif command == Fcntl.SETOWN:
        file.owner = arg
    elif command in (Fcntl.ADD_SEALS, Fcntl.GET_SEALS):
        if not isinstance(file, ShmFile):
            raise Refused(EINVAL)
        if command == Fcntl.GET_SEALS:
            return file.object.seals
        file.object.seal(arg, file.object.mapped_for_writing(system))
    elif command == Fcntl.ISUNIONSTACK:
        return 0
    elif command == Fcntl.KINFO:
        layout = system.target.struct("struct kinfo_file")
        size = struct.unpack("<i", space(td).copyin(args[2], 4))[0]
        if size != layout.size:
            raise Refused(EINVAL)
        space(td).copyout(args[2], kinfo_file.whole(
            layout, kinfo_file.file_fields(system, table.slot(fd), fd, td)))
    elif command in (Fcntl.READAHEAD, Fcntl.RDAHEAD):
        system.note(f"process {td.proc.pid} ({td.proc.comm}): fcntl() command {command} "
                    "is not implemented")
        raise Refused(EOPNOTSUPP)
    else:
        raise Refused(EINVAL)
    return 0


# -- status -----------------------------------------------------------------------------
def pack_stat(at: Attributes, narrow: bool) -> bytes:
    times: list[int] = []
    for ns in (at.atime, at.mtime, at.ctime, at.birthtime):
        times += ([0] if narrow else []) + [ns // 10**9, ns % 10**9]
    return (STAT32 if narrow else STAT).pack(
        at.fsid, at.ino, at.nlink, at.st_mode, 0, at.uid, at.gid, 0, at.rdev, *times,
        at.size, -(-at.size // 512), at.blksize, at.flags, 0)


def sys_fstat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    found = files.fstat(system, td, int32(args[0]))
    space(td).copyout(args[1], pack_stat(found, narrow(td)))


def sys_fstatat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    flag = int32(args[3])
    if flag & ~(AT_SYMLINK_NOFOLLOW | 0x2000 | 0x4000):
        raise Refused(EINVAL)
    found = files.fstatat(system, td, path_at(td, args[1]), not flag & AT_SYMLINK_NOFOLLOW,
                          int32(args[0]))
    space(td).copyout(args[2], pack_stat(found, narrow(td)))


def sys_getdirentries(system: System, td: Thread, args: tuple[int, ...]) -> int:
    """Records that fit, from the file's offset on, which counts entries, or the
    bytes of records that are all alike."""
    fd, room = int32(args[0]), args[2]
    if room > IOSIZE_MAX:
        raise Refused(EINVAL)
    file, listed = files.entries(system, td, fd)
    before, out = file.offset, bytearray()
    alike = file.vnode.entry_size if file.vnode is not None else 0
    unit = alike or 1
    if before < 0 or (alike and (before % alike or 0 < room < alike)):
        raise Refused(EINVAL)
    for index in range(before // unit, len(listed)):
        name = listed[index].name.encode("utf-8", "surrogateescape")
        size = alike or DIRENT.size + len(name) + 1 + 7 & ~7
        if len(out) + size > room:
            if not out and room:
                raise Refused(EINVAL)
            break
        out += DIRENT.pack(listed[index].ino, (index + 1) * unit, size,
                           FORMATS[listed[index].kind] >> 12, 0, len(name), 0)
        out += name.ljust(size - DIRENT.size, b"\0")
        file.offset = (index + 1) * unit
    if file.vnode is not None:
        file.vnode.tell(Told.READ)
    space(td).copyout(args[1], bytes(out))
    if args[3]:
        space(td).copyout(args[3], struct.pack("<i" if narrow(td) else "<q", before))
    return len(out)


def sys_freebsd11_pipe(system: System, td: Thread, args: tuple[int, ...]) -> tuple[int, int]:
    """pipe(2) as it was: both descriptors in registers."""
    return files.pipe2(system, td)


def sys_sync(system: System, td: Thread, args: tuple[int, ...]) -> None:
    """Everything is where it belongs."""


def sys_revoke(system: System, td: Thread, args: tuple[int, ...]) -> None:
    """Take a device away from everybody who has it open."""
    path = path_at(td, args[0])
    node = system.vfs.find(path, files.where(td, files.AT_FDCWD, path))
    if not isinstance(node, Device):
        raise Refused(EINVAL)
    if td.proc.cred.uid != node.uid:
        priv_check(td, Priv.VFS_ADMIN)
    dead = Dead(node.mount)
    for p in system.procs.values():
        for slot in p.files.slots.values():
            if slot.file.vnode is node:
                slot.file.vnode = dead
    system.wakeup(SELECT)


FIODTYPE = 0x4004667A


def sys_ioctl(system: System, td: Thread, args: tuple[int, ...]) -> int:
    """What every file has, and what kind of device one is; nothing of what is dead."""
    file = td.proc.files.get(int32(args[0]))
    if isinstance(file.vnode, Dead):
        raise Refused(ENOTTY)
    if args[1] & 0xFFFFFFFF == FIODTYPE and isinstance(file.vnode, Device):
        space(td).copyout(args[2], bytes(4))        # no tape, disk, terminal or memory
        return 0
    return common.sys_ioctl(system, td, args)


def sys_realpathat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    """kern___realpathat: ENOMEM for a path that does not fit with its NUL."""
    if args[4]:
        raise Refused(EINVAL)
    path = path_at(td, args[1])
    found = system.vfs.real_path(path, files.where(td, int32(args[0]), path))
    data = found.encode("utf-8", "surrogateescape") + b"\0"
    if len(data) > args[3]:
        raise Refused(ENOMEM)
    space(td).copyout(args[2], data)


# -- whose errno is their result -------------------------------------------------------
def _result(work: Callable[[Thread, tuple[int, ...]], None]) -> Function:
    def call(system: System, td: Thread, args: tuple[int, ...]) -> int:
        try:
            work(td, args)
        except Refused as refused:
            return refused.errno
        return 0
    return call


def _seekable(td: Thread, fd: int) -> File:
    """EBADF, ESPIPE."""
    file = td.proc.files.get(fd)
    if not file.seekable:
        raise Refused(ESPIPE)
    return file


def posix_fallocate(td: Thread, args: tuple[int, ...]) -> None:
    """A file is made as long as it has to be."""
    offset, length = int64(args[1]), int64(args[2])
    if offset < 0 or length <= 0:
        raise Refused(EINVAL)
    if offset > OFF_MAX - length:
        raise Refused(EFBIG)
    file = _seekable(td, int32(args[0]))
    if not file.flag & FWRITE:
        raise Refused(EBADF)
    if not isinstance(file.vnode, Regular):
        raise Refused(ENODEV)
    if file.vnode.size < offset + length:
        file.vnode.truncate(offset + length, access(td))


def posix_fadvise(td: Thread, args: tuple[int, ...]) -> None:
    """Advice that nobody needs here."""
    offset, length, advice = int64(args[1]), int64(args[2]), int32(args[3])
    if offset < 0 or length < 0 or offset > OFF_MAX - length or not 0 <= advice <= 5:
        raise Refused(EINVAL)
    if not isinstance(_seekable(td, int32(args[0])).vnode, Regular):
        raise Refused(ENODEV)


SYSCALLS: dict[int, Entry] = {
    36: ("sync", 0, sys_sync),
    42: ("freebsd10_pipe", 0, sys_freebsd11_pipe),
    54: ("ioctl", 3, sys_ioctl),
    56: ("revoke", 1, sys_revoke),
    92: ("fcntl", 3, sys_fcntl),
    530: ("posix_fallocate", 3, _result(posix_fallocate)),
    531: ("posix_fadvise", 4, _result(posix_fadvise)),
    551: ("fstat", 2, sys_fstat),
    552: ("fstatat", 4, sys_fstatat),
    554: ("getdirentries", 4, sys_getdirentries),
    574: ("__realpathat", 5, sys_realpathat),
}
