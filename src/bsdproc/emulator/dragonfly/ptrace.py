"""ptrace(2), request by request.  The subject of sys_process.c.

The order of checks is the kernel's: what the request takes is copied in
first, then the process is found, seen and judged, then the request looks at
what it was given.  The thread asked is always the process's first.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from bsdproc.emulator.caller import LentBuffer, UserMemory
from bsdproc.emulator.dragonfly import proctree
from bsdproc.emulator.dragonfly import signo as s
from bsdproc.emulator.dragonfly.cred import checkio, p_trespass, prison_check, priv_check
from bsdproc.emulator.dragonfly.flags import Stat
from bsdproc.emulator.dragonfly.signals import ksignal, proc_unstop
from bsdproc.emulator.dragonfly.state import P, Proc, Thread
from bsdproc.emulator.errno import (
    EAGAIN,
    EBUSY,
    EFAULT,
    EINVAL,
    EPERM,
    ESRCH,
    Refused,
)
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

PT_TRACE_ME, PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D = 0, 1, 2, 4, 5
PT_CONTINUE, PT_KILL, PT_STEP, PT_ATTACH, PT_DETACH, PT_IO = range(7, 13)
(PT_GETREGS, PT_SETREGS, PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_SETDBREGS) = range(33, 39)
NAMES = {
    PT_TRACE_ME: "PT_TRACE_ME", PT_READ_I: "PT_READ_I", PT_READ_D: "PT_READ_D",
    PT_WRITE_I: "PT_WRITE_I", PT_WRITE_D: "PT_WRITE_D", PT_CONTINUE: "PT_CONTINUE",
    PT_KILL: "PT_KILL", PT_STEP: "PT_STEP", PT_ATTACH: "PT_ATTACH", PT_DETACH: "PT_DETACH",
    PT_IO: "PT_IO", PT_GETREGS: "PT_GETREGS", PT_SETREGS: "PT_SETREGS",
    PT_GETFPREGS: "PT_GETFPREGS", PT_SETFPREGS: "PT_SETFPREGS", PT_GETDBREGS: "PT_GETDBREGS",
    PT_SETDBREGS: "PT_SETDBREGS"}
PIOD_READ_D, PIOD_WRITE_D, PIOD_READ_I, PIOD_WRITE_I = 1, 2, 3, 4

IO_DESC = struct.Struct("<i4xQQQ")
"""struct ptrace_io_desc: operation, address there, address here, length."""
SIZES = {PT_GETREGS: 200, PT_SETREGS: 200, PT_GETFPREGS: 512, PT_SETFPREGS: 512,
         PT_GETDBREGS: 128, PT_SETDBREGS: 128, PT_IO: IO_DESC.size}
TAKEN = frozenset({PT_SETREGS, PT_SETFPREGS, PT_SETDBREGS, PT_IO})
"""Requests whose structure is copied in before anything else is looked at."""
STOPPED_ONLY = frozenset({
    PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D, PT_IO, PT_CONTINUE, PT_KILL, PT_STEP, PT_DETACH,
    PT_GETREGS, PT_SETREGS, PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_SETDBREGS})
OF_A_PROGRAM = frozenset({
    PT_STEP, PT_GETREGS, PT_SETREGS, PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_SETDBREGS})
"""Requests that look at registers."""
IN_PLACE = 1
"""The address that leaves the pc alone."""

Argument = int | LentBuffer


def number(where: Argument) -> int:
    """The argument as an address."""
    return where.address if isinstance(where, LentBuffer) else where & 0xFFFFFFFFFFFFFFFF


def ptrace(system: System, td: Thread, request: int, pid: int, addr: Argument, data: int,
           mem: UserMemory) -> int:
    """sys_ptrace: the result."""
    given = b""
    if request in TAKEN:
        given = mem.copyin(number(addr), SIZES[request])
    p = _target(system, td, request, pid)
    _judge(td, p, request)
    if not p.lwps:
        raise Refused(EINVAL)
    target = p.lwps[0]
    if request in OF_A_PROGRAM and target.context is None:
        # The kernel's caller, Python, has none here.
        system.note(f"process {p.pid} ({p.comm}) runs no emulated program: it has no registers")
        raise Refused(EINVAL)
    if request in (PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D):
        return _word(td, p, request, number(addr), data)
    if request == PT_IO:
        _io(td, p, addr, given, mem)
    elif request in (PT_GETREGS, PT_GETFPREGS, PT_GETDBREGS):
        may_look_inside(td, p)
        mem.copyout(number(addr), system.machdep.GET[request](target))
    elif request == PT_SETREGS:
        may_look_inside(td, p)
        system.machdep.setregs(target, given)
    elif request in (PT_SETFPREGS, PT_SETDBREGS):
        may_look_inside(td, p)
        if not target.stopped:
            raise Refused(EBUSY)
        system.machdep.SET[request](target, given)
    else:
        _control(system, td, p, target, request, number(addr), data)
    return 0


def _target(system: System, td: Thread, request: int, pid: int) -> Proc:
    """The process: ESRCH for none, a zombie and one of another jail, EINVAL
    for one of the kernel's, EAGAIN in the middle of an execve."""
    if request == PT_TRACE_ME:
        p = td.proc
    else:
        found = system.allproc.get(pid)
        if found is None or found.zombie or not prison_check(td.proc.cred, found.cred):
            raise Refused(ESRCH)
        p = found
    if p.flag & P.SYSTEM:
        raise Refused(EINVAL)
    if p.flag & P.INEXEC:
        raise Refused(EAGAIN)
    return p


def _judge(td: Thread, p: Proc, request: int) -> None:
    """Whether this request may be made of this process now."""
    me = td.proc
    if request == PT_TRACE_ME:
        return
    if request == PT_ATTACH:
        if p is me:
            raise Refused(EINVAL)
        if p.flag & P.TRACED:
            raise Refused(EBUSY)
        if me.flag & P.TRACED and any(q is p for q in proctree.above(me)):
            raise Refused(EINVAL)
        if p.cred.ruid != me.cred.ruid or p.flag & P.SUGID:
            priv_check(me.cred)
        return
    if request not in STOPPED_ONLY:
        raise Refused(EINVAL)
    if not p.flag & P.TRACED:
        raise Refused(EPERM)
    if p.parent is not me or p.stat != Stat.STOP or not p.flag & P.WAITED:
        raise Refused(EBUSY)


# -- going on ---------------------------------------------------------------------
def _control(system: System, td: Thread, p: Proc, target: Thread, request: int, addr: int,
             data: int) -> None:
    if request == PT_TRACE_ME:
        p.flag |= P.TRACED
        assert p.parent is not None
        p.oppid = p.parent.pid
        return
    if request == PT_ATTACH:
        p.flag |= P.TRACED
        assert p.parent is not None
        p.oppid = p.parent.pid
        proctree.reparent(system, p, td.proc)
        data = s.SIGSTOP
    elif request == PT_KILL:
        data = s.SIGKILL
    else:
        if not 0 <= data <= s.SIG_MAX:
            raise Refused(EINVAL)
        if request == PT_STEP:
            target.step = True
        if addr != IN_PLACE:
            system.machdep.set_pc(target, addr)
        if request == PT_DETACH:
            detach(system, p)
    if p.stat == Stat.STOP:
        p.xstat = data
        proc_unstop(system, p, Stat.STOP)
    elif data:
        ksignal(system, p, data)


def detach(system: System, p: Proc) -> None:
    """Give the process back to the parent it had, if that one still is there."""
    real = system.allproc.get(p.oppid)
    if real is not None and not real.zombie and real is not p.parent:
        proctree.reparent(system, p, real)
    p.flag &= ~(P.TRACED | P.WAITED)
    p.oppid = 0


# -- memory --------------------------------------------------------------------------
def may_look_inside(td: Thread, p: Proc) -> None:
    """What every function of procfs that ptrace(2) uses asks again: EAGAIN, EPERM.  The
    tracee's ids may have changed."""
    if p.flag & P.INEXEC:
        raise Refused(EAGAIN)
    me = td.proc
    if not checkio(me.cred, p, sugid=bool(p.flag & P.SUGID)) or p_trespass(me.cred, p.cred):
        raise Refused(EPERM)


def domem(td: Thread, p: Proc) -> None:
    """procfs_domem's checks: those, and EFAULT for one without memory."""
    may_look_inside(td, p)
    if p.space is None or p.flag & P.WEXIT:
        raise Refused(EFAULT)


def _word(td: Thread, p: Proc, request: int, addr: int, data: int) -> int:
    """An int, at any address; EFAULT when it is not all there, for which the
    part that is has been read or written.  EINVAL in place of EPERM."""
    try:
        domem(td, p)
    except Refused as error:
        raise (Refused(EINVAL) if error.errno == EPERM else error) from None
    assert p.space is not None
    try:
        if request in (PT_WRITE_I, PT_WRITE_D):
            p.space.write(addr, struct.pack("<I", data & 0xFFFFFFFF))
            return 0
        value: int = struct.unpack("<i", p.space.read(addr, 4))[0]
        return value
    except MemoryFault:
        raise Refused(EFAULT) from None


def _io(td: Thread, p: Proc, addr: Argument, given: bytes, mem: UserMemory) -> None:
    """PT_IO: page by page; after a fault the descriptor is not written back."""
    op, there, here, length = IO_DESC.unpack(given)
    if op not in (PIOD_READ_D, PIOD_WRITE_D, PIOD_READ_I, PIOD_WRITE_I):
        raise Refused(EINVAL)
    if length:
        domem(td, p)
        assert p.space is not None
        for at, size in _pages(there, length):
            try:
                if op in (PIOD_WRITE_D, PIOD_WRITE_I):
                    p.space.write(at, mem.copyin(here + at - there, size))
                else:
                    mem.copyout(here + at - there, p.space.read(at, size))
            except MemoryFault:
                raise Refused(EFAULT) from None
    with suppress(Refused):     # the kernel does not look at what comes of this
        mem.copyout(number(addr), IO_DESC.pack(op, there, here, length))


def _pages(start: int, size: int) -> list[tuple[int, int]]:
    """A range page by page, no further than the first address that is none."""
    parts: list[tuple[int, int]] = []
    at, end = start, start + size
    while at < end and len(parts) < 1 << 18:
        part = min(end - at, 4096 - at % 4096)
        parts.append((at, part))
        at += part
    return parts
