"""The whole state of a processor, saved, looked into, corrected and put back.

Two corrections are needed.  Unicorn never delivers an exception, so the one
in flight has to be cleared, or the next fault becomes a double one.  And
where it counts instructions, it computes the flags before each of them but
restores an exception's state as if it had not: whatever leaves an
instruction half done (a fault, a hook) has the flags right and their kind
wrong.
"""

from __future__ import annotations

import struct
from operator import itemgetter
from typing import Any

from bsdproc.emulator.machine import _unicorn as uc
from bsdproc.emulator.machine.layout import DIRECTION, REGISTERS, SOURCE, Layout
from bsdproc.emulator.machine.registers import RFLAGS

_INT, _WORD = struct.Struct("@i"), struct.Struct("@Q")
_FLAGS_OFFSET = struct.calcsize("<16Q1Q")
_KIND_OFFSET = struct.calcsize("<16Q2Q3Q")
_CONDITIONS, _DIRECTION = 0x8D5, 0x400
_COMPUTED = _CONDITIONS | _DIRECTION
_FLAGS = 17
_GENERAL = itemgetter(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 3, 2, 1, 0, 16, _FLAGS, 4)
"""From the processor's own numbers to the order of `registers.GENERAL`."""


class State:
    """Room for one saved state of an engine."""

    def __init__(self, handle: Any) -> None:
        lib = uc.library()
        made = uc.ffi.new("uc_context **")
        if lib.uc_context_alloc(handle, made):
            raise MemoryError("no room for a processor's state")
        self._handle = handle
        self._context: Any = uc.ffi.gc(made[0], lib.uc_context_free)
        self.view: Any = uc.ffi.buffer(
            uc.ffi.cast("char *", made[0]), int(lib.uc_context_size(handle)))
        self._save, self._restore = lib.uc_context_save, lib.uc_context_restore
        self.layout: Layout | None = None

    def save(self) -> None:
        self._save(self._handle, self._context)

    def restore(self) -> None:
        self._restore(self._handle, self._context)

    def exception(self) -> tuple[int, bool]:
        """Error code of the last exception, and whether an INT instruction made it."""
        assert self.layout is not None
        return (_INT.unpack_from(self.view, self.layout.error_code)[0],
                bool(_INT.unpack_from(self.view, self.layout.is_int)[0]))

    def deliver(self) -> bool:
        """There is no exception in flight any more; False if there was none."""
        assert self.layout is not None
        at = self.layout.old_exception
        if _INT.unpack_from(self.view, at)[0] == -1:
            return False
        _INT.pack_into(self.view, at, -1)
        return True

    def settle(self) -> None:
        """The flags are computed: it was saved inside an instruction."""
        assert self.layout is not None
        at = self.layout.registers
        values = REGISTERS.unpack_from(self.view, at)
        _WORD.pack_into(self.view, at + _FLAGS_OFFSET,
                        values[_FLAGS] & ~_CONDITIONS | values[SOURCE] & _CONDITIONS)
        _INT.pack_into(self.view, at + _KIND_OFFSET, self.layout.flags_kind)

    def general(self) -> list[int]:
        """The general registers as `Context.general` has them, saved inside an instruction."""
        assert self.layout is not None
        values = REGISTERS.unpack_from(self.view, self.layout.registers)
        general = list(_GENERAL(values))
        flags = values[_FLAGS] & ~_COMPUTED | values[SOURCE] & _CONDITIONS
        general[RFLAGS] = flags | _DIRECTION if values[DIRECTION] < 0 else flags
        return general
