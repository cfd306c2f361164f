"""The system calls of emulated programs that deal with the names of files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.bsd.syscalls.args import int32, path_at, space
from bsdproc.emulator.bsd.syscalls.files import AT_SYMLINK_NOFOLLOW, size_of
from bsdproc.emulator.errno import EINVAL, EOPNOTSUPP, ERANGE, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.bsd.system import System

AT_REMOVEDIR, AT_SYMLINK_FOLLOW = 0x800, 0x400
LINKAT_FLAGS = AT_SYMLINK_FOLLOW | 0x2000 | 0x4000
"""AT_RESOLVE_BENEATH and AT_EMPTY_PATH with it."""


def sys_unlink(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.unlink(system, td, path_at(td, args[0]))


def sys_unlinkat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    flag = int32(args[2])
    if flag & ~(AT_REMOVEDIR | 0x2000):
        raise Refused(EINVAL)
    remove = files.rmdir if flag & AT_REMOVEDIR else files.unlink
    remove(system, td, path_at(td, args[1]), int32(args[0]))


def sys_mkdir(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.mkdir(system, td, path_at(td, args[0]), args[1])


def sys_mkdirat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.mkdir(system, td, path_at(td, args[1]), args[2], int32(args[0]))


def no_device(system: System, td: Thread, path: str) -> Refused:
    """What mknod(2) of a device, or of what is none of a file's kinds, is refused with."""
    system.note(f"process {td.proc.pid} ({td.proc.comm}): {path} would be a device, which "
                "only /dev has here")
    return Refused(EOPNOTSUPP)


def sys_mkfifo(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.mkfifo(system, td, path_at(td, args[0]), args[1])


def sys_rmdir(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.rmdir(system, td, path_at(td, args[0]))


def sys_rename(system: System, td: Thread, args: tuple[int, ...]) -> None:
    system.vfs.rename(path_at(td, args[0]), path_at(td, args[1]), access(td))


def sys_linkat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    """Both names from descriptors of their own."""
    if args[4] & ~LINKAT_FLAGS:
        raise Refused(EINVAL)
    old, new = path_at(td, args[1]), path_at(td, args[3])
    node = system.vfs.find(old, files.where(td, int32(args[0]), old),
                           bool(args[4] & AT_SYMLINK_FOLLOW))
    system.vfs.enter(node, new, files.where(td, int32(args[2]), new),
                     partial(system.may_link, td))


def sys_renameat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    old, new = path_at(td, args[1]), path_at(td, args[3])
    system.vfs.rename(old, new, files.where(td, int32(args[0]), old),
                      files.where(td, int32(args[2]), new))


def sys_symlinkat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    target, path = path_at(td, args[0]), path_at(td, args[2])
    system.vfs.symlink(target, path, files.where(td, int32(args[1]), path))


def sys_mkfifoat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.mkfifo(system, td, path_at(td, args[1]), args[2], int32(args[0]))


def sys_link(system: System, td: Thread, args: tuple[int, ...]) -> None:
    system.vfs.link(path_at(td, args[0]), path_at(td, args[1]), access(td),
                    partial(system.may_link, td))


def sys_symlink(system: System, td: Thread, args: tuple[int, ...]) -> None:
    system.vfs.symlink(path_at(td, args[0]), path_at(td, args[1]), access(td))


def _link_target(td: Thread, target: str, address: int, room: int) -> int:
    data = target.encode("utf-8", "surrogateescape")[:room]
    space(td).copyout(address, data)
    return len(data)


def sys_readlink(system: System, td: Thread, args: tuple[int, ...]) -> int:
    target = files.readlink(system, td, path_at(td, args[0]))
    return _link_target(td, target, args[1], size_of(args[2]))


def sys_readlinkat(system: System, td: Thread, args: tuple[int, ...]) -> int:
    target = files.readlink(system, td, path_at(td, args[1]), int32(args[0]))
    return _link_target(td, target, args[2], size_of(args[3]))


def sys_chmod(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.chmod(system, td, path_at(td, args[0]), args[1])


def sys_lchmod(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.chmod(system, td, path_at(td, args[0]), args[1], follow=False)


def sys_fchmodat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.chmod(system, td, path_at(td, args[1]), args[2],
                not args[3] & AT_SYMLINK_NOFOLLOW, int32(args[0]))


def sys_fchmod(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.fchange(system, td, int32(args[0]), mode=args[1] & 0o7777)


def sys_chown(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.chown(system, td, path_at(td, args[0]), args[1], args[2])


def sys_lchown(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.chown(system, td, path_at(td, args[0]), args[1], args[2], follow=False)


def sys_fchownat(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.chown(system, td, path_at(td, args[1]), args[2], args[3],
                not args[4] & AT_SYMLINK_NOFOLLOW, int32(args[0]))


def sys_fchown(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.fchange(system, td, int32(args[0]), uid=files.identity(args[1]),
                  gid=files.identity(args[2]))


def sys_chdir(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.chdir(system, td, path_at(td, args[0]))


def sys_fchdir(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.fchdir(system, td, int32(args[0]))


def sys_chroot(system: System, td: Thread, args: tuple[int, ...]) -> None:
    files.chroot(system, td, path_at(td, args[0]))


def sys_getcwd(system: System, td: Thread, args: tuple[int, ...]) -> None:
    path = files.getcwd(system, td).encode("utf-8", "surrogateescape") + b"\0"
    if len(path) > args[1]:
        raise Refused(ERANGE)
    space(td).copyout(args[0], path)


CALLS: dict[str, Entry] = {
    "link": ("link", 2, sys_link),
    "unlink": ("unlink", 1, sys_unlink),
    "chdir": ("chdir", 1, sys_chdir),
    "fchdir": ("fchdir", 1, sys_fchdir),
    "chmod": ("chmod", 2, sys_chmod),
    "chown": ("chown", 3, sys_chown),
    "symlink": ("symlink", 2, sys_symlink),
    "readlink": ("readlink", 3, sys_readlink),
    "chroot": ("chroot", 1, sys_chroot),
    "fchown": ("fchown", 3, sys_fchown),
    "fchmod": ("fchmod", 2, sys_fchmod),
    "rename": ("rename", 2, sys_rename),
    "mkfifo": ("mkfifo", 2, sys_mkfifo),
    "mkdir": ("mkdir", 2, sys_mkdir),
    "rmdir": ("rmdir", 1, sys_rmdir),
    "lchown": ("lchown", 3, sys_lchown),
    "lchmod": ("lchmod", 2, sys_lchmod),
    "__getcwd": ("__getcwd", 2, sys_getcwd),
    "fchmodat": ("fchmodat", 4, sys_fchmodat),
    "fchownat": ("fchownat", 5, sys_fchownat),
    "linkat": ("linkat", 5, sys_linkat),
    "mkdirat": ("mkdirat", 3, sys_mkdirat),
    "mkfifoat": ("mkfifoat", 3, sys_mkfifoat),
    "readlinkat": ("readlinkat", 4, sys_readlinkat),
    "renameat": ("renameat", 4, sys_renameat),
    "symlinkat": ("symlinkat", 3, sys_symlinkat),
    "unlinkat": ("unlinkat", 3, sys_unlinkat),
}
