"""What is written to a process's ctl node: procfs_ctl.c."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.dragonfly import proctree
from bsdproc.emulator.dragonfly import signo as s
from bsdproc.emulator.dragonfly.cred import checkio, p_trespass
from bsdproc.emulator.dragonfly.flags import Stat
from bsdproc.emulator.dragonfly.procfs_nodes import Look, user_string
from bsdproc.emulator.dragonfly.signals import ksignal, proc_stop, proc_unstop
from bsdproc.emulator.dragonfly.state import P, Proc
from bsdproc.emulator.errno import EAGAIN, EBUSY, EINVAL, EOPNOTSUPP, EPERM, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

CTLLEN: Final = 8
"""PROCFS_CTLLEN."""
NAMES: Final = (
    "hup", "int", "quit", "ill", "trap", "abrt", "emt", "fpe", "kill", "bus", "segv", "sys",
    "pipe", "alrm", "term", "urg", "stop", "tstp", "cont", "chld", "ttin", "ttou", "io", "xcpu",
    "xfsz", "vtalrm", "prof", "winch", "info", "usr1", "usr2")
SIGNALS: Final[dict[bytes, int]] = {
    **{name.encode(): number for number, name in enumerate(NAMES, 1)},
    b"iot": NAMES.index("abrt") + 1}
"""A signal is given by writing its name in small letters."""


def write(look: Look, offset: int, data: bytes) -> int:
    """procfs_doctl."""
    verb = user_string(offset, data, CTLLEN)
    if verb in VERBS:
        _control(look, verb)
    elif verb in SIGNALS:
        _signal(look, SIGNALS[verb])
    else:
        raise Refused(EOPNOTSUPP)
    return len(data)


def _waits(look: Look) -> bool:
    """TRACE_WAIT_P: the caller traces it, and it is stopped."""
    p = look.p
    return p.stat == Stat.STOP and p.parent is look.td.proc and bool(p.flag & P.TRACED)


def _signal(look: Look, sig: int) -> None:
    """For the writer's stopped tracee the one that it goes on with."""
    if _waits(look):
        look.p.xstat = sig
        proc_unstop(look.system, look.p, Stat.STOP)
    else:
        ksignal(look.system, look.p, sig)


def _control(look: Look, verb: bytes) -> None:
    """procfs_control."""
    p, system, me = look.p, look.system, look.td.proc
    if p.flag & P.INEXEC:
        raise Refused(EAGAIN)
    if verb != b"detach" and (
            not checkio(me.cred, p, sugid=bool(p.flag & P.SUGID)) or p_trespass(me.cred, p.cred)):
        raise Refused(EPERM)
    if verb == b"attach":
        _attach(system, me, p)
        return
    if verb in (b"step", b"run") and not _waits(look):
        raise Refused(EBUSY)
    p.xstat = 0
    if verb == b"wait":
        _wait(look)
        return
    if verb == b"detach":
        _detach(system, me, p)
        return
    if verb == b"step":
        p.lwps[0].step = True
    proc_unstop(system, p, Stat.STOP)


def _attach(system: System, me: Proc, p: Proc) -> None:
    if p.flag & P.TRACED:
        raise Refused(EBUSY)
    if p is me:
        raise Refused(EINVAL)
    if p.pid == 0:
        system.kernel_bug("attaching to process 0 by procfs panics DragonFly 5.9: refused")
    p.flag |= P.TRACED
    p.xstat = 0
    if p.parent is not me:
        assert p.parent is not None
        p.oppid = p.parent.pid
        proctree.reparent(system, p, me)
    proc_stop(system, p, Stat.STOP)


def _detach(system: System, me: Proc, p: Proc) -> None:
    """Back to the parent that was noted, if it still is there."""
    if not p.flag & P.TRACED:
        return
    if not p.oppid:
        system.kernel_bug(
            f"detaching by procfs from process {p.pid}, a child of one's own, makes it process"
            " 0's for ever on DragonFly 5.9: refused")
    p.flag &= ~(P.TRACED | P.WAITED)
    p.siglist.delete(s.SIGTRAP)
    assert p.parent is not None
    if p.oppid != p.parent.pid:
        to = system.allproc.get(p.oppid)
        if to is not None and not to.zombie:
            proctree.reparent(system, p, to)
    p.oppid = 0
    system.wakeup(me)
    proc_unstop(system, p, Stat.STOP)


def _wait(look: Look) -> None:
    """Only for what has happened already: the real kernel wakes nobody who
    sleeps here when the process stops."""
    p = look.p
    if p.flag & P.TRACED and p.parent is not look.td.proc:
        raise Refused(EBUSY)
    if p.stat != Stat.STOP:
        look.system.kernel_bug(
            f"waiting by procfs for process {p.pid}, which is not stopped, never ends on"
            " DragonFly 5.9: refused")


VERBS: Final = frozenset({b"attach", b"detach", b"step", b"run", b"wait"})
