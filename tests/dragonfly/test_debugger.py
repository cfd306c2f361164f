"""The Debugger on the emulated DragonFly, as far as its ptrace(2) goes."""

from __future__ import annotations

import pytest

from bsdproc import Debugger, dragonfly, events
from bsdproc.debugger.state import State
from bsdproc.dragonfly import Signal, kinfo
from bsdproc.dragonfly.constants import ProcFlags, ProcState
from bsdproc.emulator import DragonFly
from bsdproc.kernel.errors import NotSupported

from .acting import At, act, running

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("machine")]


def all_of(debugger: Debugger) -> list[events.Event]:
    return list(debugger)


def left(machine: DragonFly) -> list[int]:
    """Processes but for the caller, init and the kernel's."""
    return [one.pid for one in kinfo.processes() if one.pid not in (-1, 0, 1, machine.getpid())]


# -- from beginning to end --------------------------------------------------------------------


@pytest.mark.parametrize(("words", "end"), [
    (("exit 3",), ("Exited", 3)),
    ((), ("Exited", 0)),
    (("kill 15",), ("Killed", Signal.SIGTERM)),
    (("fault 0",), ("Killed", Signal.SIGSEGV)),
    (("kill 9",), ("Killed", Signal.SIGKILL)),
    (("int3",), ("Killed", Signal.SIGTRAP)),
])
def test_it_ends_as_it_would_by_itself(machine: DragonFly, words: tuple[str, ...],
                                       end: tuple[str, int]) -> None:
    with Debugger() as debugger:
        process = act(debugger, *words)
        last = all_of(debugger)[-1]
        assert isinstance(last, events.Exited | events.Killed)
        assert (type(last).__name__,
                last.status if isinstance(last, events.Exited) else last.signal) == end
        assert process.state is State.GONE
    # An exit that is reported twice has been collected twice.
    assert left(machine) == []
    with pytest.raises(ChildProcessError):
        dragonfly.wait()


def test_where_it_faulted(at: At) -> None:
    with Debugger() as debugger:
        process = debugger.spawn(["/bin/faulty"])
        event = debugger.wait()
        assert isinstance(event, events.SignalReceived)
        assert (event.signal, event.address) == (Signal.SIGSEGV, 0)
        assert at("faulty", "value_of") <= process.thread.pc < at("faulty", "third")


def test_nothing_is_left_behind(machine: DragonFly) -> None:
    with Debugger() as debugger:
        act(debugger, "rest")
        act(debugger, "spin")
        asleep = running(machine, "rest")
        awake = running(machine, "spin")
        debugger.attach(asleep)
        debugger.attach(awake)
    assert sorted(left(machine)) == sorted([asleep, awake])
    machine.settle(0.01)
    for pid in (asleep, awake):
        process = kinfo.process(pid)
        assert process.stat is ProcState.SACTIVE
        assert ProcFlags.P_TRACED not in process.flags


@pytest.mark.parametrize("words", [("spin",), ("rest",), ("block 30", "spin")])
def test_it_is_killed_wherever_it_stands(machine: DragonFly, words: tuple[str, ...]) -> None:
    with Debugger() as debugger:
        first = act(debugger, *words)
        first.kill()                                # at an execve's stop
        second = debugger.attach(running(machine, *words))
        second.kill()                               # at a SIGSTOP's
        third = act(debugger, "kill 30", *words)
        assert isinstance(debugger.wait(), events.SignalReceived)
        third.kill()                                # at a signal's
        assert {p.state for p in (first, second, third)} == {State.GONE}
    assert left(machine) == []


# -- signals ------------------------------------------------------------------------------------


def test_signals_are_seen_and_passed_on() -> None:
    with Debugger() as debugger:
        act(debugger, "catch 30", "kill 30", "await 30 1", "exit 5")
        seen, ended = all_of(debugger)
        assert isinstance(seen, events.SignalReceived)
        assert seen.signal is Signal.SIGUSR1
        assert isinstance(ended, events.Exited)
        assert ended.status == 5


def test_a_signal_is_kept_from_it() -> None:
    with Debugger() as debugger:
        process = act(debugger, "kill 15", "exit 6")
        assert isinstance(debugger.wait(), events.SignalReceived)
        process.set_pending_signal(0)
        ended = debugger.wait()
        assert isinstance(ended, events.Exited)
        assert ended.status == 6


@pytest.mark.parametrize("words", [("catch 30", "then-exit 30 7", "rest"),
                                   ("catch 30", "then-exit 30 7", "spin")])
def test_a_signal_given_at_the_stop_of_an_attach(machine: DragonFly,
                                                 words: tuple[str, ...]) -> None:
    """ptrace(2) loses it there; the debugger does not, and tells of it no second time."""
    with Debugger() as debugger:
        process = debugger.attach(running(machine, *words))
        process.set_pending_signal(Signal.SIGUSR1)
        ended = debugger.wait()
        assert isinstance(ended, events.Exited)
        assert ended.status == 7


def test_a_signal_given_by_a_detach(machine: DragonFly) -> None:
    pid = running(machine, "catch 30", "then-exit 30 8", "spin")
    with Debugger() as debugger:
        debugger.attach(pid).detach(Signal.SIGUSR1)
    status = dragonfly.wait(pid)
    assert status == dragonfly.Exited(pid, 8, 0x800)


# -- attaching -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["spin", "rest"])
def test_attaching(machine: DragonFly, word: str) -> None:
    pid = running(machine, word)
    with Debugger() as debugger:
        process = debugger.attach(pid)
        assert ProcFlags.P_WAITED in kinfo.process(pid).flags
        assert process.thread.pc == dragonfly.ptrace.getregs(pid).pc
        process.memory.read(process.registers.sp, 8)
        process.interrupt()         # it stands: nothing
        process.detach()
        assert process.state is State.DETACHED
    machine.settle(0.01)
    assert kinfo.process(pid).stat is ProcState.SACTIVE
    machine.kill(pid, Signal.SIGKILL)
    assert dragonfly.wait(pid) == dragonfly.Signaled(pid, Signal.SIGKILL, False, 9)


def test_attaching_to_a_stopped_job(machine: DragonFly) -> None:
    """The kernel lets it run and reports nothing; afterwards it is a stopped job again."""
    pid = running(machine, "spin")
    machine.kill(pid, Signal.SIGSTOP)
    machine.settle(0.01)
    with Debugger() as debugger:
        debugger.attach(pid)
    machine.settle(0.02)
    process = kinfo.process(pid)
    assert (process.stat, process.exitstat) == (ProcState.SSTOP, Signal.SIGSTOP)
    assert ProcFlags.P_TRACED not in process.flags


def test_attaching_to_what_cannot_be_traced(machine: DragonFly) -> None:
    with Debugger() as debugger:
        with pytest.raises(OSError, match="system process"):
            debugger.attach(1)
        with pytest.raises(ProcessLookupError):
            debugger.attach(99999)
        with pytest.raises(OSError, match="trace itself"):
            debugger.attach(machine.getpid())
        assert debugger.processes == {}


def test_interrupting() -> None:
    with Debugger() as debugger:
        process = act(debugger, "spin")
        process.step()
        assert isinstance(debugger.wait(), events.Stepped)
        process.control.interrupting = True         # as another thread would have it
        event = debugger.wait()
        assert isinstance(event, events.Interrupted)
        before = process.thread.pc
        process.step()
        assert isinstance(debugger.wait(), events.Stepped)
        assert process.thread.pc != before


# -- breakpoints, steps, memory, watchpoints ---------------------------------------------------


def test_breakpoints(at: At) -> None:
    with Debugger() as debugger:
        process = debugger.spawn(["/bin/ticker"])
        tick, ticks = at("ticker", "tick"), at("ticker", "ticks")
        process.breakpoints.add(tick)
        for count in range(5):
            event = debugger.wait()
            assert isinstance(event, events.BreakpointHit)
            assert event.breakpoint.address == process.thread.pc == tick
            assert int.from_bytes(process.memory.read(ticks, 8), "little") == count
            # What is read has no breakpoint in it.
            assert process.memory.read(tick, 1) != b"\xcc"
        process.breakpoints.remove(tick)
        process.set_pending_signal(Signal.SIGTERM)
        ended = [event for event in debugger if isinstance(event, events.Exited)]
        assert [event.status for event in ended] == [0]


def test_a_breakpoint_at_a_system_call() -> None:
    with Debugger() as debugger:
        process = debugger.spawn(["/bin/ticker"])
        while process.memory.read(process.thread.pc, 2) != b"\x0f\x05":
            process.step()
            debugger.wait()
        first = process.thread.pc
        process.breakpoints.add(first)
        event = debugger.wait()
        assert isinstance(event, events.BreakpointHit)
        assert process.thread.pc == first
        process.step()
        event = debugger.wait()
        assert isinstance(event, events.Stepped)
        assert process.thread.pc == first + 2


def test_steps() -> None:
    with Debugger() as debugger:
        process = act(debugger, "spin")
        seen = set()
        for _ in range(200):
            process.step()
            event = debugger.wait()
            assert isinstance(event, events.Stepped)
            seen.add(process.thread.pc)
        assert len(seen) > 20


def test_registers_and_memory(at: At) -> None:
    with Debugger() as debugger:
        process = act(debugger, "spin")
        registers = process.registers
        registers["rbx"] = 0x1122334455667788
        process.registers = registers
        assert process.registers["rbx"] == 0x1122334455667788
        where = at("act", "counter")
        process.memory[where : where + 8] = (77).to_bytes(8, "little")
        assert process.memory.read(where, 8) == (77).to_bytes(8, "little")
        with pytest.raises(OSError, match="EFAULT"):
            process.memory.read(0, 8)


def test_watchpoints(at: At) -> None:
    with Debugger() as debugger:
        process = debugger.spawn(["/bin/ticker"])
        point = process.watchpoints.add(at("ticker", "ticks"), 8, "w")
        for _ in range(3):
            event = debugger.wait()
            assert isinstance(event, events.WatchpointHit)
            assert event.watchpoint == point
        process.watchpoints.remove(point)


# -- programs, children, threads ---------------------------------------------------------------


def test_another_program() -> None:
    with Debugger() as debugger:
        act(debugger, "exec /bin/act", "act", "exit 4")
        execed, ended = all_of(debugger)
        assert isinstance(execed, events.Execed)
        assert isinstance(ended, events.Exited)
        assert ended.status == 4


def test_children_run_untraced() -> None:
    with Debugger() as debugger:
        act(debugger, "fork", "exit 2", "end", "wait 512", "exit 9")
        ended = [event for event in debugger if isinstance(event, events.Exited)]
        assert [event.status for event in ended] == [9]


def test_what_the_system_does_not_report() -> None:
    with pytest.raises(NotSupported, match="does not report forks"):
        Debugger(follow_fork=True)
    with pytest.raises(NotSupported, match="does not report threads"):
        Debugger(threads=True)
    with Debugger() as debugger:
        process = act(debugger, "spin")
        assert [thread.lwp for thread in process.threads] == [1]
        assert process.thread.name == "act"
        with pytest.raises(NotSupported, match="PT_SUSPEND"):
            process.thread.suspend()


def test_a_process_with_threads(at: At) -> None:
    """Its first is the one that ptrace(2) shows; breakpoints are led over all the same."""
    with Debugger() as debugger:
        process = act(debugger, "catch 30", "lwp", "rest", "end", "kill-lwp 1 30", "sleep 5",
                      "exit 3")
        process.breakpoints.add(at("act", "handler"))
        event = debugger.wait()
        assert isinstance(event, events.SignalReceived)
        assert event.thread.lwp == 1
        event = debugger.wait()
        assert isinstance(event, events.BreakpointHit)
        assert [thread.lwp for thread in process.threads] == [1, 2]
        ended = all_of(debugger)[-1]
        assert isinstance(ended, events.Exited)
        assert ended.status == 3


def test_threads_beside_the_first() -> None:
    """They are listed and named, and what they stop for is told; no more can be had of them."""
    with Debugger() as debugger:
        process = act(debugger, "lwp", "sleep 1", "kill-lwp 2 30", "rest", "end", "rest")
        event = debugger.wait()
        assert isinstance(event, events.SignalReceived)
        assert (event.thread.lwp, event.signal) == (2, Signal.SIGUSR1)
        first, second = process.threads
        assert (second, second.name) == (event.thread, "act")
        assert first.pc
        for work in (lambda: second.registers, second.step, second.suspend,
                     lambda: setattr(second, "pc", 0)):
            with pytest.raises(NotSupported, match="DragonFly's ptrace"):
                work()
        first.step()
        process.set_pending_signal(0)
        process.kill()
        assert process.state is State.GONE


def test_a_trap_of_another_thread_is_a_signal() -> None:
    """The first one's registers say nothing of it."""
    with Debugger() as debugger:
        process = act(debugger, "lwp", "int3", "end", "rest")
        event = debugger.wait()
        assert isinstance(event, events.SignalReceived)
        assert (event.thread.lwp, event.signal) == (2, Signal.SIGTRAP)
        ended = debugger.wait()
        assert isinstance(ended, events.Killed)
        assert ended.signal is Signal.SIGTRAP
        assert process.state is State.GONE


def test_the_first_thread_may_go() -> None:
    with Debugger() as debugger:
        process = act(debugger, "lwp", "sleep 5", "kill-lwp 2 30", "rest", "end", "exit-lwp 0")
        event = debugger.wait()
        assert isinstance(event, events.SignalReceived)
        assert [thread.lwp for thread in process.threads] == [2]
        assert process.thread.pc == process.registers.pc


# -- system calls ------------------------------------------------------------------------------


def calls(debugger: Debugger) -> list[str]:
    """"open!" for an entry, "open=3" for an exit, signals and ends by their class."""
    told = []
    for event in debugger:
        match event:
            case events.SyscallEntered(name=name):
                told.append(f"{name}!")
            case events.SyscallExited(name=name, result=result, error=error):
                told.append(f"{name}={result}" if not error else f"{name} error {error}")
            case events.SignalReceived(signal=signal):
                told.append(Signal(signal).name)
            case events.Exited(status=status):
                told.append(f"exit {status}")
            case _:
                told.append(type(event).__name__)
    return told


def test_system_calls() -> None:
    with Debugger(syscalls=True) as debugger:
        process = act(debugger, "sleep 1", "exit 3")
        assert process.state is State.STOPPED
        assert calls(debugger) == ["nanosleep!", "nanosleep=0", "exit!", "exit 3"]


def test_system_calls_and_signals() -> None:
    with Debugger(syscalls=True) as debugger:
        act(debugger, "catch 30", "kill 30", "await 30 1", "exit 3")
        told = calls(debugger)
        assert "SIGUSR1" in told
        assert told.count("kill=0") == 1
        # Each call that began has ended, but for the last.
        names = [word.rstrip("!") for word in told if word.endswith("!")]
        assert len(names) == 1 + sum("=" in word or "error" in word for word in told)
        assert told[-1] == "exit 3"


def test_a_call_that_a_signal_breaks_off() -> None:
    """The child's signal comes while the parent waits for it."""
    with Debugger(syscalls=True) as debugger:
        debugger.spawn(["/bin/hello"])
        told = calls(debugger)
        at = told.index("sigsuspend!")
        assert told[at : at + 4] == ["sigsuspend!", "sigsuspend error 4", "SIGUSR1", "write!"]
        assert told[-1] == "exit 0"


def test_a_signal_before_a_call(machine: DragonFly) -> None:
    """The call that it stands before is not made."""
    with Debugger(syscalls=True) as debugger:
        process = act(debugger, "catch 15", "then-exit 15 4", "rest")
        for event in debugger:
            if isinstance(event, events.SyscallEntered) and event.name == "nanosleep":
                machine.kill(process.pid, Signal.SIGTERM)
                break
        assert calls(debugger) == ["SIGTERM", "exit 4"]


def test_the_way_back_from_a_handler(at: At) -> None:
    """Seen where the calls are wanted inside of the handler."""
    with Debugger() as debugger:
        process = act(debugger, "catch 30", "kill 30", "sleep 1", "exit 3")
        process.breakpoints.add(at("act", "handler"))
        assert isinstance(debugger.wait(), events.SignalReceived)
        assert isinstance(debugger.wait(), events.BreakpointHit)
        process.trace_syscalls()
        assert calls(debugger) == ["sigreturn!", "sigreturn=0", "nanosleep!", "nanosleep=0",
                                   "exit!", "exit 3"]


def test_arguments_and_results() -> None:
    with Debugger(syscalls=True) as debugger:
        process = debugger.spawn(["/bin/hello"])
        written = b""
        for event in debugger:
            if isinstance(event, events.SyscallEntered) and event.name == "write":
                _, address, size = event.arguments[:3]
                written += process.memory.read(address, size)
            elif isinstance(event, events.SyscallExited) and event.name == "getpid":
                assert event.result == process.pid
        assert b"the child exited with 3\n" in written


def test_an_execve_among_system_calls() -> None:
    with Debugger(syscalls=True) as debugger:
        act(debugger, "exec /bin/act", "act", "exit 4")
        told = calls(debugger)
        at = told.index("execve!")
        assert told[at : at + 3] == ["execve!", "execve=0", "Execed"]
        assert told[-1] == "exit 4"


def test_calls_are_wanted_and_not() -> None:
    with Debugger() as debugger:
        process = act(debugger, "sleep 1", "sleep 1", "exit 3")
        process.trace_syscalls()
        assert isinstance(debugger.wait(), events.SyscallEntered)
        process.trace_syscalls(False)
        assert [type(event) for event in debugger] == [events.Exited]


def test_it_goes_on_by_itself_from_any_stop(machine: DragonFly) -> None:
    """A signal may come in the middle of a step: the trace flag that it finds must not be
    there any more when nobody traces the process."""
    words = ("catch 30", "kill 30", "await 30 1", "exit 3")
    stops = kinds = 0
    while True:
        with Debugger(syscalls=True) as debugger:
            process = act(debugger, *words)
            for _ in range(stops + 1):
                event = debugger.wait()
            if isinstance(event, events.Exited):
                break
            kinds += isinstance(event, events.SignalReceived)
            process.detach()
            end = dragonfly.wait(process.pid)
            assert isinstance(end, dragonfly.Exited)
            assert end.status == 3
        stops += 1
    assert (stops > 5, kinds) == (True, 1)


def test_steps_among_system_calls() -> None:
    with Debugger(syscalls=True) as debugger:
        process = act(debugger, "sleep 1", "exit 3")
        event = debugger.wait()
        assert isinstance(event, events.SyscallEntered)
        before = process.thread.pc
        process.step()
        assert isinstance(debugger.wait(), events.SyscallExited)
        assert isinstance(debugger.wait(), events.Stepped)
        assert process.thread.pc == before + 2


def test_two_at_once() -> None:
    with Debugger(syscalls=True) as debugger:
        first, second = act(debugger, "sleep 2", "exit 1"), act(debugger, "sleep 1", "exit 2")
        ended = {event.process.pid: event.status for event in debugger
                 if isinstance(event, events.Exited)}
        assert ended == {first.pid: 1, second.pid: 2}
