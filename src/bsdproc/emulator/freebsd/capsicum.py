"""What may be done with a descriptor: capability rights(4), and which of them a system
call needs.

The subject of subr_capability.c and of the rights that kern_descrip.c, sys_generic.c,
vfs_syscalls.c and uipc_syscalls.c ask for.  The check is made for processes that have
limited a descriptor of theirs, before the call: only its arguments are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bsdproc.emulator.bsd.file import O_APPEND
from bsdproc.emulator.bsd.files import (
    AT_FDCWD,
    O_CREAT,
    O_EXEC,
    O_EXLOCK,
    O_FSYNC,
    O_SHLOCK,
    O_TRUNC,
)
from bsdproc.emulator.bsd.filetable import FileTable, Slot
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32
from bsdproc.emulator.errno import ENOTCAPABLE
from bsdproc.emulator.machine.memory import MemoryFault

SECOND: Final = 64
"""Rights of the second word of a cap_rights_t, in one number with the first's."""
MARKS: Final = 1 << 57 | 1 << 58 + SECOND
"""Which word it is, in each: part of every set."""
ALL: Final = MARKS | 0x7FFFFFFFFFF | 0x1FFFFF << SECOND

READ, WRITE, SEEK = 0x1, 0x2, 0xC
PREAD, PWRITE = SEEK | READ, SEEK | WRITE
MMAP, MMAP_X = 0x10, 0x10 | SEEK | 0x20
MMAP_R, MMAP_W = MMAP | SEEK | READ, MMAP | SEEK | WRITE
(CREATE, FEXECVE, FSYNC, FTRUNCATE, LOOKUP, FCHDIR, FCHFLAGS, FCHMOD, FCHOWN, FCNTL, FLOCK,
 FPATHCONF, FSCK, FSTAT, FSTATFS, FUTIMES) = (1 << n for n in range(6, 22))
(LINKAT_TARGET, MKDIRAT, MKFIFOAT, MKNODAT, RENAMEAT_SOURCE, SYMLINKAT, UNLINKAT) = (
    LOOKUP | 1 << n for n in range(22, 29))
(ACCEPT, BIND, CONNECT, GETPEERNAME, GETSOCKNAME, GETSOCKOPT, LISTEN, PEELOFF, SETSOCKOPT,
 SHUTDOWN) = (1 << n for n in range(29, 39))
BINDAT, CONNECTAT, LINKAT_SOURCE, RENAMEAT_TARGET = (LOOKUP | 1 << n for n in range(39, 43))
(MAC_GET, MAC_SET, SEM_GETVALUE, SEM_POST, SEM_WAIT, EVENT, KQUEUE_EVENT, IOCTL, TTYHOOK,
 PDGETPID, PDWAIT, PDKILL, EXTATTR_DELETE, EXTATTR_GET, EXTATTR_LIST, EXTATTR_SET, ACL_CHECK,
 ACL_DELETE, ACL_GET, ACL_SET, KQUEUE_CHANGE) = (1 << SECOND + n for n in range(21))

FCNTLS: Final = 0x78
"""1 << F_GETFL, F_SETFL, F_GETOWN and F_SETOWN: what of fcntl(2) can be limited."""


@dataclass(frozen=True, slots=True)
class Limits:
    """struct filecaps: what is left of what a descriptor can do."""

    rights: int = ALL
    ioctls: tuple[int, ...] | None = None
    """None: all of them."""
    fcntls: int = FCNTLS

    def to(self, rights: int) -> Limits:
        """With other rights: without those to it fcntl(2) and ioctl(2) are nothing."""
        return replace(self, rights=rights,
                       ioctls=self.ioctls if rights & IOCTL else (),
                       fcntls=self.fcntls if rights & FCNTL else 0)

    @property
    def watchable(self) -> bool:
        return bool(self.rights & EVENT)

    @property
    def mapping(self) -> int:
        """The protection that a mapping may ever have (cap_rights_to_vmprot)."""
        return sum(prot for prot, needs in ((1, MMAP_R), (2, MMAP_W), (4, MMAP_X))
                   if not needs & ~self.rights)


UNLIMITED: Final = Limits()


def limits(slot: Slot) -> Limits:
    found = slot.limits
    return found if isinstance(found, Limits) else UNLIMITED


def limit(table: FileTable, slot: Slot, new: Limits) -> None:
    """From now on the table's descriptors are checked."""
    slot.limits, table.limited = new, True


# -- what a call needs -----------------------------------------------------------------
Need = Callable[[Thread, Args], list[tuple[int, int]]]
"""Descriptors of a call's, each with the rights that it takes."""


def _file(rights: int, at: int = 0) -> Need:
    return lambda td, args: [(int32(args[at]), rights)]


def _start(td: Thread, fd: int, path: int, rights: int) -> list[tuple[int, int]]:
    """The directory that a path begins at: nobody asks for it when it begins at the root."""
    if fd == AT_FDCWD or td.proc.space is None:
        return []
    try:
        absolute = td.proc.space.copyin(path, 1) == b"/"
    except MemoryFault:
        return []
    return [] if absolute else [(fd, rights | LOOKUP)]


def _path(rights: int, at: int = 0) -> Need:
    return lambda td, args: _start(td, int32(args[at]), args[at + 1], rights)


def _both(first: Need, second: Need) -> Need:
    return lambda td, args: first(td, args) + second(td, args)


def _openat(td: Thread, args: Args) -> list[tuple[int, int]]:
    """flags_to_rights."""
    flags, rights = int32(args[2]), 0
    if flags & O_EXEC:
        rights |= FEXECVE
    else:
        mode = flags & 3
        if mode in (0, 2):
            rights |= READ
        if mode in (1, 2):
            rights |= WRITE | (0 if flags & (O_APPEND | O_TRUNC) else SEEK)
    for flag, needs in ((O_CREAT, CREATE), (O_TRUNC, FTRUNCATE), (O_FSYNC, FSYNC),
                        (O_EXLOCK | O_SHLOCK, FLOCK)):
        rights |= needs if flags & flag else 0
    return _start(td, int32(args[0]), args[1], rights)


def _mmap(td: Thread, args: Args) -> list[tuple[int, int]]:
    prot, flags, fd = args[2], args[3], int32(args[4])
    if flags & 0x3400:      # MAP_ANON, MAP_STACK, MAP_GUARD
        return []
    rights = MMAP | (MMAP_R if prot & 1 else 0) | (MMAP_X if prot & 4 else 0)
    return [(fd, rights | (MMAP_W if flags & 1 and prot & 2 else 0))]


F_GETFL, F_SETFL, F_GETOWN, F_SETOWN = 3, 4, 5, 6
F_LOCKS: Final = frozenset((7, 8, 9, 11, 12, 13))


def _fcntl(td: Thread, args: Args) -> list[tuple[int, int]]:
    fd, command = int32(args[0]), int32(args[1])
    if command in F_LOCKS:
        return [(fd, FLOCK)]
    return [(fd, FCNTL if 1 << (command & 31) & FCNTLS else 0)]


def _kevent(td: Thread, args: Args) -> list[tuple[int, int]]:
    changes, events = int32(args[2]), int32(args[4])
    return [(int32(args[0]), (KQUEUE_CHANGE if changes > 0 else 0)
             | (KQUEUE_EVENT if events > 0 else 0))]


def _sendto(td: Thread, args: Args) -> list[tuple[int, int]]:
    return [(int32(args[0]), WRITE | (CONNECT if args[4] else 0))]


def _sendmsg(td: Thread, args: Args) -> list[tuple[int, int]]:
    from bsdproc.emulator.bsd.syscalls.messages import Message

    try:
        message: Message | None = Message.at(td, args[1])
    except MemoryFault:
        message = None
    return [(int32(args[0]), WRITE | (CONNECT if message and message.name else 0))]


NEEDS: Final[Mapping[str, Need]] = {
    "read": _file(READ), "readv": _file(READ), "recvfrom": _file(READ), "recvmsg": _file(READ),
    "pread": _file(PREAD), "preadv": _file(PREAD), "getdirentries": _file(READ),
    "write": _file(WRITE), "writev": _file(WRITE), "pwrite": _file(PWRITE),
    "pwritev": _file(PWRITE), "sendto": _sendto, "sendmsg": _sendmsg,
    "lseek": _file(SEEK), "mmap": _mmap, "fcntl": _fcntl, "ioctl": _file(IOCTL),
    "fstat": _file(FSTAT), "fstatfs": _file(FSTATFS), "fpathconf": _file(FPATHCONF),
    "fsync": _file(FSYNC), "fdatasync": _file(FSYNC), "ftruncate": _file(FTRUNCATE),
    "fchmod": _file(FCHMOD), "fchown": _file(FCHOWN), "fchflags": _file(FCHFLAGS),
    "fchdir": _file(FCHDIR), "flock": _file(FLOCK), "futimes": _file(FUTIMES),
    "futimens": _file(FUTIMES), "posix_fallocate": _file(PWRITE), "fexecve": _file(FEXECVE),
    "copy_file_range": _both(_file(READ), _file(WRITE, 2)),
    "sendfile": _both(_file(PREAD), _file(WRITE, 1)),
    "accept": _file(ACCEPT), "accept4": _file(ACCEPT), "bind": _file(BIND),
    "connect": _file(CONNECT), "listen": _file(LISTEN), "shutdown": _file(SHUTDOWN),
    "getpeername": _file(GETPEERNAME), "getsockname": _file(GETSOCKNAME),
    "getsockopt": _file(GETSOCKOPT), "setsockopt": _file(SETSOCKOPT),
    "bindat": _both(_path(0, 0), _file(BIND, 1)),
    "connectat": _both(_path(0, 0), _file(CONNECT, 1)),
    "pdgetpid": _file(PDGETPID), "pdkill": _file(PDKILL),
    "kevent": _kevent, "freebsd11_kevent": _kevent,
    "openat": _openat, "fstatat": _path(FSTAT), "faccessat": _path(FSTAT),
    "__realpathat": _path(FSTAT), "readlinkat": _path(0), "fchmodat": _path(FCHMOD),
    "fchownat": _path(FCHOWN), "chflagsat": _path(FCHFLAGS), "utimensat": _path(FUTIMES),
    "futimesat": _path(FUTIMES), "mkdirat": _path(MKDIRAT), "mkfifoat": _path(MKFIFOAT),
    "mknodat": _path(MKNODAT), "unlinkat": _path(UNLINKAT), "funlinkat": _path(UNLINKAT),
    "symlinkat": lambda td, args: _start(td, int32(args[1]), args[2], SYMLINKAT),
    "linkat": _both(_path(LINKAT_SOURCE), _path(LINKAT_TARGET, 2)),
    "renameat": _both(_path(RENAMEAT_SOURCE), _path(RENAMEAT_TARGET, 2)),
}  # fmt: skip


def lacking(td: Thread, name: str, args: Args) -> tuple[int, int] | None:
    """The rights that a call needs of the first descriptor that lacks some, and those that
    it has."""
    need = NEEDS.get(name)
    for fd, rights in need(td, args) if need is not None else ():
        slot = td.proc.files.slots.get(fd)
        if slot is not None and rights & ~limits(slot).rights:
            return rights | MARKS, limits(slot).rights
    return None


def refused(td: Thread, name: str | None, args: Args) -> int:
    """The error of a call that a descriptor's limits forbid, 0."""
    need = NEEDS.get(name or "")
    if need is None:
        return 0
    slots = td.proc.files.slots
    for fd, rights in need(td, args):
        slot = slots.get(fd)
        if slot is None or slot.limits is None:
            continue        # the call itself has an error for none
        has = limits(slot)
        if rights & ~has.rights:
            return ENOTCAPABLE
        if name == "ioctl" and has.ioctls is not None and args[1] & 0xFFFFFFFF not in has.ioctls:
            return ENOTCAPABLE
        if name == "fcntl" and rights == FCNTL and not has.fcntls >> int32(args[1]) & 1:
            return ENOTCAPABLE
    return 0
