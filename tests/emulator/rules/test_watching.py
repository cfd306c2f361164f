"""EVFILT_VNODE in tracees: what is told of a file, and to whom; and the filters
that no program is given."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import Held

pytestmark = pytest.mark.privileged

ROOM, SECOND, CHANGE, EVENTS = 0x30000000, 0x30000400, 0x30000800, 0x30000A00
OPEN, CLOSE, READ, WRITE, LINK, UNLINK, CHMOD, RENAME, MKDIR, RMDIR = (
    5, 6, 3, 4, 9, 10, 15, 128, 136, 137)
KQUEUE, KEVENT, FTRUNCATE, PIPE2, SOCKET, SYMLINK, CHFLAGS, UTIMES = (
    362, 560, 480, 542, 97, 57, 34, 138)
VNODE, AIO, LIO, SENDFILE, EMPTY = -4, -3, -10, -12, -13
ADD, DELETE, ENABLE, DISABLE, ONESHOT, CLEAR, DISPATCH = 1, 2, 4, 8, 0x10, 0x20, 0x80
N_DELETE, N_WRITE, N_EXTEND, N_ATTRIB, N_LINK, N_RENAME = 1, 2, 4, 8, 0x10, 0x20
N_OPEN, N_CLOSE, N_CLOSE_WRITE, N_READ = 0x80, 0x100, 0x200, 0x400
ALL = 0x7FF
FORM = struct.Struct("<QhHIqQ4Q")


class Watch:
    """A tracee with a queue, in a directory of its own."""

    def __init__(self, kernel: Kernel, t: Held) -> None:
        self.t, self.where = t, f"/watch.{kernel.getpid()}"
        t.map(ROOM, 4096, 3)
        t.call(MKDIR, self.at(self.where), 0o755)
        self.kq = t.call(KQUEUE)[1]
        self.write_into(0)

    def at(self, path: str, spot: int = ROOM) -> int:
        self.t.write(spot, path.encode() + b"\0")
        return spot

    def name(self, name: str, spot: int = ROOM) -> int:
        return self.at(f"{self.where}/{name}", spot)

    def write_into(self, size: int) -> None:
        """A file f of that size."""
        fd = self.open("f", 0x602)
        if size:
            self.t.call(WRITE, fd, ROOM, size)
        self.t.call(CLOSE, fd)

    def open(self, name: str, flags: int = 0) -> int:
        errno, fd = self.t.call(OPEN, self.name(name), flags, 0o644)
        assert errno == 0
        return fd

    def change(self, ident: int, filter: int = VNODE, flags: int = ADD | CLEAR,
               fflags: int = ALL) -> int:
        self.t.write(CHANGE, FORM.pack(ident, filter, flags, fflags, 0, 9, 0, 0, 0, 0))
        return self.t.call(KEVENT, self.kq, CHANGE, 1, 0, 0, 0)[0]

    def events(self) -> list[tuple[int, int, int]]:
        """Ident, flags and fflags of what there is."""
        self.t.write(SECOND, bytes(16))
        errno, count = self.t.call(KEVENT, self.kq, 0, 0, EVENTS, 8, SECOND)
        assert errno == 0
        found = FORM.iter_unpack(self.t.read(EVENTS, FORM.size * count) if count else b"")
        return [(one[0], one[2], one[3]) for one in found]

    def told(self) -> int:
        """The fflags of the only event, 0 without one."""
        found = self.events()
        assert len(found) < 2
        return found[0][2] if found else 0


@pytest.fixture
def watch(kernel: Kernel, hold: Hold) -> Iterator[Watch]:
    one = Watch(kernel, hold("spin"))
    yield one
    for name in ("f", "g", "h", "d/f", "l"):
        one.t.call(UNLINK, one.name(name))
    one.t.call(RMDIR, one.name("d"))
    one.t.call(RMDIR, one.name("e"))
    one.t.call(RMDIR, one.at(one.where))


# -- a file ---------------------------------------------------------------------------
def test_what_a_file_tells(watch: Watch) -> None:
    t, fd = watch.t, watch.open("f", 2)
    assert watch.change(fd) == 0
    assert watch.told() == 0
    for call, what in (
        ((WRITE, fd, ROOM, 4), N_WRITE | N_EXTEND), ((478, fd, 0, 0), 0),
        ((WRITE, fd, ROOM, 2), N_WRITE), ((WRITE, fd, ROOM, 0), 0), ((READ, fd, CHANGE, 2), N_READ),
        ((READ, fd, CHANGE, 2), N_READ), ((READ, fd, CHANGE, 0), 0), ((FTRUNCATE, fd, 2), N_ATTRIB),
        ((124, fd, 0o600), N_ATTRIB), ((35, fd, 1), N_ATTRIB), ((206, fd, 0), N_ATTRIB),
        ((95, fd), 0), ((551, fd, CHANGE), 0),
    ):
        assert t.call(*call)[0] == 0
        assert watch.told() == what, call


def test_opening_and_closing(watch: Watch) -> None:
    """By any descriptor; of those that watch the last one goes with its own."""
    fd = watch.open("f")
    watch.change(fd)
    other = watch.open("f", 1)
    assert watch.told() == N_OPEN
    watch.t.call(CLOSE, other)
    assert watch.told() == N_CLOSE_WRITE
    watch.t.call(CLOSE, watch.open("f"))
    assert watch.told() == N_OPEN | N_CLOSE
    watch.t.call(CLOSE, watch.open("f", 0x402))
    assert watch.told() == N_OPEN | N_ATTRIB | N_CLOSE_WRITE
    watch.t.call(CLOSE, fd)
    watch.t.call(CLOSE, watch.open("f"))
    assert watch.events() == []


def test_names_of_a_file(watch: Watch) -> None:
    t, fd = watch.t, watch.open("f")
    watch.change(fd)
    t.call(LINK, watch.name("f"), watch.name("l", SECOND))
    assert watch.told() == N_LINK
    t.call(UNLINK, watch.name("l"))
    assert watch.told() == N_DELETE, "of a name"
    t.call(RENAME, watch.name("f"), watch.name("g", SECOND))
    assert watch.told() == N_RENAME
    t.call(CLOSE, watch.open("h", 0x602))
    assert t.call(RENAME, watch.name("h"), watch.name("g", SECOND))[0] == 0
    assert watch.told() == N_DELETE


def test_only_what_is_wanted_is_told(watch: Watch) -> None:
    """And what comes along with it."""
    fd = watch.open("f", 2)
    watch.change(fd, fflags=N_ATTRIB)
    watch.t.call(WRITE, fd, ROOM, 4)
    assert watch.events() == []
    watch.t.call(124, fd, 0o600)
    assert watch.events() == [(fd, CLEAR, N_ATTRIB)]
    watch.change(fd, fflags=N_WRITE)
    watch.t.call(WRITE, fd, ROOM, 4)
    assert watch.told() == N_WRITE | N_EXTEND


def test_without_clear_it_adds_up(watch: Watch) -> None:
    fd = watch.open("f", 2)
    watch.change(fd, flags=ADD)
    watch.t.call(WRITE, fd, ROOM, 4)
    assert watch.told() == watch.told() == N_WRITE | N_EXTEND
    watch.t.call(124, fd, 0o600)
    assert watch.told() == N_WRITE | N_EXTEND | N_ATTRIB


def test_flags_of_the_note(watch: Watch) -> None:
    """Once; off; off from the first report on."""
    t, fd = watch.t, watch.open("f", 2)
    watch.change(fd, flags=ADD | ONESHOT)
    t.call(WRITE, fd, ROOM, 4)
    assert [len(watch.events()) for _ in range(2)] == [1, 0]
    t.call(WRITE, fd, ROOM, 4)
    assert watch.events() == []
    watch.change(fd, flags=ADD | CLEAR | DISABLE)
    t.call(WRITE, fd, ROOM, 4)
    assert watch.events() == []
    watch.change(fd, flags=ENABLE)
    assert watch.told() == N_WRITE | N_EXTEND
    assert watch.change(fd, flags=DELETE) == 0
    assert watch.change(fd, flags=DELETE) == 2
    watch.change(fd, flags=ADD | DISPATCH)
    for _ in range(2):
        t.call(WRITE, fd, ROOM, 4)
    assert [len(watch.events()) for _ in range(2)] == [1, 0]


# -- a directory ------------------------------------------------------------------------
def test_what_a_directory_tells(watch: Watch) -> None:
    t = watch.t
    fd = t.call(OPEN, watch.at(watch.where), 0)[1]
    assert watch.change(fd) == 0

    def did(number: int, *args: int) -> int:
        assert t.call(number, *args)[0] == 0
        return watch.told()

    assert did(OPEN, watch.name("g"), 0x602, 0o644) == N_WRITE
    assert did(MKDIR, watch.name("d"), 0o755) == N_WRITE | N_LINK
    assert did(SYMLINK, watch.at("x", SECOND), watch.name("l")) == N_WRITE
    assert did(UNLINK, watch.name("l")) == N_WRITE
    assert did(LINK, watch.name("f"), watch.name("l", SECOND)) == N_WRITE
    assert did(RENAME, watch.name("f"), watch.name("h", SECOND)) == N_WRITE
    assert did(RENAME, watch.name("h"), watch.name("d/f", SECOND)) == N_WRITE | N_EXTEND
    assert did(RENAME, watch.name("d/f"), watch.name("f", SECOND)) == N_WRITE | N_EXTEND
    assert did(RENAME, watch.name("d"), watch.name("e", SECOND)) == N_WRITE
    assert did(RMDIR, watch.name("e")) == N_WRITE | N_LINK
    assert did(554, fd, EVENTS, 512, 0) == N_READ
    assert did(CHMOD, watch.at(watch.where), 0o700) == N_ATTRIB


# -- what cannot be watched -----------------------------------------------------------------
def test_what_has_no_names_is_not_watched(watch: Watch) -> None:
    t = watch.t
    t.call(PIPE2, SECOND, 0)
    pipe, = struct.unpack("<i", t.read(SECOND, 4))
    socket = t.call(SOCKET, 1, 1, 0)[1]
    assert [watch.change(fd) for fd in (pipe, socket, watch.kq, 99, 1 << 40)] == [
        22, 22, 22, 9, 9]
    assert watch.change(t.call(OPEN, watch.at("/dev/null"), 0)[1]) == 19


def test_nodes_of_procfs_are_watched_for_nothing(watch: Watch) -> None:
    """They tell who reads them all the same."""
    fd = watch.t.call(OPEN, watch.at("/proc/curproc/status"), 0)[1]
    assert watch.change(fd) == 0
    assert watch.t.call(READ, fd, EVENTS, 4)[0] == 0
    assert watch.told() == N_READ


@pytest.mark.parametrize(("filter", "errno"), [
    (AIO, 1), (LIO, 1), (SENDFILE, 6), (-14, 22), (-100, 22), (1, 22), (EMPTY, 22)])
def test_filters_that_no_program_is_given(watch: Watch, filter: int, errno: int) -> None:
    """Those of requests come with a request."""
    assert watch.change(watch.open("f"), filter) == errno
