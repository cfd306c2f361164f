"""Debuggers and tools with a program that a dynamic linker starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bsdproc import Debugger, events, freebsd
from bsdproc.kernel.errors import Vanished
from bsdproc.tools.main import main

from .conftest import LINKERS, ROOTS, Make

AT_BASE = 7
EMULATE = ("--emulate", "freebsd/amd64", "--root", str(ROOTS / "freebsd"))


def names(path: Path) -> dict[str, int]:
    """A program's entry, and its functions."""
    with open(path, "rb") as file:
        elf = ELFFile(file)
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        found = {symbol.name: int(symbol["st_value"]) for symbol in table.iter_symbols()}
        return found | {"": int(elf.header.e_entry)}


@pytest.mark.parametrize("system", LINKERS)
@pytest.mark.parametrize("program", ["hello", "fixed"])
def test_breakpoints_by_name(make: Make, system: str, program: str) -> None:
    """In the linker, and in the program that it starts, wherever they lie."""
    world = make(system)
    own = names(ROOTS / system / "bin" / program)
    linker = names(ROOTS / system / LINKERS[system][1:])
    with Debugger(kernel=world.kernel) as debugger:
        process = debugger.spawn([f"/bin/{program}"])
        lies, base = process.entry - own[""], process.auxv[AT_BASE]
        assert process.registers.pc == base + linker[""]
        assert (lies == 0) == (program == "fixed")
        points = {base + linker["main"]: "linked", lies + own["_start"]: "started",
                  lies + own["main"]: "main"}
        for address in points:
            process.breakpoints.add(address)
        seen = [points[event.breakpoint.address] for event in debugger
                if isinstance(event, events.BreakpointHit)]
        assert seen == ["linked", "started", "main"]
        assert process.exit_status == 0
    told = world.told()
    assert (told.linker, told.program) == (base, lies)


def test_its_events(make: Make) -> None:
    """An execve of one that is debugged: the linker's first instruction again."""
    world = make("freebsd")
    seen: list[str] = []
    with Debugger(kernel=world.kernel, syscalls=True, follow_fork=True) as debugger:
        process = debugger.spawn(["/bin/hello"])
        assert process.memory.read_int(process.auxv[AT_BASE], 4) == 0x464C457F
        for event in debugger:
            if isinstance(event, events.SyscallEntered) and event.process is process:
                seen.append(event.name)
        assert process.exit_status == 0
    assert seen[0] == "write", "what the linker says"
    assert seen[1:4] == ["getpid", "sigaction", "sigprocmask"]


def test_one_that_has_no_linker(make: Make) -> None:
    world = make("freebsd")
    world.kernel.unlink(LINKERS["freebsd"])
    with Debugger(kernel=world.kernel) as debugger:
        with pytest.raises(Vanished, match="by signal 6"):
            debugger.spawn(["/bin/hello"])
    assert "its interpreter, is not there" in world.kernel.log[-1]


def test_where_it_begins_is_asked_of_a_stopped_one(make: Make) -> None:
    world = make("freebsd")
    with Debugger(kernel=world.kernel) as debugger:
        process = debugger.spawn(["/bin/hello"])
        entry = process.entry
        assert entry == {int(one.type): one.value for one in freebsd.kinfo.auxv(
            process.pid, kernel=world.kernel)}[9]
        assert 0 not in process.auxv
        process.kill()
        for _ in debugger:
            pass
        with pytest.raises(Vanished):
            _ = process.entry


# -- the command line --------------------------------------------------------------------
def test_truss_of_a_roots_program(capfd: pytest.CaptureFixture[str]) -> None:
    """By its path there, by its name along its folders, or as a file of the host's."""
    calls = []
    for name in ("/bin/hello", "hello", str(ROOTS / "freebsd/bin/fixed")):
        assert main(["truss", *EMULATE, name]) == 0
        done = capfd.readouterr()
        assert "the child exited with 3" in done.out
        calls.append([line.split("(")[0] for line in done.err.splitlines()])
    assert calls[0] == calls[1] == calls[2]
    assert calls[0][:2] == ["write", "getpid"]


def test_a_command_that_asks_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["proccontrol", "-m", "aslr", "-s", "disable", *EMULATE, "hello"]) == 0
    said = capfd.readouterr().out
    assert "linker 000801024000 program 000001021000" in said
    assert main(["reap", *EMULATE, "hello"]) == 0
    assert "linker" in capfd.readouterr().out
    assert main(["procstat", "-v", "--after", "0.001", *EMULATE, "hello"]) == 0
    assert LINKERS["freebsd"] in capfd.readouterr().out


def test_what_is_for_the_hosts_linker_is_not_for_its_own(
        capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "/host.so")
    monkeypatch.setenv("KEPT", "yes")
    assert main(["procstat", "-e", "--after", "0.001", *EMULATE, "hello"]) == 0
    said = capfd.readouterr().out
    assert "KEPT=yes" in said
    assert "LD_PRELOAD" not in said


@pytest.mark.parametrize(("words", "said"), [
    (["--emulate", "freebsd/amd64", "--root", "/no/such", "hello"], "/no/such: no such file"),
    (["--root", "/tmp", "hello"], "it wants --emulate"),
    ([*EMULATE, "nosuch"], "nosuch: not found below"),
    ([*EMULATE, "/no/such"], "/no/such: no such file"),
    (["--emulate", "freebsd/amd64", str(ROOTS / "freebsd/bin/hello")],
     "linked dynamically, with /libexec/ld-elf.so.1"),
])
def test_what_is_not_there(words: list[str], said: str,
                           capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["truss", *words]) in (1, 2)
    assert said in capfd.readouterr().err
