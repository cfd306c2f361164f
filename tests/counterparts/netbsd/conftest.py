"""An emulated NetBSD with the program `play` on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.counterparts.netbsd.scene import PROGRAM, Scene

from bsdproc.emulator import NetBSD

PLAY = Path(__file__).resolve().parent / "programs" / "bin" / "play"


@pytest.fixture
def scene() -> Iterator[Scene]:
    with NetBSD() as kernel:
        kernel.install(PROGRAM, PLAY)
        yield Scene(kernel)
