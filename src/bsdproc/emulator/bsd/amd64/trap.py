"""From the processor's exceptions to signals: trap() of amd64's trap.c."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import debug
from bsdproc.emulator.bsd.amd64 import trapno as t
from bsdproc.emulator.bsd.amd64.frame import MAXUSER, PSL_RF, PSL_T, context_of, frame_of
from bsdproc.emulator.bsd.signo import SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP
from bsdproc.emulator.bsd.state import TDB, KSigInfo

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.machine.cpu import Cpu

DE, DB, BP, OF, BR, UD, NM, DF, MF_SEGMENT, TS, NP, SS, GP, PF, MF, AC, MC, XM = (
    0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19)

P_OSREL_SIGSEGV: Final = 700004
"""Programs from this version on get SIGSEGV where older ones got SIGBUS."""
UCODE_PAGEFLT: Final = 12


PUSHF: Final = 0x9C
PUSHF_PREFIXES: Final = b"\x66" + bytes(range(0x40, 0x50))
"""Of its operand's size, and REX."""
PUSHF_LONGEST: Final = 3


@dataclass(frozen=True, slots=True)
class Trap:
    trapno: int
    signo: int
    code: int


TRAPS: Final = {
    DE: Trap(t.T_DIVIDE, SIGFPE, t.FPE_INTDIV),
    DB: Trap(t.T_TRCTRAP, SIGTRAP, t.TRAP_TRACE),
    BP: Trap(t.T_BPTFLT, SIGTRAP, t.TRAP_BRKPT),
    OF: Trap(t.T_OFLOW, SIGFPE, t.FPE_INTOVF),
    BR: Trap(t.T_BOUND, SIGFPE, t.FPE_FLTSUB),
    UD: Trap(t.T_PRIVINFLT, SIGILL, t.ILL_PRVOPC),
    MF_SEGMENT: Trap(t.T_FPOPFLT, SIGILL, t.ILL_COPROC),
    TS: Trap(t.T_TSSFLT, SIGBUS, t.BUS_OBJERR),
    NP: Trap(t.T_SEGNPFLT, SIGBUS, t.BUS_ADRERR),
    SS: Trap(t.T_STKFLT, SIGBUS, t.BUS_ADRERR),
    GP: Trap(t.T_PROTFLT, SIGBUS, t.BUS_OBJERR),
    AC: Trap(t.T_ALIGNFLT, SIGBUS, t.BUS_ADRALN),
}
"""The traps whose signal does not depend on more; others end in SIGBUS."""

NO_FAULTS: Final = frozenset((DB, BP, OF))
"""Others are restarted, for which the processor sets the resume flag."""

FPE_BY_RANK: Final = (
    (0x01, t.FPE_FLTINV), (0x04, t.FPE_FLTDIV), (0x02, t.FPE_FLTUND), (0x08, t.FPE_FLTOVF),
    (0x10, t.FPE_FLTUND), (0x20, t.FPE_FLTRES), (0x40, t.FPE_FLTSUB),
)
"""Which of several floating-point exceptions the signal tells, the first first."""


def fpe_code(exceptions: int) -> int:
    """si_code of SIGFPE: `exceptions` as the x87 status word has them, bit 6
    the stack fault, which makes an invalid operation a subscript error."""
    for bit, code in FPE_BY_RANK:
        if exceptions & bit:
            return t.FPE_FLTSUB if bit == 1 and exceptions & 0x40 else code
    return 0


def trap(cpu: Cpu, td: Thread) -> KSigInfo:
    """What the thread's program is told of the exception that stopped it."""
    context, f = context_of(td), frame_of(td)
    vector = cpu.vector
    kind = TRAPS.get(vector)
    address = context.get("rip")
    f.err, f.addr = cpu.error_code, 0
    flags = context.get("rflags")
    if vector not in NO_FAULTS:
        context.set("rflags", flags | PSL_RF)
    elif vector != DB and flags & PSL_RF:
        context.set("rflags", flags & ~PSL_RF)
    if vector == PF:
        f.trapno, f.addr = t.T_PAGEFLT, cpu.address
        return page_fault(td, cpu.address)
    if vector in (MF, XM):
        area = context.fpu()
        if vector == MF:
            control, status = struct.unpack_from("<HH", area)
            code = fpe_code(status & (~control & 0x3F | 0x40))
        else:
            (mxcsr,) = struct.unpack_from("<I", area, 24)
            code = fpe_code(mxcsr & ~mxcsr >> 7 & 0x3F)
        kind = Trap(t.T_ARITHTRAP if vector == MF else t.T_XMMFLT, SIGFPE, code)
    elif vector == DB:
        if flags & PSL_T:               # set by the program itself, and it stays set
            td.step = True
            context.set("rflags", flags & ~PSL_T)
        # One exception tells of both, but a breakpoint's instruction was not done.
        return debug_trap(td, cpu.dr6 | (debug.DR6_BS if td.step and cpu.executed else 0))
    elif kind is None:
        kind = Trap(t.T_RESERVED, SIGBUS, t.BUS_OBJERR)
    f.trapno = kind.trapno
    return KSigInfo(kind.signo, kind.code, addr=address, trapno=kind.trapno)


def debug_trap(td: Thread, dr6: int) -> KSigInfo:
    """#DB, of a step (DR6_BS) or of debug registers (the slots' bits)."""
    f = td.md or frame_of(td)
    f.trapno, f.err, f.addr = t.T_TRCTRAP, 0, 0
    if f.dbregs:
        # Nobody clears what an earlier trap left there but the slots' bits.
        dr6 = td.dr[6] = td.dr[6] & ~debug.DR6_SLOTS | dr6 | debug.DR6_ONES
    if dr6 & debug.DR6_BS and td.dbgflags & TDB.STEP:
        td.step = False
        td.dbgflags &= ~TDB.STEP
    rip = (td.context or context_of(td)).rip()
    return KSigInfo(SIGTRAP, t.TRAP_TRACE, 0, 0, 0, 0, rip, 0, t.T_TRCTRAP)


def step_trap(td: Thread, before: int) -> KSigInfo:
    """The end of a single step, of the instruction at `before`."""
    if 0 < (td.context or context_of(td)).rip() - before <= PUSHF_LONGEST:
        _show_trap_flag(td, before)
    hits = debug.execution_hits(td) if td.md is not None and td.md.dbregs else 0
    return debug_trap(td, debug.DR6_BS | hits)


def _show_trap_flag(td: Thread, before: int) -> None:
    """A step of pushf: the flags that it pushes have the trap flag, by which the
    processor steps."""
    context, space = context_of(td), td.proc.space
    assert space is not None
    code = space.peek(before, context.rip() - before)
    if code[-1] != PUSHF or code[:-1].strip(PUSHF_PREFIXES):
        return
    at = context.get("rsp") + 1
    space.fill(at, bytes([space.peek(at, 1)[0] | PSL_T >> 8]))


def illegal_syscall(td: Thread) -> KSigInfo:
    """syscall in 32-bit code: an instruction that there is not."""
    context, f = context_of(td), frame_of(td)
    rip = context.get("rip") - 2 & 0xFFFFFFFF
    context.set("rip", rip)
    f.trapno, f.err, f.addr = t.T_PRIVINFLT, 0, 0
    return KSigInfo(SIGILL, t.ILL_PRVOPC, addr=rip, trapno=t.T_PRIVINFLT)


def page_fault(td: Thread, address: int) -> KSigInfo:
    """trap_pfault and vm_fault_trap: nothing there is SEGV_MAPERR, something
    without that right (the gap below a stack, too) SEGV_ACCERR, a file that
    ends before BUS_OBJERR."""
    p = td.proc
    space = p.space
    assert space is not None
    if address >= MAXUSER or space.entry_at(address) is None:
        return KSigInfo(SIGSEGV, t.SEGV_MAPERR, addr=address, trapno=t.T_PAGEFLT)
    if space.pager_failed:
        return KSigInfo(SIGBUS, t.BUS_OBJERR, addr=address, trapno=t.T_PAGEFLT)
    if p.osrel < P_OSREL_SIGSEGV:
        return KSigInfo(SIGBUS, UCODE_PAGEFLT, addr=address, trapno=t.T_PAGEFLT)
    return KSigInfo(SIGSEGV, t.SEGV_ACCERR, addr=address, trapno=t.T_PAGEFLT)
