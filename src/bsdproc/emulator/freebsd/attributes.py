"""What is known of a file beside its contents: its flags, and the limits of its file system.

The subject of vfs_syscalls.c and of UFS, which all files here lie on.
"""

from __future__ import annotations

from typing import Final

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.attributes import PIPE_BUF, PIPE_BUF_NAME
from bsdproc.emulator.bsd.syscalls.width import pointer
from bsdproc.emulator.errno import EINVAL, EOPNOTSUPP, EPERM, Refused
from bsdproc.emulator.freebsd.cred import Priv, has_priv, ucred
from bsdproc.emulator.vnode import Device, Told, Vnode

ANY: Final = (1 << 64) - 1
SUPPORTED: Final = 0x370000 | 0x9F9F
"""Those that UFS keeps."""
SYSTEM_FLAGS: Final = 0xFFFF0000
SF_SNAPSHOT: Final = 0x200000


def set_flags(td: Thread, node: Vnode, flags: int) -> None:
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


# -- limits --------------------------------------------------------------------------------
COMMON: Final = {4: 255, 5: 1024, 7: 1, 12: 64, 18: 1024, 53: 200112, 59: 0, 61: 0, 62: 0, 63: 0,
                 64: 0}
"""_PC_ names: the longest name and path, chown is restricted, bits of a file's
size, the longest link, asynchronous I/O, and what there is not."""
OF_UFS: Final = COMMON | {1: 32767, 8: 1, 10: 4096, 14: 32768, 15: -1, 16: 32768, 17: 4096,
                          21: 32768, 54: 0, 55: 0, 60: 3}
OF_DEVICES: Final = COMMON | {1: 0x7FFFFFFF, 63: 1}


def limit(node: Vnode, name: int) -> int:
    """VOP_PATHCONF: a long as the program finds it; EINVAL."""
    if node.fixed:
        raise Refused(EINVAL)
    if name == PIPE_BUF_NAME and node.kind in ("dir", "fifo") and not isinstance(node, Device):
        return PIPE_BUF
    found = (OF_DEVICES if isinstance(node, Device) else OF_UFS).get(name)
    if found is None:
        raise Refused(EINVAL)
    return found & ANY
