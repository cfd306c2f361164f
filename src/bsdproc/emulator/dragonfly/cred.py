"""Credentials, jails, and who may do what to whom: kern_prot.c, kern_jail.c."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import cred
from bsdproc.emulator.errno import EPERM, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.state import Proc

NGROUPS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Prison:
    """struct prison: a jail."""

    id: int
    path: str
    host: str


@dataclass(frozen=True, slots=True)
class Cred(cred.Cred):
    """struct ucred."""

    prison: Prison | None = None
    """None outside of every jail."""


ROOT: Final = Cred(0, 0, 0, 0, 0, (0,))


def user(uid: int, gid: int, groups: tuple[int, ...], prison: Prison | None) -> Cred:
    """After setgroups, setgid and setuid by the superuser; setgroups sets
    the whole list, setgid its head."""
    return Cred(uid, uid, uid, gid, gid, (gid, *groups[1:]) if groups else (gid,), prison)


def prison_check(asker: Cred, other: Cred) -> bool:
    """PRISON_CHECK: a jail sees only itself."""
    return asker.prison is None or asker.prison is other.prison


def priv_check(cred: Cred) -> None:
    """priv_check_cred(PRIV_ROOT) for what no jail forbids."""
    if cred.uid != 0:
        raise Refused(EPERM)


def p_trespass(asker: Cred, other: Cred) -> int:
    """What keeps one from another's processes: 0, ESRCH or EPERM."""
    if asker == other:
        return 0
    if not prison_check(asker, other):
        return ESRCH
    if asker.ruid in (other.ruid, other.uid) or asker.uid in (other.ruid, other.uid):
        return 0
    return 0 if asker.uid == 0 else EPERM


def checkio(asker: Cred, p: Proc, *, sugid: bool) -> bool:
    """CHECKIO of procfs: the superuser, or the owner of a process whose ids
    never changed."""
    other = p.cred
    if not prison_check(asker, other):
        return False
    if asker.uid == 0:
        return True
    return asker.uid == asker.ruid == asker.svuid == other.ruid and not sugid
