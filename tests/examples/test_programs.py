"""The example programs are what their sources say: built again, they do the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bsdproc import Debugger, events
from bsdproc.kernel import Kernel
from bsdproc.tools import programs

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "programs"
ACTOR = EXAMPLES.parents[1] / "tests" / "debugger" / "programs"
SOURCES = [*sorted(EXAMPLES.glob("*.c")), ACTOR / "actor.c"]


def story(kernel: Kernel, program: str, *arguments: str) -> list[tuple[str, ...]]:
    """What each process of a program does, call for call."""
    install: Callable[[str, str], None] | None = getattr(kernel, "install", None)
    if install is not None:
        install(program, program)
    told: dict[int, list[str]] = {}
    with Debugger(follow_fork=True, syscalls=True, kernel=kernel) as debugger:
        debugger.spawn([program, *arguments])
        for event in debugger:
            match event:
                case events.SyscallExited(name=name, error=error):
                    text = f"{name} {error}"
                case events.SignalReceived(signal=signal):
                    text = f"{signal!r}"
                case events.Exited(status=status):
                    text = f"exit {status}"
                case _:
                    text = type(event).__name__
            told.setdefault(event.process.pid, []).append(text)
    return [tuple(one) for one in told.values()]


def build(source: Path, folder: Path, *options: str) -> str:
    """A program built anew."""
    subprocess.run([sys.executable, str(EXAMPLES / "build.py"), *options, str(folder), str(source)],
                   check=True, capture_output=True)
    return str(folder / source.stem)


@pytest.mark.toolchain
@pytest.mark.parametrize("options", [(), ("--pie",)], ids=["fixed", "pie"])
@pytest.mark.parametrize("name", ["hello", "faulty"])
def test_built_again_it_does_the_same(
        kernel: Kernel, tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    again = build(EXAMPLES / f"{name}.c", tmp_path, *options)
    assert story(kernel, again) == story(kernel, str(EXAMPLES / "bin" / name))


@pytest.mark.toolchain
def test_the_shipped_programs_are_their_sources(tmp_path: Path) -> None:
    """The same compiler gives the same bytes."""
    for source in SOURCES:
        again = Path(build(source, tmp_path))
        assert again.read_bytes() == (source.parent / "bin" / source.stem).read_bytes(), source.name
    for source in sorted(EXAMPLES.glob("*.c")):
        again = Path(build(source, tmp_path, "--system", "dragonfly"))
        shipped = EXAMPLES / "bin" / "dragonfly" / source.stem
        assert again.read_bytes() == shipped.read_bytes(), source.name


@pytest.mark.toolchain
def test_a_static_pie_runs_where_the_kernel_puts_it(kernel: Kernel, tmp_path: Path) -> None:
    path = build(EXAMPLES / "hello.c", tmp_path, "--pie")
    head = Path(path).read_bytes()[16:18]
    assert head == b"\3\0"      # ET_DYN
    install: Callable[[str, str], None] | None = getattr(kernel, "install", None)
    if install is not None:
        install(path, path)
    with Debugger(kernel=kernel) as debugger:
        process = debugger.spawn([path])
        entry = int.from_bytes(Path(path).read_bytes()[24:32], "little")
        assert process.registers.pc > 0x200000
        assert (process.registers.pc - entry) % 4096 == 0
        assert [e.status for e in debugger if isinstance(e, events.Exited)] == [0]


@pytest.mark.parametrize(("source", "system", "machine"), [
    *((source, "freebsd", "amd64") for source in SOURCES),
    *((source, "dragonfly", "x86_64") for source in sorted(EXAMPLES.glob("*.c"))),
], ids=lambda value: value.stem if isinstance(value, Path) else value)
def test_they_are_small_static_programs_of_their_system(
        source: Path, system: str, machine: str) -> None:
    folder = source.parent / "bin" if system == "freebsd" else source.parent / "bin" / system
    data = (folder / source.stem).read_bytes()
    found = programs.check(data, system, machine)
    assert found.interpreter is None
    assert len(data) < 20_000
