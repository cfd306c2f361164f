"""The registers of an LWP, each request with the machine's own class.

`lwp` is the thread; 0 stands for the one that reported the stop.  The tracee must
be stopped and waited for.  What a machine does not have is `NotSupported` before
any call.
"""

from __future__ import annotations

from struct import Struct as Packer
from typing import TYPE_CHECKING, Final

from bsdproc.netbsd import _call, _check
from bsdproc.netbsd.registers import (
    DEBUG,
    FLOATING,
    GENERAL,
    XSTATE,
    DebugRegisters,
    FpRegisters,
    Registers,
    VectorRegisters,
    XmmRegisters,
    XState,
)
from bsdproc.typed.transfer import Transfer

if TYPE_CHECKING:
    from bsdproc.kernel.port import Buffer, Kernel

_TRANSFER: Final = Transfer(_call.SYSTEM)
_get = _TRANSFER.get
_set = _TRANSFER.set


def getregs(pid: int, lwp: int = 0, *, kernel: Kernel | None = None) -> Registers:
    """PT_GETREGS: the general registers, as the class of the kernel's machine.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    return _get(kernel, "PT_GETREGS", pid, GENERAL[kernel.target.machine], _check.lwp(lwp))


def setregs(pid: int, registers: Registers, lwp: int = 0, *,
            kernel: Kernel | None = None) -> None:
    """PT_SETREGS: set the general registers.

    `KernelError` (EINVAL) for what a user may not set: privileged flags, foreign
    code segments.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    _set(kernel, "PT_SETREGS", pid, registers, GENERAL[kernel.target.machine], _check.lwp(lwp))


def getfpregs(pid: int, lwp: int = 0, *, kernel: Kernel | None = None) -> FpRegisters:
    """PT_GETFPREGS: the floating-point registers.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    return _get(kernel, "PT_GETFPREGS", pid, FLOATING[kernel.target.machine], _check.lwp(lwp))


def setfpregs(pid: int, registers: FpRegisters, lwp: int = 0, *,
              kernel: Kernel | None = None) -> None:
    """PT_SETFPREGS: set the floating-point registers.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    _set(kernel, "PT_SETFPREGS", pid, registers, FLOATING[kernel.target.machine],
         _check.lwp(lwp))


# -- x86 --------------------------------------------------------------------------


def getdbregs(pid: int, lwp: int = 0, *, kernel: Kernel | None = None) -> DebugRegisters:
    """PT_GETDBREGS (amd64, i386): the debug registers.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    _call.request_number(kernel, "PT_GETDBREGS", "ptrace")
    return _get(kernel, "PT_GETDBREGS", pid, DEBUG[kernel.target.machine], _check.lwp(lwp))


def setdbregs(pid: int, registers: DebugRegisters, lwp: int = 0, *,
              kernel: Kernel | None = None) -> None:
    """PT_SETDBREGS (amd64, i386): set the debug registers.

    `KernelError` (EINVAL) for addresses beyond the user's and for conditions that a
    user may not set; `PermissionError` where security.models.extensions.user_set_dbregs
    is 0 and the caller is not root.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    _call.request_number(kernel, "PT_SETDBREGS", "ptrace")
    _set(kernel, "PT_SETDBREGS", pid, registers, DEBUG[kernel.target.machine], _check.lwp(lwp))


def getxmmregs(pid: int, lwp: int = 0, *, kernel: Kernel | None = None) -> XmmRegisters:
    """PT_GETXMMREGS (i386): the x87 and SSE registers.  ptrace(2)."""
    return _get(_call.netbsd(kernel), "PT_GETXMMREGS", pid, XmmRegisters, _check.lwp(lwp))


def setxmmregs(pid: int, registers: XmmRegisters, lwp: int = 0, *,
               kernel: Kernel | None = None) -> None:
    """PT_SETXMMREGS (i386): set the x87 and SSE registers.  ptrace(2)."""
    _set(_call.netbsd(kernel), "PT_SETXMMREGS", pid, registers, XmmRegisters, _check.lwp(lwp))


def getxstate(pid: int, lwp: int = 0, *, kernel: Kernel | None = None) -> XState:
    """PT_GETXSTATE (amd64, i386): the extended state, every component in its own place.

    `TooOld` before NetBSD 9.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    _call.request_number(kernel, "PT_GETXSTATE", "ptrace")
    kind = XSTATE[kernel.target.machine]
    buffer = kernel.buffer(kind.size)
    _call.ptrace(kernel, "PT_GETXSTATE", pid, _iovec(kernel, buffer), _check.lwp(lwp))
    return kind(buffer.read())


def setxstate(pid: int, state: XState, lwp: int = 0, *, kernel: Kernel | None = None) -> None:
    """PT_SETXSTATE (amd64, i386): set the components that the state's `requested` names.

    `KernelError` (EINVAL) for components that the processor lacks; `TooOld` before
    NetBSD 9.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    _call.request_number(kernel, "PT_SETXSTATE", "ptrace")
    kind = XSTATE[kernel.target.machine]
    if not isinstance(state, kind):
        raise TypeError(f"PT_SETXSTATE of {kernel.machine} takes {kind.__name__}, "
                        f"not {type(state).__name__}")
    buffer = kernel.buffer(bytes(state))
    _call.ptrace(kernel, "PT_SETXSTATE", pid, _iovec(kernel, buffer), _check.lwp(lwp))


def _iovec(kernel: Kernel, buffer: Buffer) -> Buffer:
    """A struct iovec of a buffer."""
    words = Packer(("<" if kernel.target.byteorder == "little" else ">")
                   + ("QQ" if kernel.target.pointer == 8 else "II"))
    return kernel.buffer(words.pack(buffer.address, len(buffer)))


# -- powerpc ------------------------------------------------------------------------


def getvecregs(pid: int, lwp: int = 0, *, kernel: Kernel | None = None) -> VectorRegisters:
    """PT_GETVECREGS (powerpc): the AltiVec registers.  ptrace(2)."""
    return _get(_call.netbsd(kernel), "PT_GETVECREGS", pid, VectorRegisters, _check.lwp(lwp))


def setvecregs(pid: int, registers: VectorRegisters, lwp: int = 0, *,
               kernel: Kernel | None = None) -> None:
    """PT_SETVECREGS (powerpc): set the AltiVec registers.  ptrace(2)."""
    _set(_call.netbsd(kernel), "PT_SETVECREGS", pid, registers, VectorRegisters,
         _check.lwp(lwp))
