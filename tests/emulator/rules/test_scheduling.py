"""Priorities and scheduling policies, which programs may ask about and wish for."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import ROOM, Held, record

pytestmark = pytest.mark.privileged

SETPRIORITY, GETPRIORITY, RTPRIO, RTPRIO_THREAD = 96, 100, 166, 466
SETPARAM, GETPARAM, SETSCHEDULER, GETSCHEDULER = range(327, 331)
MOST, LEAST, INTERVAL = 332, 333, 334
SETUID = 23
ESRCH, EACCES, EFAULT, EINVAL, EPERM = 3, 13, 14, 22, 1
NOBODY = 99999
REALTIME, TIMESHARE, IDLE, FIFO = 2, 3, 4, 10


def rtprio(t: Held, set: int, who: int = 0, kind: int = 0, level: int = 0,
           number: int = RTPRIO) -> tuple[int, tuple[int, int]]:
    t.write(ROOM, struct.pack("<HH", kind, level))
    errno, _ = t.call(number, set, who, ROOM)
    kind, level = struct.unpack("<HH", t.read(ROOM, 4))
    return errno, (kind, level)


def schedule(t: Held, policy: int, level: int, who: int = 0) -> int:
    t.write(ROOM, struct.pack("<i", level))
    return t.call(SETSCHEDULER, who, policy, ROOM)[0]


def standing(t: Held) -> tuple[int, int]:
    """Policy and priority."""
    t.call(GETPARAM, 0, ROOM)
    return t.call(GETSCHEDULER, 0)[1], struct.unpack("<i", t.read(ROOM, 4))[0]


# -- nice ------------------------------------------------------------------------
@pytest.mark.parametrize(("nice", "is_then"), [
    (5, 5), (20, 20), (100, 20), (-20, -20), (-100, -20), (0, 0), (-1, -1), (-2, -2)])
def test_nice_is_bounded(t: Held, kernel: Kernel, nice: int, is_then: int) -> None:
    assert t.call(SETPRIORITY, 0, 0, nice)[0] == 0
    assert t.call(GETPRIORITY, 0, t.pid) == (0, is_then)
    assert record(kernel, t.pid)["ki_nice"] == is_then


@pytest.mark.parametrize(("which", "who", "errno"), [
    (0, NOBODY, ESRCH), (1, NOBODY, ESRCH), (2, 4711, ESRCH), (0, -1, ESRCH), (1, -1, ESRCH),
    (-1, 0, EINVAL), (3, 0, EINVAL), (3, NOBODY, EINVAL)])
def test_whose_nice_there_is_not(t: Held, which: int, who: int, errno: int) -> None:
    assert t.call(GETPRIORITY, which, who)[0] == t.call(SETPRIORITY, which, who, 0)[0] == errno


def test_of_several_the_lowest_counts(t: Held, hold: Hold) -> None:
    """A group's, and all of a user's."""
    other = hold("spin")
    t.call(SETPRIORITY, 0, other.pid, -3)
    assert t.call(GETPRIORITY, 0, 0) == (0, 0)
    assert t.call(GETPRIORITY, 1, 0) == t.call(GETPRIORITY, 2, 0) == (0, -3)


def test_users_are_only_nicer(t: Held, kernel: Kernel) -> None:
    """And only to processes of theirs."""
    t.call(SETUID, 1001)
    assert [t.call(SETPRIORITY, 0, 0, nice)[0] for nice in (4, 4, 3, 5)] == [0, 0, EACCES, 0]
    assert t.call(SETPRIORITY, 0, kernel.getpid(), 5)[0] == EPERM
    assert t.call(SETPRIORITY, 0, NOBODY, 5)[0] == ESRCH


# -- rtprio -------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [REALTIME, IDLE, FIFO, IDLE | 8])
@pytest.mark.parametrize("level", [0, 5, 31])
def test_a_class_and_a_level(t: Held, kernel: Kernel, kind: int, level: int) -> None:
    """One's own thread tells them; of a process with a policy of first in,
    first out the least is told that there is."""
    assert rtprio(t, 1, 0, kind, level)[0] == 0
    assert rtprio(t, 0) == rtprio(t, 0, number=RTPRIO_THREAD) == (0, (kind, level))
    assert rtprio(t, 0, t.pid) == (0, (IDLE, 31) if kind & 8 else (kind, level))
    shown = record(kernel, t.pid)["ki_pri"]
    assert isinstance(shown, dict)
    assert shown["pri_class"] == kind
    if kind & 7 == REALTIME:                # what shares the time lends to the idle
        assert shown["pri_user"] == 48 + level


@pytest.mark.parametrize(("kind", "level"), [
    (REALTIME, 32), (IDLE, 32), (FIFO, 32), (TIMESHARE, 104), (TIMESHARE | 8, 104), (0, 0),
    (1, 0), (5, 0), (8, 0), (REALTIME, 65535)])
def test_levels_that_there_are_not(t: Held, kind: int, level: int) -> None:
    assert rtprio(t, 1, 0, kind, level)[0] == EINVAL
    assert rtprio(t, 0)[1][0] == TIMESHARE


def test_whose_class_there_is_not(t: Held, kernel: Kernel) -> None:
    """What is to be set is looked at behind the right to set it."""
    for number in (RTPRIO, RTPRIO_THREAD):
        assert [rtprio(t, set, NOBODY, TIMESHARE, number=number)[0]
                for set in (0, 1, 2)] == [ESRCH] * 3
        assert [rtprio(t, set, number=number)[0] for set in (2, -1)] == [EINVAL] * 2
        assert [t.call(number, set, 0, 0)[0] for set in (0, 1)] == [EFAULT] * 2
        assert t.call(number, 1, NOBODY, 0)[0] == ESRCH
    assert rtprio(t, 0, t.pid, number=RTPRIO_THREAD)[0] == ESRCH, "no thread"


def test_users_have_no_class_but_the_common_one(t: Held, kernel: Kernel) -> None:
    t.call(SETUID, 1001)
    assert [rtprio(t, 1, 0, kind)[0] for kind in (REALTIME, FIFO, IDLE, TIMESHARE)] == [
        EPERM, EPERM, EPERM, 0]
    assert rtprio(t, 1, 0, REALTIME, 99)[0] == EPERM
    assert [schedule(t, policy, 0) for policy in (1, 2, 3, 0)] == [EPERM] * 4
    t.write(ROOM, struct.pack("<i", 5))
    assert t.call(SETPARAM, 0, ROOM)[0] == 0
    assert t.call(SETPARAM, kernel.getpid(), ROOM)[0] == EPERM


# -- POSIX ------------------------------------------------------------------------------
def test_what_policies_have(t: Held) -> None:
    assert [t.call(MOST, policy) for policy in (1, 2, 3)] == [(0, 31), (0, 103), (0, 31)]
    assert [t.call(LEAST, policy) for policy in (1, 2, 3)] == [(0, 0)] * 3
    assert {t.call(number, policy)[0] for number in (MOST, LEAST) for policy in (0, 4)} == {EINVAL}
    assert t.call(INTERVAL, 0, ROOM)[0] == 0
    seconds, part = struct.unpack("<qq", t.read(ROOM, 16))
    assert (seconds, 70_000_000 <= part <= 100_000_000) == (0, True)


@pytest.mark.parametrize(("policy", "kind"), [(1, FIFO), (3, REALTIME)])
@pytest.mark.parametrize("level", [0, 1, 31])
def test_a_policy_is_a_class_upside_down(t: Held, policy: int, kind: int, level: int) -> None:
    assert schedule(t, policy, level) == 0
    assert standing(t) == (policy, level)
    assert rtprio(t, 0) == (0, (kind, 31 - level))


@pytest.mark.parametrize(("policy", "level"), [
    (1, -1), (1, 32), (3, -1), (3, 32), (2, -1), (2, 104), (0, 0), (4, 0)])
def test_policies_that_there_are_not(t: Held, policy: int, level: int) -> None:
    assert schedule(t, 3, 7) == 0
    assert schedule(t, policy, level) == EINVAL
    assert standing(t) == (3, 7)


def test_a_parameter_is_within_its_policy(t: Held) -> None:
    def set(level: int) -> int:
        t.write(ROOM, struct.pack("<i", level))
        return t.call(SETPARAM, 0, ROOM)[0]

    assert set(103) == 0
    assert standing(t)[0] == 2
    schedule(t, 3, 0)
    assert [set(level) for level in (5, 32, -1)] == [0, EINVAL, EINVAL]
    assert standing(t) == (3, 5)


def test_whose_policy_there_is_not(t: Held) -> None:
    """What cannot be read is said before that there is nobody."""
    assert schedule(t, 1, 0, NOBODY) == t.call(SETPARAM, NOBODY, ROOM)[0] == ESRCH
    assert t.call(SETPARAM, NOBODY, 0)[0] == t.call(SETSCHEDULER, NOBODY, 1, 0)[0] == EFAULT
    assert t.call(GETPARAM, NOBODY, 0)[0] == t.call(GETSCHEDULER, NOBODY)[0] == ESRCH
    assert t.call(GETPARAM, 0, 0)[0] == t.call(INTERVAL, 0, 0)[0] == EFAULT
    assert t.call(GETSCHEDULER, -1)[0] == t.call(INTERVAL, NOBODY, 0)[0] == ESRCH
