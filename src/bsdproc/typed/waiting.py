"""What wait4(2) and wait6(2) say, where the systems agree.

A status is one of four classes.  The two that name a signal have a subclass in each
surface, with that system's enum, which stands there once more: of a type variable's enum
or an int mypy makes an int.  The system says how it writes "continued".  The functions
that a user calls are each surface's own, since they say what that system's wait does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, IntEnum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from bsdproc.kernel.errors import KernelError
from bsdproc.typed import check
from bsdproc.typed.enums import known
from bsdproc.typed.records import Record

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel, Waited, Waited6
    from bsdproc.typed.call import System

S = TypeVar("S", bound=IntEnum)
A = TypeVar("A")
B = TypeVar("B")
U = TypeVar("U", bound=Record)

_STOPPED: Final = 0x7F
_CORE: Final = 0x80


@dataclass(frozen=True, slots=True)
class Stopped(Generic[S]):
    """The process has stopped (WIFSTOPPED)."""

    pid: int
    signal: S | int
    raw: int
    """The status as wait4(2) gave it."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The process has exited (WIFEXITED)."""

    pid: int
    status: int
    """The exit status, 0 .. 255."""
    raw: int


@dataclass(frozen=True, slots=True)
class Signaled(Generic[S]):
    """A signal has ended the process (WIFSIGNALED)."""

    pid: int
    signal: S | int
    core: bool
    """Whether it left a core dump."""
    raw: int


@dataclass(frozen=True, slots=True)
class Continued:
    """The process was stopped and goes on (WIFCONTINUED)."""

    pid: int
    raw: int


def decode(
    pid: int,
    status: int,
    kind: type[S],
    stopped: Callable[[int, S | int, int], A],
    signaled: Callable[[int, S | int, bool, int], B],
    continued: int,
) -> A | B | Exited | Continued:
    """A wait status by the macros of <sys/wait.h>."""
    if status == continued:
        return Continued(pid, status)
    low = status & 0x7F
    if low == _STOPPED:
        return stopped(pid, known(kind, status >> 8 & 0xFF), status)
    if low == 0:
        return Exited(pid, status >> 8 & 0xFF, status)
    return signaled(pid, known(kind, low), bool(status & _CORE), status)


def wait4(system: System, kernel: Kernel, pid: int, options: Flag | int) -> Waited:
    """wait4(2) for the status alone, with its arguments looked at and its errors completed."""
    if type(pid) is not int or not -0x80000000 <= pid <= 0x7FFFFFFF:
        pid = check.waited_for(pid)
    number = options if type(options) is int else option_bits(options)
    try:
        return kernel.wait4(pid, number, False)
    except KernelError as error:
        target = pid if pid > 0 else None
        raise system.completed(kernel, error, "wait4", None, target) from None


def wait6(system: System, kernel: Kernel, idtype: IntEnum, id: int,
          options: Flag | int) -> Waited6:
    """wait6(2) with its arguments looked at and its errors completed."""
    id = check.target(id, "id")
    number = option_bits(options)
    try:
        return kernel.wait6(idtype.value, id, number)
    except KernelError as error:
        raise system.completed(kernel, error, "wait6", idtype.name, id) from None


def usages(kind: type[U], machine: str, data: bytes) -> tuple[U, U]:
    """A struct wrusage: one struct rusage behind the other on every system."""
    return kind.single(machine, data), kind.single(machine, data, kind.of(machine).sizeof)


def option_bits(options: Flag | int) -> int:
    """The options as the kernel takes them."""
    number = options.value if isinstance(options, Flag) else check.integer(options, "options")
    return check.signed(number, 32, "options")
