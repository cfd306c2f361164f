"""A tracee's memory, registers, threads and maps."""

from __future__ import annotations

import struct

from bsdproc.emulator.bsd.state import TDB, Proc
from bsdproc.emulator.caller import UserMemory
from bsdproc.emulator.errno import EFAULT, EINVAL, ENOMEM, Refused
from bsdproc.emulator.freebsd.ptrace.call import IO_DESC, IOVEC, Call, copyout, number
from bsdproc.emulator.machine.memory import MemoryFault

PIOD_READ_D, PIOD_WRITE_D, PIOD_READ_I, PIOD_WRITE_I = 1, 2, 3, 4


# -- memory ------------------------------------------------------------------------
def read_word(c: Call) -> int:
    assert c.p.space is not None
    try:
        word = c.p.space.read(number(c.addr) & 0xFFFFFFFFFFFFFFFF, 4)
    except MemoryFault:
        raise Refused(ENOMEM) from None
    return int.from_bytes(word, "little", signed=True)


def write_word(c: Call) -> int:
    assert c.p.space is not None
    c.td2.dbgflags |= TDB.USERWR
    try:
        c.p.space.write(number(c.addr) & 0xFFFFFFFFFFFFFFFF,
                        (c.data & 0xFFFFFFFF).to_bytes(4, "little"))
    except MemoryFault:
        raise Refused(ENOMEM) from None
    return 0


def io(c: Call) -> int:
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
        try:                            # the page is brought in all the same
            there = space.read(offset, 1)
            if not reading:
                space.write(offset, there)
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
def getregs(c: Call) -> int:
    copyout(c.mem, c.addr, c.system.machdep.getregs(c.td2))
    return 0


def setregs(c: Call) -> int:
    c.td2.dbgflags |= TDB.USERWR
    c.system.machdep.setregs(c.td2, c.given)
    return 0


def getfpregs(c: Call) -> int:
    copyout(c.mem, c.addr, c.system.machdep.getfpregs(c.td2))
    return 0


def setfpregs(c: Call) -> int:
    c.td2.dbgflags |= TDB.USERWR
    c.system.machdep.setfpregs(c.td2, c.given)
    return 0


def getdbregs(c: Call) -> int:
    copyout(c.mem, c.addr, c.system.machdep.getdbregs(c.td2))
    return 0


def setdbregs(c: Call) -> int:
    c.td2.dbgflags |= TDB.USERWR
    c.system.machdep.setdbregs(c.td2, c.given)
    return 0


def getregset(c: Call) -> int:
    base, size = IOVEC.unpack(c.given)
    if base:
        c.mem.copyout(base, c.system.machdep.get_regset(c.td2, c.data, size))
    else:
        size = c.system.machdep.regset_size(c.td2, c.data)
    copyout(c.mem, c.addr, IOVEC.pack(base, size))
    return 0


def setregset(c: Call) -> int:
    base, size = IOVEC.unpack(c.given)
    c.td2.dbgflags |= TDB.USERWR
    c.system.machdep.set_regset(c.td2, c.data, size, lambda: c.mem.copyin(base, size))
    return 0


# -- threads and maps -------------------------------------------------------------------
def getnumlwps(c: Call) -> int:
    return len(c.p.threads)


def getlwplist(c: Call) -> int:
    if c.data <= 0:
        raise Refused(EINVAL)
    tids = [td.tid for td in c.p.threads[: c.data]]
    copyout(c.mem, c.addr, struct.pack(f"<{len(tids)}i", *tids))
    return len(tids)


def vm_timestamp(c: Call) -> int:
    assert c.p.space is not None
    return c.p.space.timestamp


def vm_entry(c: Call) -> int:
    layout = c.system.target.struct("struct ptrace_vm_entry")
    asked = {k: v for k, v in layout.unpack(c.given).items() if isinstance(v, int)}
    answer = c.system.machdep.ptrace_vm_entry(c.system, c.p, asked, c.mem)
    record = bytearray(c.given)         # what lies between the members stays
    for name, value in answer.items():
        layout.put(record, name, value)
    copyout(c.mem, c.addr, bytes(record))
    return 0
