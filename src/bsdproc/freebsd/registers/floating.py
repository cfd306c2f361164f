"""The floating-point registers of each machine: struct fpreg of <machine/reg.h>.

Registers wider than an integer register are numbers as well, unsigned, of as many
bits as they have: ``fp.xmm[0] = 0x3ff0000000000000`` is the double 1.0.
"""

from __future__ import annotations

from bsdproc.freebsd.registers._base import Bank, Register, RegisterFile


class FpRegisters(RegisterFile):
    """What PT_GETFPREGS gives; each machine has its own."""

    struct = "struct fpreg"
    __slots__ = ()


class Amd64FpRegisters(FpRegisters):
    """amd64: the 512 bytes of fxsave64."""

    machine = "amd64"
    __slots__ = ()

    fcw = Register("fpr_env", part=(0, 2))
    """x87 control word."""
    fsw = Register("fpr_env", part=(2, 2))
    """x87 status word."""
    ftw = Register("fpr_env", part=(4, 1))
    """x87 tag word, abridged: a bit for each register in use."""
    fop = Register("fpr_env", part=(6, 2))
    """Last x87 opcode."""
    fip = Register("fpr_env", part=(8, 8))
    """Last x87 instruction's address."""
    fdp = Register("fpr_env", part=(16, 8))
    """Last x87 operand's address."""
    mxcsr = Register("fpr_env", part=(24, 4))
    mxcsr_mask = Register("fpr_env", part=(28, 4))
    st = Bank("fpr_acc", 8, 10, stride=16)
    """x87 registers from the top of their stack, 80 bits each."""
    xmm = Bank("fpr_xacc", 16, 16)
    """SSE registers, 128 bits each."""


class I386FpRegisters(FpRegisters):
    """i386: the 108 bytes of fnsave."""

    machine = "i386"
    __slots__ = ()

    fcw = Register("fpr_env", 0)
    fsw = Register("fpr_env", 1)
    ftw = Register("fpr_env", 2)
    fip = Register("fpr_env", 3)
    fcs = Register("fpr_env", part=(16, 2))
    fop = Register("fpr_env", part=(18, 2))
    fdp = Register("fpr_env", 5)
    fds = Register("fpr_env", 6)
    st = Bank("fpr_acc", 8, 10)
    """x87 registers from the top of their stack, 80 bits each."""


class Arm64FpRegisters(FpRegisters):
    """arm64."""

    machine = "arm64"
    __slots__ = ()

    q = Bank("fp_q", 32, 16)
    """Vector registers, 128 bits each."""
    fpsr = Register("fp_sr")
    fpcr = Register("fp_cr")


class ArmFpRegisters(FpRegisters):
    """arm."""

    machine = "arm"
    __slots__ = ()

    d = Bank("fpr_r", 32, 8)
    """Double-word registers, 64 bits each."""
    fpscr = Register("fpr_fpscr")


class Riscv64FpRegisters(FpRegisters):
    """riscv64.  A double takes the lower 64 bits of a register."""

    machine = "riscv64"
    __slots__ = ()

    f = Bank("fp_x", 32, 16)
    """Registers, 128 bits each."""
    fcsr = Register("fp_fcsr")


class Powerpc64FpRegisters(FpRegisters):
    """powerpc64."""

    machine = "powerpc64"
    __slots__ = ()

    f = Bank("fpreg", 32, 8)
    """Registers, the 64 bits of a double each."""
    fpscr = Register("fpscr")
    """As a double's 64 bits."""


class Powerpc64leFpRegisters(Powerpc64FpRegisters):
    """powerpc64le: as powerpc64, in the other byte order."""

    machine = "powerpc64le"
    __slots__ = ()
