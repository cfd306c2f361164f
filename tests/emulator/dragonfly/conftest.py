"""A machine for each test."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from bsdproc.emulator import DragonFly

from .world import World


@pytest.fixture
def world() -> Iterator[World]:
    with DragonFly(stdout=io.BytesIO(), stderr=io.BytesIO()) as kernel:
        yield World(kernel)
