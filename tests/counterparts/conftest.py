"""The program `act`, brought to the kernel under test, and what is played with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.counterparts.stage import Stage

from bsdproc.freebsd import procctl
from bsdproc.kernel import Kernel
from bsdproc.kernel.errors import KernelError

PROGRAMS = Path(__file__).resolve().parent / "programs" / "bin"
O_WRONLY, O_CREAT = 0x1, 0x200


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


@pytest.fixture
def stage(kernel: Kernel, act: str) -> Iterator[Stage]:
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
