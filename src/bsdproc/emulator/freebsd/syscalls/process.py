"""Processes: birth, program, end, groups, tracing."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import jobc, rusage, signals
from bsdproc.emulator.bsd.state import P, Proc, Session, Sleep, Thread
from bsdproc.emulator.errno import E2BIG, EFAULT, EINVAL, ENOENT, EPERM, ESRCH, Refused
from bsdproc.emulator.freebsd import cred, exit, fork, ptrace
from bsdproc.emulator.freebsd import exec as exec_
from bsdproc.emulator.freebsd.ia32 import ptrace as ptrace32
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.freebsd.syscalls.width import narrow, pointer
from bsdproc.emulator.machine.memory import AddressSpace, MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

ARG_MAX = 512 * 1024
PATH_MAX = 1024

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]


def space_of(td: Thread) -> AddressSpace:
    """The memory of an emulated program."""
    space = td.proc.space
    if space is None:
        raise Refused(EFAULT)
    return space


def signed(value: int) -> int:
    """An int argument: its low 32 bits."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def path_argument(td: Thread, address: int) -> str:
    return space_of(td).copyinstr(address, PATH_MAX).decode("utf-8", "surrogateescape")


def sys_exit(system: System, td: Thread, args: Args) -> Work:
    yield from exit.exit1(system, td, signed(args[0]))
    return 0


def sys_fork(system: System, td: Thread, args: Args) -> int:
    return fork.fork1(system, td, fork.FORK)


def sys_vfork(system: System, td: Thread, args: Args) -> int:
    return fork.fork1(system, td, fork.VFORK)


def sys_rfork(system: System, td: Thread, args: Args) -> int:
    flags = args[0] & 0xFFFFFFFF
    if flags & fork.RFSPAWN:
        flags = fork.VFORK
    elif flags & (fork.RFPPWAIT | fork.RFTHREAD):
        raise Refused(EINVAL)
    return fork.fork1(system, td, flags)


def _strings(td: Thread, address: int) -> list[bytes]:
    """A vector of strings up to its null."""
    space, size, form = space_of(td), 0, pointer(td)
    strings: list[bytes] = []
    if address == 0:
        raise Refused(EFAULT)
    while True:
        where = int.from_bytes(space.copyin(address, form.size), "little")
        if where == 0:
            return strings
        text = space.copyinstr(where, ARG_MAX)
        size += len(text) + 1
        if size > ARG_MAX:
            raise Refused(E2BIG)
        strings.append(text)
        address += form.size


def sys_execve(system: System, td: Thread, args: Args) -> Work:
    path = path_argument(td, args[0])
    if not path:
        raise Refused(ENOENT)
    argv = _strings(td, args[1])
    env = _strings(td, args[2]) if args[2] else []
    if not argv:
        raise Refused(EINVAL)
    return (yield from exec_.execve(system, td, path, argv, env))


def sys_wait4(system: System, td: Thread, args: Args) -> Work:
    pid, status, options, usage = signed(args[0]), args[1], signed(args[2]), args[3]
    idtype, id = wait_target(pid)
    found = yield from exit.wait6(
        system, td, idtype, id, options | exit.WEXITED | exit.WTRAPPED)
    if found is None:
        return 0
    space = space_of(td)
    if status:
        space.copyout(status, struct.pack("<i", found.status))
    if usage:
        space.copyout(usage, rusage.of_process(found.p, narrow(td)))
    return found.pid


def wait_target(pid: int) -> tuple[int, int]:
    """wait4's pid as wait6's two."""
    if pid == -1:
        return exit.P_ALL, 0
    if pid < 0:
        return exit.P_PGID, -pid
    return exit.P_PID, pid


def sys_wait6(system: System, td: Thread, args: Args) -> Work:
    idtype, id, status, options, usage, info = args[:6]
    found = yield from exit.wait6(system, td, signed(idtype), signed(id), signed(options))
    space = space_of(td)
    if found is None:
        if info:
            space.copyout(info, bytes(64 if narrow(td) else 80))
        return 0
    if status:
        space.copyout(status, struct.pack("<i", found.status))
    if usage:
        space.copyout(usage, rusage.wrusage(found.p, narrow(td)))
    if info:
        space.copyout(info, system.machdep.user_siginfo(td, found.info))
    return found.pid


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
    cred.p_cansee(system, td, p)
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
        cred.p_cansee(system, td, target)
        if target.session is not current.session:
            raise Refused(EPERM)
        if target.flag & P.EXEC:
            from bsdproc.emulator.errno import EACCES

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


def sys_ptrace(system: System, td: Thread, args: Args) -> int | Work:
    ask = ptrace32.ptrace if narrow(td) else ptrace.ptrace
    return ask(system, td, signed(args[0]), signed(args[1]), args[2], signed(args[3]),
               UserSpace(space_of(td)))


class UserSpace:
    """A program's memory as `UserMemory`: its faults are EFAULT."""

    __slots__ = ("space",)

    def __init__(self, space: AddressSpace) -> None:
        self.space = space

    def copyin(self, address: int, size: int) -> bytes:
        try:
            return self.space.copyin(address, size)
        except MemoryFault:
            raise Refused(EFAULT) from None

    def copyout(self, address: int, data: bytes) -> None:
        try:
            self.space.copyout(address, data)
        except MemoryFault:
            raise Refused(EFAULT) from None


SYSCALLS: dict[int, Entry] = {
    1: ("exit", 1, sys_exit),
    2: ("fork", 0, sys_fork),
    7: ("wait4", 4, sys_wait4),
    20: ("getpid", 0, sys_getpid),
    26: ("ptrace", 4, sys_ptrace),
    37: ("kill", 2, sys_kill),
    39: ("getppid", 0, sys_getppid),
    59: ("execve", 3, sys_execve),
    66: ("vfork", 0, sys_vfork),
    81: ("getpgrp", 0, sys_getpgrp),
    82: ("setpgid", 2, sys_setpgid),
    147: ("setsid", 0, sys_setsid),
    207: ("getpgid", 1, sys_getpgid),
    251: ("rfork", 1, sys_rfork),
    310: ("getsid", 1, sys_getsid),
    532: ("wait6", 6, sys_wait6),
}
