"""The system calls of emulated programs that deal with files."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.file import FREAD, FWRITE, O_NONBLOCK, Blocking, File, Kqueue, access
from bsdproc.emulator.errno import (
    EINVAL,
    ENAMETOOLONG,
    ENOTTY,
    EOPNOTSUPP,
    Refused,
)
from bsdproc.emulator.freebsd import kinfo_file
from bsdproc.emulator.machine.memory import AddressSpace, TooLong
from bsdproc.emulator.vnode import FORMATS, Access, Attributes, allowed

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.freebsd.syscalls import Entry
    from bsdproc.emulator.freebsd.system import System

PATH_MAX = 1024
IOV_MAX = 1024
IOSIZE_MAX = (1 << 31) - 1
AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW = 0x100, 0x200, 0x400
CLOSE_RANGE_CLOEXEC = 4
STAT = struct.Struct("<QQQHhIIiQqqqqqqqqqqiIQ80x")
"""struct stat: dev, ino, nlink, mode, uid, gid, rdev, four times (access,
modification, change, birth), size, blocks, block size, flags, generation."""
STAT32 = struct.Struct("<QQQHhIIiQ" + 4 * "iii" + "qqiIQ80x")
"""The same of i386, where each time has an extension word before it."""
DIRENT = struct.Struct("<QQHBBHH")
"""The head of struct dirent: fileno, off, reclen, type, a pad, namlen, a pad."""
FIOCLEX, FIONCLEX, FIONREAD, FIONBIO, FIOASYNC = (
    0x20006601, 0x20006602, 0x4004667F, 0x8004667E, 0x8004667D)


class Fcntl:
    """Commands of fcntl(2)."""

    DUPFD, GETFD, SETFD, GETFL, SETFL, GETOWN, SETOWN = range(7)
    DUP2FD, GETLK, SETLK, SETLKW = 10, 11, 12, 13
    READAHEAD, RDAHEAD, DUPFD_CLOEXEC, DUP2FD_CLOEXEC = 15, 16, 17, 18
    ADD_SEALS, GET_SEALS, ISUNIONSTACK, KINFO = 19, 20, 21, 22
    CLOEXEC = 1
    SETTABLE = 0x4 | 0x8 | 0x40 | 0x80 | 0x10000
    """O_NONBLOCK, O_APPEND, O_ASYNC, O_FSYNC, O_DIRECT: what F_SETFL sets."""


# -- arguments ----------------------------------------------------------------------
def space(td: Thread) -> AddressSpace:
    found = td.proc.space
    assert found is not None
    return found


def narrow(td: Thread) -> bool:
    return td.proc.sysent == "FreeBSD ELF32"


def int32(value: int) -> int:
    """A C int in a register."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def int64(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def path_at(td: Thread, address: int) -> str:
    """A path in the program's memory: ENAMETOOLONG without an end."""
    try:
        data = space(td).copyinstr(address, PATH_MAX)
    except TooLong:
        raise Refused(ENAMETOOLONG) from None
    return data.decode("utf-8", "surrogateescape")


def iovec(td: Thread, address: int, count: int) -> list[tuple[int, int]]:
    """copyinuio: (address, length) of each element."""
    if not 0 <= count <= IOV_MAX:
        raise Refused(EINVAL)
    form = struct.Struct("<II" if narrow(td) else "<QQ")
    found = list(form.iter_unpack(space(td).copyin(address, form.size * count)))
    if sum(length for _, length in found) > files.SSIZE_MAX:
        raise Refused(EINVAL)
    return [(at, length) for at, length in found]


def _scatter(td: Thread, where: list[tuple[int, int]], data: bytes) -> int:
    done = 0
    for at, length in where:
        if done >= len(data):
            break
        space(td).copyout(at, data[done : done + length])
        done += length
    return len(data)


def _gather(td: Thread, where: list[tuple[int, int]]) -> bytes:
    return b"".join(space(td).copyin(at, length) for at, length in where if length)


def _readable(td: Thread, fd: int) -> File:
    return td.proc.files.get(fd, FREAD)


def size_of(value: int) -> int:
    if value > files.SSIZE_MAX:
        raise Refused(EINVAL)
    return value


# -- open, close, descriptors ---------------------------------------------------------
def sys_open(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    return (yield from files.openat(
        system, td, path_at(td, args[0]), int32(args[1]), args[2] & 0o7777))


def sys_openat(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    return (yield from files.openat(
        system, td, path_at(td, args[1]), int32(args[2]), args[3] & 0o7777, int32(args[0])))


def sys_close(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.close(system, td, int32(args[0]))


def sys_close_range(system: System, td: Thread, args: tuple[int, ...]) -> None:
    if args[2] & ~CLOSE_RANGE_CLOEXEC:
        raise Refused(EINVAL)
    files.close_range(system, td, args[0] & 0xFFFFFFFF, args[1] & 0xFFFFFFFF,
                      bool(args[2] & CLOSE_RANGE_CLOEXEC))


def sys_closefrom(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.close_range(system, td, max(0, int32(args[0])), 0xFFFFFFFF)


def sys_dup(system: System, td: Thread, args: tuple[int, ...]) -> int:
    return files.dup(system, td, int32(args[0]))


def sys_dup2(system: System, td: Thread, args: tuple[int, ...]) -> int:
    return files.dup2(system, td, int32(args[0]), int32(args[1]))


def sys_pipe2(system: System, td: Thread, args: tuple[int, ...]) -> None:
    first, second = files.pipe2(system, td, int32(args[1]))
    try:
        space(td).copyout(args[0], struct.pack("<ii", first, second))
    except Exception:
        files.close(system, td, first)
        files.close(system, td, second)
        raise


def sys_getdtablesize(system: System, td: Thread, args: tuple[int, ...]) -> int:
    return min(files.nofile(td.proc), 0x7FFFFFFF)


def sys_fcntl(system: System, td: Thread, args: tuple[int, ...]) -> int:
    """kern_fcntl.  Locks and seals are refused by name: nothing here has them."""
    fd, command, arg = int32(args[0]), int32(args[1]), int32(args[2])
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
    elif command == Fcntl.ISUNIONSTACK:
        return 0
    elif command == Fcntl.KINFO:
        layout = system.target.struct("struct kinfo_file")
        size = struct.unpack("<i", space(td).copyin(args[2], 4))[0]
        if size != layout.size:
            raise Refused(EINVAL)
        space(td).copyout(args[2], kinfo_file.whole(
            layout, kinfo_file.file_fields(system, file, fd, td)))
    elif command in (Fcntl.GETLK, Fcntl.SETLK, Fcntl.SETLKW, Fcntl.READAHEAD, Fcntl.RDAHEAD):
        system.note(f"process {td.proc.pid} ({td.proc.comm}): fcntl() command {command} "
                    "is not implemented")
        raise Refused(EOPNOTSUPP)
    else:
        raise Refused(EINVAL)
    return 0


def sys_ioctl(system: System, td: Thread, args: tuple[int, ...]) -> int:
    """What every file has; no file here is a terminal (ENOTTY)."""
    fd, command, address = int32(args[0]), args[1] & 0xFFFFFFFF, args[2]
    slot = td.proc.files.slot(fd)
    if command in (FIOCLEX, FIONCLEX):
        slot.cloexec = command == FIOCLEX
        return 0
    if command in (FIONBIO, FIOASYNC):
        on = struct.unpack("<i", space(td).copyin(address, 4))[0]
        bit = O_NONBLOCK if command == FIONBIO else files.O_ASYNC
        slot.file.flag = slot.file.flag | bit if on else slot.file.flag & ~bit
        return 0
    if command == FIONREAD:
        held = slot.file.attributes(access(td)).size - slot.file.offset
        space(td).copyout(address, struct.pack("<i", max(0, min(held, 0x7FFFFFFF))))
        return 0
    raise Refused(ENOTTY)


# -- reading and writing ----------------------------------------------------------------
def sys_read(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    data = yield from files.read(system, td, int32(args[0]), size_of(args[2]))
    space(td).copyout(args[1], data)
    return len(data)


def sys_write(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    fd = int32(args[0])
    td.proc.files.get(fd, FWRITE)
    data = space(td).copyin(args[1], size_of(args[2])) if args[2] else b""
    return (yield from files.write(system, td, fd, data))


def sys_pread(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    data = yield from files.pread(system, td, int32(args[0]), size_of(args[2]), int64(args[3]))
    space(td).copyout(args[1], data)
    return len(data)


def sys_pwrite(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    fd = int32(args[0])
    td.proc.files.get(fd, FWRITE)
    data = space(td).copyin(args[1], size_of(args[2])) if args[2] else b""
    return (yield from files.pwrite(system, td, fd, data, int64(args[3])))


def sys_readv(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    where = iovec(td, args[1], int32(args[2]))
    data = yield from files.read(system, td, int32(args[0]), sum(n for _, n in where))
    return _scatter(td, where, data)


def sys_preadv(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    where = iovec(td, args[1], int32(args[2]))
    data = yield from files.pread(
        system, td, int32(args[0]), sum(n for _, n in where), int64(args[3]))
    return _scatter(td, where, data)


def sys_writev(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    data = _gather(td, iovec(td, args[1], int32(args[2])))
    return (yield from files.write(system, td, int32(args[0]), data))


def sys_pwritev(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    data = _gather(td, iovec(td, args[1], int32(args[2])))
    return (yield from files.pwrite(system, td, int32(args[0]), data, int64(args[3])))


def sys_lseek(system: System, td: Thread, args: tuple[int, ...]) -> int:
    return files.lseek(system, td, int32(args[0]), int64(args[1]), int32(args[2]))


def sys_ftruncate(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.ftruncate(system, td, int32(args[0]), int64(args[1]))


def sys_truncate(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.truncate(system, td, path_at(td, args[0]), int64(args[1]))


def sys_fsync(system: System, td: Thread, args: tuple[int, ...]) -> None:
    """Everything is where it will ever be."""
    if td.proc.files.get(int32(args[0])).vnode is None:
        raise Refused(EINVAL)


# -- status -----------------------------------------------------------------------------
def pack_stat(at: Attributes, narrow: bool) -> bytes:
    times: list[int] = []
    for ns in (at.atime, at.mtime, at.ctime, at.birthtime):
        times += ([0] if narrow else []) + [ns // 10**9, ns % 10**9]
    return (STAT32 if narrow else STAT).pack(
        at.fsid, at.ino, at.nlink, at.st_mode, 0, at.uid, at.gid, 0, at.rdev, *times,
        at.size, -(-at.size // 512), at.blksize, 0, 0)


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


def _accessible(system: System, td: Thread, at: int, path: str, mode: int, flag: int) -> None:
    """access(2): by the real ids, unless AT_EACCESS says otherwise."""
    if mode & ~7 or flag & ~(AT_EACCESS | 0x2000 | 0x4000):
        raise Refused(EINVAL)
    who = files.where(td, at, path)
    cred = td.proc.cred
    if not flag & AT_EACCESS:
        cred = cred.copy(uid=cred.ruid, groups=(cred.rgid, *cred.groups[1:]))
        who = Access(cred, who.cwd, who.root, td)
    node = system.vfs.find(path, who)
    if mode and not allowed(cred, node.attributes(who), mode):
        node.check(mode, who)


def sys_access(system: System, td: Thread, args: tuple[int, ...]) -> None:
    _accessible(system, td, files.AT_FDCWD, path_at(td, args[0]), int32(args[1]), 0)


def sys_eaccess(system: System, td: Thread, args: tuple[int, ...]) -> None:
    _accessible(system, td, files.AT_FDCWD, path_at(td, args[0]), int32(args[1]), AT_EACCESS)


def sys_faccessat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    _accessible(system, td, int32(args[0]), path_at(td, args[1]), int32(args[2]),
                int32(args[3]))


def sys_getdirentries(system: System, td: Thread, args: tuple[int, ...]) -> int:
    """Records that fit, from the file's offset on, which counts entries."""
    fd, room = int32(args[0]), args[2]
    if room > IOSIZE_MAX:
        raise Refused(EINVAL)
    file, listed = files.entries(system, td, fd)
    before, out = file.offset, bytearray()
    if before < 0:
        raise Refused(EINVAL)
    for index in range(before, len(listed)):
        name = listed[index].name.encode("utf-8", "surrogateescape")
        size = DIRENT.size + len(name) + 1 + 7 & ~7
        if len(out) + size > room:
            if not out:
                raise Refused(EINVAL)
            break
        out += DIRENT.pack(listed[index].ino, index + 1, size,
                           FORMATS[listed[index].kind] >> 12, 0, len(name), 0)
        out += name.ljust(size - DIRENT.size, b"\0")
        file.offset = index + 1
    space(td).copyout(args[1], bytes(out))
    if args[3]:
        space(td).copyout(args[3], struct.pack("<i" if narrow(td) else "<q", before))
    return len(out)


# -- the rest -----------------------------------------------------------------------------
def sys_umask(system: System, td: Thread, args: tuple[int, ...]) -> int:
    before, td.proc.umask = td.proc.umask, args[0] & 0o777
    return before


def sys_kqueue(system: System, td: Thread, args: tuple[int, ...]) -> int:
    return td.proc.files.place(Kqueue(FREAD | FWRITE), files.nofile(td.proc), cloexec=False)


def sys_freebsd11_pipe(system: System, td: Thread, args: tuple[int, ...]) -> tuple[int, int]:
    """pipe(2) as it was: both descriptors in registers."""
    return files.pipe2(system, td)


SYSCALLS: dict[int, Entry] = {
    3: ("read", 3, sys_read),
    4: ("write", 3, sys_write),
    5: ("open", 3, sys_open),
    6: ("close", 1, sys_close),
    33: ("access", 2, sys_access),
    41: ("dup", 1, sys_dup),
    42: ("freebsd10_pipe", 0, sys_freebsd11_pipe),
    54: ("ioctl", 3, sys_ioctl),
    60: ("umask", 1, sys_umask),
    89: ("getdtablesize", 0, sys_getdtablesize),
    90: ("dup2", 2, sys_dup2),
    92: ("fcntl", 3, sys_fcntl),
    95: ("fsync", 1, sys_fsync),
    120: ("readv", 3, sys_readv),
    121: ("writev", 3, sys_writev),
    289: ("preadv", 4, sys_preadv),
    290: ("pwritev", 4, sys_pwritev),
    362: ("kqueue", 0, sys_kqueue),
    376: ("eaccess", 2, sys_eaccess),
    475: ("pread", 4, sys_pread),
    476: ("pwrite", 4, sys_pwrite),
    478: ("lseek", 3, sys_lseek),
    479: ("truncate", 2, sys_truncate),
    480: ("ftruncate", 2, sys_ftruncate),
    489: ("faccessat", 4, sys_faccessat),
    499: ("openat", 4, sys_openat),
    509: ("closefrom", 1, sys_closefrom),
    542: ("pipe2", 2, sys_pipe2),
    550: ("fdatasync", 1, sys_fsync),
    551: ("fstat", 2, sys_fstat),
    552: ("fstatat", 4, sys_fstatat),
    554: ("getdirentries", 4, sys_getdirentries),
    575: ("close_range", 3, sys_close_range),
}
