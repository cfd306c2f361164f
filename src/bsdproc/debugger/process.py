"""A process under a debugger."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bsdproc.debugger import release, stops
from bsdproc.debugger.backend import Report, need_reportable
from bsdproc.debugger.breakpoints import Breakpoints
from bsdproc.debugger.control import Control
from bsdproc.debugger.memory import Memory
from bsdproc.debugger.state import NotStopped, State
from bsdproc.debugger.thread import Thread
from bsdproc.debugger.traps import Traps
from bsdproc.debugger.watchpoints import Watchpoints
from bsdproc.kernel.errors import vanished

if TYPE_CHECKING:
    from bsdproc.debugger.debugger import Debugger
    from bsdproc.typed.registers import GeneralRegisters


AT_ENTRY: Final = 9


class Process:
    """A process that a `Debugger` spawned, attached to or followed.

    All but `pid`, `state`, `interrupt` and `kill` wants it stopped, as it is
    when an event of it has been returned: `NotStopped` else.  Once it is gone
    or has been detached from, everything raises `Vanished`: nothing is ever
    asked of a stranger with the same pid.
    """

    def __init__(self, debugger: Debugger, pid: int, *, spawned: bool) -> None:
        self.debugger = debugger
        """Whose it is."""
        self.backend = debugger.backend
        self.pid = pid
        """Its id."""
        self.spawned = spawned
        """Started by the debugger (or a child of one that was): ends with it."""
        self.state = State.RUNNING
        """Whether it runs, stands, is gone or was let go."""
        self.control = Control(Traps(self.backend, pid))
        """The debugger's own notes."""
        self.breakpoints = Breakpoints(self)
        """Where it is to stop."""
        self.watchpoints = Watchpoints(self)
        """What it is to stop at when it touches it."""
        self.memory = Memory(self)
        """Its memory, by address."""
        self.hold = False
        """While true the debugger does not let it go on."""
        self.exit_status: int | None = None
        """Once it has exited."""

    # -- what can be asked ----------------------------------------------------
    @property
    def threads(self) -> tuple[Thread, ...]:
        """Every thread, oldest first."""
        self.need_stopped()
        return tuple(Thread(self, lwp) for lwp in self.backend.threads(self.pid))

    @property
    def thread(self) -> Thread:
        """The one that reported the last stop."""
        self.need_stopped()
        return Thread(self, self.control.reporter)

    @property
    def registers(self) -> GeneralRegisters:
        """`thread`'s."""
        return self.thread.registers

    @registers.setter
    def registers(self, registers: GeneralRegisters) -> None:
        self.thread.registers = registers

    @property
    def auxv(self) -> Mapping[int, int]:
        """What the kernel told the program at its start, by the numbers of <sys/exec_elf.h>
        or <sys/elf_common.h>: AT_PHDR is 3, AT_BASE 7, AT_ENTRY 9."""
        self.need_stopped()
        return self.backend.auxv(self.pid)

    @property
    def entry(self) -> int:
        """Where the program itself begins, though the kernel may have started a dynamic
        linker first.  What it is beyond the e_entry of the program's file, every address of
        that file is moved by.  `KeyError` of a kernel that has not told it."""
        return self.auxv[AT_ENTRY]

    def need_stopped(self) -> None:
        """`NotStopped` or `Vanished` unless it can be asked something."""
        if self.state is not State.STOPPED:
            self.need_alive()
            raise NotStopped(f"process {self.pid} runs")

    def need_alive(self) -> None:
        """`Vanished` for one that is gone or was detached from."""
        if self.state in (State.GONE, State.DETACHED):
            raise vanished(self.backend.kernel.system, self.pid, call="tracing",
                           reason=("it has ended" if self.state is State.GONE
                                   else "it was detached from"))

    # -- what can be done -------------------------------------------------------
    def set_pending_signal(self, signal: int) -> None:
        """What `thread` takes along when the process goes on, in place of what
        stopped it; 0 for nothing."""
        self.need_stopped()
        if not isinstance(signal, int) or not 0 <= signal <= self.backend.last_signal:
            raise ValueError(f"{signal!r} is no signal")
        self.control.pending_signal = int(signal)

    def step(self) -> None:
        """`thread.step()`: one instruction when the debugger waits next."""
        self.thread.step()

    def trace_syscalls(self, on: bool = True) -> None:
        """Whether system calls are reported from now on."""
        self.need_stopped()
        need_reportable(self.backend, Report.SYSCALLS)
        reports = self.control.reports
        self.report(reports | Report.SYSCALLS if on else reports & ~Report.SYSCALLS)

    def report(self, what: Report) -> None:
        """Ask the system for these stops."""
        control = self.control
        # The exit of a call that is being left out is waited for in any case.
        self.backend.report(self.pid, what | Report.SYSCALLS if control.omitted else what)
        control.asked(what)

    def interrupt(self) -> None:
        """Stop it where it is; `Interrupted` will come, what happened before it
        first.  Does nothing to a process that stands, between two calls of
        `Debugger.wait`.

        Another thread than the one that waits may ask for it at any time, and so may a
        signal's handler: a process that stands is then stopped when it has gone on."""
        if self.state is State.STOPPED and self.debugger.in_hand():
            return
        self.need_alive()
        # The one that waits looks at this when it has let the process go on.
        self.control.interrupting = True
        if self.state is State.RUNNING:
            with suppress(ProcessLookupError):
                stops.send(self)

    def kill(self) -> None:
        """End it and collect it, and what of its memory a vfork's child has.

        What it had to report is lost; processes that the debugger does not
        know go on without it."""
        release.kill(self)

    def detach(self, signal: int | None = None) -> None:
        """Let it go on by itself, breakpoints and watchpoints removed.

        The signal that it stopped for is delivered, or `signal` in its
        place (0: none).  A job that was stopped when it was attached to is stopped
        again, unless it got SIGCONT meanwhile, or a `signal` is given."""
        self.need_stopped()
        if signal is not None:
            self.set_pending_signal(signal)
            self.control.job_stopped = False
        release.detach(self)

    def __repr__(self) -> str:
        return f"<process {self.pid}, {self.state.value}>"
