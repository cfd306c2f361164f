"""Signals that are passed on, kept or lost."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .tracee import (
    BREAKPOINT,
    CODE,
    DATA,
    RETURN,
    WNOHANG,
    WUNTRACED,
    Bring,
    Tracee,
    action,
    call,
    sigset,
)

SIGSTOP, SIGTSTP, SIGUSR1, SIGUSR2, SIGABRT, SIGKILL = 17, 18, 30, 31, 6, 9
SIGACTION = 416
SA_RESTART, SA_RESETHAND, SA_NODEFER, SA_SIGINFO = 2, 4, 16, 64
EINVAL = 22


def test_a_reset_handler_leaves_its_mask_behind(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 64, action(CODE + 0x800, SA_RESETHAND | SA_SIGINFO, SIGUSR2))
    t.write(CODE + 0x800, RETURN)
    t.run(call(SIGACTION, SIGUSR1, DATA + 64, 0) + BREAKPOINT
          + call(SIGACTION, SIGUSR1, 0, DATA + 128))
    assert t.wait() == "SIGTRAP"
    t.go(SIGUSR1)
    assert t.wait() == "SIGTRAP"
    handler, flags = struct.unpack("<Qi", t.read(DATA + 128, 12))
    assert (handler, flags) == (0, SA_RESETHAND)
    assert t.read(DATA + 140, 16) == sigset(SIGUSR2)


@pytest.mark.parametrize(("sig", "handler", "flags", "error"), [
    (SIGUSR1, CODE, 0x80, EINVAL),
    (SIGUSR1, 0, 0x80, 0),
    (SIGUSR1, 1, 0x80, 0),
    (SIGKILL, 1, 0, EINVAL),
    (SIGKILL, 0, 0, 0),
    (0, 0, 0, EINVAL),
    (129, 0, 0, EINVAL),
])
def test_what_sigaction_refuses(kernel: Kernel, tracee: Bring, sig: int, handler: int, flags: int,
                                error: int) -> None:
    """Unknown flags of a handler, but not of the other actions."""
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 64, action(handler, flags))
    t.run(call(SIGACTION, sig, DATA + 64, 0))
    assert t.wait() == "SIGTRAP"
    assert t.register("r_rflags") & 1 == bool(error)
    assert t.register("r_rax") == error


def test_sigaction_tells_of_a_restart_only_where_one_was_asked_for(
        kernel: Kernel, tracee: Bring) -> None:
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 64, action(CODE, SA_RESTART | SA_NODEFER))
    t.run(call(SIGACTION, SIGUSR1, DATA + 64, DATA + 128)
          + call(SIGACTION, SIGUSR1, 0, DATA + 160))
    t.wait()
    assert struct.unpack("<Qi", t.read(DATA + 128, 12)) == (0, 0)
    assert struct.unpack("<Qi", t.read(DATA + 160, 12)) == (CODE, SA_RESTART | SA_NODEFER)


def test_a_signal_given_by_a_detach_at_its_own_stop_comes_twice(
        kernel: Kernel, tracee: Bring) -> None:
    """The program raises it three times and counts four."""
    t = Tracee(kernel, tracee("signals"), "handle")
    t.go()
    assert t.wait() == "SIGUSR1"
    t.go(SIGUSR1, "PT_DETACH")
    assert t.wait() == "exited 4"


@pytest.mark.rule("freebsd-sys_process", "detach-stops")
def test_a_detach_that_suppresses_loses_one(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee(kernel, tracee("signals"), "handle")
    t.go()
    assert t.wait() == "SIGUSR1"
    t.go(0, "PT_DETACH")
    assert t.wait() == "exited 2"


@pytest.mark.parametrize(("sig", "name"), [(SIGSTOP, "SIGSTOP"), (SIGTSTP, "SIGTSTP")])
def test_a_detach_may_stop(kernel: Kernel, tracee: Bring, sig: int, name: str) -> None:
    """A group that never had a parent to look after it is no orphaned one."""
    t = Tracee(kernel, tracee("spin"))
    t.go(sig, "PT_DETACH")
    assert t.news(WUNTRACED) == name
    t.k.kill(t.pid, SIGKILL)
    assert t.wait() == "killed by 9"


def test_a_stop_waits_while_the_parent_waits_for_its_vfork(
        kernel: Kernel, tracee: Bring) -> None:
    t = Tracee(kernel, tracee("vforker"))
    t.events(8 | 32)
    t.go()
    t.wait()
    child = struct.unpack("<i", t.record("PT_LWPINFO", 160)[148:152])[0]
    assert kernel.wait4(child).status >> 8 == SIGSTOP
    kernel.ptrace(7, child, 1, SIGSTOP)
    assert kernel.wait4(child).status == 3 << 8


def test_terminal_stops_are_kept_for_the_tracer(kernel: Kernel, tracee: Bring) -> None:
    t = Tracee(kernel, tracee("spin"))
    t.go()
    t.kill("SIGTSTP")
    assert t.wait() == "SIGTSTP"
    t.go(SIGTSTP)
    assert t.news(WNOHANG) == ""


def test_a_stop_signal_given_where_there_was_no_signal_is_reported(
        kernel: Kernel, tracee: Bring) -> None:
    """Of SIGSTOP nothing but the number is queued, not even that the tracer gave it."""
    t = Tracee(kernel, tracee("spin"))
    t.go(SIGSTOP)
    assert t.wait() == "SIGSTOP"
    t.go(SIGUSR1)
    assert t.wait() == "killed by 30"
