"""What a tracee stops for, and what a system call was given and gave."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct as Packer
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.constants.ptrace import PtraceEvents
from bsdproc.freebsd.ptrace.lwp import lwpinfo
from bsdproc.freebsd.records import Record
from bsdproc.typed.enums import flags
from bsdproc.typed.records import Number, Pair

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_MASK_SIZE: Final = 4
MAX_ARGS: Final = 8
"""How many arguments the kernel keeps of a system call."""


def get_event_mask(pid: int, *, kernel: Kernel | None = None) -> PtraceEvents:
    """PT_GET_EVENT_MASK: the events that a stopped tracee reports.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    buffer = kernel.buffer(_MASK_SIZE)
    _call.ptrace(kernel, "PT_GET_EVENT_MASK", pid, buffer, _MASK_SIZE)
    return flags(PtraceEvents, int.from_bytes(buffer.read(), kernel.target.byteorder))


def set_event_mask(pid: int, events: PtraceEvents, *, kernel: Kernel | None = None) -> None:
    """PT_SET_EVENT_MASK: set the events that a stopped tracee reports.

    `KernelError` (EINVAL) for bits that the kernel does not know.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    if not isinstance(events, PtraceEvents):
        raise TypeError(f"events must be PtraceEvents, not {type(events).__name__}")
    number = _check.unsigned(events.value, 32, "events")
    buffer = kernel.buffer(number.to_bytes(_MASK_SIZE, kernel.target.byteorder))
    _call.ptrace(kernel, "PT_SET_EVENT_MASK", pid, buffer, _MASK_SIZE)


def follow_fork(pid: int, follow: bool = True, *, kernel: Kernel | None = None) -> None:
    """PT_FOLLOW_FORK: trace the children that a tracee forks (PTRACE_FORK), or no more.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    _call.ptrace(_call.freebsd(kernel), "PT_FOLLOW_FORK", pid, 0, int(bool(follow)))


def lwp_events(pid: int, report: bool = True, *, kernel: Kernel | None = None) -> None:
    """PT_LWP_EVENTS: stop for the threads that begin and end (PTRACE_LWP), or no more.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    _call.ptrace(_call.freebsd(kernel), "PT_LWP_EVENTS", pid, 0, int(bool(report)))


class ScRet(Record):
    """struct ptrace_sc_ret: what a system call returned."""

    struct = "struct ptrace_sc_ret"
    __slots__ = ()

    retval = Pair("sr_retval")
    """The two return registers, signed; zero when it failed."""
    error = Number("sr_error")
    """0, an errno, or a negative number: ERESTART (-1) for a call that is run
    again, EJUSTRETURN (-2) for one that returns nothing, as sigreturn(2)."""


def get_sc_args(pid: int, count: int | None = None, *,
                kernel: Kernel | None = None) -> tuple[int, ...]:
    """PT_GET_SC_ARGS: the arguments of the system call that a thread is stopped in.

    Unsigned, one machine word each.  `count` is how many there are, as `lwpinfo`
    says in syscall_narg; without it `lwpinfo` is asked.  `KernelError` (EINVAL)
    unless the thread is at a system call's entry or exit.  ptrace(2).
    """
    kernel = _call.freebsd(kernel)
    if count is None:
        count = lwpinfo(pid, kernel=kernel).syscall_narg
    elif not 0 <= _check.integer(count, "count") <= MAX_ARGS:
        raise ValueError(f"a system call has up to {MAX_ARGS} arguments, not {count}")
    size = kernel.target.scalars["syscallarg_t"].size
    words = _words(kernel.target.byteorder, size, min(count, MAX_ARGS))
    buffer = kernel.buffer(max(words.size, 1))
    _call.ptrace(kernel, "PT_GET_SC_ARGS", pid, buffer, words.size)
    values: tuple[int, ...] = words.unpack(buffer.read(0, words.size))
    return values


@lru_cache(maxsize=64)
def _words(byteorder: str, size: int, count: int) -> Packer:
    return Packer(("<" if byteorder == "little" else ">") + ("Q" if size == 8 else "I") * count)


def get_sc_ret(pid: int, *, kernel: Kernel | None = None) -> ScRet:
    """PT_GET_SC_RET: what the system call returned that a thread is about to leave.

    `KernelError` (EINVAL) unless the thread is at a system call's exit.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    kind = ScRet.of(kernel.target.machine)
    buffer = kernel.buffer(kind.sizeof)
    _call.ptrace(kernel, "PT_GET_SC_RET", pid, buffer, kind.sizeof)
    return kind(buffer.read())
