"""Memory that stays where it is, and is written back: mlock(2), mlockall(2) and msync(2) as
NetBSD and DragonFly have them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from .remote import FLAVOURS, SISTERS, Remote

PAGE = 4096
ROOM = 0x30000000
NEW = 0x38000000
NOWHERE = 0x10000000
USER = 1001
FIXED, ANON, PRIVATE = 0x10, 0x1000, 2
MEMLOCK, CURRENT, FUTURE = 6, 1, 2
ASYNC, INVALIDATE, SYNC = 1, 2, 4
LAST = -PAGE
"""The last page of all."""


def mapped(remote: Remote, at: int = ROOM, pages: int = 16, prot: int = 3) -> str:
    """The error of mapping some pages; "" for none."""
    error, _ = remote.attempt("mmap", at, pages * PAGE, prot, FIXED | ANON | PRIVATE, -1, 0, 0)
    return remote.name(error) if error else ""


def of_user(system: str) -> Iterator[Remote]:
    """A user's program with sixteen pages."""
    with FLAVOURS[system].kernel() as k:
        remote = Remote(k, USER)
        assert mapped(remote) == ""
        yield remote


@pytest.fixture(params=SISTERS)
def user(request: pytest.FixtureRequest) -> Iterator[Remote]:
    yield from of_user(request.param)


@pytest.fixture
def netbsd() -> Iterator[Remote]:
    yield from of_user("netbsd")


@pytest.fixture
def dragonfly() -> Iterator[Remote]:
    yield from of_user("dragonfly")


def page(number: int) -> int:
    return ROOM + number * PAGE


def wired(remote: Remote) -> int:
    """Pages that the program keeps."""
    space = remote.kernel._system.procs[remote.pid].space
    assert space is not None
    return space.wired


def outcome(remote: Remote, call: str, *args: int) -> str:
    error, _ = remote.attempt(call, *args)
    return remote.name(error) if error else ""


def test_whole_pages_are_kept_until_they_are_given_back(user: Remote) -> None:
    assert outcome(user, "mlock", page(2) + 10, 2 * PAGE) == ""
    assert wired(user) == 3
    assert outcome(user, "munlock", page(3), PAGE) == ""
    assert wired(user) == 2
    assert outcome(user, "munlockall") == ""
    assert wired(user) == 0


def test_holes_and_what_nobody_may_touch(user: Remote) -> None:
    user.call("mprotect", page(5), PAGE, 0)
    behind = "EINVAL" if user.system == "netbsd" else "ENOMEM"
    assert outcome(user, "mlock", page(14), 4 * PAGE) == behind
    assert outcome(user, "mlock", page(5), PAGE) == behind
    assert outcome(user, "mlock", NOWHERE, PAGE) == "ENOMEM"
    assert outcome(user, "mlock", LAST, 2 * PAGE) == "EINVAL"
    assert outcome(user, "mlock", page(0), 0) == ""
    assert wired(user) == 0


def test_what_was_not_kept_is_not_given_back(user: Remote) -> None:
    user.call("mlock", page(0), 2 * PAGE)
    behind = "EINVAL" if user.system == "netbsd" else "ENOMEM"
    assert outcome(user, "munlock", page(1), 2 * PAGE) == behind
    assert outcome(user, "munlock", NOWHERE, PAGE) == "ENOMEM"
    assert outcome(user, "munlock", page(9), 0) == ""
    assert wired(user) == 2


def test_the_limit(user: Remote) -> None:
    """Of what is kept already and what is to be, though it may be the same."""
    over = "EAGAIN" if user.system == "netbsd" else "ENOMEM"
    user.call("setrlimit", MEMLOCK, struct.pack("<qq", 4 * PAGE, 4 * PAGE))
    assert outcome(user, "mlock", page(0), 5 * PAGE) == over
    assert outcome(user, "mlock", page(0), 3 * PAGE) == ""
    assert outcome(user, "mlock", page(0), 2 * PAGE) == over
    assert outcome(user, "mlock", page(8), PAGE) == ""


def test_the_limit_of_all_together(user: Remote) -> None:
    assert outcome(user, "mlock", page(0), 1 << 40) == "EAGAIN"


# -- everything -------------------------------------------------------------------------
def test_netbsd_keeps_all_that_is_mapped(netbsd: Remote) -> None:
    assert [outcome(netbsd, "mlockall", how) for how in (0, 4, 8)] == ["EINVAL"] * 3
    assert outcome(netbsd, "mlockall", CURRENT) == ""
    assert wired(netbsd) >= 16
    assert outcome(netbsd, "munlockall") == ""
    assert wired(netbsd) == 0


def test_netbsd_keeps_what_will_be_mapped(netbsd: Remote) -> None:
    """Also where what is mapped was too much to be kept."""
    netbsd.call("setrlimit", MEMLOCK, struct.pack("<qq", 4 * PAGE, 4 * PAGE))
    assert outcome(netbsd, "mlockall", CURRENT | FUTURE) == "ENOMEM"
    assert mapped(netbsd, NEW, 2) == ""
    assert wired(netbsd) == 2
    assert mapped(netbsd, NEW + 2 * PAGE, 3) == "ENOMEM"
    assert mapped(netbsd, NEW + 2 * PAGE, 3, prot=0) == ""
    netbsd.call("munlockall")
    assert mapped(netbsd, NEW + 2 * PAGE, 3) == ""
    assert wired(netbsd) == 0


def test_a_limit_of_nothing_is_none_for_all(netbsd: Remote) -> None:
    netbsd.call("setrlimit", MEMLOCK, struct.pack("<qq", 0, 0))
    assert outcome(netbsd, "mlock", page(0), PAGE) == "EAGAIN"
    assert outcome(netbsd, "mlockall", CURRENT) == ""


def test_dragonfly_keeps_what_will_be_mapped_for_root(dragonfly: Remote) -> None:
    """And what is mapped for nobody: the kernel lacks it."""
    assert outcome(dragonfly, "mlockall", 4) == "EINVAL"
    assert outcome(dragonfly, "mlockall", FUTURE) == "EPERM"
    root = Remote(dragonfly.kernel)
    assert outcome(root, "mlockall", CURRENT | FUTURE) == "ENOSYS"
    assert mapped(root, NEW, 2) == ""
    assert wired(root) == 0
    assert outcome(root, "mlockall", FUTURE) == ""
    assert mapped(root, NEW, 2) == ""
    assert wired(root) == 2


# -- msync ----------------------------------------------------------------------------
def test_flags_of_msync(user: Remote) -> None:
    found = [outcome(user, "msync", page(0), PAGE, flags) for flags in range(9)]
    bad = ({0, 5, 7, 8} if user.system == "netbsd" else {3, 7})
    assert found == ["EINVAL" if flags in bad else "" for flags in range(9)]


def test_all_of_a_range_has_to_be_there(user: Remote) -> None:
    hole = "EFAULT" if user.system == "netbsd" else "EINVAL"
    assert outcome(user, "msync", page(14), 4 * PAGE, SYNC) == hole
    assert outcome(user, "msync", NOWHERE, PAGE, SYNC) == hole
    assert outcome(user, "msync", NOWHERE, 0, SYNC) == "EINVAL"
    assert outcome(user, "msync", page(3), 0, SYNC) == ""
    assert outcome(user, "msync", LAST, 2 * PAGE, SYNC) == "EINVAL"


def test_what_is_kept_is_not_thrown_away_on_netbsd(user: Remote) -> None:
    user.call("mlock", page(0), PAGE)
    assert outcome(user, "msync", page(0), PAGE, SYNC | INVALIDATE) == (
        "EBUSY" if user.system == "netbsd" else "")
