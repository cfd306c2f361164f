"""Processes: birth, program, end, groups, tracing."""

from __future__ import annotations

import random
import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import exec, rusage
from bsdproc.emulator.bsd.file import FREAD, FWRITE
from bsdproc.emulator.bsd.files import O_EXEC
from bsdproc.emulator.bsd.signo import SIGABRT, SIGKILL
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, UserSpace, signed, space_of, strings
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EBADF, EFAULT, EINVAL, Refused
from bsdproc.emulator.freebsd import exit, fork, ktrace, ptrace
from bsdproc.emulator.freebsd.ia32 import ptrace as ptrace32
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.machine.memory import MemoryFault, TooLong

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Work = Generator[Sleep | None, int, int]


def sys_fork(system: System, td: Thread, args: Args) -> tuple[int, int]:
    return fork.fork1(system, td, fork.FORK), 0


def sys_vfork(system: System, td: Thread, args: Args) -> tuple[int, int]:
    return fork.fork1(system, td, fork.VFORK), 0


def sys_rfork(system: System, td: Thread, args: Args) -> tuple[int, int]:
    """RFSPAWN, which stands alone, is a vfork(2) whose child catches no signals."""
    flags = args[0] & 0xFFFFFFFF
    if flags == fork.RFSPAWN:
        return fork.fork1(system, td, fork.VFORK, drop_caught=True), 0
    if flags & (fork.RFSPAWN | fork.RFPPWAIT | fork.RFTHREAD):
        raise Refused(EINVAL)
    return fork.fork1(system, td, flags), 0


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


def sys_ptrace(system: System, td: Thread, args: Args) -> int | Work:
    ask = ptrace32.ptrace if narrow(td) else ptrace.ptrace
    return ask(system, td, signed(args[0]), signed(args[1]), args[2], signed(args[3]),
               UserSpace(space_of(td)))


def sys_fexecve(system: System, td: Thread, args: Args) -> Work:
    """execve(2) of an open file: for execution or for reading alone."""
    argv = strings(td, args[1])
    env = strings(td, args[2]) if args[2] else []
    fd = signed(args[0])
    file = td.proc.files.get(fd)
    if file.flag & FWRITE or not file.flag & (FREAD | O_EXEC):
        raise Refused(EBADF)
    if file.vnode is None:
        raise Refused(EINVAL)
    return (yield from exec.execve(system, td, f"/dev/fd/{fd}", argv, env, file.vnode))


ABORT2_MOST = 16


def sys_abort2(system: System, td: Thread, args: Args) -> Work:
    """The end, with a word for the log; SIGKILL for who does not say it as it should be."""
    why, count, at = args[0], signed(args[1]), args[2]
    sig, text = SIGKILL, "(Reason text inaccessible)"
    try:
        if 0 <= count <= ABORT2_MOST and (at or not count):
            words = [int.from_bytes(space_of(td).copyin(at + 8 * n, 8), "little")
                     for n in range(count)]
            said = space_of(td).copyinstr(why, 128).decode("utf-8", "replace") if why else "(null)"
            text = said + (f"({', '.join(map(hex, words))})" if words else "")
            sig = SIGABRT
    except (MemoryFault, TooLong):
        pass
    p = td.proc
    system.note(f"{p.comm}(pid {p.pid} uid {p.cred.uid}) aborted: {text}")
    yield from exit.exit1(system, td, 0, sig)
    return 0


UUID = struct.Struct("<IHHBB6s")
MOST_UUIDS = 2048
GREGORIAN = 0x01B21DD213814000
"""1970 in the time of UUIDs: 100 ns since October 15th, 1582."""
NODE = bytes.fromhex("589cfc000001")


def sys_uuidgen(system: System, td: Thread, args: Args) -> int:
    """Version 1: time and a network card's address."""
    count = signed(args[1])
    if not 1 <= count <= MOST_UUIDS:
        raise Refused(EINVAL)
    now = GREGORIAN + (system.boot_ns + system.clock) // 100
    found = bytearray()
    for time in range(now, now + count):
        found += UUID.pack(time & 0xFFFFFFFF, time >> 32 & 0xFFFF, time >> 48 & 0xFFF | 0x1000,
                           0x80, 0, NODE)
    space_of(td).copyout(args[0], bytes(found))
    return 0


GRND_FLAGS = 1 | 2 | 4
MOST_RANDOM = 1 << 26


def sys_getrandom(system: System, td: Thread, args: Args) -> int:
    """As kern.arandom: the same in every run."""
    address, size, flags = args[0], args[1], args[2] & 0xFFFFFFFF
    if flags & ~GRND_FLAGS or size >= 1 << 63:
        raise Refused(EINVAL)
    if size > MOST_RANDOM:
        raise Refused(EFAULT)
    space_of(td).copyout(address, random.Random(system.clock).randbytes(size))
    return size


def sys_utrace(system: System, td: Thread, args: Args) -> int:
    """A record for ktrace(2), if somebody wants such: EINVAL for one that is too long."""
    if td.proc in system.ktraced and ktrace.wants_user(system, td.proc):
        if args[1] > ktrace.USER_MAXLEN:
            raise Refused(EINVAL)
        ktrace.user(system, td, space_of(td).copyin(args[0], args[1]) if args[1] else b"")
    return 0


SYSCALLS: dict[int, Entry] = {
    2: ("fork", 0, sys_fork),
    7: ("wait4", 4, sys_wait4),
    26: ("ptrace", 4, sys_ptrace),
    66: ("vfork", 0, sys_vfork),
    251: ("rfork", 1, sys_rfork),
    335: ("utrace", 2, sys_utrace),
    392: ("uuidgen", 2, sys_uuidgen),
    463: ("abort2", 3, sys_abort2),
    492: ("fexecve", 3, sys_fexecve),
    532: ("wait6", 6, sys_wait6),
    563: ("getrandom", 3, sys_getrandom),
}
