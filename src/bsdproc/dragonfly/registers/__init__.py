"""Registers as typed attributes.

A register file keeps the bytes that the kernel gave; ``bytes(regs)`` gives them
back.  Numbers are unsigned, and setting one that does not fit is a `ValueError`::

    regs = dragonfly.ptrace.getregs(pid)
    regs.pc, regs.rip = 0x401000, 0x401000
    regs.arguments = (1, 2, 3)
    dragonfly.ptrace.setregs(pid, regs)

Captured ones are read on any host by the class of their machine::

    regs = dragonfly.registers.GENERAL["x86_64"](data)
"""

from __future__ import annotations

from typing import Final

from bsdproc.dragonfly.constants.machine import DebugAccess
from bsdproc.dragonfly.registers.x86_64 import (
    DebugRegisters,
    FpRegisters,
    RegisterFile,
    Registers,
    X86_64DebugRegisters,
    X86_64FpRegisters,
    X86_64Registers,
)
from bsdproc.typed.registers import View
from bsdproc.typed.x86 import DebugSlot

GENERAL: Final[dict[str, type[Registers]]] = {X86_64Registers.machine: X86_64Registers}
"""The class of PT_GETREGS, by machine."""
FLOATING: Final[dict[str, type[FpRegisters]]] = {X86_64FpRegisters.machine: X86_64FpRegisters}
"""The class of PT_GETFPREGS, by machine."""
DEBUG: Final[dict[str, type[DebugRegisters]]] = {
    X86_64DebugRegisters.machine: X86_64DebugRegisters,
}
"""The class of PT_GETDBREGS, by machine."""

__all__ = [
    "DEBUG",
    "FLOATING",
    "GENERAL",
    "DebugAccess",
    "DebugRegisters",
    "DebugSlot",
    "FpRegisters",
    "RegisterFile",
    "Registers",
    "View",
    "X86_64DebugRegisters",
    "X86_64FpRegisters",
    "X86_64Registers",
]
