"""The debugger: processes in, events out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bsdproc.debugger import events
from bsdproc.debugger.backend import Kind, News, Report, Stop, backend_for
from bsdproc.debugger.process import Process, State
from bsdproc.debugger.thread import Thread
from bsdproc.kernel.default import resolve
from bsdproc.kernel.errors import KernelError

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

SIGTRAP = 5


class Debugger:
    """Traces processes, and yields what happens to them.

        with Debugger() as dbg:
            process = dbg.spawn(["/bin/ls"])
            for event in dbg:
                ...

    Iterating lets every stopped process go on (unless its `hold` is set),
    waits, and gives the next event; it ends when no process is left.  Leaving
    the block kills and collects what was spawned and detaches from what was
    attached to: no process stays stopped, and no zombie is left.
    """

    def __init__(self, *, follow_fork: bool = False, syscalls: bool = False,
                 threads: bool = False, kernel: Kernel | None = None) -> None:
        """`follow_fork`: trace children too.  `syscalls`: report system calls
        (each process has `trace_syscalls` as well).  `threads`: report
        threads that begin and end."""
        self.kernel = resolve(kernel)
        self.backend = backend_for(self.kernel)
        self.follow_fork = follow_fork
        self._reports = Report.FORKS
        if syscalls:
            self._reports |= Report.SYSCALLS
        if threads:
            self._reports |= Report.THREADS
        self._processes: dict[int, Process] = {}
        self._events: deque[events.Event] = deque()
        self._news: deque[News] = deque()
        self._early: set[int] = set()
        """Children that a fork told of and that have not stopped yet."""
        self._closed = False

    @property
    def processes(self) -> Mapping[int, Process]:
        """Those that are traced now, by pid."""
        return dict(self._processes)

    # -- processes in -----------------------------------------------------------
    def spawn(self, argv: Sequence[str | os.PathLike[str]], *, path: str | None = None,
              env: Mapping[str, str] | None = None, cwd: str | None = None,
              fds: Mapping[int, int] | None = None, uid: int | None = None) -> Process:
        """Start a program; it stands at its first instruction.

        `path` is the program's file, argv[0] unless given.  An exec that
        fails raises its error, and leaves nothing behind."""
        self._open()
        words = [os.fspath(word) for word in argv]
        if not words:
            raise ValueError("argv needs argv[0]")
        pid = self.backend.spawn(path or words[0], words, env, cwd, fds, uid)
        process = self._adopt(pid, spawned=True)
        news = self._first_stop(process)
        if news is not None:
            raise ChildProcessError(f"process {pid} ended before its first instruction")
        return process

    def attach(self, pid: int) -> Process:
        """Trace a running process; it is stopped then.

        `PermissionError`, `ProcessLookupError` or `KernelError` (EBUSY:
        traced already) with the reason."""
        self._open()
        if not isinstance(pid, int) or pid <= 0:
            raise ValueError(f"{pid!r} is no process id")
        if pid in self._processes:
            raise ValueError(f"process {pid} is traced by this debugger already")
        self.backend.attach(pid)
        process = self._adopt(pid, spawned=False)
        if self._first_stop(process) is not None:
            raise ProcessLookupError(f"process {pid} ended while it was attached to")
        return process

    def _adopt(self, pid: int, *, spawned: bool) -> Process:
        process = Process(self, pid, spawned=spawned)
        self._processes[pid] = process
        return process

    def _first_stop(self, process: Process) -> News | None:
        """Wait for the stop that begins the tracing; News if it ended instead."""
        try:
            news = self.backend.wait(process.pid, block=True)
        except BaseException:
            # Ctrl-C: the process is ours all the same, and close() ends it.
            raise
        assert news is not None
        if not news.stopped:
            self._gone(process)
            return news
        process.state = State.STOPPED
        process.reporter = self.backend.stop(process.pid, news.signal).lwp
        process.report(self._reports)
        return None

    def _open(self) -> None:
        if self._closed:
            raise RuntimeError("this debugger has been closed")

    # -- events out ---------------------------------------------------------------
    def __iter__(self) -> Iterator[events.Event]:
        while (event := self.wait()) is not None:
            yield event

    def wait(self) -> events.Event | None:
        """Let the processes go on and give the next event; None when no
        process is left.  `RuntimeError` when every process is held."""
        self._open()
        while True:
            if self._events:
                event = self._events.popleft()
                process = event.process
                if process.state is State.STOPPED or isinstance(
                        event, events.Exited | events.Killed):
                    return event
                continue
            if self._news:
                self._interpret(self._news.popleft())
                continue
            if not self._processes:
                return None
            self._go_on()
            if self._events or self._news:
                continue
            running = [p for p in self._processes.values() if p.state is State.RUNNING]
            if not running:
                if not self._processes:
                    continue
                raise RuntimeError("every process is held: nothing can happen")
            news = self._wait_for(running)
            if news is not None:
                self._interpret(news)

    def _wait_for(self, running: list[Process]) -> News | None:
        if len(running) == 1 and not self._early:
            pid = running[0].pid
            try:
                return self.backend.wait(pid, block=True)
            except ChildProcessError:
                self._gone(running[0])
                return None
        return self.backend.wait_any([*(p.pid for p in running), *self._early])

    def _go_on(self) -> None:
        for process in list(self._processes.values()):
            if process.state is State.STOPPED and not process.hold:
                try:
                    self._resume(process)
                except ProcessLookupError:
                    # It was killed from outside: wait() tells of it.
                    process.state = State.RUNNING

    # -- going on -------------------------------------------------------------------
    def _resume(self, process: Process) -> None:
        backend, pid = self.backend, process.pid
        signal, process.pending_signal = process.pending_signal, 0
        if process.step_lwp:
            lwp, process.step_lwp = process.step_lwp, 0
            news = self._step_one(process, lwp, signal)
            self._after_step(process, lwp, news)
            return
        if process.breakpoints:
            pc = backend.registers(pid, process.reporter).pc
            if pc in process.breakpoints:
                news = self._step_one(process, process.reporter, signal)
                stop = self._stop_of(process, news)
                if stop is None or stop.kinds != (Kind.STEP,) or backend.watched(pid, stop.lwp):
                    self._news.append(news)
                    return
                signal = 0
        backend.proceed(pid, signal)
        process.state = State.RUNNING

    def _step_one(self, process: Process, lwp: int, signal: int) -> News:
        """One instruction of one thread, the others held, a breakpoint at its
        pc lifted."""
        backend, pid = self.backend, process.pid
        others = [t for t in backend.threads(pid) if t != lwp and t not in process.held]
        at = backend.registers(pid, lwp).pc if process.breakpoints else 0
        lifted = at in process.breakpoints
        if lifted:
            process.breakpoints.lift(at)
        for other in others:
            backend.suspend(pid, other)
        process.state = State.RUNNING
        try:
            backend.step(pid, lwp, signal)
            news = backend.wait(pid, block=True)
        except BaseException:
            if others or lifted:
                self._undo_step(process, others, at if lifted else None)
            raise
        assert news is not None
        if news.stopped:
            process.state = State.STOPPED
            for other in others:
                try:
                    backend.unsuspend(pid, other)
                except ProcessLookupError:
                    pass        # an exec or exit took it along
            if lifted and Kind.EXEC not in backend.stop(pid, news.signal).kinds:
                process.breakpoints.put_back(at)
        return news

    def _undo_step(self, process: Process, others: list[int], at: int | None) -> None:
        """Interrupted in the middle of a step: leave nothing lifted or held."""
        try:
            process.interrupting = True
            self.kernel.kill(process.pid, self.backend.stop_signal)
            news = self.backend.wait(process.pid, block=True)
        except OSError:
            return
        if news is None or not news.stopped:
            if news is not None:
                self._news.append(news)
            return
        process.state = State.STOPPED
        for other in others:
            try:
                self.backend.unsuspend(process.pid, other)
            except OSError:
                pass
        if at is not None:
            process.breakpoints.put_back(at)
        self._news.append(news)

    def _after_step(self, process: Process, lwp: int, news: News) -> None:
        stop = self._stop_of(process, news)
        if stop is not None and stop.kinds == (Kind.STEP,):
            process.reporter = stop.lwp
            thread = Thread(process, stop.lwp)
            hits = process.watchpoints.at_slots(self.backend.watched(process.pid, stop.lwp))
            for point in hits:
                self._events.append(events.WatchpointHit(process, thread, point))
            self._events.append(events.Stepped(process, thread))
        else:
            self._news.append(news)

    def _stop_of(self, process: Process, news: News) -> Stop | None:
        return self.backend.stop(process.pid, news.signal) if news.stopped else None

    # -- from news to events -----------------------------------------------------------
    def _interpret(self, news: News) -> None:
        process = self._processes.get(news.pid)
        if process is None:
            if news.pid in self._early:
                self._early.discard(news.pid)
            return
        if news.continued:
            return
        if not news.stopped:
            self._ended(process, news)
            return
        process.state = State.STOPPED
        try:
            stop = self.backend.stop(process.pid, news.signal)
        except ProcessLookupError:
            process.state = State.RUNNING
            return
        process.reporter = stop.lwp
        for kind in stop.kinds:
            self._KINDS[kind](self, process, Thread(process, stop.lwp), stop)

    def _ended(self, process: Process, news: News) -> None:
        if news.signal:
            event: events.Event = events.Killed(
                process, self.backend.signal_of(news.signal), news.core)
        else:
            process.exit_status = news.status
            event = events.Exited(process, news.status)
        self._gone(process)
        self._events.append(event)

    def _gone(self, process: Process) -> None:
        process.state = State.GONE
        self.forget(process)

    def forget(self, process: Process) -> None:
        """A process that is traced no more."""
        if self._processes.get(process.pid) is process:
            del self._processes[process.pid]

    def _on_signal(self, process: Process, thread: Thread, stop: Stop) -> None:
        if stop.signal == self.backend.stop_signal:
            if process.interrupting:
                process.interrupting = False
                self._events.append(events.Interrupted(process, thread))
                return
            if process.discard_stop:
                process.discard_stop = False
                return
        process.pending_signal = stop.signal
        self._events.append(events.SignalReceived(
            process, thread, self.backend.signal_of(stop.signal), stop.sender, stop.address,
            stop.code))

    def _on_breakpoint(self, process: Process, thread: Thread, stop: Stop) -> None:
        registers = thread.registers
        at = registers.pc - self.backend.breakpoint_advance
        if at not in process.breakpoints:
            self._on_signal(process, thread, stop)
            return
        registers.pc = at
        thread.registers = registers
        point = next(b for b in process.breakpoints if b.address == at)
        self._events.append(events.BreakpointHit(process, thread, point))

    def _on_step(self, process: Process, thread: Thread, stop: Stop) -> None:
        hits = process.watchpoints.at_slots(self.backend.watched(process.pid, stop.lwp))
        for point in hits:
            self._events.append(events.WatchpointHit(process, thread, point))
        if not hits:
            self._events.append(events.Stepped(process, thread))

    def _on_syscall_entry(self, process: Process, thread: Thread, stop: Stop) -> None:
        self._events.append(events.SyscallEntered(
            process, thread, stop.syscall, self.backend.syscall_name(stop.syscall),
            self.backend.syscall_arguments(process.pid, stop)))

    def _on_syscall_exit(self, process: Process, thread: Thread, stop: Stop) -> None:
        if process.reports & Report.SYSCALLS:
            result, second, error = self.backend.syscall_result(process.pid, stop)
            self._events.append(events.SyscallExited(
                process, thread, stop.syscall, self.backend.syscall_name(stop.syscall),
                result, second, error))

    def _on_exec(self, process: Process, thread: Thread, stop: Stop) -> None:
        process.breakpoints.forget()
        process.watchpoints.forget()
        process.held.clear()
        self._events.append(events.Execed(process, thread))

    def _on_fork(self, process: Process, thread: Thread, stop: Stop) -> None:
        vfork = Kind.VFORK in stop.kinds
        child = self._take_child(process, stop.child, vfork)
        self._events.append(events.Forked(process, thread, stop.child, child, vfork))

    def _take_child(self, parent: Process, pid: int, vfork: bool) -> Process | None:
        """The child stops too, our tracee: keep it, or let it go clean."""
        child = self._adopt(pid, spawned=parent.spawned)
        child.breakpoints.inherit(parent.breakpoints)
        news = self.backend.wait(pid, block=True)
        assert news is not None
        if not news.stopped:
            self._gone(child)
            return None
        child.state = State.STOPPED
        child.reporter = self.backend.stop(pid, news.signal).lwp
        if self.follow_fork:
            child.report(parent.reports)
            self._events.append(events.Started(child, child.thread))
            return child
        shared = vfork and len(parent.breakpoints) > 0
        if shared:
            # It runs in the parent's memory: the breakpoints go until it has its own.
            for point in parent.breakpoints:
                parent.breakpoints.lift(point.address)
            child.breakpoints.forget()
        child.detach(0)
        return None

    def _on_vfork_done(self, process: Process, thread: Thread, stop: Stop) -> None:
        for point in process.breakpoints:
            process.breakpoints.put_back(point.address)
        self._events.append(events.VforkDone(process, thread))

    def _on_child(self, process: Process, thread: Thread, stop: Stop) -> None:
        """A followed child's first stop; told of when its parent's was."""

    def _on_thread_started(self, process: Process, thread: Thread, stop: Stop) -> None:
        process.watchpoints.arm_thread()
        self._events.append(events.ThreadStarted(process, thread))

    def _on_thread_exited(self, process: Process, thread: Thread, stop: Stop) -> None:
        process.held.discard(stop.lwp)
        self._events.append(events.ThreadExited(process, thread))

    _KINDS = {
        Kind.SIGNAL: _on_signal,
        Kind.BREAKPOINT: _on_breakpoint,
        Kind.STEP: _on_step,
        Kind.SYSCALL_ENTRY: _on_syscall_entry,
        Kind.SYSCALL_EXIT: _on_syscall_exit,
        Kind.EXEC: _on_exec,
        Kind.FORK: _on_fork,
        Kind.VFORK: _on_fork,
        Kind.VFORK_DONE: _on_vfork_done,
        Kind.CHILD: _on_child,
        Kind.THREAD_STARTED: _on_thread_started,
        Kind.THREAD_EXITED: _on_thread_exited,
    }

    # -- the end ------------------------------------------------------------------------
    def drain(self, process: Process) -> None:
        """Before a detach: threads that have hit a breakpoint but not said so
        yet are set back, and their traps taken, lest they kill the process."""
        backend, pid = self.backend, process.pid
        while process.state is State.STOPPED and any(
                backend.pending_traps(pid, lwp) for lwp in backend.threads(pid)):
            keep, process.pending_signal = process.pending_signal, 0
            backend.proceed(pid, 0)
            process.state = State.RUNNING
            news = backend.wait(pid, block=True)
            assert news is not None
            if not news.stopped:
                self._ended(process, news)
                return
            process.state = State.STOPPED
            stop = backend.stop(pid, news.signal)
            process.reporter = stop.lwp
            process.pending_signal = keep
            if Kind.BREAKPOINT in stop.kinds:
                registers = backend.registers(pid, stop.lwp)
                registers.pc -= backend.breakpoint_advance
                backend.set_registers(pid, stop.lwp, registers)
            elif Kind.SIGNAL in stop.kinds and not keep:
                process.pending_signal = stop.signal

    def close(self) -> None:
        """Kill what was spawned, detach from what was attached to."""
        if self._closed:
            return
        failure: BaseException | None = None
        while self._processes:
            process = next(iter(self._processes.values()))
            try:
                self._release(process)
            except (ProcessLookupError, ChildProcessError):
                self._gone(process)
            except BaseException as e:
                failure = failure or e
                self._gone(process)
        self._events.clear()
        self._news.clear()
        self._closed = True
        if failure is not None:
            raise failure

    def _release(self, process: Process) -> None:
        if process.spawned:
            process.kill()
            return
        if process.state is State.RUNNING:
            process.interrupting = True
            self.kernel.kill(process.pid, self.backend.stop_signal)
            news = self.backend.wait(process.pid, block=True)
            assert news is not None
            if not news.stopped:
                self._gone(process)
                return
            process.state = State.STOPPED
            stop = self.backend.stop(process.pid, news.signal)
            process.reporter = stop.lwp
            if Kind.BREAKPOINT in stop.kinds:
                at = process.registers.pc - self.backend.breakpoint_advance
                if at in process.breakpoints:
                    process.thread.pc = at
            elif stop.kinds == (Kind.SIGNAL,) and stop.signal != self.backend.stop_signal:
                process.pending_signal = stop.signal
        try:
            process.detach()
        except KernelError as e:
            if e.name not in ("ESRCH", "EBUSY"):
                raise
            self._gone(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
