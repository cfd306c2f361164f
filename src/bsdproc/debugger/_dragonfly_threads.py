"""Breakpoints that other threads than a process's first run into, on DragonFly.

ptrace(2) shows and sets the first one's registers alone.  A breakpoint is therefore an
instruction that faults, and leaves the pc where it is: hlt, which is SIGBUS.  A thread
that has faulted there executes the original when it goes on, with nobody's help.

Which breakpoint a thread stands at is found by letting it fault again: some of them
are made an instruction that is SIGILL, and it says with which of the two it stands.
What is no breakpoint's is told from one in the same way.  The instruction below is
stepped over by breakpoints at all that may come next; where its bytes do not say that
(a return, a jump through a register), and over a system call, the breakpoint is out until
the process stops for something.

A SIGBUS or SIGILL that is sent to such a thread with kill(2), while there are breakpoints,
looks like a fault that does not come again, and is lost.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bsdproc.debugger._dragonfly_calls import SYSCALL
from bsdproc.debugger._dragonfly_tracees import Tracees
from bsdproc.debugger.backend import Kind
from bsdproc.debugger.x86_flow import LONGEST, following
from bsdproc.dragonfly.ptrace import getregs, read, write
from bsdproc.kernel.errors import KernelError

TRAP: Final = b"\xf4"
"""hlt."""
MARKED: Final = b"\x06"
"""No instruction in 64-bit mode."""
SIGILL, SIGBUS = 4, 10
BREAKPOINT_FAULTS: Final = frozenset({SIGILL, SIGBUS})


class Told(NamedTuple):
    """What the stop of such a thread is."""

    lwp: int
    kind: Kind | None
    """None for one that has come to where it stands already."""


@dataclass(slots=True)
class _Search:
    """For the place where a thread stands."""

    lwp: int
    possible: tuple[int, ...]
    marked: frozenset[int]
    """Those of them that are SIGILL."""


@dataclass(slots=True)
class _Step:
    """A thread that is led over a breakpoint."""

    lwp: int
    next: tuple[int, ...]
    below: dict[int, bytes]
    """What stands where it may come to, and no breakpoint was."""


@dataclass(slots=True)
class _Process:
    inserted: set[int] = field(default_factory=set)
    ever: set[int] = field(default_factory=set)
    places: dict[int, int] = field(default_factory=dict)
    """Threads that stand at a breakpoint, and have said so."""
    first: int = 0
    """Where the first one does, of which no more is kept: its registers say all."""
    search: _Search | None = None
    step: _Step | None = None
    told: Told | None = None
    due: bool = False
    """What is told has not been waited for yet."""
    passed: int = 0
    """A thread whose fault was let pass: one that is its own comes again."""


class Others:
    """Of one backend's processes: those that have or had breakpoints."""

    def __init__(self, backend: Tracees) -> None:
        self._backend = backend
        self._processes: dict[int, _Process] = {}

    def forget(self, pid: int) -> None:
        """It has another program, or is nobody's any more."""
        self._processes.pop(pid, None)

    def written(self, pid: int, address: int, data: bytes) -> None:
        """Memory has been written: a breakpoint has come there or gone."""
        known = self._processes.get(pid)
        if data == TRAP:
            if known is None:
                known = self._processes[pid] = _Process()
            known.inserted.add(address)
            known.ever.add(address)
        elif known is not None:
            known.inserted -= {at for at in known.inserted
                               if address <= at < address + len(data)
                               and data[at - address] != TRAP[0]}

    def knows(self, pid: int) -> bool:
        """Whether it has or had any."""
        return pid in self._processes

    def was_breakpoint(self, pid: int, address: int) -> bool:
        """Whether one is or was there."""
        known = self._processes.get(pid)
        return known is not None and address in known.ever

    def place(self, pid: int, lwp: int) -> int | None:
        """The breakpoint that a thread stands at."""
        known = self._processes.get(pid)
        return None if known is None else known.places.get(lwp)

    def told(self, pid: int) -> Told | None:
        """What the stop is that the process stands in, where it is one of these."""
        known = self._processes.get(pid)
        return None if known is None else known.told

    def waits(self, pid: int, told: int) -> bool:
        """Whether a thread that has not `told` of it has faulted."""
        known = self._processes.get(pid)
        return known is not None and any(
            BREAKPOINT_FAULTS.intersection(pending)
            for tid, pending in self._backend.pending_by_thread(pid).items() if tid != told)

    # -- going on ------------------------------------------------------------------
    def resumed(self, pid: int) -> None:
        """It goes on: who stands where no breakpoint is any more will not stay there."""
        known = self._processes.get(pid)
        if known is not None:
            known.told = None
            known.places = {lwp: at for lwp, at in known.places.items()
                            if at in known.inserted}

    def step(self, pid: int, lwp: int) -> bool:
        """Have a thread stop behind the instruction that it stands at, whose breakpoint is
        out.  False when it has gone already, as another one was led over the same: then
        that is told, and the process stays."""
        known = self._processes.get(pid)
        place = None if known is None else known.places.pop(lwp, None)
        if known is None or place is None or place in known.inserted:
            known = known or self._processes.setdefault(pid, _Process())
            known.told, known.due = Told(lwp, Kind.STEP), True
            return False
        code = self._read(pid, place, LONGEST)
        places = following(code, place)
        # A call may wait for another thread, which may stand at one as well.
        if places is not None and not code.startswith(SYSCALL):
            known.places[lwp] = place
            below = {at: byte for at in places if at not in known.inserted
                     and (byte := self._read(pid, at, 1))}
            known.step = _Step(lwp, places, below)
            for at in below:
                self._write(pid, at, TRAP)
        return True

    def says_so(self, pid: int) -> bool:
        """Whether a step has been told of without being made."""
        known = self._processes.get(pid)
        if known is None or not known.due:
            return False
        known.due = False
        return True

    # -- stopping --------------------------------------------------------------------
    def interrupted(self, pid: int) -> None:
        """It has stopped for something else: nothing stays in its memory."""
        known = self._processes.get(pid)
        if known is None:
            return
        self._end_search(pid, known)
        step = known.step
        if step is not None:
            pending = self._backend.pending_by_thread(pid).get(step.lwp, ())
            if BREAKPOINT_FAULTS.intersection(pending):
                known.places.pop(step.lwp, None)        # it has come behind the instruction
            self._end_step(pid, known)

    def looks(self, pid: int, signal: int) -> bool:
        """A thread has stopped with SIGBUS or SIGILL: whether the process has gone on
        for what can be found out by that."""
        known = self._processes.get(pid)
        if known is None:
            return False
        first, lwp = self._backend.reporter(pid, signal)
        if lwp == first:
            return self._first(pid, known)
        search = known.search
        if search is None or search.lwp != lwp:
            return self._begin(pid, known, lwp, signal)
        possible = tuple(at for at in search.possible
                         if (at in search.marked) == (signal == SIGILL))
        if len(possible) > 1:
            self._mark(pid, known, _Search(lwp, possible,
                                           frozenset(possible[: len(possible) // 2])))
            return self._again(pid)
        self._end_search(pid, known)
        if possible:
            return self._found(pid, known, lwp, possible[0])
        self.interrupted(pid)
        known.told = Told(lwp, Kind.SIGNAL)
        return False

    def _first(self, pid: int, known: _Process) -> bool:
        """It is the first one, whose registers say where it is."""
        pc = getregs(pid, kernel=self._backend.kernel).pc
        if known.step is not None and (pc in known.step.below or pc == known.first):
            return self._again(pid)      # it waits there for who is led
        self.interrupted(pid)
        known.first = pc if pc in known.inserted else 0
        return False

    def moves(self, pid: int) -> None:
        """The first one does."""
        known = self._processes.get(pid)
        if known is not None:
            known.first = 0

    def _begin(self, pid: int, known: _Process, lwp: int, signal: int) -> bool:
        self._end_search(pid, known)
        steps = known.step.below if known.step is not None else ()
        possible = tuple(sorted(known.inserted.union(steps)))
        if not possible:
            # It is let pass once: there were breakpoints, and a fault of its own comes again.
            own = known.passed == lwp
            known.passed = 0 if own else lwp
            known.told = Told(lwp, Kind.SIGNAL if own else None)
            return False
        # One at a breakpoint says the other signal now.
        self._mark(pid, known, _Search(
            lwp, possible, frozenset(possible if signal == SIGBUS else ())))
        return self._again(pid)

    def _found(self, pid: int, known: _Process, lwp: int, at: int) -> bool:
        step = known.step
        if step is not None and step.lwp == lwp and at in step.next:
            self._end_step(pid, known)
            known.places.pop(lwp, None)
            known.told = Told(lwp, Kind.STEP)
            return False
        again = known.places.get(lwp) == at
        if step is not None and (again or at in step.below):
            return self._again(pid)      # it waits there for who is led
        self.interrupted(pid)
        known.places[lwp] = at
        known.told = Told(lwp, None if again else Kind.BREAKPOINT)
        return False

    # -- memory --------------------------------------------------------------------
    def _mark(self, pid: int, known: _Process, search: _Search) -> None:
        """Noted before it is done: an exception in between leaves nothing there."""
        before = known.search.marked if known.search is not None else frozenset[int]()
        known.search = _Search(search.lwp, search.possible, before | search.marked)
        for at in before ^ search.marked:
            self._write(pid, at, MARKED if at in search.marked else TRAP)
        known.search = search

    def _end_search(self, pid: int, known: _Process) -> None:
        if known.search is not None:
            steps = known.step.below if known.step is not None else ()
            for at in known.search.marked:
                if at in known.inserted or at in steps:
                    self._write(pid, at, TRAP)
            known.search = None

    def _end_step(self, pid: int, known: _Process) -> None:
        if known.step is not None:
            for at, below in known.step.below.items():
                self._write(pid, at, below)
            known.step = None

    def _again(self, pid: int) -> bool:
        self._backend.again(pid)
        return True

    def _read(self, pid: int, address: int, size: int) -> bytes:
        """As much as there is of it."""
        found, rest = b"", -address % self._backend.page_size
        with suppress(KernelError):
            found = read(pid, address, min(size, rest) or size, kernel=self._backend.kernel)
            if 0 < rest < size:
                found += read(pid, address + rest, size - rest, kernel=self._backend.kernel)
        return found

    def _write(self, pid: int, address: int, data: bytes) -> None:
        write(pid, address, data, kernel=self._backend.kernel)
