"""The floating-point registers of each machine: struct fpreg of <machine/reg.h>.

Registers wider than an integer register are numbers as well, unsigned, of as many
bits as they have: ``fp.xmm[0] = 0x3ff0000000000000`` is the double 1.0.
"""

from __future__ import annotations

from bsdproc.netbsd.registers._base import Bank, Register, RegisterFile


class FpRegisters(RegisterFile):
    """What PT_GETFPREGS gives; each machine has its own."""

    struct = "struct fpreg"
    __slots__ = ()


class Amd64FpRegisters(FpRegisters):
    """amd64: the 512 bytes of fxsave64."""

    machine = "amd64"
    __slots__ = ()

    fcw = Register("fxstate.fx_cw")
    """x87 control word."""
    fsw = Register("fxstate.fx_sw")
    """x87 status word."""
    ftw = Register("fxstate.fx_tw")
    """x87 tag word, abridged: a bit for each register in use."""
    fop = Register("fxstate.fx_opcode")
    """Last x87 opcode."""
    fip = Register("fxstate.fx_ip.fa_64")
    """Last x87 instruction's address."""
    fdp = Register("fxstate.fx_dp.fa_64")
    """Last x87 operand's address."""
    mxcsr = Register("fxstate.fx_mxcsr")
    mxcsr_mask = Register("fxstate.fx_mxcsr_mask")
    st = Bank("fxstate.fx_87_ac", 8, 10, stride=16)
    """x87 registers from the top of their stack, 80 bits each."""
    xmm = Bank("fxstate.fx_xmm", 16, 16)
    """SSE registers, 128 bits each."""


class I386FpRegisters(FpRegisters):
    """i386: the 108 bytes of fnsave."""

    machine = "i386"
    __slots__ = ()

    fcw = Register("fstate.s87_cw")
    fsw = Register("fstate.s87_sw")
    ftw = Register("fstate.s87_tw")
    fip = Register("fstate.s87_ip.fa_32.fa_off")
    fcs = Register("fstate.s87_ip.fa_32.fa_seg")
    fop = Register("fstate.s87_ip.fa_32.fa_opcode")
    fdp = Register("fstate.s87_dp.fa_32.fa_off")
    fds = Register("fstate.s87_dp.fa_32.fa_seg")
    st = Bank("fstate.s87_ac", 8, 10)
    """x87 registers from the top of their stack, 80 bits each."""


class Aarch64FpRegisters(FpRegisters):
    """aarch64."""

    machine = "aarch64"
    __slots__ = ()

    q = Bank("fp_reg", 32, 16)
    """Vector registers, 128 bits each."""
    fpcr = Register("fpcr")
    fpsr = Register("fpsr")


class ArmFpRegisters(FpRegisters):
    """arm: VFP."""

    machine = "arm"
    __slots__ = ()

    fpexc = Register("fpr_vfp.vfp_fpexc")
    fpscr = Register("fpr_vfp.vfp_fpscr")
    fpinst = Register("fpr_vfp.vfp_fpinst")
    fpinst2 = Register("fpr_vfp.vfp_fpinst2")
    d = Bank("fpr_vfp.vfp_regs", 32, 8)
    """Double-word registers, 64 bits each."""


class Riscv64FpRegisters(FpRegisters):
    """riscv64."""

    machine = "riscv64"
    __slots__ = ()

    f = Bank("r_fpreg", 32, 8)
    """Registers, 64 bits each."""
    fcsr = Register("r_fpreg", 32)


class Riscv32FpRegisters(Riscv64FpRegisters):
    """riscv32: as riscv64."""

    machine = "riscv32"
    __slots__ = ()


class PowerpcFpRegisters(FpRegisters):
    """powerpc."""

    machine = "powerpc"
    __slots__ = ()

    f = Bank("fpreg", 32, 8)
    """Registers, the 64 bits of a double each."""
    fpscr = Register("fpscr")
    """As a double's 64 bits."""


class MipsebFpRegisters(FpRegisters):
    """mipseb with the o32 ABI."""

    machine = "mipseb"
    __slots__ = ()

    f = Bank("r_regs", 32, 4)
    """Registers, 32 bits each; a double takes an even one and the next."""
    fsr = Register("r_regs", 32)


class MipselFpRegisters(MipsebFpRegisters):
    """mipsel: as mipseb, in the other byte order."""

    machine = "mipsel"
    __slots__ = ()


class SparcFpRegisters(FpRegisters):
    """sparc."""

    machine = "sparc"
    __slots__ = ()

    f = Bank("fr_regs", 32, 4)
    """Registers, 32 bits each; a double takes an even one and the next."""
    fsr = Register("fr_fsr")


class Sparc64FpRegisters(FpRegisters):
    """sparc64."""

    machine = "sparc64"
    __slots__ = ()

    f = Bank("fr_regs", 64, 4)
    """Registers, 32 bits each; a double takes two."""
    fsr = Register("fr_fsr")
    gsr = Register("fr_gsr")
