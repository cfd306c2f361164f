"""Reapers: what they count, list and signal."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import pytest

from bsdproc.kernel import Kernel

from .held import WUNTRACED, children, finish, how, record, until

pytestmark = pytest.mark.privileged

ACQUIRE, RELEASE, STATUS, GETPIDS, KILL = range(2, 7)
VALID, CHILD, REAPER = 1, 2, 4
CHILDREN, SUBTREE = 1, 2
SIGKILL, SIGCONT, ZOMBIE = 9, 19, 5


class Reaper:
    """The test's own process as one."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        kernel.procctl(0, 0, ACQUIRE, 0)

    def status(self, pid: int = 0) -> tuple[int, ...]:
        """Flags, children, descendants, the reaper's pid."""
        buffer = self.kernel.buffer(80)
        self.kernel.procctl(0, pid, STATUS, buffer)
        return struct.unpack_from("<IIIi", buffer.read())

    def pids(self, room: int = 20, pid: int = 0) -> dict[int, tuple[int, int]]:
        """By pid: subtree and flags, of the entries that are valid."""
        entries = self.kernel.buffer(72 * max(room, 1))
        request = self.kernel.buffer(struct.pack("<I60xQ", room, entries.address))
        self.kernel.procctl(0, pid, GETPIDS, request)
        found = (struct.unpack_from("<iiI", entries.read(), 72 * i) for i in range(room))
        return {one: (subtree, flags) for one, subtree, flags in found if flags & VALID}

    def kill(self, signal: int, flags: int = 0, subtree: int = 0, pid: int = 0) -> tuple[
            str, int, int]:
        """The errno's name, how many were signalled, the first that failed."""
        request = self.kernel.buffer(struct.pack("<iIiIi60x", signal, flags, subtree, 0x55, 0x66))
        name = how(lambda: self.kernel.procctl(0, pid, KILL, request))
        killed, first = struct.unpack_from("<Ii", request.read(), 12)
        return name, killed, first

    def close(self) -> None:
        for _ in range(5):
            finish(self.kernel, self.pids())
        self.kernel.procctl(0, 0, RELEASE, 0)


@pytest.fixture
def reaper(kernel: Kernel) -> Iterator[Reaper]:
    reaper = Reaper(kernel)
    yield reaper
    reaper.close()


@pytest.fixture
def tree(kernel: Kernel, tracee: Callable[[str], str]) -> Callable[..., int]:
    path = tracee("tree")

    def start(*argv: str) -> int:
        pid = kernel.spawn(path, [path, *argv], {})
        kernel.wait4(pid, WUNTRACED)
        return pid

    return start


def test_nothing_is_acquired_twice(kernel: Kernel, reaper: Reaper) -> None:
    assert how(lambda: kernel.procctl(0, 0, ACQUIRE, 0)) == "EBUSY"
    assert how(lambda: kernel.procctl(0, 1, ACQUIRE, 0)) == "EPERM"


def test_an_inner_reaper_s_descendants_are_its_own(
    kernel: Kernel, reaper: Reaper, tree: Callable[..., int]
) -> None:
    """The outer one lists and counts the inner one, not what is below it."""
    root = tree("reaper")
    outer = reaper.pids()
    inner, = (pid for pid, (_, flags) in outer.items() if flags & REAPER)
    assert outer[root] == (root, VALID | CHILD), "13.2 does not tell that it is stopped"
    assert outer[inner][0] == root
    assert reaper.status()[1:3] == (1, 2)
    assert reaper.status(inner)[1:3] == (1, 1)
    assert len(reaper.pids(pid=inner)) == 1


def test_a_signal_reaches_inner_reapers_too(reaper: Reaper, tree: Callable[..., int]) -> None:
    root = tree("reaper")
    assert reaper.kill(SIGCONT) == ("", 3, -1)
    assert reaper.kill(SIGCONT, SUBTREE, 99998) == ("ESRCH", 0, -1)
    assert root in reaper.pids()


def test_children_alone(
    kernel: Kernel, reaper: Reaper, tree: Callable[..., int]
) -> None:
    """ESRCH although it did."""
    tree("flat", "2")
    living = [pid for pid in children(kernel) if record(kernel, pid)["ki_stat"] != ZOMBIE]
    assert reaper.kill(SIGCONT, CHILDREN) == ("ESRCH", len(living), -1)
    assert len(reaper.pids()) > len(living)


def test_a_zombie_is_listed_but_not_counted_among_the_signalled(
    kernel: Kernel, reaper: Reaper, tree: Callable[..., int]
) -> None:
    root = tree("zombie")
    zombie, = (pid for pid in reaper.pids() if pid != root)
    assert record(kernel, zombie)["ki_stat"] == ZOMBIE
    assert reaper.pids()[zombie] == (root, VALID)
    assert reaper.status()[1:3] == (1, 2)
    assert reaper.kill(SIGCONT) == ("", 1, -1)


def test_an_orphan_becomes_the_reaper_s_child(
    kernel: Kernel, reaper: Reaper, tree: Callable[..., int]
) -> None:
    root = tree("orphan")
    orphan, = (pid for pid in reaper.pids() if pid != root)
    assert record(kernel, orphan)["ki_ppid"] == kernel.getpid()
    assert reaper.pids()[orphan][1] & CHILD
    assert reaper.status()[1:3] == (2, 2)


def test_room_for_fewer_gives_fewer(reaper: Reaper, tree: Callable[..., int]) -> None:
    tree("flat", "3")
    assert [len(reaper.pids(room)) for room in (0, 1, 3, 4, 9)] == [0, 1, 3, 4, 4]


@pytest.mark.parametrize(("signal", "flags", "subtree"), [
    (0, 0, 0), (-1, 0, 0), (129, 0, 0), (SIGKILL, 3, 0), (SIGKILL, 4, 0), (SIGKILL, 0, 99998),
])
def test_bad_requests_leave_the_record_alone(
    reaper: Reaper, tree: Callable[..., int], signal: int, flags: int, subtree: int
) -> None:
    """EINVAL, also for a subtree without its flag."""
    tree("flat", "1")
    expected = ("", 2, -1) if subtree else ("EINVAL", 0x55, 0x66)
    assert reaper.kill(signal, flags, subtree) == expected


def test_a_user_signals_none_of_root_s(
    kernel: Kernel, reaper: Reaper, tracee: Callable[[str], str]
) -> None:
    """EPERM with the first that refused; the user's own process is signalled."""
    path = tracee("sleeper")
    pid = kernel.spawn(path, [path], {})
    until(kernel, lambda: record(kernel, pid)["ki_stat"] == 3)

    def child(k: Kernel) -> tuple[str, int, int]:
        request = k.buffer(struct.pack("<iIiIi60x", SIGCONT, 0, 0, 0, 0))
        name = how(lambda: k.procctl(0, 0, KILL, request))
        killed, first = struct.unpack_from("<Ii", request.read(), 12)
        return name, killed, first

    assert tuple(kernel.run_child(child, uid=1001)) == ("EPERM", 1, pid)
