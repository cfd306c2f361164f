"""Contexts that a program saves and goes back to: getcontext(2), swapcontext(2)."""

from __future__ import annotations

import struct

import pytest

from .held import ROOM, Held

pytestmark = pytest.mark.privileged

FIRST, SECOND = ROOM + 0x1000, ROOM + 0x2000
GETCONTEXT, SETCONTEXT, SWAPCONTEXT = 421, 422, 423
EFAULT, EINVAL = 14, 22
EJUSTRETURN = -2
"""What a debugger is told of a call that leaves the registers as they are to be."""
LENGTH, FLAGS = 16 + 200, 16 + 144
RAX, RDX, RFLAGS = (16 + at for at in (56, 24, 176))
SAVED = 816


def word(data: bytes, at: int) -> int:
    value: int = struct.unpack_from("<Q", data, at)[0]
    return value


def test_a_context_is_what_the_call_returns_to(t: Held) -> None:
    """With 0 and no carry, the mask of signals in front; what is behind is not written."""
    t.write(FIRST, b"\xff" * 0x400)
    assert t.call(GETCONTEXT, FIRST)[0] == 0
    saved = t.read(FIRST, 0x400)
    assert saved[:16] == bytes(16)
    assert (word(saved, RAX), word(saved, RDX), word(saved, RFLAGS) & 1) == (0, 0, 0)
    assert word(saved, LENGTH) == 800
    assert saved[SAVED:] == b"\xff" * (0x400 - SAVED)


def test_a_context_brings_its_mask(t: Held) -> None:
    """Without what cannot be blocked."""
    t.call(GETCONTEXT, FIRST)
    t.write(FIRST, b"\xff" * 16)
    assert t.call(SETCONTEXT, FIRST)[0] == EJUSTRETURN
    assert t.call(GETCONTEXT, SECOND)[0] == 0
    blocked = word(t.read(SECOND, 16), 0)
    assert blocked == (1 << 64) - 1 & ~(1 << 8 | 1 << 16)


def test_contexts_are_swapped(t: Held) -> None:
    t.call(GETCONTEXT, FIRST)
    t.write(FIRST, struct.pack("<Q", 1 << 29))
    assert t.call(SWAPCONTEXT, SECOND, FIRST)[0] == EJUSTRETURN
    assert word(t.read(SECOND, 16), 0) == 0
    t.call(GETCONTEXT, SECOND)
    assert word(t.read(SECOND, 16), 0) == 1 << 29


def test_what_is_no_context(t: Held) -> None:
    """EINVAL for none at all, for another length, and for flags that there are not."""
    assert [t.call(number, 0, 0)[0] for number in (GETCONTEXT, SETCONTEXT, SWAPCONTEXT)] == [
        EINVAL] * 3
    assert [t.call(number, 8, 8)[0] for number in (GETCONTEXT, SETCONTEXT, SWAPCONTEXT)] == [
        EFAULT] * 3
    t.call(GETCONTEXT, FIRST)
    good = t.read(FIRST, SAVED)
    for at, form, value in ((LENGTH, "<Q", 799), (FLAGS, "<I", 0x80)):
        bad = bytearray(good)
        struct.pack_into(form, bad, at, value)
        t.write(FIRST, bytes(bad))
        assert t.call(SETCONTEXT, FIRST)[0] == EINVAL
    bad = bytearray(good)
    struct.pack_into("<Q", bad, RFLAGS, 1 << 63 | 0x3000)
    t.write(FIRST, bytes(bad))
    assert t.call(SETCONTEXT, FIRST)[0] == EJUSTRETURN, "what may not be changed is left alone"
