"""Users and groups: the subject of NetBSD's kern_prot.c.  Every id that changes
marks the process (PK_SUGID)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.cred import sorted_groups
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import P, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.errno import EINVAL, EPERM, ERANGE, Refused
from bsdproc.emulator.netbsd.cred import Cred, superuser

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

KEEP = 0xFFFFFFFF
NGROUPS = 16
MAXLOGNAME = 24


def _change(td: Thread, users: bool, new: tuple[int, int, int],
            may: tuple[tuple[int, ...], ...]) -> None:
    """do_setresuid, do_setresgid: real, effective and saved id, each to one
    of those (0 real, 1 effective, 2 saved) that it may become, or by privilege."""
    p = td.proc
    old: Cred = p.cred
    now = (old.ruid, old.uid, old.svuid) if users else (old.rgid, old.gid, old.svgid)
    for id, places in zip(new, may, strict=True):
        if id != KEEP and old.uid != 0 and id not in [now[i] for i in places]:
            raise Refused(EPERM)
    real, effective, saved = (
        was if id == KEEP else id for was, id in zip(now, new, strict=True))
    if users:
        changed = old.copy(ruid=real, uid=effective, svuid=saved)
    else:
        changed = old.copy(rgid=real, svgid=saved).with_gid(effective)
    if changed != old:
        p.cred = changed
        p.flag |= P.SUGID


def _one(users: bool) -> Callable[..., None]:
    def call(system: System, td: Thread, args: Args) -> None:
        id = args[0] & KEEP
        _change(td, users, (id, id, id), ((0,), (0,), (0,)))

    return call


def _effective(users: bool) -> Callable[..., None]:
    def call(system: System, td: Thread, args: Args) -> None:
        _change(td, users, (KEEP, args[0] & KEEP, KEEP), ((), (0, 2), ()))

    return call


def _two(users: bool) -> Callable[..., None]:
    def call(system: System, td: Thread, args: Args) -> None:
        real, effective = args[0] & KEEP, args[1] & KEEP
        old: Cred = td.proc.cred
        saved = KEEP
        if real != KEEP or (effective != KEEP
                            and effective != (old.ruid if users else old.rgid)):
            saved = effective
        _change(td, users, (real, effective, saved), ((0, 1), (0, 1, 2), (0, 1, 2)))

    return call


def _get(name: str) -> Callable[..., int]:
    def call(system: System, td: Thread, args: Args) -> int:
        return int(getattr(td.proc.cred, name))

    return call


def sys_getgroups(system: System, td: Thread, args: Args) -> int:
    groups, room = td.proc.cred.groups[1:], signed(args[0])
    if room:
        if room < len(groups):
            raise Refused(EINVAL)
        space_of(td).copyout(args[1], struct.pack(f"<{len(groups)}I", *groups))
    return len(groups)


def sys_setgroups(system: System, td: Thread, args: Args) -> int:
    count = signed(args[0])
    superuser(td)
    if not 0 <= count <= NGROUPS:
        raise Refused(EINVAL)
    given = struct.unpack(f"<{count}I", space_of(td).copyin(args[1], 4 * count))
    p = td.proc
    p.cred = p.cred.copy(groups=sorted_groups((p.cred.gid, *given)))
    p.flag |= P.SUGID
    return 0


def sys_issetugid(system: System, td: Thread, args: Args) -> int:
    return int(bool(td.proc.flag & P.SUGID))


def sys_getlogin(system: System, td: Thread, args: Args) -> None:
    name = td.proc.session.login.encode() + b"\0"
    if len(name) > args[1]:
        raise Refused(ERANGE)
    space_of(td).copyout(args[0], name)


def sys_setlogin(system: System, td: Thread, args: Args) -> None:
    superuser(td)
    name = space_of(td).copyinstr(args[0], 1024)
    if len(name) >= MAXLOGNAME:
        raise Refused(EINVAL)
    td.proc.session.login = name.decode("utf-8", "replace")


SYSCALLS: dict[int, Entry] = {
    23: ("setuid", 1, _one(True)),
    24: ("getuid", 0, _get("ruid")),
    25: ("geteuid", 0, _get("uid")),
    43: ("getegid", 0, _get("gid")),
    47: ("getgid", 0, _get("rgid")),
    49: ("__getlogin", 2, sys_getlogin),
    50: ("__setlogin", 1, sys_setlogin),
    79: ("getgroups", 2, sys_getgroups),
    80: ("setgroups", 2, sys_setgroups),
    126: ("setreuid", 2, _two(True)),
    127: ("setregid", 2, _two(False)),
    181: ("setgid", 1, _one(False)),
    182: ("setegid", 1, _effective(False)),
    183: ("seteuid", 1, _effective(True)),
    305: ("issetugid", 0, sys_issetugid),
}
