"""The general registers of each machine: struct reg of <machine/reg.h>.

Besides the machine's own names each has pc, sp, fp, return_value and arguments
(those of the C ABI that lie in registers), and the same of a system call:
syscall_number and syscall_arguments.
"""

from __future__ import annotations

from bsdproc.freebsd.registers._base import Neutral, Register, RegisterFile
from bsdproc.typed.registers import GeneralRegisters


class Registers(RegisterFile, GeneralRegisters):
    """What every machine's general registers have; unsigned throughout."""

    __slots__ = ()


class Amd64Registers(Registers):
    """amd64."""

    machine = "amd64"
    __slots__ = ()
    argument_names = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
    syscall_argument_names = ("rdi", "rsi", "rdx", "r10", "r8", "r9")

    r15 = Register("r_r15")
    r14 = Register("r_r14")
    r13 = Register("r_r13")
    r12 = Register("r_r12")
    r11 = Register("r_r11")
    r10 = Register("r_r10")
    r9 = Register("r_r9")
    r8 = Register("r_r8")
    rdi = Register("r_rdi")
    rsi = Register("r_rsi")
    rbp = Register("r_rbp")
    rbx = Register("r_rbx")
    rdx = Register("r_rdx")
    rcx = Register("r_rcx")
    rax = Register("r_rax")
    trapno = Register("r_trapno")
    fs = Register("r_fs")
    gs = Register("r_gs")
    err = Register("r_err")
    es = Register("r_es")
    ds = Register("r_ds")
    rip = Register("r_rip")
    cs = Register("r_cs")
    rflags = Register("r_rflags")
    rsp = Register("r_rsp")
    ss = Register("r_ss")

    pc = Neutral("r_rip")
    sp = Neutral("r_rsp")
    fp = Neutral("r_rbp")
    return_value = Neutral("r_rax")
    syscall_number = Neutral("r_rax")


class I386Registers(Registers):
    """i386.  Arguments are on the stack: above the return address at sp."""

    machine = "i386"
    __slots__ = ()

    fs = Register("r_fs")
    es = Register("r_es")
    ds = Register("r_ds")
    edi = Register("r_edi")
    esi = Register("r_esi")
    ebp = Register("r_ebp")
    isp = Register("r_isp")
    ebx = Register("r_ebx")
    edx = Register("r_edx")
    ecx = Register("r_ecx")
    eax = Register("r_eax")
    trapno = Register("r_trapno")
    err = Register("r_err")
    eip = Register("r_eip")
    cs = Register("r_cs")
    eflags = Register("r_eflags")
    esp = Register("r_esp")
    ss = Register("r_ss")
    gs = Register("r_gs")

    pc = Neutral("r_eip")
    sp = Neutral("r_esp")
    fp = Neutral("r_ebp")
    return_value = Neutral("r_eax")
    syscall_number = Neutral("r_eax")


class Arm64Registers(Registers):
    """arm64.  elr is the program counter, spsr the processor state."""

    machine = "arm64"
    __slots__ = ()
    argument_names = ("x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7")
    syscall_argument_names = argument_names

    x0 = Register("x", 0)
    x1 = Register("x", 1)
    x2 = Register("x", 2)
    x3 = Register("x", 3)
    x4 = Register("x", 4)
    x5 = Register("x", 5)
    x6 = Register("x", 6)
    x7 = Register("x", 7)
    x8 = Register("x", 8)
    x9 = Register("x", 9)
    x10 = Register("x", 10)
    x11 = Register("x", 11)
    x12 = Register("x", 12)
    x13 = Register("x", 13)
    x14 = Register("x", 14)
    x15 = Register("x", 15)
    x16 = Register("x", 16)
    x17 = Register("x", 17)
    x18 = Register("x", 18)
    x19 = Register("x", 19)
    x20 = Register("x", 20)
    x21 = Register("x", 21)
    x22 = Register("x", 22)
    x23 = Register("x", 23)
    x24 = Register("x", 24)
    x25 = Register("x", 25)
    x26 = Register("x", 26)
    x27 = Register("x", 27)
    x28 = Register("x", 28)
    x29 = Register("x", 29)
    lr = Register("lr")
    sp = Register("sp")
    elr = Register("elr")
    spsr = Register("spsr")

    pc = Neutral("elr")
    fp = Neutral("x", 29)
    return_value = Neutral("x", 0)
    syscall_number = Neutral("x", 8)


class ArmRegisters(Registers):
    """arm (v7).  The frame pointer is that of ARM code, r11."""

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
    syscall_number = Neutral("r", 7)


class Riscv64Registers(Registers):
    """riscv64, by the ABI's names.  sepc is the program counter."""

    machine = "riscv64"
    __slots__ = ()
    argument_names = ("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7")
    syscall_argument_names = argument_names

    ra = Register("ra")
    sp = Register("sp")
    gp = Register("gp")
    tp = Register("tp")
    t0 = Register("t", 0)
    t1 = Register("t", 1)
    t2 = Register("t", 2)
    t3 = Register("t", 3)
    t4 = Register("t", 4)
    t5 = Register("t", 5)
    t6 = Register("t", 6)
    s0 = Register("s", 0)
    s1 = Register("s", 1)
    s2 = Register("s", 2)
    s3 = Register("s", 3)
    s4 = Register("s", 4)
    s5 = Register("s", 5)
    s6 = Register("s", 6)
    s7 = Register("s", 7)
    s8 = Register("s", 8)
    s9 = Register("s", 9)
    s10 = Register("s", 10)
    s11 = Register("s", 11)
    a0 = Register("a", 0)
    a1 = Register("a", 1)
    a2 = Register("a", 2)
    a3 = Register("a", 3)
    a4 = Register("a", 4)
    a5 = Register("a", 5)
    a6 = Register("a", 6)
    a7 = Register("a", 7)
    sepc = Register("sepc")
    sstatus = Register("sstatus")

    pc = Neutral("sepc")
    fp = Neutral("s", 0)
    return_value = Neutral("a", 0)
    syscall_number = Neutral("t", 0)


class Powerpc64Registers(Registers):
    """powerpc64.  r31 is what compilers use for a frame pointer, where they need one."""

    machine = "powerpc64"
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


class Powerpc64leRegisters(Powerpc64Registers):
    """powerpc64le: as powerpc64, in the other byte order."""

    machine = "powerpc64le"
    __slots__ = ()
