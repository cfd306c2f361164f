"""Sets of processors and of memory's domains: cpuset(2)."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .conftest import EACH_USER
from .held import ROOM, Held

pytestmark = [pytest.mark.privileged, EACH_USER]

BUFFER = ROOM + 0x2000
CPUSET, SETID, GETID, GETDOMAIN, SETDOMAIN = 484, 485, 486, 561, 562
LEVEL_ROOT, LEVEL_CPUSET, LEVEL_WHICH = 1, 2, 3
WHICH_TID, WHICH_PID, WHICH_CPUSET, WHICH_TIDPID = 1, 2, 3, 9
EPERM, ESRCH, EDEADLK, EFAULT, EINVAL, ERANGE = 1, 3, 11, 14, 22, 34


def own(t: Held) -> int:
    t.call(GETID, LEVEL_CPUSET, WHICH_PID, -1, BUFFER)
    number: int = struct.unpack("<i", t.read(BUFFER, 4))[0]
    return number


def test_a_set_of_one_s_own(t: Held, uid: int | None) -> None:
    """Any process may make one and go back to one that there is; one without anybody goes."""
    assert t.call(CPUSET, 8)[0] == EFAULT
    assert t.call(CPUSET, BUFFER)[0] == 0
    made = struct.unpack("<i", t.read(BUFFER, 4))[0]
    assert own(t) == made > 2
    assert t.call(CPUSET, BUFFER)[0] == 0
    other = own(t)
    assert other not in (made, 1)
    assert t.call(SETID, WHICH_PID, -1, made)[0] == ESRCH, "nobody is in it any more"
    for number in (0, 1):
        assert t.call(SETID, WHICH_PID, t.pid, number)[0] == 0
        assert own(t) == number
    assert [t.call(SETID, which, id, 1)[0] for which, id in (
        (WHICH_TID, -1), (WHICH_PID, 99999), (WHICH_PID, 1))] == [
        EINVAL, ESRCH, EPERM if uid else 0]
    assert t.call(SETID, WHICH_PID, -1, 999)[0] == ESRCH


def test_the_only_domain(t: Held, kernel: Kernel) -> None:
    """8 to 32 bytes of a mask."""
    assert [t.call(GETDOMAIN, LEVEL_WHICH, WHICH_PID, -1, size, BUFFER, ROOM)[0]
            for size in (0, 7, 8, 31, 32, 33)] == [ERANGE, ERANGE, 0, 0, 0, ERANGE]
    assert t.read(BUFFER, 32) == b"\1" + bytes(31)
    assert 1 <= struct.unpack("<i", t.read(ROOM, 4))[0] <= 4
    assert [t.call(GETDOMAIN, *of, -1, 32, BUFFER, ROOM)[0] for of in (
        (LEVEL_ROOT, WHICH_TID), (LEVEL_CPUSET, WHICH_CPUSET), (LEVEL_WHICH, WHICH_TIDPID),
        (9, WHICH_TID))] == [0, 0, 0, EINVAL]
    assert t.call(GETDOMAIN, LEVEL_WHICH, WHICH_PID, -1, 32, BUFFER, 8)[0] == EFAULT


def test_setting_domains(t: Held, uid: int | None) -> None:
    """The size, the policy and the mask, in this order; others than the caller are not for
    everybody, and the root set is for nobody."""

    def set(policy: int, size: int = 32, mask: int = 1, level: int = LEVEL_WHICH,
            which: int = WHICH_PID) -> int:
        t.write(BUFFER, struct.pack("<Q", mask) + bytes(56))
        return t.call(SETDOMAIN, level, which, -1, size, BUFFER, policy)[0]

    def told(level: int, which: int) -> int:
        assert t.call(GETDOMAIN, level, which, -1, 32, BUFFER, ROOM)[0] == 0
        policy: int = struct.unpack("<i", t.read(ROOM, 4))[0]
        return policy

    everybodys = told(LEVEL_CPUSET, WHICH_PID)
    assert [set(policy) for policy in range(6)] == [EINVAL, 0, 0, 0, 0, EINVAL]
    for policy in (1, 2):
        set(policy)
        assert told(LEVEL_WHICH, WHICH_PID) == told(LEVEL_WHICH, WHICH_TID) == policy
        assert told(LEVEL_CPUSET, WHICH_PID) == everybodys
    assert set(0, 33) == ERANGE
    assert set(1, mask=0) == EDEADLK
    assert set(1, mask=2) == EINVAL
    assert set(1, level=LEVEL_ROOT) == EPERM
    t.call(CPUSET, BUFFER)
    for level, which in ((LEVEL_CPUSET, WHICH_PID), (LEVEL_WHICH, WHICH_CPUSET)):
        assert set(1, level=level, which=which) == (EPERM if uid else 0)
    if not uid:
        t.call(GETDOMAIN, LEVEL_CPUSET, WHICH_PID, -1, 32, BUFFER, ROOM)
        assert t.read(ROOM, 4) == struct.pack("<i", 1)
