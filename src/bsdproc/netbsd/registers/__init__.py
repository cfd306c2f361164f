"""Registers as typed attributes, for each of NetBSD's machines.

A register file keeps the bytes that the kernel gave; ``bytes(regs)`` gives them
back.  Numbers are unsigned, and setting one that does not fit is a `ValueError`::

    regs = netbsd.ptrace.getregs(pid, lwp)
    regs.pc, regs.rip = 0x401000, 0x401000
    regs.arguments = (1, 2, 3)
    netbsd.ptrace.setregs(pid, regs, lwp)

Captured ones are read on any host by the class of their machine::

    regs = netbsd.registers.GENERAL["sparc64"](data)
"""

from __future__ import annotations

from typing import Final

from bsdproc.netbsd.registers._base import RegisterFile, View
from bsdproc.netbsd.registers.debug import (
    Amd64DebugRegisters,
    DebugAccess,
    DebugRegisters,
    DebugSlot,
    I386DebugRegisters,
)
from bsdproc.netbsd.registers.floating import (
    Aarch64FpRegisters,
    Amd64FpRegisters,
    ArmFpRegisters,
    FpRegisters,
    I386FpRegisters,
    MipsebFpRegisters,
    MipselFpRegisters,
    PowerpcFpRegisters,
    Riscv32FpRegisters,
    Riscv64FpRegisters,
    Sparc64FpRegisters,
    SparcFpRegisters,
)
from bsdproc.netbsd.registers.general import (
    Aarch64Registers,
    Amd64Registers,
    ArmRegisters,
    I386Registers,
    MipsebRegisters,
    MipselRegisters,
    PowerpcRegisters,
    Registers,
    Riscv32Registers,
    Riscv64Registers,
    Sparc64Registers,
    SparcRegisters,
)
from bsdproc.netbsd.registers.vector import (
    Amd64XState,
    I386XState,
    VectorRegisters,
    XFeature,
    XmmRegisters,
    XState,
)

GENERAL: Final[dict[str, type[Registers]]] = {
    kind.machine: kind
    for kind in (
        Amd64Registers,
        I386Registers,
        Aarch64Registers,
        ArmRegisters,
        Riscv64Registers,
        Riscv32Registers,
        PowerpcRegisters,
        SparcRegisters,
        Sparc64Registers,
        MipsebRegisters,
        MipselRegisters,
    )
}
"""The class of PT_GETREGS, by machine."""
FLOATING: Final[dict[str, type[FpRegisters]]] = {
    kind.machine: kind
    for kind in (
        Amd64FpRegisters,
        I386FpRegisters,
        Aarch64FpRegisters,
        ArmFpRegisters,
        Riscv64FpRegisters,
        Riscv32FpRegisters,
        PowerpcFpRegisters,
        SparcFpRegisters,
        Sparc64FpRegisters,
        MipsebFpRegisters,
        MipselFpRegisters,
    )
}
"""The class of PT_GETFPREGS, by machine."""
DEBUG: Final[dict[str, type[DebugRegisters]]] = {
    kind.machine: kind for kind in (Amd64DebugRegisters, I386DebugRegisters)
}
"""The class of PT_GETDBREGS, by machine."""
XSTATE: Final[dict[str, type[XState]]] = {
    kind.machine: kind for kind in (Amd64XState, I386XState)
}
"""The class of PT_GETXSTATE, by machine."""

__all__ = [
    "DEBUG",
    "FLOATING",
    "GENERAL",
    "XSTATE",
    "Aarch64FpRegisters",
    "Aarch64Registers",
    "Amd64DebugRegisters",
    "Amd64FpRegisters",
    "Amd64Registers",
    "Amd64XState",
    "ArmFpRegisters",
    "ArmRegisters",
    "DebugAccess",
    "DebugRegisters",
    "DebugSlot",
    "FpRegisters",
    "I386DebugRegisters",
    "I386FpRegisters",
    "I386Registers",
    "I386XState",
    "MipsebFpRegisters",
    "MipsebRegisters",
    "MipselFpRegisters",
    "MipselRegisters",
    "PowerpcFpRegisters",
    "PowerpcRegisters",
    "RegisterFile",
    "Registers",
    "Riscv32FpRegisters",
    "Riscv32Registers",
    "Riscv64FpRegisters",
    "Riscv64Registers",
    "Sparc64FpRegisters",
    "Sparc64Registers",
    "SparcFpRegisters",
    "SparcRegisters",
    "VectorRegisters",
    "View",
    "XFeature",
    "XState",
    "XmmRegisters",
]
