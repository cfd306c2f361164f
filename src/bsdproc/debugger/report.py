"""From what wait(2) says to events.

Nothing here is spoilt by being done twice: an exception in the middle, Ctrl-C
say, leaves the news to be read once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bsdproc.debugger import calls, events, motion, release, stops, watchpoints
from bsdproc.debugger.backend import Kind, News, Stop
from bsdproc.debugger.breakpoints import Breakpoint
from bsdproc.debugger.control import Visit
from bsdproc.debugger.state import STOPPED, State
from bsdproc.debugger.thread import Thread

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process

Out = list[events.Event]

VISITS_MAX = 16
"""How many breakpoints a thread may have left by handlers that never return."""


def read(process: Process, news: News) -> Out:
    """What has happened to a process that stands, for the user; nothing when it was
    only the debugger's own doing."""
    control = process.control
    process.state = STOPPED
    stop = process.backend.stop(process.pid, news.signal)
    control.reporter, control.pending_signal = stop.lwp, 0
    step = motion.end_step(process, stop) if control.stepping is not None else None
    out: Out = []
    if step is None:
        thread = Thread(process, stop.lwp)
        for kind in stop.kinds:
            _READERS[kind](process, thread, stop, out)
    elif step.to_entry:
        if control.calls:
            _syscall_entry(process, Thread(process, stop.lwp), stop, out)
    else:
        _stepped(process, Thread(process, stop.lwp), step.wanted, out)
    if out:
        control.wanted = 0
    control.told = stop.lwp
    return out


def ended(process: Process, news: News) -> events.Event:
    """A process's end, now collected."""
    if news.signal:
        event: events.Event = events.Killed(
            process, process.backend.signal_of(news.signal), news.core)
    else:
        process.exit_status = news.status
        event = events.Exited(process, news.status)
    process.backend.collect(process.pid)
    process.state = State.GONE
    return event


# -- signals and traps -----------------------------------------------------------
def _signal(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    control = process.control
    if stop.signal == process.backend.stop_signal and stops.own(process):
        if control.interrupting:
            control.interrupting = False
            out.append(events.Interrupted(process, thread))
        return
    control.pending_signal = stop.signal
    out.append(events.SignalReceived(
        process, thread, process.backend.signal_of(stop.signal), stop.sender, stop.address,
        process.backend.code_of(stop.signal, stop.code)))


def _breakpoint(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    hit = motion.take_hit(process, stop.lwp)
    if hit is None:
        _signal(process, thread, stop, out)
        return
    address, sp, there = hit
    if not there:
        return      # removed while this thread ran into it
    visits = process.control.visits.setdefault(stop.lwp, [])
    for i, visit in enumerate(visits):
        if visit.address == address and visit.sp == sp and not visit.standing:
            # Back from a signal's handler: it has been told that it is here.
            visit.standing = True
            del visits[i + 1 :]
            return
    if not visits or visits[-1] != Visit(address, sp):
        visits.append(Visit(address, sp))
        del visits[:-VISITS_MAX]
    out.append(events.BreakpointHit(process, thread, Breakpoint(address)))


def _step(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    wanted = process.control.traps_due.pop(stop.lwp, None)
    if wanted is not None:
        _stepped(process, thread, wanted, out)
        return
    if not _watched(process, thread, out):
        _signal(process, thread, stop, out)     # the program has set the trap flag itself


def _stepped(process: Process, thread: Thread, wanted: bool, out: Out) -> None:
    _watched(process, thread, out)
    if wanted:
        out.append(events.Stepped(process, thread))


def _watched(process: Process, thread: Thread, out: Out) -> bool:
    points = watchpoints.hits(process, thread.lwp)
    out += [events.WatchpointHit(process, thread, point) for point in points]
    return bool(points)


# -- system calls -------------------------------------------------------------------
def _syscall_entry(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    backend = process.backend
    out.append(events.SyscallEntered(
        process, thread, stop.syscall, backend.syscall_name(stop.syscall),
        backend.syscall_arguments(process.pid, stop)))


def _syscall_exit(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    if process.control.omitted and calls.has_been_omitted(thread):
        process.report(process.control.reports)
    elif process.control.calls:
        backend = process.backend
        result, second, error = backend.syscall_result(process.pid, stop)
        out.append(events.SyscallExited(
            process, thread, stop.syscall, backend.syscall_name(stop.syscall), result, second,
            error))


# -- programs, children, threads ------------------------------------------------------
def _exec(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    process.control.new_program()
    _memory_is_own(process)
    out.append(events.Execed(process, thread))


def _memory_is_own(process: Process) -> None:
    """A child of vfork has a memory of its own now."""
    for other in process.debugger.processes.values():
        if other.control.vforked is process:
            other.control.vforked = None


def _fork(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    """The child is traced as well, and stops: keep it, or let it go clean."""
    debugger, vfork = process.debugger, Kind.VFORK in stop.kinds
    child = debugger.processes.get(stop.child) or debugger.adopt(
        stop.child, process, shared=vfork)
    if Kind.SPAWN in stop.kinds:
        child.control.traps.forget()
    if not debugger.follow_fork:
        if vfork:
            # It runs in the parent's memory: they are out until that is its own again.
            process.control.traps.withdraw()
            child.control.traps.forget()
        release.set_free(child)
    else:
        release.bring_to_stop(child)
        if child.state is State.STOPPED:
            out.append(events.Forked(process, thread, stop.child, child, vfork))
            _child(child, child.thread, stop, out)
            return
    out.append(events.Forked(process, thread, stop.child, None, vfork))


def _vfork_done(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    process.control.vforked = None
    process.control.traps.restore()
    out.append(events.VforkDone(process, thread))


def _child(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    """A child's first stop; as news of its own if its parent did not live to tell."""
    if process.debugger.follow_fork:
        process.report(process.control.reports)
        process.control.told = thread.lwp
        out.append(events.Started(process, thread))
    else:
        release.set_free(process)


def _thread_started(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    out.append(events.ThreadStarted(process, thread))


def _thread_exited(process: Process, thread: Thread, stop: Stop, out: Out) -> None:
    process.control.held.discard(stop.lwp)
    process.control.visits.pop(stop.lwp, None)
    process.control.omitted.pop(stop.lwp, None)
    out.append(events.ThreadExited(process, thread))


_READERS: dict[Kind, Callable[[Process, Thread, Stop, Out], None]] = {
    Kind.SIGNAL: _signal,
    Kind.BREAKPOINT: _breakpoint,
    Kind.STEP: _step,
    Kind.SYSCALL_ENTRY: _syscall_entry,
    Kind.SYSCALL_EXIT: _syscall_exit,
    Kind.EXEC: _exec,
    Kind.FORK: _fork,
    Kind.VFORK: _fork,
    Kind.VFORK_DONE: _vfork_done,
    Kind.SPAWN: _fork,
    Kind.CHILD: _child,
    Kind.THREAD_STARTED: _thread_started,
    Kind.THREAD_EXITED: _thread_exited,
}
