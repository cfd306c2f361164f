"""Files: the calls whose arguments or structures are DragonFly's own."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING, ClassVar, Final

from bsdproc.emulator.bsd import files, opening
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.file import FWRITE
from bsdproc.emulator.bsd.syscalls import files as shared
from bsdproc.emulator.bsd.syscalls.args import int64, path_at, signed, space_of
from bsdproc.emulator.bsd.syscalls.flock import GET, SET, WAIT, record_lock
from bsdproc.emulator.dragonfly.state import Sleep, Thread
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.emulator.vnode import Attributes

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

STAT: Final = struct.Struct("<QIIH2xIII6qqqIIIiqq")
"""struct stat: inode, links, device, mode, owner, group, special device, three
times, size, blocks, block size, flags, generation, spare."""
NODEV: Final = 0xFFFFFFFF
RANDOM_MAX: Final = 256


def sys_open(system: System, td: Thread, args: Args) -> Work:
    return opening.openat(system, td, path_at(td, args[0]),
                          system.open_flags(signed(args[1])), args[2] & 0o7777)


def sys_pipe2(system: System, td: Thread, args: Args) -> None:
    shared.sys_pipe2(system, td, (args[0], system.open_flags(signed(args[1]))))


def sys_pipe(system: System, td: Thread, args: Args) -> tuple[int, int]:
    """Both descriptors are results."""
    return files.pipe2(system, td, 0)


def sys_lseek(system: System, td: Thread, args: Args) -> int:
    fd, _, offset, whence = args[:4]
    return files.lseek(system, td, signed(fd), int64(offset), signed(whence))


def sys_truncate(system: System, td: Thread, args: Args) -> None:
    """truncate(path, pad, length), and likewise the other."""
    files.truncate(system, td, path_at(td, args[0]), int64(args[2]))


def sys_ftruncate(system: System, td: Thread, args: Args) -> None:
    files.ftruncate(system, td, signed(args[0]), int64(args[2]))


def sys_extpread(system: System, td: Thread, args: Args) -> Work:
    """pread(2); with the offset -1 read(2), with flags of its own."""
    fd, where, size, _, offset = args[:5]
    if int64(size) < 0:
        raise Refused(EINVAL)
    if int64(offset) == -1:
        data = yield from files.read(system, td, signed(fd), size)
    else:
        data = yield from files.pread(system, td, signed(fd), size, int64(offset))
    space_of(td).copyout(where, data)
    return len(data)


def sys_extpwrite(system: System, td: Thread, args: Args) -> Work:
    fd, where, size, _, offset = args[:5]
    if int64(size) < 0:
        raise Refused(EINVAL)
    td.proc.files.get(signed(fd), FWRITE)
    data = space_of(td).copyin(where, size) if size else b""
    if int64(offset) == -1:
        return (yield from files.write(system, td, signed(fd), data))
    return (yield from files.pwrite(system, td, signed(fd), data, int64(offset)))


def packed(at: Attributes) -> bytes:
    """struct stat."""
    times = [part for ns in (at.atime, at.mtime, at.ctime) for part in divmod(ns, 10**9)]
    rdev = at.rdev & 0xFFFFFFFF
    return STAT.pack(at.ino, at.nlink, at.fsid & 0xFFFFFFFF, at.st_mode, at.uid, at.gid, rdev,
                     *times, at.size, (at.size + 511) // 512, at.blksize, at.flags, 0, 0, 0, 0)


def sys_stat(system: System, td: Thread, args: Args) -> int:
    space_of(td).copyout(args[1], packed(files.fstatat(system, td, path_at(td, args[0]))))
    return 0


def sys_lstat(system: System, td: Thread, args: Args) -> int:
    space_of(td).copyout(
        args[1], packed(files.fstatat(system, td, path_at(td, args[0]), False)))
    return 0


def sys_fstat(system: System, td: Thread, args: Args) -> int:
    space_of(td).copyout(args[1], packed(files.fstat(system, td, signed(args[0]))))
    return 0


class Fcntl:
    """Commands of fcntl(2)."""

    DUPFD, GETFD, SETFD, GETFL, SETFL, GETOWN, SETOWN = range(7)
    DUP2FD, DUPFD_CLOEXEC, DUP2FD_CLOEXEC = 10, 17, 18
    LOCKS: ClassVar = {7: GET, 8: SET, 9: WAIT}
    SETTABLE = 0x4 | 0x8 | 0x40 | 0x80


def sys_fcntl(system: System, td: Thread, args: Args) -> int | Work:
    """kern_fcntl."""
    fd, command, arg = (signed(a) for a in args[:3])
    if command in Fcntl.LOCKS:
        return record_lock(system, td, fd, Fcntl.LOCKS[command], args[2])
    slot = td.proc.files.slot(fd)
    cloexec = command in (Fcntl.DUPFD_CLOEXEC, Fcntl.DUP2FD_CLOEXEC)
    match command:
        case Fcntl.DUPFD | Fcntl.DUPFD_CLOEXEC:
            return files.dup(system, td, fd, arg, cloexec)
        case Fcntl.DUP2FD | Fcntl.DUP2FD_CLOEXEC:
            return files.dup2(system, td, fd, arg, cloexec)
        case Fcntl.GETFD:
            return int(slot.cloexec)
        case Fcntl.SETFD:
            slot.cloexec = bool(arg & 1)
        case Fcntl.GETFL:
            return slot.file.flag - 1
        case Fcntl.SETFL:
            slot.file.flag = slot.file.flag & ~Fcntl.SETTABLE | arg & Fcntl.SETTABLE
        case Fcntl.GETOWN:
            return slot.file.owner
        case Fcntl.SETOWN:
            slot.file.owner = arg
        case _:
            system.note(f"process {td.proc.pid} ({td.proc.comm}): fcntl() command {command}"
                        " is not implemented")
            raise Refused(EINVAL)
    return 0


def sys_getrandom(system: System, td: Thread, args: Args) -> int:
    where, size = args[0], min(args[1], RANDOM_MAX)
    space_of(td).copyout(where, system.random.randbytes(size))
    return size


SYSCALLS: Final[dict[int, Entry]] = {
    5: ("open", 3, sys_open),
    42: ("pipe", 0, sys_pipe),
    92: ("fcntl", 3, sys_fcntl),
    173: ("extpread", 5, sys_extpread),
    174: ("extpwrite", 5, sys_extpwrite),
    199: ("lseek", 4, sys_lseek),
    200: ("truncate", 3, sys_truncate),
    201: ("ftruncate", 3, sys_ftruncate),
    475: ("stat", 2, sys_stat),
    476: ("fstat", 2, sys_fstat),
    477: ("lstat", 2, sys_lstat),
    538: ("pipe2", 2, sys_pipe2),
    550: ("getrandom", 3, sys_getrandom),
}
