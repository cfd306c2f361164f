"""Children of fork and vfork, followed and not, and programs that are replaced."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.debugger import State
from bsdproc.debugger.systems import backend_for
from bsdproc.freebsd.constants import IdType
from bsdproc.freebsd.constants import WaitOptions as W
from bsdproc.kernel import Kernel

from .helpers import mine, names, set_word, word

At = Callable[[str], int]
Start = Callable[..., int]


def run(dbg: Debugger) -> list[tuple[str, int]]:
    """The rest of the session: names of events, and whose they are: 0 is the first one's."""
    order: dict[int, int] = {}
    return [(type(e).__name__, order.setdefault(e.process.pid, len(order))) for e in dbg]


def test_a_child_that_is_not_followed_is_free_of_breakpoints(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "fork"])
        process.breakpoints.add(at("station"))
        found = list(dbg)
    assert [type(e).__name__ for e in found if not isinstance(e, events.SignalReceived)] == [
        "Forked", "BreakpointHit", "Exited"]
    forked = found[0]
    assert isinstance(forked, events.Forked)
    assert (forked.child, forked.vfork) == (None, False)
    assert process.exit_status == 1 * 16 + 1


def test_a_followed_child_has_its_parents_breakpoints(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger(follow_fork=True) as dbg:
        process = dbg.spawn([actor, "fork"])
        process.breakpoints.add(at("station"))
        forked, born = dbg.wait(), dbg.wait()
        assert isinstance(forked, events.Forked)
        assert isinstance(born, events.Started)
        child = forked.child
        assert child is born.process
        assert child is not None
        assert child.pid == forked.child_pid
        assert (child.state, process.state) == (State.STOPPED, State.STOPPED)
        assert at("station") in child.breakpoints
        # Each has its own from now on.
        child.breakpoints.clear()
        found = run(dbg)
    assert [name for name, _ in found].count("BreakpointHit") == 1
    assert process.exit_status == 1 * 16 + 1


def test_both_parent_and_child_hit_theirs(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger(follow_fork=True) as dbg:
        process = dbg.spawn([actor, "fork"])
        process.breakpoints.add(at("station"))
        found = [e.process.pid for e in dbg if isinstance(e, events.BreakpointHit)]
    assert len(set(found)) == len(found) == 2
    assert process.exit_status == 17


@pytest.mark.parametrize("follow", [False, True])
def test_the_child_of_vfork_runs_in_its_parents_memory(
        kernel: Kernel, actor: str, at: At, follow: bool) -> None:
    """Not followed, it must not run into the parent's breakpoints; they are back
    when the parent goes on."""
    with Debugger(follow_fork=follow) as dbg:
        process = dbg.spawn([actor, "vfork"])
        process.breakpoints.add(at("station"))
        found = [e for e in dbg if not isinstance(e, events.SignalReceived)]
    hit = [e.process for e in found if isinstance(e, events.BreakpointHit)]
    assert len(hit) == (2 if follow else 1)
    assert hit[-1] is process
    assert any(isinstance(e, events.VforkDone) for e in found)
    forked = next(e for e in found if isinstance(e, events.Forked))
    assert forked.vfork
    # Both counted in the same memory: 1 in the child, 2 at the end.
    assert process.exit_status == 1 * 16 + 2


def test_what_a_vforked_child_adds_is_its_parents_too(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger(follow_fork=True) as dbg:
        process = dbg.spawn([actor, "vfork"])
        forked = dbg.wait()
        assert isinstance(forked, events.Forked)
        assert forked.child is not None
        forked.child.breakpoints.add(at("station"))
        assert at("station") in process.breakpoints
        found = [e.process for e in dbg if isinstance(e, events.BreakpointHit)]
    assert found == [forked.child, process]


@pytest.mark.parametrize("follow", [False, True])
def test_vfork_and_exec(kernel: Kernel, actor: str, at: At, follow: bool) -> None:
    with Debugger(follow_fork=follow) as dbg:
        process = dbg.spawn([actor, "vexec", actor, "count", "3"])
        process.breakpoints.add(at("station"))
        found = [e for e in dbg if not isinstance(e, events.SignalReceived)]
    seen = [type(e).__name__ for e in found]
    assert seen.count("Execed") == (1 if follow else 0)
    assert "BreakpointHit" not in seen      # the new program has none
    assert at("station") in process.breakpoints
    assert process.exit_status == 3


def test_exec_forgets_breakpoints_and_watchpoints(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "exec", actor, "write", "3"])
        process.watchpoints.add(at("counter"))
        process.breakpoints.add(at("main"))
        assert isinstance(dbg.wait(), events.BreakpointHit)
        assert isinstance(dbg.wait(), events.Execed)
        assert (len(process.breakpoints), len(process.watchpoints)) == (0, 0)
        assert word(process, at("passed")) == 0
        assert names(dbg) == ["Exited"]


def test_a_step_over_exec_is_one_step(kernel: Kernel, actor: str, at: At) -> None:
    """The kernel leaves a second trap behind in the new program."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "exec", actor, "count", "1"])
        process.trace_syscalls()
        event = dbg.wait()
        assert isinstance(event, events.SyscallEntered)     # getpid
        while not (isinstance(event, events.SyscallExited) and event.name == "getpid"):
            event = dbg.wait()
        process.trace_syscalls(False)
        steps, found = 0, None
        while not isinstance(found, events.Execed):
            process.step()
            found = dbg.wait()
            steps += 1
            assert steps < 200
        assert process.registers.pc == at("_start")
        assert names(dbg) == ["Stepped", "Exited"]
        assert process.exit_status == 1


def test_killing_a_vforks_parent_ends_the_child_first(kernel: Kernel, actor: str) -> None:
    """The parent cannot end before its memory is its own again."""
    with Debugger(follow_fork=True) as dbg:
        process = dbg.spawn([actor, "vfork"])
        forked = dbg.wait()
        assert isinstance(forked, events.Forked)
        process.kill()
        assert forked.child is not None
        assert (process.state, forked.child.state) == (State.GONE, State.GONE)
        assert dbg.wait() is None


def test_killing_a_vforks_parent_that_waits_for_the_child(
        kernel: Kernel, actor: str, at: At) -> None:
    """It is not stopped, and hears of SIGKILL when the child has left its memory."""
    with Debugger(follow_fork=True) as dbg:
        process = dbg.spawn([actor, "vfork"])
        process.breakpoints.add(at("station"))
        event = next(e for e in dbg if isinstance(e, events.BreakpointHit))
        child = event.process
        assert (process.state, child.state) == (State.RUNNING, State.STOPPED)
        process.kill()
        assert (process.state, child.state) == (State.GONE, State.GONE)
        assert dbg.wait() is None


def test_leaving_in_the_middle_of_a_vfork(kernel: Kernel, actor: str) -> None:
    with Debugger(follow_fork=True) as dbg:
        dbg.spawn([actor, "vfork"])
        assert isinstance(dbg.wait(), events.Forked)
    assert dbg.processes == {}


def test_children_of_an_attached_process_go_on_without_the_debugger(
        kernel: Kernel, started: Start, at: At) -> None:
    pid = started("forkers")
    with Debugger(follow_fork=True) as dbg:
        dbg.attach(pid)
        for event in dbg:
            if isinstance(event, events.Started):
                break
        assert len(dbg.processes) == 2
    kernel.settle(0.05)
    with Debugger() as dbg:
        process = dbg.attach(pid)
        made = word(process, at("counter"))
        process.detach()
        kernel.settle(0.05)
        assert word(dbg.attach(pid), at("counter")) > made


def test_killed_between_a_fork_and_its_news(kernel: Kernel, actor: str, at: At) -> None:
    """A child that nobody has been told of ends with its parent's session."""
    for hits in range(1, 12):
        with Debugger() as dbg:
            process = dbg.spawn([actor, "forkers"])
            process.breakpoints.add(at("station"))
            found = 0
            for event in dbg:
                found += isinstance(event, events.BreakpointHit)
                if found == hits:
                    break
            process.kill()
        tracers = {p.tracer for p in freebsd.kinfo.processes()}
        assert kernel.getpid() not in tracers


def test_what_a_followed_child_reports_can_be_changed(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger(follow_fork=True, syscalls=True) as dbg:
        process = dbg.spawn([actor, "fork"])
        called: dict[int, list[str]] = {}
        for event in dbg:
            if isinstance(event, events.Started):
                set_word(event.process, at("passed"), 2)
            if isinstance(event, events.SyscallEntered):
                called.setdefault(event.process.pid, []).append(event.name)
    parents = called.pop(process.pid)
    assert parents == ["getpid", "fork", "wait4", "exit"]
    assert list(called.values()) == [["exit"]]
    assert process.exit_status == 3 * 16 + 1


def test_a_child_that_has_ended_is_its_tracers_until_it_is_collected(
        kernel: Kernel, actor: str) -> None:
    """Its record names its real parent, and no tracer any more."""
    backend = backend_for(kernel)
    parent = kernel.spawn(actor, [actor, "vfork"], traced=True)
    freebsd.wait(parent)
    freebsd.ptrace.follow_fork(parent, True)
    freebsd.ptrace.cont(parent)
    freebsd.wait(parent)
    child = freebsd.ptrace.lwpinfo(parent).child_pid
    assert child
    freebsd.wait(child)
    assert backend.traced(child)
    freebsd.ptrace.cont(child, 9)
    freebsd.wait6(IdType.P_PID, child, W.WEXITED | W.WNOWAIT)
    assert backend.traced(child)
    assert {p.pid for p in mine(kernel)} == {parent, child}
    freebsd.wait(child)
    assert not backend.traced(child)
    freebsd.ptrace.kill(parent)
    while not isinstance(freebsd.wait(parent), freebsd.Signaled):
        freebsd.ptrace.cont(parent, 9)
    assert mine(kernel) == []
