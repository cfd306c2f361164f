"""Clocks that programs set, steer and name."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .conftest import EACH_USER
from .held import ROOM, Held

pytestmark = [pytest.mark.privileged, EACH_USER]

BUFFER = ROOM + 0x2000
SETTIMEOFDAY, ADJTIME, NTP_ADJTIME, CLOCK_GETTIME, CLOCK_SETTIME = (
    122, 140, 176, 232, 233)
CPUCLOCKID, NTP_GETTIME, FFCLOCK = 247, 248, 241
EPERM, ESRCH, EFAULT, EINVAL, ENOSYS = 1, 3, 14, 22, 78
TIME_ERROR = 5


def put(t: Held, first: int, second: int) -> int:
    t.write(BUFFER, struct.pack("<qq", first, second))
    return BUFFER


def test_only_root_sets_the_time(t: Held, uid: int | None) -> None:
    """Whether one may is asked before the time is looked at, but behind the program's memory."""
    refused = EPERM if uid else EINVAL
    assert t.call(CLOCK_SETTIME, 0, 8)[0] == t.call(SETTIMEOFDAY, 8, 0)[0] == EFAULT
    assert t.call(CLOCK_SETTIME, 0, put(t, 0, -1))[0] == refused
    assert t.call(CLOCK_SETTIME, 0, put(t, 0, 10**9))[0] == refused
    assert t.call(CLOCK_SETTIME, 4, put(t, 10**9, 0))[0] == refused
    assert t.call(CLOCK_SETTIME, 0, put(t, 8001 * 365 * 86400, 0))[0] == refused
    assert t.call(SETTIMEOFDAY, put(t, -1, 0), 0)[0] == refused
    assert t.call(SETTIMEOFDAY, put(t, 0, 10**6), 0)[0] == refused
    assert t.call(SETTIMEOFDAY, 0, 0)[0] == (EPERM if uid else 0)


def test_an_adjustment_is_remembered(t: Held, uid: int | None) -> None:
    """Everybody may ask for it, root alone gives one."""
    assert t.call(ADJTIME, 8, 0)[0] == t.call(ADJTIME, 0, 8)[0] == EFAULT
    assert t.call(ADJTIME, put(t, 0, 0), 0)[0] == (EPERM if uid else 0)
    t.write(BUFFER, b"x" * 16)
    assert t.call(ADJTIME, 0, BUFFER)[0] == 0
    assert t.read(BUFFER, 16) == bytes(16)


def test_nobody_told_the_kernel_the_time(t: Held, uid: int | None) -> None:
    t.write(BUFFER, bytes(256))
    assert t.call(NTP_ADJTIME, BUFFER) == (0, TIME_ERROR)
    assert t.call(NTP_GETTIME, BUFFER) == (0, TIME_ERROR)
    assert struct.unpack_from("<i", t.read(BUFFER, 48), 40)[0] == TIME_ERROR
    t.write(BUFFER, struct.pack("<I", 1) + bytes(252))
    if uid:
        assert t.call(NTP_ADJTIME, BUFFER)[0] == EPERM


def test_the_clocks_of_processes_and_threads(t: Held, kernel: Kernel) -> None:
    """A process has to be there, a thread only when the clock is looked at; that has to be
    one of the caller's."""
    assert [t.call(CPUCLOCKID, id, which, BUFFER)[0] for id, which in (
        (t.pid, 0), (0, 0), (99999, 0), (0, 1), (1, 1), (0, 9))] == [
        0, 0, ESRCH, 0, 0, EINVAL]

    def named(id: int, which: int) -> int:
        t.call(CPUCLOCKID, id, which, BUFFER)
        clock: int = struct.unpack("<i", t.read(BUFFER, 4))[0]
        return clock

    own = named(0, 0)
    assert own == named(t.pid, 0) < 0
    assert [t.call(CLOCK_GETTIME, clock, BUFFER)[0] for clock in (
        own, named(1, 0), named(0, 1), named(1, 1), own | 0x3FFFFFFF)] == [
        0, 0, 0, EINVAL, EINVAL]


def test_there_are_no_feed_forward_clocks(t: Held) -> None:
    assert {t.call(FFCLOCK + n, BUFFER)[0] for n in range(3)} == {ENOSYS}
