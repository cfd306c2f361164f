"""Letting a stopped process go on: over breakpoints, by steps, or freely.

A step is begun here and ends with the process's next stop, whatever that is, so
that other processes are served meanwhile: the instruction may be a system call
that waits for them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bsdproc.debugger import stops
from bsdproc.debugger.backend import Kind, Report, Stop
from bsdproc.debugger.control import Stepping
from bsdproc.debugger.state import RUNNING

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process

EVENTS = frozenset(Kind) - {Kind.SIGNAL, Kind.BREAKPOINT, Kind.STEP}


def go_on(process: Process) -> None:
    """Let it run."""
    control, backend, pid = process.control, process.backend, process.pid
    if control.stepping is not None:
        # An exception broke it off before it began.
        if control.stepping.wanted:
            control.wanted = control.stepping.lwp
        settle(process)
    signal = control.pending_signal
    if control.job_stopped:
        stops.goes_on(process)
    lwp = control.wanted or (_to_lead_over(process) if control.visits else 0)
    if lwp:
        if control.visits and not backend.holds:
            lwp = _to_lead_over(process) or lwp     # they would stop again and again
        visit = control.standing(lwp)
        if visit is None or not signal or lwp != control.reporter:
            _step(process, lwp, signal)
            return
        # The signal's handler runs first, with every breakpoint in its place;
        # the thread comes back to this one then.
        visit.standing = False
    backend.proceed(pid, signal)
    _runs(process)


def _runs(process: Process) -> None:
    process.state = RUNNING
    process.control.pending_signal = process.control.told = 0


def _to_lead_over(process: Process) -> int:
    """A thread that stands at a breakpoint which has been reported, the last
    stop's first; 0 when there is none."""
    control = process.control
    for lwp in sorted(control.visits, key=lambda lwp: lwp != control.reporter):
        visit = control.standing(lwp)
        if visit is None or lwp in control.held:
            continue
        if visit.address in control.traps:
            return lwp
        control.leave(lwp)      # the breakpoint was removed meanwhile
    return 0


def _step(process: Process, lwp: int, signal: int) -> None:
    """Begin one instruction of one thread, the others held."""
    control, backend, pid = process.control, process.backend, process.pid
    wanted = lwp == control.wanted
    threads = backend.threads(pid)
    visit = control.standing(lwp)
    step = Stepping(
        lwp, wanted,
        tuple(t for t in threads if t != lwp and t not in control.held) if backend.holds else (),
        held=lwp in control.held,
        lifted=visit.address if visit is not None and visit.address in control.traps
        else None)
    if step.lifted is not None and not wanted and not signal:
        step.to_entry = control.traps.at_call(step.lifted)
    control.stepping = step
    if wanted:
        control.wanted = 0
    for other in step.others:
        backend.suspend(pid, other)
    if step.held:
        backend.unsuspend(pid, lwp)
    if step.lifted is not None:
        control.traps.lift(step.lifted)
    if step.to_entry:
        backend.report(pid, control.reports | Report.SYSCALLS)
        backend.proceed(pid, signal)
    else:
        backend.step(pid, lwp, signal)
    _runs(process)


def take_hit(process: Process, lwp: int) -> tuple[int, int, bool] | None:
    """At a breakpoint instruction: put the pc back if it is the debugger's, and
    say (address, sp, whether the breakpoint is there still).  None for the
    program's own."""
    backend, traps = process.backend, process.control.traps
    pc, sp = backend.where(process.pid, lwp)
    at = pc - backend.breakpoint_advance
    there = at in traps
    if there or traps.was_at(at):
        if at != pc:
            backend.set_pc(process.pid, lwp, at)
        return at, sp, there
    there = pc in traps
    if (there or traps.was_at(pc)) and traps.plain(at):
        # It was put back, and an exception then made this be read again.
        return pc, sp, there
    return None


def settle(process: Process) -> None:
    """After a step, and after one that did not come about: nothing stays lifted
    or held for it."""
    control, backend, pid = process.control, process.backend, process.pid
    step = control.stepping
    assert step is not None
    for other in step.others:
        with suppress(ProcessLookupError):      # an exit or exec may have taken it along
            backend.unsuspend(pid, other)
    if step.held and step.lwp in control.held:
        backend.suspend(pid, step.lwp)
    if step.lifted is not None:
        control.traps.put_back(step.lifted)
    if step.to_entry:
        backend.report(pid, control.reports)
    control.stepping = None


def _broken_off(process: Process, step: Stepping) -> None:
    """Another thread has stopped in the middle of a step, where nobody is held for it."""
    backend, control = process.backend, process.control
    unreported = backend.unreported(process.pid, step.lwp, told=False)
    if unreported.waits or unreported.due:
        if step.lifted is not None:
            control.leave(step.lwp)
        control.traps_due[step.lwp] = step.wanted
    else:
        backend.clear_step(process.pid, step.lwp)
        if step.wanted:
            control.wanted = step.lwp       # unless that stop is told


def end_step(process: Process, stop: Stop) -> Stepping | None:
    """The process stands again after a step was begun; the step if that is what
    this stop tells of, None if it is something else's."""
    control = process.control
    step = control.stepping
    assert step is not None
    if Kind.EXEC in stop.kinds:
        # The threads, the breakpoint and what was held went with the old program.
        if step.to_entry:
            process.backend.report(process.pid, control.reports)
        else:
            control.traps_due[stop.lwp] = step.wanted
        control.stepping = None
        return None
    settle(process)
    if stop.lwp != step.lwp:
        if not process.backend.holds:
            _broken_off(process, step)
        return None
    if stop.kinds == (Kind.STEP,):
        if step.lifted is not None:
            control.leave(step.lwp)
        return step
    if step.to_entry and Kind.SYSCALL_ENTRY in stop.kinds:
        control.leave(step.lwp)
        return step
    if EVENTS.intersection(stop.kinds):
        # In the middle of a system call: the instruction is done, its trap follows.
        if step.lifted is not None:
            control.leave(step.lwp)
        if Kind.THREAD_EXITED not in stop.kinds:
            control.traps_due[step.lwp] = step.wanted
    elif not step.to_entry:
        process.backend.clear_step(process.pid, step.lwp)
    return None
