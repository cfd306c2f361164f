"""Processes with several threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from bsdproc import Debugger, events
from bsdproc.debugger import State
from bsdproc.kernel import Kernel

from .helpers import end, names, word

At = Callable[[str], int]
Start = Callable[..., int]


def test_no_thread_slips_past_a_breakpoint(kernel: Kernel, actor: str, at: At) -> None:
    """While one is led over it, the others are held."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "threads", "20"])
        process.breakpoints.add(at("station"))
        found = Counter(e.thread.lwp for e in dbg if isinstance(e, events.BreakpointHit))
    assert sorted(found.values()) == [20, 20]
    assert process.exit_status == 40


def test_a_step_holds_the_others(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "threads", "1000"])
        process.breakpoints.add(at("station"))
        dbg.wait()
        process.breakpoints.clear()
        others = [t for t in process.threads if t != process.thread]
        where = {t: t.pc for t in others}
        for _ in range(20):
            process.step()
            event = dbg.wait()
            assert isinstance(event, events.Stepped)
            assert {t: t.pc for t in others} == where


def test_another_thread_can_be_stepped_than_the_one_that_stopped(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "threads", "30"])
        process.breakpoints.add(at("station"))
        hit = 0
        for event in dbg:
            if isinstance(event, events.BreakpointHit):
                hit += 1
                others = [t for t in process.threads if t != event.thread]
                if hit == 10:
                    others[-1].step()
            if isinstance(event, events.Stepped):
                assert hit == 10
    # The one that was left standing at the breakpoint is led over it, not told of twice.
    assert hit == 60
    assert process.exit_status == 60


def test_a_suspended_thread_stays(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "threads", "10"])
        process.breakpoints.add(at("station"))
        first = dbg.wait()
        assert isinstance(first, events.BreakpointHit)
        first.thread.suspend()
        found = []
        for event in dbg:
            assert isinstance(event, events.BreakpointHit)
            found.append(event.thread)
            if len(found) == 10:
                break
        assert first.thread not in found
        first.thread.resume()
        assert sum(isinstance(e, events.BreakpointHit) for e in dbg) == 9
        assert process.exit_status == 20


def test_threads_that_begin_and_end(kernel: Kernel, actor: str) -> None:
    with Debugger(threads=True) as dbg:
        process = dbg.spawn([actor, "threads", "1"])
        found = list(dbg)
    begun = [e.thread.lwp for e in found if isinstance(e, events.ThreadStarted)]
    ended = [e.thread.lwp for e in found if isinstance(e, events.ThreadExited)]
    assert len(set(begun)) == 2
    assert sorted(begun) == sorted(ended)
    assert process.exit_status == 2


def test_detaching_while_other_threads_have_hit_it_too(
        kernel: Kernel, started: Start, at: At) -> None:
    """Their traps are taken from them, else they would end the process."""
    for hits in range(1, 6):
        pid = started("nappers")
        with Debugger() as dbg:
            process = dbg.attach(pid)
            process.breakpoints.add(at("station"))
            for _ in range(hits):
                assert isinstance(dbg.wait(), events.BreakpointHit)
        kernel.settle(0.02)
        with Debugger() as dbg:
            process = dbg.attach(pid)
            assert word(process, at("passed")) > 0
            assert process.state is State.STOPPED


def test_removing_it_while_other_threads_have_hit_it_too(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "threads", "50"])
        process.breakpoints.add(at("station"))
        dbg.wait()
        process.breakpoints.clear()
        assert names(dbg) == ["Exited"]
        assert process.exit_status == 100


def test_the_program_they_all_run_can_be_replaced(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "exec", actor, "threads", "3"])
        process.breakpoints.add(at("station"))
        first = dbg.wait()
        assert isinstance(first, events.BreakpointHit)
        assert isinstance(dbg.wait(), events.Execed)
        assert len(process.breakpoints) == 0
        assert process.registers.pc == at("_start")
        assert end(dbg) == 6


def test_killed_as_a_thread_ends(kernel: Kernel, actor: str) -> None:
    """What ends a process is not given to the thread that is on its way out."""
    with Debugger(threads=True) as dbg:
        process = dbg.spawn([actor, "threads", "1"])
        next(event for event in dbg if isinstance(event, events.ThreadExited))
        assert len(process.threads) > 1
    assert process.state is State.GONE
