"""The Debugger on the emulated NetBSD."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bsdproc import Debugger, events, netbsd
from bsdproc.debugger import Process
from bsdproc.debugger.state import State
from bsdproc.emulator import NetBSD
from bsdproc.netbsd import Signal, kinfo, procfs
from bsdproc.netbsd.constants import ProcFlags, ProcState, VmProtection

TESTS = Path(__file__).resolve().parents[1]
PROGRAMS = {
    **{name: TESTS / "emulator" / "netbsd" / "programs" / "bin" / name
       for name in ("actor", "spawner")},
    **{name: TESTS.parent / "examples" / "programs" / "bin" / "netbsd" / name
       for name in ("hello", "ticker", "faulty")},
}
At = Callable[[str, str], int]
pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("machine")]


@pytest.fixture
def machine() -> Iterator[NetBSD]:
    """The kernel, as the default one; nothing is left behind on it."""
    with NetBSD(stdout=io.BytesIO(), stderr=io.BytesIO()) as kernel:
        for name, path in PROGRAMS.items():
            kernel.install(f"/bin/{name}", path)
        yield kernel


@cache
def symbols(program: str) -> dict[str, int]:
    with PROGRAMS[program].open("rb") as file:
        return {symbol.name: int(symbol["st_value"])
                for section in ELFFile(file).iter_sections()
                if isinstance(section, SymbolTableSection)
                for symbol in section.iter_symbols()}


def at(program: str, name: str) -> int:
    """The address of a program's symbol."""
    return symbols(program)[name]


def act(debugger: Debugger, part: str) -> Process:
    """The program of many parts, at its first instruction."""
    return debugger.spawn(["/bin/actor", part])


def running(machine: NetBSD, part: str) -> int:
    """The same, not traced, as far as it gets by itself."""
    pid = machine.spawn("/bin/actor", ["/bin/actor", part], {})
    machine.settle(0.01)
    return pid


def left(machine: NetBSD) -> list[int]:
    """Children of the caller."""
    own = machine.getpid()
    return [one.pid for one in kinfo.processes() if one.ppid == own]


def names(debugger: Debugger) -> list[str]:
    return [type(event).__name__ for event in debugger]


# -- from beginning to end --------------------------------------------------------------------


@pytest.mark.parametrize(("part", "end"), [
    ("mmap", ("Exited", 7)),
    ("handler", ("Exited", 30)),
    ("kill", ("Killed", Signal.SIGUSR1)),
    ("wild", ("Killed", Signal.SIGSEGV)),
    ("divide", ("Killed", Signal.SIGFPE)),
    ("int3", ("Killed", Signal.SIGTRAP)),
    ("lwp", ("Exited", 1)),
    ("fork", ("Exited", 5)),
    ("vfork", ("Exited", 5)),
    ("exec", ("Exited", 30)),
])
def test_it_ends_as_it_would_by_itself(machine: NetBSD, part: str, end: tuple[str, int]) -> None:
    with Debugger() as debugger:
        process = act(debugger, part)
        last = list(debugger)[-1]
        assert isinstance(last, events.Exited | events.Killed)
        assert (type(last).__name__,
                last.status if isinstance(last, events.Exited) else last.signal) == end
        assert process.state is State.GONE
    assert left(machine) == []


def test_where_it_faulted() -> None:
    with Debugger() as debugger:
        process = debugger.spawn(["/bin/faulty"])
        event = debugger.wait()
        assert isinstance(event, events.SignalReceived)
        assert (event.signal, event.address) == (Signal.SIGSEGV, 0)
        assert at("faulty", "value_of") <= process.thread.registers.pc < at("faulty", "third")


def test_nothing_is_left_behind(machine: NetBSD) -> None:
    with Debugger() as debugger:
        act(debugger, "nap")
        act(debugger, "loop")
        asleep, awake = running(machine, "nap"), running(machine, "loop")
        debugger.attach(asleep)
        debugger.attach(awake)
    assert sorted(left(machine)) == sorted([asleep, awake])
    machine.settle(0.01)
    for pid in (asleep, awake):
        process = kinfo.process(pid)
        assert process.realstat is ProcState.SACTIVE
        assert ProcFlags.P_TRACED not in process.flag


@pytest.mark.parametrize("part", ["loop", "nap", "lwps"])
def test_it_is_killed_wherever_it_stands(machine: NetBSD, part: str) -> None:
    with Debugger() as debugger:
        first = act(debugger, part)
        first.kill()                                # at an execve's stop
        second = debugger.attach(running(machine, part))
        second.kill()                               # at a SIGSTOP's
        third = act(debugger, "kill")
        assert isinstance(debugger.wait(), events.SignalReceived)
        third.kill()                                # at a signal's
        assert {p.state for p in (first, second, third)} == {State.GONE}
    assert left(machine) == []


# -- signals ------------------------------------------------------------------------------------


def test_signals_are_seen_and_passed_on() -> None:
    with Debugger() as debugger:
        act(debugger, "siginfo")
        seen, ended = list(debugger)
        assert isinstance(seen, events.SignalReceived)
        assert seen.signal is Signal.SIGUSR1
        assert seen.sender == seen.process.pid
        assert isinstance(ended, events.Exited)
        assert ended.status == 1


def test_a_signal_is_kept_from_it() -> None:
    with Debugger() as debugger:
        process = act(debugger, "kill")
        assert isinstance(debugger.wait(), events.SignalReceived)
        process.set_pending_signal(0)
        ended = debugger.wait()
        assert isinstance(ended, events.Exited)
        assert ended.status == 0


def test_a_step_that_takes_a_signal() -> None:
    """By PT_SETSTEP, which is taken back: what follows runs freely."""
    with Debugger() as debugger:
        process = act(debugger, "handler")
        assert isinstance(debugger.wait(), events.SignalReceived)
        process.step()
        assert isinstance(debugger.wait(), events.Stepped)
        ended = debugger.wait()
        assert isinstance(ended, events.Exited)
        assert ended.status == 30


# -- attaching -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["loop", "nap", "lwps"])
def test_attaching(machine: NetBSD, part: str) -> None:
    pid = running(machine, part)
    with Debugger() as debugger:
        process = debugger.attach(pid)
        assert netbsd.ptrace.getregs(pid, process.thread.lwp).pc == process.thread.registers.pc
        assert len(process.threads) == (2 if part == "lwps" else 1)
        process.detach()
        assert process.state is State.DETACHED
    machine.settle(0.01)
    assert kinfo.process(pid).realstat is ProcState.SACTIVE
    machine.kill(pid, Signal.SIGKILL)
    assert netbsd.wait(pid) == netbsd.Signaled(pid, Signal.SIGKILL, False, 9)


def test_attaching_to_what_cannot_be_traced(machine: NetBSD) -> None:
    with Debugger() as debugger:
        with pytest.raises(ProcessLookupError):
            debugger.attach(29999)
        with pytest.raises(OSError, match="trace itself"):
            debugger.attach(machine.getpid())
        assert debugger.processes == {}


def test_a_signal_given_by_a_detach(machine: NetBSD) -> None:
    pid = running(machine, "loop")
    with Debugger() as debugger:
        debugger.attach(pid).detach(Signal.SIGTERM)
    assert netbsd.wait(pid) == netbsd.Signaled(pid, Signal.SIGTERM, False, 15)


def test_interrupting() -> None:
    with Debugger() as debugger:
        process = act(debugger, "loop")
        process.step()
        assert isinstance(debugger.wait(), events.Stepped)
        process.control.interrupting = True         # as another thread would have it
        assert isinstance(debugger.wait(), events.Interrupted)
        process.step()
        assert isinstance(debugger.wait(), events.Stepped)


# -- breakpoints, steps, memory, watchpoints ---------------------------------------------------


def test_breakpoints() -> None:
    with Debugger() as debugger:
        process = debugger.spawn(["/bin/ticker"])
        tick, ticks = at("ticker", "tick"), at("ticker", "ticks")
        process.breakpoints.add(tick)
        for count in range(5):
            event = debugger.wait()
            assert isinstance(event, events.BreakpointHit)
            assert event.breakpoint.address == process.thread.registers.pc == tick
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
        while process.memory.read(process.thread.registers.pc, 2) != b"\x0f\x05":
            process.step()
            debugger.wait()
        first = process.thread.registers.pc
        process.breakpoints.add(first)
        assert isinstance(debugger.wait(), events.BreakpointHit)
        assert process.thread.registers.pc == first
        process.step()
        assert isinstance(debugger.wait(), events.Stepped)
        # The trace flag comes back with the return: the next instruction is done as well.
        assert process.thread.registers.pc in (first + 2, first + 6)


def test_breakpoints_of_several_threads() -> None:
    with Debugger(threads=True) as debugger:
        process = act(debugger, "lwp")
        process.breakpoints.add(at("actor", "lwp_main"))
        told = names(debugger)
        assert told.count("BreakpointHit") == 1
        assert told[0] == "ThreadStarted"
        assert "ThreadExited" in told
        assert told[-1] == "Exited"


def test_steps() -> None:
    with Debugger() as debugger:
        process = act(debugger, "loop")
        seen = set()
        for _ in range(200):
            process.step()
            assert isinstance(debugger.wait(), events.Stepped)
            seen.add(process.thread.registers.pc)
        assert len(seen) > 20


def test_registers_and_memory() -> None:
    with Debugger() as debugger:
        process = act(debugger, "loop")
        registers = process.registers
        registers["rbx"] = 0x1122334455667788
        process.registers = registers
        assert process.registers["rbx"] == 0x1122334455667788
        where = at("actor", "word")
        assert process.memory.read(where, 8) == (0x1122334455667788).to_bytes(8, "little")
        process.memory[where : where + 8] = (77).to_bytes(8, "little")
        assert process.memory.read(where, 8) == (77).to_bytes(8, "little")
        with pytest.raises(OSError, match="EFAULT"):
            process.memory.read(0, 8)


def test_memory_ends_where_the_map_ends() -> None:
    with Debugger() as debugger:
        process = act(debugger, "loop")
        last = max(entry.end for entry in procfs.map(process.pid)
                   if entry.protection & VmProtection.KVME_PROT_READ)
        assert len(process.memory.read(last - 10, 100)) == 10


def test_watchpoints() -> None:
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
        act(debugger, "exec")
        assert names(debugger) == ["Execed", "SignalReceived", "Exited"]


@pytest.mark.parametrize("part", ["fork", "vfork"])
def test_children_are_reported(part: str) -> None:
    with Debugger() as debugger:
        act(debugger, part)
        told = list(debugger)
        forked = told[0]
        assert isinstance(forked, events.Forked)
        assert forked.child is None
        assert forked.vfork == (part == "vfork")
        assert ("VforkDone" in [type(event).__name__ for event in told]) == forked.vfork


@pytest.mark.parametrize("part", ["fork", "vfork"])
def test_children_are_followed(machine: NetBSD, part: str) -> None:
    with Debugger(follow_fork=True) as debugger:
        parent = act(debugger, part)
        told = list(debugger)
        forked, started = told[:2]
        assert isinstance(forked, events.Forked)
        assert isinstance(started, events.Started)
        assert forked.child is started.process
        assert started.process is not parent
        ends = {event.process.pid: event.status for event in told
                if isinstance(event, events.Exited)}
        assert ends == {parent.pid: 5, started.process.pid: 5}
    assert left(machine) == []


def test_a_followed_child_has_the_breakpoints() -> None:
    with Debugger(follow_fork=True) as debugger:
        process = debugger.spawn(["/bin/hello", "world"])
        told = names(debugger)
        assert told.count("Exited") == 2
        assert process.state is State.GONE


# -- posix_spawn ------------------------------------------------------------------------------
@pytest.mark.parametrize(("part", "seen", "status"), [
    ("files", ["Forked", "Started", "BreakpointHit", "Exited"], 3),
    ("missing", ["Forked"], 127),       # the child cannot do as asked, and exits
    ("absent", [], 2),
    ("nogroup", [], 3),                 # ESRCH: below its parent it is no more
])
def test_spawned_children_are_followed(machine: NetBSD, part: str, seen: list[str],
                                       status: int) -> None:
    """PTRACE_POSIX_SPAWN, which is asked for then: the child has none of the parent's
    breakpoints; one that fails is collected whether the parent waits for it or is told."""
    own: list[str] = []
    with Debugger(follow_fork=True) as debugger:
        process = debugger.spawn(["/bin/spawner", part])
        process.breakpoints.add(at("spawner", "main"))
        for event in debugger:
            if isinstance(event, events.SignalReceived):
                continue
            if event.process is process and not isinstance(event, events.Forked):
                last = event
                continue
            own.append(type(event).__name__)
            if isinstance(event, events.Started):
                assert list(event.process.breakpoints) == []
                event.process.breakpoints.add(at("spawner", "main"))
        assert isinstance(last, events.Exited)
        assert last.status == status
    assert own == seen
    assert left(machine) == []


def test_spawned_children_that_are_not_followed(machine: NetBSD) -> None:
    """They are nobody's to tell of: nothing but the system call."""
    with Debugger() as debugger:
        process = debugger.spawn(["/bin/spawner", "group"])
        process.breakpoints.add(at("spawner", "main"))
        assert names(debugger) == ["BreakpointHit", "SignalReceived", "Exited"]
        assert process.exit_status == 3


@pytest.mark.parametrize("how", ["kill", "detach", "close"])
def test_a_parent_and_its_spawned_child_go(machine: NetBSD, how: str) -> None:
    with Debugger(follow_fork=True) as debugger:
        process = debugger.spawn(["/bin/spawner", "files"])
        child = next(e.child for e in debugger if isinstance(e, events.Forked))
        assert child is not None
        if how != "close":
            for one in (process, child):
                getattr(one, how)()
            assert list(debugger) == []
    if how == "detach":
        assert netbsd.wait(process.pid).__class__.__name__ == "Exited"
    assert left(machine) == []


def test_threads() -> None:
    with Debugger(threads=True) as debugger:
        process = act(debugger, "lwp")
        started = debugger.wait()
        assert isinstance(started, events.ThreadStarted)
        assert len(process.threads) == 2
        assert started.thread.lwp in [thread.lwp for thread in process.threads]
        assert names(debugger)[-1] == "Exited"


def test_a_thread_without_a_name_has_the_program_s() -> None:
    with Debugger() as debugger:
        process = act(debugger, "exit")
        assert kinfo.process(process.pid).comm == "actor"
        assert [thread.name for thread in process.threads] == ["actor"]


def test_a_thread_is_held() -> None:
    with Debugger(threads=True) as debugger:
        process = act(debugger, "lwps")
        started = debugger.wait()
        assert isinstance(started, events.ThreadStarted)
        started.thread.suspend()
        turns = at("actor", "turns")
        process.control.interrupting = True
        assert isinstance(debugger.wait(), events.Interrupted)
        assert int.from_bytes(process.memory.read(turns, 8), "little") == 0


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


def test_system_calls(machine: NetBSD) -> None:
    with Debugger(syscalls=True) as debugger:
        process = act(debugger, "calls")
        told = calls(debugger)
        assert told == ["getppid!", f"getppid={machine.getpid()}", "close!", "close error 9",
                        "getpid!", f"getpid={process.pid}", "exit!", "exit 0"]


def test_a_call_that_a_signal_breaks_off() -> None:
    """The child's signal comes while the parent waits for it."""
    with Debugger(syscalls=True) as debugger:
        debugger.spawn(["/bin/hello"])
        told = calls(debugger)
        begun = told.index("__sigsuspend14!")
        assert told[begun + 1] == "__sigsuspend14 error 4"
        assert "SIGUSR1" in told
        assert told[-1] == "exit 0"


def test_a_step_over_a_call_that_is_reported() -> None:
    with Debugger(syscalls=True) as debugger:
        process = act(debugger, "calls")
        for event in debugger:
            if isinstance(event, events.SyscallExited):
                break
        process.step()
        assert isinstance(debugger.wait(), events.Stepped)


def test_calls_on_and_off() -> None:
    with Debugger() as debugger:
        process = act(debugger, "calls")
        process.trace_syscalls()
        assert isinstance(debugger.wait(), events.SyscallEntered)
        process.trace_syscalls(False)
        assert calls(debugger) == ["exit 0"]
