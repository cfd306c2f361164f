"""The Debugger on DragonFly, where several threads run into breakpoints, and processes
that are let go in the middle of calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from bsdproc import Debugger, dragonfly, events
from bsdproc.debugger import Process
from bsdproc.debugger.state import State
from bsdproc.dragonfly import Signal, kinfo
from bsdproc.dragonfly.constants import ProcFlags, ProcState
from bsdproc.emulator import DragonFly
from bsdproc.kernel.errors import NotSupported

from .acting import At, act, running

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("machine")]


def hits(debugger: Debugger) -> list[tuple[int, int]]:
    """(thread, address) of each, to the process's end, which is an exit."""
    found = []
    for event in debugger:
        match event:
            case events.BreakpointHit():
                found.append((event.thread.lwp, event.breakpoint.address))
            case events.Exited(status=status):
                assert status == 0
            case events.SignalReceived():
                event.process.set_pending_signal(0)
            case _:
                raise AssertionError(event)
    return found


# -- breakpoints in other threads -----------------------------------------------------

TWO = ("lwp", "sleep 1", "sleep 1", "sleep 1", "end", "sleep 20")


@pytest.fixture
def way(at: At) -> dict[int, int]:
    """The instructions that three words of sleeping take a thread over, in `do_words`, and how
    often: as a single one makes them."""
    start, end = at("act", "do_words"), at("act", "behind")
    seen = Counter[int]()
    with Debugger() as debugger:
        process = act(debugger, "sleep 1", "sleep 1", "sleep 1", "end")
        process.breakpoints.add(start)
        debugger.wait()
        process.breakpoints.clear()
        while True:
            if start <= process.thread.pc < end:
                seen[process.thread.pc] += 1
            process.step()
            if not isinstance(debugger.wait(), events.Stepped):
                return dict(seen)


@pytest.fixture
def place(way: dict[int, int]) -> Callable[[int], int]:
    """An instruction that a thread with three words comes to so often."""
    return lambda times: next(at for at, count in way.items() if count == times)


def test_a_thread_runs_into_one(at: At) -> None:
    with Debugger() as debugger:
        process = act(debugger, *TWO)
        process.breakpoints.add(at("act", "lwp_main"))
        assert hits(debugger) == [(2, at("act", "lwp_main"))]


def test_several_threads_run_into_one(at: At, place: Callable[[int], int]) -> None:
    with Debugger() as debugger:
        process = act(debugger, *TWO)
        process.breakpoints.add(place(3))
        found = hits(debugger)
    assert {where for _, where in found} == {place(3)}
    assert [lwp for lwp, _ in found].count(1) == 2      # "lwp" is a word
    assert [lwp for lwp, _ in found].count(2) == 3


@pytest.mark.parametrize("more", [(), ("memset",), ("memset", "memcpy", "spin", "handler"),
                                  ("main", "begin", "_start", "spin", "memset", "memcpy")])
def test_which_of_several(at: At, more: tuple[str, ...], place: Callable[[int], int]) -> None:
    with Debugger() as debugger:
        process = act(debugger, *TWO)
        known = [at("act", "lwp_main"), at("act", "do_words"), place(3)]
        for address in (*known, *(at("act", name) for name in more)):
            if address != process.thread.pc:
                process.breakpoints.add(address)
        found = [where for lwp, where in hits(debugger) if lwp == 2]
    assert found == [*known, place(3), place(3)]


def test_instruction_by_instruction(at: At, way: dict[int, int]) -> None:
    """A whole word: each instruction is led over by what may come next, and met as often as it
    is executed.  Not where the first thread sleeps in a call: a breakpoint there is out; nor
    for certain while both are on their way, since nobody can be held for the other."""
    with Debugger() as debugger:
        process = act(debugger, "lwp", "sleep 30", *TWO[1:-1], "sleep 90")
        few = [at for at, count in way.items() if count == 3
               and process.memory.read(at, 2) != b"\x0f\x05"][-24:]
        for address in few:
            process.breakpoints.add(address)
        found = Counter(where for lwp, where in hits(debugger) if lwp == 2)
    assert set(found) == set(few)
    assert set(found.values()) <= {3, 4}


def test_a_call_that_another_threads_stop_comes_into(at: At, way: dict[int, int]) -> None:
    """The first thread is led over the breakpoint by a step over the call, which it sleeps in
    while the second one stops: its trap is still the step's."""
    with Debugger() as debugger:
        process = act(debugger, *TWO)
        call = next(at for at in way if process.memory.read(at, 2) == b"\x0f\x05")
        process.breakpoints.add(call)
        process.breakpoints.add(call - 2)
        found = hits(debugger)
    assert found.count((1, call)) == 1
    assert found.count((2, call - 2)) == 3


def test_a_fault_of_its_own_is_told_as_one(at: At) -> None:
    """hlt, and what is no instruction, in a thread's way, with breakpoints elsewhere."""
    with Debugger() as debugger:
        process = act(debugger, *TWO)
        process.breakpoints.add(at("act", "main"))
        process.memory[at("act", "lwp_main") : at("act", "lwp_main") + 2] = b"\xf4\x90"
        told = []
        for event in debugger:
            if isinstance(event, events.SignalReceived):
                told.append((event.thread.lwp, event.signal))
            else:
                assert isinstance(event, events.BreakpointHit | events.Killed)
        assert told == [(2, Signal.SIGBUS)]
        assert process.state is State.GONE


def test_signals_meanwhile(at: At) -> None:
    words = ("catch 30", "lwp", "sleep 1", "kill-lwp 1 30", "sleep 1", "end", "await 30 1",
             "sleep 20")
    with Debugger() as debugger:
        process = act(debugger, *words)
        process.breakpoints.add(at("act", "handler"))
        process.breakpoints.add(at("act", "lwp_main"))
        told = [(type(event).__name__, event.thread.lwp) for event in debugger
                if not isinstance(event, events.Exited | events.Killed)]
    assert told == [("BreakpointHit", 2), ("SignalReceived", 1), ("BreakpointHit", 1)]


def test_stepping_is_the_first_threads(at: At) -> None:
    with Debugger() as debugger:
        process = act(debugger, *TWO)
        process.breakpoints.add(at("act", "lwp_main"))
        event = debugger.wait()
        assert isinstance(event, events.BreakpointHit)
        assert event.thread.lwp == 2
        with pytest.raises(NotSupported, match="threads other than"):
            event.thread.step()
        with pytest.raises(NotSupported, match="threads other than"):
            _ = event.thread.registers
        process.threads[0].step()
        stepped = debugger.wait()
        assert isinstance(stepped, events.Stepped)
        assert stepped.thread.lwp == 1
        assert hits(debugger) == []


def test_a_breakpoint_is_removed_at_its_hit(at: At, place: Callable[[int], int]) -> None:
    with Debugger() as debugger:
        process = act(debugger, *TWO)
        point = process.breakpoints.add(place(3))
        while True:
            event = debugger.wait()
            assert isinstance(event, events.BreakpointHit)
            if event.thread.lwp == 2:
                break
        process.breakpoints.remove(point)
        assert hits(debugger) == []


@pytest.mark.parametrize("stops", range(10))
def test_it_is_left_at_each_stop(machine: DragonFly, at: At, stops: int,
        place: Callable[[int], int]) -> None:
    """It goes on by itself, to its end, with nothing in its memory that was not there."""
    with Debugger() as debugger:
        process = act(debugger, *TWO)
        for address in (at("act", "lwp_main"), at("act", "behind"), place(3), place(1)):
            process.breakpoints.add(address)
        for _ in range(stops):
            if isinstance(debugger.wait(), events.Exited):
                return
        process.detach()
        assert process.state is State.DETACHED
        assert dragonfly.wait(process.pid) == dragonfly.Exited(process.pid, 0, 0)


# -- letting go in the middle of a call ----------------------------------------------------------


def asleep_in_a_call(machine: DragonFly, debugger: Debugger, process: Process,
                     name: str) -> None:
    """Up to its entry, then so far that it sleeps in it."""
    process.trace_syscalls()
    for event in debugger:
        if isinstance(event, events.SyscallEntered) and event.name == name:
            break
    process.control.interrupting = False
    with pytest.raises(TimeoutError):
        debugger.wait(timeout=0.005)


SLEEPS = [
    ("nanosleep", ("sleep 50", "exit 7")),
    ("nanosleep", ("catch 30", "sleep 50", "exit 7")),
    ("nanosleep", ("catch 5", "sleep 50", "exit 7")),
    ("nanosleep", ("ignore 5", "block 1", "sleep 50", "exit 7")),
    ("nanosleep", ("ignore 5", *(f"block {n}" for n in range(1, 32) if n not in (5, 9, 17)),
                   "sleep 50", "exit 7")),
    ("wait4", ("fork", "sleep 30", "exit 3", "end", "wait 768", "exit 7")),
]


@pytest.mark.parametrize(("name", "words"), SLEEPS)
def test_it_is_let_go_asleep(machine: DragonFly, name: str, words: tuple[str, ...]) -> None:
    """The kernel owes it a SIGTRAP: it has been taken, and the call begins again."""
    with Debugger() as debugger:
        process = act(debugger, *words)
        asleep_in_a_call(machine, debugger, process, name)
        process.interrupt()
        while not isinstance(debugger.wait(), events.Interrupted):
            pass
        process.detach()
    assert dragonfly.wait(process.pid) == dragonfly.Exited(process.pid, 7, 7 << 8)


def test_calls_are_wanted_no_more_in_the_middle_of_one(machine: DragonFly) -> None:
    with Debugger() as debugger:
        process = act(debugger, "sleep 50", "sleep 50", "exit 7")
        asleep_in_a_call(machine, debugger, process, "nanosleep")
        process.interrupt()
        while not isinstance(debugger.wait(), events.Interrupted):
            pass
        process.trace_syscalls(False)
        with pytest.raises(TimeoutError):
            debugger.wait(timeout=0.005)
        process.interrupt()
        assert isinstance(debugger.wait(), events.Interrupted)
        process.detach()
    assert dragonfly.wait(process.pid) == dragonfly.Exited(process.pid, 7, 7 << 8)


def test_a_signal_that_comes_meanwhile_is_its_own(machine: DragonFly) -> None:
    with Debugger() as debugger:
        process = act(debugger, "catch 30", "then-exit 30 9", "sleep 50", "exit 7")
        asleep_in_a_call(machine, debugger, process, "nanosleep")
        process.interrupt()
        while not isinstance(debugger.wait(), events.Interrupted):
            pass
        machine.kill(process.pid, Signal.SIGUSR1)
        process.detach()
    assert dragonfly.wait(process.pid) == dragonfly.Exited(process.pid, 9, 9 << 8)


def test_closing_lets_go_of_one_asleep(machine: DragonFly) -> None:
    pid = running(machine, "sleep 60", "sleep 60", "exit 7")
    with Debugger() as debugger:
        process = debugger.attach(pid)
        process.trace_syscalls()
        for event in debugger:
            if isinstance(event, events.SyscallEntered):
                break
        with pytest.raises(TimeoutError):
            debugger.wait(timeout=0.005)
    assert ProcFlags.P_TRACED not in kinfo.process(pid).flags
    assert kinfo.process(pid).stat is ProcState.SACTIVE
    assert dragonfly.wait(pid) == dragonfly.Exited(pid, 7, 7 << 8)
