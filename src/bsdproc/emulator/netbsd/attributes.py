"""What is known of a file beside its contents: its flags, and the limits of its file system.

The subject of NetBSD's vfs_syscalls.c, ufs_vnops.c, genfs_can_chflags and procfs_vnops.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.errno import EINVAL, EOPNOTSUPP, EPERM, EROFS, Refused
from bsdproc.emulator.netbsd import cred
from bsdproc.emulator.vnode import Device, Told, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

ANY: Final = (1 << 64) - 1
"""u_long's VNOVAL: nothing to change."""
MNT_RDONLY: Final = 1
USERS, SYSTEMS = 0xFFFF, 0xFFFF0000
SNAPSHOTS: Final = 0x200000 | 0x800000
"""SF_SNAPSHOT and SF_SNAPINVAL, which nobody sets or clears."""
HOLDS: Final = Vnode.IMMUTABLE | Vnode.APPEND
"""NOUNLINK is none of NetBSD's."""


def set_flags(system: System, td: Thread, node: Vnode, flags: int) -> None:
    """ufs_setattr: a user who is not root sets those of users, also of a file that a
    system's flag holds.  EPERM for no change of one that is held."""
    if node.mount.kind == "procfs":
        if flags != ANY:
            raise Refused(EOPNOTSUPP)
        return
    if flags != ANY:
        if node.mount.flags & MNT_RDONLY:
            raise Refused(EROFS)
        if (flags ^ node.flags) & SNAPSHOTS:
            raise Refused(EPERM)
        _authorize(system, td, node, changes=bool((flags ^ node.flags) & SYSTEMS))
        if (flags ^ node.flags) & SYSTEMS:
            node.flags = flags & 0xFFFFFFFF
        else:
            node.flags = node.flags & SYSTEMS | flags & USERS
        node.ctime = node.mount.clock()
        node.tell(Told.ATTRIB)
        if flags & HOLDS:
            return
    node.keeps(HOLDS)


def _authorize(system: System, td: Thread, node: Vnode, *, changes: bool) -> None:
    """KAUTH_VNODE_WRITE_FLAGS: above securelevel 0 a system's flag that holds a file stays."""
    held = node.flags & HOLDS & SYSTEMS
    if changes and held and int(system.settings[cred.SECURELEVEL]) > 0:
        raise Refused(EPERM)
    user = td.proc.cred.uid
    if user != 0 and (user != node.uid or changes or isinstance(node, Device)):
        raise Refused(EPERM)


LINK_MAX, PIPE_BUF, CHOWN_RESTRICTED = (1, 32767), (6, 512), (7, 1)
OF_UFS: Final = dict((LINK_MAX, (4, 255), (5, 1024), PIPE_BUF, CHOWN_RESTRICTED, (8, 1), (10, 1),
                      (11, 42), (12, 1024), (13, 1)))
"""By _PC_ number: beside these the longest name and path, no cut names, synchronous output,
bits of a file's size, the longest link, and that links can be."""
OF_FIFOS: Final = dict((LINK_MAX, PIPE_BUF, CHOWN_RESTRICTED))
OF_OTHERS: Final = dict((LINK_MAX, (2, 255), (3, 255), PIPE_BUF, CHOWN_RESTRICTED, (9, 0xFF),
                         (10, 1)))
"""Devices and procfs: a terminal's lines, and the character that disables another."""


def limit(node: Vnode, name: int) -> int:
    """VOP_PATHCONF."""
    if isinstance(node, Device) or node.mount.kind == "procfs":
        known = OF_OTHERS
    else:
        known = OF_FIFOS if node.kind == "fifo" else OF_UFS
    if name not in known:
        raise Refused(EINVAL)
    return known[name]
