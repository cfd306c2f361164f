"""System calls that a tracer changes, leaves out or answers in the kernel's place."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.debugger import NotStopped, Process, calls
from bsdproc.kernel import Kernel, NotSupported

from .helpers import names

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "programs" / "bin"
SYSTEMS = ("freebsd", "netbsd", "dragonfly")
EIO, EAGAIN = 5, 35


class World:
    """An emulated kernel and what its programs write."""

    def __init__(self, kernel: Kernel, output: io.BytesIO) -> None:
        self.kernel, self.output = kernel, output


@pytest.fixture(params=[pytest.param(s, marks=pytest.mark.emulated) for s in SYSTEMS])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Each emulated system, with examples/programs/hello.c as /bin/hello."""
    from bsdproc import emulator

    output = io.BytesIO()
    made: dict[str, Callable[[], emulator.FreeBSD | emulator.NetBSD | emulator.DragonFly]] = {
        "freebsd": lambda: emulator.FreeBSD(stdout=output),
        "netbsd": lambda: emulator.NetBSD(stdout=output),
        "dragonfly": lambda: emulator.DragonFly(stdout=output)}
    where = PROGRAMS if request.param == "freebsd" else PROGRAMS / str(request.param)
    with made[str(request.param)]() as kernel:
        kernel.install("/bin/hello", where / "hello")
        yield World(kernel, output)


def fork_fails(event: events.Event) -> None:
    """What goes on in these tests' sessions: the program has no child, and is told so."""
    match event:
        case events.SyscallEntered(name="fork"):
            event.skip(error=EAGAIN)
        case events.SyscallEntered(name="sigsuspend" | "__sigsuspend14"):
            event.process.debugger.kernel.kill(event.process.pid, 30)


# -- told ---------------------------------------------------------------------------
def test_arguments_are_as_many_as_a_call_takes(world: World) -> None:
    seen: list[str] = []
    with Debugger(syscalls=True) as debugger:
        debugger.spawn(["/bin/hello"])
        for event in debugger:
            match event:
                case events.SyscallEntered(name="getpid" | "fork" as name, arguments=()):
                    seen.append(name)
                case events.SyscallEntered(name="write", arguments=(1, text, size)):
                    seen.append(event.process.memory[text : text + size][:7].decode())
                case events.SyscallEntered(name="wait4" | "__wait450", arguments=(_, _, 0, 0)):
                    seen.append("wait4")
    assert seen == ["getpid", "fork", "parent:", "wait4", "parent:"]


# -- left out ---------------------------------------------------------------------
def test_a_call_that_is_left_out(world: World) -> None:
    left_out = done = 0
    with Debugger(syscalls=True) as debugger:
        debugger.spawn(["/bin/hello"])
        for event in debugger:
            fork_fails(event)
            assert not isinstance(event, events.Forked)
            match event:
                case events.SyscallEntered(name="write"):
                    event.skip(error=EIO)
                    left_out += 1
                case events.SyscallExited(name="write"):
                    done += 1
                case events.Exited(status=status):
                    assert status == 0
    assert (left_out, done, world.output.getvalue()) == (2, 0, b"")


@pytest.mark.parametrize(("result", "error"), [(7, 0), (0, EIO), (-3, 0), ((1 << 63) + 1, 0)])
def test_what_the_program_sees_of_it(world: World, result: int, error: int) -> None:
    with Debugger(syscalls=True) as debugger:
        debugger.spawn(["/bin/hello"])
        entered = debugger.wait()
        assert isinstance(entered, events.SyscallEntered)
        assert entered.name == "getpid"
        entered.skip(result, error=error)
        entered.thread.step()
        assert isinstance(debugger.wait(), events.Stepped)
        registers = entered.thread.registers
        assert registers.return_value == (error or result & (1 << 64) - 1)
        assert bool(registers["rflags"] & 1) == bool(error)


def test_left_out_twice_the_last_answer_holds(world: World) -> None:
    with Debugger(syscalls=True) as debugger:
        process = debugger.spawn(["/bin/hello"])
        entered = debugger.wait()
        assert isinstance(entered, events.SyscallEntered)
        entered.skip(1)
        entered.skip(2)
        process.trace_syscalls(False)
        process.trace_syscalls()
        entered.thread.step()
        assert isinstance(debugger.wait(), events.Stepped)
        assert process.registers.return_value == 2


def test_its_exit_is_waited_for_though_calls_are_traced_no_more(
        kernel: Kernel, actor: str) -> None:
    with Debugger(syscalls=True) as debugger:
        process = debugger.spawn([actor])
        entered = debugger.wait()
        assert isinstance(entered, events.SyscallEntered)
        assert entered.name == "getpid"
        entered.skip(4711)
        process.trace_syscalls(False)
        process.thread.step()
        assert isinstance(debugger.wait(), events.Stepped)
        assert process.registers.return_value == 4711
        assert names(debugger) == ["Exited"]


def test_a_process_that_is_detached_from_makes_the_call(
        kernel: Kernel, started: Callable[..., int]) -> None:
    pid = started("nappers", "2")
    with Debugger(kernel=kernel) as debugger:
        process = debugger.attach(pid)
        process.trace_syscalls()
        for event in debugger:
            if isinstance(event, events.SyscallEntered) and event.name == "nanosleep":
                before = process.registers
                event.skip(99)
                assert process.registers.syscall_number != event.number
                calls.give_back(event.thread)
                assert process.registers == before
                event.skip(99)
                process.detach()
                break
    kernel.settle(0.01)
    assert freebsd.kinfo.process(pid, kernel=kernel).stat != freebsd.constants.ProcState.SSTOP


# -- changed ------------------------------------------------------------------------
def test_arguments_and_number(kernel: Kernel, actor: str) -> None:
    with Debugger(syscalls=True) as debugger:
        debugger.spawn([actor])
        for event in debugger:
            match event:
                case events.SyscallEntered(name="exit"):
                    event.replace(42)
                case events.SyscallEntered(name="getpid"):
                    event.replace(77, number=1)
                case events.Exited(status=status):
                    assert status == 77


def test_arguments_that_a_call_has_now(world: World) -> None:
    with Debugger(syscalls=True) as debugger:
        debugger.spawn(["/bin/hello"])
        for event in debugger:
            fork_fails(event)
            match event:
                case events.SyscallEntered(name="write", arguments=arguments):
                    if world.kernel.system == "netbsd":
                        with pytest.raises(NotSupported, match="before the stop"):
                            event.replace(*arguments[:2], 6)
                        return
                    event.replace(*arguments[:2], 6)
                case events.SyscallExited(name="write", result=result):
                    assert result == 6
    assert world.output.getvalue() == b"parentparent"


def test_more_arguments_than_registers(kernel: Kernel, actor: str) -> None:
    """sendfile(2) has seven: the last one is on the stack."""
    with Debugger(syscalls=True) as debugger:
        process = debugger.spawn([actor])
        event = debugger.wait()
        assert isinstance(event, events.SyscallEntered)
        event.replace(1, 2, 3, 4, 5, 6, -7, number=393)
        sp = process.registers.sp
        assert process.memory[sp + 8 : sp + 16] == (-7).to_bytes(8, "little", signed=True)
        assert process.registers.syscall_arguments == (1, 2, 3, 4, 5, 6)
        process.kill()


# -- answered ------------------------------------------------------------------------
def test_a_program_sees_the_result_that_its_call_was_given(world: World) -> None:
    with Debugger(syscalls=True) as debugger:
        debugger.spawn(["/bin/hello"])
        debugger.wait()
        event = debugger.wait()
        assert isinstance(event, events.SyscallExited)
        assert event.name == "getpid"
        if world.kernel.system == "netbsd":
            with pytest.raises(NotSupported, match="behind the stop"):
                event.replace(5)
            return
        for result, error in ((5, 0), (0, EIO), (-1, 0)):
            event.replace(result, error=error)
            registers = event.thread.registers
            assert registers.return_value == (error or result & (1 << 64) - 1)
            assert registers["rflags"] & 1 == (error != 0)


# -- by their names ----------------------------------------------------------------------
def test_errors_have_the_names_and_numbers_of_the_system(world: World) -> None:
    with Debugger(syscalls=True) as debugger:
        process = debugger.spawn(["/bin/hello"])
        entered = debugger.wait()
        assert isinstance(entered, events.SyscallEntered)
        entered.skip(error="ENOTSUP")
        entered.thread.step()
        assert isinstance(debugger.wait(), events.Stepped)
        assert process.registers.return_value == (86 if world.kernel.system == "netbsd" else 45)
        seen: set[str] = set()
        for event in debugger:
            match event:
                case events.SyscallEntered(name="fork"):
                    event.skip(error="EAGAIN")
                case events.SyscallEntered(name="sigsuspend" | "__sigsuspend14"):
                    world.kernel.kill(process.pid, 30)
                case events.SyscallExited(error_name=""):
                    assert event.error == 0
                case events.SyscallExited(error_name="EINTR" | "EJUSTRETURN" as name):
                    seen.add(name)
                case events.SignalReceived(name="SIGUSR1", signal=signal):
                    assert signal == 30
                    seen.add("SIGUSR1")
                case events.SyscallEntered(name="write"):
                    world.kernel.kill(process.pid, 9)
                case events.Killed(name=last):
                    seen.add(last)
        assert {"EINTR", "SIGUSR1", "SIGKILL"} <= seen
        assert ("EJUSTRETURN" in seen) == (world.kernel.system == "freebsd")


# -- misuse -----------------------------------------------------------------------------
def test_values_that_no_call_has(kernel: Kernel, actor: str) -> None:
    def at(wanted: type[events.Event]) -> events.Event:
        return next(event for event in debugger if isinstance(event, wanted))

    with Debugger(syscalls=True) as debugger:
        process: Process = debugger.spawn([actor])
        entered = at(events.SyscallEntered)
        assert isinstance(entered, events.SyscallEntered)
        before = process.registers
        for wrong in (-1, 5000):
            with pytest.raises(ValueError, match="no errno"):
                entered.skip(error=wrong)
        with pytest.raises(ValueError, match="freebsd has no errno 'ENODATA'"):
            entered.skip(error="ENODATA")
        with pytest.raises(ValueError, match="does not fit 64 bits"):
            entered.skip(1 << 64)
        with pytest.raises(ValueError, match="does not fit 64 bits"):
            entered.replace(-1 << 64)
        with pytest.raises(TypeError, match="not str"):
            entered.replace("1")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="not bool"):
            entered.skip(True)
        assert process.registers == before
        assert isinstance(debugger.wait(), events.SyscallExited)
        list(debugger)
        for late in (entered.skip, entered.replace):
            with pytest.raises((NotStopped, ProcessLookupError)):
                late()
