from __future__ import annotations

from collections.abc import Iterator

import pytest

from bsdproc.emulator import NetBSD

from . import stage


@pytest.fixture
def kernel() -> Iterator[NetBSD]:
    """An emulated NetBSD with the tests' program on it."""
    with stage.new_kernel() as kernel:
        yield kernel
