"""The debug registers of each machine: struct dbreg of <machine/reg.h>."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bsdproc.freebsd import _check
from bsdproc.freebsd.constants.machine import DebugAccess as DebugAccess
from bsdproc.freebsd.constants.machine import DebugControl, DebugLength, DebugStatus
from bsdproc.freebsd.registers._base import Bank, Register, RegisterFile
from bsdproc.typed.enums import known


class DebugRegisters(RegisterFile):
    """What PT_GETDBREGS gives; each machine has its own."""

    struct = "struct dbreg"
    __slots__ = ()


@dataclass(frozen=True, slots=True)
class DebugSlot:
    """One of the four x86 address registers and what DR7 says of it."""

    address: int
    """Linear address."""
    access: DebugAccess | int
    length: int
    """Bytes: 1, 2, 4 or 8; 1 for an execution breakpoint."""
    enabled: bool


_LENGTHS = {
    1: DebugLength.DBREG_DR7_LEN_1.value,
    2: DebugLength.DBREG_DR7_LEN_2.value,
    4: DebugLength.DBREG_DR7_LEN_4.value,
    8: DebugLength.DBREG_DR7_LEN_8.value,
}
_SIZES = {code: length for length, code in _LENGTHS.items()}
_LOCAL_ENABLE = DebugControl.DBREG_DR7_LOCAL_ENABLE.value
_HITS = DebugStatus.DBREG_DR6_BMASK.value


class X86DebugRegisters(DebugRegisters):
    """amd64 and i386: four addresses in dr[0..3], status in dr6, control in dr7."""

    __slots__ = ()
    lengths: ClassVar[tuple[int, ...]] = (1, 2, 4)
    """Bytes that a watchpoint can cover."""
    slots: ClassVar[int] = 4

    dr0 = Register("dr", 0)
    dr1 = Register("dr", 1)
    dr2 = Register("dr", 2)
    dr3 = Register("dr", 3)
    dr6 = Register("dr", 6)
    """DBREG_DR6_*: which slots were hit (bits 0 .. 3), and a single step (bit 14)."""
    dr7 = Register("dr", 7)
    """DBREG_DR7_*: what each slot stops at, and whether."""

    def slot(self, index: int) -> DebugSlot:
        """What slot 0 .. 3 is set to."""
        self._index(index)
        control = self.dr7 >> (16 + 4 * index)
        return DebugSlot(
            address=self[f"dr{index}"],
            access=known(DebugAccess, control & 3),
            length=_SIZES[control >> 2 & 3],
            enabled=bool(self.dr7 >> (2 * index) & 3),
        )

    def set_slot(self, index: int, address: int, access: DebugAccess, length: int = 1) -> None:
        """Set slot 0 .. 3 and enable it.

        An execution breakpoint has length 1; a watched range must be aligned to
        its length (`ValueError`)."""
        self._index(index)
        if length not in self.lengths:
            raise ValueError(f"a debug register covers {self.lengths} bytes, not {length}")
        if access == DebugAccess.DBREG_DR7_EXEC and length != 1:
            raise ValueError("an execution breakpoint has length 1")
        if address % length:
            raise ValueError(f"{address:#x} is not aligned to {length} bytes")
        self[f"dr{index}"] = address
        control = (_LENGTHS[length] << 2 | DebugAccess(access)) << (16 + 4 * index)
        self.dr7 = self.dr7 & ~self._mask(index) | control | _LOCAL_ENABLE << (2 * index)

    def clear_slot(self, index: int) -> None:
        """Disable slot 0 .. 3 and forget its address."""
        self._index(index)
        self[f"dr{index}"] = 0
        self.dr7 &= ~self._mask(index)

    @property
    def hits(self) -> tuple[int, ...]:
        """The slots whose condition was met, by DR6."""
        found = self.dr6 & _HITS
        return tuple(index for index in range(self.slots) if found >> index & 1)

    def clear_hits(self) -> None:
        """Zero DR6, which the processor only ever adds to."""
        self.dr6 = 0

    @staticmethod
    def _mask(index: int) -> int:
        return 0xF << (16 + 4 * index) | 3 << (2 * index)

    @classmethod
    def _index(cls, index: int) -> None:
        if not 0 <= _check.integer(index, "slot") < cls.slots:
            raise IndexError(f"{cls.machine} has {cls.slots} debug address registers")


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
