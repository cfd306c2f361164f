"""struct reg, and what becomes of registers at exec, system calls and traps.

The subject of NetBSD's process_machdep.c, machdep.c and syscall.c of amd64.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import regs
from bsdproc.emulator.bsd.amd64 import trap as common
from bsdproc.emulator.bsd.amd64 import trapno as t
from bsdproc.emulator.bsd.amd64.fpu import INITIAL
from bsdproc.emulator.bsd.amd64.frame import PSL_KEPT, PSL_T, PSL_USER, context_of, frame_of
from bsdproc.emulator.bsd.signo import SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP
from bsdproc.emulator.bsd.state import KSigInfo, Thread
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.netbsd.signo import TRAP_DBREG

if TYPE_CHECKING:
    from bsdproc.emulator.machine.cpu import Cpu

REG: Final = struct.Struct("<26Q")
"""rdi rsi rdx rcx r8 .. r15 rbp rbx rax gs fs es ds trapno err rip cs rflags rsp ss."""
MAXUSER: Final = 0x7F8000000000
"""VM_MAXUSER_ADDRESS."""
UCODE, UDATA = 0x47, 0x3F
"""LSEL(LUCODE_SEL), LSEL(LUDATA_SEL): what a program's selectors are shown as."""
CODES: Final = frozenset((0x47, 0x2B))
USERSTATIC: Final = (0xFFFFFFFFFFC08028 | 0x2 | 0x200 | 0x3000 | 0x4000 | 0x20000 | 0x80000
                     | 0x100000)
"""PSL_USERSTATIC: what must be as it is, I, IOPL, NT, VM, VIF and VIP, which
a program may not change."""

TRAPS: Final = {
    t.T_PRIVINFLT: (0, SIGILL, t.ILL_PRVOPC), t.T_BPTFLT: (1, SIGTRAP, t.TRAP_BRKPT),
    t.T_ARITHTRAP: (2, SIGFPE, None), t.T_PROTFLT: (4, SIGSEGV, t.SEGV_ACCERR),
    t.T_TRCTRAP: (5, SIGTRAP, None), t.T_PAGEFLT: (6, SIGSEGV, None),
    t.T_ALIGNFLT: (7, SIGBUS, t.BUS_ADRALN), t.T_DIVIDE: (8, SIGFPE, 1),
    t.T_OFLOW: (10, SIGFPE, 2), t.T_BOUND: (11, SIGFPE, t.FPE_FLTSUB),
    t.T_FPOPFLT: (14, SIGILL, t.ILL_COPROC), t.T_TSSFLT: (15, SIGBUS, t.BUS_OBJERR),
    t.T_SEGNPFLT: (16, SIGBUS, t.BUS_OBJERR), t.T_STKFLT: (17, SIGSEGV, t.SEGV_MAPERR),
    t.T_XMMFLT: (19, SIGFPE, None),
}
"""By the shared trap number: NetBSD's, the signal, and its code if it is always that."""


def _shown(td: Thread, flags: int) -> int:
    return flags & PSL_KEPT | (PSL_USER | PSL_T if td.step else PSL_USER)


def getregs(td: Thread) -> bytes:
    """process_read_regs."""
    (r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
     rip, flags, rsp) = context_of(td).general()
    f = frame_of(td)
    return REG.pack(rdi, rsi, rdx, rcx, r8, r9, r10, r11, r12, r13, r14, r15, rbp, rbx, rax,
                    0, 0, UDATA, UDATA, f.trapno, f.err, rip, UCODE, _shown(td, flags), rsp, UDATA)


def setregs(td: Thread, data: bytes) -> None:
    """process_write_regs: EINVAL for flags or selectors that no program has,
    and for a place that none can run at."""
    (rdi, rsi, rdx, rcx, r8, r9, r10, r11, r12, r13, r14, r15, rbp, rbx, rax,
     _gs, _fs, _es, _ds, trapno, err, rip, cs, rflags, rsp, ss) = REG.unpack(data)
    context = context_of(td)
    if (rflags ^ _shown(td, context.get("rflags"))) & USERSTATIC:
        raise Refused(EINVAL)
    if cs not in CODES or ss & 3 != 3 or rip >= MAXUSER:
        raise Refused(EINVAL)
    f = frame_of(td)
    f.full_iret = f.due = True
    f.trapno, f.err = trapno & 0xFFFFFFFF, err & 0xFFFFFFFF
    td.step = bool(rflags & PSL_T)
    context.set_general((r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
                         rip, rflags & PSL_KEPT | PSL_USER, rsp))


def set_pc(td: Thread, address: int) -> None:
    """process_set_pc."""
    if address >= MAXUSER:
        raise Refused(EINVAL)
    regs.set_pc(td, address)


def exec_setregs(td: Thread, entry: int, stack: int) -> None:
    """setregs: all zero but rbx, which points to the ps_strings."""
    frame_of(td).reset()
    td.step = False
    context = context_of(td)
    context.set_general((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, td.proc.ps_strings, 0, 0, 0,
                         entry, PSL_USER, stack))
    regs.user_segments(context)
    context.set("fs_base", 0)
    context.set("gs_base", 0)
    context.set_fpu(INITIAL)


def userret(td: Thread) -> KSigInfo | None:
    """The way back: sysret leaves its marks in rcx and r11 alone.

    The processor looks at the trap flag that sysret brings back as if the instruction
    behind it were the end of the program's syscall: a step over a system call ends there.
    iret's takes effect one instruction later."""
    f = frame_of(td)
    if f.sysret and not f.full_iret:
        words = context_of(td).words()
        kept = words[regs.R8], words[regs.R9], words[regs.R10]
        ksi = regs.userret(td)
        words = context_of(td).words()
        words[regs.R8], words[regs.R9], words[regs.R10] = kept
        if ksi is None and td.step:
            f.due = True
            return step_trap(td, words[regs.RIP])
    else:
        ksi = regs.userret(td)
    return None if ksi is None else _as_netbsd(td, ksi)


def _as_netbsd(td: Thread, ksi: KSigInfo) -> KSigInfo:
    known = TRAPS.get(ksi.trapno)
    if known is not None:
        number, signo, code = known
        if ksi.trapno == t.T_PAGEFLT and ksi.signo == SIGBUS:
            signo = SIGBUS
        ksi = KSigInfo(signo, ksi.code if code is None else code, addr=ksi.addr, trapno=number)
        frame_of(td).trapno = number
    return ksi


def trap(cpu: Cpu, td: Thread) -> KSigInfo:
    """The signal of an exception."""
    ksi = _as_netbsd(td, common.trap(cpu, td))
    if ksi.trapno == 5 and cpu.dr6 & 0xF:
        ksi.code = TRAP_DBREG
    return ksi


def step_trap(td: Thread, before: int) -> KSigInfo:
    """The end of a single step."""
    return _as_netbsd(td, common.step_trap(td, before))
