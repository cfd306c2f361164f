"""Who may do what to whom: kauth(9) with NetBSD's usual security models
(bsd44: suser, securelevel; extensions: curtain, user_set_dbregs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.cred import Cred as Cred
from bsdproc.emulator.bsd.cred import sorted_groups
from bsdproc.emulator.bsd.state import P, Proc, Thread
from bsdproc.emulator.errno import EACCES, EPERM, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System
    from bsdproc.emulator.vfs import Vnode

S_ISUID, S_ISGID = 0o4000, 0o2000
CURTAIN, SECURELEVEL = "security.curtain", "kern.securelevel"
USER_SET_DBREGS = "security.models.extensions.user_set_dbregs"


def of(uid: int, gid: int, groups: tuple[int, ...] = ()) -> Cred:
    """All three user ids and all three group ids alike."""
    return Cred(uid, uid, uid, gid, gid, sorted_groups((gid, *groups)))


def superuser(td: Thread) -> None:
    """KAUTH_GENERIC_ISSUSER: EPERM."""
    if td.proc.cred.uid != 0:
        raise Refused(EPERM)


def same_owner(asker: Cred, owner: Cred) -> bool:
    """kauth_cred_uidmatch: a user id of the one is one of the other's."""
    return bool({asker.uid, asker.ruid} & {owner.uid, owner.ruid})


def cansee(system: System, td: Thread, p: Proc) -> None:
    """KAUTH_PROCESS_CANSEE: security.curtain hides others' processes.  ESRCH."""
    if (system.settings[CURTAIN] and td.proc is not p and td.proc.cred.uid != 0
            and not same_owner(td.proc.cred, p.cred)):
        raise Refused(ESRCH)


def visible(system: System, td: Thread, p: Proc) -> bool:
    try:
        cansee(system, td, p)
    except Refused:
        return False
    return True


def cansignal(system: System, td: Thread, p: Proc, sig: int) -> None:
    """KAUTH_PROCESS_SIGNAL: root; oneself; a user of the same ids; SIGCONT
    within the session."""
    cansee(system, td, p)
    cred = td.proc.cred
    if cred.uid == 0 or td.proc is p:
        return
    if sig == s.SIGCONT and td.proc.session is p.session:
        return
    if not {cred.uid, cred.ruid} & {p.cred.ruid, p.cred.svuid}:
        raise Refused(EPERM)


def may_trace(system: System, td: Thread, p: Proc, *, restricted: bool, dbregs: bool) -> None:
    """KAUTH_PROCESS_PTRACE: EPERM.

    `restricted` requests need the process's own user and that it has not
    changed its ids (P_SUGID), or root; the others are for every tracer.
    """
    cred = td.proc.cred
    if p is system.init and int(system.settings[SECURELEVEL]) > -1:
        raise Refused(EPERM)
    if dbregs and cred.ruid != 0 and not system.settings[USER_SET_DBREGS]:
        raise Refused(EPERM)
    if cred.uid == 0 or not restricted:
        return
    if cred.ruid != p.cred.ruid or p.flag & P.SUGID:
        raise Refused(EPERM)


def may_watch(td: Thread, p: Proc) -> None:
    """KAUTH_PROCESS_KEVENT_FILTER: root, or the process's own user while that has
    not changed its ids; EACCES."""
    cred = td.proc.cred
    if cred.uid != 0 and (cred.ruid != p.cred.ruid or p.flag & P.SUGID):
        raise Refused(EACCES)


def is_under(p: Proc, td: Thread) -> bool:
    """proc_isunder: a chrooted one sees only what lives below its root."""
    root = td.proc.root
    return root == "/" or p.root == root or p.root.startswith(root.rstrip("/") + "/")


def setid_exec(td: Thread, vnode: Vnode) -> Cred | None:
    """credexec: a set-id program's owner becomes the effective id, unless the
    process is traced; the saved ids follow the effective ones.  None when
    nothing changes."""
    p = td.proc
    old: Cred = p.cred
    new = old
    if vnode.mode & (S_ISUID | S_ISGID) and not p.flag & P.TRACED:
        if vnode.mode & S_ISUID:
            new = new.copy(uid=vnode.uid)
        if vnode.mode & S_ISGID:
            new = new.with_gid(vnode.gid)
    changed = new != old
    new = new.copy(svuid=new.uid, svgid=new.gid)
    if changed:
        p.flag |= P.SUGID
    elif new.uid == new.ruid and new.gid == new.rgid:
        p.flag &= ~P.SUGID
    return None if new == old else new
