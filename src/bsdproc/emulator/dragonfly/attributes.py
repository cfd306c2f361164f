"""What is known of a file beside its contents: its flags, and the limits of its file system.

The subject of vfs_syscalls.c, ufs_vnops.c and vfs_default.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.dragonfly.cred import priv_check
from bsdproc.emulator.dragonfly.state import Thread
from bsdproc.emulator.errno import EINVAL, EOPNOTSUPP, EPERM, EROFS, Refused
from bsdproc.emulator.vnode import Device, Told, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

ANY: Final = (1 << 64) - 1
"""u_long's VNOVAL: nothing to change."""
MNT_RDONLY: Final = 1
USERS, SYSTEMS = 0xFFFF, 0xFFFF0000


def set_flags(system: System, td: Thread, node: Vnode, flags: int) -> None:
    """setfflags and ufs_setattr: who is not root, or jailed, sets those of users, of a file
    that no system's flag holds.  EPERM for no change of one that is held."""
    if node.mount.flags & MNT_RDONLY:
        raise Refused(EROFS)
    if isinstance(node, Device):        # whose file system forgets them
        priv_check(td.proc.cred)
        return
    if node.mount.kind == "procfs":
        if flags != ANY:
            raise Refused(EOPNOTSUPP)
        return
    holds = Vnode.IMMUTABLE | Vnode.APPEND
    if flags != ANY:
        _change(system, td, node, flags)
        if flags & holds:
            return
    node.keeps(holds)


def _change(system: System, td: Thread, node: Vnode, flags: int) -> None:
    cred, held = td.proc.cred, node.flags & Vnode.KEPT & SYSTEMS
    if cred.uid != node.uid:
        priv_check(cred)
    if cred.uid == 0 and cred.prison is None:
        if held and int(system.settings.get("kern.securelevel", -1)) > 0:
            raise Refused(EPERM)
        node.flags = flags & 0xFFFFFFFF
    elif held or flags & ~USERS:
        raise Refused(EPERM)
    else:
        node.flags = node.flags & SYSTEMS | flags
    node.ctime = node.mount.clock()
    node.tell(Told.ATTRIB)


OF_FIFOS: Final = {1: 32767, 6: 512, 7: 1}
"""By _PC_ number: links of a file, what a pipe takes at once, chown is restricted."""
KNOWN: Final = OF_FIFOS | {2: 255, 3: 255, 4: 255, 5: 1024, 8: 1, 9: 0xFF}
"""vop_stdpathconf: a terminal's lines, the longest name and path, names that are not cut, the
character that disables another."""


def limit(node: Vnode, name: int) -> int:
    """VOP_PATHCONF, which no file system here has in a way of its own."""
    known = OF_FIFOS if node.kind == "fifo" else KNOWN
    if name not in known:
        raise Refused(EINVAL)
    return known[name]
