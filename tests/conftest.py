"""What the tests share: the kernel that they run against.

BSDPROC_KERNEL=native takes the host's own, on a BSD; else an emulated one is
made for each test.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from bsdproc import kernel as kernels
from bsdproc.kernel import Kernel
from bsdproc.kernel.hosts import system

# A run that is started in the background has Ctrl-C ignored, which tests are about.
signal.signal(signal.SIGINT, signal.default_int_handler)

O_WRONLY, O_CREAT = 0x1, 0x200      # on every BSD
BSD = system(sys.platform) is not None
NATIVE = os.environ.get("BSDPROC_KERNEL", "emulated") == "native"
PATIENCE = int(os.environ.get("BSDPROC_PATIENCE", "120"))
"""Seconds that a test may take on a real kernel, a slow one ten times as many."""
USUAL = 0.05
"""Seconds for a million rounds of a loop in Python."""
KNOWN_GOOD = 1500000
"""From this version on the kernel is taken to survive what some cases were written for: 13.2
hangs for good or loses its memory there, and which release was the first not to is not known
here."""
HERE = Path(__file__).resolve().parent
TRACEES = HERE / "conformance" / "tracees" / "bin"
ENGINE = find_spec("unicorn") is not None
OF_EMULATORS = {HERE / "fuzz", HERE / "counterparts" / "netbsd", *(
    HERE / "emulator" / name for name in (
        "bsd", "creds", "dragonfly", "dynamic", "files", "machdep", "machine", "netbsd"))}
"""What is about the emulated kernels alone; all else holds of a real one too."""


# How long an example takes says more of the machine than of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


class Unmade(pytest.File):
    """A folder of tests that cannot even be imported here, nor can its conftest.py, which
    pytest would import with a Directory."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(f"{self.path.relative_to(HERE)}: of emulated kernels, whose engine (unicorn)"
                    " is not installed")


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if path in OF_EMULATORS and not ENGINE:
        made: Unmade = Unmade.from_parent(parent, path=path)
        return made
    return None


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest) -> Iterator[None]:
    """A real kernel waits for ever where an emulated one sees that nothing will come."""
    if not NATIVE:
        yield
        return
    seconds = PATIENCE * (10 if request.node.get_closest_marker("slow") else 1)

    def give_up(*_: object) -> None:
        raise TimeoutError(f"nothing came in {seconds} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def pace() -> float:
    """How many times as long as usual this machine takes over Python code, 1 at least:
    bounds on time are for what a text does to a parser, not for the machine."""
    began = time.process_time()
    for _ in range(1_000_000):
        pass
    return max(1.0, (time.process_time() - began) / USUAL)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """The kernel under test, as the default one."""
    if NATIVE:
        with kernels.host() as host:
            yield host
        return
    from bsdproc import emulator

    with emulator.FreeBSD() as emulated:
        yield emulated


def hazard(kernel: Kernel, what: str) -> None:
    """Do not do to a real kernel that is too old what would take the whole machine."""
    if NATIVE and kernel.version < KNOWN_GOOD:
        pytest.skip(f"{kernel.release} {what}")


def bring_program(kernel: Kernel, path: Path) -> None:
    """Put a program of the host's where an emulated kernel has it too, for
    every user to run: /root, where a checkout may lie, is closed to others."""
    try:
        kernel.lstat(str(path))
        return
    except FileNotFoundError:
        pass
    for folder in list(reversed(path.parents))[1:]:
        try:
            kernel.mkdir(str(folder))
        except FileExistsError:
            kernel.chmod(str(folder), kernel.lstat(str(folder)).mode & 0o7777 | 0o111)
    fd = kernel.open(str(path), O_WRONLY | O_CREAT, 0o755)
    kernel.write(fd, path.read_bytes())
    kernel.close(fd)


@pytest.fixture
def tracee(kernel: Kernel) -> Callable[[str], str]:
    """The path of a program of tests/conformance/tracees, put where an emulated
    kernel has it too."""

    def bring(name: str) -> str:
        path = TRACEES / name
        bring_program(kernel, path)
        return str(path)

    return bring


@pytest.fixture(scope="session")
def symbol() -> Callable[[str, str], int]:
    """The address of a tracee's symbol: symbol("spin", "counter")."""

    def find(program: str, name: str) -> int:
        return _symbols((TRACEES / program).read_bytes())[name]

    return find


def _symbols(elf: bytes) -> dict[str, int]:
    """The symbol table of a 64-bit little-endian ELF file; nothing to install for it."""
    at, = struct.unpack_from("<Q", elf, 40)
    size, count = struct.unpack_from("<HH", elf, 58)
    # Of each section: type, file offset, size, and the section that it belongs to.
    sections = [struct.unpack_from("<4xI16xQQI", elf, at + i * size) for i in range(count)]
    found = {}
    for kind, start, length, link in sections:
        if kind != 2:
            continue
        for entry in range(start, start + length, 24):
            label, value = struct.unpack_from("<I4xQ", elf, entry)
            begin = sections[link][1] + label
            found[elf[begin:elf.index(b"\0", begin)].decode()] = value
    return found


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("native") and not BSD:
        pytest.skip("needs a BSD kernel of its own")
    if item.get_closest_marker("emulated") and not ENGINE:
        pytest.skip("needs an emulated kernel, whose engine (unicorn) is not installed")
    if item.get_closest_marker("toolchain") and BSD and find_spec("ziglang") is None:
        pytest.skip("ziglang has no package for this system")
    if item.get_closest_marker("privileged") and NATIVE and os.geteuid() != 0:
        pytest.skip("needs root")
