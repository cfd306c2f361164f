"""Software breakpoints: each visit is told once, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.kernel import Kernel, KernelError

from .helpers import end, names, word

At = Callable[[str], int]
Start = Callable[..., int]


def hits(dbg: Debugger) -> int:
    """The breakpoints hit until the end."""
    return sum(isinstance(event, events.BreakpointHit) for event in dbg)


def test_every_visit_is_a_hit(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "5"])
        point = process.breakpoints.add(at("station"))
        for passed in range(5):
            event = dbg.wait()
            assert isinstance(event, events.BreakpointHit)
            assert event.breakpoint == point
            assert event.thread.pc == at("station")
            assert word(process, at("passed")) == passed
        assert end(dbg) == 5


def test_one_at_the_first_instruction_is_hit_too(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        process.breakpoints.add(at("_start"))
        assert names(dbg) == ["BreakpointHit", "Exited"]


def test_on_every_instruction_of_a_function(kernel: Kernel, actor: str, at: At) -> None:
    """Each step over one leads to the next."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "2"])
        code, places = at("station"), list[int]()
        process.breakpoints.add(code)
        dbg.wait()
        while not places or process.registers.pc > code:
            places.append(process.registers.pc)
            process.step()
            assert isinstance(dbg.wait(), events.Stepped)
            if not code <= process.registers.pc < code + 64:
                break
        for place in places:
            process.breakpoints.add(place)
        found = [e.thread.pc for e in dbg if isinstance(e, events.BreakpointHit)]
    assert found == places


def test_removed_ones_are_hit_no_more(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "3"])
        point = process.breakpoints.add(at("station"))
        assert isinstance(dbg.wait(), events.BreakpointHit)
        assert point in process.breakpoints
        process.breakpoints.remove(point)
        assert list(process.breakpoints) == []
        with pytest.raises(KeyError):
            process.breakpoints.remove(point)
        assert end(dbg) == 3


def test_removing_and_adding_it_again_is_no_new_visit(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "2"])
        process.breakpoints.add(at("station"))
        dbg.wait()
        process.breakpoints.remove(at("station"))
        process.breakpoints.add(at("station"))
        assert names(dbg) == ["BreakpointHit", "Exited"]


def test_they_do_not_show_in_memory(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        place = at("station")
        plain = process.memory[place - 8 : place + 8]
        process.breakpoints.add(place)
        assert process.memory[place - 8 : place + 8] == plain
        assert freebsd.ptrace.read(process.pid, place, 1) == b"\xcc"
        # What is written below one shows, and comes into force when it is removed.
        process.memory[place : place + 1] = b"\xc3"
        assert process.memory[place] == 0xC3
        assert isinstance(dbg.wait(), events.BreakpointHit)
        assert end(dbg) == 0        # station was a plain return


def test_an_unmapped_place_is_refused(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        with pytest.raises(KernelError) as caught:
            process.breakpoints.add(0x10)
        assert caught.value.name == "EFAULT"
        for wrong in (-1, 1 << 64):
            with pytest.raises(ValueError):
                process.breakpoints.add(wrong)
        with pytest.raises(TypeError):
            process.breakpoints.add("main")  # type: ignore[arg-type]
        assert len(process.breakpoints) == 0


def test_the_user_can_move_a_thread_away(kernel: Kernel, actor: str, at: At) -> None:
    """A thread set to another place is not led over the breakpoint it was at."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "2"])
        process.breakpoints.add(at("station"))
        dbg.wait()
        registers = process.registers       # return at once: the first visit never counts
        registers.pc = word(process, registers.sp)
        registers.sp += 8
        process.registers = registers
        assert isinstance(dbg.wait(), events.BreakpointHit)
        assert end(dbg) == 1


def test_at_the_first_instruction_of_a_signals_handler(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "handler", "3"])
        process.breakpoints.add(at("handler"))
        assert names(dbg) == ["SignalReceived", "BreakpointHit"] * 3 + ["Exited"]


def test_a_signal_on_the_way_into_a_breakpoint_is_one_visit(
        kernel: Kernel, actor: str, at: At) -> None:
    """The handler runs between the hit and the instruction; coming back from it
    is no second hit."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "interrupted", "2"])
        process.breakpoints.add(at("station"))
        found = []
        for event in dbg:
            found.append(type(event).__name__)
            if isinstance(event, events.BreakpointHit):
                process.set_pending_signal(freebsd.Signal.SIGUSR1)
    assert found == ["SignalReceived", "BreakpointHit"] * 2 + ["Exited"]
    assert process.exit_status == 2


def test_a_handler_that_visits_the_same_place_is_a_hit_of_its_own(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "handler", "1"])
        process.breakpoints.add(at("station"))
        assert isinstance(dbg.wait(), events.SignalReceived)
        assert isinstance(dbg.wait(), events.BreakpointHit)
        assert word(process, at("passed")) == 0
        # Once more in the middle of it: a visit inside the visit.
        process.set_pending_signal(freebsd.Signal.SIGUSR1)
        found = names(dbg)
    # It is blocked while its handler runs, and the kernel then keeps it twice: as the
    # debugger's, which is not reported again, and in place of what it was given for.
    assert found == ["BreakpointHit", "SignalReceived", "BreakpointHit", "Exited"]


def test_a_fault_at_a_breakpoint(kernel: Kernel, actor: str, at: At) -> None:
    """The instruction below it faults, the handler mends that, and it is run again."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "fault"])
        process.breakpoints.add(at("at_store"))
        found = list(dbg)
    assert [type(e).__name__ for e in found] == ["BreakpointHit", "SignalReceived", "Exited"]
    fault = found[1]
    assert isinstance(fault, events.SignalReceived)
    assert fault.signal == freebsd.Signal.SIGSEGV
    assert fault.address
    assert process.exit_status == 1


def test_at_a_system_call_that_needs_another_thread(kernel: Kernel, actor: str, at: At) -> None:
    """The thread is led into the call, not through it: the others run meanwhile."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "pipe"])
        process.breakpoints.add(at("at_read"))
        assert names(dbg) == ["BreakpointHit", "Exited"]
        assert process.exit_status == 42


def test_at_a_system_call_while_calls_are_reported(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger(syscalls=True) as dbg:
        process = dbg.spawn([actor, "pipe"])
        process.breakpoints.add(at("at_read"))
        found = [e for e in dbg if isinstance(e, events.BreakpointHit)
                 or (isinstance(e, events.SyscallEntered | events.SyscallExited)
                     and e.name == "read")]
    assert [type(e).__name__ for e in found] == [
        "BreakpointHit", "SyscallEntered", "SyscallExited"]
    assert process.exit_status == 42


def test_a_programs_own_breakpoint_instruction_is_its_signal(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "trap"])
        event = dbg.wait()
        assert isinstance(event, events.SignalReceived)
        assert event.signal == freebsd.Signal.SIGTRAP
        assert process.registers.pc == at("at_trap") + 1
        assert end(dbg) == 1


def test_detaching_takes_them_out(kernel: Kernel, started: Start, at: At) -> None:
    pid = started("forkers")
    with Debugger() as dbg:
        process = dbg.attach(pid)
        process.breakpoints.add(at("station"))
        assert any(isinstance(e, events.BreakpointHit) for e in dbg)
        process.detach()
        assert dbg.wait() is None
    kernel.settle(0.05)
    with Debugger() as dbg:
        process = dbg.attach(pid)
        assert freebsd.ptrace.read(pid, at("station"), 1) != b"\xcc"
        assert process.breakpoints == process.breakpoints
