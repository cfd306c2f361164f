"""What the debugger keeps in mind of a process, for the rest of the package alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsdproc.debugger.backend import Report
from bsdproc.debugger.traps import Traps

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process
    from bsdproc.debugger.watchpoints import Watchpoint


@dataclass(slots=True)
class Visit:
    """A thread's stay at a breakpoint that it has been reported at.

    A signal's handler may run in between: the thread then comes back to the
    same place with the same stack, which is no new hit."""

    address: int
    sp: int
    standing: bool = True
    """The instruction is still to be executed, with the breakpoint out of its way."""


@dataclass(slots=True)
class Stepping:
    """A step that is being made."""

    lwp: int
    wanted: bool
    """Asked for by the user; else it only leads over a breakpoint."""
    others: tuple[int, ...] = ()
    """Threads that are suspended for it."""
    held: bool = False
    """The user had suspended the thread itself."""
    lifted: int | None = None
    """The breakpoint that is out of its way."""
    to_entry: bool = False
    """The instruction is a system call's: the thread runs to the call's entry,
    since the call itself may take its time, or need the other threads."""


@dataclass(frozen=True, slots=True)
class Omitted:
    """A system call that is being left out: another one is made in its place."""

    number: int
    """Its own, as the register had it."""
    result: int
    error: int


@dataclass(slots=True)
class Control:
    """One process's."""

    traps: Traps
    """The breakpoint instructions in its memory."""
    watched: list[Watchpoint | None] = field(default_factory=list)
    """By debug register."""
    reporter: int = 0
    """The thread that reported the last stop."""
    told: int = 0
    """The same as long as that stop is the last thing it said, and events tell of it."""
    pending_signal: int = 0
    """What that thread takes along when the process goes on."""
    wanted: int = 0
    """A thread that is to be stepped."""
    stepping: Stepping | None = None
    traps_due: dict[int, bool] = field(default_factory=dict)
    """Threads whose step ended in another stop first; the trap is still to come.
    Whether the step was `Stepping.wanted`."""
    visits: dict[int, list[Visit]] = field(default_factory=dict)
    """By thread, the innermost last."""
    held: set[int] = field(default_factory=set)
    """Threads that the user suspended."""
    omitted: dict[int, Omitted] = field(default_factory=dict)
    """By thread."""
    reports: Report = Report.NONE
    """What it is to stop for."""
    calls: bool = False
    """`Report.SYSCALLS` is among them: asked at every stop, where a flag takes too long."""
    interrupting: bool = False
    """The user has asked for a stop that has not come yet."""
    stops_due: int = 0
    """So many stop signals of the debugger's are on their way, or fewer."""
    job_stopped: bool = False
    """It was a stopped job when it was attached to, and nobody has continued it since."""
    unborn: bool = False
    """A traced process's child, whose first stop is to come without being asked for."""
    vforked: Process | None = None
    """A child of vfork under the debugger that has this process's memory."""

    def asked(self, what: Report) -> None:
        """It stops for these from now on."""
        self.reports, self.calls = what, Report.SYSCALLS in what

    def standing(self, lwp: int) -> Visit | None:
        """The breakpoint that a thread has to be led over."""
        visits = self.visits.get(lwp)
        return visits[-1] if visits and visits[-1].standing else None

    def leave(self, lwp: int) -> None:
        """A thread has left the breakpoint that it stood at."""
        visits = self.visits.get(lwp)
        if visits:
            visits.pop()
            if not visits:
                del self.visits[lwp]

    def no_breakpoint(self, address: int) -> None:
        """A thread that comes back there from a handler does not stop any more."""
        for lwp, visits in list(self.visits.items()):
            visits[:] = [v for v in visits if v.standing or v.address != address]
            if not visits:
                del self.visits[lwp]

    def new_program(self) -> None:
        """Nothing of the old one's memory and threads is left."""
        self.traps.forget()
        self.watched = []
        self.visits.clear()
        self.held.clear()
        self.omitted.clear()
        self.stepping = None
        self.wanted = 0
