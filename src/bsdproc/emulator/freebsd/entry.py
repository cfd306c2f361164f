"""From a program into the kernel and back: user code, system calls, traps.

The subject of FreeBSD's subr_syscall.c and amd64's trap.c.
"""

from __future__ import annotations

from collections.abc import Generator
from types import GeneratorType
from typing import TYPE_CHECKING

from bsdproc.emulator.errno import (
    ECAPMODE,
    EFAULT,
    EJUSTRETURN,
    ENOSYS,
    ENOTCAPABLE,
    ERESTART,
    Refused,
)
from bsdproc.emulator.freebsd import signo as s
from bsdproc.emulator.freebsd.signals import ptracestop, stops_at_once, trap_stop, trapsignal
from bsdproc.emulator.freebsd.state import P2, TDB, KSigInfo, P, Sleep, Thread
from bsdproc.emulator.machine.cpu import Stop
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

NS_PER_INSTRUCTION = 10
"""The emulated processor's speed: 100 million instructions a second."""
NS_PER_SYSCALL = 2000
"""What a system call takes at that speed."""

# Members of an enumeration are looked up by bytecode of its own: not in the hot path.
_SLICE, _SYSCALL = Stop.SLICE, Stop.SYSCALL
PTRACE_EXEC, PTRACE_SCE, PTRACE_SCX, PTRACE_FORK, PTRACE_LWP, PTRACE_VFORK = 1, 2, 4, 8, 16, 32


def run_user(system: System, td: Thread, limit: int | None) -> bool:
    """Run the thread's program for a slice, or a step.  True when its turn
    is over; False when the kernel has work for it (td.kernel)."""
    space = td.proc.space
    context = td.context
    assert space is not None
    assert context is not None
    cpu = space.cpu
    if td.dr[7] & 0xFF or cpu.points:
        system.machdep.load_debug(td)
    if td.step:
        stop = cpu.run(context, 1)
        system.clock += NS_PER_INSTRUCTION
        td.runtime += NS_PER_INSTRUCTION
        if stop == _SLICE:
            return _trap(system, td, system.machdep.step_trap(td))
    else:
        stop = cpu.run(context, system.slice_for(limit))
        elapsed = cpu.executed * NS_PER_INSTRUCTION
        system.clock += elapsed
        td.runtime += elapsed
        if stop == _SLICE:
            return True
    if stop == _SYSCALL:
        ksi = system.machdep.syscall_instruction(td)
    elif system.machdep.is_syscall_gate(cpu, td):
        ksi = None
    else:
        ksi = system.machdep.trap(cpu, td)
    if ksi is not None:
        return _trap(system, td, ksi)
    td.kernel = system_call(system, td)
    return False


def _trap(system: System, td: Thread, ksi: KSigInfo) -> bool:
    """True when the thread has stopped for it, False when a signal is on its way."""
    if stops_at_once(td, ksi.signo):
        trap_stop(system, td, ksi)
        return True
    trapsignal(system, td, ksi)
    return False


def system_call(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """syscallenter, the call, syscallret."""
    p = td.proc
    system.clock += NS_PER_SYSCALL
    p.usage.stime += NS_PER_SYSCALL
    stepping = td.step
    traced = bool(p.flag & P.TRACED)
    if traced or td.dbgflags & TDB.USERWR:
        td.dbgflags &= ~TDB.USERWR
        if traced:
            td.dbgflags |= TDB.SCE
    error = _fetch(system, td)
    if error == 0 and traced:
        if p.ptevents & PTRACE_SCE:
            yield from ptracestop(system, td, s.SIGTRAP)
        if td.dbgflags & TDB.USERWR:
            error = _fetch(system, td)
    if error == 0:
        error = yield from call(system, td, td.sc_code, td.sc_args)
    if td.kept_errno is not None:
        td.errno, td.kept_errno = td.kept_errno, None
    else:
        td.errno = error
    if traced:
        td.dbgflags &= ~(TDB.SCE | TDB.BOUNDARY)
    if error != EJUSTRETURN:
        system.machdep.set_syscall_retval(td, error, td.retval)
    if stepping:
        td.step = False
        assert td.context is not None
        trapsignal(system, td, KSigInfo(s.SIGTRAP, s.TRAP_TRACE, addr=td.context.get("rip")))
    yield from syscall_return(system, td)


def _fetch(system: System, td: Thread) -> int:
    try:
        td.sc_code, td.sc_narg, td.sc_args = system.machdep.fetch_syscall_args(
            td, system.syscall_narg_of(td))
    except MemoryFault:
        return EFAULT
    except Refused as e:
        return e.errno
    return 0


def call(system: System, td: Thread, code: int,
         args: tuple[int, ...]) -> Generator[Sleep | None, int, int]:
    """One system call: its error, its results in td.retval."""
    known = system.syscalls_of(td).get(code)
    if known is None:
        name = system.syscall_names.get(code)
        if td.proc.cred.capmode and name not in system.capability_calls:
            return ECAPMODE
        system.note(
            f"process {td.proc.pid} ({td.proc.comm}): "
            + (f"system call {code} ({name}) is not implemented" if name
               else f"no system call has number {code}"))
        system.tdsignal(td, s.SIGSYS)
        return ENOSYS
    name, _, function = known
    if td.proc.cred.capmode and name not in system.capability_calls:
        return ECAPMODE
    try:
        result = function(system, td, args)
        if isinstance(result, GeneratorType):
            result = yield from result
    except Refused as e:
        return e.errno
    except MemoryFault:
        return EFAULT
    if result is None:
        td.retval = (0, td.retval[1])
    elif isinstance(result, tuple):
        td.retval = (result[0], result[1])
    elif result in (EJUSTRETURN, ERESTART):
        return int(result)
    else:
        td.retval = (int(result), td.retval[1])
    return 0


def syscall_return(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """syscallret: the stops at a system call's end, and vfork's wait."""
    p = td.proc
    refused = td.errno in (ENOTCAPABLE, ECAPMODE) and p.cred.capmode
    if refused and (p.flag2 & P2.TRAPCAP or system.settings.get("kern.trap_enotcap", 0)):
        trapsignal(system, td, KSigInfo(s.SIGTRAP, s.TRAP_CAP, errno=td.errno))
    traced = bool(p.flag & P.TRACED)
    if traced:
        td.dbgflags |= TDB.SCX
    if traced or td.dbgflags & (TDB.EXEC | TDB.FORK):
        if traced and (td.dbgflags & (TDB.FORK | TDB.EXEC) or p.ptevents & PTRACE_SCX):
            td.dbgflags |= TDB.BOUNDARY
            yield from ptracestop(system, td, s.SIGTRAP)
        td.dbgflags &= ~(TDB.SCX | TDB.EXEC | TDB.FORK | TDB.BOUNDARY)
    if td.vforked is not None:
        yield from _vfork_wait(system, td)


def _vfork_wait(system: System, td: Thread) -> Generator[Sleep | None, int, None]:
    """fork_rfppwait: until the child has a program of its own or is gone."""
    child, td.vforked = td.vforked, None
    assert child is not None
    while child.flag & P.PPWAIT:
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
