"""A privileged debugger starts a traced program as another user, on every system."""

from __future__ import annotations

import pytest

from bsdproc.kernel import KernelError
from bsdproc.kernel.port import Kernel as Port

from .remote import SIGKILL, WNOHANG, Kernel, Remote

USER = 1001
SIGSTOP, STOPPED = 17, 0x7F


def test_its_ids_are_all_that_users(kernel: Kernel) -> None:
    remote = Remote(kernel, USER)
    calls = ("getuid", "geteuid", "getgid", "getegid")
    assert [remote.call(name) for name in calls] == [USER] * 4
    assert remote.fails("setuid", 0) == "EPERM"


def test_its_user_may_trace_it_next(kernel: Kernel) -> None:
    """That the ids have changed is forgotten with the execve."""
    pid = Remote(kernel, USER).pid
    ptrace = Remote(kernel).ptrace
    ptrace.cont(pid, kernel=kernel)
    kernel.kill(pid, SIGSTOP)
    kernel.wait4(pid)
    ptrace.detach(pid, kernel=kernel)

    def attach(user: Port) -> int:
        ptrace.attach(pid, kernel=user)
        status = user.wait4(pid).status
        ptrace.detach(pid, kernel=user)
        return status

    assert kernel.run_child(attach, uid=USER) == SIGSTOP << 8 | STOPPED
    kernel.kill(pid, SIGKILL)


def test_another_user_may_not(kernel: Kernel) -> None:
    pid = Remote(kernel, USER).pid
    ptrace = Remote(kernel).ptrace
    ptrace.detach(pid, kernel=kernel)
    with pytest.raises(PermissionError):
        kernel.run_child(lambda user: ptrace.attach(pid, kernel=user), uid=USER + 1)


@pytest.mark.parametrize("path", ["/no/such", "/bin"])
def test_an_execve_that_fails_is_told_and_leaves_no_child(kernel: Kernel, path: str) -> None:
    with pytest.raises(KernelError) as caught:
        kernel.spawn(path, ["x"], {}, traced=True, uid=USER)
    assert caught.value.call == "execve"
    with pytest.raises(ChildProcessError):
        kernel.wait4(-1, WNOHANG)


def test_a_user_starts_none_as_another(kernel: Kernel) -> None:
    """Nor may a child of one who changed his ids without an execve be traced on NetBSD."""
    pid = Remote(kernel).pid

    def start(user: Port, traced: bool) -> str:
        with pytest.raises(PermissionError) as caught:
            user.spawn("/bin/remote", ["remote"], {}, traced=traced, uid=0)
        with pytest.raises(ChildProcessError):
            user.wait4(-1, WNOHANG)
        assert isinstance(caught.value, KernelError)
        return caught.value.call

    assert kernel.run_child(lambda user: start(user, traced=False), uid=USER) == "setuid"
    assert kernel.run_child(lambda user: start(user, traced=True), uid=USER) == (
        "ptrace" if kernel.system == "netbsd" else "setuid")
    kernel.kill(pid, SIGKILL)
