"""wait4(2), wait6(2) and waitid(2), typed::

    match dragonfly.wait(pid):
        case Stopped(signal=Signal.SIGTRAP): ...
        case Exited(status=0): ...

What a tracer has to know of DragonFly's: the exit of a tracee whose parent is its
tracer is reported twice; a process that ran on a processor when it was attached to
may report its stop twice, and no request is taken between the two; SIGKILL to a
tracee is reported as a stop, which `ptrace.cont` lets it survive.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, overload

from bsdproc.dragonfly._call import SYSTEM, dragonfly
from bsdproc.dragonfly.constants.signals import Signal, SignalCode
from bsdproc.dragonfly.constants.wait import IdType, WaitOptions, WaitTarget
from bsdproc.dragonfly.rusage import Rusage
from bsdproc.dragonfly.siginfo import Siginfo
from bsdproc.typed import waiting
from bsdproc.typed.waiting import Continued, Exited

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

__all__ = [
    "Continued",
    "Exited",
    "IdType",
    "Rusage",
    "Siginfo",
    "Signal",
    "SignalCode",
    "Signaled",
    "Status",
    "Stopped",
    "WaitOptions",
    "Waited",
    "decode",
    "wait",
    "wait6",
    "waitid",
]

_CONTINUED: Final = Signal.SIGCONT.value


@dataclass(frozen=True, slots=True)
class Stopped(waiting.Stopped[Signal]):
    """The process has stopped (WIFSTOPPED); signal 0 after a procfs attach."""

    signal: Signal | int


@dataclass(frozen=True, slots=True)
class Signaled(waiting.Signaled[Signal]):
    """A signal has ended the process (WIFSIGNALED)."""

    signal: Signal | int


Status = Stopped | Exited | Signaled | Continued


@dataclass(frozen=True, slots=True)
class Waited:
    """What wait6(2) gives."""

    status: Status
    siginfo: Siginfo
    """wait6(2)'s siginfo, of which DragonFly 5.9 fills the code alone."""
    usage: Rusage
    """Resources that the process used (wru_self)."""
    children: Rusage
    """Those of its children that it collected (wru_children)."""


@lru_cache(maxsize=1024)
def decode(pid: int, status: int) -> Status:
    """A wait status by the macros of <sys/wait.h>."""
    return waiting.decode(pid, status, Signal, Stopped, Signaled, _CONTINUED)


@overload
def wait(
    pid: int = ..., options: Literal[0] = 0, *, kernel: Kernel | None = None
) -> Status: ...
@overload
def wait(
    pid: int = ..., options: WaitOptions | int = ..., *, kernel: Kernel | None = None
) -> Status | None: ...
def wait(
    pid: int = WaitTarget.WAIT_ANY.value,
    options: WaitOptions | int = 0,
    *,
    kernel: Kernel | None = None,
) -> Status | None:
    """wait4(2): the next event of a child or tracee.

    `pid` names one process; -1 is any of them, 0 any of the caller's process
    group and a number below -1 any of group ``-pid``.  Stops of tracees and
    exits are always reported, stops of other children with WUNTRACED, and
    SIGCONT with WCONTINUED.  With WNOHANG the answer may be None.

    Blocks until there is an event; goes on when a signal handler of Python's
    returns.  `ChildProcessError` (ECHILD) when there is nothing to wait for, a
    process that another one traces included.
    """
    kernel = dragonfly(kernel)
    found, status, _ = waiting.wait4(SYSTEM, kernel, pid, options)
    return decode(found, status) if found else None


def wait6(
    idtype: IdType,
    id: int,
    options: WaitOptions | int,
    *,
    kernel: Kernel | None = None,
) -> Waited | None:
    """wait6(2): the next event of the processes that `idtype` and `id` name.

    Unlike `wait` it reports only what `options` asks for (WEXITED, WTRAPPED,
    WUNTRACED, WCONTINUED), and WNOWAIT leaves the event to be reported again.
    With WNOHANG the answer may be None.  `id` is ignored for P_ALL.

    `ChildProcessError` (ECHILD) when there is nothing to wait for.
    """
    kernel = dragonfly(kernel)
    found, status, usage, info = waiting.wait6(SYSTEM, kernel, IdType(idtype), id, options)
    if not found:
        return None
    machine = kernel.target.machine
    return Waited(decode(found, status), Siginfo.single(machine, info),
                  *waiting.usages(Rusage, machine, usage))


def waitid(
    idtype: IdType,
    id: int,
    options: WaitOptions | int,
    *,
    kernel: Kernel | None = None,
) -> Siginfo | None:
    """waitid(2): the same, and of the event the siginfo alone.

    On DragonFly it is the C library's, over wait6(2).  DragonFly 5.9 fills `code` and
    nothing else: only `wait6` says which process it is and how it ended."""
    kernel = dragonfly(kernel)
    found, _, _, info = waiting.wait6(SYSTEM, kernel, IdType(idtype), id, options)
    if not found:
        return None
    return Siginfo.single(kernel.target.machine, info)
