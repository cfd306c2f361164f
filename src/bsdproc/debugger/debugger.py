"""The debugger: processes in, events out."""

from __future__ import annotations

import os
import threading
import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from bsdproc.debugger import events, motion, release, report, stops
from bsdproc.debugger.backend import News, Report, need_reportable
from bsdproc.debugger.process import Process
from bsdproc.debugger.state import RUNNING, STOPPED, State
from bsdproc.debugger.systems import backend_for
from bsdproc.kernel.default import resolve
from bsdproc.kernel.errors import KernelError, vanished

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

ATTEMPTS: Final = 3
"""How often `close` tries to end a process in spite of exceptions from outside."""
PAUSES: Final = (0.0005, 0.001, 0.002, 0.005, 0.01)
"""Seconds between looks for news, the last one again and again."""

_debuggers: Final[weakref.WeakSet[Debugger]] = weakref.WeakSet()


class Debugger:
    """Traces processes, and yields what happens to them::

        with Debugger() as dbg:
            process = dbg.spawn(["/bin/ls"])
            for event in dbg:
                ...

    Iterating lets every stopped process go on (unless its `hold` is set),
    waits, and gives the next event; it ends when no process is left.  Leaving
    the block kills and collects what was spawned and detaches from what was
    attached to: no process stays stopped, and no zombie is left.

    An exception in the middle, Ctrl-C say, spoils nothing: the next `wait` goes
    on where the kernel stands.  A debugger is for one thread at a time, any one;
    only `Process.interrupt` is for all.  Other children of the calling process are left alone.
    """

    def __init__(self, *, follow_fork: bool = False, syscalls: bool = False,
                 threads: bool = False, kernel: Kernel | None = None) -> None:
        """`follow_fork`: trace children too.  `syscalls`: report system calls
        (each process has `trace_syscalls` as well).  `threads`: report
        threads that begin and end.

        `NotSupported` for what the system's ptrace(2) cannot report: DragonFly's knows
        neither children nor threads (`syscalls` are found by stepping there)."""
        self.kernel = resolve(kernel)
        self.backend = backend_for(self.kernel)
        self.follow_fork = follow_fork
        asked = Report.NONE
        for wanted, what in ((follow_fork, Report.FORKS), (syscalls, Report.SYSCALLS),
                             (threads, Report.THREADS)):
            if wanted:
                need_reportable(self.backend, what)
                asked |= what
        always = Report.FORKS | Report.EXECS | (Report.SPAWNS if follow_fork else Report.NONE)
        self._reports = asked | always & self.backend.reportable
        self._processes: dict[int, Process] = {}
        self._events: deque[events.Event] = deque()
        self._news: News | None = None
        """What is being read."""
        self._settled = True
        """What is noted here is what the kernel has."""
        self._waiting = False
        self._waiter = 0
        """The thread that has last been in `wait`."""
        self.lock: Final = threading.RLock()
        """Held while stop signals are counted, which any thread may send."""
        self._closing = self._closed = False
        _debuggers.add(self)

    @property
    def processes(self) -> Mapping[int, Process]:
        """Those that are traced now, by pid."""
        return dict(self._processes)

    # -- processes in -----------------------------------------------------------
    def spawn(self, argv: Sequence[str | os.PathLike[str]], *, path: str | None = None,
              env: Mapping[str, str] | None = None, cwd: str | None = None,
              fds: Mapping[int, int] | None = None, uid: int | None = None,
              gid: int | None = None, groups: Sequence[int] | None = None,
              new_group: bool = False) -> Process:
        """Start a program; it stands at its first instruction.

        `path` is the program's file, argv[0] unless given; the other arguments
        are those of a kernel's `spawn`.  An exec that fails raises its error,
        `FileNotFoundError` say, and leaves nothing behind."""
        self._open()
        if isinstance(argv, str | bytes):
            raise TypeError("argv is a sequence of strings, not one")
        words = [os.fspath(word) for word in argv]
        if not words:
            raise ValueError("argv needs argv[0]")
        file = path or words[0]
        try:
            pid = self.backend.spawn(file, words, env, cwd=cwd, fds=fds, uid=uid, gid=gid,
                                     groups=groups, new_group=new_group)
            process = self._add(pid, spawned=True)
        except Exception:
            raise
        except BaseException:
            # Ctrl-C, and the child's pid has not come through.
            for lost in self.backend.lost_children(file, known_to_any()):
                self._add(lost, spawned=True).kill()
            raise
        return self._begin(process)

    def attach(self, pid: int) -> Process:
        """Trace a running process; it is stopped then.

        `PermissionError`, `ProcessLookupError` or `KernelError` (EBUSY: traced
        already, or in the middle of an exec; EINVAL: the caller itself or the
        system's) with the reason."""
        self._open()
        if not isinstance(pid, int) or isinstance(pid, bool):
            raise TypeError(f"a process id is an int, not {pid!r}")
        if not 0 < pid < 1 << 31:
            raise ValueError(f"{pid} is no process id")
        if pid in self._processes:
            raise ValueError(f"process {pid} is traced by this debugger already")
        process = self._add(pid, spawned=False)
        process.control.stops_due = 1       # as the kernel does it
        process.control.job_stopped = self.backend.job_stopped(pid)
        try:
            self.backend.attach(pid)
        except Exception:
            self.forget(process)
            raise
        return self._begin(process)

    def _begin(self, process: Process) -> Process:
        """Wait for the stop that begins the tracing."""
        while (news := self.backend.wait(process.pid, block=True)) is None:
            pass
        if news.stopped:
            try:
                stop = self.backend.stop(process.pid, news.signal)
                process.state = State.STOPPED
                process.control.reporter = process.control.told = stop.lwp
                process.control.stops_due = 0
                process.report(self._reports)
            except ProcessLookupError:
                release.bring_to_stop(process)
        else:
            self.backend.collect(process.pid)
            process.state = State.GONE
            self.forget(process)
        if process.state is not State.STOPPED:
            how = ("" if news.stopped else f", by signal {news.signal}" if news.signal
                   else f", with status {news.status}")
            raise vanished(self.kernel.system, process.pid, call="ptrace",
                           reason=f"it ended while its tracing began{how}")
        return process

    def _add(self, pid: int, *, spawned: bool) -> Process:
        process = self._processes[pid] = Process(self, pid, spawned=spawned)
        return process

    def _open(self) -> None:
        if self._closed or self._closing:
            raise RuntimeError("this debugger has been closed")

    # -- events out ---------------------------------------------------------------
    def __iter__(self) -> Iterator[events.Event]:
        """The events as `wait` gives them, until no process is left."""
        while (event := self.wait()) is not None:
            yield event

    def wait(self, timeout: float | None = None) -> events.Event | None:
        """Let the processes go on and give the next event; None when no
        process is left.  `RuntimeError` when every process is held.

        With a `timeout`, in seconds of the kernel's time, `TimeoutError` when nothing has
        happened until then: the processes run on, and may be waited for again or be
        interrupted.  0 looks whether there is news."""
        if self._closing:
            self._open()
        self._waiter, self._waiting = threading.get_ident(), True
        try:
            return self._next(None if timeout is None else _seconds(timeout))
        finally:
            self._waiting = False

    def _next(self, timeout: float | None) -> events.Event | None:
        while True:
            while self._events:
                event = self._events.popleft()
                if event.process.state is STOPPED or isinstance(
                        event, events.Exited | events.Killed):
                    return event
            if not self._processes:
                return None
            if not self._settled:
                self._recover()
                self._settled = True
                continue
            self._settled = False
            self._go_on()
            running = [p.pid for p in self._processes.values() if p.state is RUNNING]
            if running:
                if timeout is None:
                    news = self._wait_for(running)
                else:
                    news, timeout = self._look(running, timeout)
                if news is not None:
                    self._news = news
                    self._read(news)
            elif self._processes:
                self._settled = True
                raise RuntimeError("every process is held: nothing can happen")
            self._settled = True

    def _go_on(self) -> None:
        for process in list(self._processes.values()):
            if process.state is STOPPED and not process.hold:
                try:
                    if process.control.pending_signal == self.backend.kill_signal:
                        release.adopt_unreported(process)
                    motion.go_on(process)
                    if process.control.interrupting:
                        stops.send(process)
                except KernelError as error:
                    # On NetBSD one that SIGKILL is on its way to runs already: EBUSY.
                    if error.name not in ("EBUSY", "ESRCH"):
                        raise
                    process.state = State.RUNNING       # wait() tells what became of it

    def _wait_for(self, running: list[int]) -> News | None:
        try:
            if len(running) == 1:
                return self.backend.wait(running[0], block=True)
            return self.backend.wait_any(running)
        except ChildProcessError as error:
            self._collected(getattr(error, "target", None) or running[0], error)
            return None

    def _look(self, running: list[int], timeout: float) -> tuple[News | None, float]:
        """The same for a while: the news, and the time that is left."""
        pauses = iter(PAUSES)
        pause = 0.0
        while True:
            for pid in running:
                try:
                    news = self.backend.wait(pid, block=False)
                except ChildProcessError as error:
                    self._collected(pid, error)
                    return None, timeout
                if news is not None:
                    return news, timeout
            if timeout <= 0:
                self._settled = True
                raise TimeoutError("no process has reported anything")
            pause = min(next(pauses, pause), timeout)
            self.kernel.settle(pause)
            timeout -= pause

    def _collected(self, pid: int, error: ChildProcessError) -> None:
        """Somebody else has collected it, and knows how it ended."""
        process = self._processes.get(pid)
        if process is None:
            raise error
        process.state = State.GONE
        self.forget(process)

    def _read(self, news: News) -> None:
        process = self._processes.get(news.pid)
        if not news.stopped and process is not None:
            # Once more after an exception in the middle, and its event is not lost.
            self._events = deque([report.ended(process, news)])
            self._news = None
            self.forget(process)
            return
        try:
            made = [] if process is None else report.read(process, news)
        except ProcessLookupError:
            if process is None or process.state is not State.STOPPED:
                raise
            process.state, made = State.RUNNING, []
        self._events, self._news = deque(made), None

    def _recover(self) -> None:
        """After an exception in the middle: see how far the kernel is."""
        if self._news is not None:
            self._read(self._news)
            return
        for process in list(self._processes.values()):
            if process.state in (State.GONE, State.DETACHED):
                self.forget(process)
                continue
            try:
                news = self.backend.standing(process.pid)
            except KernelError as error:
                if error.name not in ("EBUSY", "ESRCH"):
                    raise
                process.state, process.control.pending_signal = State.RUNNING, 0
            else:
                if process.state is State.RUNNING:
                    self._news = news
                    self._read(news)
                    return

    # -- for the rest of the package ------------------------------------------------
    def in_hand(self) -> bool:
        """Whether what stands now does so until the running thread waits again."""
        return not self._waiting and self._waiter in (0, threading.get_ident())

    def adopt(self, pid: int, parent: Process, *, shared: bool) -> Process:
        """A child that the kernel has put under the debugger with its parent."""
        child = self._add(pid, spawned=parent.spawned)
        child.control.traps.inherit(parent.control.traps, shared=shared)
        child.control.unborn = True
        child.control.asked(parent.control.reports)
        if shared:
            parent.control.vforked = child
        return child

    def forget(self, process: Process) -> None:
        """A process that is traced no more."""
        if self._processes.get(process.pid) is process:
            del self._processes[process.pid]

    # -- the end ------------------------------------------------------------------------
    def close(self) -> None:
        """Kill what was spawned, detach from what was attached to.

        An exception from outside does not keep it from trying again; it is
        raised at the end.  Another thread that waits is interrupted first."""
        if self._closed:
            return
        self._call_back()
        failure: BaseException | None = None
        attempts = 0
        while self._processes:
            # The youngest first: a parent may wait for its child.
            process = self._processes[next(reversed(self._processes))]
            try:
                release.let_go(process)
                self.forget(process)        # its end, too, may have been interrupted
                attempts = 0
            except BaseException as error:
                failure = failure or error
                attempts += 1
                if attempts == ATTEMPTS or isinstance(error, Exception):
                    process.state = State.DETACHED
                    self.forget(process)
                    attempts = 0
        self._events.clear()
        self._news = None
        self._closed = True
        if failure is not None:
            raise failure

    def _call_back(self) -> None:
        """Have another thread come out of `wait`, and not go in again."""
        self._closing = True
        while self._waiting and self._waiter != threading.get_ident():
            for process in list(self._processes.values()):
                with suppress(KernelError):
                    process.interrupt()
            time.sleep(PAUSES[0])

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        # What it left stopped cannot be helped from here, in whatever thread this is.
        if not getattr(self, "_closed", True) and self._processes:
            _warn(f"a debugger was dropped with processes in hand: {list(self._processes)}",
                  ResourceWarning, stacklevel=2, source=self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def _seconds(timeout: float) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise TypeError(f"a timeout is a number of seconds, not {type(timeout).__name__}")
    if not timeout >= 0:
        raise ValueError(f"a timeout of {timeout} seconds")
    return timeout


def known_to_any() -> set[int]:
    """The pids that some debugger of this process has in hand."""
    return {pid for debugger in list(_debuggers) for pid in debugger.processes}
