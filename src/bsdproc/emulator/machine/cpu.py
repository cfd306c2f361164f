"""The processor that runs a thread in an address space."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from bsdproc.emulator.machine import _unicorn as uc
from bsdproc.emulator.machine import registers as regs
from bsdproc.emulator.machine.context import Context
from bsdproc.emulator.machine.engine import Engine, EngineError, canonical
from bsdproc.emulator.machine.physical import PAGE_SHIFT
from bsdproc.emulator.machine.registers import GENERAL
from bsdproc.emulator.machine.traps import NO_VECTOR, VECTOR
from bsdproc.emulator.machine.watch import Watch, Watchpoint

if TYPE_CHECKING:
    from bsdproc.emulator.machine.memory import AddressSpace

__all__ = ["GENERAL", "Context", "Cpu", "Stop"]

DE, DB, BP, OF, UD, DF, GP, PF = 0, 1, 3, 4, 6, 8, 13, 14
"""Exception vectors (Intel SDM volume 3, 6.3.1)."""
PF_PRESENT, PF_WRITE, PF_USER, PF_FETCH = 1, 2, 4, 16
"""A page fault's error code."""
DR6_BS = 0x4000
_TRAPS = frozenset({DB, BP, OF})
_ICEBP, _INT, _SYSCALL = b"\xf1", 0xCD, b"\x0f\x05"


class Stop(IntEnum):
    """Why a run ended."""

    SLICE = 0
    """The instructions asked for were executed."""
    SYSCALL = 1
    """A SYSCALL instruction; rip stands behind it."""
    EXCEPTION = 2
    """`Cpu.vector` says which."""


# Members of an enumeration are looked up by bytecode of its own: not in the hot path.
_SLICE, _CALL, _EXCEPTION = Stop.SLICE, Stop.SYSCALL, Stop.EXCEPTION


class Cpu:
    """The processor as one address space sees it: `AddressSpace.cpu`.

    An exception leaves rip as the hardware does: at the instruction for a
    fault, which can then be restarted, and behind it for a trap (INT3, a
    step, a data watchpoint).
    """

    def __init__(self, space: AddressSpace, engine: Engine) -> None:
        self._space = space
        self._engine = engine
        self._watch: Watch | None = None
        self.points: tuple[Watchpoint, ...] = ()
        """What `watch` was given, if any of it is in use."""
        self.began = 0
        """Where the last run began, or went on after a page fault."""
        self.executed = 0
        """Instructions that the last run completed."""
        self.vector = 0
        """Of the last exception: the x86 number."""
        self.error_code = 0
        """Its error code, 0 where there is none."""
        self.address = 0
        """The address of the last page fault (CR2)."""
        self.dr6 = 0
        """Of the last debug exception: watchpoints by number, DR6_BS for the trap flag."""
        self.syscall_length = 2
        """Bytes of the instruction that made the last system call."""

    def watch(self, points: Sequence[Watchpoint]) -> None:
        """Set the debug registers: (address, length, kind), kind "x", "w" or "rw".

        A point's place is its bit in `dr6`; one of length 0 is not in use.
        Data watchpoints trap (vector 1) behind the instruction that touched
        any byte of theirs, "x" before the instruction at their address,
        unless the context's rflags have RF.  None set costs nothing.
        """
        points = tuple(points)
        if not any(length for _, length, _ in points):
            points = ()
        if points == self.points:
            return
        self.points = points
        self._watch = Watch(points, self._engine, self._space) if points else None

    def run(self, context: Context, count: int) -> Stop:
        """Execute at most `count` instructions of a thread.

        Page faults that the address space can satisfy are no stops.  Raises
        KeyboardInterrupt when Ctrl-C came, with everything in place to go on.
        """
        engine, space = self._engine, self._space
        if count <= 0:
            self.executed = 0
            return _SLICE
        if engine.unfinished is not None:
            self._finish(engine.unfinished)
        if not context.load(engine):
            self.executed = 0
            return self._raise(GP, context.get("cs") & ~3)
        if engine.stale:
            engine.forget_stale()
        if engine.root != space.root:
            if not space.root:
                raise EngineError("the address space is closed")
            engine.load_root(space.root)
        if engine.watch is not None or self._watch is not None:
            engine.use_watch(self._watch)
        if context.pending is not None:
            return self._deliver(context)
        if context.resume:
            return self._run_past(context, count)
        traps, start, counter = engine.traps, engine.emu_start, engine.counter
        interrupt, handle = traps.interrupt, engine.handle
        left = count
        while True:
            rip = self.began = context.started()
            interrupt[VECTOR] = NO_VECTOR
            engine.unfinished = context
            error = start(handle, rip, 0, 0, left)
            done = counter[0]
            if not (error or traps.raised or traps.watched) and interrupt[VECTOR] == NO_VECTOR:
                if space.dirty:
                    space.write_back()
                if done > left:
                    self.executed = count
                    engine.unfinished = None
                    return _SLICE
                self.executed = count - left + done
                context.adopt(engine.general_in_hook())
                engine.unfinished = None
                return _CALL
            stop = self._stopped(context, error, count, left, done)
            if stop is not None and space.dirty:
                space.write_back()
            traps.watched = 0
            engine.unfinished = None
            if stop is not None:
                return stop
            context.load(engine)
            left = count - self.executed

    def _stopped(self, context: Context, error: int, count: int, left: int,
                 done: int) -> Stop | None:
        """Anything but a slice's end or a system call; None to go on, with `executed` set."""
        engine, traps = self._engine, self._engine.traps
        vector, watched = traps.vector, traps.watched
        code, from_int, address = 0, False, 0
        if traps.raised is not None:
            raised, traps.raised = traps.raised, None
            raise raised
        if error == uc.UC_ERR_INSN_INVALID:
            vector = UD
        elif error:
            raise EngineError(f"at {context.get('rip'):#x}: {uc.error_text(error)}")
        if traps.refused:
            done = traps.refused
            traps.undo_refused()
        elif vector == BP or vector >= 32:
            from_int = True
        elif vector >= 0:
            code, from_int = engine.exception(vector)
        fetch = False
        if vector == PF and not from_int:
            address = engine.read_register("cr2")
            fetch = bool(code & PF_FETCH)
        elif vector == GP and not from_int:
            fetch = not canonical(context.get("rip"))
        if vector < 0 or not (fetch or from_int or vector in _TRAPS):
            done -= 1  # the last instruction that was begun was not completed
        self.executed = count - left + done
        if watched and (vector < 0 or fetch):
            self.dr6 = watched
            return self._raise(DB, 0)
        if fetch and self.executed >= count:
            return _SLICE  # the next instruction's, which is not to be executed yet
        if vector == PF and not from_int:
            if self._space.fault(address, code):
                if engine.root != self._space.root:
                    engine.load_root(self._space.root)
                if self._watch is not None:
                    engine.use_watch(self._watch)
                return None
            if fetch and (address ^ context.get("rip")) >> PAGE_SHIFT:
                return self._creep(context, count, address, code)
            self.address = address
            return self._raise(PF, code)
        if from_int and vector not in engine.software_vectors:
            context.put_rip(context.get("rip") - 2)
            self.executed -= 1
            return self._raise(GP, vector << 3 | 2)
        if vector == UD and self._space.peek(context.get("rip"), 1) == _ICEBP:
            context.put_rip(context.get("rip") + 1)
            self.executed += 1
            self.dr6 = 0
            return self._raise(DB, 0)
        if vector == DB:
            self.dr6 = DR6_BS | watched
        return self._raise(vector, code)

    def _creep(self, context: Context, count: int, address: int, code: int) -> Stop | None:
        """Translation met a page that is not there; the instructions before it in the
        block have not been executed.  The trap flag makes blocks of one instruction."""
        done, flags = self.executed, context.get("rflags")
        if flags & regs.RFLAGS_TF:
            self.address = address
            return self._raise(PF, code)
        context.set("rflags", flags | regs.RFLAGS_TF)
        stop = self.run(context, 1)
        context.set("rflags", context.get("rflags") & ~regs.RFLAGS_TF)
        self.executed += done
        if stop is _EXCEPTION and self.vector == DB and self.dr6 & DR6_BS:
            self.dr6 &= ~DR6_BS
            if self.dr6:
                return stop
            return _SLICE if self.executed >= count else None
        return stop

    def _raise(self, vector: int, code: int) -> Stop:
        self.vector, self.error_code = vector, code
        return _EXCEPTION

    def _run_past(self, context: Context, count: int) -> Stop:
        """With the resume flag: one instruction without execution watchpoints, which clears it."""
        context.resume = False
        engine = self._engine
        engine.passing = True
        try:
            stop = self.run(context, 1)
        finally:
            engine.passing = False
        flags = context.get("rflags")
        if flags & regs.RFLAGS_RF and stop is not _EXCEPTION:
            context.set("rflags", flags & ~regs.RFLAGS_RF)
        if stop is not _SLICE or count == 1:
            return stop
        done = self.executed
        stop = self.run(context, count - 1)
        self.executed += done
        return stop

    def _finish(self, context: Context) -> None:
        """A run whose end Ctrl-C kept from its caller: keep for the next one what would
        not happen again by itself, a system call or a trap.  A fault would."""
        engine, traps = self._engine, self._engine.traps
        vector = traps.vector
        if traps.refused:
            traps.undo_refused()
        elif vector >= 0:
            engine.exception(vector)
        rip = context.get("rip")
        behind = self._space.peek(rip - 2, 2)
        if traps.watched and vector < 0:
            context.pending = (_EXCEPTION, DB, 0, traps.watched)
        elif vector == DB:
            context.pending = (_EXCEPTION, DB, 0, DR6_BS | traps.watched)
        elif vector == BP or (vector in engine.software_vectors
                              and behind == bytes((_INT, vector))):
            context.pending = (_EXCEPTION, vector, 0, 0)
        elif vector >= 0 and behind == bytes((_INT, vector & 0xFF)):
            context.put_rip(rip - 2)
        elif vector < 0 and engine.counter[0] <= engine.limit[0] and behind == _SYSCALL:
            context.adopt(engine.general_in_hook())
            context.pending = (_CALL, 0, 0, 0)
        traps.watched, traps.raised = 0, None
        engine.unfinished = None

    def _deliver(self, context: Context) -> Stop:
        assert context.pending is not None
        stop, vector, code, dr6 = context.pending
        self.executed = 0
        if stop is _EXCEPTION:
            self.vector, self.error_code, self.dr6 = vector, code, dr6
        context.pending = None
        return stop

