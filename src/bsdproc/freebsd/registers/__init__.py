"""Registers as typed attributes, for each of FreeBSD's machines.

A register file keeps the bytes that the kernel gave; ``bytes(regs)`` gives them
back.  Numbers are unsigned, and setting one that does not fit is a `ValueError`::

    regs = freebsd.ptrace.getregs(lwp)
    regs.pc, regs.rip = 0x401000, 0x401000
    regs.arguments = (1, 2, 3)
    freebsd.ptrace.setregs(lwp, regs)

Captured ones are read on any host by the class of their machine::

    regs = freebsd.registers.GENERAL["arm64"](data)
"""

from __future__ import annotations

from typing import Final

from bsdproc.freebsd.constants.machine import DebugAccess
from bsdproc.freebsd.registers._base import RegisterFile, View
from bsdproc.freebsd.registers.debug import (
    Amd64DebugRegisters,
    Arm64DebugRegisters,
    ArmDebugRegisters,
    DebugRegisters,
    DebugSlot,
    I386DebugRegisters,
    Powerpc64DebugRegisters,
    Powerpc64leDebugRegisters,
    Riscv64DebugRegisters,
    X86DebugRegisters,
)
from bsdproc.freebsd.registers.floating import (
    Amd64FpRegisters,
    Arm64FpRegisters,
    ArmFpRegisters,
    FpRegisters,
    I386FpRegisters,
    Powerpc64FpRegisters,
    Powerpc64leFpRegisters,
    Riscv64FpRegisters,
)
from bsdproc.freebsd.registers.general import (
    Amd64Registers,
    Arm64Registers,
    ArmRegisters,
    I386Registers,
    Powerpc64leRegisters,
    Powerpc64Registers,
    Registers,
    Riscv64Registers,
)
from bsdproc.freebsd.registers.vector import (
    VfpRegisters,
    VmxRegisters,
    VmxRegistersLe,
    VsxRegisters,
    VsxRegistersLe,
    XmmRegisters,
)

GENERAL: Final[dict[str, type[Registers]]] = {
    kind.machine: kind
    for kind in (
        Amd64Registers,
        I386Registers,
        Arm64Registers,
        ArmRegisters,
        Riscv64Registers,
        Powerpc64Registers,
        Powerpc64leRegisters,
    )
}
"""The class of PT_GETREGS, by machine."""
FLOATING: Final[dict[str, type[FpRegisters]]] = {
    kind.machine: kind
    for kind in (
        Amd64FpRegisters,
        I386FpRegisters,
        Arm64FpRegisters,
        ArmFpRegisters,
        Riscv64FpRegisters,
        Powerpc64FpRegisters,
        Powerpc64leFpRegisters,
    )
}
"""The class of PT_GETFPREGS, by machine."""
DEBUG: Final[dict[str, type[DebugRegisters]]] = {
    kind.machine: kind
    for kind in (
        Amd64DebugRegisters,
        I386DebugRegisters,
        Arm64DebugRegisters,
        ArmDebugRegisters,
        Riscv64DebugRegisters,
        Powerpc64DebugRegisters,
        Powerpc64leDebugRegisters,
    )
}
"""The class of PT_GETDBREGS, by machine."""

__all__ = [
    "DEBUG",
    "FLOATING",
    "GENERAL",
    "Amd64DebugRegisters",
    "Amd64FpRegisters",
    "Amd64Registers",
    "Arm64DebugRegisters",
    "Arm64FpRegisters",
    "Arm64Registers",
    "ArmDebugRegisters",
    "ArmFpRegisters",
    "ArmRegisters",
    "DebugAccess",
    "DebugRegisters",
    "DebugSlot",
    "FpRegisters",
    "I386DebugRegisters",
    "I386FpRegisters",
    "I386Registers",
    "Powerpc64DebugRegisters",
    "Powerpc64FpRegisters",
    "Powerpc64Registers",
    "Powerpc64leDebugRegisters",
    "Powerpc64leFpRegisters",
    "Powerpc64leRegisters",
    "RegisterFile",
    "Registers",
    "Riscv64DebugRegisters",
    "Riscv64FpRegisters",
    "Riscv64Registers",
    "VfpRegisters",
    "View",
    "VmxRegisters",
    "VmxRegistersLe",
    "VsxRegisters",
    "VsxRegistersLe",
    "X86DebugRegisters",
    "XmmRegisters",
]
