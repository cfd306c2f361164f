"""A debugger leaves the emulated DragonFly's processes at each stop there is, one way and
another: what it lets go ends as it would have by itself, and of what it ends nothing is left."""

from __future__ import annotations

import pytest
from tests.debugger.helpers import nth

from bsdproc import Debugger, dragonfly
from bsdproc.debugger import Process
from bsdproc.debugger.state import State
from bsdproc.dragonfly import kinfo
from bsdproc.emulator import DragonFly

from .acting import At, act

PARTS = {
    "a signal": ("catch 30", "kill 30", "await 30 1", "exit 3"),
    "a fault": ("fault 8",),
    "an exec": ("exec /bin/act", "act", "sleep 1", "exit 6"),
    "a fork": ("fork", "exit 2", "end", "wait 512", "exit 5"),
    "a vfork": ("vfork", "exit 2", "end", "wait 512", "exit 5"),
    "an lwp": ("lwp", "sleep 1", "kill-lwp 2 30", "end", "catch 30", "sleep 3", "exit 5"),
    "an lwp that stays": ("lwp", "rest", "end", "sleep 2", "exit 5"),
    "an lwp's end": ("lwp", "exit-lwp 1", "end", "sleep 1", "exit 5"),
    "the first lwp's end": ("lwp", "sleep 1", "exit 4", "end", "exit-lwp 0"),
}
FORKS = ("a fork", "a vfork")
"""Without breakpoints: children are not traced, and would run into them."""
pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("machine")]


def ended(pid: int) -> tuple[str, int]:
    status = dragonfly.wait(pid)
    if isinstance(status, dragonfly.Exited):
        return "exit", status.status
    assert isinstance(status, dragonfly.Signaled)
    return "signal", int(status.signal)


def left() -> list[int]:
    """The program's processes."""
    return [one.pid for one in kinfo.processes() if one.comm == "act"]


def begin(debugger: Debugger, part: str, at: At) -> Process:
    process = act(debugger, *PARTS[part])
    if part not in FORKS:
        for place in ("do_words", "lwp_main", "handler"):
            process.breakpoints.add(at("act", place))
    return process


def stride(part: str, syscalls: bool) -> int:
    """Steps among other threads take their time: not every stop of theirs."""
    return (9 if syscalls else 3) if "lwp" in part else 1


@pytest.mark.parametrize("syscalls", [False, True], ids=["signals", "calls"])
@pytest.mark.parametrize("part", PARTS)
def test_leaving_at_each_stop(machine: DragonFly, at: At, part: str, syscalls: bool) -> None:
    by_itself = ended(machine.spawn("/bin/act", ["/bin/act", *PARTS[part]], {}))
    number = 0
    while True:
        for way in ("detach", "kill", "close", "an exception"):
            told: int | None = None
            try:
                with Debugger(syscalls=syscalls) as debugger:
                    first = begin(debugger, part, at)
                    event = nth(debugger, number)
                    if event is None:
                        break
                    if way == "detach":
                        first.detach()
                    elif way == "kill":
                        first.kill()
                    elif way == "an exception":
                        raise InterruptedError
                    if way != "close":
                        for _ in debugger:
                            pass
                    told = first.exit_status
            except InterruptedError:
                assert way == "an exception"
            if way == "detach":
                assert (("exit", told) if told is not None else ended(first.pid)) == by_itself, (
                    number, event)
            else:
                assert first.state is State.GONE
            machine.settle(0.2)
            assert left() == [], (number, event, way)
        if event is None:
            break
        number += stride(part, syscalls)
    assert number or (part in FORKS and not syscalls)


@pytest.mark.parametrize("part", ["an lwp", "an lwp that stays", "a signal"])
def test_what_was_attached_to_is_let_go_at_each_stop(machine: DragonFly, at: At,
                                                     part: str) -> None:
    """And runs to the end that it would have had."""
    words = ("sleep 5", *PARTS[part])
    number = 0
    while True:
        pid = machine.spawn("/bin/act", ["/bin/act", *words], {})
        machine.settle(0.001)
        with Debugger(syscalls=True) as debugger:
            process = debugger.attach(pid)
            for place in ("lwp_main", "handler"):
                process.breakpoints.add(at("act", place))
            event = nth(debugger, number)
        if event is None:
            break
        assert process.state is State.DETACHED, (number, event)
        assert ended(pid)[0] == "exit", (number, event)
        number += stride(part, syscalls=True)
    assert number > 5
