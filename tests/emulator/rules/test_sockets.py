"""Sockets that are waited for."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .held import record
from .tracee import DATA, Bring, Tracee, call

READ, WRITE, FORK, EXIT, NANOSLEEP, SOCKETPAIR, CLOSE = 3, 4, 2, 1, 240, 135, 6
SENDTO, MSG_NOSIGNAL, EPIPE, EINTR, SIGPIPE = 133, 0x20000, 32, 4, 13
LOCAL, STREAM = 1, 1
PAIR, ROOM, NAP = DATA + 0x100, DATA + 0x400, DATA + 0x200


@pytest.fixture
def t(kernel: Kernel, tracee: Bring) -> Tracee:
    return Tracee.with_room(kernel, tracee("spin"))


def pair(t: Tracee) -> tuple[int, int]:
    t.run(call(SOCKETPAIR, LOCAL, STREAM, 0, PAIR))
    assert t.wait() == "SIGTRAP"
    first, second = struct.unpack("<ii", t.read(PAIR, 8))
    return first, second


def waits_for(t: Tracee) -> bytes:
    message = record(t.k, t.pid)["ki_wmesg"]
    assert isinstance(message, bytes)
    return message.rstrip(b"\0")


def test_a_reader_sleeps_until_something_comes(t: Tracee) -> None:
    first, second = pair(t)
    t.write(NAP, struct.pack("<qq", 1, 0))
    t.write(ROOM, b"hello")
    parent = call(READ, first, ROOM + 64, 10, keep=8) + b"\xcc"
    child = call(NANOSLEEP, NAP, 0) + call(WRITE, second, ROOM, 5) + call(EXIT, 0)
    jump = b"\x85\xc0\x0f\x84" + struct.pack("<I", len(parent))     # test eax, eax; jz
    t.run(call(FORK) + jump + parent + child)
    t.k.settle(0.5)
    assert waits_for(t) == b"sbwait"
    assert t.wait() == "SIGTRAP"
    assert (t.kept(8), t.read(ROOM + 64, 5)) == (5, b"hello")


def test_a_suppressed_signal_ends_the_call(t: Tracee) -> None:
    """What started the program has set actions without SA_RESTART."""
    first, _ = pair(t)
    t.run(call(READ, first, ROOM, 10))
    assert t.news() == ""
    t.kill("SIGUSR1")
    assert t.wait() == "SIGUSR1"
    t.go()
    assert t.wait() == "SIGTRAP"
    assert t.kept() == EINTR


def test_a_broken_pipe_s_signal_and_who_asks_for_none(t: Tracee) -> None:
    first, second = pair(t)
    t.run(call(CLOSE, second) + call(SENDTO, first, ROOM, 1, MSG_NOSIGNAL, 0, 0, keep=8))
    assert t.wait() == "SIGTRAP"
    assert t.kept(8) == EPIPE
    t.run(call(WRITE, first, ROOM, 1))
    assert t.k.wait4(t.pid).status == SIGPIPE << 8 | 0x7F
