"""Small machine-code programs in an address space."""

from __future__ import annotations

from typing import Protocol

from bsdproc.emulator.machine import EXEC, READ, WRITE, AddressSpace, Context, Engine

TEXT, DATA, CONSTANT, NOTHING, STACK = 0x400000, 0x500000, 0x510000, 0x520000, 0x7FFF0000


class Program(Protocol):
    """Makes a process that runs some code, given in hexadecimal."""

    def __call__(self, code: str, mode: int = 64, **registers: int) -> tuple[
            AddressSpace, Context]: ...


def make(engine: Engine, code: str, mode: int = 64, **registers: int) -> tuple[
        AddressSpace, Context]:
    """Text at TEXT, four pages of data at DATA, a read-only page, one without rights, a stack."""
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
    return space, context


class File:
    """A backing that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads: list[tuple[int, int]] = []

    def read_at(self, offset: int, size: int) -> bytes:
        self.reads.append((offset, size))
        return self.data[offset : offset + size]

    def write_at(self, offset: int, data: bytes) -> None:
        self.data = self.data[:offset] + data + self.data[offset + len(data) :]
