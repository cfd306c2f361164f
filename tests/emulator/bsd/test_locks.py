"""flock(2) and the locks of fcntl(2) on the three emulated systems, as FreeBSD 13.2's and
DragonFly 5.9's kern_lockf.c and kern_descrip.c, and NetBSD 10's vfs_lockf.c and sys_descrip.c
have them."""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest

from .remote import Kernel, Remote

RD, UN, WR = 1, 2, 3
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
GET, SET, WAIT = range(3)
COMMANDS = {"freebsd": 11, "netbsd": 7, "dragonfly": 7}
LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8
O_RDONLY, O_WRONLY, O_RDWR, O_CREAT = 0, 1, 2, 0x200
FLOCK = struct.Struct("<qqihh")


class Found(NamedTuple):
    start: int
    length: int
    pid: int
    type: int
    whence: int


class File:
    """An open file in a remote program."""

    def __init__(self, r: Remote, flags: int = O_RDWR, path: bytes = b"/tmp/file") -> None:
        self.r = r
        self.fd = r.call("open", path + b"\0", flags | O_CREAT, 0o644)

    def _args(self, what: int, type: int, start: int, length: int,
              whence: int) -> tuple[int, int, bytes]:
        return self.fd, COMMANDS[self.r.system] + what, FLOCK.pack(
            start, length, 99, type, whence) + bytes(8)

    def lock(self, type: int, start: int = 0, length: int = 0, whence: int = SEEK_SET,
             what: int = SET) -> str:
        """"" or the errno's name."""
        error, _ = self.r.attempt("fcntl", *self._args(what, type, start, length, whence))
        return self.r.name(error) if error else ""

    def start_lock(self, type: int, start: int = 0, length: int = 0) -> None:
        self.r.start("fcntl", *self._args(WAIT, type, start, length, SEEK_SET))

    def get(self, type: int, start: int = 0, length: int = 0, whence: int = SEEK_SET) -> Found:
        at = self.r.kept
        self.r.poke(at, self._args(GET, type, start, length, whence)[2])
        self.r.call("fcntl", self.fd, COMMANDS[self.r.system] + GET, at)
        return Found(*FLOCK.unpack(self.r.peek(at, FLOCK.size)))


@pytest.fixture
def other(kernel: Kernel, remote: Remote) -> Remote:
    return Remote(kernel)


def test_writers_are_alone_and_readers_are_not(remote: Remote, other: Remote) -> None:
    one, two = File(remote), File(other)
    assert one.lock(RD, 0, 10) == two.lock(RD, 5, 10) == ""
    assert two.lock(WR, 10, 5) == ""
    assert two.lock(WR, 9, 1) == "EAGAIN"
    assert two.get(WR, 0, 3) == (0, 10, remote.pid, RD, SEEK_SET)
    assert two.get(RD, 0, 3) == (0, 3, 99, UN, SEEK_SET)
    assert two.get(WR, 20, 3).type == UN


def test_ranges_are_cut_and_grow(remote: Remote, other: Remote) -> None:
    """lf_overlap's cases: in the middle, at the sides, over several."""
    one, two = File(remote), File(other)
    one.lock(WR, 0, 100)
    one.lock(UN, 40, 20)
    assert (two.get(WR, 0, 0)[:2], two.get(WR, 50, 0)[:2]) == ((0, 40), (60, 40))
    assert two.get(WR, 45, 5).type == UN
    one.lock(RD, 10, 10)
    assert [two.get(WR, at, 1)[:2] for at in (0, 15, 25)] == [(0, 10), (10, 10), (20, 20)]
    assert two.get(RD, 10, 10).type == UN
    one.lock(WR, 5, 60)
    assert two.get(WR, 50, 1)[:2] == (0, 100)
    one.lock(WR, 90)
    assert two.get(WR, 1000, 1)[:2] == (0, 0)


def test_where_ranges_are_counted_from(remote: Remote, other: Remote) -> None:
    """SEEK_CUR and SEEK_END; a negative length is of what lies before, but on DragonFly."""
    one, two = File(remote), File(other)
    remote.call("write", one.fd, b"x" * 30, 30)
    assert one.lock(WR, -5, 5, SEEK_END) == ""
    assert two.get(WR)[:2] == (25, 5)
    assert one.lock(UN) == ""
    assert one.lock(WR, 2, 3, SEEK_CUR) == ""
    assert two.get(WR)[:2] == (32, 3)
    one.lock(UN)
    backwards = one.lock(WR, 10, -4)
    if remote.system == "dragonfly":
        assert backwards == "EINVAL"
    else:
        assert two.get(WR)[:2] == (6, 4)


BEYOND = {"freebsd": "EOVERFLOW", "netbsd": "EINVAL", "dragonfly": "EINVAL"}
NO_FILE = {"freebsd": "EBADF", "netbsd": "EINVAL", "dragonfly": "EBADF"}


def test_what_is_refused(remote: Remote) -> None:
    one = File(remote)
    assert one.lock(WR, -1) == "EINVAL"
    assert one.lock(WR, 0, 1, 7) == "EINVAL"
    assert one.lock(9) == "EINVAL"
    assert one.lock(9, what=GET) == "EINVAL"
    assert one.lock(WR, 5, -6) == "EINVAL"
    assert one.lock(WR, 1 << 62, 1 << 62) == ""
    assert one.lock(WR, 1 << 62, (1 << 62) + 1) == BEYOND[remote.system]
    assert File(remote, O_RDONLY).lock(WR) == File(remote, O_WRONLY).lock(RD) == "EBADF"
    one.fd = remote.pipe()[0]
    assert one.lock(RD) == NO_FILE[remote.system]
    assert remote.fails("fcntl", one.fd, COMMANDS[remote.system] + SET, 5) == "EFAULT"


def test_a_closed_descriptor_takes_all_of_the_process_s_locks(
        remote: Remote, other: Remote) -> None:
    """fd_close and closef: whichever descriptor of the file it was; flock(2)'s go with the
    last of theirs."""
    one, two = File(remote), File(other)
    one.lock(RD, 0, 10)
    remote.call("flock", one.fd, LOCK_SH)
    again = File(remote)
    assert {two.get(WR, 5, 1).pid, two.get(WR, 20, 1).pid} == {remote.pid, -1}
    remote.call("close", again.fd)
    assert two.get(WR, 5, 1)[2:] == (-1, RD, SEEK_SET)
    remote.call("close", one.fd)
    assert two.get(WR).type == UN


def test_both_kinds_keep_each_other_out(remote: Remote, other: Remote) -> None:
    one, two = File(remote), File(other)
    remote.call("flock", one.fd, LOCK_EX)
    assert two.lock(RD, 5, 1) == "EAGAIN"
    assert other.fails("flock", two.fd, LOCK_SH | LOCK_NB) == "EAGAIN"
    assert one.lock(WR) == "EAGAIN"         # it is the file's, not the process's
    remote.call("flock", one.fd, LOCK_UN)
    assert two.lock(RD, 5, 1) == ""
    assert remote.fails("flock", one.fd, LOCK_EX | LOCK_NB) == "EAGAIN"
    remote.call("flock", one.fd, LOCK_SH)


def test_waiting_for_a_lock(remote: Remote, other: Remote, kernel: Kernel) -> None:
    one, two = File(remote), File(other)
    one.lock(WR, 0, 10)
    two.start_lock(WR, 5, 1)
    assert not other.finished()
    one.lock(UN, 0, 5)
    assert not other.finished()
    one.lock(UN, 5, 1)
    other.wait()
    assert other.end() == (0, 0)
    assert one.get(RD, 0, 6)[:3] == (5, 1, other.pid)


def test_a_weaker_lock_lets_others_in(remote: Remote, other: Remote) -> None:
    one, two = File(remote), File(other)
    one.lock(WR)
    two.start_lock(RD)
    assert not other.finished()
    one.lock(RD)
    other.wait()
    assert other.end() == (0, 0)


def test_a_deadlock(remote: Remote, other: Remote) -> None:
    """Each waits for the other: EDEADLK for who comes last."""
    one, two = File(remote), File(other)
    one.lock(WR, 0, 1)
    two.lock(WR, 1, 1)
    one.start_lock(WR, 1, 1)
    assert not remote.finished()
    assert two.lock(WR, 0, 1, what=WAIT) == "EDEADLK"
    two.lock(UN)
    remote.wait()
    assert remote.end() == (0, 0)


def test_what_is_none(remote: Remote, other: Remote, kernel: Kernel) -> None:
    """A holder that waits for somebody else is no deadlock, but DragonFly takes it for one."""
    third = Remote(kernel)
    one, two, three = File(remote), File(other), File(third)
    one.lock(WR, 0, 1)
    two.lock(WR, 1, 1)
    two.start_lock(WR, 0, 1)
    assert not other.finished()
    if remote.system == "dragonfly":
        assert three.lock(WR, 1, 1, what=WAIT) == "EDEADLK"
    else:
        three.start_lock(WR, 1, 1)
        assert not third.finished()


def test_the_end_of_a_process_frees_its_locks(remote: Remote, other: Remote,
                                              kernel: Kernel) -> None:
    one, two = File(remote), File(other)
    one.lock(WR)
    two.start_lock(WR)
    assert not other.finished()
    remote.start("exit", 0)
    assert remote.wait() == 0
    other.wait()
    assert other.end() == (0, 0)
