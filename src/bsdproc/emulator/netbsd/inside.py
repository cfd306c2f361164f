"""What ptrace(2) reads and writes of a process: registers, memory, core files."""

from __future__ import annotations

import struct

from bsdproc.emulator.bsd.state import Proc
from bsdproc.emulator.errno import EINVAL, EIO, Refused
from bsdproc.emulator.machine.memory import MemoryFault
from bsdproc.emulator.netbsd import coredump, psstrings
from bsdproc.emulator.netbsd.amd64.regs import MAXUSER
from bsdproc.emulator.netbsd.amd64.stack import ES_ARGLEN
from bsdproc.emulator.netbsd.request import (
    PT_GETDBREGS,
    PT_GETFPREGS,
    PT_GETREGS,
    PT_GETXSTATE,
    PT_SETDBREGS,
    PT_SETFPREGS,
    PT_SETREGS,
    PT_WRITE_D,
    PT_WRITE_I,
    Call,
    number,
)

PIOD_READ_D, PIOD_WRITE_D, PIOD_READ_I, PIOD_WRITE_I, PIOD_READ_AUXV = range(1, 6)
IO_DESC = struct.Struct("<i4xQQQ")
IOVEC = struct.Struct("<QQ")
MAXPATHLEN = 1024


def registers(c: Call) -> int:
    c.choose(c.data)
    c.has_program()
    machdep, td = c.system.machdep, c.td2
    read, write, size = {
        PT_GETREGS: (machdep.getregs, None, 208), PT_SETREGS: (None, machdep.setregs, 208),
        PT_GETFPREGS: (machdep.getfpregs, None, 512),
        PT_SETFPREGS: (None, machdep.setfpregs, 512),
        PT_GETDBREGS: (machdep.getdbregs, None, 128),
        PT_SETDBREGS: (None, machdep.setdbregs, 128)}[c.request]
    if read is not None:
        c.copyout(read(td))
    else:
        write(td, c.copyin(size))
    return 0


def word(c: Call) -> int:
    writing = c.request in (PT_WRITE_I, PT_WRITE_D)
    where = number(c.addr)
    if writing:
        transfer(c.p, where, 4, (c.data & 0xFFFFFFFF).to_bytes(4, "little"))
        return 0
    data = transfer(c.p, where, 4, None)
    return int.from_bytes(data, "little", signed=True) if data else 0


def transfer(p: Proc, where: int, size: int, new: bytes | None) -> bytes:
    """process_domem: all of it or EINVAL; nothing at all beyond the end of a
    program's addresses."""
    if where >= MAXUSER:
        return b""
    space = p.space
    if space is None:
        raise Refused(EINVAL)
    size = min(size, MAXUSER - where)
    try:
        if new is None:
            return space.read(where, size)
        space.read(where, size)
        space.write(where, new[:size])
        return new[:size]
    except MemoryFault:
        raise Refused(EINVAL) from None


def io(c: Call) -> int:
    if c.data not in (0, IO_DESC.size):
        raise Refused(EINVAL)
    op, offset, where, size = IO_DESC.unpack(c.copyin(IO_DESC.size))
    if size < 1:
        raise Refused(EINVAL)
    at = offset
    if op == PIOD_READ_AUXV:
        if offset > ES_ARGLEN:
            raise Refused(EIO)
        size = min(size, ES_ARGLEN - offset)
        at = psstrings.auxv_at(c.p) + offset
        if at > c.p.ps_strings:
            raise Refused(EIO)
        size = min(size, c.p.ps_strings - at)
    elif op not in (PIOD_READ_D, PIOD_WRITE_D, PIOD_READ_I, PIOD_WRITE_I):
        raise Refused(EINVAL)
    if op in (PIOD_WRITE_D, PIOD_WRITE_I):
        done = len(transfer(c.p, at, size, c.mem.copyin(where, size)))
    else:
        data = transfer(c.p, at, size, None)
        c.mem.copyout(where, data)
        done = len(data)
    c.copyout(IO_DESC.pack(op, offset, where, done))
    return 0


def dump_core(c: Call) -> int:
    """To the file named, `data` bytes of it, or where core files go."""
    path = None
    if number(c.addr):
        if not 0 <= c.data < MAXPATHLEN:
            raise Refused(EINVAL)
        path = c.copyin(c.data).split(b"\0")[0].decode("utf-8", "surrogateescape")
    coredump.write(c.system, c.td2, path)
    return 0


def extended(c: Call) -> int:
    """PT_GETXSTATE and PT_SETXSTATE: struct xstate through an iovec, as much
    as both hold; the x87 and SSE parts are what this processor has."""
    c.choose(c.data)
    c.has_program()
    base, size = IOVEC.unpack(c.copyin(IOVEC.size))
    layout = c.system.target.struct("struct xstate")
    at, size = layout.field("xs_fxsave").offset, min(size, layout.size)
    now = c.system.machdep.getfpregs(c.td2)
    if c.request == PT_GETXSTATE:
        c.mem.copyout(base, coredump.xstate(c.system, c.td2)[:size])
    else:
        if size < coredump.XSTATE_HEAD.size:
            raise Refused(EINVAL)
        given = c.mem.copyin(base, size).ljust(layout.size, b"\0")
        wanted, present = coredump.XSTATE_HEAD.unpack_from(given)
        if (wanted | present) & ~coredump.XSTATE_HAS:
            raise Refused(EINVAL)
        new = bytearray(now)
        parts = [(0, 24), (32, 160)] if wanted & 1 else []
        parts += [(24, 32), (160, 416)] if wanted & 2 else []
        for low, high in parts:
            new[low:high] = given[at + low:at + high]
        c.system.machdep.setfpregs(c.td2, bytes(new))
    c.copyout(IOVEC.pack(base, size))
    return 0
