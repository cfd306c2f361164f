"""Register sets that only some machines have: SSE, XSAVE's and AltiVec."""

from __future__ import annotations

from enum import KEEP, Flag

from bsdproc.netbsd.registers._base import Bank, Register, RegisterFile


class XmmRegisters(RegisterFile):
    """struct xmmregs of i386 (PT_GETXMMREGS): the 512 bytes of fxsave."""

    machine = "i386"
    struct = "struct xmmregs"
    __slots__ = ()

    fcw = Register("fxstate.fx_cw")
    fsw = Register("fxstate.fx_sw")
    ftw = Register("fxstate.fx_tw")
    fop = Register("fxstate.fx_opcode")
    fip = Register("fxstate.fx_ip.fa_32.fa_off")
    fcs = Register("fxstate.fx_ip.fa_32.fa_seg")
    fdp = Register("fxstate.fx_dp.fa_32.fa_off")
    fds = Register("fxstate.fx_dp.fa_32.fa_seg")
    mxcsr = Register("fxstate.fx_mxcsr")
    mxcsr_mask = Register("fxstate.fx_mxcsr_mask")
    st = Bank("fxstate.fx_87_ac", 8, 10, stride=16)
    """x87 registers from the top of their stack, 80 bits each."""
    xmm = Bank("fxstate.fx_xmm", 8, 16)
    """SSE registers, 128 bits each."""


class XFeature(Flag, boundary=KEEP):
    """Components of `XState`, as the bits of XCR0."""

    X87 = 1 << 0
    SSE = 1 << 1
    AVX = 1 << 2
    OPMASK = 1 << 5
    ZMM_HI256 = 1 << 6
    HI16_ZMM = 1 << 7


class XState(RegisterFile):
    """struct xstate of amd64 and i386 (PT_GETXSTATE): the state of XSAVE, with a place
    for every component whatever the processor has.

    `in_use` says which components are not in their initial state; what is set of
    another takes effect when its bit is set there as well.  `requested` says which
    PT_SETXSTATE is to set; the kernel gives those that it has."""

    struct = "struct xstate"
    __slots__ = ()

    rfbm = Register("xs_rfbm")
    """Requested-feature bitmap (see `requested`)."""
    xstate_bv = Register("xs_xstate_bv")
    """Components in use (see `in_use`)."""
    fcw = Register("xs_fxsave.fx_cw")
    fsw = Register("xs_fxsave.fx_sw")
    ftw = Register("xs_fxsave.fx_tw")
    fop = Register("xs_fxsave.fx_opcode")
    fip = Register("xs_fxsave.fx_ip.fa_64")
    fdp = Register("xs_fxsave.fx_dp.fa_64")
    mxcsr = Register("xs_fxsave.fx_mxcsr")
    mxcsr_mask = Register("xs_fxsave.fx_mxcsr_mask")
    st = Bank("xs_fxsave.fx_87_ac", 8, 10, stride=16)
    """x87 registers from the top of their stack, 80 bits each."""
    xmm = Bank("xs_fxsave.fx_xmm", 16, 16)
    """SSE registers, 128 bits each: the lower halves of ymm0 to ymm15."""
    ymm_hi128 = Bank("xs_ymm_hi128", 16, 16)
    """The upper halves of ymm0 to ymm15."""
    opmask = Bank("xs_opmask", 8, 8)
    """k0 to k7."""
    zmm_hi256 = Bank("xs_zmm_hi256", 16, 32)
    """The upper halves of zmm0 to zmm15."""
    hi16_zmm = Bank("xs_hi16_zmm", 16, 64)
    """zmm16 to zmm31, 512 bits each."""

    @property
    def requested(self) -> XFeature:
        """The components that are there, and that PT_SETXSTATE sets."""
        return XFeature(self.rfbm)

    @requested.setter
    def requested(self, components: XFeature) -> None:
        self.rfbm = components.value

    @property
    def in_use(self) -> XFeature:
        """The components that are not in their initial state."""
        return XFeature(self.xstate_bv)

    @in_use.setter
    def in_use(self, components: XFeature) -> None:
        self.xstate_bv = components.value

    def ymm(self, index: int) -> int:
        """ymm0 .. ymm15, of its two halves."""
        return self.xmm[index] | self.ymm_hi128[index] << 128

    def set_ymm(self, index: int, value: int) -> None:
        """Set ymm0 .. ymm15 and take SSE and AVX into use."""
        self.ymm_hi128[index] = value >> 128
        self.xmm[index] = value & (1 << 128) - 1
        self.in_use |= XFeature.SSE | XFeature.AVX


class Amd64XState(XState):
    """amd64."""

    machine = "amd64"
    __slots__ = ()


class I386XState(XState):
    """i386, where the upper half of each row of 16 means nothing."""

    machine = "i386"
    __slots__ = ()


class VectorRegisters(RegisterFile):
    """struct vreg of powerpc (PT_GETVECREGS): AltiVec."""

    machine = "powerpc"
    struct = "struct vreg"
    __slots__ = ()

    vr = Bank("vreg", 32, 16)
    """Vector registers, 128 bits each."""
    vrsave = Register("vrsave")
    vscr = Register("vscr")
