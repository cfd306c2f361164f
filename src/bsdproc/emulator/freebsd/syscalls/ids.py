"""User, group and login names of a process: the system calls that read and
set them (sys/kern/kern_prot.c), capability mode (sys_capability.c), procctl.

Every id that changes marks the process (P_SUGID): what it may have read
under its former ids is not for a debugger with the new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import P
from bsdproc.emulator.bsd.syscalls.args import UserSpace, int64, signed, space_of
from bsdproc.emulator.errno import EINVAL, ENAMETOOLONG, ENOSYS, EPERM, ERANGE, Refused
from bsdproc.emulator.freebsd.cred import Cred, Priv, has_priv, priv_check, sorted_groups, ucred
from bsdproc.emulator.freebsd.procctl import sys_procctl

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc, Thread
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.system import System

Args = Sequence[int]
SystemCall = Callable[["System", "Thread", Args], int]

NOCHANGE = 0xFFFFFFFF
"""(uid_t)-1: leave this one as it is."""
NGROUPS_MAX = 1023
MAXLOGNAME = 33
"""Of a login name with its NUL."""


def user_memory(td: Thread) -> UserMemory:
    """The memory of the emulated program that makes the call."""
    return UserSpace(space_of(td))


def _u32(value: int) -> int:
    return value & 0xFFFFFFFF


def copyinstr(mem: UserMemory, address: int, room: int) -> bytes | None:
    """A string with its NUL within `room` bytes, without it; None if it is
    longer."""
    text = bytearray()
    while len(text) < room:
        byte = mem.copyin(address + len(text), 1)
        if byte == b"\0":
            return bytes(text)
        text += byte
    return None


# -- users and groups alike --------------------------------------------------
@dataclass(frozen=True, slots=True)
class Kind:
    """What the calls for users and those for groups differ in."""

    real: Callable[[Cred], int]
    effective: Callable[[Cred], int]
    saved: Callable[[Cred], int]
    change: Callable[[Cred, int, int, int], Cred]
    """With these as real, effective and saved id."""
    set: Priv
    set_effective: Priv
    set_two: Priv
    set_three: Priv


USER = Kind(
    lambda c: c.ruid,
    lambda c: c.uid,
    lambda c: c.svuid,
    lambda c, r, e, s: c.copy(ruid=r, uid=e, svuid=s),
    Priv.CRED_SETUID,
    Priv.CRED_SETEUID,
    Priv.CRED_SETREUID,
    Priv.CRED_SETRESUID,
)
GROUP = Kind(
    lambda c: c.rgid,
    lambda c: c.gid,
    lambda c: c.svgid,
    lambda c, r, e, s: c.copy(rgid=r, svgid=s).with_gid(e),
    Priv.CRED_SETGID,
    Priv.CRED_SETEGID,
    Priv.CRED_SETREGID,
    Priv.CRED_SETRESGID,
)


def _install(p: Proc, new: Cred) -> None:
    if new != p.cred:
        p.flag |= P.SUGID
        p.cred = new


def set_id(td: Thread, kind: Kind, id: int) -> None:
    """setuid, setgid: all three, if it is the effective one already or by
    privilege; else only the effective one, to the real one."""
    old = ucred(td.proc)
    real, effective, saved = kind.real(old), kind.effective(old), kind.saved(old)
    privileged = has_priv(old, kind.set)
    if id not in (real, effective) and not privileged:
        raise Refused(EPERM)
    if id == effective or privileged:
        real = saved = id
    _install(td.proc, kind.change(old, real, id, saved))


def set_effective(td: Thread, kind: Kind, id: int) -> None:
    """seteuid, setegid."""
    old = ucred(td.proc)
    real, saved = kind.real(old), kind.saved(old)
    if id not in (real, saved) and not has_priv(old, kind.set_effective):
        raise Refused(EPERM)
    _install(td.proc, kind.change(old, real, id, saved))


def set_two(td: Thread, kind: Kind, real: int, effective: int) -> None:
    """setreuid, setregid: the saved id follows the effective one when the
    real one is set or differs from it."""
    old = ucred(td.proc)
    was_real, was_effective, saved = kind.real(old), kind.effective(old), kind.saved(old)
    if (
        real not in (NOCHANGE, was_real, saved)
        or effective not in (NOCHANGE, was_effective, was_real, saved)
    ) and not has_priv(old, kind.set_two):
        raise Refused(EPERM)
    new_real = was_real if real == NOCHANGE else real
    new_effective = was_effective if effective == NOCHANGE else effective
    if real != NOCHANGE or new_effective != new_real:
        saved = new_effective
    _install(td.proc, kind.change(old, new_real, new_effective, saved))


def set_three(td: Thread, kind: Kind, *ids: int) -> None:
    """setresuid, setresgid: real, effective, saved."""
    old = ucred(td.proc)
    now = (kind.real(old), kind.effective(old), kind.saved(old))
    if not all(id == NOCHANGE or id in now for id in ids) and not has_priv(old, kind.set_three):
        raise Refused(EPERM)
    real, effective, saved = (
        was if id == NOCHANGE else id for was, id in zip(now, ids, strict=True)
    )
    _install(td.proc, kind.change(old, real, effective, saved))


def set_groups(td: Thread, groups: Sequence[int]) -> None:
    """kern_setgroups: the first is the effective group; none at all leaves
    that one alone.  Marks the process even if nothing changed."""
    p = td.proc
    priv_check(td, Priv.CRED_SETGROUPS)
    p.cred = p.cred.copy(groups=sorted_groups(tuple(groups)) or p.cred.groups[:1])
    p.flag |= P.SUGID


# -- the calls ---------------------------------------------------------------
def _get(read: Callable[[Cred], int]) -> SystemCall:
    def call(system: System, td: Thread, args: Args) -> int:
        return read(ucred(td.proc))

    return call


def _set(work: Callable[..., None], kind: Kind, ids: int) -> SystemCall:
    """One that takes so many ids; what is behind them among the arguments is
    whatever lay in the registers."""

    def call(system: System, td: Thread, args: Args) -> int:
        work(td, kind, *(_u32(a) for a in args[:ids]))
        return 0

    return call


def _get_three(kind: Kind) -> SystemCall:
    """getresuid, getresgid: null pointers are passed over; a bad one fails
    when the others have been written."""

    def call(system: System, td: Thread, args: Args) -> int:
        cred, mem = ucred(td.proc), user_memory(td)
        first: Refused | None = None
        ids = (kind.real(cred), kind.effective(cred), kind.saved(cred))
        for address, id in zip(args, ids, strict=False):
            if address:
                try:
                    mem.copyout(address, id.to_bytes(4, system.target.byteorder))
                except Refused as refused:
                    first = first or refused
        if first is not None:
            raise first
        return 0

    return call


def sys_getgroups(system: System, td: Thread, args: Args) -> int:
    groups, room = td.proc.cred.groups, signed(args[0])
    if room:
        if room < len(groups):
            raise Refused(EINVAL)
        user_memory(td).copyout(
            args[1], b"".join(g.to_bytes(4, system.target.byteorder) for g in groups)
        )
    return len(groups)


def sys_setgroups(system: System, td: Thread, args: Args) -> int:
    count = signed(args[0])
    if not 0 <= count <= NGROUPS_MAX + 1:
        raise Refused(EINVAL)
    data = user_memory(td).copyin(args[1], 4 * count)
    order = system.target.byteorder
    set_groups(td, [int.from_bytes(data[i : i + 4], order) for i in range(0, len(data), 4)])
    return 0


def sys_issetugid(system: System, td: Thread, args: Args) -> int:
    return 1 if td.proc.flag & P.SUGID else 0


def sys___setugid(system: System, td: Thread, args: Args) -> int:
    """There in kernels built for regression tests only."""
    raise Refused(ENOSYS)


def sys_getlogin(system: System, td: Thread, args: Args) -> int:
    name = td.proc.session.login.encode("utf-8", "surrogateescape") + b"\0"
    if len(name) > min(_u32(args[1]), MAXLOGNAME):
        raise Refused(ERANGE)
    user_memory(td).copyout(args[0], name)
    return 0


def sys_getloginclass(system: System, td: Thread, args: Args) -> int:
    name = td.proc.login_class.encode("utf-8", "surrogateescape") + b"\0"
    if len(name) > args[1]:
        raise Refused(ERANGE)
    user_memory(td).copyout(args[0], name)
    return 0


def sys_setloginclass(system: System, td: Thread, args: Args) -> int:
    priv_check(td, Priv.PROC_SETLOGINCLASS)
    name = copyinstr(user_memory(td), args[0], MAXLOGNAME)
    if name is None:
        raise Refused(ENAMETOOLONG)
    if not name:
        raise Refused(EINVAL)
    td.proc.login_class = name.decode("utf-8", "surrogateescape")
    return 0


def sys_setlogin(system: System, td: Thread, args: Args) -> int:
    """For the whole session."""
    priv_check(td, Priv.PROC_SETLOGIN)
    name = copyinstr(user_memory(td), args[0], MAXLOGNAME)
    if name is None:
        raise Refused(EINVAL)
    td.proc.session.login = name.decode("utf-8", "surrogateescape")
    return 0


def sys_cap_enter(system: System, td: Thread, args: Args) -> int:
    """There is no way out again."""
    td.proc.cred = td.proc.cred.copy(capmode=True)
    return 0


def sys_cap_getmode(system: System, td: Thread, args: Args) -> int:
    mode = 1 if td.proc.cred.capmode else 0
    user_memory(td).copyout(args[0], mode.to_bytes(4, system.target.byteorder))
    return 0


def sys_procctl_call(system: System, td: Thread, args: Args) -> int:
    """procctl(2) by a program: idtype, id, command, data."""
    return sys_procctl(
        system, td, signed(args[0]), int64(args[1]), signed(args[2]), args[3], user_memory(td)
    )


SYSCALLS: dict[int, tuple[str, int, SystemCall]] = {
    23: ("setuid", 1, _set(set_id, USER, 1)),
    24: ("getuid", 0, _get(USER.real)),
    25: ("geteuid", 0, _get(USER.effective)),
    43: ("getegid", 0, _get(GROUP.effective)),
    47: ("getgid", 0, _get(GROUP.real)),
    49: ("getlogin", 2, sys_getlogin),
    50: ("setlogin", 1, sys_setlogin),
    523: ("getloginclass", 2, sys_getloginclass),
    524: ("setloginclass", 1, sys_setloginclass),
    79: ("getgroups", 2, sys_getgroups),
    80: ("setgroups", 2, sys_setgroups),
    126: ("setreuid", 2, _set(set_two, USER, 2)),
    127: ("setregid", 2, _set(set_two, GROUP, 2)),
    181: ("setgid", 1, _set(set_id, GROUP, 1)),
    182: ("setegid", 1, _set(set_effective, GROUP, 1)),
    183: ("seteuid", 1, _set(set_effective, USER, 1)),
    253: ("issetugid", 0, sys_issetugid),
    311: ("setresuid", 3, _set(set_three, USER, 3)),
    312: ("setresgid", 3, _set(set_three, GROUP, 3)),
    360: ("getresuid", 3, _get_three(USER)),
    361: ("getresgid", 3, _get_three(GROUP)),
    374: ("__setugid", 1, sys___setugid),
    516: ("cap_enter", 0, sys_cap_enter),
    517: ("cap_getmode", 1, sys_cap_getmode),
    544: ("procctl", 4, sys_procctl_call),
}
"""Number → name, number of arguments, function."""
