"""An emulated DragonFly with programs of its own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from bsdproc.emulator import DragonFly

TESTS = Path(__file__).resolve().parents[1]
PROGRAMS = {
    "act": TESTS / "emulator" / "dragonfly" / "programs" / "bin" / "act",
    **{name: TESTS.parent / "examples" / "programs" / "bin" / "dragonfly" / name
       for name in ("hello", "ticker", "faulty")},
}


@pytest.fixture
def machine() -> Iterator[DragonFly]:
    """The kernel, as the default one: /bin/act, /bin/hello .."""
    with DragonFly(stdout=io.BytesIO(), stderr=io.BytesIO()) as kernel:
        for name, path in PROGRAMS.items():
            kernel.install(f"/bin/{name}", path)
        yield kernel


@cache
def symbols(program: str) -> dict[str, int]:
    with PROGRAMS[program].open("rb") as file:
        return {symbol.name: int(symbol["st_value"])
                for section in ELFFile(file).iter_sections()
                if isinstance(section, SymbolTableSection)
                for symbol in section.iter_symbols()}


@pytest.fixture
def at() -> Callable[[str, str], int]:
    """The address of a program's symbol."""
    return lambda program, name: symbols(program)[name]
