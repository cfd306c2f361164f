"""The debug registers of x86, which are the processor's and so the same on each system."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from bsdproc.typed import check
from bsdproc.typed.enums import known
from bsdproc.typed.registers import Register, RegisterFile

_LENGTHS: Final = {1: 0, 2: 1, 4: 3, 8: 2}
"""How DR7 writes a length in bytes."""
_SIZES: Final = {code: length for length, code in _LENGTHS.items()}
_LOCAL_ENABLE: Final = 1
_EXECUTION: Final = 0
_HITS: Final = 0xF


@dataclass(frozen=True, slots=True)
class DebugSlot:
    """One of the four x86 address registers and what DR7 says of it."""

    address: int
    """Linear address."""
    access: IntEnum | int
    """What it stops at: the surface's DebugAccess."""
    length: int
    """Bytes: 1, 2, 4 or 8; 1 for an execution breakpoint."""
    enabled: bool


class DebugRegisters(RegisterFile):
    """Four addresses in dr[0..3], status in dr6, control in dr7: a struct with an array dr."""

    __slots__ = ()
    access: ClassVar[type[IntEnum]]
    """The surface's enum of what a slot stops at."""
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
            access=known(self.access, control & 3),
            length=_SIZES[control >> 2 & 3],
            enabled=bool(self.dr7 >> (2 * index) & 3),
        )

    def set_slot(self, index: int, address: int, access: IntEnum, length: int = 1) -> None:
        """Set slot 0 .. 3 and enable it.

        An execution breakpoint has length 1; a watched range must be aligned to
        its length (`ValueError`)."""
        self._index(index)
        if length not in self.lengths:
            raise ValueError(f"a debug register covers {self.lengths} bytes, not {length}")
        if access == _EXECUTION and length != 1:
            raise ValueError("an execution breakpoint has length 1")
        if address % length:
            raise ValueError(f"{address:#x} is not aligned to {length} bytes")
        self[f"dr{index}"] = address
        control = (_LENGTHS[length] << 2 | self.access(access)) << (16 + 4 * index)
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
        if not 0 <= check.integer(index, "slot") < cls.slots:
            raise IndexError(f"{cls.machine} has {cls.slots} debug address registers")
