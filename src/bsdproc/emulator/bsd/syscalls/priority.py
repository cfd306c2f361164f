"""getpriority(2) and setpriority(2): how nice processes are.  kern_resource.c.

As NetBSD and DragonFly have them: nobody asks who sees whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.syscalls.args import Args, signed
from bsdproc.emulator.errno import EACCES, EINVAL, EPERM, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.state import Proc, Thread
    from bsdproc.emulator.bsd.system import System

PRIO_PROCESS, PRIO_PGRP, PRIO_USER = range(3)
PRIO_MIN, PRIO_MAX = -20, 20
ANY: Final = (1 << 64) - 1


def _meant(system: System, td: Thread, which: int, who: int) -> list[Proc]:
    """Those that a call is about: EINVAL, ESRCH for none."""
    me = td.proc
    if which == PRIO_PROCESS:
        one = me if who == 0 else system.procs.get(who)
        found = [] if one is None else [one]
    elif which == PRIO_PGRP:
        group = me.pgrp if who == 0 else system.pgrps.get(who)
        found = [] if group is None else list(group.members)
    elif which == PRIO_USER:
        user = me.cred.uid if who == 0 else who & 0xFFFFFFFF
        found = [p for p in system.procs.values() if p.cred.uid == user]
    else:
        raise Refused(EINVAL)
    found = [p for p in found if not p.zombie]
    if not found:
        raise Refused(ESRCH)
    return found


def sys_getpriority(system: System, td: Thread, args: Args) -> int:
    """The lowest of all that are meant."""
    return min(p.nice for p in _meant(system, td, signed(args[0]), signed(args[1]))) & ANY


def _nice(td: Thread, p: Proc, nice: int) -> None:
    """donice: EPERM for another's, EACCES for being less nice."""
    me, other = td.proc.cred, p.cred
    if me.uid and me.ruid and other.uid not in (me.uid, me.ruid):
        raise Refused(EPERM)
    nice = max(PRIO_MIN, min(PRIO_MAX, nice))
    if nice < p.nice and me.uid:
        raise Refused(EACCES)
    p.nice = nice


def sys_setpriority(system: System, td: Thread, args: Args) -> None:
    """Of several the first that fails is the last; or else the last one of a group decides
    whether it went well, and any one of a user."""
    which, who, nice = (signed(arg) for arg in args[:3])
    refused: Refused | None = None
    for p in _meant(system, td, which, who):
        try:
            _nice(td, p, nice)
        except Refused as error:
            refused = error
            if system.nice_until_refused:
                break
        else:
            if which != PRIO_USER:
                refused = None
    if refused is not None:
        raise refused


CALLS: dict[str, Entry] = {
    "getpriority": ("getpriority", 2, sys_getpriority),
    "setpriority": ("setpriority", 3, sys_setpriority),
}
