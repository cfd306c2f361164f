"""The system calls on files that NetBSD has in its own way."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, ClassVar

from bsdproc.emulator.bsd import files, opening
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.file import FWRITE, Blocking
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls import files as shared
from bsdproc.emulator.bsd.syscalls import filetimes, names
from bsdproc.emulator.bsd.syscalls.args import Args, int32, int64, path_at, space
from bsdproc.emulator.bsd.syscalls.flock import GET, SET, WAIT, record_lock
from bsdproc.emulator.errno import EBADF, EEXIST, EINVAL, ENOSYS, Refused
from bsdproc.emulator.netbsd.cred import superuser
from bsdproc.emulator.vnode import FORMATS, Attributes

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

STAT = struct.Struct("<QI4xQIII4xQ8qqqiIIII4x")
"""struct stat: dev, mode, ino, nlink, uid, gid, rdev, four times, size, blocks,
block size, flags, generation, spare."""
DIRENT = struct.Struct("<QHHB")
"""struct dirent: fileno, reclen, namlen, type; the name follows."""
AT_SYMLINK_NOFOLLOW = 0x200
FDATASYNC, FFILESYNC = 0x10, 0x20
OFF_MAX = (1 << 63) - 1
NODEV = (1 << 64) - 1


class Fcntl:
    """Commands of fcntl(2)."""

    DUPFD, GETFD, SETFD, GETFL, SETFL, GETOWN, SETOWN, GETLK, SETLK, SETLKW = range(10)
    CLOSEM, MAXFD, DUPFD_CLOEXEC, GETNOSIGPIPE, SETNOSIGPIPE = range(10, 15)
    LOCKS: ClassVar = {GETLK: GET, SETLK: SET, SETLKW: WAIT}
    SETTABLE = 0x4 | 0x8 | 0x40 | 0x80
    """O_NONBLOCK, O_APPEND, O_ASYNC, O_SYNC."""


def sys_open(system: System, td: Thread, args: Args) -> Blocking[int]:
    return (yield from opening.openat(
        system, td, path_at(td, args[0]), system.open_flags(int32(args[1])), args[2] & 0o7777))


def sys_openat(system: System, td: Thread, args: Args) -> Blocking[int]:
    return (yield from opening.openat(
        system, td, path_at(td, args[1]), system.open_flags(int32(args[2])), args[3] & 0o7777,
        int32(args[0])))


def sys_pipe(system: System, td: Thread, args: Args) -> tuple[int, int]:
    """Both descriptors in registers."""
    return files.pipe2(system, td)


def sys_pipe2(system: System, td: Thread, args: Args) -> None:
    flags = int32(args[1])
    if flags & ~(0x4 | 0x400000 | 0x1000000):
        raise Refused(EINVAL)
    shared.sys_pipe2(system, td, (args[0], system.open_flags(flags & ~0x1000000)))


def sys_dup3(system: System, td: Thread, args: Args) -> int:
    """dup2(2) with flags, which are looked at by nobody where the two are one."""
    old, new, flags = (int32(a) for a in args[:3])
    if old == new:
        return files.dup2(system, td, old, new)
    file = td.proc.files.get(old)
    if not 0 <= new < files.nofile(td.proc):
        raise Refused(EBADF)
    if flags & ~(0x4 | 0x400000 | 0x1000000):
        raise Refused(EINVAL)
    given = system.open_flags(flags & ~0x1000000)
    files.dup2(system, td, old, new, bool(given & files.O_CLOEXEC))
    file.flag |= flags & 0x4
    return new


def sys_fexecve(system: System, td: Thread, args: Args) -> None:
    """The call is there, and does nothing yet."""
    raise Refused(ENOSYS)


def sys_fsync_range(system: System, td: Thread, args: Args) -> None:
    """fsync_range(fd, flags, start, length)."""
    flags, start, length = int32(args[1]), int64(args[2]), int64(args[3])
    file = td.proc.files.get(int32(args[0]))
    if file.vnode is None:
        raise Refused(EINVAL)
    if not file.flag & FWRITE:
        raise Refused(EBADF)
    if (flags & (FDATASYNC | FFILESYNC)) not in (FDATASYNC, FFILESYNC):
        raise Refused(EINVAL)
    if length and (length < 0 or start < 0 or start + length > OFF_MAX):
        raise Refused(EINVAL)


# Flags that one of these does not know are looked at by nobody.
def sys_linkat(system: System, td: Thread, args: Args) -> None:
    names.sys_linkat(system, td, (*args[:4], args[4] & names.AT_SYMLINK_FOLLOW))


def sys_unlinkat(system: System, td: Thread, args: Args) -> None:
    names.sys_unlinkat(system, td, (*args[:2], args[2] & names.AT_REMOVEDIR))


S_IFMT, S_IFREG = 0o170000, 0o100000
DEVICES = (0o020000, 0o060000, S_IFMT)
S_IFWHT = 0o160000


def _mknod(system: System, td: Thread, at: int, path_address: int, mode: int, dev: int) -> None:
    """do_sys_mknodat: root's, before the name is looked at, and that before the kind."""
    superuser(td)
    path = path_at(td, path_address)
    who = files.where(td, at, path)
    if system.vfs.walk(path, who, follow=False).vnode is not None:
        raise Refused(EEXIST)
    kind = mode & S_IFMT
    if kind == S_IFREG:
        system.vfs.create(path, mode & 0o7777 & ~td.proc.umask, who)
        return
    if kind not in (*DEVICES, S_IFWHT) or (kind != S_IFWHT and dev == NODEV):
        raise Refused(EINVAL)
    raise names.no_device(system, td, path)


def sys_mknod(system: System, td: Thread, args: Args) -> None:
    _mknod(system, td, files.AT_FDCWD, args[0], args[1], args[2])


def sys_mknodat(system: System, td: Thread, args: Args) -> None:
    """mknodat(fd, path, mode, pad, device)."""
    _mknod(system, td, int32(args[0]), args[1], args[2], args[4])


def sys_faccessat(system: System, td: Thread, args: Args) -> None:
    at, mode, flags = int32(args[0]), int32(args[2]), int32(args[3])
    shared.accessible(system, td, at, path_at(td, args[1]), mode, flags & shared.AT_EACCESS,
                      follow=not flags & AT_SYMLINK_NOFOLLOW)


def sys_utimensat(system: System, td: Thread, args: Args) -> None:
    follow = not int32(args[3]) & AT_SYMLINK_NOFOLLOW
    filetimes.utimensat(system, td, int32(args[0]), args[1], args[2], follow)


def sys_fcntl(system: System, td: Thread, args: Args) -> int | Blocking[int]:
    fd, command, arg = int32(args[0]), int32(args[1]), int32(args[2])
    table = td.proc.files
    if command == Fcntl.CLOSEM:
        if fd < 0:
            raise Refused(EINVAL)
        files.close_range(system, td, fd, 0x7FFFFFFF)
        return 0
    if command == Fcntl.MAXFD:
        return max(table.slots, default=-1)
    if command in Fcntl.LOCKS:
        return record_lock(system, td, fd, Fcntl.LOCKS[command], args[2])
    file = table.get(fd)
    if command in (Fcntl.DUPFD, Fcntl.DUPFD_CLOEXEC):
        return files.dup(system, td, fd, arg, command == Fcntl.DUPFD_CLOEXEC)
    if command == Fcntl.GETFD:
        return int(table.slot(fd).cloexec)
    if command == Fcntl.SETFD:
        table.slot(fd).cloexec = bool(arg & 1)
    elif command == Fcntl.GETFL:
        return file.flag - 1
    elif command == Fcntl.SETFL:
        file.flag = file.flag & ~Fcntl.SETTABLE | arg & Fcntl.SETTABLE
    elif command == Fcntl.GETOWN:
        return file.owner
    elif command == Fcntl.SETOWN:
        file.owner = arg
    elif command in (Fcntl.GETNOSIGPIPE, Fcntl.SETNOSIGPIPE):
        return 0
    else:
        raise Refused(EINVAL)
    return 0


def pack_stat(at: Attributes) -> bytes:
    times: list[int] = []
    for ns in (at.atime, at.mtime, at.ctime, at.birthtime):
        times += [ns // 10**9, ns % 10**9]
    return STAT.pack(
        at.fsid, at.st_mode, at.ino, at.nlink, at.uid, at.gid, at.rdev, *times,
        at.size, -(-at.size // 512), at.blksize, at.flags, 0, 0, 0)


def sys_stat(system: System, td: Thread, args: Args) -> None:
    space(td).copyout(args[1], pack_stat(files.fstatat(system, td, path_at(td, args[0]))))


def sys_lstat(system: System, td: Thread, args: Args) -> None:
    space(td).copyout(args[1], pack_stat(files.fstatat(system, td, path_at(td, args[0]), False)))


def sys_fstat(system: System, td: Thread, args: Args) -> None:
    space(td).copyout(args[1], pack_stat(files.fstat(system, td, int32(args[0]))))


def sys_fstatat(system: System, td: Thread, args: Args) -> None:
    follow = not int32(args[3]) & AT_SYMLINK_NOFOLLOW
    space(td).copyout(args[2], pack_stat(files.fstatat(
        system, td, path_at(td, args[1]), follow, int32(args[0]))))


def sys_pread(system: System, td: Thread, args: Args) -> Blocking[int]:
    """pread(fd, buffer, size, pad, offset); the others have such a pad, too."""
    return (yield from shared.sys_pread(system, td, (*args[:3], args[4])))


def sys_pwrite(system: System, td: Thread, args: Args) -> Blocking[int]:
    return (yield from shared.sys_pwrite(system, td, (*args[:3], args[4])))


def sys_preadv(system: System, td: Thread, args: Args) -> Blocking[int]:
    return (yield from shared.sys_preadv(system, td, (*args[:3], args[4])))


def sys_pwritev(system: System, td: Thread, args: Args) -> Blocking[int]:
    return (yield from shared.sys_pwritev(system, td, (*args[:3], args[4])))


def sys_lseek(system: System, td: Thread, args: Args) -> int:
    return files.lseek(system, td, int32(args[0]), int64(args[2]), int32(args[3]))


def sys_truncate(system: System, td: Thread, args: Args) -> None:
    files.truncate(system, td, path_at(td, args[0]), int64(args[2]))


def sys_ftruncate(system: System, td: Thread, args: Args) -> None:
    files.ftruncate(system, td, int32(args[0]), int64(args[2]))


def sys_getdents(system: System, td: Thread, args: Args) -> int:
    """__getdents30: records that fit, from the file's offset on, which counts entries."""
    file, listed = files.entries(system, td, int32(args[0]))
    out, alike = bytearray(), file.vnode.entry_size if file.vnode is not None else 0
    for index in range(max(0, file.offset), len(listed)):
        name = listed[index].name.encode("utf-8", "surrogateescape")
        size = alike or DIRENT.size + len(name) + 1 + 7 & ~7
        if len(out) + size > args[2]:
            if not out:
                raise Refused(EINVAL)
            break
        out += (DIRENT.pack(listed[index].ino, size, len(name),
                            FORMATS[listed[index].kind] >> 12) + name).ljust(size, b"\0")
        file.offset = index + 1
    space(td).copyout(args[1], bytes(out))
    return len(out)


SYSCALLS: dict[int, Entry] = {
    5: ("open", 3, sys_open),
    42: ("pipe", 0, sys_pipe),
    92: ("fcntl", 3, sys_fcntl),
    173: ("pread", 5, sys_pread),
    174: ("pwrite", 5, sys_pwrite),
    199: ("lseek", 4, sys_lseek),
    200: ("truncate", 3, sys_truncate),
    201: ("ftruncate", 3, sys_ftruncate),
    289: ("preadv", 5, sys_preadv),
    290: ("pwritev", 5, sys_pwritev),
    390: ("__getdents30", 3, sys_getdents),
    439: ("__stat50", 2, sys_stat),
    440: ("__fstat50", 2, sys_fstat),
    441: ("__lstat50", 2, sys_lstat),
    450: ("__mknod50", 3, sys_mknod),
    460: ("mknodat", 5, sys_mknodat),
    354: ("fsync_range", 4, sys_fsync_range),
    453: ("pipe2", 2, sys_pipe2),
    454: ("dup3", 3, sys_dup3),
    457: ("linkat", 5, sys_linkat),
    462: ("faccessat", 4, sys_faccessat),
    471: ("unlinkat", 3, sys_unlinkat),
    465: ("fexecve", 3, sys_fexecve),
    467: ("utimensat", 4, sys_utimensat),
    466: ("fstatat", 4, sys_fstatat),
    468: ("openat", 4, sys_openat),
}
