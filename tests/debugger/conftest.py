"""What the debugger's tests share: a program with many parts, and a look round
afterwards for processes that are left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import bring_program

from bsdproc import freebsd
from bsdproc.kernel import Kernel

from .helpers import mine

HERE = Path(__file__).resolve().parent
ACTOR = str(HERE / "programs" / "bin" / "actor")


@pytest.fixture
def actor(kernel: Kernel) -> str:
    """The path of programs/actor.c, on an emulated kernel too."""
    bring_program(kernel, Path(ACTOR))
    return ACTOR


@pytest.fixture(scope="session")
def at(symbol: Callable[[str, str], int]) -> Callable[[str], int]:
    """The address of one of actor's symbols: at("station")."""
    return lambda name: symbol(ACTOR, name)


@pytest.fixture(autouse=True)
def nothing_left(kernel: Kernel) -> Iterator[None]:
    """Whatever a test does, no child and no tracee of the caller's stays."""
    before = {p.pid for p in mine(kernel)}
    yield
    left = [p for p in mine(kernel) if p.pid not in before]
    assert left == []


@pytest.fixture
def started(kernel: Kernel, actor: str) -> Iterator[Callable[..., int]]:
    """Start actor untraced, as somebody else's process; it is gone afterwards."""
    pids: list[int] = []

    def start(*arguments: str) -> int:
        pids.append(kernel.spawn(actor, ["actor", *arguments]))
        kernel.settle(0.02)
        return pids[-1]

    yield start
    for pid in pids:
        kernel.kill(pid, freebsd.Signal.SIGKILL)
        freebsd.wait(pid, kernel=kernel)
