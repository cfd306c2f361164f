"""Why a call was refused: each rule that can be told from outside."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from bsdproc.freebsd import Signal, kinfo, procctl, ptrace, wait
from bsdproc.freebsd.constants import TraceControl
from bsdproc.kernel.errors import KernelError
from bsdproc.kernel.port import Kernel

from .conftest import Start

USER, OTHER = 1001, 1002
SWITCH = "security.bsd.unprivileged_proc_debug"


def why(call: Callable[[], object]) -> tuple[str, str | None]:
    """The error's name and reason."""
    with pytest.raises(KernelError) as caught:
        call()
    return caught.value.name, caught.value.reason


def as_user(kernel: Kernel, call: Callable[[Kernel], object],
            uid: int = USER) -> tuple[str, str | None]:
    """What a process of that user gets."""
    def work(child: Kernel) -> tuple[str, str | None]:
        try:
            call(child)
        except KernelError as error:
            return error.name, error.reason
        return "", None

    return kernel.run_child(work, uid=uid)


def test_attach_to_oneself(kernel: Kernel) -> None:
    assert why(lambda: ptrace.attach(kernel.getpid())) == (
        "EINVAL", "a process cannot trace itself")


def test_attach_to_what_is_traced(kernel: Kernel, start: Start) -> None:
    spin = start("spin")
    assert why(lambda: ptrace.attach(spin.pid)) == (
        "EBUSY", f"it is traced already, by {kernel.getpid()}")


def test_attach_to_nobody(kernel: Kernel) -> None:
    assert why(lambda: ptrace.attach(99998)) == (
        "ESRCH", "no process with this id, or none that is visible to the caller")


def test_request_on_what_is_not_traced(start: Start) -> None:
    spin = start("spin", traced=False)
    assert why(lambda: ptrace.getregs(spin.pid)) == (
        "EPERM", "it is not traced: PT_ATTACH comes first")


def test_request_while_it_runs(start: Start) -> None:
    spin = start("spin")
    ptrace.cont(spin.pid)
    assert why(lambda: ptrace.getregs(spin.pid)) == ("EBUSY", "it is not stopped")


def test_request_before_the_wait(kernel: Kernel, start: Start) -> None:
    spin = start("spin")
    ptrace.cont(spin.pid)
    kernel.kill(spin.pid, Signal.SIGSTOP)
    for _ in range(100):
        kernel.settle(0.01)
        if why(lambda: ptrace.getregs(spin.pid)) == (
                "EBUSY", "its stop has not been waited for"):
            break
    else:
        pytest.fail("the stop never came")
    wait(spin.pid)
    ptrace.getregs(spin.pid)


def test_request_on_anothers_tracee(kernel: Kernel, start: Start) -> None:
    spin = start("spin", traced=False)

    def work(child: Kernel) -> tuple[int, int]:
        ptrace.attach(spin.pid, kernel=child)
        wait(spin.pid, kernel=child)
        found = child.getpid(), kernel.getpid()
        ptrace.detach(spin.pid, kernel=child)
        return found

    kernel.run_child(work)
    mine = start("spin")

    def foreign(child: Kernel) -> tuple[str, str | None]:
        try:
            ptrace.getregs(mine.pid, kernel=child)
        except KernelError as error:
            return error.name, error.reason
        return "", None

    assert kernel.run_child(foreign) == ("EBUSY", f"it is traced by {kernel.getpid()}")


def test_a_user_and_roots_process(kernel: Kernel, start: Start) -> None:
    spin = start("spin", traced=False)
    for call in (lambda k: ptrace.attach(spin.pid, kernel=k),
                 lambda k: procctl.set_trace(
                     spin.pid, TraceControl.PROC_TRACE_CTL_DISABLE, kernel=k),
                 lambda k: kinfo.env(spin.pid, kernel=k)):
        assert as_user(kernel, call) == ("EPERM", f"it runs as user 0, the caller as {USER}")


def test_a_user_and_another(kernel: Kernel, start: Start) -> None:
    spin = start("spin", traced=False, uid=OTHER)
    assert as_user(kernel, lambda k: ptrace.attach(spin.pid, kernel=k)) == (
        "EPERM", f"it runs as user {OTHER}, the caller as {USER}")


def test_a_user_and_a_process_that_forbade_it(kernel: Kernel, start: Start) -> None:
    spin = start("spin", traced=False, uid=USER)
    procctl.set_trace(spin.pid, TraceControl.PROC_TRACE_CTL_DISABLE)
    assert as_user(kernel, lambda k: ptrace.attach(spin.pid, kernel=k)) == (
        "EPERM", "it has forbidden tracing (PROC_TRACE_CTL)")


def test_the_switch_for_users(kernel: Kernel, start: Start) -> None:
    spin = start("spin", traced=False, uid=USER)
    kernel.sysctl(SWITCH, new=struct.pack("<i", 0))
    try:
        assert as_user(kernel, lambda k: ptrace.attach(spin.pid, kernel=k)) == (
            "EPERM", f"{SWITCH} is 0")
    finally:
        kernel.sysctl(SWITCH, new=struct.pack("<i", 1))
    assert as_user(kernel, lambda k: ptrace.attach(spin.pid, kernel=k)) == ("", None)


def test_what_hides_processes(kernel: Kernel, start: Start) -> None:
    spin = start("spin", traced=False, uid=OTHER)
    hiding = "security.bsd.see_other_uids"
    kernel.sysctl(hiding, new=struct.pack("<i", 0))
    try:
        name, reason = as_user(kernel, lambda k: ptrace.attach(spin.pid, kernel=k))
        assert name == "ESRCH"
        assert reason is not None
        assert reason.endswith(f"none that is visible to the caller ({hiding}: 0)")
    finally:
        kernel.sysctl(hiding, new=struct.pack("<i", 1))


def test_protection_takes_a_privilege(kernel: Kernel, start: Start) -> None:
    spin = start("spin", traced=False, uid=USER)
    assert as_user(kernel, lambda k: procctl.sprotect(spin.pid, kernel=k)) == (
        "EPERM", "it takes the privilege PRIV_VM_MADV_PROTECT")


def test_no_reason_is_made_up(start: Start) -> None:
    spin = start("spin")
    assert why(lambda: ptrace.read(spin.pid, 0x10, 1)) == ("EFAULT", None)
    assert why(lambda: ptrace.getregset(spin.pid, 0x7777)) == ("EINVAL", None)
    assert why(lambda: procctl.reap_kill(Signal.SIGKILL, subtree=99998)) == ("ESRCH", None)


def test_errors_say_what_was_asked(start: Start) -> None:
    spin = start("spin")
    with pytest.raises(KernelError) as caught:
        ptrace.attach(spin.pid)
    assert str(caught.value).startswith(f"ptrace PT_ATTACH of {spin.pid}: EBUSY")
    assert isinstance(caught.value, OSError)
    assert not isinstance(caught.value, PermissionError)
