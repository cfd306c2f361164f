"""ptrace(2) itself: who may ask what of whom, and what answers it.

The order of checks is the kernel's: arguments are copied in first, then the
target is found, seen and judged, then the request looks at what it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import P2, PID_MAX, P, Proc, ProcState, Thread
from bsdproc.emulator.caller import UserMemory
from bsdproc.emulator.errno import EBUSY, EINVAL, ENOSYS, EPERM, ESRCH, Refused
from bsdproc.emulator.freebsd import cred, remote
from bsdproc.emulator.freebsd.ptrace import events, memory, motion
from bsdproc.emulator.freebsd.ptrace import numbers as n
from bsdproc.emulator.freebsd.ptrace.call import (
    IO_DESC,
    IOVEC,
    Argument,
    Call,
    Request,
    copyin,
    copyout,
    number,
)

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

# Members of an enumeration are looked up by bytecode of its own: not in the hot path.
_ZOMBIE = ProcState.ZOMBIE
_NOTRACE = P2.NOTRACE

_HELD = P.TRACED | P.STOPPED_TRACE | P.WAITED
_OUT_OF_REACH = P.WEXIT | P.SYSTEM | P.INEXEC
_HELD_OR_OUT_OF_REACH = _HELD | _OUT_OF_REACH
_BEGINNINGS = frozenset({n.PT_TRACE_ME, n.PT_ATTACH})


# -- who may ask what of whom -------------------------------------------------
def target_of(system: System, td: Thread, request: int, pid: int) -> tuple[Proc, Thread]:
    """The process and the thread meant, after every check that is the same
    for all requests."""
    if request not in _BEGINNINGS and (held := _in_hand(system, td, pid)) is not None:
        return held.proc, held
    tid = 0
    if request == n.PT_TRACE_ME:
        p = td.proc
    elif pid <= PID_MAX:
        found = system.procs.get(pid)
        if found is None or found.state is _ZOMBIE:
            raise Refused(ESRCH)
        p = found
    else:
        thread = system.threads.get(pid)
        if thread is None:
            raise Refused(ESRCH)
        p, tid = thread.proc, pid
    if p.flag & P.WEXIT:
        raise Refused(ESRCH)
    cred.can_trace(system, td, p)
    if p.flag & P.SYSTEM:
        raise Refused(EINVAL)
    if tid:
        td2 = system.threads[tid]
    elif p.flag & P.STOPPED_TRACE and p.xthread is not None:
        td2 = p.xthread
    else:
        td2 = p.threads[0]
    if request == n.PT_TRACE_ME:
        if p.flag & P.TRACED:
            raise Refused(EBUSY)
        if p.parent is system.init:
            raise Refused(EPERM)
    elif request == n.PT_ATTACH:
        if p is td.proc:
            raise Refused(EINVAL)
        if p.flag & P.TRACED:
            raise Refused(EBUSY)
        if td.proc.flag & P.TRACED:
            above = td.proc.parent
            while above is not None:
                if above is p:
                    raise Refused(EINVAL)
                above = above.parent
    elif not (request == n.PT_CLEARSTEP and td2 is td):
        can_ptrace(td, p)
    return p, td2


def can_ptrace(td: Thread, p: Proc) -> None:
    """proc_can_ptrace, behind the credentials: traced, by the caller, stopped,
    and the stop waited for."""
    if not p.flag & P.TRACED:
        raise Refused(EPERM)
    if p.parent is not td.proc:
        raise Refused(EBUSY)
    if not p.flag & P.STOPPED_TRACE or not p.flag & P.WAITED:
        raise Refused(EBUSY)


def ptrace(system: System, td: Thread, request: int, pid: int, addr: Argument, data: int,
           mem: UserMemory) -> int | Request:
    """sys_ptrace: the result, or for the two requests that the tracee itself
    has to serve a generator that ends with it.  ENOSYS for everything while
    security.bsd.allow_ptrace is 0."""
    if not system.settings.get("security.bsd.allow_ptrace", 1):
        raise Refused(ENOSYS)
    handler = PLAIN.get(request)
    if handler is not None and (td2 := _in_hand(system, td, pid)) is not None:
        return handler(Call(system, td, td2, td2.proc, request, addr, data, mem))
    given = _copy_arguments(request, addr, data, mem) if request in TAKES_ARGUMENTS else b""
    return perform(system, td, request, pid, addr, data, mem, given)


def _in_hand(system: System, td: Thread, pid: int) -> Thread | None:
    """The thread that `target_of` comes to for those whom a debugger asks most often:
    stopped tracees of uid 0 that no rule is about.  None for others."""
    if pid > PID_MAX:
        td2 = system.threads.get(pid)
    else:
        named = system.procs.get(pid)
        td2 = named.xthread if named is not None else None
    if td2 is None:
        return None
    p, asker = td2.proc, td.proc
    if (p.flag & _HELD_OR_OUT_OF_REACH != _HELD or p.parent is not asker
            or p.flag2 & _NOTRACE or not cred.superuser(asker.cred)):
        return None
    return td2


def perform(system: System, td: Thread, request: int, pid: int, addr: Argument, data: int,
            mem: UserMemory, given: bytes) -> int | Request:
    """kern_ptrace, with what was copied in: `given`."""
    p, td2 = target_of(system, td, request, pid)
    handler = HANDLERS.get(request)
    if handler is not None:
        return handler(Call(system, td, td2, td2.proc, request, addr, data, mem, given))
    if request == n.PT_COREDUMP:
        return remote.coredump(system, td, p, given)
    if request == n.PT_SC_REMOTE:
        return _sc_remote(system, td2, given, addr, mem)
    if request >= n.PT_FIRSTMACH:
        return int(system.machdep.machine_request(
            system, td2, request, number(addr), data, mem))
    raise Refused(EINVAL)


SIZES_COPIED_IN = {
    n.PT_SETREGS: 176, n.PT_SETFPREGS: 512, n.PT_SETDBREGS: 128, n.PT_IO: IO_DESC.size,
    n.PT_VM_ENTRY: 64, n.PT_GETREGSET: IOVEC.size, n.PT_SETREGSET: IOVEC.size}
TAKES_ARGUMENTS = frozenset({*SIZES_COPIED_IN, n.PT_SET_EVENT_MASK, n.PT_COREDUMP, n.PT_SC_REMOTE})


def _copy_arguments(request: int, addr: Argument, data: int, mem: UserMemory) -> bytes:
    """What sys_ptrace copies in before it looks for the process."""
    size = SIZES_COPIED_IN.get(request)
    if size is not None:
        return copyin(mem, addr, size)
    if request == n.PT_SET_EVENT_MASK:
        if data != 4:
            raise Refused(EINVAL)
        return copyin(mem, addr, 4)
    if request == n.PT_COREDUMP:
        if data != remote.COREDUMP.size:
            raise Refused(EINVAL)
        return copyin(mem, addr, remote.COREDUMP.size)
    if request == n.PT_SC_REMOTE:
        if data != remote.SC_REMOTE.size:
            raise Refused(EINVAL)
        given = copyin(mem, addr, remote.SC_REMOTE.size)
        *_, nargs, args = remote.SC_REMOTE.unpack(given)
        if nargs > remote.SC_ARGS_MAX:
            raise Refused(EINVAL)
        return given + mem.copyin(args, 8 * nargs)
    return b""


def _sc_remote(system: System, td2: Thread, given: bytes, addr: Argument,
               mem: UserMemory) -> Request:
    copyout(mem, addr, (yield from remote.sc_remote(system, td2, given)))
    return 0


HANDLERS: dict[int, Callable[[Call], int]] = {
    n.PT_TRACE_ME: motion.trace_me, n.PT_ATTACH: motion.attach, n.PT_KILL: motion.kill,
    n.PT_CONTINUE: motion.resume, n.PT_STEP: motion.resume, n.PT_DETACH: motion.resume,
    n.PT_TO_SCE: motion.resume, n.PT_TO_SCX: motion.resume, n.PT_SYSCALL: motion.resume,
    n.PT_SETSTEP: motion.setstep, n.PT_CLEARSTEP: motion.clearstep,
    n.PT_SUSPEND: motion.suspend, n.PT_RESUME: motion.unsuspend,
    n.PT_FOLLOW_FORK: events.follow_fork, n.PT_LWP_EVENTS: events.lwp_events,
    n.PT_GET_EVENT_MASK: events.get_event_mask, n.PT_SET_EVENT_MASK: events.set_event_mask,
    n.PT_LWPINFO: events.lwpinfo,
    n.PT_GET_SC_ARGS: events.get_sc_args, n.PT_GET_SC_RET: events.get_sc_ret,
    n.PT_READ_I: memory.read_word, n.PT_READ_D: memory.read_word,
    n.PT_WRITE_I: memory.write_word, n.PT_WRITE_D: memory.write_word, n.PT_IO: memory.io,
    n.PT_GETREGS: memory.getregs, n.PT_SETREGS: memory.setregs,
    n.PT_GETFPREGS: memory.getfpregs, n.PT_SETFPREGS: memory.setfpregs,
    n.PT_GETDBREGS: memory.getdbregs, n.PT_SETDBREGS: memory.setdbregs,
    n.PT_GETREGSET: memory.getregset, n.PT_SETREGSET: memory.setregset,
    n.PT_GETNUMLWPS: memory.getnumlwps, n.PT_GETLWPLIST: memory.getlwplist,
    n.PT_VM_TIMESTAMP: memory.vm_timestamp, n.PT_VM_ENTRY: memory.vm_entry,
}
PLAIN = {request: handler for request, handler in HANDLERS.items()
         if request not in _BEGINNINGS and request not in TAKES_ARGUMENTS}
"""Those that are about a tracee, and have nothing copied in first."""
