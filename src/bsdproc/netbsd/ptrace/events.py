"""What a tracee stops for, which signals go past its tracer, and the signal it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from bsdproc.netbsd import _call, _check, sigset
from bsdproc.netbsd.constants.ptrace import PtraceEvents
from bsdproc.netbsd.records import Record
from bsdproc.netbsd.siginfo import Siginfo
from bsdproc.typed.enums import flags
from bsdproc.typed.records import Flagged, Nested, Number

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_SET_SIZE: Final = 16
_LWPS: Final = PtraceEvents.PTRACE_LWP_CREATE | PtraceEvents.PTRACE_LWP_EXIT


class ProcessState(Record):
    """struct ptrace_state: the event that a tracee last stopped for."""

    struct = "struct ptrace_state"
    __slots__ = ()

    report_event = Flagged("pe_report_event", PtraceEvents)
    """Which event; none of them when nothing is to be said."""
    option = Number("_option._pe_other_pid")
    """The process or the LWP that it is about (see `other_pid` and `lwp`)."""

    @property
    def other_pid(self) -> int | None:
        """The child of a fork, and for the child its parent; None with another event."""
        return self.option if self.report_event and not self.report_event & _LWPS else None

    @property
    def lwp(self) -> int | None:
        """The LWP that began or ends; None with another event."""
        return self.option if self.report_event & _LWPS else None


class PtraceSiginfo(Record):
    """struct ptrace_siginfo: the signal that a tracee stopped for."""

    struct = "struct ptrace_siginfo"
    __slots__ = ()

    siginfo = Nested("psi_siginfo", Siginfo)
    lwpid = Number("psi_lwpid")
    """The LWP that it is for, 0 for the whole process."""


def get_event_mask(pid: int, *, kernel: Kernel | None = None) -> PtraceEvents:
    """PT_GET_EVENT_MASK: the events that a stopped tracee reports.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    layout = kernel.target.struct("struct ptrace_event")
    buffer = kernel.buffer(layout.size)
    _call.ptrace(kernel, "PT_GET_EVENT_MASK", pid, buffer, layout.size)
    (mask,) = layout.reader("pe_set_event")(buffer.read(), 0)
    return flags(PtraceEvents, mask & 0xFFFFFFFF)


def set_event_mask(pid: int, events: PtraceEvents, *, kernel: Kernel | None = None) -> None:
    """PT_SET_EVENT_MASK: set the events that a stopped tracee reports.

    `KernelError` (EINVAL, or ENOTSUP for PTRACE_VFORK of kernels before NetBSD 8)
    for what the kernel does not know.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    if not isinstance(events, PtraceEvents):
        raise TypeError(f"events must be PtraceEvents, not {type(events).__name__}")
    mask = _check.signed(_check.unsigned(events.value, 32, "events"), 32, "events")
    layout = kernel.target.struct("struct ptrace_event")
    buffer = kernel.buffer(layout.pack({"pe_set_event": mask}))
    _call.ptrace(kernel, "PT_SET_EVENT_MASK", pid, buffer, layout.size)


def get_process_state(pid: int, *, kernel: Kernel | None = None) -> ProcessState:
    """PT_GET_PROCESS_STATE: the event that a stopped tracee reported, and whom it is about.

    ptrace(2)."""
    kernel = _call.netbsd(kernel)
    kind = ProcessState.of(kernel.target.machine)
    buffer = kernel.buffer(kind.sizeof)
    _call.ptrace(kernel, "PT_GET_PROCESS_STATE", pid, buffer, kind.sizeof)
    return kind(buffer.read())


def get_siginfo(pid: int, *, kernel: Kernel | None = None) -> PtraceSiginfo:
    """PT_GET_SIGINFO: the signal that a stopped tracee stopped for, and its LWP.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    kind = PtraceSiginfo.of(kernel.target.machine)
    buffer = kernel.buffer(kind.sizeof)
    _call.ptrace(kernel, "PT_GET_SIGINFO", pid, buffer, kind.sizeof)
    return kind(buffer.read())


def set_siginfo(pid: int, siginfo: Siginfo, lwp: int = 0, *,
                kernel: Kernel | None = None) -> None:
    """PT_SET_SIGINFO: set what a tracee's signal says when it is delivered.

    It is delivered by continuing with that signal, to `lwp`, or with 0 to the whole
    process.  `KernelError` (EINVAL) for a signal number beyond the last;
    `TypeError` for another machine's siginfo (`Siginfo.make` takes the machine).  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    if not isinstance(siginfo, Siginfo) or siginfo.machine != kernel.target.machine:
        raise TypeError(f"siginfo must be a Siginfo of {kernel.target.machine}, "
                        f"not {siginfo!r}")
    layout = kernel.target.struct("struct ptrace_siginfo")
    record = bytearray(layout.pack({"psi_lwpid": _check.lwp(lwp)}))
    at = layout.field("psi_siginfo").offset
    record[at : at + len(siginfo.raw)] = siginfo.raw
    _call.ptrace(kernel, "PT_SET_SIGINFO", pid, kernel.buffer(record), layout.size)


def get_sigpass(pid: int, *, kernel: Kernel | None = None) -> sigset.SigSet:
    """PT_GET_SIGPASS: the signals that a tracee gets without stopping for them.

    `TooOld` before NetBSD 10.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    buffer = kernel.buffer(_SET_SIZE)
    _call.ptrace(kernel, "PT_GET_SIGPASS", pid, buffer, _SET_SIZE)
    return sigset.decode(buffer.read(), kernel.target.byteorder)


def set_sigpass(pid: int, signals: Iterable[int], *, kernel: Kernel | None = None) -> None:
    """PT_SET_SIGPASS: pass these signals to a tracee without stopping it.

    Crashes, SIGTRAP's events and SIGSTOP, SIGKILL are not affected.  `TooOld` before
    NetBSD 10.  ptrace(2)."""
    kernel = _call.netbsd(kernel)
    buffer = kernel.buffer(sigset.encode(signals, kernel.target.byteorder))
    _call.ptrace(kernel, "PT_SET_SIGPASS", pid, buffer, _SET_SIZE)
