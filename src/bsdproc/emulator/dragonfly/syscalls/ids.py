"""Ids of users and groups, login names, jails: kern_prot.c, kern_jail.c.

Every id that changes marks the process (P_SUGID).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.syscalls.args import path_argument, signed, space_of
from bsdproc.emulator.dragonfly.cred import NGROUPS_MAX, Cred, Prison, priv_check
from bsdproc.emulator.dragonfly.state import P, Thread
from bsdproc.emulator.errno import EINVAL, EPERM, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

Args = tuple[int, ...]
Ids = tuple[int, int, int]
"""Real, effective and saved."""
NOCHANGE: Final = 0xFFFFFFFF
MAXLOGNAME: Final = 33
JAIL: Final = struct.Struct("<I4xQQQII")
"""struct jail, version 1: path, host name, addresses' list and its length."""


def users(cred: Cred) -> Ids:
    return cred.ruid, cred.uid, cred.svuid


def groups(cred: Cred) -> Ids:
    return cred.rgid, cred.gid, cred.svgid


def _change(td: Thread, of: Callable[[Cred], Ids], new: Ids, allowed: bool) -> int:
    """Give a process these ids; `allowed` without privilege."""
    p = td.proc
    old = p.cred
    if not allowed:
        priv_check(old)
    if new == of(old):
        return 0
    real, effective, saved = new
    if of is users:
        p.cred = old.copy(ruid=real, uid=effective, svuid=saved)
    else:
        p.cred = old.copy(rgid=real, svgid=saved).with_gid(effective)
    p.flag |= P.SUGID
    return 0


def _set(of: Callable[[Cred], Ids]) -> Callable[[System, Thread, Args], int]:
    """setuid, setgid: all three, to the real or the effective one, or by privilege."""

    def call(system: System, td: Thread, args: Args) -> int:
        real, effective, _ = of(td.proc.cred)
        id = args[0] & 0xFFFFFFFF
        return _change(td, of, (id, id, id), id in (real, effective))

    return call


def _set_effective(of: Callable[[Cred], Ids]) -> Callable[[System, Thread, Args], int]:
    def call(system: System, td: Thread, args: Args) -> int:
        real, _, saved = of(td.proc.cred)
        id = args[0] & 0xFFFFFFFF
        return _change(td, of, (real, id, saved), id in (real, saved))

    return call


def _set_two(of: Callable[[Cred], Ids]) -> Callable[[System, Thread, Args], int]:
    """setreuid, setregid: the saved id follows the effective one when the real
    one is set or differs from it."""

    def call(system: System, td: Thread, args: Args) -> int:
        was_real, was_effective, saved = now = of(td.proc.cred)
        first, second = args[0] & 0xFFFFFFFF, args[1] & 0xFFFFFFFF
        real = was_real if first == NOCHANGE else first
        effective = was_effective if second == NOCHANGE else second
        if first != NOCHANGE or effective != real:
            saved = effective
        return _change(td, of, (real, effective, saved),
                       first in (NOCHANGE, was_real, now[2]) and second in (NOCHANGE, *now))

    return call


def _set_three(of: Callable[[Cred], Ids]) -> Callable[[System, Thread, Args], int]:
    def call(system: System, td: Thread, args: Args) -> int:
        now = of(td.proc.cred)
        given = [a & 0xFFFFFFFF for a in args[:3]]
        real, effective, saved = (
            was if id == NOCHANGE else id for was, id in zip(now, given, strict=True))
        return _change(td, of, (real, effective, saved),
                       all(id == NOCHANGE or id in now for id in given))

    return call


def _get_three(of: Callable[[Cred], Ids]) -> Callable[[System, Thread, Args], int]:
    """getresuid, getresgid: null pointers are passed over."""

    def call(system: System, td: Thread, args: Args) -> int:
        for where, id in zip(args[:3], of(td.proc.cred), strict=True):
            if where:
                space_of(td).copyout(where, struct.pack("<I", id))
        return 0

    return call


def sys_getuid(system: System, td: Thread, args: Args) -> int:
    return td.proc.cred.ruid


def sys_geteuid(system: System, td: Thread, args: Args) -> int:
    return td.proc.cred.uid


def sys_getgid(system: System, td: Thread, args: Args) -> int:
    return td.proc.cred.rgid


def sys_getegid(system: System, td: Thread, args: Args) -> int:
    return td.proc.cred.gid


def sys_getgroups(system: System, td: Thread, args: Args) -> int:
    listed, room = td.proc.cred.groups, args[0] & 0xFFFFFFFF
    if room:
        if room < len(listed):
            raise Refused(EINVAL)
        space_of(td).copyout(args[1], struct.pack(f"<{len(listed)}I", *listed))
    return len(listed)


def sys_setgroups(system: System, td: Thread, args: Args) -> int:
    """The whole list, the effective group at its head; none leaves that alone."""
    p, number = td.proc, args[0] & 0xFFFFFFFF
    priv_check(p.cred)
    if number > NGROUPS_MAX:
        raise Refused(EINVAL)
    listed = struct.unpack(f"<{number}I", space_of(td).copyin(args[1], 4 * number)) if number \
        else p.cred.groups[:1]
    p.cred = p.cred.copy(groups=listed)
    p.flag |= P.SUGID
    return 0


def sys_issetugid(system: System, td: Thread, args: Args) -> int:
    return 1 if td.proc.flag & P.SUGID else 0


def sys_getlogin(system: System, td: Thread, args: Args) -> int:
    """As much of it as there is room for."""
    name = td.proc.session.login.encode("utf-8", "surrogateescape")
    room = min(args[1] & 0xFFFFFFFF, MAXLOGNAME)
    space_of(td).copyout(args[0], name.ljust(MAXLOGNAME, b"\0")[:room])
    return 0


def sys_setlogin(system: System, td: Thread, args: Args) -> int:
    """For the whole session."""
    priv_check(td.proc.cred)
    name = space_of(td).copyin(args[0], MAXLOGNAME)
    if b"\0" not in name:
        raise Refused(EINVAL)
    td.proc.session.login = name.split(b"\0")[0].decode("utf-8", "surrogateescape")
    return 0


# -- jails --------------------------------------------------------------------------------
def sys_jail(system: System, td: Thread, args: Args) -> int:
    """A new jail, and the caller in it.  EPERM from within one."""
    p = td.proc
    priv_check(p.cred)
    space = space_of(td)
    _, path_at, host_at, *_ = JAIL.unpack(space.copyin(args[0], JAIL.size))
    if p.cred.prison is not None:
        raise Refused(EPERM)
    path = path_argument(td, path_at)
    host = space.copyinstr(host_at, 256).decode("utf-8", "surrogateescape")
    used = {q.id for q in system.prisons}
    prison = Prison(next(n for n in count(1) if n not in used), path, host)
    files.chroot(system, td, path)
    system.prisons.append(prison)
    p.cred = p.cred.copy(prison=prison)
    return prison.id


def sys_jail_attach(system: System, td: Thread, args: Args) -> int:
    p, id = td.proc, signed(args[0])
    priv_check(p.cred)
    if p.cred.prison is not None:
        raise Refused(EINVAL)
    for prison in system.prisons:
        if prison.id == id:
            files.chroot(system, td, prison.path)
            p.cred = p.cred.copy(prison=prison)
            return 0
    raise Refused(EINVAL)


SYSCALLS: Final[dict[int, Entry]] = {
    23: ("setuid", 1, _set(users)),
    24: ("getuid", 0, sys_getuid),
    25: ("geteuid", 0, sys_geteuid),
    43: ("getegid", 0, sys_getegid),
    47: ("getgid", 0, sys_getgid),
    49: ("getlogin", 2, sys_getlogin),
    50: ("setlogin", 1, sys_setlogin),
    79: ("getgroups", 2, sys_getgroups),
    80: ("setgroups", 2, sys_setgroups),
    126: ("setreuid", 2, _set_two(users)),
    127: ("setregid", 2, _set_two(groups)),
    181: ("setgid", 1, _set(groups)),
    182: ("setegid", 1, _set_effective(groups)),
    183: ("seteuid", 1, _set_effective(users)),
    253: ("issetugid", 0, sys_issetugid),
    311: ("setresuid", 3, _set_three(users)),
    312: ("setresgid", 3, _set_three(groups)),
    338: ("jail", 1, sys_jail),
    360: ("getresuid", 3, _get_three(users)),
    361: ("getresgid", 3, _get_three(groups)),
    471: ("jail_attach", 1, sys_jail_attach),
}
