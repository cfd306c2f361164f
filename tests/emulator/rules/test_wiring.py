"""Memory that stays where it is: mlock(2), mlockall(2), mincore(2)."""

from __future__ import annotations

import struct

import pytest

from .held import ROOM, Held

pytestmark = pytest.mark.privileged

BUFFER, PAGE = 0x38000000, 4096
MPROTECT, MINCORE, SETRLIMIT, MLOCK, MUNLOCK, MLOCKALL, MUNLOCKALL, MMAP = (
    74, 78, 195, 203, 204, 324, 325, 477)
SETUID = 23
CURRENT, FUTURE, MEMLOCK, WIRED = 1, 2, 6, 0x40
ENOMEM, EFAULT, EINVAL = 12, 14, 22
NOWHERE = 0x10000000


@pytest.fixture
def t(t: Held) -> Held:
    """Of a user without a limit."""
    t.map(BUFFER, PAGE, 3)
    t.write(BUFFER, struct.pack("<qq", -1, -1))
    assert t.call(SETRLIMIT, MEMLOCK, BUFFER)[0] == t.call(SETUID, 1001)[0] == 0
    return t


def wired(t: Held, at: int = ROOM) -> list[tuple[int, int, bool, int]]:
    """Entries of a map: pages from the start, kept in memory, pages that are there."""
    found = []
    for one in t.entries():
        start, end, flags, there = (one[f"kve_{name}"] for name in (
            "start", "end", "flags", "resident"))
        assert isinstance(start, int)
        assert isinstance(end, int)
        assert isinstance(flags, int)
        assert isinstance(there, int)
        if at <= start < at + 64 * PAGE:
            found.append(((start - at) // PAGE, (end - at) // PAGE, bool(flags & WIRED), there))
    return found


def test_pages_are_brought_in_and_kept(t: Held) -> None:
    """Whole pages; what is kept is an entry of its own."""
    assert t.call(MLOCK, ROOM + 8 * PAGE + 10, 4 * PAGE - 10)[0] == 0
    assert wired(t) == [(0, 8, False, 0), (8, 12, True, 4), (12, 64, False, 0)]
    assert t.call(MUNLOCK, ROOM + 9 * PAGE, PAGE)[0] == 0
    assert wired(t) == [
        (0, 8, False, 0), (8, 9, True, 1), (9, 10, False, 1), (10, 12, True, 2),
        (12, 64, False, 0)]
    assert t.call(MUNLOCK, ROOM, 64 * PAGE)[0] == 0
    assert wired(t) == [(0, 64, False, 4)]


def test_what_cannot_be_kept(t: Held) -> None:
    """Holes, and what nobody may touch; nothing is kept then."""
    t.call(MPROTECT, ROOM + 20 * PAGE, PAGE, 0)
    t.call(MPROTECT, ROOM + 21 * PAGE, PAGE, 1)
    assert [t.call(MLOCK, start, size)[0] for start, size in (
        (ROOM + 60 * PAGE, 10 * PAGE), (NOWHERE, PAGE), (-PAGE, 2 * PAGE), (ROOM, 0),
        (ROOM + 20 * PAGE, PAGE), (ROOM + 19 * PAGE, 2 * PAGE), (ROOM + 21 * PAGE, PAGE))] == [
        ENOMEM, ENOMEM, EINVAL, 0, ENOMEM, ENOMEM, 0]
    assert [one[:3] for one in wired(t) if one[2]] == [(21, 22, True)]
    assert [t.call(MUNLOCK, start, size)[0] for start, size in (
        (NOWHERE, PAGE), (-PAGE, 2 * PAGE), (ROOM, 0), (ROOM + 20 * PAGE, PAGE))] == [
        ENOMEM, EINVAL, 0, 0]


def test_the_limit(t: Held) -> None:
    """Of what is kept already and what is to be, though it may be the same."""
    t.write(BUFFER, struct.pack("<qq", 16 * PAGE, 16 * PAGE))
    assert t.call(SETRLIMIT, MEMLOCK, BUFFER)[0] == 0
    assert [t.call(MLOCK, ROOM + at * PAGE, count * PAGE)[0] for at, count in (
        (0, 17), (0, 10), (20, 7), (20, 6), (0, 1))] == [ENOMEM, 0, ENOMEM, 0, ENOMEM]
    assert t.call(MLOCKALL, CURRENT)[0] == ENOMEM
    assert t.call(MLOCKALL, FUTURE)[0] == 0
    assert t.call(MMAP, 0, PAGE, 3, 0x1002, -1, 0)[0] == ENOMEM
    t.call(MUNLOCK, ROOM, PAGE)
    assert t.call(MMAP, 0, PAGE, 3, 0x1002, -1, 0)[0] == 0


def test_all_memory_and_what_will_be(t: Held) -> None:
    assert [t.call(MLOCKALL, how)[0] for how in (0, 4, 8)] == [EINVAL] * 3
    assert t.call(MLOCKALL, CURRENT)[0] == 0
    assert wired(t) == [(0, 64, True, 64)]
    assert t.call(MUNLOCKALL)[0] == 0
    assert wired(t) == [(0, 64, False, 64)]
    assert t.call(MLOCKALL, FUTURE)[0] == 0
    assert wired(t) == [(0, 64, False, 64)]
    new = 0x34000000
    for prot, kept in ((3, (True, 1)), (0, (False, 0))):
        t.call(MMAP, new, PAGE, prot, 0x1012, -1, 0)
        assert wired(t, new) == [(0, 1, *kept)]
    t.call(MUNLOCKALL)
    t.call(MMAP, new, PAGE, 3, 0x1012, -1, 0)
    assert wired(t, new) == [(0, 1, False, 0)]


def test_what_is_in_memory(t: Held) -> None:
    """A byte for each page: there, used and written, by this process and by any."""
    for page in (0, 2):
        t.call(MLOCK, ROOM + page * PAGE, PAGE)
    assert t.call(MINCORE, ROOM, 4 * PAGE, BUFFER)[0] == 0
    assert t.read(BUFFER, 4) == bytes([0x1F, 0, 0x1F, 0])
    assert [t.call(MINCORE, start, size, BUFFER)[0] for start, size in (
        (ROOM + 60 * PAGE, 10 * PAGE), (NOWHERE, PAGE), (-PAGE, PAGE), (ROOM, 0))] == [
        ENOMEM, ENOMEM, ENOMEM, 0]
    assert t.call(MINCORE, ROOM, PAGE, 8)[0] == EFAULT
