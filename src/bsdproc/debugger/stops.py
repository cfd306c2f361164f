"""Stop signals: the debugger's own, told from others', and a job's, which outlives the tracing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process


def send(process: Process) -> None:
    """A stop signal of the debugger's own, unless one is on its way already.

    One that has just been taken from the queue, and has not stopped the process yet,
    cannot be seen: then two come."""
    backend, control = process.backend, process.control
    with process.debugger.lock:
        if control.stops_due and backend.pending(process.pid, backend.stop_signal):
            return
        control.stops_due += 1
        backend.kernel.kill(process.pid, backend.stop_signal)


def own(process: Process) -> bool:
    """Whether the stop signal that has just stopped a process was the debugger's."""
    backend, control = process.backend, process.control
    with process.debugger.lock:
        left = control.stops_due - 1
        if left < 0:
            return False
        if left and not backend.pending(process.pid, backend.stop_signal):
            left = 0            # two that came as one
        control.stops_due = left
        return True


def is_due(process: Process) -> bool:
    """Whether one of the debugger's is still to stop a process."""
    backend = process.backend
    return process.control.stops_due > 0 and backend.pending(process.pid, backend.stop_signal)


def goes_on(process: Process) -> None:
    """A process is about to take its pending signal along: one that continues a job
    ends the stop that it was found in."""
    control = process.control
    if control.job_stopped and control.pending_signal == process.backend.continue_signal:
        control.job_stopped = False


def stop_again(process: Process) -> None:
    """Before a process is detached from that was a stopped job when it was attached to:
    it shall be one again.  The kernel forgets that while it traces."""
    backend, pid, control = process.backend, process.pid, process.control
    if not control.job_stopped or backend.pending(pid, backend.continue_signal):
        return
    if control.pending_signal == 0:
        control.pending_signal = backend.stop_signal
    elif control.pending_signal != backend.continue_signal:
        backend.kernel.kill(pid, backend.stop_signal)
