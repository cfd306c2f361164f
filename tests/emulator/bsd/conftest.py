"""A traced program on each emulated system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .remote import FLAVOURS, SYSTEMS, Kernel, Remote


@pytest.fixture(params=SYSTEMS)
def kernel(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    with FLAVOURS[request.param].kernel() as k:
        yield k


@pytest.fixture
def remote(kernel: Kernel) -> Remote:
    return Remote(kernel)
