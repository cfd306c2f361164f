"""A thread's registers, and the processor that runs them in an address space."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from bsdproc.emulator.machine import _unicorn as uc
from bsdproc.emulator.machine import registers as regs
from bsdproc.emulator.machine.engine import Engine, EngineError
from bsdproc.emulator.machine.registers import GENERAL

if TYPE_CHECKING:
    from bsdproc.emulator.machine.memory import AddressSpace

__all__ = ["GENERAL", "Context", "Cpu", "Stop"]

DE, DB, BP, OF, UD, DF, GP, PF = 0, 1, 3, 4, 6, 8, 13, 14
PF_PRESENT, PF_WRITE, PF_USER, PF_FETCH = 1, 2, 4, 16
_ICEBP = 0xF1


class Stop(IntEnum):
    """Why a run ended."""

    SLICE = 0
    """The instructions asked for were executed."""
    SYSCALL = 1
    """A SYSCALL instruction; rip stands behind it."""
    EXCEPTION = 2
    """`Cpu.vector` says which."""


class Context:
    """The user registers of a thread.

    While a processor runs them it keeps them; they are fetched when somebody
    looks, and written back when somebody changed them.  `mode` is 64 or 32
    and chooses the code segment.
    """

    __slots__ = ("_engine", "_fpu", "_fpu_dirty", "_general", "_general_dirty", "_special",
                 "_special_dirty")

    def __init__(self, mode: int = 64, *, selectors: Sequence[int] | None = None) -> None:
        self._engine: Engine | None = None
        general = [0] * len(GENERAL)
        general[regs.RFLAGS] = regs.RFLAGS_AT_START
        self._general: list[int] | None = general
        if selectors is None:
            selectors = (0x43 if mode == 64 else 0x33, 0x3B, 0x3B, 0x3B, 0x13, 0x1B)
        self._special: list[int] | None = [*selectors, 0, 0]
        self._fpu: bytes | None = regs.FPU_AT_START
        self._general_dirty = self._special_dirty = self._fpu_dirty = True

    # -- what the kernel sees -----------------------------------------------
    def get(self, name: str) -> int:
        """One register, unsigned.  KeyError for a name that is none."""
        name = regs.ALIASES.get(name, name)
        index = regs.INDEX.get(name)
        if index is not None:
            return self._fetched_general()[index]
        return self._fetched_special()[regs.SPECIAL_INDEX[name]]

    def set(self, name: str, value: int) -> None:
        """Change one; a selector takes effect with the next run."""
        name = regs.ALIASES.get(name, name)
        index = regs.INDEX.get(name)
        if index is not None:
            self._fetched_general()[index] = value & regs.MASK64
            self._general_dirty = True
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

    def ymm_high(self) -> bytes:
        """Upper halves of the 16 AVX registers: zeros, as Unicorn executes no AVX."""
        return bytes(256)

    def set_ymm_high(self, value: bytes) -> None:
        """Takes 256 zero bytes and refuses others: there is nothing to hold them."""
        if len(value) != 256:
            raise ValueError(f"{len(value)} bytes instead of 256")
        if any(value):
            raise NotImplementedError("the emulated processor has no AVX registers")

    def copy(self) -> Context:
        """The same registers, independent of these."""
        new = Context.__new__(Context)
        new._engine = None
        new._general = list(self._fetched_general())
        new._special = list(self._fetched_special())
        new._fpu = self.fpu()
        new._general_dirty = new._special_dirty = new._fpu_dirty = True
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

    def store(self, engine: Engine) -> None:
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
            # Entering a code segment replaces every register.
            self._fetched_general()
            self.fpu()
            assert self._special is not None
            if self._special[regs.CS] not in (engine.selectors.code64, engine.selectors.code32):
                return False
            good = engine.write_special(self._special)
            self._special_dirty = not good
            self._general_dirty = self._fpu_dirty = True
        if self._fpu_dirty:
            assert self._fpu is not None
            engine.write_fpu(self._fpu)
            self._fpu_dirty = False
        if self._general_dirty:
            assert self._general is not None
            engine.write_general(self._general)
            self._general_dirty = False
        return good

    def started(self) -> int:
        """The engine is about to change them: forget the copies.  Returns rip."""
        engine = self._engine
        assert engine is not None
        rip = engine.read_rip() if self._general is None else self._general[regs.RIP]
        self._general = self._special = self._fpu = None
        return rip

    def put_rip(self, rip: int) -> None:
        """Correct where the engine stopped."""
        self._fetched_general()[regs.RIP] = rip
        self._general_dirty = True


class Cpu:
    """The processor as one address space sees it: `AddressSpace.cpu`."""

    def __init__(self, space: AddressSpace, engine: Engine) -> None:
        self._space = space
        self._engine = engine
        self.executed = 0
        """Instructions of the last run."""
        self.vector = 0
        """Of the last exception: the x86 number."""
        self.error_code = 0
        """Its error code, 0 where there is none."""
        self.address = 0
        """The address of the last page fault (CR2)."""
        self.syscall_length = 2
        """Bytes of the instruction that made the last system call."""

    def run(self, context: Context, count: int) -> Stop:
        """Execute at most `count` instructions of a thread.

        Page faults that the address space can satisfy are no stops.  Raises
        KeyboardInterrupt when Ctrl-C came, with everything in place to go on.
        """
        engine, space = self._engine, self._space
        if count <= 0:
            self.executed = 0
            return Stop.SLICE
        if not context.load(engine):
            return self._raise(GP, context.get("cs") & ~3)
        if engine.stale:
            engine.forget_stale()
        if engine.root != space.root:
            engine.load_root(space.root)
        traps = engine.traps
        left = count
        while True:
            rip = context.started()
            traps.vector = -1
            error = engine.emu_start(engine.handle, rip, 0, 0, left)
            done = engine.counter[0]
            if traps.raised is not None:
                raised, traps.raised = traps.raised, None
                raise raised
            vector = traps.vector
            if vector < 0 and not error:
                if done > left:
                    self.executed = count
                    return Stop.SLICE
                self.executed = count - left + done
                return Stop.SYSCALL
            if error and error != uc.UC_ERR_INSN_INVALID:
                raise EngineError(f"at {rip:#x}: {uc.error_text(error)}")
            if error:
                vector = UD
            if vector == PF:
                code, from_int = engine.exception()
                if not from_int:
                    address = engine.read_register("cr2")
                    done = done if code & PF_FETCH else done - 1
                    left -= done
                    if left == 0:
                        self.executed = count
                        return Stop.SLICE
                    if space.fault(address, code):
                        if engine.root != space.root:
                            engine.load_root(space.root)
                        continue
                    self.executed = count - left
                    self.address = address
                    return self._raise(PF, code)
            self.executed = count - left + done
            return self._exception(context, vector, rip, left)

    def _raise(self, vector: int, code: int) -> Stop:
        self.vector, self.error_code = vector, code
        return Stop.EXCEPTION

    def _exception(self, context: Context, vector: int, start: int, left: int) -> Stop:
        """Anything but a page fault, made into what the hardware would report."""
        engine = self._engine
        if vector == BP or vector >= 32:
            code, from_int = 0, vector != BP
        else:
            code, from_int = engine.exception()
        if from_int and vector not in engine.software_vectors:
            context.put_rip(context.get("rip") - 2)
            return self._raise(GP, vector << 3 | 2)
        if engine.traps.rewind:
            context.put_rip(context.get("rip") - engine.traps.rewind)
            engine.traps.rewind = 0
        if vector == GP and self.executed == 1 and left == 1 and context.get("rip") != start:
            # the next instruction's, which is not ours to execute yet
            return Stop.SLICE
        return self._raise(vector, code)
