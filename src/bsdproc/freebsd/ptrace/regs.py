"""The registers of a thread, each request with the machine's own class.

All of these take a process's id for the thread that reported the stop, or a
thread's own.  The tracee must be stopped and waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.registers import (
    DEBUG,
    FLOATING,
    GENERAL,
    DebugRegisters,
    FpRegisters,
    Registers,
    VfpRegisters,
    VmxRegisters,
    VmxRegistersLe,
    VsxRegisters,
    VsxRegistersLe,
    XmmRegisters,
)
from bsdproc.typed.transfer import Transfer

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_TRANSFER: Final = Transfer(_call.SYSTEM)
_get = _TRANSFER.get
_set = _TRANSFER.set


def getregs(pid: int, *, kernel: Kernel | None = None) -> Registers:
    """PT_GETREGS: the general registers, as the class of the kernel's machine.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, "PT_GETREGS", pid, GENERAL[kernel.target.machine])


def setregs(pid: int, registers: Registers, *, kernel: Kernel | None = None) -> None:
    """PT_SETREGS: set the general registers.

    `KernelError` (EINVAL) for what a user may not set: privileged flags, foreign
    code segments.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    _set(kernel, "PT_SETREGS", pid, registers, GENERAL[kernel.target.machine])


def getfpregs(pid: int, *, kernel: Kernel | None = None) -> FpRegisters:
    """PT_GETFPREGS: the floating-point registers.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, "PT_GETFPREGS", pid, FLOATING[kernel.target.machine])


def setfpregs(pid: int, registers: FpRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETFPREGS: set the floating-point registers.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    _set(kernel, "PT_SETFPREGS", pid, registers, FLOATING[kernel.target.machine])


def getdbregs(pid: int, *, kernel: Kernel | None = None) -> DebugRegisters:
    """PT_GETDBREGS: the debug registers.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, "PT_GETDBREGS", pid, DEBUG[kernel.target.machine])


def setdbregs(pid: int, registers: DebugRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETDBREGS: set the debug registers.

    `KernelError` (EINVAL) for enabled addresses beyond the user's and for kinds
    of access that a user may not watch.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    _set(kernel, "PT_SETDBREGS", pid, registers, DEBUG[kernel.target.machine])


# -- i386 ---------------------------------------------------------------------


def getxmmregs(pid: int, *, kernel: Kernel | None = None) -> XmmRegisters:
    """PT_GETXMMREGS (i386): the x87 and SSE registers.  `NotSupported` elsewhere.  ptrace(2)."""
    return _get(_call.freebsd(kernel), "PT_GETXMMREGS", pid, XmmRegisters)


def setxmmregs(pid: int, registers: XmmRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETXMMREGS (i386): set the x87 and SSE registers.  `NotSupported` elsewhere.

    ptrace(2)."""
    _set(_call.freebsd(kernel), "PT_SETXMMREGS", pid, registers, XmmRegisters)


# -- arm, and arm64's 32-bit processes ------------------------------------------


def getvfpregs(pid: int, *, kernel: Kernel | None = None) -> VfpRegisters:
    """PT_GETVFPREGS (arm): the VFP registers.  `NotSupported` elsewhere.  ptrace(2)."""
    return _get(_call.freebsd(kernel), "PT_GETVFPREGS", pid, VfpRegisters)


def setvfpregs(pid: int, registers: VfpRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETVFPREGS (arm): set the VFP registers.  `NotSupported` elsewhere.  ptrace(2)."""
    _set(_call.freebsd(kernel), "PT_SETVFPREGS", pid, registers, VfpRegisters)


def getvfpregs32(pid: int, *, kernel: Kernel | None = None) -> VfpRegisters:
    """PT_GETVFPREGS32 (arm64): the VFP registers of a 32-bit tracee.

    `NotSupported` elsewhere, `KernelError` (EINVAL) for a 64-bit tracee.  ptrace(2)."""
    return _get(_call.freebsd(kernel), "PT_GETVFPREGS32", pid, VfpRegisters)


def setvfpregs32(pid: int, registers: VfpRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETVFPREGS32 (arm64): set the VFP registers of a 32-bit tracee.

    `NotSupported` elsewhere, `KernelError` (EINVAL) for a 64-bit tracee.  ptrace(2)."""
    _set(_call.freebsd(kernel), "PT_SETVFPREGS32", pid, registers, VfpRegisters)


# -- powerpc64 ------------------------------------------------------------------


def getvrregs(pid: int, *, kernel: Kernel | None = None) -> VmxRegisters:
    """PT_GETVRREGS (powerpc): the AltiVec registers.

    `NotSupported` elsewhere, `KernelError` (EINVAL) on a processor without them.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, "PT_GETVRREGS", pid, _vmx(kernel))


def setvrregs(pid: int, registers: VmxRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETVRREGS (powerpc): set the AltiVec registers.  `NotSupported` elsewhere.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    _set(kernel, "PT_SETVRREGS", pid, registers, _vmx(kernel))


def getvsrregs(pid: int, *, kernel: Kernel | None = None) -> VsxRegisters:
    """PT_GETVSRREGS (powerpc): the second doublewords of the VSX registers.

    `NotSupported` elsewhere, `KernelError` (EINVAL) on a processor without them.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    return _get(kernel, "PT_GETVSRREGS", pid, _vsx(kernel))


def setvsrregs(pid: int, registers: VsxRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETVSRREGS (powerpc): set them.  `NotSupported` elsewhere.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    _set(kernel, "PT_SETVSRREGS", pid, registers, _vsx(kernel))


def _vmx(kernel: Kernel) -> type[VmxRegisters]:
    return VmxRegistersLe if kernel.target.byteorder == "little" else VmxRegisters


def _vsx(kernel: Kernel) -> type[VsxRegisters]:
    return VsxRegistersLe if kernel.target.byteorder == "little" else VsxRegisters


# -- segment bases (x86) ----------------------------------------------------------


def getfsbase(pid: int, *, kernel: Kernel | None = None) -> int:
    """PT_GETFSBASE (amd64, i386): the base of %fs.  `NotSupported` elsewhere.  ptrace(2)."""
    return _base(kernel, "PT_GETFSBASE", pid)


def setfsbase(pid: int, base: int, *, kernel: Kernel | None = None) -> None:
    """PT_SETFSBASE (amd64, i386): set the base of %fs.

    `NotSupported` elsewhere, `KernelError` (EINVAL) for an address beyond the user's.
    ptrace(2)."""
    _set_base(kernel, "PT_SETFSBASE", pid, base)


def getgsbase(pid: int, *, kernel: Kernel | None = None) -> int:
    """PT_GETGSBASE (amd64, i386): the base of %gs.  `NotSupported` elsewhere.  ptrace(2)."""
    return _base(kernel, "PT_GETGSBASE", pid)


def setgsbase(pid: int, base: int, *, kernel: Kernel | None = None) -> None:
    """PT_SETGSBASE (amd64, i386): set the base of %gs.

    `NotSupported` elsewhere, `KernelError` (EINVAL) for an address beyond the user's.
    ptrace(2)."""
    _set_base(kernel, "PT_SETGSBASE", pid, base)


def gettlsbase(pid: int, *, kernel: Kernel | None = None) -> int:
    """PT_GETTLSBASE (amd64, i386): the base of thread-local storage.

    `NotSupported` elsewhere, `TooOld` on a kernel that predates it.  ptrace(2)."""
    return _base(kernel, "PT_GETTLSBASE", pid)


def settlsbase(pid: int, base: int, *, kernel: Kernel | None = None) -> None:
    """PT_SETTLSBASE (amd64, i386): set the base of thread-local storage.

    `NotSupported` elsewhere, `TooOld` on a kernel that predates it.  ptrace(2)."""
    _set_base(kernel, "PT_SETTLSBASE", pid, base)


def _base(kernel: Kernel | None, request: str, pid: int) -> int:
    kernel = _call.freebsd(kernel)
    buffer = kernel.buffer(kernel.target.pointer)
    _call.ptrace(kernel, request, pid, buffer)
    return int.from_bytes(buffer.read(), kernel.target.byteorder)


def _set_base(kernel: Kernel | None, request: str, pid: int, base: int) -> None:
    kernel = _call.freebsd(kernel)
    target = kernel.target
    _check.unsigned(base, target.pointer * 8, "base")
    _call.ptrace(kernel, request, pid,
                 kernel.buffer(base.to_bytes(target.pointer, target.byteorder)))
