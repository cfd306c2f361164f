"""What is known of a file beside its contents: chflags(2), utimes(2), pathconf(2).

The subject of vfs_syscalls.c and of UFS, which all files here lie on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.file import Kind
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls import filetimes
from bsdproc.emulator.bsd.syscalls.args import int32
from bsdproc.emulator.bsd.syscalls.files import AT_SYMLINK_NOFOLLOW
from bsdproc.emulator.bsd.syscalls.filetimes import node_at, node_of
from bsdproc.emulator.bsd.syscalls.width import pointer
from bsdproc.emulator.errno import (
    EBADF,
    EINVAL,
    EOPNOTSUPP,
    EPERM,
    Refused,
)
from bsdproc.emulator.freebsd.cred import Priv, has_priv, ucred
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.vnode import Access, Dead, Device, Told, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

AT_FLAGS = AT_SYMLINK_NOFOLLOW | 0x2000 | 0x4000
"""AT_RESOLVE_BENEATH and AT_EMPTY_PATH with it."""
ANY: Final = (1 << 64) - 1
SUPPORTED: Final = 0x370000 | 0x9F9F
"""Those that UFS keeps."""
SYSTEM_FLAGS: Final = 0xFFFF0000
SF_SNAPSHOT: Final = 0x200000


def _at(td: Thread, flag: int) -> bool:
    """Whether a link at the end is followed."""
    if flag & ~AT_FLAGS:
        raise Refused(EINVAL)
    return not flag & AT_SYMLINK_NOFOLLOW


# -- flags ---------------------------------------------------------------------------
def _set_flags(td: Thread, node: Vnode, who: Access, flags: int) -> None:
    """setfflags, ufs_setattr."""
    if flags == pointer_mask(td):
        raise Refused(EOPNOTSUPP)
    if node.fixed:                          # procfs takes every attribute, and forgets it
        return
    if isinstance(node, Device):
        if flags:
            raise Refused(EINVAL)
        return
    if flags & ~SUPPORTED:
        raise Refused(EOPNOTSUPP)
    cred = ucred(td.proc)
    if cred.uid not in (0, node.uid):
        raise Refused(EPERM)
    kept = node.flags & (Vnode.KEPT & SYSTEM_FLAGS)
    if has_priv(cred, Priv.VFS_SYSFLAGS):
        if (kept and cred.prison.securelevel > 0) or (flags ^ node.flags) & SF_SNAPSHOT:
            raise Refused(EPERM)
    elif kept or (flags ^ node.flags) & SYSTEM_FLAGS:
        raise Refused(EPERM)
    node.flags = flags
    node.ctime = node.mount.clock()
    node.tell(Told.ATTRIB)


def pointer_mask(td: Thread) -> int:
    """u_long's VNOVAL."""
    return (1 << 8 * pointer(td).size) - 1


def sys_chflags(system: System, td: Thread, args: Args) -> None:
    _set_flags(td, *node_at(system, td, args[0]), args[1])


def sys_lchflags(system: System, td: Thread, args: Args) -> None:
    _set_flags(td, *node_at(system, td, args[0], follow=False), args[1])


def sys_chflagsat(system: System, td: Thread, args: Args) -> None:
    follow = _at(td, int32(args[3]))
    _set_flags(td, *node_at(system, td, args[1], follow, int32(args[0])), args[2])


def sys_fchflags(system: System, td: Thread, args: Args) -> None:
    _set_flags(td, *node_of(td, int32(args[0])), args[1])


# -- times ------------------------------------------------------------------------------
def sys_futimesat(system: System, td: Thread, args: Args) -> None:
    times, now = filetimes.given_times(system, td, args[2], filetimes.US)
    filetimes.set_times(*node_at(system, td, args[1], at=int32(args[0])), times, now)


def sys_utimensat(system: System, td: Thread, args: Args) -> None:
    filetimes.utimensat(system, td, int32(args[0]), args[1], args[2], _at(td, int32(args[3])))


# -- limits --------------------------------------------------------------------------------
PIPE_BUF_NAME, PIPE_BUF = 6, 512
COMMON: Final = {4: 255, 5: 1024, 7: 1, 12: 64, 18: 1024, 53: 200112, 59: 0, 61: 0, 62: 0, 63: 0,
                 64: 0}
"""_PC_ names: the longest name and path, chown is restricted, bits of a file's
size, the longest link, asynchronous I/O, and what there is not."""
OF_UFS: Final = COMMON | {1: 32767, 8: 1, 10: 4096, 14: 32768, 15: -1, 16: 32768, 17: 4096,
                          21: 32768, 54: 0, 55: 0, 60: 3}
OF_DEVICES: Final = COMMON | {1: 0x7FFFFFFF, 63: 1}


def _limit(node: Vnode, name: int) -> int:
    """VOP_PATHCONF: a long as the program finds it; EINVAL."""
    if node.fixed:
        raise Refused(EINVAL)
    if name == PIPE_BUF_NAME and node.kind in ("dir", "fifo") and not isinstance(node, Device):
        return PIPE_BUF
    found = (OF_DEVICES if isinstance(node, Device) else OF_UFS).get(name)
    if found is None:
        raise Refused(EINVAL)
    return found & ANY


def sys_pathconf(system: System, td: Thread, args: Args) -> int:
    return _limit(node_at(system, td, args[0])[0], int32(args[1]))


def sys_lpathconf(system: System, td: Thread, args: Args) -> int:
    return _limit(node_at(system, td, args[0], follow=False)[0], int32(args[1]))


def sys_fpathconf(system: System, td: Thread, args: Args) -> int:
    file, name = td.proc.files.get(int32(args[0])), int32(args[1])
    if isinstance(file.vnode, Dead):
        raise Refused(EBADF)
    if file.vnode is not None:
        return _limit(file.vnode, name)
    if file.kind not in (Kind.PIPE, Kind.SOCKET):
        raise Refused(EOPNOTSUPP)
    if name != PIPE_BUF_NAME:
        raise Refused(EINVAL)
    return PIPE_BUF


SYSCALLS: dict[int, Entry] = {
    34: ("chflags", 2, sys_chflags),
    35: ("fchflags", 2, sys_fchflags),
    191: ("pathconf", 2, sys_pathconf),
    192: ("fpathconf", 2, sys_fpathconf),
    391: ("lchflags", 2, sys_lchflags),
    494: ("futimesat", 3, sys_futimesat),
    513: ("lpathconf", 2, sys_lpathconf),
    540: ("chflagsat", 4, sys_chflagsat),
    547: ("utimensat", 4, sys_utimensat),
}
