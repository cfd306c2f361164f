"""Processes: birth, waiting, tracing, sysctl, time."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import exec as exec_
from bsdproc.emulator.bsd import rusage
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import (
    Args,
    UserSpace,
    path_argument,
    signed,
    space_of,
    strings,
)
from bsdproc.emulator.errno import EFAULT, EINVAL, EJUSTRETURN, ENOMEM, Refused
from bsdproc.emulator.machine.memory import MemoryFault
from bsdproc.emulator.netbsd import fork, limits, ptrace, spawn, wait

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

Work = Generator[Sleep | None, int, int]
CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_VFORK = 0x100, 0x200, 0x400, 0x800, 0x4000
CLONE_PTRACE, CLONE_CSIGNAL = 0x2000, 0xFF
CLOCK_REALTIME, CLOCK_VIRTUAL, CLOCK_PROF, CLOCK_MONOTONIC = range(4)


def sys_fork(system: System, td: Thread, args: Args) -> Work:
    return (yield from fork.fork1(system, td))


def sys_vfork(system: System, td: Thread, args: Args) -> Work:
    return (yield from fork.fork1(system, td, wait=True, share=True))


def sys_clone(system: System, td: Thread, args: Args) -> Work:
    """__clone(flags, stack): CLONE_SIGHAND needs CLONE_VM, tracing is not for
    the child to ask for (EINVAL)."""
    flags, stack = args[0] & 0xFFFFFFFF, args[1]
    if flags & CLONE_SIGHAND and not flags & CLONE_VM:
        raise Refused(EINVAL)
    if flags & CLONE_PTRACE or flags & CLONE_CSIGNAL >= 64:
        raise Refused(EINVAL)
    return (yield from fork.fork1(
        system, td, wait=bool(flags & CLONE_VFORK), share=bool(flags & CLONE_VM), stack=stack))


def sys_posix_spawn(system: System, td: Thread, args: Args) -> Work:
    """posix_spawn(pid, path, file actions, attributes, argv, envp): the error
    is the result."""
    try:
        return (yield from _posix_spawn(system, td, *args[:6]))
    except Refused as e:
        return system.user_errno(e.errno)
    except MemoryFault:
        return system.user_errno(EFAULT)


def _posix_spawn(system: System, td: Thread, pid_at: int, path_at: int, actions_at: int,
                 attributes_at: int, argv_at: int, envp_at: int) -> Work:
    """The program is looked for before the child does anything."""
    todo = spawn.actions(td, actions_at)
    asked = spawn.attributes(td, attributes_at)
    path, argv, envp = path_argument(td, path_at), strings(td, argv_at), strings(td, envp_at)
    exec_.check_program(system, td, path)
    path = td.proc.absolute(path) if todo else path      # one may be a chdir
    child, td2 = fork.spawned(system, td)
    try:
        yield from spawn.prepare(system, td, td2, asked, todo)
    except Refused:
        fork.spawn_failed(system, child, td2, spawn.FAILED)
        if asked.told:
            raise
    else:
        try:
            error = yield from exec_.execve(system, td2, path, argv, envp)
        except Refused:
            fork.unspawn(system, child, td2)
            raise
        assert error == EJUSTRETURN
        fork.spawn_done(system, child, td2)
    yield from fork.spawn_event(system, td, child)
    if pid_at:
        space_of(td).copyout(pid_at, struct.pack("<i", child.pid))
    return 0


def sys_wait4(system: System, td: Thread, args: Args) -> Work:
    pid, status, options, usage = signed(args[0]), args[1], signed(args[2]), args[3]
    idtype, id = wait.target(pid)
    found = yield from wait.wait6(system, td, idtype, id, options | wait.WEXITED | wait.WTRAPPED)
    if found is None:
        return 0
    space = space_of(td)
    if status:
        space.copyout(status, struct.pack("<i", found.status))
    if usage:
        space.copyout(usage, rusage.of_process(found.p))
    return found.pid


def sys_wait6(system: System, td: Thread, args: Args) -> Work:
    idtype, id, status, options, usage, info = args[:6]
    found = yield from wait.wait6(system, td, signed(idtype), signed(id), signed(options))
    space = space_of(td)
    if found is None:
        if info:
            space.copyout(info, bytes(128))
        return 0
    if status:
        space.copyout(status, struct.pack("<i", found.status))
    if usage:
        space.copyout(usage, rusage.wrusage(found.p))
    if info:
        space.copyout(info, system.machdep.siginfo(found.info))
    return found.pid


def sys_ptrace(system: System, td: Thread, args: Args) -> int:
    return ptrace.ptrace(system, td, signed(args[0]), signed(args[1]), args[2], signed(args[3]),
                         UserSpace(space_of(td)))


def sys_sysctl(system: System, td: Thread, args: Args) -> int:
    """__sysctl(name, namelen, old, oldlen, new, newlen): what fits is stored,
    and ENOMEM when that is not all."""
    name, count, old, room_at, new, new_size = args[:6]
    space, count = space_of(td), count & 0xFFFFFFFF
    if not 1 < count <= 12:
        raise Refused(EINVAL)
    mib = struct.unpack(f"<{count}i", space.copyin(name, 4 * count))
    room = int.from_bytes(space.copyin(room_at, 8), "little") if room_at else 0
    given = space.copyin(new, new_size) if new else None
    value, size = system.sysctl(td, mib, room if old else None, given)
    if room_at:
        space.copyout(room_at, size.to_bytes(8, "little"))
    if old:
        space.copyout(old, value[:room])
        if size > room:
            raise Refused(ENOMEM)
    return 0


def _clock(system: System, td: Thread, clock: int) -> int:
    if clock == CLOCK_REALTIME:
        return system.boot_ns + system.clock
    if clock == CLOCK_MONOTONIC:
        return system.clock
    if clock in (CLOCK_VIRTUAL, CLOCK_PROF):
        return td.proc.usage.utime + sum(t.runtime for t in td.proc.threads)
    raise Refused(EINVAL)


def sys_clock_gettime(system: System, td: Thread, args: Args) -> None:
    now = _clock(system, td, signed(args[0]))
    space_of(td).copyout(args[1], struct.pack("<qq", now // 10**9, now % 10**9))


def sys_clock_getres(system: System, td: Thread, args: Args) -> None:
    _clock(system, td, signed(args[0]))
    if args[1]:
        space_of(td).copyout(args[1], struct.pack("<qq", 0, 1))


def sys_getrandom(system: System, td: Thread, args: Args) -> int:
    size = min(args[1], 256)
    space_of(td).copyout(args[0], system.entropy().randbytes(size))
    return size


def sys_setrlimit(system: System, td: Thread, args: Args) -> int:
    soft, hard = struct.unpack("<QQ", space_of(td).copyin(args[1], 16))
    limits.dosetrlimit(system, td, td.proc, signed(args[0]), soft, hard)
    return 0


SYSCALLS: dict[int, Entry] = {
    2: ("fork", 0, sys_fork),
    26: ("ptrace", 4, sys_ptrace),
    66: ("vfork", 0, sys_vfork),
    91: ("getrandom", 3, sys_getrandom),
    195: ("setrlimit", 2, sys_setrlimit),
    202: ("__sysctl", 6, sys_sysctl),
    282: ("__vfork14", 0, sys_vfork),
    287: ("__clone", 2, sys_clone),
    427: ("__clock_gettime50", 2, sys_clock_gettime),
    429: ("__clock_getres50", 2, sys_clock_getres),
    449: ("__wait450", 4, sys_wait4),
    474: ("posix_spawn", 6, sys_posix_spawn),
    481: ("wait6", 6, sys_wait6),
}
