"""PT_KILL ends a debuggee at once: nothing else is told between it and the end by SIGKILL.

Counterparts of ptrace_test's PT_KILL cases and reap_kill_stopped.  Two cases pin the debuggee
to one processor and give its threads priorities; here it is enough that the threads compete.
"""

from __future__ import annotations

import pytest
from tests.conftest import hazard
from tests.counterparts.stage import Stage

from bsdproc.freebsd import Signal, procctl, ptrace
from bsdproc.freebsd.constants import LwpFlags


def killed_at_once(stage: Stage, pid: int) -> None:
    ptrace.kill(pid)
    stage.killed(pid, Signal.SIGKILL)
    stage.alone()


def test_pt_kill_breakpoint(stage: Stage) -> None:
    pid = stage.debuggee("int3", "exit 1")
    ptrace.cont(pid)
    stage.stopped(pid, Signal.SIGTRAP)
    killed_at_once(stage, pid)


def test_pt_kill_system_call(stage: Stage) -> None:
    pid = stage.debuggee("getpid", "exit 1")
    ptrace.syscall(pid)
    stage.stopped(pid, Signal.SIGTRAP, LwpFlags.PL_FLAG_SCE)
    killed_at_once(stage, pid)


def test_pt_kill_threads(stage: Stage) -> None:
    pid = stage.debuggee("thread", "end", "join", "exit 1")
    first = ptrace.lwpinfo(pid).lwpid
    ptrace.lwp_events(pid)
    ptrace.cont(pid)
    born = stage.stopped(pid, Signal.SIGTRAP, LwpFlags.PL_FLAG_BORN | LwpFlags.PL_FLAG_SCX)
    assert born.lwpid != first
    killed_at_once(stage, pid)


def test_pt_kill_competing_signal(stage: Stage) -> None:
    """Another signal, which only the other thread takes, is pending meanwhile."""
    pid = stage.act("thread", "block 30", "meet 2", "rest", "end", "block 31", "meet 2",
                    "trace-me", "stop", "rest")
    stage.stopped(pid, Signal.SIGSTOP)
    ptrace.cont(pid)
    stage.kernel.kill(pid, Signal.SIGUSR2)
    stage.stopped(pid, Signal.SIGUSR2)
    stage.kernel.kill(pid, Signal.SIGUSR1)
    killed_at_once(stage, pid)


def test_pt_kill_competing_stop(stage: Stage) -> None:
    """A thread that is about to stop at a system call's exit notices the kill instead."""
    pid = stage.debuggee("thread", "block 30", "meet 2", "rest", "end", "block 31", "meet 2",
                         "stop", "getpid", "exit 1")
    first = ptrace.lwpinfo(pid).lwpid
    ptrace.syscall(pid)
    while True:
        status = stage.next_stop(pid)
        if status == Signal.SIGSTOP:
            break
        assert status == Signal.SIGTRAP
        ptrace.syscall(pid)
    # The first thread goes on to a call's entry and stays there.
    ptrace.syscall(pid)
    while (info := stage.stopped(pid, Signal.SIGTRAP)).lwpid != first or (
            LwpFlags.PL_FLAG_SCE not in info.flags):
        ptrace.syscall(pid)
    ptrace.suspend(first)
    # The other one takes the signal in its sleep.
    stage.kernel.kill(pid, Signal.SIGUSR2)
    ptrace.syscall(pid)
    while (signal := stage.next_stop(pid)) == Signal.SIGTRAP:
        assert ptrace.lwpinfo(pid).lwpid != first
        ptrace.syscall(pid)
    assert signal == Signal.SIGUSR2
    ptrace.resume(first)
    killed_at_once(stage, pid)


@pytest.mark.rule("freebsd-sys_process", "go-sigkill", "kill")
def test_pt_kill_with_signal_full_sigqueue(stage: Stage) -> None:
    """No room in the signal queue does not keep the kill out."""
    pid = stage.debuggee("exit 1")
    stage.fill_queue(pid, Signal.SIGUSR1)
    killed_at_once(stage, pid)


def test_reap_kill_stopped(stage: Stage, reaper: int) -> None:
    """PROC_REAP_KILL does not wait for a process that stops for its debugger.

    The real 13.2 does, and for ever: its caller cannot even be killed."""
    hazard(stage.kernel, "never returns from it")
    pid = stage.debuggee("rest")
    ptrace.to_scx(pid)
    stage.kernel.settle(0.1)            # it sleeps by then
    assert procctl.reap_kill(Signal.SIGTERM) == procctl.ReaperKilled(1, None)
