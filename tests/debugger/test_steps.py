"""Single steps and watchpoints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.debugger import Watchpoint
from bsdproc.kernel import Kernel

from .helpers import end, names, word

At = Callable[[str], int]


def test_a_step_is_one_instruction(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        places = []
        for _ in range(3):      # xor %ebp, %ebp; and $-16, %rsp; call begin
            places.append(process.registers.pc - at("_start"))
            process.step()
            assert isinstance(dbg.wait(), events.Stepped)
        assert places == [0, 2, 6]
        assert end(dbg) == 1


def test_a_step_onto_a_breakpoint_is_no_hit_yet(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        process.breakpoints.add(at("_start") + 2)
        process.step()
        assert isinstance(dbg.wait(), events.Stepped)
        assert process.registers.pc == at("_start") + 2
        assert names(dbg) == ["BreakpointHit", "Exited"]


def test_a_step_from_a_breakpoint(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        process.breakpoints.add(at("_start"))
        assert isinstance(dbg.wait(), events.BreakpointHit)
        process.step()
        assert isinstance(dbg.wait(), events.Stepped)
        assert process.registers.pc == at("_start") + 2
        assert freebsd.ptrace.read(process.pid, at("_start"), 1) == b"\xcc"
        assert end(dbg) == 1


def test_a_steps_signal_is_handled_first(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "interrupted", "1"])
        event = dbg.wait()
        assert isinstance(event, events.SignalReceived)
        before = process.registers.pc
        process.step()
        assert isinstance(dbg.wait(), events.Stepped)
        assert word(process, at("counter")) == 1        # the handler's doing
        assert 0 < process.registers.pc - before <= 15
        assert end(dbg) == 1


def test_a_signal_in_a_steps_way_is_told_instead(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        kernel.kill(process.pid, freebsd.Signal.SIGUSR1)
        process.step()
        event = dbg.wait()
        assert isinstance(event, events.SignalReceived)
        event.discard()
        assert process.registers.pc == at("_start")
        assert names(dbg) == ["Exited"]     # and no trap is left


def test_stepping_through_a_system_call_that_is_reported(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger(syscalls=True) as dbg:
        process = dbg.spawn([actor, "count", "1"])
        found: list[str] = []
        while "SyscallEntered" not in found:
            process.step()
            event = dbg.wait()
            found.append(type(event).__name__)
        assert [type(dbg.wait()).__name__ for _ in range(2)] == ["SyscallExited", "Stepped"]
        assert set(found[:-1]) == {"Stepped"}
        assert isinstance(dbg.wait(), events.SyscallEntered)


def test_a_watchpoint_stops_behind_each_store(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "write", "4"])
        point = process.watchpoints.add(at("counter"), 8, "w")
        seen = []
        for event in dbg:
            if isinstance(event, events.WatchpointHit):
                assert event.watchpoint == point
                seen.append(word(process, at("counter")))
        assert seen == [1, 2, 3, 4]
        assert process.exit_status == 4


def test_an_execution_watchpoint_stops_before_its_instruction(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "3"])
        process.watchpoints.add(at("station"), 1, "x")
        seen = []
        for event in dbg:
            if isinstance(event, events.WatchpointHit):
                assert event.thread.pc == at("station")
                seen.append(word(process, at("passed")))
    assert seen == [0, 1, 2]


def test_watchpoints_are_few_and_aligned(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        points = [process.watchpoints.add(at("counter") + n, 1) for n in range(4)]
        assert points[0] == process.watchpoints.add(at("counter"), 1)
        with pytest.raises(ValueError, match="in use"):
            process.watchpoints.add(at("counter") + 4, 1)
        process.watchpoints.remove(points[1])
        with pytest.raises(ValueError):
            process.watchpoints.remove(points[1])
        assert list(process.watchpoints) == [points[0], *points[2:]]
        process.watchpoints.clear()
        assert freebsd.ptrace.getdbregs(process.pid)["dr7"] & 0xFF == 0
        for size, address, access in ((3, 0, "w"), (8, 4, "w"), (2, 0, "x"), (1, 0, "r")):
            with pytest.raises(ValueError):
                process.watchpoints.add(at("counter") + address, size, access)  # type: ignore[arg-type]
        assert Watchpoint(at("counter"), 1, "w") not in process.watchpoints


def test_threads_made_later_are_watched_too(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "threads", "5"])
        process.watchpoints.add(at("passed"), 8, "w")
        found = [e.thread.lwp for e in dbg if isinstance(e, events.WatchpointHit)]
    assert len(found) == 10
    assert len(set(found)) == 2


def test_a_breakpoint_below_a_watched_store(kernel: Kernel, actor: str, at: At) -> None:
    """Leading over the breakpoint does not swallow what the store sets off."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "2"])
        place = at("station")
        process.watchpoints.add(at("passed"), 8, "w")
        hit = dbg.wait()
        assert isinstance(hit, events.WatchpointHit)
        behind = process.registers.pc
        store = next(n for n in range(1, 16) if _steps_to(kernel, actor, behind - n, behind, at))
        process.breakpoints.add(behind - store)
        assert names(dbg) == ["BreakpointHit", "WatchpointHit", "Exited"]
        assert place <= behind


def _steps_to(kernel: Kernel, actor: str, start: int, end: int, at: At) -> bool:
    """Whether an instruction at `start` that leads to `end` counts a pass."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        process.breakpoints.add(at("station"))
        dbg.wait()
        process.breakpoints.clear()
        process.thread.pc = start
        process.step()
        event = dbg.wait()
        return (isinstance(event, events.Stepped) and process.registers.pc == end
                and word(process, at("passed")) == 1)
