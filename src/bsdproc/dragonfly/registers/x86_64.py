"""x86_64: struct reg, struct fpreg and struct dbreg of <machine/reg.h>."""

from __future__ import annotations

from typing import Final

from bsdproc.dragonfly.constants.machine import DebugAccess
from bsdproc.typed import registers, x86
from bsdproc.typed.registers import Bank, GeneralRegisters, Neutral, Register


class RegisterFile(registers.RegisterFile):
    """A struct of registers, kept as bytes; subclasses name the registers."""

    system = "dragonfly"
    __slots__ = ()


class Registers(RegisterFile, GeneralRegisters):
    """What PT_GETREGS gives; unsigned throughout."""

    __slots__ = ()


class X86_64Registers(Registers):
    """x86_64.  xflags, addr, flags and err are the trap's that the process last took."""

    machine = "x86_64"
    __slots__ = ()
    argument_names = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
    syscall_argument_names = ("rdi", "rsi", "rdx", "r10", "r8", "r9")

    rdi = Register("r_rdi")
    rsi = Register("r_rsi")
    rdx = Register("r_rdx")
    rcx = Register("r_rcx")
    r8 = Register("r_r8")
    r9 = Register("r_r9")
    rax = Register("r_rax")
    rbx = Register("r_rbx")
    rbp = Register("r_rbp")
    r10 = Register("r_r10")
    r11 = Register("r_r11")
    r12 = Register("r_r12")
    r13 = Register("r_r13")
    r14 = Register("r_r14")
    r15 = Register("r_r15")
    xflags = Register("r_xflags")
    trapno = Register("r_trapno")
    addr = Register("r_addr")
    """Address of the fault."""
    flags = Register("r_flags")
    err = Register("r_err")
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


class FpRegisters(RegisterFile):
    """What PT_GETFPREGS gives."""

    struct = "struct fpreg"
    __slots__ = ()


SAVE87: Final = 108
"""Bytes of `struct fpreg` that the kernel fills: the 32-bit save area of the x87."""


class X86_64FpRegisters(FpRegisters):
    """x86_64: the x87 in the layout that fnsave has in 32-bit mode, and no more.

    The struct has room for what fxsave writes (512 bytes, %xmm included); DragonFly
    5.9 fills the first 108 of them and leaves the rest to what lay on its stack."""

    machine = "x86_64"
    __slots__ = ()

    fcw = Register("fpr_env", part=(0, 2))
    """x87 control word."""
    fsw = Register("fpr_env", part=(4, 2))
    """x87 status word."""
    ftw = Register("fpr_env", part=(8, 2))
    """x87 tag word, abridged as fxsave does it: a bit for each register in use."""
    fip = Register("fpr_env", part=(12, 4))
    """Last x87 instruction's address, its low half."""
    fcs = Register("fpr_env", part=(16, 2))
    fop = Register("fpr_env", part=(18, 2))
    """Last x87 opcode."""
    foo = Register("fpr_env", part=(20, 4))
    """Last x87 operand's address, its low half."""
    fos = Register("fpr_env", part=(24, 2))
    st = Bank("fpr_env", 8, 10, offset=28)
    """x87 registers from the top of their stack, 80 bits each."""

    def cleared(self) -> X86_64FpRegisters:
        """The same without what the kernel has not filled."""
        data = bytes(self)
        return type(self)(data[:SAVE87] + bytes(len(data) - SAVE87))


class DebugRegisters(RegisterFile):
    """What PT_GETDBREGS gives."""

    struct = "struct dbreg"
    __slots__ = ()


class X86_64DebugRegisters(DebugRegisters, x86.DebugRegisters):
    """x86_64: four addresses in dr[0..3], status in dr6, control in dr7.

    DragonFly 5.9 leaves dr[8..15] to what lay on its stack."""

    machine = "x86_64"
    access = DebugAccess
    lengths = (1, 2, 4, 8)
    __slots__ = ()

    dr = Bank("dr", 16, 8)

    def cleared(self) -> X86_64DebugRegisters:
        """The same without what the kernel has not filled."""
        clean = self.copy()
        clean.dr = (*self.dr[:8], *bytes(8))
        return clean
