"""A debugger leaves the emulated NetBSD's processes at each stop there is, one way and another:
what it lets go ends as it would have by itself, and of what it ends nothing is left."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from tests.debugger.helpers import nth

from bsdproc import Debugger
from bsdproc.debugger import Process
from bsdproc.debugger.state import State
from bsdproc.emulator import NetBSD
from bsdproc.netbsd import Exited, Signaled, kinfo, wait

PLAY = Path(__file__).resolve().parents[1] / "counterparts/netbsd/programs/bin/play"
PARTS = {
    "a signal": ("catch 30", "send 30", "caught 30 1 0", "exit 3"),
    "a fault": ("segv",),
    "an exec": ("exec", "getpid", "exit 6"),
    "a fork": ("fork", "getpid", "exit 4", "end", "wait 4", "exit 5"),
    "a vfork": ("vfork", "exit 4", "end", "wait 4", "exit 5"),
    "a vfork's exec": ("vfork", "exec", "exit 4", "end", "wait 4", "exit 5"),
    "a spawn": ("spawn 6", "wait 6", "exit 5"),
    "an LWP's fork": ("lwp", "fork", "exit 4", "end", "wait 4", "exit 5"),
    "an LWP's end": ("lwp", "lwp-once", "exec", "exit 5"),
}
pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("machine")]


@pytest.fixture
def machine() -> Iterator[NetBSD]:
    with NetBSD(stdout=io.BytesIO(), stderr=io.BytesIO()) as kernel:
        kernel.install("/bin/play", PLAY)
        yield kernel


@pytest.fixture(scope="module")
def step() -> int:
    """The address of what each word of the program begins with."""
    with PLAY.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        found = table.get_symbol_by_name("do_words")
        assert found
        return int(found[0]["st_value"])


def ended(pid: int) -> tuple[str, int]:
    status = wait(pid)
    if isinstance(status, Exited):
        return "exit", status.status
    assert isinstance(status, Signaled)
    return "signal", int(status.signal)


def left(machine: NetBSD) -> list[int]:
    """The program's processes."""
    return [one.pid for one in kinfo.processes() if one.comm == "play"]


def begin(debugger: Debugger, part: str, step: int) -> Process:
    process = debugger.spawn(["/bin/play", *PARTS[part]])
    process.breakpoints.add(step)
    return process


@pytest.mark.parametrize("syscalls", [False, True], ids=["signals", "calls"])
@pytest.mark.parametrize("part", PARTS)
def test_leaving_at_each_stop(machine: NetBSD, step: int, part: str, syscalls: bool) -> None:
    by_itself = ended(machine.spawn("/bin/play", ["/bin/play", *PARTS[part]], {}))
    number = 0
    while True:
        for way in ("detach", "kill", "kill the first", "close"):
            with Debugger(follow_fork=True, threads=True, syscalls=syscalls) as debugger:
                first = begin(debugger, part, step)
                event = nth(debugger, number)
                if event is None:
                    break
                standing = [one for one in debugger.processes.values()
                            if one.state is State.STOPPED]
                if way == "detach":
                    for one in standing:
                        one.detach()
                elif way == "kill":
                    for one in list(debugger.processes.values()):
                        one.kill()
                elif way == "kill the first":
                    first.kill()
                if way != "close":
                    for _ in debugger:
                        pass
                if way == "detach":
                    told = first.exit_status
                    assert (("exit", told) if told is not None else (
                        by_itself if first.state is State.GONE else ended(first.pid))
                            ) == by_itself, (number, event)
                elif way == "kill":
                    assert first.state is State.GONE
            machine.settle(0.2)
            assert left(machine) == [], (number, event, way)
        if event is None:
            break
        number += 1
    assert number
