"""Counters that are files, and bytes that go from file to file without the program:
eventfd(2), copy_file_range(2), sendfile(2); names that go only with their file."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold, spinning
from .held import ROOM, Held

pytestmark = pytest.mark.privileged

BUFFER, OUT = ROOM + 0x1000, ROOM + 0x2000
READ, WRITE, OPEN, UNLINK, POLL, LSEEK, SOCKETPAIR = 3, 4, 5, 10, 209, 478, 135
SENDFILE, FUNLINKAT, COPY, SPECIALFD, MKNODAT = 393, 568, 569, 577, 559
O_RDWR, O_APPEND, O_CREAT, O_TRUNC = 2, 8, 0x200, 0x400
SEMAPHORE, NONBLOCK, CLOEXEC = 1, 4, 0x100000
EBADF, EDEADLK, EPERM, ENOENT, EISDIR, EINVAL, EAGAIN, ENOTSOCK = (
    9, 11, 1, 2, 21, 22, 35, 38)
AT_FDCWD, FD_NONE = -100, -200
IOCTL, REVOKE, FSYNC, FCHMOD, FPATHCONF, FSTAT, FSTATFS = 54, 56, 95, 124, 192, 551, 556
FIODTYPE = 0x4004667A
EIO, ENOTTY = 5, 25


def name(t: Held, path: str) -> int:
    t.write(ROOM, path.encode() + b"\0")
    return ROOM


def opened(t: Held, path: str, data: bytes = b"", flags: int = O_RDWR | O_CREAT | O_TRUNC) -> int:
    fd = t.call(OPEN, name(t, path), flags, 0o600)[1]
    if data:
        t.write(BUFFER, data)
        t.call(WRITE, fd, BUFFER, len(data))
    return fd


def eventfd(t: Held, value: int, flags: int, size: int = 8) -> tuple[int, int]:
    t.write(BUFFER, struct.pack("<II", value, flags))
    return t.call(SPECIALFD, 1, BUFFER, size)


# -- eventfd -----------------------------------------------------------------------------
def test_a_counter_is_taken_at_once_or_one_by_one(t: Held) -> None:
    for flags, taken in ((NONBLOCK, [5]), (NONBLOCK | SEMAPHORE, [1] * 5)):
        fd = eventfd(t, 2, flags)[1]
        t.write(BUFFER, struct.pack("<Q", 3))
        assert t.call(WRITE, fd, BUFFER, 8) == (0, 8)
        found = []
        while t.call(READ, fd, OUT, 8)[0] == 0:
            found.append(struct.unpack("<Q", t.read(OUT, 8))[0])
        assert found == taken
        assert t.call(READ, fd, OUT, 8)[0] == EAGAIN


def test_a_counter_has_an_end(t: Held) -> None:
    fd = eventfd(t, 0, NONBLOCK)[1]
    for value, errno in (((1 << 64) - 1, EINVAL), ((1 << 64) - 2, 0), (1, EAGAIN), (0, 0)):
        t.write(BUFFER, struct.pack("<Q", value))
        assert t.call(WRITE, fd, BUFFER, 8)[0] == errno
    assert t.call(WRITE, fd, BUFFER, 7)[0] == t.call(READ, fd, OUT, 7)[0] == EINVAL


def test_what_a_counter_is_ready_for(t: Held) -> None:
    fd = eventfd(t, 0, 0)[1]
    found = []
    for value in (0, 1, (1 << 64) - 3):
        t.write(BUFFER, struct.pack("<Q", value))
        t.call(WRITE, fd, BUFFER, 8)
        t.write(OUT, struct.pack("<iHH", fd, 5, 0))
        t.call(POLL, OUT, 1, 0)
        found.append(struct.unpack("<iHH", t.read(OUT, 8))[2])
    assert found == [4, 5, 1]


def test_kinds_of_special_files(t: Held) -> None:
    assert [eventfd(t, 0, flags)[0] for flags in (0, SEMAPHORE, NONBLOCK, CLOEXEC, 8)] == [
        0, 0, 0, 0, EINVAL]
    assert eventfd(t, 0, 0, 7)[0] == EINVAL
    assert t.call(SPECIALFD, 2, BUFFER, 8)[0] == EINVAL


# -- copies ------------------------------------------------------------------------------
def test_a_range_is_copied(t: Held) -> None:
    """From offsets that the program names, which move, or the files' own."""
    source, target = opened(t, "/tmp/from", b"0123456789"), opened(t, "/tmp/to", b"abcdef")
    t.write(BUFFER, struct.pack("<qq", 2, 1))
    assert t.call(COPY, source, BUFFER, target, BUFFER + 8, 3, 0) == (0, 3)
    assert struct.unpack("<qq", t.read(BUFFER, 16)) == (5, 4)
    t.call(LSEEK, target, 0, 0)
    assert t.call(READ, target, OUT, 100)[1] in (4, 6), "what is behind may be cut"
    assert t.read(OUT, 4) == b"a234"
    t.call(LSEEK, source, 8, 0)
    t.call(LSEEK, target, 0, 0)
    assert t.call(COPY, source, 0, target, 0, 100, 0) == (0, 2)
    assert [t.call(LSEEK, fd, 0, 1)[1] for fd in (source, target)] == [10, 2]
    assert t.call(COPY, source, 0, target, 0, 100, 0) == (0, 0)


def test_what_is_not_copied(t: Held) -> None:
    file, more = opened(t, "/tmp/from", b"0123456789"), opened(t, "/tmp/to")
    end = opened(t, "/tmp/end", flags=O_RDWR | O_CREAT | O_APPEND)
    directory = opened(t, "/tmp", flags=0)
    counter = eventfd(t, 0, 0)[1]
    t.call(LSEEK, file, 0, 0)
    for source, target, flags, errno in (
            (file, more, 1, EINVAL), (99, more, 0, EBADF), (file, 99, 0, EBADF),
            (counter, more, 0, EINVAL), (file, counter, 0, EINVAL), (file, end, 0, EBADF),
            (file, file, 0, EINVAL), (directory, more, 0, EISDIR), (file, directory, 0, EBADF)):
        assert t.call(COPY, source, 0, target, 0, 5, flags)[0] == errno
    t.write(BUFFER, struct.pack("<q", -1))
    assert t.call(COPY, file, BUFFER, more, 0, 5, 0)[0] == EINVAL


def test_a_file_goes_into_a_socket(t: Held) -> None:
    """With a frame around it, and as much as there is for no length."""
    file = opened(t, "/tmp/from", b"0123456789")
    assert t.call(SOCKETPAIR, 1, 1, 0, BUFFER)[0] == 0
    one, other = struct.unpack("<ii", t.read(BUFFER, 8))
    t.write(BUFFER + 64, b"<<>>")
    t.write(BUFFER, struct.pack("<QQQQ", BUFFER + 64, 2, BUFFER + 66, 2))
    t.write(BUFFER + 128, struct.pack("<QiiQii", BUFFER, 1, 0, BUFFER + 16, 1, 0))
    assert t.call(SENDFILE, file, one, 4, 3, BUFFER + 128, BUFFER + 32, 0)[0] == 0
    assert t.call(SENDFILE, file, one, 8, 0, 0, 0, 0)[0] == 0
    assert t.call(READ, other, OUT, 100)[1] == 9
    assert t.read(OUT, 9) == b"<<456>>89"
    assert struct.unpack("<q", t.read(BUFFER + 32, 8))[0] == 7
    for source, target, offset, errno in (
            (99, one, 0, EBADF), (file, 99, 0, EBADF), (file, file, 0, ENOTSOCK),
            (one, one, 0, EINVAL), (file, one, -1, EINVAL)):
        assert t.call(SENDFILE, source, target, offset, 0, 0, 0, 0)[0] == errno


# -- names ---------------------------------------------------------------------------------
def test_a_name_goes_with_its_file_alone(t: Held) -> None:
    file, more = opened(t, "/tmp/from"), opened(t, "/tmp/to")
    path = name(t, "/tmp/from")
    assert [t.call(FUNLINKAT, AT_FDCWD, path, fd, flag)[0] for fd, flag in (
        (file, 1), (99, 0), (more, 0), (file, 0), (file, 0))] == [
        EINVAL, EBADF, EDEADLK, 0, ENOENT]
    assert t.call(FUNLINKAT, AT_FDCWD, name(t, "/tmp/to"), FD_NONE, 0)[0] == 0


@pytest.mark.parametrize(("mode", "device", "errno"), [
    (0o010644, 0, 0), (0o010644, 1, EINVAL), (0o100644, 0, EINVAL), (0o040755, 0, EINVAL),
    (0o020644, (1 << 64) - 1, EINVAL)])
def test_what_mknod_makes(t: Held, kernel: Kernel, mode: int, device: int, errno: int) -> None:
    """A fifo for everybody."""
    device -= 1 << 64 if device >> 63 else 0
    assert t.call(MKNODAT, AT_FDCWD, name(t, "/tmp/node"), mode, device)[0] == errno
    assert t.call(UNLINK, name(t, "/tmp/node"))[0] == (ENOENT if errno else 0)


def test_devices_are_made_by_root(hold: Hold) -> None:
    t = spinning(hold, uid=1001)
    assert t.call(MKNODAT, AT_FDCWD, name(t, "/tmp/node"), 0o020644, 5)[0] == EPERM


# -- what is taken away ----------------------------------------------------------------------
def test_a_device_that_was_revoked(t: Held) -> None:
    """Is dead for who had it open, and as before for who opens it anew."""
    held = opened(t, "/dev/zero", flags=O_RDWR)
    assert t.call(IOCTL, held, FIODTYPE, OUT)[0] == 0
    assert t.call(REVOKE, name(t, "/dev/zero"))[0] == 0
    assert [t.call(*call)[0] for call in (
        (READ, held, OUT, 4), (WRITE, held, OUT, 4), (FSTAT, held, OUT), (LSEEK, held, 0, 0),
        (IOCTL, held, FIODTYPE, OUT), (FSTATFS, held, OUT), (FCHMOD, held, 0o600),
        (FPATHCONF, held, 5), (FSYNC, held))] == [
        EIO, EIO, EBADF, 0, ENOTTY, EBADF, EBADF, EBADF, 0]
    t.write(OUT, struct.pack("<iHH", held, 5, 0))
    assert t.call(POLL, OUT, 1, 0)[1] == 1
    assert struct.unpack("<iHH", t.read(OUT, 8))[2] == 0x11
    assert t.call(READ, opened(t, "/dev/zero", flags=0), OUT, 4) == (0, 4)
    assert [t.call(REVOKE, name(t, path))[0] for path in ("/dev/none", "/tmp")] == [
        ENOENT, EINVAL]
