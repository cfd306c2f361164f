"""Waiting for so long and no longer, and a debugger that is closed while another thread waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.kernel import Kernel

from .helpers import end, word


def test_processes_run_on_while_nothing_comes_in_time(kernel: Kernel, actor: str,
                                                      at: Callable[[str], int]) -> None:
    with Debugger() as debugger:
        process = debugger.spawn([actor, "spin"])
        counts = []
        for _ in range(3):
            with pytest.raises(TimeoutError, match="no process has reported"):
                debugger.wait(0.01)
            process.interrupt()
            assert isinstance(debugger.wait(), events.Interrupted)
            counts.append(word(process, at("counter")))
        assert 0 < counts[0] < counts[1] < counts[2]


def test_what_happens_in_time(kernel: Kernel, actor: str) -> None:
    with Debugger(syscalls=True) as debugger:
        debugger.spawn([actor, "count"])
        told = []
        while (event := debugger.wait(timeout=5)) is not None:
            told.append(type(event).__name__)
        assert told[-2:] == ["SyscallEntered", "Exited"]
        assert debugger.wait(0) is None


def test_a_look_without_waiting(kernel: Kernel, actor: str) -> None:
    with Debugger() as debugger:
        process = debugger.spawn([actor, "spin"])
        for _ in range(2):
            with pytest.raises(TimeoutError):
                debugger.wait(0)
        kernel.kill(process.pid, freebsd.Signal.SIGUSR1)
        assert isinstance(debugger.wait(5), events.SignalReceived)


def test_one_of_several(kernel: Kernel, actor: str) -> None:
    with Debugger() as debugger:
        debugger.spawn([actor, "spin"])
        other = debugger.spawn([actor, "count"])
        event = debugger.wait(5)
        assert isinstance(event, events.Exited)
        assert event.process is other
        with pytest.raises(TimeoutError):
            debugger.wait(0.001)


@pytest.mark.parametrize("wrong", [-1, float("nan")])
def test_a_timeout_that_is_no_time_is_refused(kernel: Kernel, wrong: float) -> None:
    with Debugger() as debugger, pytest.raises(ValueError, match="a timeout of"):
        debugger.wait(wrong)


def test_a_timeout_that_is_no_number_is_refused(kernel: Kernel) -> None:
    with Debugger() as debugger:
        for wrong in ("1", True):
            with pytest.raises(TypeError, match="a number of seconds"):
                debugger.wait(wrong)  # type: ignore[arg-type]


def test_a_process_that_somebody_else_collects(kernel: Kernel, actor: str) -> None:
    with Debugger() as debugger:
        process = debugger.spawn([actor, "spin"])
        with pytest.raises(TimeoutError):
            debugger.wait(0.001)
        kernel.kill(process.pid, freebsd.Signal.SIGSTOP)
        freebsd.wait(process.pid)
        freebsd.ptrace.kill(process.pid)
        assert isinstance(freebsd.wait(process.pid), freebsd.Signaled)
        assert debugger.wait(1) is None


@pytest.mark.parametrize("count", [1, 3])
def test_closed_while_another_thread_waits(kernel: Kernel, actor: str, count: int) -> None:
    debugger = Debugger()
    for _ in range(count):
        debugger.spawn([actor, "spin"])
    ended: list[str] = []

    def listen() -> None:
        try:
            for event in debugger:
                ended.append(type(event).__name__)
        except RuntimeError as error:
            ended.append(str(error))

    listener = threading.Thread(target=listen)
    listener.start()
    while not debugger._waiting:
        pass
    debugger.close()
    listener.join(10)
    assert not listener.is_alive()
    assert ended[-1:] == ["this debugger has been closed"]
    assert not debugger.processes


def test_an_attached_one_runs_on(kernel: Kernel, started: Callable[..., int]) -> None:
    pid = started("spin")
    debugger = Debugger()
    debugger.attach(pid)
    failures: list[BaseException] = []

    def listen() -> None:
        try:
            debugger.wait()
        except BaseException as error:
            failures.append(error)

    listener = threading.Thread(target=listen)
    listener.start()
    while not debugger._waiting:
        pass
    debugger.close()
    listener.join(10)
    assert failures == []
    kernel.settle(0.01)
    state = freebsd.kinfo.process(pid, kernel=kernel)
    assert (state.tracer, state.stat) == (0, freebsd.constants.ProcState.SRUN)


def test_the_end_after_a_timeout(kernel: Kernel, actor: str, at: Callable[[str], int]) -> None:
    with Debugger() as debugger:
        process = debugger.spawn([actor, "spin"])
        with pytest.raises(TimeoutError):
            debugger.wait(0.002)
        process.interrupt()
        assert isinstance(debugger.wait(1), events.Interrupted)
        process.memory[at("quit") : at("quit") + 8] = (9).to_bytes(8, "little")
        assert end(debugger) == 9
