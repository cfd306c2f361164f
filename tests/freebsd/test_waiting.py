"""Wait statuses, and wait4 and wait6 on a kernel."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc import freebsd
from bsdproc.freebsd import (
    Continued,
    Exited,
    IdType,
    Signal,
    Signaled,
    Stopped,
    WaitOptions,
    ptrace,
    wait,
    wait6,
)
from bsdproc.freebsd.constants import CldCode
from bsdproc.kernel.port import Kernel

W = WaitOptions


@pytest.mark.parametrize(("raw", "expected"), [
    (0x057F, Stopped(1, Signal.SIGTRAP, 0x057F)),
    (0x7F7F, Stopped(1, 127, 0x7F7F)),
    (0x0000, Exited(1, 0, 0)),
    (0xFF00, Exited(1, 255, 0xFF00)),
    (0x0009, Signaled(1, Signal.SIGKILL, False, 9)),
    (0x008B, Signaled(1, Signal.SIGSEGV, True, 0x8B)),
    (0x0042, Signaled(1, 66, False, 0x42)),
    (0x0013, Continued(1, 0x13)),
])
def test_statuses(raw: int, expected: freebsd.Status) -> None:
    found = freebsd.waiting.decode(1, raw)
    assert found == expected
    assert found.raw == raw


def test_stop_and_exit(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    path = tracee("exiter")
    pid = kernel.spawn(path, [path, "6"], traced=True)
    assert wait(pid) == Stopped(pid, Signal.SIGTRAP, 0x057F)
    assert wait(pid, W.WNOHANG) is None
    ptrace.cont(pid)
    assert wait() == Exited(pid, 6, 0x600)
    with pytest.raises(ChildProcessError) as caught:
        wait(pid)
    assert getattr(caught.value, "name", None) == "ECHILD"


def test_a_wait_that_blocks_has_an_answer(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    """mypy holds that: without options None is no answer, and the cases are all."""
    def what(pid: int) -> str:
        match wait(pid):
            case Stopped():
                return "stopped"
            case Exited():
                return "exited"
            case Signaled():
                return "killed"
            case Continued():
                return "continued"

    path = tracee("exiter")
    assert what(kernel.spawn(path, [path, "0"])) == "exited"


def test_death_by_signal(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    path = tracee("sleeper")
    pid = kernel.spawn(path, [path])
    kernel.kill(pid, Signal.SIGKILL)
    assert wait(pid) == Signaled(pid, Signal.SIGKILL, False, 9)


def test_stop_and_continue_of_a_child(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    path = tracee("sleeper")        # one that ends could have done so before it is waited for
    pid = kernel.spawn(path, [path])
    kernel.kill(pid, Signal.SIGSTOP)
    assert wait(pid, W.WUNTRACED) == Stopped(pid, Signal.SIGSTOP, 0x117F)
    kernel.kill(pid, Signal.SIGCONT)
    assert wait(pid, W.WCONTINUED) == Continued(pid, 0x13)
    kernel.kill(pid, Signal.SIGKILL)
    wait(pid)


def test_wait6(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    path = tracee("exiter")
    pid = kernel.spawn(path, [path, "3"])
    for options in (W.WEXITED | W.WNOWAIT, W.WEXITED):
        found = wait6(IdType.P_PID, pid, options)
        assert found is not None
        assert found.status == Exited(pid, 3, 0x300)
        assert found.siginfo.signo is Signal.SIGCHLD
        assert found.siginfo.code is CldCode.CLD_EXITED
        assert (found.siginfo.pid, found.siginfo.status) == (pid, 3)
        assert found.usage.utime >= 0
        assert found.children.nvcsw == 0
    with pytest.raises(ChildProcessError):
        wait6(IdType.P_ALL, 0, W.WEXITED)


def test_wait6_without_news(kernel: Kernel, tracee: Callable[[str], str]) -> None:
    path = tracee("sleeper")
    pid = kernel.spawn(path, [path])
    assert wait6(IdType.P_PID, pid, W.WEXITED | W.WNOHANG) is None
    kernel.kill(pid, Signal.SIGKILL)
    assert wait6(IdType.P_PID, pid, W.WEXITED) is not None


def test_wait6_wants_an_event(kernel: Kernel) -> None:
    with pytest.raises(OSError, match="EINVAL") as caught:
        wait6(IdType.P_ALL, 0, W.WNOHANG)
    assert getattr(caught.value, "call", None) == "wait6"


def test_bad_arguments(kernel: Kernel) -> None:
    for wrong in (None, "1", 1.5, True):
        with pytest.raises(TypeError):
            wait(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="pid"):
        wait(1 << 32)
    with pytest.raises(ValueError, match="id must be"):
        wait6(IdType.P_PID, -1, W.WEXITED)
    with pytest.raises(ValueError, match="99"):
        wait6(99, 1, W.WEXITED)  # type: ignore[arg-type]
