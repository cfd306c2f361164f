"""The debug registers of each machine: struct dbreg of <machine/reg.h>."""

from __future__ import annotations

from bsdproc.freebsd.constants.machine import DebugAccess as DebugAccess
from bsdproc.freebsd.registers._base import Bank, Register, RegisterFile
from bsdproc.typed import x86
from bsdproc.typed.x86 import DebugSlot as DebugSlot


class DebugRegisters(RegisterFile):
    """What PT_GETDBREGS gives; each machine has its own."""

    struct = "struct dbreg"
    __slots__ = ()


class X86DebugRegisters(DebugRegisters, x86.DebugRegisters):
    """amd64 and i386: four addresses in dr[0..3], status in dr6, control in dr7."""

    access = DebugAccess
    __slots__ = ()


class Amd64DebugRegisters(X86DebugRegisters):
    """amd64."""

    machine = "amd64"
    lengths = (1, 2, 4, 8)
    __slots__ = ()

    dr = Bank("dr", 16, 8)


class I386DebugRegisters(X86DebugRegisters):
    """i386."""

    machine = "i386"
    __slots__ = ()

    dr = Bank("dr", 8, 4)


class Arm64DebugRegisters(DebugRegisters):
    """arm64: breakpoints and watchpoints, each an address and a control word."""

    machine = "arm64"
    __slots__ = ()

    debug_ver = Register("db_debug_ver")
    nbkpts = Register("db_nbkpts")
    """How many breakpoints the processor has."""
    nwtpts = Register("db_nwtpts")
    """How many watchpoints it has."""
    break_addr = Bank("db_breakregs", 16, 8, stride=16)
    break_ctrl = Bank("db_breakregs", 16, 4, stride=16, offset=8)
    watch_addr = Bank("db_watchregs", 16, 8, stride=16)
    watch_ctrl = Bank("db_watchregs", 16, 4, stride=16, offset=8)


class ArmDebugRegisters(DebugRegisters):
    """arm: watchpoints, a control word and an address each."""

    machine = "arm"
    __slots__ = ()

    wcr = Bank("dbg_wcr", 16, 4)
    wvr = Bank("dbg_wvr", 16, 4)


class Riscv64DebugRegisters(DebugRegisters):
    """riscv64: the struct is a placeholder."""

    machine = "riscv64"
    __slots__ = ()

    dummy = Register("dummy")


class Powerpc64DebugRegisters(DebugRegisters):
    """powerpc64: the struct is a placeholder."""

    machine = "powerpc64"
    __slots__ = ()

    junk = Register("junk")


class Powerpc64leDebugRegisters(Powerpc64DebugRegisters):
    """powerpc64le: the struct is a placeholder."""

    machine = "powerpc64le"
    __slots__ = ()
