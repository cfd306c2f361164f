"""wait4(2) and wait6(2), typed.

A status is of the class of what has happened::

    match freebsd.wait(pid):
        case Stopped(signal=Signal.SIGTRAP): ...
        case Exited(status=0): ...
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, overload

from bsdproc.freebsd._call import SYSTEM, freebsd
from bsdproc.freebsd.constants.signals import Signal, SignalCode
from bsdproc.freebsd.constants.wait import IdType, WaitOptions, WaitTarget
from bsdproc.freebsd.rusage import Rusage
from bsdproc.freebsd.siginfo import Siginfo
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
]

_CONTINUED: Final = 0x13


@dataclass(frozen=True, slots=True)
class Stopped(waiting.Stopped[Signal]):
    """The process has stopped (WIFSTOPPED)."""

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
    """The SIGCHLD that the event would send; wait6(2)'s siginfo."""
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
    returns.  `ChildProcessError` (ECHILD) when there is nothing to wait for.
    """
    kernel = freebsd(kernel)
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
    WSTOPPED, WCONTINUED), and WNOWAIT leaves the event to be reported again.
    With WNOHANG the answer may be None.  `id` is ignored for P_ALL.

    `ChildProcessError` (ECHILD) when there is nothing to wait for, `KernelError`
    (EINVAL) for options without any event and for an unknown idtype.
    """
    kernel = freebsd(kernel)
    found, status, usage, info = waiting.wait6(SYSTEM, kernel, IdType(idtype), id, options)
    if not found:
        return None
    machine = kernel.target.machine
    return Waited(decode(found, status), Siginfo.single(machine, info),
                  *waiting.usages(Rusage, machine, usage))
