"""Into the kernel and back, with a tracer's stops on the way.

The subject of FreeBSD's subr_syscall.c and amd64's trap.c.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.entry import NS_PER_SYSCALL, call, fetch
from bsdproc.emulator.bsd.state import P2, TDB, KSigInfo, P, Sleep, Thread
from bsdproc.emulator.errno import ECAPMODE, EJUSTRETURN, ENOTCAPABLE
from bsdproc.emulator.freebsd.signals import (
    goes_on,
    ptracestop,
    stands,
    stop_owed,
    trapsignal,
)

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

PTRACE_EXEC, PTRACE_SCE, PTRACE_SCX, PTRACE_FORK, PTRACE_LWP, PTRACE_VFORK = 1, 2, 4, 8, 16, 32

# What every system call of a tracee needs, put together once.
_USERWR, _SCE, _SCX, _FORK_OR_EXEC = TDB.USERWR, TDB.SCE, TDB.SCX, TDB.FORK | TDB.EXEC
_NOT_USERWR, _NOT_SCE = ~TDB.USERWR, ~(TDB.SCE | TDB.BOUNDARY)
_NOT_SCX = ~(TDB.SCX | TDB.EXEC | TDB.FORK | TDB.BOUNDARY)


def system_call(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """syscallenter, the call, syscallret."""
    p = td.proc
    system.clock += NS_PER_SYSCALL
    p.usage.stime += NS_PER_SYSCALL
    stepping = td.step
    traced = bool(p.flag & P.TRACED)
    if traced:
        td.dbgflags = td.dbgflags & _NOT_USERWR | _SCE
    else:
        td.dbgflags &= _NOT_USERWR
    error = fetch(system, td)
    if error == 0 and traced:
        if p.ptevents & PTRACE_SCE:
            stood = stands(system, td, s.SIGTRAP)
            if stood:
                yield None
            if not (stood and goes_on(td)):
                yield from ptracestop(system, td, s.SIGTRAP, stood=stood)
        if td.dbgflags & _USERWR:
            error = fetch(system, td)
    if error == 0:
        error = yield from call(system, td, td.sc_code, td.sc_args)
    if td.kept_errno is not None:
        td.errno, td.kept_errno = td.kept_errno, None
    else:
        td.errno = error
    if traced:
        td.dbgflags &= _NOT_SCE
    if error != EJUSTRETURN:
        system.machdep.set_syscall_retval(td, error, td.retval)
    if stepping:
        td.step = False
        assert td.context is not None
        trapsignal(system, td, KSigInfo(s.SIGTRAP, s.TRAP_TRACE, addr=td.context.get("rip")))
    yield from syscall_return(system, td)


def syscall_return(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """syscallret: the stops at a system call's end, and vfork's wait."""
    p = td.proc
    refused = td.errno in (ENOTCAPABLE, ECAPMODE) and p.cred.capmode
    if refused and (p.flag2 & P2.TRAPCAP or system.settings.get("kern.trap_enotcap", 0)):
        trapsignal(system, td, KSigInfo(s.SIGTRAP, s.TRAP_CAP, errno=td.errno))
    traced = bool(p.flag & P.TRACED)
    if traced:
        td.dbgflags |= _SCX
    if traced or td.dbgflags & _FORK_OR_EXEC:
        if traced and (p.ptevents & PTRACE_SCX or td.dbgflags & _FORK_OR_EXEC):
            td.dbgflags |= TDB.BOUNDARY
            stood = stands(system, td, s.SIGTRAP)
            if stood:
                yield None
            if not (stood and goes_on(td)):
                yield from ptracestop(system, td, s.SIGTRAP, stood=stood)
        td.dbgflags &= _NOT_SCX
    if td.vforked is not None:
        yield from _vfork_wait(system, td)


def _vfork_wait(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """fork_rfppwait: until the child has a program of its own or is gone."""
    child, td.vforked = td.vforked, None
    assert child is not None
    while child.flag & P.PPWAIT:
        yield from stop_owed(system, td)
        if child.flag & P.PPWAIT:
            yield Sleep(("pwait", child), "ppwait", interruptible=False)
    if td.dbgflags & TDB.VFORK:
        if td.proc.ptevents & PTRACE_VFORK:
            yield from ptracestop(system, td, s.SIGTRAP)
        td.dbgflags &= ~TDB.VFORK


def thread_start(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """fork_return: the first steps of a new process or thread."""
    p = td.proc
    if td.dbgflags & TDB.STOPATFORK:
        if p.flag & P.TRACED:
            td.dbgflags |= TDB.CHILD | TDB.SCX | TDB.FSTP
            yield from ptracestop(system, td, s.SIGSTOP)
            td.dbgflags &= ~(TDB.CHILD | TDB.SCX)
        else:
            td.dbgflags &= ~TDB.STOPATFORK
    elif p.flag & P.TRACED or td.dbgflags & TDB.BORN:
        td.dbgflags |= TDB.SCX
        if p.ptevents & PTRACE_SCX or td.dbgflags & TDB.BORN:
            yield from ptracestop(system, td, s.SIGTRAP)
        td.dbgflags &= ~(TDB.SCX | TDB.BORN)
