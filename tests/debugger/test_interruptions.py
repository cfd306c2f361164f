"""Ctrl-C at every call that a session makes of the kernel: before it, or when it
has been made and its answer is lost.

The session is run again and again, interrupted one call later each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from bsdproc import Debugger, events, freebsd
from bsdproc.kernel import Kernel

from .helpers import mine, word

At = Callable[[str], int]
Start = Callable[..., int]

MOVES = ("ptrace", "wait4", "wait6", "kill", "spawn", "sysctl", "settle")


class Interrupting:
    """A kernel whose n-th call is broken off by Ctrl-C."""

    def __init__(self, kernel: Kernel, call: int, *, before: bool) -> None:
        self._kernel = kernel
        self._left = call
        self._before = before
        self.happened = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._kernel, name)
        if name not in MOVES:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            now = self._left == 0
            if now:
                self.happened = True
                if self._before:
                    raise KeyboardInterrupt
            answer = found(*arguments, **named)
            if now:
                raise KeyboardInterrupt
            return answer

        return call


def interrupted(kernel: Kernel, session: Callable[[Kernel], None]) -> Iterator[None]:
    """Run a session once for each of its calls and each way to lose it."""
    for before in (True, False):
        call = 0
        happened = True
        while happened:
            call += 1
            broken = Interrupting(kernel, call, before=before)
            try:
                session(cast(Kernel, broken))
            except KeyboardInterrupt:
                assert broken.happened
            happened = broken.happened
            yield


@pytest.mark.slow
def test_leaving_by_ctrl_c_ends_what_was_spawned(kernel: Kernel, actor: str, at: At) -> None:
    def session(broken: Kernel) -> None:
        with Debugger(follow_fork=True, threads=True, kernel=broken) as dbg:
            process = dbg.spawn([actor, "forkers"])
            process.breakpoints.add(at("station"))
            for n, event in enumerate(dbg):
                if n == 6:
                    return
                if isinstance(event, events.BreakpointHit):
                    event.thread.step()

    for _ in interrupted(kernel, session):
        assert mine(kernel) == []


@pytest.mark.slow
def test_leaving_by_ctrl_c_ends_a_vfork(kernel: Kernel, actor: str, at: At) -> None:
    for follow in (True, False):
        def session(broken: Kernel, follow: bool = follow) -> None:
            with Debugger(follow_fork=follow, kernel=broken) as dbg:
                dbg.spawn([actor, "vfork"]).breakpoints.add(at("station"))
                for event in dbg:
                    if isinstance(event, events.BreakpointHit):
                        return

        for _ in interrupted(kernel, session):
            # One that is not followed is nobody's business, and ends by itself.
            kernel.settle(0.02)
            assert mine(kernel) == []


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("nappers",), ("nap",), ("forkers",)])
def test_leaving_by_ctrl_c_lets_go_what_was_attached_to(
        kernel: Kernel, started: Start, at: At, arguments: tuple[str, ...]) -> None:
    pid = started(*arguments)

    def session(broken: Kernel) -> None:
        with Debugger(kernel=broken) as dbg:
            process = dbg.attach(pid)
            process.breakpoints.add(at("station"))
            process.trace_syscalls()
            for n, event in enumerate(dbg):
                if n == 2:
                    process.trace_syscalls(False)
                    return
                if isinstance(event, events.BreakpointHit):
                    event.thread.step()

    for _ in interrupted(kernel, session):
        process = freebsd.kinfo.process(pid)
        assert process.tracer == 0
        assert process.stat != freebsd.constants.ProcState.SSTOP
        kernel.settle(0.01)
        with Debugger() as dbg:     # it lives, with its own code
            dbg.attach(pid)
            assert freebsd.ptrace.read(pid, at("station"), 1) != b"\xcc"


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "hits", "status"), [
    ("count", 3, 3), ("threads", 6, 6), ("handler", 3, 3), ("interrupted", 3, 3)])
def test_going_on_after_ctrl_c_misses_nothing(
        kernel: Kernel, actor: str, at: At, mode: str, hits: int, status: int) -> None:
    """A user who catches it and waits on finds the session as it would have been."""
    found: list[events.Event] = []

    def session(broken: Kernel) -> None:
        found.clear()
        with Debugger(kernel=kernel) as dbg:
            process = dbg.spawn([actor, mode, "3"])
            process.breakpoints.add(at("station"))
            dbg.kernel = dbg.backend.kernel = broken
            while True:
                try:
                    event = dbg.wait()
                except KeyboardInterrupt:
                    continue
                if event is None:
                    return
                found.append(event)
                if isinstance(event, events.SignalReceived):
                    assert event.signal == freebsd.Signal.SIGUSR1

    for _ in interrupted(kernel, session):
        assert sum(isinstance(e, events.BreakpointHit) for e in found) == hits
        last = found[-1]
        assert isinstance(last, events.Exited)
        assert last.status == status


@pytest.mark.slow
def test_a_step_that_ctrl_c_broke_off_is_made(kernel: Kernel, actor: str, at: At) -> None:
    places: list[int] = []

    def session(broken: Kernel) -> None:
        places.clear()
        with Debugger(kernel=kernel) as dbg:
            process = dbg.spawn([actor, "count", "1"])
            process.breakpoints.add(at("station"))
            assert isinstance(dbg.wait(), events.BreakpointHit)
            dbg.kernel = dbg.backend.kernel = broken
            for _ in range(2):
                process.step()
                while True:
                    try:
                        event = dbg.wait()
                        break
                    except KeyboardInterrupt:
                        continue
                assert isinstance(event, events.Stepped)
                places.append(freebsd.ptrace.getregs(process.pid, kernel=kernel).pc)
            assert word(process, at("passed")) <= 1

    expected: list[int] = []
    for _ in interrupted(kernel, session):
        expected = expected or list(places)
        assert places == expected
