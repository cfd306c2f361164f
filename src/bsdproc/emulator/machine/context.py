"""A thread's registers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bsdproc.emulator.machine import registers as regs
from bsdproc.emulator.machine.engine import Engine
from bsdproc.emulator.machine.registers import GENERAL

if TYPE_CHECKING:
    from bsdproc.emulator.machine.cpu import Stop

Pending = tuple["Stop", int, int, int]
"""How a run ended, with vector, error code and DR6 for an exception."""


class Context:
    """The user registers of a thread.

    While a processor runs them it keeps them; they are fetched when somebody
    looks, and written back when somebody changed them.  `mode` is 64 or 32
    and chooses the code segment.
    """

    __slots__ = ("_engine", "_fpu", "_fpu_dirty", "_general", "_general_dirty", "_rip",
                 "_special", "_special_dirty", "pending", "resume")

    def __init__(self, mode: int = 64, *, selectors: Sequence[int] | None = None) -> None:
        self._engine: Engine | None = None
        general = [0] * len(GENERAL)
        general[regs.RFLAGS] = regs.RFLAGS_AT_START
        self._general: list[int] | None = general
        self._rip: int | None = None
        """The instruction pointer, where it alone was fetched."""
        if selectors is None:
            selectors = (0x43 if mode == 64 else 0x33, 0x3B, 0x3B, 0x3B, 0x13, 0x1B)
        self._special: list[int] | None = [*selectors, 0, 0]
        self._fpu: bytes | None = regs.FPU_AT_START
        self._general_dirty = self._special_dirty = self._fpu_dirty = True
        self.pending: Pending | None = None
        """How the last run ended, when Ctrl-C came before the caller could be told."""
        self.resume = False
        """The resume flag was set in rflags: an execution breakpoint at rip does not count."""

    # -- what the kernel sees -----------------------------------------------
    def get(self, name: str) -> int:
        """One register, unsigned.  KeyError for a name that is none."""
        name = regs.ALIASES.get(name, name)
        index = regs.INDEX.get(name)
        if index is not None:
            general = self._general
            return (self._fetched_general() if general is None else general)[index]
        return self._fetched_special()[regs.SPECIAL_INDEX[name]]

    def rip(self) -> int:
        """The instruction pointer, without fetching the others for it."""
        general = self._general
        if general is not None:
            return general[regs.RIP]
        rip = self._rip
        if rip is None:
            assert self._engine is not None
            rip = self._rip = self._engine.read_rip()
        return rip

    def set(self, name: str, value: int) -> None:
        """Change one; a selector takes effect with the next run."""
        name = regs.ALIASES.get(name, name)
        index = regs.INDEX.get(name)
        if index is not None:
            self._fetched_general()[index] = value & regs.MASK64
            self._general_dirty = True
            if index == regs.RFLAGS:
                self.resume = bool(value & regs.RFLAGS_RF)
            return
        index = regs.SPECIAL_INDEX[name]
        self._fetched_special()[index] = value & (0xFFFF if index < 6 else regs.MASK64)
        self._special_dirty = True

    def general(self) -> tuple[int, ...]:
        """The general registers in the order of GENERAL."""
        return tuple(self._fetched_general())

    def set_general(self, values: Sequence[int]) -> None:
        """Replace them all."""
        if len(values) != len(GENERAL):
            raise ValueError(f"{len(values)} registers instead of {len(GENERAL)}")
        self._general = [v & regs.MASK64 for v in values]
        self._general_dirty = True
        self.resume = bool(values[regs.RFLAGS] & regs.RFLAGS_RF)

    def words(self) -> list[int]:
        """The general registers themselves, in the order of GENERAL, to be changed in
        place until the next run: unsigned 64-bit values, the resume flag left alone."""
        self._general_dirty = True
        return self._fetched_general()

    def selectors(self) -> tuple[int, int, int, int, int, int]:
        """cs, ss, ds, es, fs and gs."""
        cs, ss, ds, es, fs, gs = self._fetched_special()[:6]
        return cs, ss, ds, es, fs, gs

    def fpu(self) -> bytes:
        """x87 and SSE state as FXSAVE writes it: 512 bytes."""
        if self._fpu is None:
            assert self._engine is not None
            self._fpu = self._engine.read_fpu()
        return self._fpu

    def set_fpu(self, image: bytes) -> None:
        """Replace it by a 512-byte FXSAVE image."""
        if len(image) != regs.FXSAVE_SIZE:
            raise ValueError(f"{len(image)} bytes instead of {regs.FXSAVE_SIZE}")
        self._fpu = bytes(image)
        self._fpu_dirty = True

    def copy(self) -> Context:
        """The same registers, independent of these."""
        new = Context.__new__(Context)
        new._engine = None
        new._general, new._rip = list(self._fetched_general()), None
        new._special = list(self._fetched_special())
        new._fpu = self.fpu()
        new._general_dirty = new._special_dirty = new._fpu_dirty = True
        new.pending, new.resume = None, self.resume
        return new

    # -- moving between here and the engine ---------------------------------
    def _fetched_general(self) -> list[int]:
        if self._general is None:
            assert self._engine is not None
            self._general = self._engine.read_general()
        return self._general

    def _fetched_special(self) -> list[int]:
        if self._special is None:
            assert self._engine is not None
            self._special = self._engine.read_special()
        return self._special

    def store(self) -> None:
        """Take what the engine has of them: another context is about to be loaded."""
        self._fetched_general()
        self._fetched_special()
        self.fpu()
        self._engine = None
        self._general_dirty = self._special_dirty = self._fpu_dirty = True

    def load(self, engine: Engine) -> bool:
        """Make the engine's registers these; False when a selector is not usable."""
        good = True
        if engine.loaded is not self:
            if self._engine is not None:
                self._engine.unload()
            engine.unload()
            engine.loaded = self
            self._engine = engine
        if self._special_dirty:
            good = self._load_special(engine)
        if self._fpu_dirty:
            assert self._fpu is not None
            if self._fpu != engine.fpu:
                engine.write_fpu(self._fpu)
            self._fpu_dirty = False
        if self._general_dirty:
            assert self._general is not None
            engine.write_general(self._general)
            self._general_dirty = False
        return good

    def _load_special(self, engine: Engine) -> bool:
        special = self._special
        assert special is not None
        current = engine.special or engine.read_special()
        good = True
        if special != current:
            if special[regs.CS] != current[regs.CS]:
                # Entering a code segment replaces every register.
                self._fetched_general()
                self.fpu()
                if not engine.use_code(special[regs.CS]):
                    return False
                self._general_dirty = self._fpu_dirty = True
                current = engine.read_special()
                engine.fpu = None
            good = engine.write_special(special, current)
        self._special_dirty = not good
        return good

    def started(self) -> int:
        """The engine is about to change them: forget the copies.  Returns rip."""
        engine = self._engine
        assert engine is not None
        rip = self._rip if self._general is None else self._general[regs.RIP]
        if rip is None:
            rip = engine.read_rip()
        self._rip = self._general = self._special = self._fpu = None
        engine.special = engine.fpu = None
        return rip

    def adopt(self, values: list[int]) -> None:
        """These are the registers that the engine stopped with, and it may not have them right."""
        self._general = values
        self._general_dirty = True

    def put_rip(self, rip: int) -> None:
        """Correct where the engine stopped."""
        self._fetched_general()[regs.RIP] = rip
        self._general_dirty = True
