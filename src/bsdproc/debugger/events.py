"""What happens to the processes under a debugger.

An event's process is stopped until the debugger waits for the next event
(except after `Exited` and `Killed`, which are an end).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.debugger import calls
from bsdproc.kernel import errno
from bsdproc.typed.enums import name_of

if TYPE_CHECKING:
    from bsdproc.debugger.breakpoints import Breakpoint
    from bsdproc.debugger.process import Process
    from bsdproc.debugger.thread import Thread
    from bsdproc.debugger.watchpoints import Watchpoint


@dataclass(frozen=True, slots=True)
class ProcessEvent:
    """Any event: it happened to a process."""

    process: Process


@dataclass(frozen=True, slots=True)
class ThreadEvent(ProcessEvent):
    """An event that one thread reports."""

    thread: Thread


@dataclass(frozen=True, slots=True)
class Started(ThreadEvent):
    """A followed child stands at the end of its fork, nothing of it done yet; one of NetBSD's
    posix_spawn(2) at the first instruction of its program."""


@dataclass(frozen=True, slots=True)
class Execed(ThreadEvent):
    """A new program stands at its first instruction.  The old one's
    breakpoints and watchpoints are gone with it."""


@dataclass(frozen=True, slots=True)
class Forked(ThreadEvent):
    """The process has a child."""

    child_pid: int
    child: Process | None
    """None unless children are followed."""
    vfork: bool
    """The child runs in the parent's memory, and the parent waits for it."""


@dataclass(frozen=True, slots=True)
class VforkDone(ThreadEvent):
    """The child of a vfork has executed a program or ended; the parent has
    its memory for itself again."""


@dataclass(frozen=True, slots=True)
class ThreadStarted(ThreadEvent):
    """A new thread, at its first instruction."""


@dataclass(frozen=True, slots=True)
class ThreadExited(ThreadEvent):
    """A thread that is about to end."""


@dataclass(frozen=True, slots=True)
class SyscallEntered(ThreadEvent):
    """A system call is about to be made; its registers can still be changed."""

    number: int
    name: str
    """"#N" for a number that has no name."""
    arguments: tuple[int, ...]
    """Unsigned machine words, as many as the call takes."""

    def replace(self, *arguments: int, number: int | None = None) -> None:
        """Make the call with these arguments instead, and another one if a `number` is
        given.  Arguments are machine words, with or without a sign; those beyond the ones
        given stay.

        `NotSupported` on NetBSD, which has read them before the stop."""
        calls.need_standing(self)
        calls.replace(self.thread, self.number if number is None else number, arguments)

    def skip(self, result: int = 0, *, error: int | str = 0) -> None:
        """Leave the call out: the program sees this result, or this errno of its system's,
        by its number or its name ("ENOSPC"; `ValueError` for one that the system lacks).

        No `SyscallExited` comes of it.  A process that is detached from before it goes on
        makes the call after all, except on NetBSD."""
        calls.need_standing(self)
        calls.omit(self.thread, result, error)


@dataclass(frozen=True, slots=True)
class SyscallExited(ThreadEvent):
    """A system call is done."""

    number: int
    name: str
    """As in `SyscallEntered`."""
    result: int
    """Signed; 0 after an error."""
    second_result: int
    """What a few calls return beside it, in a second register: pipe(2), say."""
    error: int
    """The system's errno, 0 for none.  FreeBSD tells -1 of a call that will be restarted,
    -2 of one that does not return in the usual way (execve, sigreturn)."""

    @property
    def error_name(self) -> str:
        """The error's C name, "ENOENT", or "ERESTART" or "EJUSTRETURN" below 0; "" for none."""
        return errno.name(self.process.debugger.kernel.system, self.error) if self.error else ""

    def replace(self, result: int = 0, *, error: int | str = 0) -> None:
        """Have the program see this result, or this errno (as `SyscallEntered.skip` takes
        it), whatever the call has done.

        `NotSupported` on NetBSD, which sets the registers behind the stop: there a call
        can be left out, `SyscallEntered.skip`."""
        calls.need_standing(self)
        calls.answer(self.thread, result, error)


@dataclass(frozen=True, slots=True)
class SignalReceived(ThreadEvent):
    """A signal is about to be delivered: it will be, when the process goes
    on, unless it is `discard`\\ ed or replaced."""

    signal: int
    """An enum member where the system's has one."""
    sender: int | None
    """The pid of the process that sent it, if one did."""
    address: int | None
    """Of a fault, where."""
    code: int
    """si_code: what sent the signal, or which kind of fault it was; an enum member where the
    system's has one."""

    @property
    def name(self) -> str:
        """The signal's C name, "SIGUSR1"; its number for one that has no name."""
        return name_of(self.signal)

    def discard(self) -> None:
        """The process will never know of it."""
        self.process.set_pending_signal(0)

    def replace(self, signal: int) -> None:
        """Deliver this one in its place."""
        self.process.set_pending_signal(signal)


@dataclass(frozen=True, slots=True)
class Interrupted(ThreadEvent):
    """The stop that `Process.interrupt` asked for."""


@dataclass(frozen=True, slots=True)
class BreakpointHit(ThreadEvent):
    """The thread stands at a breakpoint, its instruction not yet executed."""

    breakpoint: Breakpoint


@dataclass(frozen=True, slots=True)
class WatchpointHit(ThreadEvent):
    """The thread has made an access that is watched."""

    watchpoint: Watchpoint


@dataclass(frozen=True, slots=True)
class Stepped(ThreadEvent):
    """A `Thread.step` is done."""


@dataclass(frozen=True, slots=True)
class Exited(ProcessEvent):
    """The process has ended, and has been collected."""

    status: int
    """The exit status, 0 .. 255."""


@dataclass(frozen=True, slots=True)
class Killed(ProcessEvent):
    """A signal has ended the process, and it has been collected."""

    signal: int
    """An enum member where the system's has one."""
    core: bool
    """Whether it left a core dump."""

    @property
    def name(self) -> str:
        """The signal's, as in `SignalReceived`."""
        return name_of(self.signal)


Event = (
    Started | Execed | Forked | VforkDone | ThreadStarted | ThreadExited | SyscallEntered
    | SyscallExited | SignalReceived | Interrupted | BreakpointHit | WatchpointHit | Stepped
    | Exited | Killed
)
