"""Who hears of a debuggee's end, who its parent is meanwhile, and what its parent's end does.

Counterparts of ptrace_test's parent, getppid, proc_reparent and procdesc cases.  Where a
case has a parent and a debugger that take turns, one of them is the test and the other does
its words.
"""

from __future__ import annotations

import pytest
from tests.counterparts.stage import Pipe, Stage

from bsdproc.freebsd import (
    Continued,
    Exited,
    Signal,
    Signaled,
    Stopped,
    WaitOptions,
    procctl,
    ptrace,
    wait,
)


def test_parent_wait_after_trace_me(stage: Stage) -> None:
    """A child that traced itself for its parent exits once, as others do."""
    child = stage.debuggee("exit 1")
    ptrace.cont(child)
    stage.ends((child, 1))


def test_parent_wait_after_attach(stage: Stage) -> None:
    """So does one that its parent attached to."""
    gate = stage.pipe()
    child = stage.act("eof 3", "exit 1", fds={3: gate.reader})
    stage.attach(child)
    ptrace.cont(child)
    gate.hang_up()
    stage.ends((child, 1))


# -- a debugger between a parent and its child ---------------------------------
def its_debugger(stage: Stage, prey: int, ready: Pipe, more: Pipe, *, stranger: bool) -> int:
    """A process that attaches to `prey`, says so, and on a byte collects its exit with 1."""
    words = ["prey 3", "attach", "cont 0", "write 4", "read 5", "expect-exit 1", "write 4"]
    if stranger:
        words = ["fork", *words, "end", "exit 2"]
    debugger = stage.act(*words, fds={3: more.reader, 4: ready.writer, 5: more.reader})
    more.tell_pid(prey)
    if stranger:
        stage.exited(debugger, 2)
    ready.told()
    return debugger


def exit_after_debugger(stage: Stage, *, stranger: bool) -> None:
    """The parent sees a living child until the debugger has collected it."""
    gate, ready, more = stage.pipe(), stage.pipe(), stage.pipe()
    child = stage.act("read 3", "exit 1", fds={3: gate.reader})
    debugger = its_debugger(stage, child, ready, more, stranger=stranger)
    assert wait(child, WaitOptions.WNOHANG) is None
    gate.go()
    stage.until_zombie(child)
    assert wait(child, WaitOptions.WNOHANG) is None
    more.go()
    ready.told()
    if not stranger:
        stage.exited(debugger, 0)
    assert wait(child, WaitOptions.WNOHANG) == Exited(child, 1, 0x100)


def test_parent_sees_exit_after_child_debugger(stage: Stage) -> None:
    exit_after_debugger(stage, stranger=False)


def test_parent_sees_exit_after_unrelated_debugger(stage: Stage) -> None:
    """The debugger is no relation: the child is among its parent's orphans."""
    exit_after_debugger(stage, stranger=True)


def test_parent_exits_before_child(stage: Stage, reaper: int) -> None:
    """A debuggee whose parent is gone falls to the debugger who is also its reaper, and is
    collected once it was let go."""
    pids, gate, other_gate = stage.pipe(), stage.pipe(), stage.pipe()
    child = stage.act("fork", "eof 4", "exit 0", "end", "tell-child 3", "read 5", "exit 0",
                      fds={3: pids.writer, 4: gate.reader, 5: other_gate.reader})
    grandchild = pids.pid()
    ptrace.attach(grandchild)
    other_gate.go()
    stage.exited(child, 0)
    gate.hang_up()
    stage.stopped(grandchild, Signal.SIGSTOP)
    ptrace.detach(grandchild)
    stage.ends((grandchild, 0))


@pytest.mark.rule("freebsd-sys_process", "attach-parent")
def test_getppid(stage: Stage) -> None:
    """A debuggee's getppid(2) names its parent, not the debugger."""
    gate, pids, ready, more = (stage.pipe() for _ in range(4))
    child = stage.act("read 3", "tell-ppid 4", "exit 1",
                      fds={3: gate.reader, 4: pids.writer})
    debugger = its_debugger(stage, child, ready, more, stranger=False)
    gate.go()
    assert pids.pid() == stage.kernel.getpid()
    more.go()
    stage.exited(debugger, 0)
    assert wait(child, WaitOptions.WNOHANG) == Exited(child, 1, 0x100)


@pytest.mark.rule("freebsd-sys_process", "detach-quiet")
def test_pt_detach_continued(stage: Stage) -> None:
    """A child that was stopped goes on behind a debugger that came and went.  Newer kernels
    tell its parent that it was continued; 13.2 does not."""
    gate, pids = stage.pipe(), stage.pipe()
    child = stage.act("eof 3", "exit 0", fds={3: gate.reader})
    stage.kernel.kill(child, Signal.SIGSTOP)
    assert isinstance(wait(child, WaitOptions.WUNTRACED), Stopped)
    debugger = stage.act("prey 3", "attach", "detach", fds={3: pids.reader})
    pids.tell_pid(child)
    stage.exited(debugger, 0)
    stage.kernel.settle(0.1)
    status = wait(child, WaitOptions.WCONTINUED | WaitOptions.WNOHANG)
    assert status in (None, Continued(child, 0x13))
    if stage.kernel.release.startswith("13."):
        assert status is None
    gate.hang_up()
    stage.exited(child, 0)


# -- a debugger that goes with a SIGSTOP on its way ----------------------------
def dies_with_its_debugger(stage: Stage, *words: str) -> None:
    """A debugger exits without detaching, when its debuggee has just stopped: the debuggee
    is killed, whichever of its threads is to be told; it does not stay behind, stopped."""
    debugger = stage.act(
        "fork", "trace-me", "stop", *words, "exit 0", "end",
        "hunt", "expect-stop 17", "cont 0", "expect-stop 17", "exit 0")
    stage.exited(debugger, 0)
    status = wait()
    assert isinstance(status, Signaled)
    assert status.signal == Signal.SIGKILL
    stage.alone()


def test_parent_terminate_with_pending_sigstop1(stage: Stage, reaper: int) -> None:
    """The older thread stops, the younger sleeps."""
    dies_with_its_debugger(stage, "thread", "sleep 60000", "end", "stop")


def test_parent_terminate_with_pending_sigstop2(stage: Stage, reaper: int) -> None:
    """The younger thread stops, the older sleeps."""
    dies_with_its_debugger(stage, "thread", "raise-here 17", "end", "sleep 60000")


# -- process descriptors -------------------------------------------------------
def test_proc_reparent(stage: Stage) -> None:
    """Closing the last descriptor of a process takes it from no debugger: it is the
    reaper's only when it was let go, and then the debugger has no child any more."""
    pids, gate, done = stage.pipe(), stage.pipe(), stage.pipe()
    parent = stage.act(
        "pdfork", "rest", "end", "tell-child 3", "read 4", "pdclose", "write 5", "read 4",
        "childless", fds={3: pids.writer, 4: gate.reader, 5: done.writer})
    traced = pids.pid()
    stage.attach(traced)
    gate.go()
    done.told()
    assert ptrace.lwpinfo(traced).lwpid
    assert procctl.trace(traced) == procctl.TraceStatus(True, stage.kernel.getpid())
    ptrace.detach(traced)
    gate.go()
    stage.ends((parent, 0))


def test_procdesc_wait_child(stage: Stage) -> None:
    """A process with a descriptor can be waited for among all children while it is traced;
    its exit is its descriptor's."""
    debugger = stage.act(
        "pdfork", "trace-me", "stop", "stop", "end",
        "hunt", "expect-stop 17", "cont 0", "any-stop 17", "cont 0",
        "childless", "pdclose")
    stage.exited(debugger, 0)


def test_procdesc_reparent_wait_child(stage: Stage) -> None:
    """One that a debugger collected is its parent's again, and not among all children."""
    pids, gate = stage.pipe(), stage.pipe()
    parent = stage.act("pdfork", "stop", "exit 0", "end", "tell-child 3", "read 4",
                       "childless", "pdclose", fds={3: pids.writer, 4: gate.reader})
    traced = pids.pid()
    stage.attach(traced)
    ptrace.cont(traced)
    if (status := wait(traced)) == Stopped(traced, Signal.SIGSTOP, 0x117F):
        # It had not come to its own SIGSTOP yet.
        ptrace.cont(traced)
        status = wait(traced)
    assert status == Exited(traced, 0, 0)
    gate.go()
    stage.ends((parent, 0))
