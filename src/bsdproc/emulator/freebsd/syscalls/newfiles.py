"""Calls that make files of other kinds, and carry bytes from one to another:
mknodat(2), funlinkat(2), copy_file_range(2), sendfile(2), __specialfd(2)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.file import FREAD, FWRITE, O_APPEND, Blocking, access
from bsdproc.emulator.bsd.shm import ShmFile
from bsdproc.emulator.bsd.sockets import Socket
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls import names
from bsdproc.emulator.bsd.syscalls.args import Args, int32, int64, path_at, space_of
from bsdproc.emulator.bsd.syscalls.files import iovec
from bsdproc.emulator.bsd.syscalls.width import pointer
from bsdproc.emulator.errno import (
    EBADF,
    EDEADLK,
    EINVAL,
    EISDIR,
    ENOTCONN,
    ENOTSOCK,
    EOPNOTSUPP,
    Refused,
)
from bsdproc.emulator.freebsd import eventfd
from bsdproc.emulator.freebsd.cred import Priv, priv_check
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.vnode import Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

S_IFMT, S_IFIFO, S_IFCHR, S_IFBLK, S_IFWHT = 0o170000, 0o010000, 0o020000, 0o060000, 0o160000
NO_DEVICE = (1 << 64) - 1
FD_NONE = -200
AT_REMOVEDIR, AT_RESOLVE_BENEATH = 0x800, 0x2000
OFF_MAX = (1 << 63) - 1
SPECIALFD_EVENTFD = 1
SOCK_STREAM = 1


def sys_mknodat(system: System, td: Thread, args: Args) -> None:
    mode, device = args[2] & 0xFFFF, args[3]
    kind = mode & S_IFMT
    if kind in (S_IFCHR, S_IFBLK):
        priv_check(td, Priv.VFS_MKNOD_DEV)
        if device == NO_DEVICE:
            raise Refused(EINVAL)
    elif kind == S_IFWHT:
        priv_check(td, Priv.VFS_MKNOD_WHT)
    elif kind != S_IFIFO or device:
        raise Refused(EINVAL)
    path = path_at(td, args[1])
    if kind != S_IFIFO:
        raise names.no_device(system, td, path)
    files.mkfifo(system, td, path, mode & 0o7777, int32(args[0]))


def _same_file(td: Thread, fd: int) -> Vnode | None:
    if fd == FD_NONE:
        return None
    node = td.proc.files.get(fd).vnode
    if node is None:
        raise Refused(EINVAL)
    return node


def sys_funlinkat(system: System, td: Thread, args: Args) -> None:
    """unlinkat(2) of a name as long as it is that of an open file: EDEADLK."""
    at, fd, flag = int32(args[0]), int32(args[2]), int32(args[3])
    if flag & ~(AT_REMOVEDIR | AT_RESOLVE_BENEATH):
        raise Refused(EINVAL)
    node, path = _same_file(td, fd), path_at(td, args[1])
    if node is not None:
        who = files.where(td, at, path)
        if system.vfs.find(path, who, follow=False) is not node:
            raise Refused(EDEADLK)
    remove = files.rmdir if flag & AT_REMOVEDIR else files.unlink
    remove(system, td, path, at)


def _offset(td: Thread, at: int) -> int | None:
    return struct.unpack("<q", space_of(td).copyin(at, 8))[0] if at else None


def sys_copy_file_range(system: System, td: Thread, args: Args) -> Blocking[int]:
    """From one regular file to another, or to another place of the same."""
    source_at, target_at, size = _offset(td, args[1]), _offset(td, args[3]), args[4]
    if args[5] & 0xFFFFFFFF:
        raise Refused(EINVAL)
    size = min(size, OFF_MAX)
    source = td.proc.files.get(int32(args[0]), FREAD)
    if source.vnode is None:
        raise Refused(EINVAL)
    target = td.proc.files.get(int32(args[2]), FWRITE)
    if target.vnode is None:
        raise Refused(EINVAL)
    if target.flag & O_APPEND:
        raise Refused(EBADF)
    start = source.offset if source_at is None else source_at
    end = target.offset if target_at is None else target_at
    done = 0
    if size:
        overlap = start <= end < start + size or end < start < end + size
        if source.vnode is target.vnode and overlap:
            raise Refused(EINVAL)
        kinds = source.vnode.kind, target.vnode.kind
        if "dir" in kinds:
            raise Refused(EISDIR)
        if start < 0 or end < 0 or kinds != ("reg", "reg"):
            raise Refused(EINVAL)
        size = min(size, OFF_MAX - start, OFF_MAX - end)
        data = source.vnode.read_at(start, size, access(td))
        if data:
            done = yield from target.write(system, td, data, end)
    if source_at is None:
        source.offset = start + done
    else:
        space_of(td).copyout(args[1], struct.pack("<q", start + done))
    if target_at is None:
        target.offset = end + done
    else:
        space_of(td).copyout(args[3], struct.pack("<q", end + done))
    return done


def _framed(td: Thread, at: int) -> tuple[bytes, bytes]:
    """struct sf_hdtr: what goes before and behind the file."""
    if not at:
        return b"", b""
    space, size = space_of(td), pointer(td).size
    words = [int.from_bytes(space.copyin(at + size * n, size), "little") for n in range(4)]
    parts = []
    for where, count in ((words[0], words[1]), (words[2], words[3])):
        vectors = iovec(td, where, int32(count)) if where else []
        parts.append(b"".join(space.copyin(base, length) for base, length in vectors if length))
    return parts[0], parts[1]


def sys_sendfile(system: System, td: Thread, args: Args) -> Blocking[int]:
    """A part of a file, up to its end for a length of 0, into a stream that is connected."""
    offset, size = int64(args[2]), args[3]
    if offset < 0:
        raise Refused(EINVAL)
    before, behind = _framed(td, args[4])
    file = td.proc.files.get(int32(args[0]), FREAD)
    if isinstance(file, ShmFile):
        room = file.object.size
        read = file.object.read_at(offset, max(0, min(size or room, room - offset)))
    elif file.vnode is not None and file.vnode.kind == "reg":
        read = file.vnode.read_at(offset, size or OFF_MAX, access(td))
    else:
        raise Refused(EINVAL)
    target = td.proc.files.get(int32(args[1]))
    if not isinstance(target, Socket):
        raise Refused(ENOTSOCK)
    if target.type != SOCK_STREAM:
        raise Refused(EINVAL)
    if target.peer is None:
        raise Refused(ENOTCONN)
    sent = yield from target.write(system, td, before + read + behind, None)
    if args[5]:
        space_of(td).copyout(args[5], struct.pack("<q", sent))
    return 0


def sys_specialfd(system: System, td: Thread, args: Args) -> int:
    """eventfd(2) is the only kind: a start and flags."""
    if int32(args[0]) != SPECIALFD_EVENTFD or args[2] != 8:
        raise Refused(EINVAL)
    value, flags = struct.unpack("<Ii", space_of(td).copyin(args[1], 8))
    if flags & ~eventfd.KNOWN:
        raise Refused(EINVAL)
    return td.proc.files.place(eventfd.EventFd(value, flags, system.object_number()),
                               files.nofile(td.proc), cloexec=bool(flags & eventfd.EFD_CLOEXEC))


def sys_posix_openpt(system: System, td: Thread, args: Args) -> None:
    """There are no terminals."""
    if int32(args[0]) & ~0x108002:      # O_RDWR, O_NOCTTY, O_CLOEXEC
        raise Refused(EINVAL)
    system.note(f"process {td.proc.pid} ({td.proc.comm}): there are no terminals")
    raise Refused(EOPNOTSUPP)


SYSCALLS: dict[int, Entry] = {
    393: ("sendfile", 7, sys_sendfile),
    504: ("posix_openpt", 1, sys_posix_openpt),
    559: ("mknodat", 4, sys_mknodat),
    568: ("funlinkat", 4, sys_funlinkat),
    569: ("copy_file_range", 6, sys_copy_file_range),
    577: ("__specialfd", 3, sys_specialfd),
}
