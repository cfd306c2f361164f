"""ptrace(2), request by request.  The subject of FreeBSD's sys_process.c.

The order of checks is the kernel's: arguments are copied in first, then the
target is found, seen and judged, then the request looks at what it was given.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator
from functools import lru_cache
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import proctree
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.state import (
    P2,
    PID_MAX,
    TDB,
    KSigInfo,
    P,
    Proc,
    ProcState,
    Sleep,
    Thread,
)
from bsdproc.emulator.caller import LentBuffer, UserMemory
from bsdproc.emulator.errno import (
    EBUSY,
    EFAULT,
    EINVAL,
    ENOMEM,
    ENOSYS,
    EPERM,
    ESRCH,
    Refused,
)
from bsdproc.emulator.freebsd import cred, entry, remote
from bsdproc.emulator.freebsd.fork import set_traced
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

(PT_TRACE_ME, PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D) = (0, 1, 2, 4, 5)
(PT_CONTINUE, PT_KILL, PT_STEP, PT_ATTACH, PT_DETACH, PT_IO, PT_LWPINFO, PT_GETNUMLWPS,
 PT_GETLWPLIST, PT_CLEARSTEP, PT_SETSTEP, PT_SUSPEND, PT_RESUME, PT_TO_SCE, PT_TO_SCX,
 PT_SYSCALL, PT_FOLLOW_FORK, PT_LWP_EVENTS, PT_GET_EVENT_MASK, PT_SET_EVENT_MASK,
 PT_GET_SC_ARGS, PT_GET_SC_RET, PT_COREDUMP) = range(7, 30)
(PT_GETREGS, PT_SETREGS, PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_SETDBREGS) = range(33, 39)
(PT_VM_TIMESTAMP, PT_VM_ENTRY, PT_GETREGSET, PT_SETREGSET, PT_SC_REMOTE) = range(40, 45)
PT_FIRSTMACH = 64

PL_EVENT_NONE, PL_EVENT_SIGNAL = 0, 1
PL_FLAG_SCE, PL_FLAG_SCX, PL_FLAG_EXEC, PL_FLAG_SI = 4, 8, 0x10, 0x20
PL_FLAG_FORKED, PL_FLAG_CHILD, PL_FLAG_BORN, PL_FLAG_EXITED = 0x40, 0x80, 0x100, 0x200
PL_FLAG_VFORKED, PL_FLAG_VFORK_DONE = 0x400, 0x800

PIOD_READ_D, PIOD_WRITE_D, PIOD_READ_I, PIOD_WRITE_I = 1, 2, 3, 4
EVENTS = (entry.PTRACE_EXEC | entry.PTRACE_SCE | entry.PTRACE_SCX | entry.PTRACE_FORK
          | entry.PTRACE_LWP | entry.PTRACE_VFORK)

# The layouts of struct ptrace_lwpinfo and its like on amd64.
LWPINFO = struct.Struct("<iii16s16s4x80s20siII")
LWPINFO_SIGINFO_END = 128
IO_DESC = struct.Struct("<i4xQQQ")
IOVEC = struct.Struct("<QQ")
NO_SIGINFO, NO_SIGNALS = bytes(80), bytes(16)

_ZOMBIE = ProcState.ZOMBIE

_HELD = P.TRACED | P.STOPPED_TRACE | P.WAITED
_OUT_OF_REACH = P.WEXIT | P.SYSTEM | P.INEXEC
_HELD_OR_OUT_OF_REACH = _HELD | _OUT_OF_REACH
_BEGINNINGS = frozenset({PT_TRACE_ME, PT_ATTACH})

Argument = int | LentBuffer
Request = Generator[Sleep | None, int, int]


def copyin(mem: UserMemory, where: Argument, size: int) -> bytes:
    """From the caller's memory; EFAULT."""
    if isinstance(where, LentBuffer):
        if len(where.data) < size:
            raise Refused(EFAULT)
        return bytes(where.data[:size])
    return mem.copyin(where & 0xFFFFFFFFFFFFFFFF, size)


def copyout(mem: UserMemory, where: Argument, data: bytes) -> None:
    """To the caller's memory; EFAULT."""
    if isinstance(where, LentBuffer):
        if len(where.data) < len(data):
            raise Refused(EFAULT)
        where.data[: len(data)] = data
    else:
        mem.copyout(where & 0xFFFFFFFFFFFFFFFF, data)


def number(where: Argument) -> int:
    """The argument as an address."""
    return where.address if isinstance(where, LentBuffer) else where


@lru_cache(maxsize=256)
def sigset(signals: frozenset[int]) -> bytes:
    """sigset_t."""
    return sum(1 << (sig - 1) for sig in signals).to_bytes(16, "little")


# -- who may ask what of whom -------------------------------------------------
def target_of(system: System, td: Thread, request: int, pid: int) -> tuple[Proc, Thread]:
    """The process and the thread meant, after every check that is the same
    for all requests."""
    tid = 0
    if request == PT_TRACE_ME:
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
    if _HELD & ~p.flag == 0 and p.parent is td.proc and request not in _BEGINNINGS:
        return p, td2       # traced by the caller, stopped, and waited for
    if request == PT_TRACE_ME:
        if p.flag & P.TRACED:
            raise Refused(EBUSY)
        if p.parent is system.init:
            raise Refused(EPERM)
    elif request == PT_ATTACH:
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
    elif not (request == PT_CLEARSTEP and td2 is td):
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
    given = _copy_arguments(request, addr, data, mem) if request in TAKES_ARGUMENTS else b""
    handler = HANDLERS.get(request)
    if handler is None:
        return perform(system, td, request, pid, addr, data, mem, given)
    p, td2 = _in_hand(system, td, request, pid) or target_of(system, td, request, pid)
    return handler(Call(system, td, p, td2, request, addr, data, mem, given))


def _in_hand(system: System, td: Thread, request: int, pid: int) -> tuple[Proc, Thread] | None:
    """What `target_of` comes to for those whom a debugger asks most often: stopped tracees
    of uid 0 that no rule is about.  None for others."""
    if pid > PID_MAX:
        td2 = system.threads.get(pid)
        p = td2.proc if td2 is not None else None
    else:
        p = system.procs.get(pid)
        td2 = p.xthread if p is not None else None
    if (p is None or td2 is None or p.flag & _HELD_OR_OUT_OF_REACH != _HELD
            or p.parent is not td.proc or p.flag2 & P2.NOTRACE or request in _BEGINNINGS
            or not cred.superuser(td.proc.cred)):
        return None
    return p, td2


def perform(system: System, td: Thread, request: int, pid: int, addr: Argument, data: int,
            mem: UserMemory, given: bytes) -> int | Request:
    """kern_ptrace, with what was copied in: `given`."""
    p, td2 = target_of(system, td, request, pid)
    handler = HANDLERS.get(request)
    if handler is not None:
        return handler(Call(system, td, p, td2, request, addr, data, mem, given))
    if request == PT_COREDUMP:
        return remote.coredump(system, td, p, given)
    if request == PT_SC_REMOTE:
        return _sc_remote(system, td2, given, addr, mem)
    if request >= PT_FIRSTMACH:
        return int(system.machdep.machine_request(
            system, td2, request, number(addr), data, mem))
    raise Refused(EINVAL)


SIZES_COPIED_IN = {PT_SETREGS: 176, PT_SETFPREGS: 512, PT_SETDBREGS: 128, PT_IO: IO_DESC.size,
                   PT_VM_ENTRY: 64, PT_GETREGSET: IOVEC.size, PT_SETREGSET: IOVEC.size}
TAKES_ARGUMENTS = frozenset({*SIZES_COPIED_IN, PT_SET_EVENT_MASK, PT_COREDUMP, PT_SC_REMOTE})


def _copy_arguments(request: int, addr: Argument, data: int, mem: UserMemory) -> bytes:
    """What sys_ptrace copies in before it looks for the process."""
    size = SIZES_COPIED_IN.get(request)
    if size is not None:
        return copyin(mem, addr, size)
    if request == PT_SET_EVENT_MASK:
        if data != 4:
            raise Refused(EINVAL)
        return copyin(mem, addr, 4)
    if request == PT_COREDUMP:
        if data != remote.COREDUMP.size:
            raise Refused(EINVAL)
        return copyin(mem, addr, remote.COREDUMP.size)
    if request == PT_SC_REMOTE:
        if data != remote.SC_REMOTE.size:
            raise Refused(EINVAL)
        given = copyin(mem, addr, remote.SC_REMOTE.size)
        *_, nargs, args = remote.SC_REMOTE.unpack(given)
        if nargs > remote.SC_ARGS_MAX:
            raise Refused(EINVAL)
        return given + mem.copyin(args, 8 * nargs)
    return b""


class Call:
    """One request on its way: who asks, of whom, with what."""

    __slots__ = ("addr", "data", "given", "mem", "p", "request", "system", "td", "td2")

    def __init__(self, system: System, td: Thread, p: Proc, td2: Thread, request: int,
                 addr: Argument, data: int, mem: UserMemory, given: bytes) -> None:
        self.system = system
        self.td = td
        self.p = p
        self.td2 = td2
        self.request = request
        self.addr = addr
        self.data = data
        self.mem = mem
        self.given = given


# -- beginning and end ---------------------------------------------------------
def _trace_me(c: Call) -> int:
    set_traced(c.p, stop=False)
    if c.p.flag & P.PPWAIT:
        c.p.flag |= P.PPTRACE
    return 0


def _attach(c: Call) -> int:
    set_traced(c.p, stop=True)
    c.system.proc_reparent(c.p, c.td.proc)
    if c.p.flag & P.STOPPED_SIG:
        c.p.flag &= ~(P.STOPPED_SIG | P.WAITED)
    c.system.psignal(c.p, KSigInfo(s.SIGSTOP))
    return 0


def _detach(c: Call) -> None:
    p = c.p
    p.flag &= ~(P.TRACED | P.WAITED)
    if p.parent is not None and p.oppid != p.parent.pid:
        real = c.system.proc_realparent(p)
        c.system.proc_reparent(p, real)
        if real is c.system.init:
            p.sigparent = s.SIGCHLD
    proctree.clear_orphan(c.system, p)
    p.ptevents = 0
    for td in p.threads:
        if td.dbgflags & TDB.FSTP:
            td.sigqueue.delete(s.SIGSTOP)
        td.dbgflags &= ~(TDB.XSIG | TDB.FSTP | TDB.SUSPEND)
    if p.flag2 & P2.PTRACE_FSTP:
        p.sigqueue.delete(s.SIGSTOP)
        p.flag2 &= ~P2.PTRACE_FSTP


# -- going on ------------------------------------------------------------------
MASK_BITS = {PT_TO_SCE: entry.PTRACE_SCE, PT_TO_SCX: entry.PTRACE_SCX,
             PT_SYSCALL: entry.PTRACE_SCE | entry.PTRACE_SCX, PT_CONTINUE: 0}


def _resume(c: Call) -> int:
    request, data = c.request, c.data
    if not 0 <= data <= s.SIG_MAX:
        raise Refused(EINVAL)
    if request == PT_STEP:
        c.system.machdep.single_step(c.td2)
    elif request == PT_DETACH:
        _detach(c)
    else:
        where = number(c.addr)
        if where != 1:
            c.system.machdep.set_pc(c.td2, where & 0xFFFFFFFFFFFFFFFF)
        c.p.ptevents |= MASK_BITS[request]
    return _go(c.p, data)


def _kill(c: Call) -> int:
    return _go(c.p, s.SIGKILL)


def _go(p: Proc, sig: int) -> int:
    if p.xthread is not None:
        p.xthread.dbgflags &= ~TDB.XSIG
        p.xthread.xsig = sig
        p.xthread = None
    p.xsig = sig
    if sig == s.SIGKILL:
        p.flag |= P.WKILLED
    p.flag &= ~(P.STOPPED_TRACE | P.STOPPED_SIG | P.WAITED)
    return 0


def _setstep(c: Call) -> int:
    c.system.machdep.single_step(c.td2)
    return 0


def _clearstep(c: Call) -> int:
    c.system.machdep.clear_single_step(c.td2)
    return 0


def _suspend(c: Call) -> int:
    c.td2.dbgflags |= TDB.SUSPEND
    return 0


def _unsuspend(c: Call) -> int:
    c.td2.dbgflags &= ~TDB.SUSPEND
    return 0


# -- events ----------------------------------------------------------------------
def _follow_fork(c: Call) -> int:
    return _event_bit(c, entry.PTRACE_FORK)


def _lwp_events(c: Call) -> int:
    return _event_bit(c, entry.PTRACE_LWP)


def _event_bit(c: Call, bit: int) -> int:
    c.p.ptevents = c.p.ptevents | bit if c.data else c.p.ptevents & ~bit
    return 0


def _get_event_mask(c: Call) -> int:
    if c.data != 4:
        raise Refused(EINVAL)
    copyout(c.mem, c.addr, c.p.ptevents.to_bytes(4, "little"))
    return 0


def _set_event_mask(c: Call) -> int:
    mask = int.from_bytes(c.given, "little")
    if mask & ~EVENTS:
        raise Refused(EINVAL)
    c.p.ptevents = mask
    return 0


def _lwpinfo(c: Call) -> int:
    if not 0 < c.data <= LWPINFO.size:
        raise Refused(EINVAL)
    td = c.td2
    dbg = td.dbgflags
    event, flags, child, siginfo = PL_EVENT_NONE, 0, 0, NO_SIGINFO
    if dbg & TDB.XSIG:
        event = PL_EVENT_SIGNAL
        if td.si is not None and c.data >= LWPINFO_SIGINFO_END:
            flags |= PL_FLAG_SI
            siginfo = c.system.machdep.siginfo(td.si)
    if dbg & TDB.SCE:
        flags |= PL_FLAG_SCE
    elif dbg & TDB.SCX:
        flags |= PL_FLAG_SCX
    if dbg & TDB.EXEC:
        flags |= PL_FLAG_EXEC
    if dbg & TDB.FORK:
        flags |= PL_FLAG_FORKED
        child = td.dbg_forked
        if dbg & TDB.VFORK:
            flags |= PL_FLAG_VFORKED
    elif dbg & (TDB.SCX | TDB.VFORK) == TDB.VFORK:
        flags |= PL_FLAG_VFORK_DONE
    if dbg & TDB.CHILD:
        flags |= PL_FLAG_CHILD
    if dbg & TDB.BORN:
        flags |= PL_FLAG_BORN
    if dbg & TDB.EXIT:
        flags |= PL_FLAG_EXITED
    code = narg = 0
    if dbg & (TDB.SCE | TDB.SCX):
        code, narg = td.sc_code & 0xFFFFFFFF, td.sc_narg
    pending = sigset(frozenset(td.sigqueue.signals)) if td.sigqueue.entries else NO_SIGNALS
    info = LWPINFO.pack(td.tid, event, flags, sigset(td.sigmask) if td.sigmask else NO_SIGNALS,
                        pending, siginfo, td.name.encode("utf-8", "surrogateescape")[:19],
                        child, code, narg)
    copyout(c.mem, c.addr, info[: c.data])
    return 0


def _get_sc_args(c: Call) -> int:
    if not c.td2.dbgflags & (TDB.SCE | TDB.SCX):
        raise Refused(EINVAL)
    args = c.td2.sc_args[: c.td2.sc_narg]
    words = struct.pack("<8Q", *(args + (0,) * 8)[:8])
    return _out_limited(c, words)


def _get_sc_ret(c: Call) -> int:
    td = c.td2
    if not td.dbgflags & TDB.SCX:
        raise Refused(EINVAL)
    r0, r1 = td.retval if td.errno == 0 else (0, 0)
    words = remote.sc_ret(r0, r1, td.errno)
    return _out_limited(c, words)


def _out_limited(c: Call, words: bytes) -> int:
    """MIN(uap->data, sizeof) with a signed size: a negative one is huge."""
    size = min(c.data & 0xFFFFFFFF, len(words)) if c.data >= 0 else len(words)
    copyout(c.mem, c.addr, words[:size])
    return 0


# -- memory ------------------------------------------------------------------------
def _read_word(c: Call) -> int:
    assert c.p.space is not None
    try:
        word = c.p.space.read(number(c.addr) & 0xFFFFFFFFFFFFFFFF, 4)
    except MemoryFault:
        raise Refused(ENOMEM) from None
    return int.from_bytes(word, "little", signed=True)


def _write_word(c: Call) -> int:
    assert c.p.space is not None
    c.td2.dbgflags |= TDB.USERWR
    try:
        c.p.space.write(number(c.addr) & 0xFFFFFFFFFFFFFFFF,
                        (c.data & 0xFFFFFFFF).to_bytes(4, "little"))
    except MemoryFault:
        raise Refused(ENOMEM) from None
    return 0


def _io(c: Call) -> int:
    op, offset, where, size = IO_DESC.unpack(c.given)
    if op not in (PIOD_READ_D, PIOD_WRITE_D, PIOD_READ_I, PIOD_WRITE_I):
        raise Refused(EINVAL)
    if op in (PIOD_WRITE_D, PIOD_WRITE_I):
        c.td2.dbgflags |= TDB.USERWR
    done = rwmem(c.p, offset, where, size, op in (PIOD_READ_D, PIOD_READ_I), c.mem)
    copyout(c.mem, c.addr, IO_DESC.pack(op, offset, where, done))
    return 0


def rwmem(p: Proc, offset: int, where: int, size: int, reading: bool, mem: UserMemory) -> int:
    """proc_rwmem: page by page, so that what is good is done before a fault."""
    space = p.space
    if space is None:
        raise Refused(EFAULT)
    if size == 0:
        try:
            space.read(offset, 1)
        except MemoryFault:
            raise Refused(EFAULT) from None
        return 0
    done = 0
    while done < size:
        at = offset + done
        part = min(size - done, 0x10000 - (at & 0xFFFF))
        try:
            if reading:
                mem.copyout(where + done, space.read(at, part))
            else:
                space.write(at, mem.copyin(where + done, part))
        except MemoryFault as e:
            if reading and e.done:
                mem.copyout(where + done, space.read(at, e.done))
            raise Refused(EFAULT) from None
        done += part
    return done


# -- registers -----------------------------------------------------------------------
def _getregs(c: Call) -> int:
    copyout(c.mem, c.addr, c.system.machdep.getregs(c.td2))
    return 0


def _setregs(c: Call) -> int:
    c.td2.dbgflags |= TDB.USERWR
    c.system.machdep.setregs(c.td2, c.given)
    return 0


def _getfpregs(c: Call) -> int:
    copyout(c.mem, c.addr, c.system.machdep.getfpregs(c.td2))
    return 0


def _setfpregs(c: Call) -> int:
    c.td2.dbgflags |= TDB.USERWR
    c.system.machdep.setfpregs(c.td2, c.given)
    return 0


def _getdbregs(c: Call) -> int:
    copyout(c.mem, c.addr, c.system.machdep.getdbregs(c.td2))
    return 0


def _setdbregs(c: Call) -> int:
    c.td2.dbgflags |= TDB.USERWR
    c.system.machdep.setdbregs(c.td2, c.given)
    return 0


def _getregset(c: Call) -> int:
    base, size = IOVEC.unpack(c.given)
    if base:
        c.mem.copyout(base, c.system.machdep.get_regset(c.td2, c.data, size))
    else:
        size = c.system.machdep.regset_size(c.td2, c.data)
    copyout(c.mem, c.addr, IOVEC.pack(base, size))
    return 0


def _setregset(c: Call) -> int:
    base, size = IOVEC.unpack(c.given)
    c.td2.dbgflags |= TDB.USERWR
    c.system.machdep.set_regset(c.td2, c.data, size, lambda: c.mem.copyin(base, size))
    return 0


# -- threads and maps -------------------------------------------------------------------
def _getnumlwps(c: Call) -> int:
    return len(c.p.threads)


def _getlwplist(c: Call) -> int:
    if c.data <= 0:
        raise Refused(EINVAL)
    tids = [td.tid for td in c.p.threads[: c.data]]
    copyout(c.mem, c.addr, struct.pack(f"<{len(tids)}i", *tids))
    return len(tids)


def _vm_timestamp(c: Call) -> int:
    assert c.p.space is not None
    return c.p.space.timestamp


def _vm_entry(c: Call) -> int:
    layout = c.system.target.struct("struct ptrace_vm_entry")
    asked = {k: v for k, v in layout.unpack(c.given).items() if isinstance(v, int)}
    answer = c.system.machdep.ptrace_vm_entry(c.system, c.p, asked, c.mem)
    copyout(c.mem, c.addr, layout.pack(answer))
    return 0


def _sc_remote(system: System, td2: Thread, given: bytes, addr: Argument,
               mem: UserMemory) -> Request:
    copyout(mem, addr, (yield from remote.sc_remote(system, td2, given)))
    return 0


HANDLERS: dict[int, Callable[[Call], int]] = {
    PT_TRACE_ME: _trace_me, PT_ATTACH: _attach, PT_KILL: _kill,
    PT_CONTINUE: _resume, PT_STEP: _resume, PT_TO_SCE: _resume, PT_TO_SCX: _resume,
    PT_SYSCALL: _resume, PT_DETACH: _resume,
    PT_SETSTEP: _setstep, PT_CLEARSTEP: _clearstep,
    PT_SUSPEND: _suspend, PT_RESUME: _unsuspend,
    PT_FOLLOW_FORK: _follow_fork, PT_LWP_EVENTS: _lwp_events,
    PT_GET_EVENT_MASK: _get_event_mask, PT_SET_EVENT_MASK: _set_event_mask,
    PT_LWPINFO: _lwpinfo, PT_GET_SC_ARGS: _get_sc_args, PT_GET_SC_RET: _get_sc_ret,
    PT_READ_I: _read_word, PT_READ_D: _read_word,
    PT_WRITE_I: _write_word, PT_WRITE_D: _write_word, PT_IO: _io,
    PT_GETREGS: _getregs, PT_SETREGS: _setregs,
    PT_GETFPREGS: _getfpregs, PT_SETFPREGS: _setfpregs,
    PT_GETDBREGS: _getdbregs, PT_SETDBREGS: _setdbregs,
    PT_GETREGSET: _getregset, PT_SETREGSET: _setregset,
    PT_GETNUMLWPS: _getnumlwps, PT_GETLWPLIST: _getlwplist,
    PT_VM_TIMESTAMP: _vm_timestamp, PT_VM_ENTRY: _vm_entry,
}
