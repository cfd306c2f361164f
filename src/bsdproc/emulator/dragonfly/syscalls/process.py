"""Processes: their making and their end, groups, waiting, control."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import rusage
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.syscalls.args import UserSpace, path_argument, signed, space_of, strings
from bsdproc.emulator.dragonfly import (
    exec,
    exit,
    fork,
    limits,
    proctree,
    ptrace,
    reaper,
    signals,
    sysctl,
)
from bsdproc.emulator.dragonfly.state import P, Proc, Sleep, Thread
from bsdproc.emulator.errno import EFAULT, EINVAL, ENOENT, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

RLIMIT: Final = struct.Struct("<qq")


# -- making ---------------------------------------------------------------------------
def _forked(system: System, td: Thread, flags: int) -> Work:
    child = fork.fork1(system, td, flags)
    while child.flag & P.PPWAIT:
        yield Sleep(("ppwait", child), "ppwait", interruptible=False)
    return child.pid


def sys_fork(system: System, td: Thread, args: Args) -> Work:
    return _forked(system, td, fork.FORK)


def sys_vfork(system: System, td: Thread, args: Args) -> Work:
    return _forked(system, td, fork.VFORK)


def sys_rfork(system: System, td: Thread, args: Args) -> Work:
    """Without RFPROC nothing but the descriptors may change."""
    flags = args[0] & 0xFFFFFFFF
    if flags & fork.RFKERNELONLY:
        raise Refused(EINVAL)
    if not flags & fork.RFPROC:
        return _own_files(system, td, flags)
    return _forked(system, td, flags)


def _own_files(system: System, td: Thread, flags: int) -> Work:
    if flags & (fork.RFFDG | fork.RFCFDG) == fork.RFFDG | fork.RFCFDG:
        raise Refused(EINVAL)
    p = td.proc
    if flags & fork.RFCFDG:
        p.files.close_all(system, td)
        p.files = type(p.files)()
    elif flags & fork.RFFDG and system.shares_files(p):
        p.files = p.files.copy()
    return 0
    yield


def sys_execve(system: System, td: Thread, args: Args) -> Work:
    path = path_argument(td, args[0])
    if not path:
        raise Refused(ENOENT)
    if not args[1]:
        raise Refused(EFAULT)
    argv = strings(td, args[1])
    env = strings(td, args[2]) if args[2] else []
    return exec.execve(system, td, path, argv, env)


# -- waiting ----------------------------------------------------------------------------
def target(p: Proc, pid: int) -> tuple[int, int]:
    """wait4's pid as wait6's two."""
    if pid == -1:
        return exit.P_ALL, 0
    if pid <= 0:
        return exit.P_PGID, -pid or p.pgid
    return exit.P_PID, pid


def sys_wait4(system: System, td: Thread, args: Args) -> Work:
    pid, status, options, usage = signed(args[0]), args[1], signed(args[2]), args[3]
    found = yield from exit.wait(
        system, td, *target(td.proc, pid), options | exit.WEXITED | exit.WTRAPPED)
    if found is None:
        return 0
    space = space_of(td)
    if status:
        space.copyout(status, struct.pack("<i", found.status))
    if usage:
        space.copyout(usage, rusage.rusage(found.own))
    return found.pid


def sys_wait6(system: System, td: Thread, args: Args) -> Work:
    idtype, id, status, options, usage, info = args[:6]
    found = yield from exit.wait(system, td, signed(idtype), signed(id), signed(options))
    space = space_of(td)
    if found is None:
        return 0
    if status:
        space.copyout(status, struct.pack("<i", found.status))
    if usage:
        space.copyout(usage, rusage.rusage(found.own) + rusage.rusage(found.children))
    if info:
        space.copyout(info, system.machdep.siginfo(code=found.code))
    return found.pid


# -- groups, signals ------------------------------------------------------------------------
def sys_setsid(system: System, td: Thread, args: Args) -> int:
    return proctree.setsid(system, td.proc)


def sys_setpgid(system: System, td: Thread, args: Args) -> int:
    proctree.setpgid(system, td.proc, signed(args[0]), signed(args[1]))
    return 0


def sys_kill(system: System, td: Thread, args: Args) -> int:
    signals.kill(system, td, signed(args[0]), signed(args[1]))
    return 0


# -- control -------------------------------------------------------------------------------
def sys_ptrace(system: System, td: Thread, args: Args) -> int:
    return ptrace.ptrace(system, td, signed(args[0]), signed(args[1]), args[2],
                         signed(args[3]), UserSpace(space_of(td)))


def sys_procctl(system: System, td: Thread, args: Args) -> int:
    reaper.sys_procctl(system, td, signed(args[0]), signed(args[1]), signed(args[2]), args[3],
                       UserSpace(space_of(td)))
    return 0


def sys_sysctl(system: System, td: Thread, args: Args) -> None:
    name, count, old, old_size, new, new_size = args[:6]
    if not 2 <= count & 0xFFFFFFFF <= sysctl.CTL_MAXNAME:
        raise Refused(EINVAL)
    space = space_of(td)
    mib = struct.unpack(f"<{count}i", space.copyin(name, 4 * count))
    room = struct.unpack("<Q", space.copyin(old_size, 8))[0] if old_size else 0
    value = space.copyin(new, new_size) if new else None
    answer = sysctl.ask(system, td, mib, room if old else None, value)
    if old:
        space.copyout(old, answer.data)
    if old_size:
        space.copyout(old_size, struct.pack("<Q", answer.size))
    if answer.errno:
        raise Refused(answer.errno)


# -- limits --------------------------------------------------------------------------
def sys_getrlimit(system: System, td: Thread, args: Args) -> int:
    which = args[0] & 0xFFFFFFFF
    if which >= len(limits.NAMES):
        raise Refused(EINVAL)
    space_of(td).copyout(args[1], RLIMIT.pack(*limits.limit(td.proc, which)))
    return 0


def sys_setrlimit(system: System, td: Thread, args: Args) -> int:
    soft, hard = RLIMIT.unpack(space_of(td).copyin(args[1], RLIMIT.size))
    limits.set_limit(system, td, args[0] & 0xFFFFFFFF, soft, hard)
    return 0


def sys_sched_yield(system: System, td: Thread, args: Args) -> int:
    return 0


SYSCALLS: Final[dict[int, Entry]] = {
    2: ("fork", 0, sys_fork),
    7: ("wait4", 4, sys_wait4),
    26: ("ptrace", 4, sys_ptrace),
    37: ("kill", 2, sys_kill),
    59: ("execve", 3, sys_execve),
    66: ("vfork", 0, sys_vfork),
    82: ("setpgid", 2, sys_setpgid),
    147: ("setsid", 0, sys_setsid),
    194: ("getrlimit", 2, sys_getrlimit),
    195: ("setrlimit", 2, sys_setrlimit),
    202: ("__sysctl", 6, sys_sysctl),
    251: ("rfork", 1, sys_rfork),
    321: ("yield", 0, sys_sched_yield),
    331: ("sched_yield", 0, sys_sched_yield),
    536: ("procctl", 4, sys_procctl),
    548: ("wait6", 6, sys_wait6),
}
