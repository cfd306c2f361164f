"""Machines with a root that has a dynamic linker of ours, and what it says when it starts a
program."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from bsdproc import emulator

Machine = emulator.FreeBSD | emulator.NetBSD | emulator.DragonFly
ROOTS = Path(__file__).resolve().parents[3] / "examples" / "roots"
LINKERS = {"freebsd": "/libexec/ld-elf.so.1", "netbsd": "/usr/libexec/ld.elf_so",
           "dragonfly": "/libexec/ld-elf.so.2"}
KERNELS: dict[str, type[Machine]] = {
    "freebsd": emulator.FreeBSD, "netbsd": emulator.NetBSD,
    "dragonfly": emulator.DragonFly}
SAID = re.compile(rb"linker (\w+) program (\w+) entry (\w+)\n")


class Told(NamedTuple):
    """Addresses that the linker was given."""

    linker: int
    program: int
    entry: int


class World(NamedTuple):
    """An emulated machine and what its programs wrote."""

    kernel: Machine
    out: io.BytesIO

    def told(self) -> Told:
        """What the linker has said last."""
        found = SAID.findall(self.out.getvalue())
        assert found, self.out.getvalue()
        return Told(*(int(word, 16) for word in found[-1]))


Make = Callable[..., World]


@pytest.fixture
def make() -> Iterator[Make]:
    """A machine of a system, with its root or without."""
    with ExitStack() as stack:

        def made(system: str, *, rooted: bool = True) -> World:
            out = io.BytesIO()
            root = ROOTS / system if rooted else None
            kernel = KERNELS[system](root=root, stdout=out)
            stack.enter_context(kernel)
            return World(kernel, out)

        yield made
