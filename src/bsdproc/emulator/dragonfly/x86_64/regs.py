"""Registers: ptrace's view of them, and what the kernel does with them at exec,
lwp creation and system calls.  machdep.c, vm_machdep.c of pc64.

The processor runs with the selectors of the emulated machine's own descriptor
table; programs and debuggers are shown DragonFly's.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import debug
from bsdproc.emulator.bsd.amd64 import regs as shared
from bsdproc.emulator.bsd.amd64.frame import (
    MAXUSER,
    PSL_C,
    PSL_RF,
    PSL_USERCHANGE,
    UCODE,
    UCODE32,
    UDATA,
    context_of,
    frame_of,
)
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from bsdproc.emulator.bsd import state
    from bsdproc.emulator.dragonfly.state import Thread

REG: Final = struct.Struct("<25Q")
"""struct reg, which is struct trapframe: rdi to r15, xflags, trapno, addr,
flags, err, rip, cs, rflags, rsp, ss."""
SELECTORS: Final = {UCODE: 0x2B, UCODE32: 0x1B, UDATA: 0x23}
"""DragonFly's for the machine's."""
MACHINE_SELECTORS: Final = {theirs: ours for ours, theirs in SELECTORS.items()}
CHANGEABLE: Final = PSL_USERCHANGE & ~PSL_RF
"""PSL_USERCHANGE."""
T_ASTFLT, T_TRCTRAP, T_FAST_SYSCALL = 7, 10, 0x81


def trapframe(td: Thread) -> tuple[int, ...]:
    """The words of struct trapframe."""
    context, f = context_of(td), frame_of(td)
    (r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
     rip, flags, rsp) = context.general()
    cs, ss = context.get("cs"), context.get("ss")
    return (rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15,
            0, f.trapno, f.addr, 0, f.err, rip, SELECTORS.get(cs, cs),
            shared.rflags_of(td, flags) & ~PSL_RF, rsp, SELECTORS.get(ss, ss))


def put_trapframe(td: Thread, words: tuple[int, ...]) -> None:
    """Load them, `Refused(EINVAL)` for flags that are not a program's to change
    and for a code selector of another privilege."""
    (rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15,
     _, trapno, addr, _, err, rip, cs, rflags, rsp, ss) = words
    old = trapframe(td)[22]
    if (rflags ^ old) & ~CHANGEABLE or cs & 3 != 3:
        raise Refused(EINVAL)
    context, f = context_of(td), frame_of(td)
    f.trapno, f.addr, f.err = trapno & 0xFFFFFFFF, addr, err & 0xFFFFFFFF
    for name, selector in (("cs", cs & 0xFFFF), ("ss", ss & 0xFFFF)):
        wanted = MACHINE_SELECTORS.get(selector, selector)
        if context.get(name) != wanted:
            context.set(name, wanted)
    f.full_iret = f.due = True
    context.set_general((r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax,
                         rip, shared.set_rflags(td, rflags), rsp))


def getregs(td: Thread) -> bytes:
    """fill_regs."""
    return REG.pack(*trapframe(td))


def setregs(td: Thread, data: bytes) -> None:
    """set_regs."""
    put_trapframe(td, REG.unpack(data))


def set_pc(td: Thread, address: int) -> None:
    """ptrace_set_pc: any address, made canonical."""
    if address & 1 << 47:
        address |= 0xFFFF << 48
    else:
        address &= (1 << 48) - 1
    shared.set_pc(td, address)


def exec_setregs(td: Thread, entry: int, stack: int) -> None:
    """The registers of a new program; `stack` is where argc stands."""
    envp = context_of(td).get("rdx")
    shared.exec_setregs(td, entry, stack)
    context = context_of(td)
    # The system call's second result register is written behind this.
    context.set("rdx", envp)
    frame_of(td).full_iret = True


def set_user_base(td: Thread, name: str, base: int) -> None:
    """set_tls_area(2)'s: the base of a segment that the program addresses by."""
    if base >= MAXUSER:
        raise Refused(EINVAL)
    context_of(td).set(name, base)


def cpu_fork(parent: Thread, child: Thread) -> None:
    """The child's registers: its results are 0 and 1."""
    shared.cpu_fork(parent, child)


def prepare_lwp(td: Thread, parent: Thread, function: int, argument: int, stack: int) -> None:
    """cpu_prepare_lwp: where a new lwp begins, a null return address on its
    stack.  EFAULT when that cannot be written."""
    shared.copy_thread(parent, td)
    context = context_of(td)
    rsp = stack - 8 & 0xFFFFFFFFFFFFFFFF
    context.set("rip", function)
    context.set("rdi", argument)
    context.set("rsp", rsp)
    context.set("rax", 0)
    context.set("rdx", 1)
    context.set("rflags", context.get("rflags") & ~PSL_C)
    space = td.proc.space
    assert space is not None
    space.copyout(rsp, bytes(8))


def fetch_syscall_args(
    td: state.Thread, narg_of: Callable[[int], int]
) -> tuple[int, int, tuple[int, ...]]:
    """Number, number of arguments, arguments; the frame says where it came from."""
    try:
        return shared.fetch_syscall_args(td, narg_of)
    finally:
        f = frame_of(td)
        f.trapno, f.full_iret = T_FAST_SYSCALL, True


def interrupted(td: Thread) -> None:
    """The program was interrupted for a signal or a stop (T_ASTFLT)."""
    f = frame_of(td)
    f.trapno, f.err, f.addr = T_ASTFLT, 0, 0


# -- debug registers ------------------------------------------------------------------
DBREG: Final = struct.Struct("<16Q")


def getdbregs(td: Thread) -> bytes:
    """fill_dbregs.  The real kernel leaves what is behind the eighth register to
    whatever its stack held; here that is zero."""
    return debug.getdbregs(td)


def setdbregs(td: Thread, data: bytes) -> None:
    """set_dbregs: EINVAL for an I/O breakpoint, and for an enabled slot's kernel
    address unless the process is the superuser's."""
    dr = DBREG.unpack(data)
    dr7 = dr[7]
    if any(debug.access(dr7, slot) == debug.ACCESS_IO for slot in range(4)):
        raise Refused(EINVAL)
    if td.proc.cred.uid != 0 and any(
            debug.enabled(dr7, slot) and dr[slot] >= MAXUSER for slot in range(4)):
        raise Refused(EINVAL)
    td.dr[:] = [*dr[:4], 0, 0, dr[6], dr7, *[0] * (len(td.dr) - 8)]
    f = frame_of(td)
    f.dbregs = f.due = True


# -- floating point: the x87 state alone, as the i386 had it -------------------------------
SAVE87: Final = struct.Struct("<7I80s")
"""struct save87: control, status and tag words, instruction pointer, its
selector and opcode, operand pointer and selector, eight registers of ten bytes."""
FPREG: Final = 512


def getfpregs(td: Thread) -> bytes:
    """fill_fpregs: 108 bytes.  What follows is left-over kernel stack on the real
    kernel, and zero here."""
    area = context_of(td).fpu()
    control, status, tag, opcode = struct.unpack_from("<HHBxH", area)
    ip, cs, data, ds = struct.unpack_from("<IHxxIH", area, 8)
    registers = b"".join(area[32 + 16 * i : 42 + 16 * i] for i in range(8))
    return SAVE87.pack(control, status, tag, ip, cs | opcode << 16, data, ds,
                       registers).ljust(FPREG, b"\0")


def setfpregs(td: Thread, data: bytes) -> None:
    """set_fpregs: those 108 bytes; xmm registers stay."""
    control, status, tag, ip, where, operand, ds, registers = SAVE87.unpack_from(data)
    area = bytearray(context_of(td).fpu())
    struct.pack_into("<HHBxH", area, 0, control & 0xFFFF, status & 0xFFFF, tag & 0xFF, where >> 16)
    struct.pack_into("<IHxxIH", area, 8, ip, where & 0xFFFF, operand, ds & 0xFFFF)
    for i in range(8):
        area[32 + 16 * i : 42 + 16 * i] = registers[10 * i : 10 * i + 10]
    context_of(td).set_fpu(bytes(area))

