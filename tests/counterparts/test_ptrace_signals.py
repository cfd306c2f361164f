"""Signals that PT_CONTINUE gives, replaces or takes away, and where they arrive.

Counterparts of ptrace_test's PT_CONTINUE_with cases, PT_CONTINUE_change_sig and
killed_with_sigmask.
"""

from __future__ import annotations

from tests.counterparts.stage import Stage

from bsdproc.freebsd import Exited, Signal, Signaled, Status, Stopped, ptrace, wait
from bsdproc.freebsd.constants import LwpFlags

SCE, SCX = LwpFlags.PL_FLAG_SCE, LwpFlags.PL_FLAG_SCX
USR1, USR2 = Signal.SIGUSR1, Signal.SIGUSR2
EXIT_2_AT_FIRST = ("catch 30", "then-exit 30 1 2")
EXIT_2_AT_SECOND = ("catch 30", "then-exit 30 2 2")
"""A handler of SIGUSR1 that exits with 2, the first or the second time."""


def at_getpid(stage: Stage, *before: str) -> int:
    """A debuggee that stands at the entry of getpid(2), under PT_SYSCALL."""
    pid = stage.act(*before, "trace-me", "stop", "getpid", "exit 1")
    stage.stopped(pid, Signal.SIGSTOP)
    ptrace.syscall(pid)
    # Behind the SIGSTOP that it sent itself, the exit of that kill(2) may be told first.
    while SCX in (info := stage.stopped(pid, Signal.SIGTRAP)).flags:
        ptrace.cont(pid)
    assert SCE in info.flags
    return pid


def past_calls(stage: Stage, pid: int) -> Status | None:
    """Go on through the stops at system calls; the first that is none."""
    while (status := wait(pid)) == Stopped(pid, Signal.SIGTRAP, 0x57F):
        assert ptrace.lwpinfo(pid).flags & (SCE | SCX)
        ptrace.cont(pid)
    return status


def exits_with_2(stage: Stage, pid: int) -> None:
    assert past_calls(stage, pid) == Exited(pid, 2, 0x200)
    stage.alone()


# -- at a system call ----------------------------------------------------------
def test_pt_continue_with_signal_system_call_entry(stage: Stage) -> None:
    """A signal that is given at a call's entry is delivered when the call is over."""
    pid = at_getpid(stage, *EXIT_2_AT_FIRST)
    ptrace.cont(pid, USR1)
    exits_with_2(stage, pid)


def test_pt_continue_with_signal_system_call_entry_and_exit(stage: Stage) -> None:
    """One at the entry and one at the exit: both are delivered."""
    pid = at_getpid(stage, *EXIT_2_AT_SECOND)
    ptrace.cont(pid, USR1)
    stage.stopped(pid, Signal.SIGTRAP, SCX)
    ptrace.cont(pid, USR1)
    exits_with_2(stage, pid)


def test_pt_continue_with_sigtrap_system_call_entry(stage: Stage) -> None:
    """SIGTRAP itself can be passed on, though none was sent: it ends the process."""
    pid = at_getpid(stage, "no-core")
    ptrace.cont(pid, Signal.SIGTRAP)
    assert past_calls(stage, pid) == Signaled(pid, Signal.SIGTRAP, False, Signal.SIGTRAP)
    stage.alone()


def test_pt_continue_with_signal_mix(stage: Stage) -> None:
    """One given at the entry; one sent, told, and replaced by a second one."""
    pid = at_getpid(stage, *EXIT_2_AT_SECOND)
    ptrace.cont(pid, USR1)
    stage.stopped(pid, Signal.SIGTRAP, SCX)
    stage.kernel.kill(pid, Signal.SIGABRT)
    ptrace.cont(pid)
    info = stage.stopped(pid, Signal.SIGABRT, LwpFlags.PL_FLAG_SI)
    assert info.siginfo is not None
    assert info.siginfo.signo == Signal.SIGABRT
    ptrace.cont(pid, USR1)
    exits_with_2(stage, pid)


def told_and_dropped(stage: Stage, pid: int) -> None:
    """A blocked signal that the debugger gave is pending twice: once as the debugger's own,
    which is caught untold, and once as any other, which is told.  Dropped there, it was
    caught once."""
    info = stage.stopped(pid, USR1)
    assert info.siginfo is not None
    assert info.siginfo.signo == USR1
    ptrace.cont(pid)
    stage.ends((pid, 1))


# -- with a full queue ---------------------------------------------------------
def test_pt_continue_with_signal_full_sigqueue(stage: Stage) -> None:
    """A signal that is given is not lost when the process's queue is full."""
    pid = stage.act("catch 31", *EXIT_2_AT_FIRST, "trace-me", "stop", "exit 1")
    stage.stopped(pid, Signal.SIGSTOP)
    stage.fill_queue(pid, USR2)
    ptrace.cont(pid, USR1)
    while (status := wait(pid)) == Stopped(pid, USR2, USR2 << 8 | 0x7F):
        ptrace.cont(pid)
    assert status == Exited(pid, 2, 0x200)
    stage.alone()


def test_pt_continue_with_signal_masked_full_sigqueue(stage: Stage) -> None:
    """The same of one that is blocked: it arrives when it is let in, and is told once more
    behind that, as one that is still to come."""
    pid = stage.act("catch 31", "catch 30", "block 30", "trace-me", "stop", "caught 30 0",
                    "unblock 30", "await 30 1", "exit 1")
    stage.stopped(pid, Signal.SIGSTOP)
    room = stage.fill_queue(pid, USR2)
    ptrace.cont(pid, USR1)
    for _ in range(room):
        stage.stopped(pid, USR2)
        ptrace.cont(pid)
    told_and_dropped(stage, pid)


# -- one for another -----------------------------------------------------------
def test_pt_continue_change_sig(stage: Stage) -> None:
    """A signal that is replaced: the process ends by the new one."""
    pid = stage.debuggee("sleep 20000", "exit 1")
    ptrace.cont(pid)
    stage.kernel.kill(pid, Signal.SIGINT)
    info = stage.stopped(pid, Signal.SIGINT, LwpFlags.PL_FLAG_SI)
    assert info.siginfo is not None
    assert info.siginfo.signo == Signal.SIGINT
    ptrace.cont(pid, Signal.SIGTERM)
    stage.killed(pid, Signal.SIGTERM)
    stage.alone()


def test_pt_continue_with_signal_kqueue(stage: Stage) -> None:
    """kevent(2) sees a signal that a debugger gave, though the process ignores it."""
    pid = stage.act("ignore 30", "kqueue 30", "trace-me", "stop", "kevent 30", "exit 1")
    stage.stopped(pid, Signal.SIGSTOP)
    ptrace.cont(pid, USR1)
    stage.ends((pid, 1))


# -- blocked -------------------------------------------------------------------
def blocked(stage: Stage) -> int:
    """A debuggee that blocks SIGUSR1, then lets it in and waits until it was caught once."""
    pid = stage.act("catch 30", "block 30", "trace-me", "stop", "caught 30 0", "unblock 30",
                    "await 30 1", "exit 1")
    info = stage.stopped(pid, Signal.SIGSTOP)
    assert info.siginfo is not None
    assert info.siginfo.signo == Signal.SIGSTOP
    return pid


def test_killed_with_sigmask(stage: Stage) -> None:
    """By kill(2): it is told when it is unblocked, and caught when it is passed on."""
    pid = blocked(stage)
    stage.kernel.kill(pid, USR1)
    ptrace.cont(pid)
    info = stage.stopped(pid, USR1)
    assert info.siginfo is not None
    assert info.siginfo.signo == USR1
    ptrace.cont(pid, USR1)
    stage.ends((pid, 1))


def test_pt_continue_with_sigmask(stage: Stage) -> None:
    """By PT_CONTINUE, in the place of the SIGSTOP: see `told_and_dropped`."""
    pid = blocked(stage)
    ptrace.cont(pid, USR1)
    told_and_dropped(stage, pid)


def test_pt_continue_with_signal_thread_sigmask(stage: Stage) -> None:
    """A replaced signal goes to the thread that does not block the new one, and wakes it."""
    pid = stage.act(
        "catch 30",
        "thread", "await 30 1", "meet 2", "block 30", "meet 4", "meet 6", "end",
        "block 30", "trace-me", "stop",
        "meet 2", "unblock 30", "meet 4", "stop", "await 30 2", "meet 6", "join", "exit 1")
    stage.stopped(pid, Signal.SIGSTOP)
    ptrace.cont(pid)
    stage.kernel.kill(pid, USR2)
    stage.stopped(pid, USR2)
    ptrace.cont(pid, USR1)
    stage.stopped(pid, Signal.SIGSTOP)
    ptrace.cont(pid)
    stage.kernel.kill(pid, USR2)
    stage.stopped(pid, USR2)
    ptrace.cont(pid, USR1)
    stage.ends((pid, 1))
