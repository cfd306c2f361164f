"""Descriptors that are good for less than everything: cap_rights_limit(2)."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .held import ROOM, Held, records

pytestmark = pytest.mark.privileged

BUFFER, OUT = ROOM + 0x1000, ROOM + 0x2000
READ_CALL, WRITE_CALL, OPEN, DUP, IOCTL_CALL, DUP2, FCNTL_CALL, SELECT = (
    3, 4, 5, 41, 54, 90, 92, 93)
FSYNC_CALL, FCHMOD_CALL, FLOCK_CALL, POLL, PREAD_CALL, MMAP_CALL, LSEEK, FTRUNCATE_CALL = (
    95, 124, 131, 209, 475, 477, 478, 480)
OPENAT, UNLINKAT, FSTAT_CALL, FSTATAT_CALL, KQUEUE, KEVENT = 499, 503, 551, 552, 362, 560
CAP_ENTER, RIGHTS_GET, RIGHTS_LIMIT, IOCTLS_LIMIT, IOCTLS_GET, FCNTLS_LIMIT, FCNTLS_GET = (
    516, 515, 533, 534, 535, 536, 537)
EBADF, EFAULT, EINVAL, ENOTCAPABLE = 9, 14, 22, 93
POLLNVAL = 0x20
FIOCLEX, FIONREAD, TIOCGETA = 0x20006601, 0x4004667F, 0x402C7413
GETFD, GETFL, SETFL = 1, 3, 4
FIRST, SECOND = 1 << 57, 1 << 58
READ, WRITE, SEEK, MMAP, FSYNC, FTRUNCATE, LOOKUP, FCHMOD, FCNTL, FLOCK, FSTAT = (
    1, 2, 0xC, 0x10, 0x100, 0x200, 0x400, 0x2000, 0x8000, 0x10000, 0x80000)
EVENT, IOCTL = 0x20, 0x80
ALL = FIRST | 0x7FFFFFFFFFF, SECOND | 0x1FFFFF
FILEDESC = 33


def opened(t: Held, path: str = "/tmp/limited", flags: int = 0x602) -> int:
    t.write(ROOM, path.encode() + b"\0")
    return t.call(OPEN, ROOM, flags, 0o600)[1]


def limit(t: Held, fd: int, first: int, second: int = 0) -> int:
    t.write(BUFFER, struct.pack("<QQ", FIRST | first, SECOND | second))
    return t.call(RIGHTS_LIMIT, fd, BUFFER)[0]


def rights(t: Held, fd: int) -> tuple[int, int]:
    assert t.call(RIGHTS_GET, 0, fd, OUT)[0] == 0
    first, second = struct.unpack("<QQ", t.read(OUT, 16))
    return first, second


def test_rights_are_only_given_up(t: Held) -> None:
    fd = opened(t)
    assert rights(t, fd) == ALL
    assert limit(t, fd, READ | SEEK, EVENT) == 0
    assert rights(t, fd) == (FIRST | READ | SEEK, SECOND | EVENT)
    assert limit(t, fd, READ | WRITE) == ENOTCAPABLE
    assert rights(t, fd) == (FIRST | READ | SEEK, SECOND | EVENT)
    assert limit(t, 99, 0) == t.call(RIGHTS_GET, 0, 99, OUT)[0] == EBADF


@pytest.mark.parametrize(("first", "second"), [
    (READ, SECOND), (FIRST | READ, 0), (FIRST, FIRST), (SECOND, SECOND), (1 << 62 | FIRST, SECOND),
    (FIRST | 1 << 43, SECOND), (FIRST, SECOND | 1 << 21)])
def test_what_are_no_rights(t: Held, first: int, second: int) -> None:
    """Both words say which they are; the version is 0."""
    fd = opened(t)
    t.write(BUFFER, struct.pack("<QQ", first, second))
    assert t.call(RIGHTS_LIMIT, fd, BUFFER)[0] == EINVAL
    assert t.call(RIGHTS_LIMIT, fd, 8)[0] == EFAULT
    assert t.call(RIGHTS_GET, 1, fd, OUT)[0] == EINVAL


CALLS = {
    "read": (READ, 0, (READ_CALL, OUT, 1)), "write": (WRITE, 0, (WRITE_CALL, OUT, 1)),
    "lseek": (SEEK, 0, (LSEEK, 0, 0)), "pread": (READ | SEEK, 0, (PREAD_CALL, OUT, 1, 0)),
    "fstat": (FSTAT, 0, (FSTAT_CALL, OUT)), "fsync": (FSYNC, 0, (FSYNC_CALL,)),
    "ftruncate": (FTRUNCATE, 0, (FTRUNCATE_CALL, 9)), "fchmod": (FCHMOD, 0, (FCHMOD_CALL, 0o600)),
    "flock": (FLOCK, 0, (FLOCK_CALL, 8)), "ioctl": (0, IOCTL, (IOCTL_CALL, FIONREAD, OUT)),
    "getfl": (FCNTL, 0, (FCNTL_CALL, GETFL, 0)), "getfd": (0, 0, (FCNTL_CALL, GETFD, 0)),
    "dup": (0, 0, (DUP,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_a_call_takes(t: Held, name: str) -> None:
    """All of its rights; without one of them nothing is done."""
    first, second, (number, *args) = CALLS[name]
    fd = opened(t)
    assert t.call(number, fd, *args)[0] == 0
    whole = t.call(DUP, fd)[1]
    assert limit(t, whole, first, second) == 0
    assert t.call(number, whole, *args)[0] == 0
    for lost in (1 << n for n in range(64) if (first | second << 32) >> n & 1):
        less = t.call(DUP, fd)[1]
        limit(t, less, first & ~lost, second & ~(lost >> 32))
        assert t.call(number, less, *args)[0] == ENOTCAPABLE
    assert t.call(number, 99, *args)[0] == EBADF


def test_copies_have_the_limits(t: Held) -> None:
    """Of a descriptor, not of the file."""
    fd = opened(t)
    other = t.call(DUP, fd)[1]
    limit(t, fd, READ)
    assert rights(t, other) == ALL
    for made in (t.call(DUP, fd)[1], t.call(DUP2, fd, 20)[1], t.call(FCNTL_CALL, fd, 0, 0)[1]):
        assert rights(t, made) == (FIRST | READ, SECOND)


def test_mappings(t: Held) -> None:
    """By protection; a private one is written without the right to write."""
    fd = opened(t)
    t.call(FTRUNCATE_CALL, fd, 4096)
    limit(t, fd, MMAP | READ | SEEK)
    private, shared = 2, 1
    assert [t.call(MMAP_CALL, 0, 4096, prot, flags, fd, 0)[0] for prot, flags in (
        (1, shared), (1, private), (3, private), (3, shared), (4, private), (0, shared))] == [
        0, 0, 0, ENOTCAPABLE, ENOTCAPABLE, 0]
    limit(t, fd, MMAP)
    assert t.call(MMAP_CALL, 0, 4096, 1, shared, fd, 0)[0] == ENOTCAPABLE


def test_waiting_for_a_file(t: Held) -> None:
    fd = opened(t)
    limit(t, fd, READ | WRITE)
    t.write(BUFFER, struct.pack("<iHH", fd, 1, 0))
    assert t.call(POLL, BUFFER, 1, 0) == (0, 1)
    assert struct.unpack("<iHH", t.read(BUFFER, 8))[2] == POLLNVAL
    t.write(BUFFER, struct.pack("<Q", 1 << fd) + bytes(128))
    t.write(OUT, bytes(16))
    assert t.call(SELECT, fd + 1, BUFFER, 0, 0, OUT)[0] == ENOTCAPABLE
    queue = t.call(KQUEUE)[1]
    t.write(BUFFER, struct.pack("<QhHIqQ4Q", fd, -1, 1, 0, 0, 0, 0, 0, 0, 0))
    assert t.call(KEVENT, queue, BUFFER, 1, 0, 0, OUT)[0] == ENOTCAPABLE
    limit(t, queue, 0)
    assert t.call(KEVENT, queue, BUFFER, 1, 0, 0, OUT)[0] == ENOTCAPABLE


def test_commands_of_ioctl(t: Held) -> None:
    """With the right all of them, until they are listed; without it none is left."""
    fd = opened(t)
    assert t.call(IOCTLS_GET, fd, 0, 0) == (0, (1 << 63) - 1)
    t.write(BUFFER, struct.pack("<QQ", FIONREAD, FIOCLEX))
    assert t.call(IOCTLS_LIMIT, fd, BUFFER, 257)[0] == EINVAL
    assert t.call(IOCTLS_LIMIT, fd, BUFFER, 2)[0] == 0
    assert t.call(IOCTLS_GET, fd, OUT, 1) == (0, 2)
    assert t.read(OUT, 8) == struct.pack("<Q", FIONREAD)
    assert [t.call(IOCTL_CALL, fd, command, OUT)[0] for command in (
        FIONREAD, FIOCLEX, TIOCGETA)] == [0, 0, ENOTCAPABLE]
    assert t.call(IOCTLS_LIMIT, fd, BUFFER, 1)[0] == 0
    assert t.call(IOCTLS_LIMIT, fd, BUFFER, 2)[0] == ENOTCAPABLE
    assert t.call(IOCTL_CALL, fd, FIOCLEX, 0)[0] == ENOTCAPABLE
    limit(t, fd, READ)
    assert t.call(IOCTLS_GET, fd, OUT, 1) == (0, 0)
    assert t.call(IOCTLS_GET, 99, OUT, 1)[0] == EBADF


def test_commands_of_fcntl(t: Held) -> None:
    """Four can be kept from a descriptor."""
    fd = opened(t)
    assert t.call(FCNTLS_GET, fd, OUT)[0] == 0
    assert t.read(OUT, 4) == struct.pack("<I", 0x78)
    assert [t.call(FCNTLS_LIMIT, fd, bits)[0] for bits in (1, 0x80, 1 << GETFL, 0x78)] == [
        EINVAL, EINVAL, 0, ENOTCAPABLE]
    assert [t.call(FCNTL_CALL, fd, command, 0)[0] for command in (GETFL, SETFL, GETFD)] == [
        0, ENOTCAPABLE, 0]
    limit(t, fd, READ)
    assert t.call(FCNTLS_GET, fd, OUT)[0] == 0
    assert t.read(OUT, 4) == bytes(4)
    assert t.call(FCNTLS_LIMIT, 99, 0)[0] == EBADF


def test_names_beneath_a_directory(t: Held) -> None:
    """The directory's rights count, unless the name begins at the root."""
    at = opened(t, "/tmp", 0)
    opened(t)
    limit(t, at, LOOKUP | READ | FSTAT)
    t.write(ROOM, b"limited\0")
    t.write(ROOM + 16, b"/tmp/limited\0")
    assert [t.call(OPENAT, at, ROOM, flags, 0)[0] for flags in (0, 1, 2, 0x200)] == [
        0, ENOTCAPABLE, ENOTCAPABLE, ENOTCAPABLE]
    assert t.call(FSTATAT_CALL, at, ROOM, OUT, 0)[0] == 0
    assert t.call(UNLINKAT, at, ROOM, 0)[0] == ENOTCAPABLE
    assert t.call(UNLINKAT, at, ROOM + 16, 0)[0] == 0


def test_what_is_opened_from_a_directory(t: Held) -> None:
    """Can do no more than that; in capability mode too."""
    at = opened(t, "/tmp", 0)
    opened(t)
    t.write(ROOM, b"limited\0")
    limit(t, at, LOOKUP | READ | SEEK)
    for _ in range(2):
        held = t.call(OPENAT, at, ROOM, 0, 0)[1]
        assert rights(t, held) == (FIRST | LOOKUP | READ | SEEK, SECOND)
        assert t.call(CAP_ENTER)[0] == 0


def test_others_see_the_limits(t: Held, kernel: Kernel) -> None:
    fd = opened(t)
    limit(t, fd, READ | SEEK, IOCTL)
    layout = kernel.target.struct("struct kinfo_file")
    offset = layout.field("kf_cap_rights").offset
    table = {struct.unpack_from("<i", one, layout.field("kf_fd").offset)[0]:
             struct.unpack_from("<QQ", one, offset)
             for one in records(kernel.sysctl([1, 14, FILEDESC, t.pid]))}
    assert table[fd] == (FIRST | READ | SEEK, SECOND | IOCTL)
    assert table[0] == ALL
