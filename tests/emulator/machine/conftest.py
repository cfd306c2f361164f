"""One engine for all, and processes on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bsdproc.emulator.machine import AddressSpace, Context, Engine

from .programs import Program, make


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine(256 << 20)
    yield engine
    engine.close()


@pytest.fixture
def program(engine: Engine) -> Iterator[Program]:
    """Makes processes, which are gone when the test ends."""
    made: list[AddressSpace] = []

    def process(code: str, mode: int = 64, **registers: int) -> tuple[AddressSpace, Context]:
        space, context = make(engine, code, mode, **registers)
        made.append(space)
        return space, context

    yield process
    for space in made:
        space.close()
