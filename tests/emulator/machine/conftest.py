"""Small machine-code programs in an address space of one shared engine."""

from collections.abc import Callable, Iterator

import pytest

from bsdproc.emulator.machine import (
    EXEC,
    READ,
    WRITE,
    AddressSpace,
    Context,
    Engine,
)

TEXT, DATA, CONSTANT, NOTHING, STACK = 0x400000, 0x500000, 0x510000, 0x520000, 0x7FFF0000

Program = Callable[..., tuple[AddressSpace, Context]]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine(256 << 20)
    yield engine
    engine.close()


@pytest.fixture
def program(engine: Engine) -> Iterator[Program]:
    """Make a process of code (hexadecimal): text at 0x400000, four pages of data at 0x500000,
    a read-only page at 0x510000, one without rights at 0x520000, a stack."""
    made = []

    def make(code: str, mode: int = 64, **registers: int) -> tuple[AddressSpace, Context]:
        space = AddressSpace(mode, engine=engine)
        space.map(TEXT, 0x2000, READ | EXEC, contents=bytes.fromhex(code))
        space.map(DATA, 0x4000, READ | WRITE)
        space.map(CONSTANT, 0x1000, READ)
        space.map(NOTHING, 0x1000, 0)
        space.map(STACK - 0x10000, 0x10000, READ | WRITE)
        context = Context(mode)
        context.set("rip", TEXT)
        context.set("rsp", STACK - 0x100)
        for name, value in registers.items():
            context.set(name, value)
        made.append(space)
        return space, context

    yield make
    for space in made:
        space.close()
