"""Ending it: processes are killed or let go, and nothing of theirs is left behind.

What is done here asks the kernel where a process stands instead of trusting the
debugger's notes, so that it also works after an exception in the middle of
anything.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bsdproc.debugger import calls, motion, stops, watchpoints
from bsdproc.debugger.backend import PAUSE, Kind, News, Report, Stop
from bsdproc.debugger.state import State
from bsdproc.debugger.thread import Thread
from bsdproc.kernel.errors import KernelError, NotSupported

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process


def _end(process: Process, state: State) -> None:
    """It is the debugger's no more."""
    process.state = state
    process.debugger.forget(process)


def _over(process: Process) -> bool:
    return process.state in (State.GONE, State.DETACHED)


def _wait(process: Process) -> News | None:
    """Its next news; None when it has ended, collected now."""
    while True:
        try:
            news = process.backend.wait(process.pid, block=True)
        except ChildProcessError:
            _end(process, State.GONE)
            return None
        if news is None:
            continue
        if news.stopped:
            process.state = State.STOPPED
            return news
        process.exit_status = None if news.signal else news.status
        process.backend.collect(process.pid)
        _end(process, State.GONE)
        return None


def _has_stopped(process: Process) -> bool:
    """Whether there is a stop that nobody has waited for: of a fork, say, whose child
    SIGKILL would strand."""
    try:
        news = process.backend.wait(process.pid, block=False)
    except ChildProcessError:
        return False
    return news is not None and news.stopped


def _refused(process: Process, error: KernelError, signal: int) -> None:
    """A request that wants a stopped tracee was refused: send this signal to one
    that runs; raise what is no matter of being stopped."""
    if error.name == "EPERM":
        _end(process, State.DETACHED)
    elif error.name == "EBUSY":
        if not process.backend.traced(process.pid):
            _end(process, State.DETACHED)
        elif signal == process.backend.stop_signal:
            with suppress(ProcessLookupError):
                stops.send(process)
        else:
            with suppress(ProcessLookupError):
                process.backend.kernel.kill(process.pid, signal)
    elif error.name != "ESRCH":
        raise error


def bring_to_stop(process: Process) -> None:
    """Have it stand, its stop noted; it may also have ended."""
    backend, pid = process.backend, process.pid
    known = process.state is State.STOPPED and process.control.told != 0
    while not _over(process):
        try:
            news = backend.standing(pid)
        except KernelError as error:
            known = False
            if not process.control.unborn or error.name != "EBUSY":
                _refused(process, error, backend.stop_signal)
            if not _over(process):
                _wait(process)
        else:
            process.state = State.STOPPED
            _note(process, backend.stop(pid, news.signal), new=not known)
            return


def _note(process: Process, stop: Stop, *, new: bool) -> None:
    """A stop that no event tells of: end a step, keep what is the process's own."""
    control = process.control
    if Kind.SYSCALL_EXIT in stop.kinds:
        calls.has_been_omitted(Thread(process, stop.lwp))
    control.reporter, control.unborn = stop.lwp, False
    step = motion.end_step(process, stop) if control.stepping is not None else None
    if not new:
        return
    control.told = 0
    control.pending_signal = 0
    if step is None:
        _keep_signal(process, stop)


def _keep_signal(process: Process, stop: Stop) -> None:
    """Keep a stop's signal for the process, unless it is the debugger's doing."""
    backend, control = process.backend, process.control
    if stop.kinds == (Kind.SIGNAL,):
        if stop.signal == backend.stop_signal and stops.own(process):
            control.interrupting = False
        else:
            control.pending_signal = stop.signal
    elif stop.kinds == (Kind.BREAKPOINT,):
        if motion.take_hit(process, stop.lwp) is None:
            control.pending_signal = stop.signal
    elif stop.kinds == (Kind.STEP,) and control.traps_due.pop(stop.lwp, None) is None and (
            not watchpoints.hits(process, stop.lwp)):
        control.pending_signal = stop.signal


# -- children that nobody has told of -------------------------------------------
def adopt_unreported(process: Process) -> None:
    """Children that the threads of a stopped process have forked without having
    said so yet: they are traced already, and would be stranded with it."""
    backend, pid, debugger = process.backend, process.pid, process.debugger
    for lwp in backend.threads(pid):
        if lwp != process.control.told:
            found = backend.unreported(pid, lwp, told=False)
            if found.child and found.child not in debugger.processes:
                child = debugger.adopt(found.child, process, shared=found.vfork)
                if found.spawn:
                    child.control.traps.forget()


def _let_go_of_new(process: Process, before: set[int]) -> None:
    """Those that `adopt_unreported` has found meanwhile."""
    for pid, other in process.debugger.processes.items():
        if pid not in before:
            let_go(other)


# -- killing -----------------------------------------------------------------------
def kill(process: Process) -> None:
    """End it and collect it, whatever it is doing."""
    backend, pid, control = process.backend, process.pid, process.control
    before = set(process.debugger.processes)
    while not _over(process):
        try:
            stop = backend.stop(pid, 0)
            process.state, control.reporter = State.STOPPED, stop.lwp
            adopt_unreported(process)
            _end_vforked(process)
            if Kind.THREAD_EXITED in stop.kinds:
                _leave_first(process)
            else:
                _keep_from_forking(process, stop)
                backend.end(pid)
        except KernelError as error:
            if error.name == "EBUSY" and _has_stopped(process):
                control.told = 0
                continue
            _refused(process, error, backend.kill_signal)
            _end_vforked(process)
        control.told = 0
        if not _over(process):
            _wait(process)
    _let_go_of_new(process, before)


def _end_vforked(process: Process) -> None:
    """The parent of a vfork does not end before its child has left the memory."""
    child, process.control.vforked = process.control.vforked, None
    if child is not None:
        (kill if process.spawned else let_go)(child)


def _leave_first(process: Process) -> None:
    """The reporting thread is on its way out, and a signal that ends the process would be
    lost with it: another one has to take it.  It stops for it, and then is the reporter."""
    backend, pid = process.backend, process.pid
    for lwp in backend.threads(pid):
        backend.unsuspend(pid, lwp)
    with suppress(ProcessLookupError):
        backend.kernel.kill(pid, backend.kill_signal)
    backend.proceed(pid, 0)


def _keep_from_forking(process: Process, stop: Stop) -> None:
    """Its other threads do nothing more, while the one that reported the stop
    takes the process to its end: a child would be traced by nobody's debugger.
    A call that it stands before would be made on its way."""
    backend, pid = process.backend, process.pid
    if Kind.SYSCALL_ENTRY in stop.kinds:
        with suppress(NotSupported):
            calls.omit(Thread(process, stop.lwp), 0, 0)
    if backend.holds:
        # Where SIGKILL is on its way already, any thread may take it, be held in the middle of
        # exiting for good, and have what the reporter is given ignored: none is held then.
        hold = not backend.pending(pid, backend.kill_signal)
        for lwp in backend.threads(pid):
            if hold and lwp != process.control.reporter:
                backend.suspend(pid, lwp)
            else:
                backend.unsuspend(pid, lwp)
    backend.report(pid, Report.NONE)


# -- detaching ---------------------------------------------------------------------
def detach(process: Process) -> None:
    """Let a stopped process go on by itself, with its pending signal."""
    backend, pid, control = process.backend, process.pid, process.control
    before = set(process.debugger.processes)
    process.breakpoints.clear()
    process.watchpoints.clear()
    calls.give_back(Thread(process, control.reporter))
    process.report(Report.NONE)
    for lwp in control.held:
        backend.unsuspend(pid, lwp)
    control.held.clear()
    for lwp in control.traps_due:
        backend.clear_step(pid, lwp)
    adopt_unreported(process)
    _drain(process)
    if not _over(process):
        stops.stop_again(process)
        backend.detach(pid, control.pending_signal)
        _end(process, State.DETACHED)
    _let_go_of_new(process, before)


def _drain(process: Process) -> None:
    """Have everything told that is still to be told: a thread's trap at a
    breakpoint that is gone, and the debugger's own stop signal, which would both
    harm a process that is traced no more."""
    backend, pid, control = process.backend, process.pid, process.control
    while _waiting(process):
        adopt_unreported(process)
        stops.goes_on(process)
        backend.proceed(pid, control.pending_signal)
        process.state, control.told = State.RUNNING, 0
        news = _wait(process) if backend.holds else _wait_shortly(process)
        if news is None:
            return
        _note(process, backend.stop(pid, news.signal), new=True)


def _wait_shortly(process: Process) -> News | None:
    """Its next news, as `_wait`; where what is to be told may get lost, its stopping for the
    debugger after a moment."""
    backend = process.backend
    backend.kernel.settle(PAUSE)
    news = backend.wait(process.pid, block=False)
    if news is not None and news.stopped:
        process.state = State.STOPPED
        return news
    if news is None:
        with suppress(ProcessLookupError):
            stops.send(process)
    return _wait(process)


def _waiting(process: Process) -> bool:
    backend, pid, control = process.backend, process.pid, process.control
    if stops.is_due(process) or control.omitted:
        return True
    return any(backend.unreported(pid, lwp, told=lwp == control.reporter).waits
               for lwp in backend.threads(pid))


def set_free(child: Process) -> None:
    """A child that is not followed goes on by itself, whoever started it."""
    bring_to_stop(child)
    if not _over(child):
        child.control.pending_signal = 0
        detach(child)


# -- either ------------------------------------------------------------------------
def let_go(process: Process) -> None:
    """What becomes of a process when its debugger leaves: what it started is
    killed, what it attached to goes on by itself."""
    if process.spawned:
        kill(process)
        return
    bring_to_stop(process)
    if not _over(process):
        detach(process)
