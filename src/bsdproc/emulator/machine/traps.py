"""What stops a run, and the instructions that are answered here instead of by Unicorn.

Nothing here refers to the engine, so that an engine which nobody holds is
freed at once.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from bsdproc.emulator.machine import _unicorn as uc
from bsdproc.emulator.machine.cpuid import cpuid
from bsdproc.emulator.machine.registers import RFLAGS
from bsdproc.emulator.machine.state import State

ffi = uc.ffi

VECTOR, NO_VECTOR = 1, 0xFFFF_FFFF
_HOOKED = struct.Struct("=iIi")
_GENERAL_PROTECTION = 13
_MASK32 = 0xFFFF_FFFF


class Traps:
    """The hooks of an engine, and what they leave behind."""

    def __init__(self, handle: Any, clock: Callable[[], int]) -> None:
        self._handle, self._clock = handle, clock
        lib = uc.library()
        self._emu_stop, self._read, self._write = lib.uc_emu_stop, lib.uc_reg_read, lib.uc_reg_write
        self.interrupt: Any = ffi.new("uint32_t[4]")
        """What the interrupt hook was given: [VECTOR] is NO_VECTOR until it was called."""
        self.refused = 0
        """The instruction, by count, that was refused in the last run; 0 for none."""
        self.before_refused = State(handle)
        self._state = State(handle)
        self.counter: Any = None
        self.watched = 0
        """Watchpoints that were hit, by bit."""
        self.raised: BaseException | None = None
        """What a hook raised, for the run to raise."""

    @property
    def vector(self) -> int:
        """The exception that stopped the run; -1 for none."""
        vector = int(self.interrupt[VECTOR])
        return -1 if vector == NO_VECTOR else vector

    def install(self, hook: Callable[..., int], lend: Callable[..., Any]) -> None:
        """Put them in: `hook` is uc_hook_add, `lend` makes a C function."""
        # A system call needs no Python at all: uc_emu_stop itself is the hook.
        stop = ffi.addressof(uc.library(), "uc_emu_stop")
        hook(uc.UC_HOOK_INSN, stop, instruction=uc.UC_X86_INS_SYSCALL)
        # Nor does an exception need bytecode, in which Ctrl-C would be let in: the
        # hook packs what it is given, the vector second.
        note = partial(_HOOKED.pack_into, ffi.buffer(self.interrupt), 0)
        hook(uc.UC_HOOK_INTR, lend("void(int8_t, uint32_t, int8_t)", note))
        hook(uc.UC_HOOK_INTR, stop)
        for instruction, arguments, answer in (
            (uc.UC_X86_INS_SYSENTER, "void *, void *", self.refuse),
            (uc.UC_X86_INS_IN, "void *, uint32_t, int, void *", self.refuse),
            (uc.UC_X86_INS_OUT, "void *, uint32_t, int, uint32_t, void *", self.refuse),
            (uc.UC_X86_INS_RDTSC, "void *, void *", self.rdtsc),
            (uc.UC_X86_INS_RDTSCP, "void *, void *", self.rdtscp),
            (uc.UC_X86_INS_CPUID, "void *, void *", self.cpuid),
        ):
            hook(uc.UC_HOOK_INSN, lend(f"int({arguments})", answer), instruction=instruction)

    def refuse(self, *_: Any) -> int:
        """An instruction that Unicorn would execute though ring 3 may not: IN, OUT
        (no system here gives I/O ports away) and SYSENTER (none sets it up)."""
        self.before_refused.save()
        self.interrupt[VECTOR], self.refused = _GENERAL_PROTECTION, self.counter[0]
        self._emu_stop(self._handle)
        return 0

    def undo_refused(self) -> None:
        """Take back what a refused instruction did."""
        self.refused = 0
        self.before_refused.settle()
        self.before_refused.restore()

    def rdtsc(self, *_: Any) -> int:
        ticks = self._clock()
        self._answer(rax=ticks & _MASK32, rdx=ticks >> 32 & _MASK32)
        return 1

    def rdtscp(self, *_: Any) -> int:
        ticks = self._clock()
        self._answer(rax=ticks & _MASK32, rdx=ticks >> 32 & _MASK32, rcx=0)
        return 1

    def cpuid(self, *_: Any) -> int:
        value = ffi.new("uint64_t *")
        asked = []
        for name in ("rax", "rcx"):
            self._read(self._handle, uc.REGISTERS[name], value)
            asked.append(value[0] & _MASK32)
        rax, rbx, rcx, rdx = cpuid(*asked)
        self._answer(rax=rax, rbx=rbx, rcx=rcx, rdx=rdx)
        return 1

    def _answer(self, **values: int) -> None:
        self._state.save()
        values["rflags"] = self._state.general()[RFLAGS]
        for name, value in values.items():
            self._write(self._handle, uc.REGISTERS[name], ffi.new("uint64_t *", value))

    def failed(self, _: object, value: BaseException, __: TracebackType | None) -> None:
        """An exception in a hook: stop, and let the run raise it."""
        self.raised = value
        self._emu_stop(self._handle)

    def measured(self, state: State) -> None:
        """Take over where things are in a state."""
        self._state.layout = self.before_refused.layout = state.layout
