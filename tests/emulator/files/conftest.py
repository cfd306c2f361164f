"""An emulated FreeBSD for each test, and a tracee in it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from bsdproc.emulator import FreeBSD

from .remote import Remote


@pytest.fixture
def stdout() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def kernel(stdout: io.BytesIO) -> Iterator[FreeBSD]:
    with FreeBSD(stdout=stdout, stderr=stdout) as k:
        yield k


@pytest.fixture
def remote(kernel: FreeBSD) -> Remote:
    return Remote(kernel)
