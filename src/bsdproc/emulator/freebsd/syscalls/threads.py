"""Threads: making them, ending them, and what they wait on."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import TDB, P, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.time import deadline_at
from bsdproc.emulator.bsd.syscalls.width import long_, narrow
from bsdproc.emulator.errno import (
    EINTR,
    EINVAL,
    ENAMETOOLONG,
    EPROCLIM,
    ERESTART,
    ESRCH,
    ETIMEDOUT,
    EWOULDBLOCK,
    Refused,
)
from bsdproc.emulator.freebsd import exit
from bsdproc.emulator.freebsd.entry import PTRACE_LWP, thread_start
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.freebsd.syscalls.umtxwait import Share, channel_of

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

THR_PARAM = (struct.Struct("<QQQQQQQQi4xQ3Q"), struct.Struct("<IIIIIIIIiI3I"))
"""struct thr_param: amd64's and i386's."""
THR_SUSPENDED = 1
MAXCOMLEN = 19
MAX_THREADS = ("kern.threads.max_threads_per_proc", 1500)
THREADS_HITS = "kern.threads.max_threads_hits"
"""How often a process was refused another thread."""


def sys_thr_new(system: System, td: Thread, args: Args) -> int:
    size, form = signed(args[1]), THR_PARAM[narrow(td)]
    if not 0 <= size <= form.size:
        raise Refused(EINVAL)
    space, p = space_of(td), td.proc
    given = space.copyin(args[0], size).ljust(form.size, b"\0")
    start, arg, stack, stack_size, tls, _, child_tid, parent_tid, flags, _rtp, *_ = \
        form.unpack(given)
    if len(p.threads) >= int(system.settings.get(MAX_THREADS[0], MAX_THREADS[1])):
        system.settings[THREADS_HITS] = int(system.settings.get(THREADS_HITS, 0)) + 1
        raise Refused(EPROCLIM)
    assert td.context is not None
    new = Thread(p, system.new_tid(p), td.context.copy())
    system.machdep.copy_thread(td, new)
    word = long_(td).pack(new.tid)
    if child_tid:
        space.copyout(child_tid, word)
    if parent_tid:
        space.copyout(parent_tid, word)
    system.machdep.cpu_set_upcall(new, start, arg, stack, stack_size)
    system.machdep.cpu_set_user_tls(new, tls)
    new.sigmask = td.sigmask
    new.own = td.own                        # its priority
    system.cpusets.thread_made(td, new)
    new.name = p.comm
    new.sc_code, new.sc_narg, new.sc_args = td.sc_code, td.sc_narg, td.sc_args
    p.flag |= P.HADTHREADS
    if p.ptevents & PTRACE_LWP:
        new.dbgflags |= TDB.BORN
    new.kernel = thread_start(system, new)
    system.add_thread(p, new)
    if flags & THR_SUSPENDED:
        system.go_to_sleep(new, Sleep(("lthr", new), "lthr"))
    return 0


def sys_thr_exit(system: System, td: Thread, args: Args) -> Work:
    space = space_of(td)
    if args[0]:
        space.copyout(args[0], long_(td).pack(1))
        system.wakeup(channel_of(td, "", args[0], Share.AUTO))
    leaving = sum(1 for t in td.proc.threads if t.dbgflags & TDB.EXIT)
    if len(td.proc.threads) > leaving + 1:
        yield from exit.thread_exit(system, td)
    return 0


def sys_thr_self(system: System, td: Thread, args: Args) -> int:
    space_of(td).copyout(args[0], long_(td).pack(td.tid))
    return 0


def sys_thr_set_name(system: System, td: Thread, args: Args) -> int:
    name = b""
    if args[1]:
        name = space_of(td).copyinstr(args[1], 1024)[:MAXCOMLEN]
        if len(name) > 1023:
            raise Refused(ENAMETOOLONG)
    target = system.threads.get(args[0])
    if target is None or target.proc is not td.proc:
        raise Refused(ESRCH)
    target.name = name.decode("utf-8", "surrogateescape")
    return 0


def sys_thr_suspend(system: System, td: Thread, args: Args) -> Work:
    deadline = deadline_at(system, td, args[0])
    error = yield Sleep(("lthr", td), "lthr", deadline)
    if error == EWOULDBLOCK:
        raise Refused(ETIMEDOUT)
    if error:
        raise Refused(EINTR if error == ERESTART and deadline else error)
    return 0


def sys_thr_wake(system: System, td: Thread, args: Args) -> int:
    target = system.threads.get(args[0])
    if target is None or target.proc is not td.proc:
        raise Refused(ESRCH)
    system.wakeup(("lthr", target))
    return 0


def sys_sched_yield(system: System, td: Thread, args: Args) -> int | Work:
    return 0 if system.alone else _others_first()


def _others_first() -> Work:
    # Only the others' turn before its own: with nothing to stop for.
    yield None
    return 0


SYSCALLS: dict[int, Entry] = {
    321: ("yield", 0, sys_sched_yield),
    331: ("sched_yield", 0, sys_sched_yield),
    431: ("thr_exit", 1, sys_thr_exit),
    432: ("thr_self", 1, sys_thr_self),
    442: ("thr_suspend", 1, sys_thr_suspend),
    443: ("thr_wake", 1, sys_thr_wake),
    455: ("thr_new", 2, sys_thr_new),
    464: ("thr_set_name", 2, sys_thr_set_name),
}
