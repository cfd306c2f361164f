"""`bsdproc truss`: the system calls, signals and ends of processes, a line each.

    write(1,"hello\\n",6) = 6 (0x6)
    open("/nope",O_RDONLY,00) ERR#2 ENOENT 'no such file or directory'
    SIGNAL 30 (SIGUSR1) code=SI_USER pid=702 uid=0
    process exit, rval = 0
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import TextIO

from bsdproc import Debugger, events, freebsd, netbsd
from bsdproc.debugger import Process
from bsdproc.debugger.backend import Report
from bsdproc.debugger.systems import backend_for
from bsdproc.kernel import Kernel, KernelError
from bsdproc.tools import decode, session
from bsdproc.typed.enums import name_of

STRSIZE = 32


@dataclass(slots=True)
class Pending:
    """A call that a thread is in."""

    name: str
    call: decode.Call
    began: int
    """Nanoseconds."""


@dataclass(slots=True)
class Count:
    """What -c tells of a call."""

    nanoseconds: int = 0
    calls: int = 0
    errors: int = 0


@dataclass
class Trace:
    """The events of a session as lines."""

    kernel: Kernel
    out: TextIO
    strsize: int
    follow: bool
    """Lines begin with the process's id."""
    threads: bool
    """And with the thread's."""
    clock: Callable[[], int]
    summary: dict[str, Count] | None
    """Count instead of printing lines."""
    signals: dict[str, int] = field(default_factory=dict)
    pending: dict[tuple[int, int], Pending] = field(default_factory=dict)

    def line(self, process: Process, lwp: int, text: str) -> None:
        if self.summary is not None:
            return
        head = f"{process.pid}" if self.follow else ""
        if self.threads:
            head += f"{' ' if head else ''}{lwp}"
        print(f"{head}: {text}" if head else text, file=self.out)

    def take(self, event: events.Event) -> None:
        """One event."""
        match event:
            case events.SyscallEntered(process=process, thread=thread):
                self._entered(process, thread.lwp, event)
            case events.SyscallExited(process=process, thread=thread):
                self._exited(process, thread.lwp, event)
            case events.SignalReceived(process=process, thread=thread):
                self._signal(process, thread.lwp, event)
            case events.Started(process=process, thread=thread):
                self.line(process, thread.lwp, "<new process>")
            case events.ThreadStarted(process=process, thread=thread):
                if self.threads:
                    self.line(process, thread.lwp, "<new thread>")
            case events.ThreadExited(process=process, thread=thread):
                self._unfinished(process, thread.lwp)
                if self.threads:
                    self.line(process, thread.lwp, "<thread exit>")
            case events.Exited(process=process, status=status):
                self._unfinished(process)
                self.line(process, 0, f"process exit, rval = {status}")
            case events.Killed(process=process, signal=signal, core=core):
                self._unfinished(process)
                dumped = " (core dumped)" if core else ""
                self.line(process, 0,
                          f"process killed, signal = {signal:d} ({name_of(signal)}){dumped}")

    def _entered(self, process: Process, lwp: int, event: events.SyscallEntered) -> None:
        call = decode.enter(self.kernel.target, process.memory, event.name, event.arguments,
                            self.strsize)
        self.pending[process.pid, lwp] = Pending(event.name, call, self.clock())

    def _exited(self, process: Process, lwp: int, event: events.SyscallExited) -> None:
        made = self.pending.pop((process.pid, lwp), None)
        if made is None or made.name != event.name:
            return      # it was in the call already when it was attached to
        if self.summary is not None:
            count = self.summary.setdefault(event.name, Count())
            count.nanoseconds += self.clock() - made.began
            count.calls += 1
            count.errors += event.error > 0
            return
        result = event.result if event.error == 0 else None
        shown = decode.arguments(made.call, event.name, result)
        outcome = decode.outcome(self.kernel.target, event.name, event.result, event.error)
        self.line(process, lwp, f"{event.name}({shown}) {outcome}")

    def _unfinished(self, process: Process, lwp: int | None = None) -> None:
        """Calls that never came back: exit, and what the process was ended in."""
        for key in [key for key in self.pending
                    if key[0] == process.pid and lwp in (None, key[1])]:
            made = self.pending.pop(key)
            if self.summary is not None:
                self.summary.setdefault(made.name, Count()).calls += 1
            else:
                self.line(process, key[1],
                          f"{made.name}({decode.arguments(made.call, made.name)})")

    def _signal(self, process: Process, lwp: int, event: events.SignalReceived) -> None:
        name = name_of(event.signal)
        self.signals[name] = self.signals.get(name, 0) + 1
        text = f"SIGNAL {event.signal:d} ({name})"
        with suppress(KernelError):
            text += self._details(process.pid, lwp, event)
        self.line(process, lwp, text)

    def _details(self, pid: int, lwp: int, event: events.SignalReceived) -> str:
        """What the kernel knows of a signal besides its number."""
        info: freebsd.Siginfo | netbsd.Siginfo | None
        match self.kernel.system:
            case "netbsd":
                info = netbsd.ptrace.get_siginfo(pid, kernel=self.kernel).siginfo
                trap = info.trap
            case "freebsd":
                info = freebsd.ptrace.lwpinfo(lwp, kernel=self.kernel).siginfo
                trap = None if info is None else info.trapno
            case _:
                info = None         # DragonFly tells a tracer no more
        if info is None:
            return ""
        text = f" code={name_of(info.code)}"
        if event.sender is not None:
            text += f" pid={info.pid} uid={info.uid}"
        if trap is not None:
            text += f" trapno={trap} addr={info.addr:#x}"
        return text

    def print_summary(self) -> None:
        """-c: the calls by the time they took."""
        if self.summary is None:
            return
        print(f"{'syscall':20} {'seconds':>15} {'calls':>8} {'errors':>8}", file=self.out)
        rows = sorted(self.summary.items(), key=lambda row: -row[1].nanoseconds)
        for name, one in rows:
            print(f"{name:20} {one.nanoseconds / 1e9:15.9f} {one.calls:8} {one.errors:8}",
                  file=self.out)
        counts = [one for _, one in rows]
        print(f"{'':20} {'-' * 15} {'-' * 8} {'-' * 8}", file=self.out)
        print(f"{'':20} {sum(c.nanoseconds for c in counts) / 1e9:15.9f} "
              f"{sum(c.calls for c in counts):8} {sum(c.errors for c in counts):8}", file=self.out)
        for name, times in sorted(self.signals.items()):
            print(f"{name:20} {'':15} {times:8}", file=self.out)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="bsdproc truss",
        description="Show the system calls that a program makes, with their arguments and "
        "results, and the signals that it gets. The trace goes to stderr. The exit status is 0 "
        "when the trace is whole, whatever became of the program; 1 when it could not begin, 2 "
        "for a wrong command line, 130 after Ctrl-C, which ends a program that was started and "
        "lets go one that was attached to, as SIGTERM and SIGHUP do (143 and 129).",
        usage="bsdproc truss [-cfH] [-o FILE] [-s STRSIZE] [--emulate SYSTEM/MACHINE "
        "[--root FOLDER]] "
        "(-p PID | [--] PROGRAM [ARGUMENT ...])")
    made.add_argument("-f", dest="follow", action="store_true", help="trace children as well")
    made.add_argument("-H", dest="threads", action="store_true", help="show ids of threads")
    made.add_argument("-c", dest="count", action="store_true",
                      help="count calls, errors and signals instead of showing them")
    made.add_argument("-o", dest="output", metavar="FILE", help="write the trace to FILE")
    made.add_argument("-s", dest="strsize", metavar="STRSIZE", type=_size, default=STRSIZE,
                      help=f"show up to so many bytes of a string ({STRSIZE})")
    made.add_argument("-p", dest="pid", metavar="PID", type=int, help="attach to a process")
    session.add_emulate(made)
    made.add_argument("program", metavar="PROGRAM", nargs="?")
    made.add_argument("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER)
    return made


def _size(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes")
    return int(text)


def main(argv: Sequence[str]) -> int:
    return session.run("truss", _main, argv)


def _main(argv: Sequence[str]) -> int:
    made = parser()
    options = made.parse_args(argv)
    if (options.pid is None) == (options.program is None):
        made.error("either a program or -p PID is wanted")
    if options.pid is not None and (options.emulate or options.pid <= 0):
        made.error("-p takes the id of a process of this host")
    with ExitStack() as stack:
        kernel = stack.enter_context(session.kernel(options.emulate, root=options.root))
        out = sys.stderr
        if options.output:
            try:
                out = stack.enter_context(open(options.output, "w", encoding="utf-8"))
            except OSError as error:
                raise session.Problem(f"{options.output}: {error.strerror}") from None
        trace = Trace(kernel, out, options.strsize, options.follow, options.threads,
                      _clock(kernel), {} if options.count else None)
        stack.callback(trace.print_summary)
        with Debugger(follow_fork=options.follow, syscalls=True, threads=_has_threads(kernel),
                      kernel=kernel) as debugger:
            _begin(debugger, kernel, options)
            for event in debugger:
                trace.take(event)
    return 0


def _has_threads(kernel: Kernel) -> bool:
    """Whether its ptrace(2) knows threads."""
    return bool(backend_for(kernel).reportable & Report.THREADS)


def _clock(kernel: Kernel) -> Callable[[], int]:
    """Nanoseconds: an emulated kernel's own time, which goes on with its programs alone."""
    if hasattr(kernel, "clock"):
        return lambda: int(kernel.clock)
    return perf_counter_ns


def _begin(debugger: Debugger, kernel: Kernel, options: argparse.Namespace) -> None:
    if options.pid is not None:
        try:
            debugger.attach(options.pid)
        except OSError as error:
            raise session.refused(error, f"process {options.pid}", kernel) from None
        return
    path = session.bring(kernel, options.program, options.root)
    environment = session.environment(options.emulate)
    try:
        debugger.spawn([options.program, *options.arguments], path=path, env=environment)
    except OSError as error:
        raise session.refused(error, options.program, kernel) from None


__all__ = ["Trace", "main", "parser"]
