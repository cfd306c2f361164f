"""Processes in, and what becomes of them: spawn, attach, detach, kill, close."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.debugger import NotStopped, State
from bsdproc.freebsd.constants import SiCode, Signal
from bsdproc.kernel import Kernel, KernelError, Vanished

from .helpers import end, names, word

Start = Callable[..., int]
At = Callable[[str], int]


def test_a_spawned_program_stands_at_its_first_instruction(
        kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "2"])
        assert process.state is State.STOPPED
        assert process.registers.pc == at("_start")
        assert word(process, at("passed")) == 0
        assert end(dbg) == 2
        assert process.exit_status == 2
        assert dbg.wait() is None
    assert repr(process) == f"<process {process.pid}, gone>"


def test_a_program_that_cannot_be_executed_leaves_nothing(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        with pytest.raises(FileNotFoundError):
            dbg.spawn(["/no/such/program"])
        with pytest.raises(TypeError):
            dbg.spawn(actor)
        with pytest.raises(ValueError):
            dbg.spawn([])
        assert dbg.processes == {}


def test_leaving_the_block_ends_what_was_spawned(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        stopped = dbg.spawn([actor, "spin"])
        other = dbg.spawn([actor, "spin"])
        other.hold = True
        stopped.breakpoints.add(stopped.registers.pc)
        assert isinstance(dbg.wait(), events.BreakpointHit)
    assert (stopped.state, other.state) == (State.GONE, State.GONE)
    with pytest.raises(RuntimeError, match="closed"):
        dbg.wait()
    dbg.close()


def test_leaving_the_block_lets_go_what_was_attached_to(
        kernel: Kernel, started: Start, at: At) -> None:
    pid = started("nap")
    with Debugger() as dbg:
        process = dbg.attach(pid)
        process.breakpoints.add(at("station"))
        before = word(process, at("counter"))
    assert process.state is State.DETACHED
    kernel.settle(0.05)
    with Debugger() as dbg:
        assert word(dbg.attach(pid), at("counter")) > before


def test_an_attached_process_can_be_killed(kernel: Kernel, actor: str) -> None:
    pid = kernel.spawn(actor, ["actor", "nap"])
    kernel.settle(0.02)
    with Debugger() as dbg:
        process = dbg.attach(pid)
        process.kill()
        assert process.state is State.GONE
        process.kill()
    with pytest.raises(ChildProcessError):
        freebsd.wait(pid)


def test_an_exit_status_and_a_fatal_signal_are_told_apart(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "signal", str(int(freebsd.Signal.SIGTERM))])
        first, last = list(dbg)
        assert isinstance(first, events.SignalReceived)
        assert (first.signal, first.sender) == (freebsd.Signal.SIGTERM, process.pid)
        assert isinstance(last, events.Killed)
        assert (last.signal, last.core, process.exit_status) == (
            freebsd.Signal.SIGTERM, False, None)


def test_several_processes_at_once(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        processes = [dbg.spawn([actor, "count", str(n)]) for n in (3, 4, 5)]
        assert set(dbg.processes) == {p.pid for p in processes}
        ended = {e.process.pid: e.status for e in dbg if isinstance(e, events.Exited)}
    assert [ended[p.pid] for p in processes] == [3, 4, 5]


def test_other_children_of_the_caller_are_left_alone(kernel: Kernel, actor: str) -> None:
    mine = kernel.spawn(actor, ["actor", "count", "7"])
    with Debugger() as dbg:
        for n in (1, 2):
            dbg.spawn([actor, "count", str(n)])
        assert names(dbg) == ["Exited", "Exited"]
    assert freebsd.wait(mine) == freebsd.Exited(mine, 7, 7 << 8)


def test_a_held_process_stays_where_it_is(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        held = dbg.spawn([actor, "count", "1"])
        held.hold = True
        dbg.spawn([actor, "count", "2"])
        assert isinstance(dbg.wait(), events.Exited)
        assert held.registers.pc == at("_start")
        with pytest.raises(RuntimeError, match="held"):
            dbg.wait()
        held.hold = False
        assert end(dbg) == 1


def test_a_gone_process_raises_and_nobody_else_is_asked(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        thread = process.thread
        assert end(dbg) == 1
        for question in (lambda: process.registers, lambda: process.threads,
                         lambda: thread.pc, lambda: process.memory[0],
                         lambda: process.detach(), lambda: process.interrupt(),
                         lambda: process.breakpoints.add(0x201000)):
            with pytest.raises(Vanished) as caught:
                question()
            assert caught.value.target == process.pid


def test_a_running_process_cannot_be_asked(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        first, second = dbg.spawn([actor, "spin"]), dbg.spawn([actor, "count", "1"])
        assert isinstance(dbg.wait(), events.Exited)
        assert (first.state, second.state) == (State.RUNNING, State.GONE)
        with pytest.raises(NotStopped):
            _ = first.registers


def test_interrupt_stops_a_running_process(kernel: Kernel, actor: str, at: At) -> None:
    with Debugger() as dbg:
        first = dbg.spawn([actor, "spin"])
        dbg.spawn([actor, "count", "1"])
        assert isinstance(dbg.wait(), events.Exited)
        first.interrupt()
        first.interrupt()
        event = dbg.wait()
        assert isinstance(event, events.Interrupted)
        assert word(first, at("counter")) > 0
        first.interrupt()       # it stands: nothing is to be done
        first.memory[at("quit")] = 5
        assert end(dbg) == 5


def test_interrupt_and_then_detach_leaves_it_running(
        kernel: Kernel, started: Start, at: At) -> None:
    pid = started("nap")
    with Debugger() as dbg:
        process = dbg.attach(pid)
        process.trace_syscalls()
        assert isinstance(dbg.wait(), events.SyscallExited | events.SyscallEntered)
        kernel.kill(pid, freebsd.Signal.SIGSTOP)
        process.control.stops_due = 1       # as if interrupt() had come just before an event
        process.detach()
    kernel.settle(0.05)
    assert freebsd.kinfo.process(pid).stat != freebsd.constants.ProcState.SSTOP


def test_killed_from_outside_while_it_stands(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "spin"])
        kernel.kill(process.pid, freebsd.Signal.SIGKILL)
        found = list(dbg)
    # The kernel reports SIGKILL to the debugger first, which could keep it from the process.
    assert [type(e).__name__ for e in found] == ["SignalReceived", "Killed"]


def test_killed_from_outside_while_it_runs(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        spinning, second = dbg.spawn([actor, "spin"]), dbg.spawn([actor, "count", "1"])
        assert isinstance(dbg.wait(), events.Exited)
        kernel.kill(spinning.pid, freebsd.Signal.SIGKILL)
        assert names(dbg) == ["SignalReceived", "Killed"]
        assert second.state is spinning.state is State.GONE


def test_collected_by_somebody_else(kernel: Kernel, actor: str) -> None:
    """A stray wait(2) takes the news of an exit: the session ends without it."""
    with Debugger() as dbg:
        process = dbg.spawn([actor, "count", "1"])
        freebsd.ptrace.cont(process.pid)
        assert freebsd.wait(process.pid) == freebsd.Exited(process.pid, 1, 1 << 8)
        assert dbg.wait() is None
        assert process.state is State.GONE


def test_ctrl_c_while_it_waits(kernel: Kernel, actor: str, at: At) -> None:
    """The wait is broken off; the session can go on or be left."""
    def ctrl_c(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ctrl_c)
    try:
        with Debugger() as dbg:
            process = dbg.spawn([actor, "spin"])
            for _ in range(2):
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(KeyboardInterrupt):
                    dbg.wait()
            process.interrupt()
            assert isinstance(dbg.wait(), events.Interrupted)
            assert word(process, at("counter")) > 0
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("pid", [0, -1, -2**40])
def test_attach_takes_process_ids_alone(kernel: Kernel, pid: int) -> None:
    with Debugger() as dbg:
        with pytest.raises(ValueError):
            dbg.attach(pid)
        with pytest.raises(TypeError):
            dbg.attach("1")  # type: ignore[arg-type]


def test_attach_refused_says_why(kernel: Kernel, actor: str) -> None:
    with Debugger() as first, Debugger() as second:
        process = first.spawn([actor, "spin"])
        with pytest.raises(KernelError) as busy:
            second.attach(process.pid)
        assert busy.value.name == "EBUSY"
        assert "traced already" in (busy.value.reason or "")
        with pytest.raises(ValueError, match="already"):
            first.attach(process.pid)
        with pytest.raises(KernelError) as itself:
            second.attach(kernel.getpid())
        assert itself.value.name == "EINVAL"
        with pytest.raises(KernelError) as nobody:
            second.attach(99998)
        assert isinstance(nobody.value, ProcessLookupError)
        assert nobody.value.reason
        assert second.processes == {}


@pytest.mark.privileged
def test_attach_to_another_users_process_is_refused(kernel: Kernel, actor: str) -> None:
    pid = kernel.spawn(actor, ["actor", "nap"])

    def as_nobody(view: Kernel) -> tuple[str, str | None]:
        with Debugger(kernel=view) as dbg, pytest.raises(KernelError) as refused:
            dbg.attach(pid)
        assert isinstance(refused.value, PermissionError)
        return refused.value.name, refused.value.reason

    name, reason = kernel.run_child(as_nobody, uid=1001)
    assert name == "EPERM"
    assert "user 0" in (reason or "")
    kernel.kill(pid, freebsd.Signal.SIGKILL)
    freebsd.wait(pid)


def test_a_session_in_a_helper_thread(kernel: Kernel, actor: str) -> None:
    found: list[str] = []

    def session() -> None:
        with Debugger(kernel=kernel) as dbg:
            dbg.spawn([actor, "count", "1"])
            found.extend(names(dbg))

    helper = threading.Thread(target=session)
    helper.start()
    helper.join()
    assert found == ["Exited"]


def test_an_exception_in_the_block_ends_the_session(kernel: Kernel, actor: str) -> None:
    with suppress(LookupError), Debugger() as dbg:
        process = dbg.spawn([actor, "spin"])
        raise LookupError("the user's own")
    assert process.state is State.GONE


def test_pending_signals_are_numbers_of_signals(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "spin"])
        for wrong in (-1, 129):
            with pytest.raises(ValueError):
                process.set_pending_signal(wrong)
        process.detach(freebsd.Signal.SIGKILL)
    freebsd.wait(process.pid)


def test_a_signal_says_what_sent_it(kernel: Kernel, actor: str) -> None:
    with Debugger() as dbg:
        process = dbg.spawn([actor, "spin"])
        kernel.kill(process.pid, Signal.SIGUSR1)
        event = dbg.wait()
        assert isinstance(event, events.SignalReceived)
        assert (event.code, event.sender) == (SiCode.SI_USER, kernel.getpid())
        assert isinstance(event.code, SiCode)
        event.discard()


def test_one_that_is_dropped_with_processes_in_hand_is_told_of(
        kernel: Kernel, actor: str) -> None:
    def forgetful() -> int:
        pid = Debugger().spawn([actor, "spin"]).pid
        gc.collect()
        return pid

    with pytest.warns(ResourceWarning, match="dropped with processes in hand") as told:
        pid = forgetful()
    assert str(pid) in str(told[0].message)
    freebsd.ptrace.kill(pid)
    freebsd.wait(pid)


def test_one_that_is_closed_goes_quietly(kernel: Kernel, actor: str) -> None:
    debugger = Debugger()
    debugger.spawn([actor, "spin"])
    debugger.close()
    del debugger
    gc.collect()


def test_where_a_program_begins(kernel: Kernel, actor: str, at: At) -> None:
    """A static one has the first instruction itself."""
    with Debugger() as debugger:
        process = debugger.spawn([actor, "exit", "0"])
        assert process.entry == process.registers.pc == at("_start")
        assert process.auxv[6] == 4096
        assert 0 not in process.auxv
        for event in debugger:
            if not isinstance(event, events.Exited):
                assert process.entry == at("_start")
        with pytest.raises(Vanished):
            _ = process.auxv
