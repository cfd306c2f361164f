"""What other threads do while one waits in the kernel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.freebsd.constants import Signal
from bsdproc.kernel import Kernel

from .helpers import end, word

At = Callable[[str], int]
Start = Callable[..., int]


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """`work` in another thread, from a moment after the block has begun."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Timer(0.1, run)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
    assert not thread.is_alive()
    assert failed == []


def test_a_process_is_interrupted_while_its_debugger_waits(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "spin"])
        for _ in range(3):
            with meanwhile(process.interrupt):
                assert isinstance(dbg.wait(), events.Interrupted)
        assert word(process, at("counter")) > 0
        process.memory[at("quit")] = 5
        assert end(dbg) == 5


def test_a_request_in_the_midst_of_events_is_not_lost(
        kernel: Kernel, actor: str, at: At) -> None:
    """However it falls: the process stands or runs, and most stops are nobody's business."""
    with Debugger(kernel=kernel) as dbg:
        process = dbg.spawn([actor, "threads", "1000000"])
        process.breakpoints.add(at("station"))
        for _ in range(5):
            with meanwhile(process.interrupt):
                for event in dbg:
                    if isinstance(event, events.Interrupted):
                        break
                    assert isinstance(event, events.BreakpointHit)
        assert dbg.wait() is not None


def test_several_ask_at_once(kernel: Kernel, actor: str, at: At) -> None:
    """One answer at least; no stop signal of them is left behind or taken for another's."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "spin"])
        askers = [threading.Timer(0.05, process.interrupt) for _ in range(8)]
        for asker in askers:
            asker.start()
        assert isinstance(dbg.wait(), events.Interrupted)
        for asker in askers:
            asker.join()
        process.memory[at("quit")] = 3
        found = list(dbg)
        assert {type(e) for e in found[:-1]} <= {events.Interrupted}
        assert isinstance(found[-1], events.Exited)


def test_a_request_for_a_process_that_stands(kernel: Kernel, actor: str) -> None:
    """Another thread's holds when it goes on; the one's that holds it in hand does not."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "spin"])
        process.step()
        assert isinstance(dbg.wait(), events.Stepped)
        process.interrupt()
        process.step()
        assert isinstance(dbg.wait(), events.Stepped)
        with meanwhile(process.interrupt):
            pass
        assert isinstance(dbg.wait(), events.Interrupted)


def test_one_that_it_attached_to_runs_on_afterwards(
        kernel: Kernel, started: Start, at: At) -> None:
    pid = started("nap")
    for _ in range(5):
        with Debugger() as dbg:
            process = dbg.attach(pid)
            with meanwhile(process.interrupt):
                assert isinstance(dbg.wait(), events.Interrupted)
    kernel.settle(0.05)
    assert freebsd.kinfo.process(pid).stat != freebsd.constants.ProcState.SSTOP


def test_signals_and_looks_while_one_thread_waits(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "spin"])

        def look_and_end() -> None:
            for _ in range(20):
                assert freebsd.kinfo.process(process.pid, kernel=kernel).comm == "actor"
            kernel.kill(process.pid, Signal.SIGTERM)

        with meanwhile(look_and_end):
            event = dbg.wait()
        assert isinstance(event, events.SignalReceived)
        assert event.signal == Signal.SIGTERM
        assert isinstance(dbg.wait(), events.Killed)


def test_two_sessions_in_two_threads(kernel: Kernel, actor: str, at: At) -> None:
    """Each thread waits for its own, and both get on."""
    ends: dict[str, int] = {}

    def session(count: str) -> None:
        with Debugger(kernel=kernel) as dbg:
            process = dbg.spawn([actor, "count", count])
            process.breakpoints.add(at("station"))
            hits = sum(isinstance(e, events.BreakpointHit) for e in dbg)
            assert process.exit_status == int(count)
            ends[count] = hits

    with meanwhile(lambda: session("60")):
        session("80")
    assert ends == {"60": 60, "80": 80}


@pytest.mark.parametrize("wait", [True, False])
def test_a_wait_in_one_thread_and_the_child_of_another(
        kernel: Kernel, actor: str, wait: bool) -> None:
    spinning = kernel.spawn(actor, ["actor", "spin"])
    found: list[freebsd.Status | None] = []

    def another() -> None:
        mine = kernel.spawn(actor, ["actor", "count", "4"])
        found.append(freebsd.wait(mine, kernel=kernel))
        kernel.kill(spinning, Signal.SIGKILL)

    with meanwhile(another):
        if not wait:
            kernel.settle(0.3)
        status = freebsd.wait(spinning)
    assert isinstance(status, freebsd.Signaled)
    assert [type(s) for s in found] == [freebsd.Exited]
