"""Programs that a test holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from bsdproc.kernel import Kernel

from .held import ROOM, ROOM_SIZE, Held, children, finish

Hold = Callable[..., Held]
EACH_USER = pytest.mark.parametrize("uid", [None, 1001], ids=["root", "user"])
"""Who `t` is."""


@pytest.fixture(autouse=True)
def nobody_left(kernel: Kernel) -> Iterator[None]:
    """The next test on a real kernel counts its caller's children."""
    yield
    finish(kernel, children(kernel))


@pytest.fixture
def hold(kernel: Kernel, tracee: Callable[[str], str]) -> Iterator[Hold]:
    """hold("spin", "argument", uid=1001): traced, and ended with the test."""
    with ExitStack() as stack:
        def start(program: str, *argv: str, uid: int | None = None,
                  env: dict[str, str] | None = None) -> Held:
            return stack.enter_context(Held(kernel, tracee(program), argv, uid=uid, env=env))
        yield start


def spinning(hold: Hold, uid: int | None = None) -> Held:
    """A program that does nothing by itself, with memory for any use at ROOM."""
    held = hold("spin", uid=uid)
    assert held.map(ROOM, ROOM_SIZE, 7) == 0
    return held


@pytest.fixture
def uid() -> int | None:
    """Root, but for EACH_USER."""
    return None


@pytest.fixture
def t(hold: Hold, uid: int | None) -> Held:
    return spinning(hold, uid)
