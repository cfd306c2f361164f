"""Paths that begin at a directory's descriptor, and reading directories: DragonFly's own
flags and structure."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import files, opening
from bsdproc.emulator.bsd.syscalls import files as shared
from bsdproc.emulator.bsd.syscalls import filetimes, names
from bsdproc.emulator.bsd.syscalls.args import int64, path_at, signed, space_of
from bsdproc.emulator.dragonfly.cred import priv_check
from bsdproc.emulator.dragonfly.syscalls.files import Work, packed
from bsdproc.emulator.errno import EBADF, EEXIST, EINVAL, Refused
from bsdproc.emulator.vnode import FORMATS

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.dragonfly.state import Thread
    from bsdproc.emulator.dragonfly.system import System

Args = tuple[int, ...]

AT_FDCWD: Final = 0xFFFAFDCD
AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_EACCESS, AT_SYMLINK_FOLLOW = 1, 2, 4, 8
DIRENT: Final = struct.Struct("<QHBx4x")
"""The head of struct dirent: fileno, namlen, type."""


def where(fd: int) -> int:
    """A directory's descriptor as the core has it."""
    return files.AT_FDCWD if fd & 0xFFFFFFFF == AT_FDCWD else signed(fd)


def _flags(flags: int, known: int, own: int) -> int:
    """The one flag that a call knows, by the core's number: EINVAL for others."""
    if flags & ~known & 0xFFFFFFFF:
        raise Refused(EINVAL)
    return own if flags & known else 0


def sys_openat(system: System, td: Thread, args: Args) -> Work:
    return opening.openat(
        system,
        td,
        path_at(td, args[1]),
        system.open_flags(signed(args[2])),
        args[3] & 0o7777,
        where(args[0]),
    )


def sys_fstatat(system: System, td: Thread, args: Args) -> None:
    follow = not _flags(args[3], AT_SYMLINK_NOFOLLOW, 1)
    found = files.fstatat(system, td, path_at(td, args[1]), follow, where(args[0]))
    space_of(td).copyout(args[2], packed(found))


def sys_chflagsat(system: System, td: Thread, args: Args) -> None:
    follow = not _flags(args[3], AT_SYMLINK_NOFOLLOW, 1)
    node, _ = filetimes.node_at(system, td, args[1], follow, where(args[0]))
    system.set_file_flags(td, node, args[2])


def sys_fchmodat(system: System, td: Thread, args: Args) -> None:
    follow = not _flags(args[3], AT_SYMLINK_NOFOLLOW, 1)
    files.chmod(system, td, path_at(td, args[1]), args[2], follow, where(args[0]))


def sys_fchownat(system: System, td: Thread, args: Args) -> None:
    follow = not _flags(args[4], AT_SYMLINK_NOFOLLOW, 1)
    files.chown(system, td, path_at(td, args[1]), args[2], args[3], follow, where(args[0]))


def sys_unlinkat(system: System, td: Thread, args: Args) -> None:
    flags = _flags(args[2], AT_REMOVEDIR, names.AT_REMOVEDIR)
    names.sys_unlinkat(system, td, (where(args[0]), args[1], flags))


def sys_faccessat(system: System, td: Thread, args: Args) -> None:
    flags = _flags(args[3], AT_EACCESS, shared.AT_EACCESS)
    shared.sys_faccessat(system, td, (where(args[0]), args[1], args[2], flags))


def sys_mkdirat(system: System, td: Thread, args: Args) -> None:
    names.sys_mkdirat(system, td, (where(args[0]), *args[1:]))


def sys_readlinkat(system: System, td: Thread, args: Args) -> int:
    return names.sys_readlinkat(system, td, (where(args[0]), *args[1:]))


def sys_renameat(system: System, td: Thread, args: Args) -> None:
    names.sys_renameat(system, td, (where(args[0]), args[1], where(args[2]), args[3]))


KINDS: Final = (0o170000, 0o020000, 0o060000, 0o160000, 0o040000)
"""What mknod(2) makes, and root alone: bad sectors, devices, white-outs, and HAMMER's
directories."""


def _mknod(system: System, td: Thread, at: int, path_address: int, mode: int) -> None:
    """kern_mknod: the kind and who asks are looked at before the name."""
    path = path_at(td, path_address)
    if mode & 0o170000 not in KINDS:
        raise Refused(EINVAL)
    priv_check(td.proc.cred)
    if system.vfs.walk(path, files.where(td, at, path), follow=False).vnode is not None:
        raise Refused(EEXIST)
    raise names.no_device(system, td, path)


def sys_mknod(system: System, td: Thread, args: Args) -> None:
    _mknod(system, td, files.AT_FDCWD, args[0], args[1])


def sys_mknodat(system: System, td: Thread, args: Args) -> None:
    _mknod(system, td, where(args[0]), args[1], args[2])


def sys_mkfifoat(system: System, td: Thread, args: Args) -> None:
    names.sys_mkfifoat(system, td, (where(args[0]), *args[1:]))


def sys_symlinkat(system: System, td: Thread, args: Args) -> None:
    names.sys_symlinkat(system, td, (args[0], where(args[1]), args[2]))


def sys_linkat(system: System, td: Thread, args: Args) -> None:
    """Nobody looks at other flags."""
    flags = names.AT_SYMLINK_FOLLOW if args[4] & AT_SYMLINK_FOLLOW else 0
    names.sys_linkat(system, td, (where(args[0]), args[1], where(args[2]), args[3], flags))


def sys_utimensat(system: System, td: Thread, args: Args) -> None:
    follow = not _flags(args[3], AT_SYMLINK_NOFOLLOW, 1)
    filetimes.utimensat(system, td, where(args[0]), args[1], args[2], follow)


def _directory(system: System, td: Thread, fd: int, address: int, room: int) -> tuple[int, int]:
    """kern_getdirentries: how much is stored, and where the file stood before."""
    try:
        file, listed = files.entries(system, td, fd)
    except Refused as e:
        raise Refused(e.errno if e.errno == EBADF else EINVAL) from None
    before, out = file.offset, bytearray()
    for index in range(before, len(listed)):
        name = listed[index].name.encode("utf-8", "surrogateescape")
        size = DIRENT.size + len(name) + 8 & ~7
        if len(out) + size > room:
            if not out:
                raise Refused(EINVAL)
            break
        out += DIRENT.pack(listed[index].ino, len(name), FORMATS[listed[index].kind] >> 12)
        out += name.ljust(size - DIRENT.size, b"\0")
        file.offset = index + 1
    space_of(td).copyout(address, bytes(out))
    return len(out), before


def sys_getdirentries(system: System, td: Thread, args: Args) -> int:
    size, before = _directory(system, td, signed(args[0]), args[1], args[2] & 0xFFFFFFFF)
    if args[3]:
        space_of(td).copyout(args[3], struct.pack("<q", before))
    return size


def sys_getdents(system: System, td: Thread, args: Args) -> int:
    return _directory(system, td, signed(args[0]), args[1], args[2])[0]


def sys_extpreadv(system: System, td: Thread, args: Args) -> Work:
    """preadv(2); with the offset -1 readv(2), with flags of its own."""
    if int64(args[4]) == -1:
        return shared.sys_readv(system, td, args[:3])
    return shared.sys_preadv(system, td, (*args[:3], args[4]))


def sys_extpwritev(system: System, td: Thread, args: Args) -> Work:
    if int64(args[4]) == -1:
        return shared.sys_writev(system, td, args[:3])
    return shared.sys_pwritev(system, td, (*args[:3], args[4]))


SYSCALLS: Final[dict[int, Entry]] = {
    289: ("extpreadv", 5, sys_extpreadv),
    290: ("extpwritev", 5, sys_extpwritev),
    479: ("getdirentries", 4, sys_getdirentries),
    480: ("getdents", 3, sys_getdents),
    504: ("openat", 4, sys_openat),
    505: ("fstatat", 4, sys_fstatat),
    506: ("fchmodat", 4, sys_fchmodat),
    507: ("fchownat", 5, sys_fchownat),
    508: ("unlinkat", 3, sys_unlinkat),
    509: ("faccessat", 4, sys_faccessat),
    523: ("renameat", 4, sys_renameat),
    524: ("mkdirat", 3, sys_mkdirat),
    14: ("mknod", 3, sys_mknod),
    525: ("mkfifoat", 3, sys_mkfifoat),
    526: ("mknodat", 4, sys_mknodat),
    537: ("chflagsat", 4, sys_chflagsat),
    527: ("readlinkat", 4, sys_readlinkat),
    528: ("symlinkat", 3, sys_symlinkat),
    531: ("linkat", 5, sys_linkat),
    539: ("utimensat", 4, sys_utimensat),
}
