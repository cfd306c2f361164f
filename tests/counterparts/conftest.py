"""The program `act`, brought to the kernel under test, and what is played with it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.counterparts.stage import Stage

from bsdproc.freebsd import procctl
from bsdproc.kernel import Kernel, hosts
from bsdproc.kernel.errors import KernelError

PROGRAMS = Path(__file__).resolve().parent / "programs" / "bin"
O_WRONLY, O_CREAT = 0x1, 0x200
BSD = hosts.system(sys.platform) is not None
PATIENCE = 60


@pytest.fixture
def act(kernel: Kernel) -> str:
    """The path of the program; an emulated kernel is given it first."""
    path = PROGRAMS / "act"
    try:
        kernel.lstat(str(path))
    except FileNotFoundError:
        kernel_path = "/act"
        fd = kernel.open(kernel_path, O_WRONLY | O_CREAT, 0o755)
        kernel.write(fd, path.read_bytes())
        kernel.close(fd)
        return kernel_path
    return str(path)


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """A real kernel waits for ever where the emulated one sees that nothing will come."""
    if not BSD:
        yield
        return

    def give_up(*_: object) -> None:
        raise TimeoutError(f"nothing came in {PATIENCE} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def stage(kernel: Kernel, act: str, patience: None) -> Iterator[Stage]:
    stage = Stage(kernel, act)
    yield stage
    stage.close()


@pytest.fixture
def reaper(kernel: Kernel, stage: Stage) -> Iterator[int]:
    """The test's own process, which has become a reaper; its pid."""
    procctl.reap_acquire()
    yield kernel.getpid()
    with suppress(KernelError):
        procctl.reap_kill(9)
    stage.close()
    procctl.reap_release()
