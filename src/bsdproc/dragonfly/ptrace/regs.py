"""The registers of a tracee: those of its first thread.

The tracee must be stopped and waited for.  Floating-point and debug registers can
only be set while the thread itself stands in the stop: EBUSY where it sleeps in a
system call, or has not come there yet (wait again).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.dragonfly import _call
from bsdproc.dragonfly.registers import (
    X86_64DebugRegisters,
    X86_64FpRegisters,
    X86_64Registers,
)
from bsdproc.typed.transfer import Transfer

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_TRANSFER: Final = Transfer(_call.SYSTEM)


def getregs(pid: int, *, kernel: Kernel | None = None) -> X86_64Registers:
    """PT_GETREGS: the general registers.  ptrace(2)."""
    return _TRANSFER.get(_call.dragonfly(kernel), "PT_GETREGS", pid, X86_64Registers)


def setregs(pid: int, registers: X86_64Registers, *, kernel: Kernel | None = None) -> None:
    """PT_SETREGS: set the general registers.

    `KernelError` (EINVAL) for what a user may not set: privileged flags, foreign
    code segments.  ptrace(2)."""
    _TRANSFER.set(_call.dragonfly(kernel), "PT_SETREGS", pid, registers, X86_64Registers)


def getfpregs(pid: int, *, kernel: Kernel | None = None) -> X86_64FpRegisters:
    """PT_GETFPREGS: the floating-point registers, which are those of the x87.

    What follows them in the struct is 0 here: the kernel leaves its own there.  ptrace(2)."""
    kernel = _call.dragonfly(kernel)
    return _TRANSFER.get(kernel, "PT_GETFPREGS", pid, X86_64FpRegisters).cleared()


def setfpregs(pid: int, registers: X86_64FpRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETFPREGS: set the floating-point registers.  ptrace(2)."""
    _TRANSFER.set(_call.dragonfly(kernel), "PT_SETFPREGS", pid, registers, X86_64FpRegisters)


def getdbregs(pid: int, *, kernel: Kernel | None = None) -> X86_64DebugRegisters:
    """PT_GETDBREGS: the debug registers; dr[8..15] are 0 here, as in `getfpregs`.  ptrace(2)."""
    kernel = _call.dragonfly(kernel)
    return _TRANSFER.get(kernel, "PT_GETDBREGS", pid, X86_64DebugRegisters).cleared()


def setdbregs(pid: int, registers: X86_64DebugRegisters, *, kernel: Kernel | None = None) -> None:
    """PT_SETDBREGS: set the debug registers.

    `KernelError` (EINVAL) for kinds of access that a user may not watch, and, but
    for root, for enabled addresses beyond the user's.  ptrace(2)."""
    _TRANSFER.set(_call.dragonfly(kernel), "PT_SETDBREGS", pid, registers, X86_64DebugRegisters)
