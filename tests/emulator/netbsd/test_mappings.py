"""mmap(2) of the emulated NetBSD: where what asks for an alignment comes to lie (uvm_mmap)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bsdproc.emulator import NetBSD
from bsdproc.emulator.errno import NAMES, Refused
from bsdproc.emulator.netbsd.amd64.stack import TOPDOWN
from bsdproc.emulator.netbsd.syscalls.memory import sys_mmap

HELLO = Path(__file__).resolve().parents[3] / "examples" / "programs" / "bin" / "netbsd" / "hello"
MAP_ANON, MAP_FIXED = 0x1002, 0x10
Map = Callable[..., int]


@pytest.fixture
def mmap() -> Iterator[Map]:
    """Anonymous memory of a program that has just been executed."""
    with NetBSD() as kernel:
        kernel.install("/bin/hello", HELLO)
        pid = kernel.spawn("/bin/hello", ["hello"], traced=True)
        kernel.wait4(pid)
        system = kernel._system
        td = system.procs[pid].threads[0]

        def make(size: int, power: int = 0, address: int = 0, flags: int = 0) -> int:
            return sys_mmap(system, td, (
                address, size, 3, MAP_ANON | flags | power << 24, 0xFFFFFFFF, 0, 0))

        yield make


def test_below_what_is_there(mmap: Map) -> None:
    assert mmap(0x3000) == TOPDOWN - 0x3000
    first = mmap(0x1000, 21)
    assert first == TOPDOWN - 0x200000
    assert mmap(0x201000, 21) == first - 0x400000
    assert mmap(0x1000) == TOPDOWN - 0x4000, "what is left between them is for others"
    assert mmap(0x1000, 12) == TOPDOWN - 0x5000


def test_at_a_wish_that_fits(mmap: Map) -> None:
    assert mmap(0x1000, 16, 0x7000123000) == 0x7000120000
    assert mmap(0x1000, 16, 0x7000120000) == TOPDOWN - 0x10000
    assert mmap(0x1000, 16, 0x7000120000, MAP_FIXED) == 0x7000120000


@pytest.mark.parametrize(("power", "address", "flags", "error"), [
    (11, 0, 0, "EINVAL"), (1, 0, 0, "EINVAL"), (64, 0, 0, "EINVAL"), (255, 0, 0, "EINVAL"),
    (47, 0, 0, "ENOMEM"), (63, 0, 0, "ENOMEM"), (16, 0x7000121000, MAP_FIXED, "EINVAL"),
    (46, 0, 0, "")])
def test_alignments_that_cannot_be(
        mmap: Map, power: int, address: int, flags: int, error: str) -> None:
    if not error:
        assert mmap(0x1000, power, address, flags) == 1 << power
        return
    with pytest.raises(Refused) as refused:
        mmap(0x1000, power, address, flags)
    assert NAMES[refused.value.errno] == error
