"""What the counterparts of NetBSD's tests play on: processes that do what their words say.

The words are those of programs/play.c, one argument each.
"""

from __future__ import annotations

from bsdproc.emulator import NetBSD
from bsdproc.netbsd import Exited, Signal, Signaled, Status, Stopped, ptrace, wait
from bsdproc.netbsd.constants import SiCode, TrapCode
from bsdproc.netbsd.siginfo import Siginfo

PROGRAM = "/bin/play"
STOP, TRAP = Signal.SIGSTOP, Signal.SIGTRAP


class Scene:
    """A kernel with the program on it."""

    def __init__(self, kernel: NetBSD) -> None:
        self.kernel = kernel

    def play(self, *words: str, fds: dict[int, int] | None = None) -> int:
        """A child that does these words in a group of its own, untraced; its pid."""
        return self.kernel.spawn(PROGRAM, [PROGRAM, *words], {}, fds=fds, new_group=True)

    def tracee(self, *words: str, before: tuple[str, ...] = ()) -> int:
        """One that has asked to be traced, done the words `before` and raised SIGSTOP,
        which has been waited for."""
        pid = self.play("trace-me", *before, f"raise {int(STOP)}", *words)
        self.stopped(pid, STOP, SiCode.SI_LWP)
        return pid

    def stopped(self, pid: int, signal: Signal, code: int | None = None) -> Siginfo:
        """Wait for a stop with that signal, and that code if one is given."""
        assert wait(pid) == Stopped(pid, signal, int(signal) << 8 | 0x7F)
        info = ptrace.get_siginfo(pid).siginfo
        assert info.signo == signal
        if code is not None:
            assert info.code_number == code
        return info

    def event(self, pid: int, code: TrapCode) -> ptrace.ProcessState:
        """Wait for a stop that tells of an event."""
        self.stopped(pid, TRAP, code)
        return ptrace.get_process_state(pid)

    def exited(self, pid: int, status: int) -> None:
        """Wait for its exit with that status."""
        assert wait(pid) == Exited(pid, status, status << 8)

    def killed(self, pid: int, signal: Signal = Signal.SIGKILL) -> None:
        """Wait for its end by that signal."""
        ended: Status = wait(pid)
        assert isinstance(ended, Signaled), ended
        assert ended.signal is signal

    def gone(self, pid: int) -> None:
        """There is no such child any more."""
        try:
            wait(pid)
        except ChildProcessError:
            return
        raise AssertionError(f"{pid} is there")
