"""Threads that begin and end under a debugger, and stops that belong to one of them.

Counterparts of ptrace_test's thread cases.
"""

from __future__ import annotations

import pytest
from tests.counterparts.stage import Stage

from bsdproc.freebsd import Exited, Signal, Stopped, WaitOptions, ptrace, wait
from bsdproc.freebsd.constants import LwpFlags, TrapCode

BORN = LwpFlags.PL_FLAG_BORN | LwpFlags.PL_FLAG_SCX
ENDS = LwpFlags.PL_FLAG_EXITED | LwpFlags.PL_FLAG_SCE
"""A thread that ends by thr_exit(2) stops at that call's entry."""


def test_new_child_pl_syscall_code_thread(stage: Stage) -> None:
    """A new thread's first stop under PT_TO_SCX is the exit of a call that has a number."""
    pid = stage.debuggee("thread", "end", "join", "exit 1")
    first = ptrace.lwpinfo(pid).lwpid
    ptrace.to_scx(pid)
    while (info := stage.stopped(pid, Signal.SIGTRAP, LwpFlags.PL_FLAG_SCX)).lwpid == first:
        assert info.syscall_code
        ptrace.cont(pid)
    assert info.syscall_code
    ptrace.cont(pid)
    while isinstance(status := wait(pid), Stopped):
        assert status.signal == Signal.SIGTRAP
        ptrace.cont(pid)
    assert status == Exited(pid, 1, 0x100)
    stage.alone()


def test_lwp_events(stage: Stage) -> None:
    """PT_LWP_EVENTS: a stop of the new thread when it begins, and one when it ends."""
    pid = stage.debuggee("thread", "end", "join", "exit 1")
    first = ptrace.lwpinfo(pid).lwpid
    ptrace.lwp_events(pid)
    ptrace.cont(pid)
    second = stage.stopped(pid, Signal.SIGTRAP, BORN).lwpid
    assert second != first
    ptrace.cont(pid)
    assert stage.stopped(pid, Signal.SIGTRAP, ENDS).lwpid == second
    ptrace.cont(pid)
    stage.ends((pid, 1))


def test_lwp_events_exec(stage: Stage) -> None:
    """A thread that executes a program: the first thread's end is told, which is no system
    call of its own, and then the exec by the one that is left."""
    pid = stage.debuggee("thread", f"exec {stage.path}", "exit 0", "end", "rest")
    first = ptrace.lwpinfo(pid).lwpid
    ptrace.lwp_events(pid)
    ptrace.cont(pid)
    second = stage.stopped(pid, Signal.SIGTRAP, BORN).lwpid
    assert second != first
    ptrace.cont(pid)
    info = stage.stopped(pid, Signal.SIGTRAP, LwpFlags.PL_FLAG_EXITED)
    assert info.lwpid == first
    assert LwpFlags.PL_FLAG_SCE not in info.flags
    ptrace.cont(pid)
    info = stage.stopped(pid, Signal.SIGTRAP, LwpFlags.PL_FLAG_EXEC | LwpFlags.PL_FLAG_SCX)
    assert info.lwpid == second
    ptrace.cont(pid)
    stage.ends((pid, 0))


def breakpoint_hit(stage: Stage, pid: int) -> int:
    """The next stop is a breakpoint's; the thread that ran into it."""
    info = stage.stopped(pid, Signal.SIGTRAP, LwpFlags.PL_FLAG_SI)
    assert info.siginfo is not None
    assert (info.siginfo.signo, info.siginfo.code) == (Signal.SIGTRAP, TrapCode.TRAP_BRKPT)
    return info.lwpid


@pytest.mark.rule("freebsd-sys_process", "go-deliver")
def test_pt_continue_different_thread(stage: Stage) -> None:
    """PT_CONTINUE of one thread's id ends the stop that another one reported: each breakpoint
    is told once."""
    pid = stage.debuggee("thread", "int3", "end", "thread", "int3", "end", "join", "exit 1")
    ptrace.lwp_events(pid)
    ptrace.cont(pid)
    one = stage.stopped(pid, Signal.SIGTRAP, BORN).lwpid
    ptrace.suspend(one)                 # until the other is there as well
    ptrace.cont(pid)
    other = stage.stopped(pid, Signal.SIGTRAP, BORN).lwpid
    assert other != one
    ptrace.resume(one)
    ptrace.cont(pid)

    hit = {breakpoint_hit(stage, pid)}
    assert hit < {one, other}
    left = {one, other}
    ptrace.cont(*(left - hit))
    for _ in range(3):
        info = stage.stopped(pid, Signal.SIGTRAP)
        if LwpFlags.PL_FLAG_EXITED in info.flags:
            assert info.lwpid in hit
            left.remove(info.lwpid)
        else:
            assert info.siginfo is not None
            assert info.siginfo.code == TrapCode.TRAP_BRKPT
            assert info.lwpid not in hit
            hit.add(info.lwpid)
        ptrace.cont(pid)
    assert not left
    assert hit == {one, other}
    stage.ends((pid, 1))


def test_pt_attach_with_sbdry_thread(stage: Stage) -> None:
    """Threads that sleep for a file lock, where a stop is put off, do not keep an attach from
    stopping the process."""
    locked, gate = stage.pipe(), stage.pipe()
    stage.act(f"open {stage.path}", "lock", "write 3", "eof 4",
              fds={3: locked.writer, 4: gate.reader})
    locked.told()
    pid = stage.act(f"open {stage.path}", "thread", "lock", "unlock", "end",
                    "thread", "lock", "unlock", "end", "join", "exit 0")
    stage.kernel.settle(0.5)            # both are asleep by then
    assert wait(pid, WaitOptions.WNOHANG) is None
    stage.attach(pid)
    assert ptrace.getnumlwps(pid) == 3
    ptrace.detach(pid)
    gate.hang_up()
    assert isinstance(wait(pid), Exited)
