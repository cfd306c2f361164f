"""What an administrator asks of the kernel as a whole: acct(2), swapon(2), reboot(2),
rctl(2) and the like.

There is nothing to swap to, nobody to account for and no other routing table here;
who may not ask is told so first, as the real kernel does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, path_at
from bsdproc.emulator.errno import EINVAL, ENOSYS, ENOTBLK, EOPNOTSUPP, Refused
from bsdproc.emulator.freebsd.cred import Priv, priv_check
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.vnode import Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System


def _node(system: System, td: Thread, address: int) -> Vnode:
    path = path_at(td, address)
    return system.vfs.find(path, files.where(td, files.AT_FDCWD, path))


def _refuse(system: System, td: Thread, what: str) -> Refused:
    system.note(f"process {td.proc.pid} ({td.proc.comm}): {what}")
    return Refused(EOPNOTSUPP)


def sys_acct(system: System, td: Thread, args: Args) -> None:
    """Accounting is off, and can be turned off again."""
    priv_check(td, Priv.ACCT)
    if args[0]:
        _node(system, td, args[0])
        raise _refuse(system, td, "there is no accounting")


def sys_swapon(system: System, td: Thread, args: Args) -> None:
    priv_check(td, Priv.SWAPON)
    node = _node(system, td, args[0])
    raise Refused(ENOTBLK if node.kind != "reg" else EINVAL)


def sys_swapoff(system: System, td: Thread, args: Args) -> None:
    """Of what nobody swaps to."""
    priv_check(td, Priv.SWAPOFF)
    _node(system, td, args[0])
    raise Refused(EINVAL)


def sys_reboot(system: System, td: Thread, args: Args) -> None:
    """Nothing runs before or behind this kernel."""
    priv_check(td, Priv.REBOOT)
    raise _refuse(system, td, "reboot() is for who made this kernel")


def sys_undelete(system: System, td: Thread, args: Args) -> None:
    """Only a union of file systems has what could come back: EINVAL without a whiteout."""
    _node(system, td, args[0])
    raise Refused(EINVAL)


def sys_setfib(system: System, td: Thread, args: Args) -> None:
    """There is one routing table, number 0."""
    if int32(args[0]):
        raise Refused(EINVAL)


def sys_profil(system: System, td: Thread, args: Args) -> None:
    """Off, by a scale of 0 or 1; nobody takes samples here."""
    if args[3] & 0xFFFFFFFF > 1 << 16:
        raise Refused(EINVAL)
    if args[3] & 0xFFFFFFFF > 1:
        raise _refuse(system, td, "profil() takes no samples")


def sys_rctl(system: System, td: Thread, args: Args) -> None:
    """As without kern.racct.enable, which a kernel is booted with."""
    raise Refused(ENOSYS)


SYSCALLS: dict[int, Entry] = {
    44: ("profil", 4, sys_profil),
    51: ("acct", 1, sys_acct),
    55: ("reboot", 1, sys_reboot),
    85: ("swapon", 1, sys_swapon),
    175: ("setfib", 1, sys_setfib),
    205: ("undelete", 1, sys_undelete),
    424: ("freebsd13_swapoff", 1, sys_swapoff),
    525: ("rctl_get_racct", 4, sys_rctl),
    526: ("rctl_get_rules", 4, sys_rctl),
    527: ("rctl_get_limits", 4, sys_rctl),
    528: ("rctl_add_rule", 4, sys_rctl),
    529: ("rctl_remove_rule", 4, sys_rctl),
    582: ("swapoff", 2, sys_swapoff),
}
