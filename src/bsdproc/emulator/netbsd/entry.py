"""System calls with a tracer's stops, and the first steps of a new process or LWP.

The subject of NetBSD's syscall.c of amd64, kern_syscall.c and the end of
kern_fork.c.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.entry import NS_PER_SYSCALL, call, fetch
from bsdproc.emulator.bsd.state import P, Sleep, Thread
from bsdproc.emulator.errno import EJUSTRETURN
from bsdproc.emulator.netbsd.signals import ast, event, syscall_stop
from bsdproc.emulator.netbsd.signo import TRAP_CHLD, TRAP_LWP, TRAP_SCE, TRAP_SCX
from bsdproc.emulator.netbsd.state import PTRACE_LWP_CREATE, Lwp, tracing

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

SYS_EXECVE = 59

Work = Generator[Sleep | None, int, None]


def system_call(system: System, td: Thread) -> Work:
    """syscall, sy_invoke.  The registers have the results behind the stop at
    the call's end: there they are in its siginfo alone."""
    p = td.proc
    system.clock += NS_PER_SYSCALL
    p.usage.stime += NS_PER_SYSCALL
    error = fetch(system, td)
    if error == 0:
        error = yield from _invoke(system, td)
    td.errno = error
    if error != EJUSTRETURN:
        system.machdep.set_syscall_retval(td, error, td.retval)
    if tracing(p).given or _taken(td):
        yield from ast(system, td)


def _taken(td: Thread) -> bool:
    own = td.own
    return isinstance(own, Lwp) and own.taken is not None


def _invoke(system: System, td: Thread) -> Generator[Sleep | None, int, int]:
    p, t = td.proc, tracing(td.proc)
    td.retval = (0, 0)
    code, args = td.sc_code, td.sc_args[: max(td.sc_narg, 6)]
    if p.flag & P.TRACED and t.syscalls:
        yield from syscall_stop(system, td, TRAP_SCE, code, args[: td.sc_narg])
        if t.emulate:
            t.emulate = False
            return EJUSTRETURN
    error = yield from call(system, td, code, args)
    if error == EJUSTRETURN and code == SYS_EXECVE:
        yield from system.exec_stops(td)
    if p.flag & P.TRACED and t.syscalls:
        failed = error if error > 0 else 0
        yield from syscall_stop(
            system, td, TRAP_SCX, code, args[: td.sc_narg],
            (0, 0) if failed else td.retval, system.user_errno(failed))
    return error


def child_return(system: System, td: Thread, kind: int) -> Work:
    """The first steps of a forked process: `kind` is the event that it tells
    its tracer of, 0 for none."""
    p = td.proc
    if kind and p.flag & P.TRACED:
        yield from event(system, td, TRAP_CHLD, kind, p.oppid)
        yield from ast(system, td)


def lwp_start(system: System, td: Thread) -> Work:
    """mi_startlwp."""
    if td.proc.flag & P.TRACED and tracing(td.proc).events & PTRACE_LWP_CREATE:
        yield from event(system, td, TRAP_LWP, PTRACE_LWP_CREATE, td.tid)
        yield from ast(system, td)
