"""What the counterparts play on: processes that do what their words say, and pipes.

The words are those of programs/src/act.c, one argument each.  `Stage.debuggee` is
how most cases begin: a child that declared itself traced and stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from bsdproc.freebsd import Exited, Signal, Signaled, Stopped, WaitOptions, kinfo, ptrace, wait
from bsdproc.freebsd.constants import LwpFlags
from bsdproc.freebsd.ptrace import LwpInfo
from bsdproc.kernel import Kernel

INT = 4
ANY = LwpFlags(0)
ZOMBIE = 5
"""ki_stat of a process that has exited and was not collected (SZOMB)."""
TURNS = 400
"""How often `until` looks, 50 ms apart."""


@dataclass
class Pipe:
    """A pipe of the test's own; `act` has one end under a number that the test chooses."""

    kernel: Kernel
    reader: int
    writer: int
    held: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.held = {self.reader, self.writer}

    def close(self, fd: int) -> None:
        if fd in self.held:
            self.held.remove(fd)
            self.kernel.close(fd)

    def hang_up(self) -> None:
        """Give up the writing end: who has no other copy of it reads the end of the file."""
        self.close(self.writer)

    def go(self) -> None:
        """A byte, for who waits with `read`."""
        self.kernel.write(self.writer, b".")

    def told(self) -> None:
        """Wait for a byte."""
        assert self.kernel.read(self.reader, 1) == b"."

    def tell_pid(self, pid: int) -> None:
        self.kernel.write(self.writer, pid.to_bytes(INT, "little"))

    def pid(self) -> int:
        """A pid that somebody told."""
        return int.from_bytes(self.kernel.read(self.reader, INT), "little")


@dataclass
class Stage:
    kernel: Kernel
    path: str
    """Of the program `act`."""
    cast: list[int] = field(default_factory=list)
    """All processes that were seen, to be ended behind the test."""
    pipes: list[Pipe] = field(default_factory=list)

    # -- who comes on -------------------------------------------------------------
    def act(self, *words: str, fds: Mapping[int, int] | None = None) -> int:
        """A child that does these words, untraced; its pid."""
        pid = self.kernel.spawn(self.path, ["act", *words], {}, fds=fds)
        self.cast.append(pid)
        return pid

    def debuggee(self, *words: str, fds: Mapping[int, int] | None = None) -> int:
        """The same after PT_TRACE_ME and a SIGSTOP, which has been waited for."""
        pid = self.act("trace-me", "stop", *words, fds=fds)
        self.stopped(pid, Signal.SIGSTOP)
        return pid

    def pipe(self) -> Pipe:
        pipe = Pipe(self.kernel, *self.kernel.pipe())
        self.pipes.append(pipe)
        return pipe

    def attach(self, pid: int) -> None:
        """PT_ATTACH, and the stop that it makes."""
        if pid not in self.cast:
            self.cast.append(pid)
        ptrace.attach(pid)
        self.stopped(pid, Signal.SIGSTOP)

    # -- what is to be seen -------------------------------------------------------
    def stopped(self, pid: int, signal: Signal, flags: LwpFlags = ANY) -> LwpInfo:
        """Wait for a stop with that signal and at least these flags."""
        status = wait(pid)
        assert isinstance(status, Stopped), status
        assert (status.pid, status.signal) == (pid, signal)
        info = ptrace.lwpinfo(pid)
        assert flags in info.flags, info
        return info

    def next_stop(self, pid: int) -> Signal | int:
        """Wait for a stop; its signal."""
        status = wait(pid)
        assert isinstance(status, Stopped), status
        return status.signal

    def fill_queue(self, pid: int, signal: Signal) -> int:
        """Send a signal so often that no other one finds room; how often that is."""
        room = int.from_bytes(self.kernel.sysctl("kern.sigqueue.max_pending_per_proc"), "little")
        for _ in range(room):
            self.kernel.kill(pid, signal)
        return room

    def exited(self, pid: int, status: int) -> None:
        """Wait for its exit with that status."""
        assert wait(pid) == Exited(pid, status, status << 8)

    def killed(self, pid: int, signal: Signal) -> None:
        """Wait for its end by that signal, without a core."""
        assert wait(pid) == Signaled(pid, signal, False, signal)

    def ends(self, *exits: tuple[int, int]) -> None:
        """Wait for whoever exits: just these, (pid, status), in this order; then for none."""
        for pid, status in exits:
            assert wait() == Exited(pid, status, status << 8)
        self.alone()

    def alone(self) -> None:
        """There is no child or tracee left to wait for."""
        with pytest.raises(ChildProcessError):
            wait(options=WaitOptions.WNOHANG)

    def until_zombie(self, pid: int) -> None:
        """Let others run until it has exited; it is collected by nobody here."""
        self.until_gone(pid, zombie=True)

    def until_gone(self, pid: int, *, zombie: bool = False) -> None:
        for _ in range(TURNS):
            try:
                if kinfo.process(pid).stat == ZOMBIE and zombie:
                    return
            except ProcessLookupError:
                return
            self.kernel.settle(0.05)
        pytest.fail(f"{pid} lives on")

    def close(self) -> None:
        """End and collect what is left."""
        for pipe in self.pipes:
            for fd in list(pipe.held):
                pipe.close(fd)
        for pid in self.cast:
            with suppress(OSError):
                self.kernel.kill(pid, Signal.SIGKILL)
            with suppress(OSError):
                ptrace.kill(pid)
        for _ in range(TURNS):
            try:
                status = wait(options=WaitOptions.WNOHANG)
            except ChildProcessError:
                return
            if isinstance(status, Stopped):
                with suppress(OSError):
                    ptrace.kill(status.pid)
            elif status is None:
                self.kernel.settle(0.05)
