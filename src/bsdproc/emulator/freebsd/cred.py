"""Credentials, jails and privileges, and who may see, signal or debug whom.

The rules are those of sys/kern/kern_prot.c, kern_priv.c and the part of
kern_jail.c that these need.  A check that fails raises `Refused`; one that
passes returns nothing.  Which of two reasons to refuse wins is the order of
the checks, and is the kernel's.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.cred import Cred as BaseCred
from bsdproc.emulator.bsd.cred import sorted_groups as sorted_groups
from bsdproc.emulator.bsd.state import P2, P
from bsdproc.emulator.errno import EBUSY, EPERM, ESRCH, Refused
from bsdproc.emulator.freebsd.priv import NOT_IN_JAIL, OF_MEMORY, OF_THE_REAL_UID
from bsdproc.emulator.freebsd.priv import Priv as Priv

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc, Thread
    from bsdproc.emulator.freebsd.system import System
    from bsdproc.emulator.vfs import Vnode

Setting = int | str | bytes

UNPRIVILEGED_DEBUG = "security.bsd.unprivileged_proc_debug"
UNPRIVILEGED_MLOCK = "security.bsd.unprivileged_mlock"
READ_MSGBUF = "security.bsd.unprivileged_read_msgbuf"
SUSER_ENABLED = "security.bsd.suser_enabled"
SECURELEVEL = "kern.securelevel"
SEE_OTHER_UIDS = "security.bsd.see_other_uids"
SEE_OTHER_GIDS = "security.bsd.see_other_gids"
SEE_JAIL_PROC = "security.bsd.see_jail_proc"
CONSERVATIVE_SIGNALS = "security.bsd.conservative_signals"

DEFAULTS: Mapping[str, int] = {
    UNPRIVILEGED_DEBUG: 1,
    UNPRIVILEGED_MLOCK: 1,
    READ_MSGBUF: 1,
    SUSER_ENABLED: 1,
    SECURELEVEL: -1,
    SEE_OTHER_UIDS: 1,
    SEE_OTHER_GIDS: 1,
    SEE_JAIL_PROC: 1,
    CONSERVATIVE_SIGNALS: 1,
}
"""The sysctls that the rules here depend on, as a machine boots."""

SUGID_SIGNALS = frozenset(
    {0, s.SIGHUP, s.SIGINT, s.SIGKILL, s.SIGALRM, s.SIGTERM, s.SIGUSR1, s.SIGUSR2}
) | s.STOPS
"""What anybody who matches may send to a process that has changed its
credentials: job and terminal control, the user's two, and the usual ends."""


@dataclass(eq=False, slots=True)
class Prison:
    """struct prison.  Jail 0 is the machine itself; its settings are the
    system's own sysctls, a jail's are what it was given of its own."""

    id: int
    parent: Prison | None
    path: str
    name: str
    settings: MutableMapping[str, Setting]
    hostname: str = ""
    children_max: int = 0
    persist: bool = False
    children: list[Prison] = field(default_factory=list)
    last_id: int = 0
    """Of the jails made so far: jail 0's alone counts."""

    def holds(self, other: Prison) -> bool:
        """Whether `other` is this prison or lies within it (prison_check)."""
        prison: Prison | None = other
        while prison is not None:
            if prison is self:
                return True
            prison = prison.parent
        return False

    def allows(self, name: str) -> bool:
        """prison_allow: granted here and by every prison around."""
        prison: Prison | None = self
        while prison is not None:
            if not prison.settings.get(name, DEFAULTS[name]):
                return False
            prison = prison.parent
        return True

    @property
    def securelevel(self) -> int:
        """No jail is less secure than those around it."""
        own = int(self.settings.get(SECURELEVEL, DEFAULTS[SECURELEVEL]))
        return own if self.parent is None else max(own, self.parent.securelevel)


def prison_zero(settings: MutableMapping[str, Setting] | None = None) -> Prison:
    """The machine itself; `settings` are the system's sysctls."""
    return Prison(0, None, "/", "0", {} if settings is None else settings, children_max=999999)


@dataclass(frozen=True, slots=True)
class Cred(BaseCred):
    """struct ucred, with the jail that its process is in."""

    prison: Prison

    @classmethod
    def of(
        cls, uid: int, gid: int, prison: Prison, groups: tuple[int, ...] = ()
    ) -> Cred:
        """All three user ids and all three group ids alike; `groups` are the
        supplementary ones."""
        return cls(uid, uid, uid, gid, gid, sorted_groups((gid, *groups)), prison)


def ucred(p: Proc) -> Cred:
    """p_ucred: as every process of a FreeBSD has it."""
    assert isinstance(p.cred, Cred)
    return p.cred


def root_cred(prison: Prison) -> Cred:
    """The superuser's: what the kernel and init run with."""
    return Cred.of(0, 0, prison)


def setting(system: System, name: str) -> int:
    """A sysctl that the rules of this module depend on."""
    return int(system.settings.get(name, DEFAULTS[name]))


# -- privileges ------------------------------------------------------------
def has_priv(cred: Cred, priv: Priv) -> bool:
    """priv_check_cred: uid 0 has a privilege, unless a jail takes it away or
    security.bsd.suser_enabled is 0; debugging unprivileged is for all, unless
    security.bsd.unprivileged_proc_debug is 0."""
    if cred.prison.parent is not None and (priv in NOT_IN_JAIL or (
            priv is Priv.MSGBUF and not cred.prison.settings.get("allow.read_msgbuf", 0))):
        return False
    if cred.prison.allows(SUSER_ENABLED):
        uid = cred.ruid if priv in OF_THE_REAL_UID else cred.uid
        if uid == 0:
            return True
    if priv in OF_MEMORY:
        return cred.prison.allows(UNPRIVILEGED_MLOCK)
    if priv is Priv.MSGBUF:
        return cred.prison.allows(READ_MSGBUF)
    return priv is Priv.DEBUG_UNPRIV and cred.prison.allows(UNPRIVILEGED_DEBUG)


def priv_check_cred(cred: Cred, priv: Priv) -> None:
    """EPERM for who lacks it."""
    if not has_priv(cred, priv):
        raise Refused(EPERM)


def priv_check(td: Thread, priv: Priv) -> None:
    """EPERM when the thread's process lacks it."""
    priv_check_cred(ucred(td.proc), priv)


# -- visibility ------------------------------------------------------------
def _prison_check(subject: Cred, object: Cred) -> None:
    if not subject.prison.holds(object.prison):
        raise Refused(ESRCH)


def _see_other_uids(system: System, subject: Cred, object: Cred) -> None:
    if (
        not setting(system, SEE_OTHER_UIDS)
        and subject.ruid != object.ruid
        and not has_priv(subject, Priv.SEEOTHERUIDS)
    ):
        raise Refused(ESRCH)


def _see_other_gids(system: System, subject: Cred, object: Cred) -> None:
    if (
        not setting(system, SEE_OTHER_GIDS)
        and not any(object.member(gid) for gid in subject.groups)
        and not has_priv(subject, Priv.SEEOTHERGIDS)
    ):
        raise Refused(ESRCH)


def _see_jail_proc(system: System, subject: Cred, object: Cred) -> None:
    if (
        subject.uid != 0
        and subject.prison is not object.prison
        and not setting(system, SEE_JAIL_PROC)
    ):
        raise Refused(ESRCH)


def superuser(cred: BaseCred) -> bool:
    """uid 0 outside any jail, which no rule about other users stops: the
    short way for what a debugger asks all the time."""
    assert isinstance(cred, Cred)
    prison = cred.prison
    return cred.uid == 0 and prison.parent is None and bool(prison.settings.get(SUSER_ENABLED, 1))


def _see_others(system: System, subject: Cred, object: Cred) -> None:
    """What seeing, signalling, debugging and rescheduling have in common."""
    if superuser(subject):
        return
    _prison_check(subject, object)
    _see_other_uids(system, subject, object)
    _see_other_gids(system, subject, object)


def cr_cansee(system: System, subject: Cred, object: Cred) -> None:
    """ESRCH where `object` is not to be seen by `subject`."""
    _see_others(system, subject, object)
    _see_jail_proc(system, subject, object)


def p_cansee(system: System, td: Thread, p: Proc) -> None:
    """ESRCH where the process is not there for this thread."""
    if td.proc is not p:
        cr_cansee(system, ucred(td.proc), ucred(p))


def visible(system: System, td: Thread, p: Proc) -> bool:
    """p_cansee as a question, for lists."""
    try:
        p_cansee(system, td, p)
    except Refused:
        return False
    return True


def p_canwait(td: Thread, p: Proc) -> None:
    """ESRCH for a child that has moved out of the waiting process's jail."""
    _prison_check(ucred(td.proc), ucred(p))


# -- signals, scheduling, debugging ------------------------------------------
def cr_cansignal(system: System, cred: Cred, p: Proc, signum: int) -> None:
    """ESRCH for what cannot be seen; EPERM for another's process, and for
    unusual signals to one that changed its credentials (P_SUGID)."""
    _see_others(system, cred, ucred(p))
    if (
        p.flag & P.SUGID
        and signum not in SUGID_SIGNALS
        and setting(system, CONSERVATIVE_SIGNALS)
    ):
        priv_check_cred(cred, Priv.SIGNAL_SUGID)
    if not {cred.ruid, cred.uid} & {p.cred.ruid, p.cred.svuid}:
        priv_check_cred(cred, Priv.SIGNAL_DIFFCRED)


def p_cansignal(system: System, td: Thread, p: Proc, signum: int) -> None:
    """`cr_cansignal`, but oneself always may, and SIGCONT goes anywhere in
    the session."""
    if td.proc is p:
        return
    if signum == s.SIGCONT and td.proc.session is p.session:
        return
    cr_cansignal(system, ucred(td.proc), p, signum)


def p_cansched(system: System, td: Thread, p: Proc) -> None:
    """EPERM for another's process; its saved uid does not count here."""
    if td.proc is p:
        return
    cred = ucred(td.proc)
    _see_others(system, cred, ucred(p))
    if p.cred.ruid not in (cred.ruid, cred.uid):
        priv_check(td, Priv.SCHED_DIFFCRED)


def p_candebug(system: System, td: Thread, p: Proc) -> None:
    """May the thread debug the process?

    In this order: EPERM where users may not debug at all, ESRCH for what
    cannot be seen, EPERM where the process has a group or a user that the
    caller has not, or has changed its credentials, or is init at a raised
    securelevel; EBUSY in the middle of execve; EPERM where it has disabled
    tracing.  uid 0 has the privilege for each of these but two.
    """
    if td.proc is p:
        return
    cred, object = ucred(td.proc), ucred(p)
    if not superuser(cred):
        priv_check(td, Priv.DEBUG_UNPRIV)
        _see_others(system, cred, object)
        groups = {*object.groups, object.rgid, object.svgid}
        users = {object.uid, object.ruid, object.svuid}
        if not groups <= {*cred.groups} or users != {cred.uid}:
            priv_check(td, Priv.DEBUG_DIFFCRED)
        if p.flag & P.SUGID:
            priv_check(td, Priv.DEBUG_SUGID)
    if p is system.init and cred.prison.securelevel > 0:
        raise Refused(EPERM)
    if p.flag & P.INEXEC:
        raise Refused(EBUSY)
    if p.flag2 & P2.NOTRACE:
        priv_check(td, Priv.DEBUG_DENIED)


def can_trace(system: System, td: Thread, p: Proc) -> None:
    """`p_cansee` and `p_candebug`, as every request of ptrace(2) asks them."""
    subject = td.proc.cred
    if (subject.uid == 0 and p is not system.init and not p.flag & P.INEXEC
            and not p.flag2 & P2.NOTRACE and superuser(subject)):
        return      # what uid 0 is asked for most, and none of the rules is about it
    p_cansee(system, td, p)
    p_candebug(system, td, p)


# -- execve ----------------------------------------------------------------
S_ISUID, S_ISGID = 0o4000, 0o2000


def setid_exec(system: System, td: Thread, vnode: Vnode | None) -> Cred | None:
    """The credentials a process gets by executing a file; None for those it
    has.

    A set-id file whose owner the process is not already changes its effective
    id, marks it (P_SUGID) and puts its preferences for the image aside; not
    so while it is traced, by whomever, in capability mode, or after
    PROC_NO_NEW_PRIVS_ENABLE.  Its parent-death signal is gone in any case.
    Otherwise the mark goes when the ids are those of the real user again.
    The saved ids become the effective ones either way.
    """
    p = td.proc
    old = ucred(p)
    user = vnode is not None and bool(vnode.mode & S_ISUID) and vnode.uid != old.uid
    group = vnode is not None and bool(vnode.mode & S_ISGID) and vnode.gid != old.gid
    changing = user or group
    if changing:
        p.pdeathsig = 0
    setid = changing and not old.capmode and not p.flag & P.TRACED
    new = old
    if setid and vnode is not None:
        p.flag2 &= ~IMAGE_PREFERENCES
        if vnode.mode & S_ISUID:
            new = new.copy(uid=vnode.uid)
        if vnode.mode & S_ISGID:
            new = new.with_gid(vnode.gid)
    new = new.copy(svuid=new.uid, svgid=new.gid)
    if p.flag2 & P2.NO_NEW_PRIVS:
        new, setid = old, False
    if setid:
        p.flag |= P.SUGID
    elif old.uid == old.ruid and old.gid == old.rgid:
        p.flag &= ~P.SUGID
    return None if new == old else new


IMAGE_PREFERENCES = (
    P2.ASLR_ENABLE | P2.ASLR_DISABLE | P2.WXORX_DISABLE | P2.WXORX_ENABLE_EXEC
)
"""What a set-id image does not let its caller choose for it."""
