"""System calls on DragonFly, whose ptrace(2) has no stops for them: found by stepping.

While a process's calls are wanted it is stepped through its program, and looked at
before each instruction.  One that calls the kernel is the call's entry; the step over
it is the call, and its end the exit.  This is slow, and a signal's handler runs at full
speed: the kernel takes the trace flag away where a handler begins, and gives it back
behind it, so that calls of handlers are not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from bsdproc.debugger._dragonfly_tracees import Tracees
from bsdproc.debugger.backend import Kind, Stop
from bsdproc.dragonfly.ptrace import getregs
from bsdproc.dragonfly.registers import X86_64Registers
from bsdproc.kernel.errors import KernelError

SYSCALL: Final = b"\x0f\x05"
SYS_SYSCALL, SYS_EXECVE, SYS___SYSCALL, SYS_SIGRETURN = 0, 59, 198, 344
INDIRECT: Final = (SYS_SYSCALL, SYS___SYSCALL)
CARRY: Final = 1
REGISTERS: Final = 6
"""Arguments that are passed in registers."""


class Walk(Enum):
    """How a process is to go on."""

    RUNS = auto()
    STEPS = auto()
    STAYS = auto()
    """It stands before a call already, and has to say so first."""


@dataclass(slots=True)
class _Walker:
    """What is known of a process whose calls are wanted."""

    number: int | None = None
    """The call that it stands before, or is in."""
    returns: int = 0
    """Where the call that it is in comes back to; 0 when it is in none."""
    told: Kind | None = None
    """What its stop is: an entry or an exit; None for any other."""
    due: bool = False
    """It has not gone on, since it stands before a call, which it has to say first."""
    single: bool = False
    """Its step is somebody else's, who wants to hear of it."""
    stepped: bool = False
    """The stop that ends a call ends such a step as well."""


class Calls:
    """Of one backend's processes."""

    def __init__(self, backend: Tracees) -> None:
        self._backend = backend
        self._walkers: dict[int, _Walker] = {}

    def wanted(self, pid: int, on: bool) -> None:
        """Whether its system calls are to be told."""
        if on:
            self._walkers.setdefault(pid, _Walker())
        else:
            self._walkers.pop(pid, None)

    def forget(self, pid: int) -> None:
        self._walkers.pop(pid, None)

    def are_wanted(self, pid: int) -> bool:
        return pid in self._walkers

    def is_next(self, pid: int) -> bool:
        """Whether the instruction that comes next calls the kernel."""
        walker = self._walkers.get(pid)
        if walker is not None and not walker.single:
            return walker.returns != 0
        return self._calls(pid, self._registers(pid).pc)

    # -- going on --------------------------------------------------------------------
    def proceed(self, pid: int, signal: int) -> Walk:
        """It is to go on from its stop."""
        walker = self._walkers.get(pid)
        if walker is None:
            return Walk.RUNS
        registers = self._registers(pid)
        if not signal and self._calls(pid, registers.pc):
            if walker.told is Kind.SYSCALL_ENTRY and not walker.due:
                self._enter(pid, walker, registers)
            elif walker.returns != registers.pc + len(SYSCALL):
                walker.number, walker.told, walker.due = number(registers), Kind.SYSCALL_ENTRY, True
                return Walk.STAYS
            # Else a signal has broken the call off, and it is made again.
        walker.told, walker.due, walker.stepped = None, False, False
        return Walk.STEPS

    def step(self, pid: int) -> None:
        """It makes one step for somebody else, over the call that it stands before too."""
        walker = self._walkers.get(pid)
        if walker is None:
            return
        registers = self._registers(pid)
        if walker.told is Kind.SYSCALL_ENTRY and self._calls(pid, registers.pc):
            self._enter(pid, walker, registers)
        walker.told, walker.due = None, False
        walker.single, walker.stepped = True, False

    def _enter(self, pid: int, walker: _Walker, registers: X86_64Registers) -> None:
        """The next step is the call."""
        walker.number, walker.returns = number(registers), registers.pc + len(SYSCALL)

    def moved(self, pid: int, pc: int) -> None:
        """Its registers were set: where it stands is looked at anew."""
        walker = self._walkers.get(pid)
        if walker is not None and walker.told is Kind.SYSCALL_ENTRY and (
                not self._calls(pid, pc)):
            walker.told, walker.due = None, False

    # -- stopping ----------------------------------------------------------------------
    def says_so(self, pid: int) -> bool:
        """Whether it stands before a call still, and tells of it now."""
        walker = self._walkers.get(pid)
        if walker is None or not walker.due:
            return False
        walker.due = False
        return True

    def interrupted(self, pid: int) -> None:
        """It has stopped for a signal: a call that has come back meanwhile has ended."""
        walker = self._walkers.get(pid)
        if walker is None:
            return
        walker.single = False
        if walker.returns and self._registers(pid).pc == walker.returns and (
                self._backend.has_come_back(pid)):
            walker.told, walker.returns = Kind.SYSCALL_EXIT, 0

    def step_on(self, pid: int) -> bool:
        """It has stopped with a trap: whether that was no more than a step on its way,
        and the next one is begun."""
        walker = self._walkers.get(pid)
        if walker is None:
            return False
        registers = self._registers(pid)
        kind = self._backend.trap(pid, registers)
        # Asked first: after an exception in the middle it is looked at again.
        single, walker.single = walker.single, False
        returns, walker.returns = walker.returns, 0
        if kind is Kind.EXEC:
            if returns:
                walker.number, walker.told = SYS_EXECVE, Kind.SYSCALL_EXIT
            return False
        if kind is not Kind.STEP:
            return False
        if returns and (registers.pc == returns or walker.number == SYS_SIGRETURN):
            walker.told, walker.stepped = Kind.SYSCALL_EXIT, single
            return False
        if single or self._backend.saw_something(pid):
            return False
        if self._calls(pid, registers.pc):
            walker.number, walker.told = number(registers), Kind.SYSCALL_ENTRY
            return False
        self._backend.resume(pid, 0, step=True)
        return True

    def stop(self, pid: int, rest: Stop) -> Stop:
        """The stop that it stands in: `rest` if it is no call's, else the call's and what
        it also may be."""
        walker = self._walkers.get(pid)
        if walker is None or walker.told is None or walker.number is None:
            return rest
        kinds: tuple[Kind, ...] = (walker.told,)
        if walker.told is Kind.SYSCALL_EXIT and (rest.kinds != (Kind.STEP,) or walker.stepped):
            kinds += rest.kinds
        return rest._replace(kinds=kinds, syscall=walker.number, narg=REGISTERS)

    def result(self, called: int, registers: X86_64Registers) -> tuple[int, int, int]:
        """(result, second result, error) of the call that has just come back."""
        if called == SYS_SIGRETURN:
            return 0, 0, 0          # the registers are those of before the signal
        value = registers.rax - (1 << 64) if registers.rax >> 63 else registers.rax
        if registers.rflags & CARRY:
            return 0, 0, value
        return value, registers.rdx, 0

    # -- the process ---------------------------------------------------------------------
    def _registers(self, pid: int) -> X86_64Registers:
        return getregs(pid, kernel=self._backend.kernel)

    def _calls(self, pid: int, pc: int) -> bool:
        """Whether the instruction there calls the kernel."""
        try:
            return self._backend.read(pid, pc, len(SYSCALL)) == SYSCALL
        except KernelError:
            return False


def number(registers: X86_64Registers) -> int:
    """The call that an instruction stands for: syscall(2)'s and __syscall(2)'s is the
    one that they pass on."""
    return (registers.rdi if passes_on(registers) else registers.rax) & 0xFFFFFFFF


def passes_on(registers: X86_64Registers) -> bool:
    """Whether it is one of those two: the call's arguments come behind its number."""
    return registers.rax & 0xFFFFFFFF in INDIRECT
