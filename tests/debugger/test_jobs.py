"""Job control and the debugger: a stopped job stays one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.freebsd.constants import ProcFlags, Signal
from bsdproc.kernel import Kernel

from .helpers import word

At = Callable[[str], int]
Start = Callable[..., int]
TURNS = 400


def is_stopped(pid: int) -> bool:
    return ProcFlags.P_STOPPED_SIG in freebsd.kinfo.process(pid).flag


def until(kernel: Kernel, true: Callable[[], bool]) -> None:
    for _ in range(TURNS):
        if true():
            return
        kernel.settle(0.01)
    pytest.fail("it does not come about")


@pytest.fixture
def job(kernel: Kernel, started: Start) -> int:
    """A process that job control has stopped."""
    pid = started("nap")
    kernel.kill(pid, Signal.SIGSTOP)
    until(kernel, lambda: is_stopped(pid))
    return pid


def counts(kernel: Kernel, pid: int, at: At) -> bool:
    """Whether it runs."""
    seen = []
    for _ in range(2):
        with Debugger() as dbg:
            seen.append(word(dbg.attach(pid), at("counter")))
        kernel.settle(0.1)
    return seen[1] > seen[0]


def test_it_is_stopped_again_behind_the_block(kernel: Kernel, job: int, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.attach(job)
        before = word(process, at("counter"))
    until(kernel, lambda: is_stopped(job))
    kernel.settle(0.05)
    assert freebsd.kinfo.process(job).tracer == 0
    assert not counts(kernel, job, at)
    until(kernel, lambda: is_stopped(job))
    kernel.kill(job, Signal.SIGCONT)
    until(kernel, lambda: not is_stopped(job))
    assert counts(kernel, job, at)
    with Debugger() as dbg:
        assert word(dbg.attach(job), at("counter")) > before


def test_it_runs_while_it_is_traced(kernel: Kernel, job: int, at: At) -> None:
    with Debugger() as dbg:
        process = dbg.attach(job)
        process.breakpoints.add(at("_start"))
        process.trace_syscalls()
        seen = [dbg.wait() for _ in range(4)]
        assert any(isinstance(e, events.SyscallEntered) for e in seen)
        process.detach()
        until(kernel, lambda: is_stopped(job))


def test_its_parent_hears_of_it(kernel: Kernel, job: int) -> None:
    """Each stop is a stop of the job, for a shell say."""
    wanted = freebsd.Stopped(job, Signal.SIGSTOP, 0x117F)
    assert freebsd.wait(job, freebsd.WaitOptions.WUNTRACED) == wanted
    with Debugger() as dbg:
        dbg.attach(job)
    assert freebsd.wait(job, freebsd.WaitOptions.WUNTRACED) == wanted


def test_continued_while_it_is_traced(kernel: Kernel, job: int, at: At) -> None:
    with Debugger() as dbg:
        dbg.attach(job)
        kernel.kill(job, Signal.SIGCONT)
        event = dbg.wait()
        assert isinstance(event, events.SignalReceived)
        assert event.signal == Signal.SIGCONT
        event.process.trace_syscalls()
        assert dbg.wait() is not None
    assert counts(kernel, job, at)


def test_continued_and_not_reported_yet(kernel: Kernel, job: int, at: At) -> None:
    with Debugger() as dbg:
        dbg.attach(job)
        kernel.kill(job, Signal.SIGCONT)
    assert counts(kernel, job, at)


def test_the_user_can_have_it_run(kernel: Kernel, job: int, at: At) -> None:
    with Debugger() as dbg:
        dbg.attach(job).detach(0)
    assert counts(kernel, job, at)


def test_with_another_signal_to_deliver(kernel: Kernel, job: int, at: At) -> None:
    for signal in (Signal.SIGURG, 0):       # ignored by default; none at all
        with Debugger() as dbg:
            process = dbg.attach(job)
            kernel.kill(job, Signal.SIGUSR1)
            event = dbg.wait()
            assert isinstance(event, events.SignalReceived)
            assert event.signal == Signal.SIGUSR1
            process.set_pending_signal(signal)
        until(kernel, lambda: is_stopped(job))


def test_one_that_runs_is_not_stopped(kernel: Kernel, started: Start, at: At) -> None:
    pid = started("nap")
    for _ in range(3):
        with Debugger() as dbg:
            dbg.attach(pid)
        assert not is_stopped(pid)
    assert counts(kernel, pid, at)
