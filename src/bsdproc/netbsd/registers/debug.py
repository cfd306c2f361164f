"""The debug registers of x86, the machines that have PT_GETDBREGS: struct dbreg."""

from __future__ import annotations

from enum import IntEnum

from bsdproc.netbsd.registers._base import Bank, RegisterFile
from bsdproc.typed import x86
from bsdproc.typed.x86 import DebugSlot as DebugSlot


class DebugAccess(IntEnum):
    """What a debug register stops at: the processor's numbers in DR7."""

    EXECUTE = 0
    WRITE = 1
    READ_WRITE = 3


class DebugRegisters(RegisterFile, x86.DebugRegisters):
    """amd64 and i386: four addresses in dr[0..3], status in dr6, control in dr7."""

    struct = "struct dbreg"
    access = DebugAccess
    __slots__ = ()


class Amd64DebugRegisters(DebugRegisters):
    """amd64."""

    machine = "amd64"
    lengths = (1, 2, 4, 8)
    __slots__ = ()

    dr = Bank("dr", 16, 8)


class I386DebugRegisters(DebugRegisters):
    """i386."""

    machine = "i386"
    __slots__ = ()

    dr = Bank("dr", 8, 4)
