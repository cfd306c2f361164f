"""What the portable layer needs of a system's ptrace, in the portable layer's terms.

One module beside this one implements it for each system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import Protocol

from bsdproc.kernel.port import Kernel


class RegisterSet(Protocol):
    """A machine's general registers: neutral names; the machine's own are
    there as well."""

    pc: int
    sp: int
    fp: int
    return_value: int

    def __getitem__(self, name: str) -> int: ...

    def __setitem__(self, name: str, value: int) -> None: ...


class Report(Flag):
    """Stops to ask a system for."""

    NONE = 0
    SYSCALLS = auto()
    FORKS = auto()
    THREADS = auto()


class Kind(Enum):
    """Why a thread has stopped."""

    SIGNAL = auto()
    BREAKPOINT = auto()
    """A breakpoint instruction; the pc may stand behind it."""
    STEP = auto()
    """A step is done, or a debug register has seen something."""
    SYSCALL_ENTRY = auto()
    SYSCALL_EXIT = auto()
    EXEC = auto()
    FORK = auto()
    VFORK = auto()
    VFORK_DONE = auto()
    CHILD = auto()
    THREAD_STARTED = auto()
    THREAD_EXITED = auto()


@dataclass(frozen=True, slots=True)
class Stop:
    """A stopped thread and why it stopped; several reasons may coincide."""

    lwp: int
    kinds: tuple[Kind, ...]
    signal: int
    code: int = 0
    sender: int | None = None
    address: int | None = None
    child: int = 0
    syscall: int = 0
    narg: int = 0


@dataclass(frozen=True, slots=True)
class News:
    """What wait() says of a process: stopped, or gone one way or the other."""

    pid: int
    stopped: bool
    signal: int
    status: int
    core: bool
    continued: bool = False


class Backend(Protocol):
    """A system's tracing."""

    kernel: Kernel
    breakpoint_instruction: bytes
    breakpoint_advance: int
    """How far the pc stands behind a breakpoint's address when it has been hit."""
    stop_signal: int
    kill_signal: int
    page_size: int

    def spawn(self, path: str, argv: Sequence[str], env: Mapping[str, str] | None,
              cwd: str | None, fds: Mapping[int, int] | None, uid: int | None) -> int: ...
    def attach(self, pid: int) -> None: ...
    def detach(self, pid: int, signal: int) -> None: ...
    def report(self, pid: int, what: Report) -> None: ...
    def proceed(self, pid: int, signal: int) -> None: ...
    def step(self, pid: int, lwp: int, signal: int) -> None: ...
    def suspend(self, pid: int, lwp: int) -> None: ...
    def unsuspend(self, pid: int, lwp: int) -> None: ...
    def end(self, pid: int) -> None:
        """Kill a stopped tracee for good."""

    def wait(self, pid: int, *, block: bool) -> News | None: ...
    def wait_any(self, pids: Sequence[int]) -> News | None:
        """News of one of these children, the others' left for who wants
        them.  None when something else has news first: look again."""

    def stop(self, pid: int, signal: int) -> Stop: ...
    def threads(self, pid: int) -> tuple[int, ...]: ...
    def thread_name(self, pid: int, lwp: int) -> str: ...
    def pending_traps(self, pid: int, lwp: int) -> bool:
        """Whether a thread has a trap to report still."""

    def registers(self, pid: int, lwp: int) -> RegisterSet: ...
    def set_registers(self, pid: int, lwp: int, registers: RegisterSet) -> None: ...
    def read(self, pid: int, address: int, size: int) -> bytes: ...
    def write(self, pid: int, address: int, data: bytes) -> int: ...
    def syscall_name(self, number: int) -> str: ...
    def syscall_arguments(self, pid: int, stop: Stop) -> tuple[int, ...]: ...
    def syscall_result(self, pid: int, stop: Stop) -> tuple[int, int, int]:
        """(result, second result, error)."""

    def signal_of(self, number: int) -> int:
        """The system's enum member."""

    def watch(self, pid: int, slots: Sequence[tuple[int, int, str] | None]) -> None:
        """Arm the debug registers of every thread: (address, size, "w" | "rw" | "x")."""

    def watch_slots(self) -> int:
        """How many the machine has; 0 where nothing can be watched."""

    def watched(self, pid: int, lwp: int) -> tuple[int, ...]:
        """Which slots saw something; told once."""


def backend_for(kernel: Kernel) -> Backend:
    """The implementation for a kernel's system."""
    if kernel.system == "freebsd":
        from bsdproc.debugger._freebsd import FreeBSDBackend

        return FreeBSDBackend(kernel)
    from bsdproc.kernel.errors import NotSupported

    raise NotSupported(
        45, f"no debugger for {kernel.system} yet", system=kernel.system, call="ptrace")
