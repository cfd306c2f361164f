"""Watchpoints in the debug registers of x86, which are the processor's: alike on every system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bsdproc.typed.registers import GeneralRegisters
from bsdproc.typed.x86 import DebugRegisters

Slots = Sequence[tuple[int, int, str] | None]
"""What each debug register is to watch: (address, size, "w" | "rw" | "x")."""

ACCESS: Final = {"x": 0, "w": 1, "rw": 3}
"""How DR7 writes what a slot stops at."""
TRACE_FLAG: Final = 1 << 8
"""EFLAGS.TF: a trap behind the next instruction."""
RESUME_FLAG: Final = 1 << 16
"""EFLAGS.RF: the next instruction is executed whatever watches it."""


def arm(registers: DebugRegisters, slots: Slots) -> None:
    """Have them watch this and nothing else."""
    for i in range(registers.slots):
        wanted = slots[i] if i < len(slots) else None
        if wanted is None:
            registers.clear_slot(i)
        else:
            address, size, access = wanted
            registers.set_slot(i, address, registers.access(ACCESS[access]), size)


def seen(registers: DebugRegisters) -> tuple[int, ...]:
    """The slots that have seen something: DR6 may name those that are not enabled, too."""
    return tuple(i for i in registers.hits if registers.slot(i).enabled)


def take(registers: DebugRegisters) -> tuple[int, ...]:
    """The slots that have seen something, which they are made to forget."""
    hits = seen(registers)
    if hits:
        registers.clear_hits()
    return hits


def pass_over(registers: GeneralRegisters) -> None:
    """Have the next instruction executed whatever watches it."""
    registers["eflags" if registers.machine == "i386" else "rflags"] |= RESUME_FLAG
