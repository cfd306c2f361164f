"""Processes: program, end, groups, sessions."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import exec as exec_
from bsdproc.emulator.bsd import jobc, signals
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import P, Proc, Session, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, path_argument, signed, strings
from bsdproc.emulator.errno import EACCES, EINVAL, ENOENT, EPERM, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

Work = Generator[Sleep | None, int, int]


def sys_exit(system: System, td: Thread, args: Args) -> Work:
    yield from system.exit(td, signed(args[0]))
    return 0


def sys_execve(system: System, td: Thread, args: Args) -> Work:
    path = path_argument(td, args[0])
    if not path:
        raise Refused(ENOENT)
    argv = strings(td, args[1])
    env = strings(td, args[2]) if args[2] else []
    if not argv:
        raise Refused(EINVAL)
    return (yield from exec_.execve(system, td, path, argv, env))


def sys_getpid(system: System, td: Thread, args: Args) -> int:
    return td.proc.pid


def sys_getppid(system: System, td: Thread, args: Args) -> int:
    return system.proc_realparent(td.proc).pid


def sys_kill(system: System, td: Thread, args: Args) -> int:
    signals.kill(system, td, signed(args[0]), signed(args[1]))
    return 0


def _visible(system: System, td: Thread, pid: int) -> Proc:
    if pid == 0:
        return td.proc
    p = system.find_proc(pid)
    system.p_cansee(td, p)
    return p


def sys_getpgrp(system: System, td: Thread, args: Args) -> int:
    return td.proc.pgid


def sys_getpgid(system: System, td: Thread, args: Args) -> int:
    return _visible(system, td, signed(args[0])).pgid


def sys_getsid(system: System, td: Thread, args: Args) -> int:
    return _visible(system, td, signed(args[0])).session.sid


def sys_setpgid(system: System, td: Thread, args: Args) -> int:
    setpgid(system, td, signed(args[0]), signed(args[1]))
    return 0


def setpgid(system: System, td: Thread, pid: int, pgid: int) -> None:
    current = td.proc
    if pgid < 0:
        raise Refused(EINVAL)
    target = current
    if pid not in (0, current.pid):
        target = system.find_proc(pid)
        above: Proc | None = target
        while above is not None and above is not current:
            above = above.parent
        if above is None:
            raise Refused(ESRCH)
        system.p_cansee(td, target)
        if target.session is not current.session:
            raise Refused(EPERM)
        if target.flag & P.EXEC:
            raise Refused(EACCES)
    if target.session.leader is target:
        raise Refused(EPERM)
    pgid = pgid or target.pid
    group = system.pgrps.get(pgid)
    if group is None:
        if pgid != target.pid:
            raise Refused(EPERM)
    elif group.session is not current.session:
        raise Refused(EPERM)
    jobc.enter(system, target, pgid, current.session)


def setsid(system: System, p: Proc) -> int:
    if p.pgid == p.pid or p.pid in system.pgrps:
        raise Refused(EPERM)
    session = Session(p.pid, p, p.session.login)
    jobc.enter(system, p, p.pid, session)
    p.flag &= ~P.CONTROLT
    return p.pid


def sys_setsid(system: System, td: Thread, args: Args) -> int:
    return setsid(system, td.proc)


CALLS: dict[str, Entry] = {
    "exit": ("exit", 1, sys_exit),
    "getpid": ("getpid", 0, sys_getpid),
    "kill": ("kill", 2, sys_kill),
    "getppid": ("getppid", 0, sys_getppid),
    "execve": ("execve", 3, sys_execve),
    "getpgrp": ("getpgrp", 0, sys_getpgrp),
    "setpgid": ("setpgid", 2, sys_setpgid),
    "setsid": ("setsid", 0, sys_setsid),
    "getpgid": ("getpgid", 1, sys_getpgid),
    "getsid": ("getsid", 1, sys_getsid),
}
