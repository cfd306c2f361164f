"""The general registers of each machine: struct reg of <machine/reg.h>.

Besides the machine's own names each has pc, sp, fp, return_value and arguments
(those of the C ABI that lie in registers), and the same of a system call:
syscall_number and syscall_arguments.
"""

from __future__ import annotations

from bsdproc.netbsd.registers._base import Absent, Neutral, Register, RegisterFile
from bsdproc.typed.registers import GeneralRegisters


class Registers(RegisterFile, GeneralRegisters):
    """What every machine's general registers have; unsigned throughout."""

    __slots__ = ()


class Amd64Registers(Registers):
    """amd64, in the order of its mcontext."""

    machine = "amd64"
    __slots__ = ()
    argument_names = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
    syscall_argument_names = ("rdi", "rsi", "rdx", "r10", "r8", "r9")

    rdi = Register("regs", 0)
    rsi = Register("regs", 1)
    rdx = Register("regs", 2)
    rcx = Register("regs", 3)
    r8 = Register("regs", 4)
    r9 = Register("regs", 5)
    r10 = Register("regs", 6)
    r11 = Register("regs", 7)
    r12 = Register("regs", 8)
    r13 = Register("regs", 9)
    r14 = Register("regs", 10)
    r15 = Register("regs", 11)
    rbp = Register("regs", 12)
    rbx = Register("regs", 13)
    rax = Register("regs", 14)
    gs = Register("regs", 15)
    fs = Register("regs", 16)
    es = Register("regs", 17)
    ds = Register("regs", 18)
    trapno = Register("regs", 19)
    err = Register("regs", 20)
    rip = Register("regs", 21)
    cs = Register("regs", 22)
    rflags = Register("regs", 23)
    rsp = Register("regs", 24)
    ss = Register("regs", 25)

    pc = Neutral("regs", 21)
    sp = Neutral("regs", 24)
    fp = Neutral("regs", 12)
    return_value = Neutral("regs", 14)
    syscall_number = Neutral("regs", 14)


class I386Registers(Registers):
    """i386.  Arguments are on the stack: above the return address at sp."""

    machine = "i386"
    __slots__ = ()

    eax = Register("r_eax")
    ecx = Register("r_ecx")
    edx = Register("r_edx")
    ebx = Register("r_ebx")
    esp = Register("r_esp")
    ebp = Register("r_ebp")
    esi = Register("r_esi")
    edi = Register("r_edi")
    eip = Register("r_eip")
    eflags = Register("r_eflags")
    cs = Register("r_cs")
    ss = Register("r_ss")
    ds = Register("r_ds")
    es = Register("r_es")
    fs = Register("r_fs")
    gs = Register("r_gs")

    pc = Neutral("r_eip")
    sp = Neutral("r_esp")
    fp = Neutral("r_ebp")
    return_value = Neutral("r_eax")
    syscall_number = Neutral("r_eax")


class Aarch64Registers(Registers):
    """aarch64.  A system call's number is in its instruction."""

    machine = "aarch64"
    __slots__ = ()
    argument_names = ("x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7")
    syscall_argument_names = argument_names

    x0 = Register("r_reg", 0)
    x1 = Register("r_reg", 1)
    x2 = Register("r_reg", 2)
    x3 = Register("r_reg", 3)
    x4 = Register("r_reg", 4)
    x5 = Register("r_reg", 5)
    x6 = Register("r_reg", 6)
    x7 = Register("r_reg", 7)
    x8 = Register("r_reg", 8)
    x9 = Register("r_reg", 9)
    x10 = Register("r_reg", 10)
    x11 = Register("r_reg", 11)
    x12 = Register("r_reg", 12)
    x13 = Register("r_reg", 13)
    x14 = Register("r_reg", 14)
    x15 = Register("r_reg", 15)
    x16 = Register("r_reg", 16)
    x17 = Register("r_reg", 17)
    x18 = Register("r_reg", 18)
    x19 = Register("r_reg", 19)
    x20 = Register("r_reg", 20)
    x21 = Register("r_reg", 21)
    x22 = Register("r_reg", 22)
    x23 = Register("r_reg", 23)
    x24 = Register("r_reg", 24)
    x25 = Register("r_reg", 25)
    x26 = Register("r_reg", 26)
    x27 = Register("r_reg", 27)
    x28 = Register("r_reg", 28)
    x29 = Register("r_reg", 29)
    lr = Register("r_reg", 30)
    sp = Register("r_sp")
    pc = Register("r_pc")
    spsr = Register("r_spsr")
    tpidr = Register("r_tpidr")
    """The thread's pointer to its own storage."""

    fp = Neutral("r_reg", 29)
    return_value = Neutral("r_reg", 0)
    syscall_number = Absent("a system call's number is in its instruction")


class ArmRegisters(Registers):
    """arm.  The frame pointer is that of ARM code, r11; a system call's number is in
    its instruction."""

    machine = "arm"
    __slots__ = ()
    argument_names = ("r0", "r1", "r2", "r3")
    syscall_argument_names = argument_names

    r0 = Register("r", 0)
    r1 = Register("r", 1)
    r2 = Register("r", 2)
    r3 = Register("r", 3)
    r4 = Register("r", 4)
    r5 = Register("r", 5)
    r6 = Register("r", 6)
    r7 = Register("r", 7)
    r8 = Register("r", 8)
    r9 = Register("r", 9)
    r10 = Register("r", 10)
    r11 = Register("r", 11)
    r12 = Register("r", 12)
    sp = Register("r_sp")
    lr = Register("r_lr")
    pc = Register("r_pc")
    cpsr = Register("r_cpsr")

    fp = Neutral("r", 11)
    return_value = Neutral("r", 0)
    syscall_number = Absent("a system call's number is in its instruction")


class RiscvRegisters(Registers):
    """riscv64 and riscv32, by the ABI's names."""

    __slots__ = ()
    argument_names = ("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7")
    syscall_argument_names = argument_names

    ra = Register("r_reg", 0)
    sp = Register("r_reg", 1)
    gp = Register("r_reg", 2)
    tp = Register("r_reg", 3)
    t0 = Register("r_reg", 4)
    t1 = Register("r_reg", 5)
    t2 = Register("r_reg", 6)
    s0 = Register("r_reg", 7)
    s1 = Register("r_reg", 8)
    a0 = Register("r_reg", 9)
    a1 = Register("r_reg", 10)
    a2 = Register("r_reg", 11)
    a3 = Register("r_reg", 12)
    a4 = Register("r_reg", 13)
    a5 = Register("r_reg", 14)
    a6 = Register("r_reg", 15)
    a7 = Register("r_reg", 16)
    s2 = Register("r_reg", 17)
    s3 = Register("r_reg", 18)
    s4 = Register("r_reg", 19)
    s5 = Register("r_reg", 20)
    s6 = Register("r_reg", 21)
    s7 = Register("r_reg", 22)
    s8 = Register("r_reg", 23)
    s9 = Register("r_reg", 24)
    s10 = Register("r_reg", 25)
    s11 = Register("r_reg", 26)
    t3 = Register("r_reg", 27)
    t4 = Register("r_reg", 28)
    t5 = Register("r_reg", 29)
    t6 = Register("r_reg", 30)
    pc = Register("r_pc")

    fp = Neutral("r_reg", 7)
    return_value = Neutral("r_reg", 9)
    syscall_number = Neutral("r_reg", 30)


class Riscv64Registers(RiscvRegisters):
    """riscv64."""

    machine = "riscv64"
    __slots__ = ()


class Riscv32Registers(RiscvRegisters):
    """riscv32."""

    machine = "riscv32"
    __slots__ = ()


class PowerpcRegisters(Registers):
    """powerpc.  r31 is what compilers use for a frame pointer, where they need one."""

    machine = "powerpc"
    __slots__ = ()
    argument_names = ("r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10")
    syscall_argument_names = argument_names

    r0 = Register("fixreg", 0)
    r1 = Register("fixreg", 1)
    r2 = Register("fixreg", 2)
    r3 = Register("fixreg", 3)
    r4 = Register("fixreg", 4)
    r5 = Register("fixreg", 5)
    r6 = Register("fixreg", 6)
    r7 = Register("fixreg", 7)
    r8 = Register("fixreg", 8)
    r9 = Register("fixreg", 9)
    r10 = Register("fixreg", 10)
    r11 = Register("fixreg", 11)
    r12 = Register("fixreg", 12)
    r13 = Register("fixreg", 13)
    r14 = Register("fixreg", 14)
    r15 = Register("fixreg", 15)
    r16 = Register("fixreg", 16)
    r17 = Register("fixreg", 17)
    r18 = Register("fixreg", 18)
    r19 = Register("fixreg", 19)
    r20 = Register("fixreg", 20)
    r21 = Register("fixreg", 21)
    r22 = Register("fixreg", 22)
    r23 = Register("fixreg", 23)
    r24 = Register("fixreg", 24)
    r25 = Register("fixreg", 25)
    r26 = Register("fixreg", 26)
    r27 = Register("fixreg", 27)
    r28 = Register("fixreg", 28)
    r29 = Register("fixreg", 29)
    r30 = Register("fixreg", 30)
    r31 = Register("fixreg", 31)
    lr = Register("lr")
    cr = Register("cr")
    xer = Register("xer")
    ctr = Register("ctr")
    pc = Register("pc")

    sp = Neutral("fixreg", 1)
    fp = Neutral("fixreg", 31)
    return_value = Neutral("fixreg", 3)
    syscall_number = Neutral("fixreg", 0)


class MipsRegisters(Registers):
    """mipseb and mipsel with the o32 ABI: four arguments are in registers, the rest
    on the stack."""

    __slots__ = ()
    argument_names = ("a0", "a1", "a2", "a3")
    syscall_argument_names = argument_names

    zero = Register("r_regs", 0)
    at = Register("r_regs", 1)
    v0 = Register("r_regs", 2)
    v1 = Register("r_regs", 3)
    a0 = Register("r_regs", 4)
    a1 = Register("r_regs", 5)
    a2 = Register("r_regs", 6)
    a3 = Register("r_regs", 7)
    t0 = Register("r_regs", 8)
    t1 = Register("r_regs", 9)
    t2 = Register("r_regs", 10)
    t3 = Register("r_regs", 11)
    t4 = Register("r_regs", 12)
    t5 = Register("r_regs", 13)
    t6 = Register("r_regs", 14)
    t7 = Register("r_regs", 15)
    s0 = Register("r_regs", 16)
    s1 = Register("r_regs", 17)
    s2 = Register("r_regs", 18)
    s3 = Register("r_regs", 19)
    s4 = Register("r_regs", 20)
    s5 = Register("r_regs", 21)
    s6 = Register("r_regs", 22)
    s7 = Register("r_regs", 23)
    t8 = Register("r_regs", 24)
    t9 = Register("r_regs", 25)
    k0 = Register("r_regs", 26)
    k1 = Register("r_regs", 27)
    gp = Register("r_regs", 28)
    sp = Register("r_regs", 29)
    s8 = Register("r_regs", 30)
    ra = Register("r_regs", 31)
    sr = Register("r_regs", 32)
    mullo = Register("r_regs", 33)
    mulhi = Register("r_regs", 34)
    badvaddr = Register("r_regs", 35)
    cause = Register("r_regs", 36)
    pc = Register("r_regs", 37)

    fp = Neutral("r_regs", 30)
    return_value = Neutral("r_regs", 2)
    syscall_number = Neutral("r_regs", 2)


class MipsebRegisters(MipsRegisters):
    """mipseb."""

    machine = "mipseb"
    __slots__ = ()


class MipselRegisters(MipsRegisters):
    """mipsel."""

    machine = "mipsel"
    __slots__ = ()


class SparcFamilyRegisters(Registers):
    """sparc and sparc64.  The local and in registers, with the frame pointer, are in
    the window that sp points to."""

    __slots__ = ()
    argument_names = ("o0", "o1", "o2", "o3", "o4", "o5")
    syscall_argument_names = argument_names

    pc = Register("r_pc")
    npc = Register("r_npc")
    y = Register("r_y")
    g0 = Register("r_global", 0)
    g1 = Register("r_global", 1)
    g2 = Register("r_global", 2)
    g3 = Register("r_global", 3)
    g4 = Register("r_global", 4)
    g5 = Register("r_global", 5)
    g6 = Register("r_global", 6)
    g7 = Register("r_global", 7)
    o0 = Register("r_out", 0)
    o1 = Register("r_out", 1)
    o2 = Register("r_out", 2)
    o3 = Register("r_out", 3)
    o4 = Register("r_out", 4)
    o5 = Register("r_out", 5)
    o6 = Register("r_out", 6)
    o7 = Register("r_out", 7)

    sp = Neutral("r_out", 6)
    fp = Absent("the frame pointer is %i6, in the window that sp points to")
    return_value = Neutral("r_out", 0)
    syscall_number = Neutral("r_global", 1)


class SparcRegisters(SparcFamilyRegisters):
    """sparc."""

    machine = "sparc"
    __slots__ = ()

    psr = Register("r_psr")


class Sparc64Registers(SparcFamilyRegisters):
    """sparc64.  sp is 2047 below the address that it stands for."""

    machine = "sparc64"
    __slots__ = ()

    tstate = Register("r_tstate")
