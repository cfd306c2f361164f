"""A process under a debugger."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from bsdproc.debugger.backend import Report
from bsdproc.debugger.breakpoints import Breakpoints
from bsdproc.debugger.memory import Memory
from bsdproc.debugger.thread import Thread
from bsdproc.debugger.watchpoints import Watchpoints
from bsdproc.kernel.errors import KernelError, Vanished, from_errno

if TYPE_CHECKING:
    from bsdproc.debugger.backend import Backend, RegisterSet
    from bsdproc.debugger.debugger import Debugger


class State(Enum):
    """What a process does, as far as its debugger knows."""

    STOPPED = "stopped"
    RUNNING = "running"
    GONE = "gone"
    """Ended and collected: its pid may already be another's."""
    DETACHED = "detached"


class NotStopped(RuntimeError):
    """Something was asked of a process that runs."""


class Process:
    """A process that a `Debugger` spawned, attached to or followed.

    All but `pid`, `state`, `interrupt` and `kill` wants it stopped, as it is
    when an event of it has been returned.  Once it is gone, everything raises
    `Vanished`: nothing is ever asked of a stranger with the same pid.
    """

    def __init__(self, debugger: Debugger, pid: int, *, spawned: bool) -> None:
        self.debugger = debugger
        self.pid = pid
        self.spawned = spawned
        """Started by the debugger (or followed from one that was): ends with it."""
        self.state = State.RUNNING
        self.breakpoints = Breakpoints(self)
        self.watchpoints = Watchpoints(self)
        self.memory = Memory(self)
        self.hold = False
        """While true the debugger does not let it go on."""
        self.held: set[int] = set()
        """Threads that the user suspended."""
        self.exit_status: int | None = None
        """Once it has exited."""
        self.reporter = 0
        """The thread that reported the last stop."""
        self.pending_signal = 0
        self.step_lwp = 0
        self.interrupting = False
        self.discard_stop = False
        """A SIGSTOP of our own is still to come, and means nothing."""
        self.reports = Report.NONE

    @property
    def backend(self) -> Backend:
        return self.debugger.backend

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
        return Thread(self, self.reporter)

    @property
    def registers(self) -> RegisterSet:
        """`thread`'s."""
        return self.thread.registers

    @registers.setter
    def registers(self, registers: RegisterSet) -> None:
        self.thread.registers = registers

    def need_stopped(self) -> None:
        """`NotStopped` or `Vanished` unless it can be asked something."""
        if self.state is not State.STOPPED:
            self.need_alive()
            raise NotStopped(f"process {self.pid} runs")

    def need_alive(self) -> None:
        """`Vanished` for one that is gone or was detached from."""
        if self.state in (State.GONE, State.DETACHED):
            system = self.backend.kernel.system
            error = from_errno(system, 3, call="debugger", target=self.pid)
            raise Vanished(
                error.errno or 3, f"process {self.pid} is {self.state.value}", system=system,
                call="debugger", target=self.pid)

    # -- what can be done -------------------------------------------------------
    def set_pending_signal(self, signal: int) -> None:
        """What it will be sent when it goes on, in place of what stopped it."""
        self.need_stopped()
        if not isinstance(signal, int) or not 0 <= signal <= 128:
            raise ValueError(f"{signal!r} is no signal")
        self.pending_signal = int(signal)

    def request_step(self, lwp: int) -> None:
        self.need_stopped()
        self.step_lwp = lwp

    def step(self) -> None:
        """`thread.step()`: one instruction when the debugger waits next."""
        self.thread.step()

    def trace_syscalls(self, on: bool = True) -> None:
        """Whether system calls are reported from now on."""
        self.need_stopped()
        self.report(self.reports | Report.SYSCALLS if on else self.reports & ~Report.SYSCALLS)

    def report(self, what: Report) -> None:
        self.backend.report(self.pid, what)
        self.reports = what

    def interrupt(self) -> None:
        """Stop it where it is; `Interrupted` will come."""
        if self.state is State.STOPPED:
            return
        self.need_alive()
        self.interrupting = True
        self.backend.kernel.kill(self.pid, self.backend.stop_signal)

    def kill(self) -> None:
        """End it and collect it.  What it had to report is lost."""
        if self.state in (State.GONE, State.DETACHED):
            return
        if self.state is State.RUNNING:
            try:
                self.backend.kernel.kill(self.pid, self.backend.kill_signal)
            except ProcessLookupError:
                pass
        while True:
            if self.state is State.STOPPED:
                try:
                    self.backend.end(self.pid)
                    self.state = State.RUNNING
                except ProcessLookupError:
                    pass
                except KernelError as e:
                    if e.name != "EBUSY":
                        raise
            try:
                news = self.backend.wait(self.pid, block=True)
            except ChildProcessError:
                break
            if news is None or news.continued:
                continue
            if not news.stopped:
                self.exit_status = None if news.signal else news.status
                break
            self.state = State.STOPPED
        self.state = State.GONE
        self.debugger.forget(self)

    def detach(self, signal: int | None = None) -> None:
        """Let it go on by itself, breakpoints and watchpoints removed.

        The signal that it stopped for is delivered, or `signal` in its
        place (0: none)."""
        self.need_stopped()
        if signal is not None:
            self.set_pending_signal(signal)
        self.breakpoints.clear()
        self.watchpoints.clear()
        self.debugger.drain(self)
        if self.state is not State.STOPPED:
            return
        for lwp in list(self.held):
            self.backend.unsuspend(self.pid, lwp)
        self.held.clear()
        self.backend.detach(self.pid, self.pending_signal)
        self.state = State.DETACHED
        self.debugger.forget(self)

    def __repr__(self) -> str:
        return f"<process {self.pid}, {self.state.value}>"
