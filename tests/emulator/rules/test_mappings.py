"""Mappings that a file stands behind, touched by the program."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import how
from .tracee import CODE, LWPINFO_SIZE, Bring, Tracee, call

MMAP, FTRUNCATE, SHM_OPEN2 = 477, 480, 571
SHM_ANON, O_RDWR = 1, 2
SHARED, PRIVATE = 1, 2
PAGE = 4096
SIGBUS, BUS_OBJERR, T_PAGEFLT = 10, 3, 12
WHERE = 0x60000000


@pytest.fixture
def t(kernel: Kernel, tracee: Bring) -> Tracee:
    return Tracee.with_room(kernel, tracee("spin"))


def touch(t: Tracee, address: int) -> tuple[int, ...]:
    """Read a byte there: the status's signal, and code, address and trap number of it."""
    at = CODE + 0x1000
    t.write(at, b"\x48\xbf" + struct.pack("<Q", address) + b"\x8a\x07\xcc")
    t.register("r_rip", at)
    t.go()
    status = t.k.wait4(t.pid).status
    info = t.record("PT_LWPINFO", LWPINFO_SIZE)
    code, = struct.unpack_from("<i", info, 48 + 8)
    where, = struct.unpack_from("<Q", info, 48 + 24)
    trap, = struct.unpack_from("<i", info, 48 + 40)
    return status >> 8, code, where - address, trap


@pytest.mark.parametrize("how", [SHARED, PRIVATE])
def test_behind_a_file_s_last_page_there_is_nothing(t: Tracee, how: int) -> None:
    t.run(call(SHM_OPEN2, SHM_ANON, O_RDWR, 0o600, 0, 0))
    assert t.wait() == "SIGTRAP"
    fd = t.kept()
    t.run(call(FTRUNCATE, fd, 100) + call(MMAP, WHERE, 2 * PAGE, 3, how | 0x10, fd, 0))
    assert t.wait() == "SIGTRAP"
    assert touch(t, WHERE + PAGE - 1)[0] == 5
    assert touch(t, WHERE + PAGE) == (SIGBUS, BUS_OBJERR, 0, T_PAGEFLT)
    t.run(call(FTRUNCATE, fd, PAGE + 1))
    assert t.wait() == "SIGTRAP"
    assert touch(t, WHERE + PAGE)[0] == 5


def test_what_is_cut_off_faults(t: Tracee) -> None:
    t.run(call(SHM_OPEN2, SHM_ANON, O_RDWR, 0o600, 0, 0))
    assert t.wait() == "SIGTRAP"
    fd = t.kept()
    t.run(call(FTRUNCATE, fd, 2 * PAGE) + call(MMAP, WHERE, 2 * PAGE, 3, SHARED | 0x10, fd, 0))
    assert t.wait() == "SIGTRAP"
    assert touch(t, WHERE + PAGE)[0] == 5
    t.run(call(FTRUNCATE, fd, PAGE))
    assert t.wait() == "SIGTRAP"
    assert touch(t, WHERE + PAGE) == (SIGBUS, BUS_OBJERR, 0, T_PAGEFLT)


@pytest.mark.parametrize(("power", "answer"), [(0, 0), (1, 0), (2, 22), (11, 22), (12, 0), (20, 0),
                                               (63, 0), (64, 22), (255, 22)])
def test_powers_that_a_mapping_can_be_aligned_to(t: Tracee, power: int, answer: int) -> None:
    """MAP_ALIGNED(n): from a page on, or MAP_ALIGNED_SUPER; with MAP_FIXED for nothing."""
    t.run(call(MMAP, WHERE, PAGE, 3, 0x1012 | power << 24, -1, 0))
    assert t.wait() == "SIGTRAP"
    assert t.kept() == (answer or WHERE)


def test_writing_nothing_is_writing_all_the_same(hold: Hold, kernel: Kernel) -> None:
    """proc_rwmem brings the page in, for the kind of access that it is: a page of a file's
    becomes the process's own, and one that can't is refused."""
    h = hold("spin")

    def first() -> tuple[object, ...]:
        one = h.entries()[0]
        return tuple(one[f"kve_{name}"] for name in ("flags", "resident", "private_resident"))

    text = h.entries()[0]["kve_start"]
    last = h.entries()[-1]["kve_start"]
    assert isinstance(text, int)
    assert isinstance(last, int)
    cow, needs_copy, nocore = 1, 2, 4
    assert first() == (cow | needs_copy | nocore, 1, 3)
    h.read(text, 0)
    assert first() == (cow | needs_copy | nocore, 1, 3)
    h.write(text, b"")
    assert first() == (cow | nocore, 1, 0)
    h.read(last, 0)
    assert how(lambda: h.write(last, b"")) == "EFAULT"
