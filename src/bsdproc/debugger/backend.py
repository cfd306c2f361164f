"""What the portable layer needs of a system's ptrace, in the portable layer's terms.

One module beside this one implements it for each system; `systems` knows which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, Flag, IntEnum, auto
from typing import Final, NamedTuple, Protocol, TypeVar

from bsdproc.kernel.errors import not_supported
from bsdproc.kernel.port import Kernel
from bsdproc.typed.registers import GeneralRegisters
from bsdproc.typed.waiting import Continued, Exited, Signaled, Stopped

S = TypeVar("S", bound=IntEnum)

PAUSE: Final = 0.002
"""Seconds between two looks at several processes, while none of them has news."""


class Report(Flag):
    """Stops to ask a system for."""

    NONE = 0
    SYSCALLS = auto()
    FORKS = auto()
    THREADS = auto()
    EXECS = auto()
    SPAWNS = auto()
    """Children of posix_spawn(2), where that is no fork."""


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
    SPAWN = auto()
    """posix_spawn(2): the child runs a program of its own already, or could not."""
    CHILD = auto()
    """The first stop of a traced process's child."""
    THREAD_STARTED = auto()
    THREAD_EXITED = auto()

    __hash__ = object.__hash__      # its readers are looked up at every stop


class Stop(NamedTuple):
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


class Unreported(NamedTuple):
    """What a thread has not told of yet."""

    waits: bool
    """It has a stop or a trap to report."""
    child: int = 0
    """The child that it has forked, 0 for none."""
    vfork: bool = False
    spawn: bool = False
    due: bool = False
    """Its step ends with a trap that comes when the call is over which it is in."""


class News(NamedTuple):
    """What wait(2) says of a process: stopped, or gone one way or the other."""

    pid: int
    stopped: bool
    signal: int
    """That stopped or ended it; 0 for an exit."""
    status: int
    core: bool


def as_news(status: Stopped[S] | Exited | Signaled[S] | Continued) -> News | None:
    """A status as news; None of one that only goes on."""
    match status:
        case Stopped(pid=pid, signal=signal):
            return News(pid, True, int(signal), 0, False)
        case Exited(pid=pid, status=code):
            return News(pid, False, 0, code, False)
        case Signaled(pid=pid, signal=signal, core=core):
            return News(pid, False, int(signal), 0, core)
        case Continued():
            return None


class Backend(Protocol):
    """A system's tracing.

    A request that is refused raises its `KernelError`: ESRCH for a process that
    is gone or going, EBUSY for one that is not stopped or whose stop has not
    been waited for."""

    kernel: Kernel
    breakpoint_instruction: bytes
    breakpoint_advance: int
    """How far the pc stands behind a breakpoint's address when it has been hit."""
    syscall_instruction: bytes
    """What calls the kernel, if a breakpoint at it is to be led over by running to the
    call's entry; b"" where it is stepped over like any other."""
    harmless_call: int | None
    """The number of a call that does nothing, to be made in the place of one that is to be
    left out, where registers that are set at a call's stops hold: getpid(2).  None where
    they do not, and `omit_call` is there."""
    holds: bool
    """Whether a thread can be held while others run."""
    reportable: Report
    """The stops that the system has; the others are never asked for."""
    stop_signal: int
    continue_signal: int
    kill_signal: int
    last_signal: int
    """The highest number that a signal has."""
    page_size: int

    def spawn(self, path: str, argv: Sequence[str], env: Mapping[str, str] | None, *,
              cwd: str | None, fds: Mapping[int, int] | None, uid: int | None,
              gid: int | None, groups: Sequence[int] | None, new_group: bool) -> int: ...
    def lost_children(self, path: str, known: Collection[int]) -> tuple[int, ...]:
        """Traced children of the caller with that program which are in nobody's hands."""

    def attach(self, pid: int) -> None: ...
    def detach(self, pid: int, signal: int) -> None: ...
    def report(self, pid: int, what: Report) -> None: ...
    def proceed(self, pid: int, signal: int) -> None:
        """Let every thread run that is not suspended; the one that reported
        the stop takes the signal."""

    def step(self, pid: int, lwp: int, signal: int) -> None:
        """The same, and have this thread trap after one instruction."""

    def clear_step(self, pid: int, lwp: int) -> None:
        """A step that has not been made is not to be made."""

    def suspend(self, pid: int, lwp: int) -> None: ...
    def unsuspend(self, pid: int, lwp: int) -> None: ...
    def end(self, pid: int) -> None:
        """Kill a stopped tracee for good."""

    def wait(self, pid: int, *, block: bool) -> News | None:
        """The next stop, or an end, which stays to be told again until `collect`:
        an exception may take an answer along.  None when there is nothing to tell;
        without `block` at any time.  `ChildProcessError` when it is no child or tracee
        (any more)."""

    def collect(self, pid: int) -> None:
        """Have done with a process whose end has been told."""

    def wait_any(self, pids: Sequence[int]) -> News | None:
        """News of one of these children, the others' left for who wants
        them.  None when something else has news first: look again."""

    def stop(self, pid: int, signal: int) -> Stop:
        """The stop that a process stands in."""

    def standing(self, pid: int) -> News:
        """The news that a stopped process has given already, told again.
        EBUSY when it has not."""

    def unreported(self, pid: int, lwp: int, *, told: bool) -> Unreported:
        """What a thread of a stopped tracee has to tell of still; its last stop
        has been `told`."""

    def pending(self, pid: int, signal: int) -> bool:
        """Whether a signal to the process as a whole waits for it, or to be reported."""

    def job_stopped(self, pid: int) -> bool:
        """Whether job control has it stopped; not of a tracee."""

    def traced(self, pid: int) -> bool:
        """Whether the caller traces it: running, stopped or on its way out."""

    def threads(self, pid: int) -> tuple[int, ...]: ...
    def reach(self, pid: int, lwp: int) -> None:
        """`NotSupported` for a thread that ptrace(2) cannot ask and step."""

    def thread_name(self, pid: int, lwp: int) -> str: ...
    def registers(self, pid: int, lwp: int) -> GeneralRegisters: ...
    def set_registers(self, pid: int, lwp: int, registers: GeneralRegisters) -> None: ...
    def where(self, pid: int, lwp: int) -> tuple[int, int]:
        """(pc, sp)."""

    def set_pc(self, pid: int, lwp: int, pc: int) -> None:
        """Of the thread that `where` has last been asked about."""

    def auxv(self, pid: int) -> Mapping[int, int]:
        """What the kernel told the program at its start, by AT_ numbers."""

    def read(self, pid: int, address: int, size: int) -> bytes: ...
    def write(self, pid: int, address: int, data: bytes) -> int: ...
    def syscall_name(self, number: int) -> str: ...
    def syscall_arguments(self, pid: int, stop: Stop) -> tuple[int, ...]: ...
    def syscall_result(self, pid: int, stop: Stop) -> tuple[int, int, int]:
        """(result, second result, error)."""

    def omit_call(self, pid: int) -> None:
        """The call that a process stands before is not to be made; its registers are its
        result's already."""

    def signal_of(self, number: int) -> int:
        """The system's enum member."""

    def code_of(self, signal: int, code: int) -> int:
        """The same of what a siginfo_t says of its cause."""

    def watch(self, pid: int, slots: Sequence[tuple[int, int, str] | None]) -> None:
        """Arm the debug registers of every thread: (address, size, "w" | "rw" | "x")."""

    def watch_slots(self) -> int:
        """How many the machine has; 0 where nothing can be watched."""

    def watched(self, pid: int, lwp: int) -> tuple[int, ...]:
        """Which slots saw something; told once."""

    def pass_over(self, pid: int, lwp: int) -> None:
        """A watched instruction is to be executed when the thread goes on."""


def news_of_any(backend: Backend, pids: Sequence[int], idtype: int,
                options: int) -> News | None:
    """`Backend.wait_any` by wait6(2): `idtype` is the system's P_ALL, and `options` ask for
    what its children have to tell and leave it to be told again."""
    try:
        found = backend.kernel.wait6(idtype, 0, options, False).pid
    except ChildProcessError:
        found = 0
    if found in pids:
        return backend.wait(found, block=False)
    # Some other child of the caller has news, which are not ours to take.
    return news_of_each(backend, pids)


def news_of_each(backend: Backend, pids: Sequence[int]) -> News | None:
    """The first that has any, looked at one by one; None after a pause when none has."""
    for pid in pids:
        found = backend.wait(pid, block=False)
        if found is not None:
            return found
    backend.kernel.settle(PAUSE)
    return None


def need_reportable(backend: Backend, what: Report) -> None:
    """`NotSupported`, by name, unless the system has these stops."""
    missing = what & ~backend.reportable
    if missing:
        names = ", ".join(one.name.lower() for one in Report if one in missing and one.name)
        raise not_supported(backend.kernel.system, call="ptrace", request=names,
                            reason=f"the system's ptrace(2) does not report {names}")
