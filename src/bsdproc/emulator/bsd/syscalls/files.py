"""The system calls of emulated programs that deal with files."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files, opening
from bsdproc.emulator.bsd.file import FWRITE, O_NONBLOCK, Blocking, access
from bsdproc.emulator.bsd.syscalls.args import int32, int64, path_at, space
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import (
    EINVAL,
    ENOTTY,
    ETXTBSY,
    Refused,
)
from bsdproc.emulator.vnode import WRITE, Access, allowed

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.bsd.system import System

PATH_MAX = 1024
IOV_MAX = 1024
IOSIZE_MAX = (1 << 31) - 1
AT_EACCESS, AT_SYMLINK_NOFOLLOW = 0x100, 0x200
CLOSE_RANGE_CLOEXEC = 4
FIOCLEX, FIONCLEX, FIONREAD, FIONBIO, FIOASYNC = (
    0x20006601, 0x20006602, 0x4004667F, 0x8004667E, 0x8004667D)


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


def size_of(value: int) -> int:
    if value > files.SSIZE_MAX:
        raise Refused(EINVAL)
    return value


# -- open, close, descriptors ---------------------------------------------------------
def sys_open(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    return (yield from opening.openat(
        system, td, path_at(td, args[0]), int32(args[1]), args[2] & 0o7777))


def sys_openat(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    return (yield from opening.openat(
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


def sys_sync(system: System, td: Thread, args: tuple[int, ...]) -> None:
    """Everything is where it will ever be."""


def sys_fsync(system: System, td: Thread, args: tuple[int, ...]) -> None:
    """Everything is where it will ever be."""
    if td.proc.files.get(int32(args[0])).vnode is None:
        raise Refused(EINVAL)


def accessible(system: System, td: Thread, at: int, path: str, mode: int, flag: int,
               follow: bool = True) -> None:
    """access(2): by the real ids, unless AT_EACCESS says otherwise."""
    if mode & ~7 or flag & ~(AT_EACCESS | 0x2000 | 0x4000):
        raise Refused(EINVAL)
    before = td.proc.cred
    cred = before
    if not flag & AT_EACCESS:
        cred = cred.copy(uid=cred.ruid, groups=(cred.rgid, *cred.groups[1:]))
    td.proc.cred = cred         # what shows itself to some alone, asks the process itself
    try:
        who = files.where(td, at, path)
        who = Access(cred, who.cwd, who.root, td)
        node = system.vfs.find(path, who, follow)
        busy = mode & WRITE and node.kind == "reg" and files.running(system, node)
        if busy and not system.text_busy_first:     # vn_access asks it; NetBSD, at open(2) alone
            raise Refused(ETXTBSY)
        if mode and not allowed(cred, node.attributes(who), mode):
            node.check(mode, who)
    finally:
        td.proc.cred = before


def sys_access(system: System, td: Thread, args: tuple[int, ...]) -> None:
    accessible(system, td, files.AT_FDCWD, path_at(td, args[0]), int32(args[1]), 0)


def sys_eaccess(system: System, td: Thread, args: tuple[int, ...]) -> None:
    accessible(system, td, files.AT_FDCWD, path_at(td, args[0]), int32(args[1]), AT_EACCESS)


def sys_faccessat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    accessible(system, td, int32(args[0]), path_at(td, args[1]), int32(args[2]),
               int32(args[3]))


# -- the rest -----------------------------------------------------------------------------
def sys_umask(system: System, td: Thread, args: tuple[int, ...]) -> int:
    before, td.proc.umask = td.proc.umask, args[0] & 0o7777
    return before


CALLS: dict[str, Entry] = {
    "read": ("read", 3, sys_read),
    "write": ("write", 3, sys_write),
    "open": ("open", 3, sys_open),
    "close": ("close", 1, sys_close),
    "access": ("access", 2, sys_access),
    "dup": ("dup", 1, sys_dup),
    "ioctl": ("ioctl", 3, sys_ioctl),
    "umask": ("umask", 1, sys_umask),
    "getdtablesize": ("getdtablesize", 0, sys_getdtablesize),
    "dup2": ("dup2", 2, sys_dup2),
    "sync": ("sync", 0, sys_sync),
    "fsync": ("fsync", 1, sys_fsync),
    "readv": ("readv", 3, sys_readv),
    "writev": ("writev", 3, sys_writev),
    "preadv": ("preadv", 4, sys_preadv),
    "pwritev": ("pwritev", 4, sys_pwritev),
    "eaccess": ("eaccess", 2, sys_eaccess),
    "pread": ("pread", 4, sys_pread),
    "pwrite": ("pwrite", 4, sys_pwrite),
    "lseek": ("lseek", 3, sys_lseek),
    "truncate": ("truncate", 2, sys_truncate),
    "ftruncate": ("ftruncate", 2, sys_ftruncate),
    "faccessat": ("faccessat", 4, sys_faccessat),
    "openat": ("openat", 4, sys_openat),
    "closefrom": ("closefrom", 1, sys_closefrom),
    "pipe2": ("pipe2", 2, sys_pipe2),
    "fdatasync": ("fdatasync", 1, sys_fsync),
    "close_range": ("close_range", 3, sys_close_range),
}
