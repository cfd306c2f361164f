"""Register sets that only some machines have: VFP, SSE, AltiVec and VSX."""

from __future__ import annotations

from bsdproc.freebsd.registers._base import Bank, Place, Register, RegisterFile


class VfpRegisters(RegisterFile):
    """struct vfpreg of arm (PT_GETVFPREGS), and what arm64 gives of a 32-bit process."""

    machine = "arm"
    struct = "struct vfpreg"
    __slots__ = ()

    d = Bank("vfp_reg", 32, 8)
    """Double-word registers, 64 bits each."""
    fpscr = Register("vfp_scr")


class XmmRegisters(RegisterFile):
    """struct xmmreg of i386 (PT_GETXMMREGS): the 512 bytes of fxsave."""

    machine = "i386"
    struct = "struct xmmreg"
    __slots__ = ()

    fcw = Register("xmm_env", part=(0, 2))
    fsw = Register("xmm_env", part=(2, 2))
    ftw = Register("xmm_env", part=(4, 1))
    fop = Register("xmm_env", part=(6, 2))
    fip = Register("xmm_env", part=(8, 4))
    fcs = Register("xmm_env", part=(12, 2))
    fdp = Register("xmm_env", part=(16, 4))
    fds = Register("xmm_env", part=(20, 2))
    mxcsr = Register("xmm_env", part=(24, 4))
    mxcsr_mask = Register("xmm_env", part=(28, 4))
    st = Bank("xmm_acc", 8, 10, stride=16)
    """x87 registers from the top of their stack, 80 bits each."""
    xmm = Bank("xmm_reg", 8, 16)
    """SSE registers, 128 bits each."""


class VmxRegisters(RegisterFile):
    """struct vmxreg of powerpc64 (PT_GETVRREGS, NT_PPC_VMX): AltiVec."""

    machine = "powerpc64"
    struct = "struct vmxreg"
    __slots__ = ()

    vr = Bank("vr", 32, 16)
    """Vector registers, 128 bits each."""
    vrsave = Register("vrsave")
    vscr = Register("vscr")


class VmxRegistersLe(VmxRegisters):
    """powerpc64le: as powerpc64, in the other byte order."""

    machine = "powerpc64le"
    __slots__ = ()


class VsxRegisters(RegisterFile):
    """PT_GETVSRREGS, NT_PPC_VSX: the second doubleword of VSR0 to VSR31.

    Their first ones are the floating-point registers, and VSR32 to VSR63 the
    AltiVec ones.  The headers have no struct for it: 32 numbers of 64 bits."""

    machine = "powerpc64"
    struct = "uint64_t[32]"
    __slots__ = ()

    vsr = Bank("vsr", 32, 8)

    @classmethod
    def _length(cls) -> int:
        return 32 * 8

    @classmethod
    def _place(cls, field: str) -> Place:
        return Place(0, cls._length(), 8)


class VsxRegistersLe(VsxRegisters):
    """powerpc64le: as powerpc64, in the other byte order."""

    machine = "powerpc64le"
    __slots__ = ()
