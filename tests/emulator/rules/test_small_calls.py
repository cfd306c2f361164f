"""System calls of tracees that ask or say little."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .held import ROOM, Held

pytestmark = pytest.mark.privileged

BUFFER, PAGE = ROOM + 0x2000, 4096
MSYNC, SBRK, SSTK, MINHERIT, UTRACE, CPUSET_GETID = 65, 69, 70, 250, 335, 486
OPEN, CLOSE, UNLINK, DUP2, FCNTL, LSEEK = 5, 6, 10, 90, 92, 478
GETLOGINCLASS, SETLOGINCLASS, GETRANDOM, SETUID = 523, 524, 563, 23
EPERM, ENOENT, ESRCH, EBADF, ENOMEM, EACCES, EFAULT, EINVAL = 1, 2, 3, 9, 12, 13, 14, 22
ERANGE, EOPNOTSUPP, ENAMETOOLONG = 34, 45, 63
NOWHERE = 0x10000000


def test_what_children_get(t: Held) -> None:
    """Of what is there; the range has to be one, and the sort one of four."""
    assert [t.call(MINHERIT, ROOM, PAGE, how)[0] for how in (-1, 0, 1, 2, 3, 4)] == [
        EINVAL, 0, 0, 0, 0, EINVAL]
    assert [t.call(MINHERIT, *where, 1)[0] for where in (
        (ROOM + 1, 10), (NOWHERE, PAGE), (ROOM, 0), (-PAGE, 2 * PAGE))] == [0, 0, 0, EINVAL]


def test_what_is_written_back(t: Held) -> None:
    assert [t.call(MSYNC, ROOM, PAGE, how)[0] for how in (0, 1, 2, 3, 4)] == [0, 0, 0, EINVAL, 0]
    assert [t.call(MSYNC, *where, 0)[0] for where in (
        (ROOM + 1, 10), (NOWHERE, PAGE), (ROOM + 63 * PAGE, 2 * PAGE), (ROOM, 0),
        (-PAGE, 2 * PAGE))] == [0, ENOMEM, ENOMEM, 0, EINVAL]


def test_what_never_was(t: Held) -> None:
    assert {t.call(number, how)[0] for number in (SBRK, SSTK) for how in (0, 1)} == {EOPNOTSUPP}


def test_random_bytes(t: Held) -> None:
    assert [t.call(GETRANDOM, BUFFER, 16, how) for how in (0, 1, 2, 4)] == [(0, 16)] * 4
    assert [t.call(GETRANDOM, BUFFER, 16, how)[0] for how in (8, -1)] == [EINVAL] * 2
    assert t.call(GETRANDOM, BUFFER, 0, 0) == (0, 0)
    assert t.call(GETRANDOM, BUFFER, 4096, 0) == (0, 4096)
    assert t.read(BUFFER, 4096).count(0) < 100
    assert t.call(GETRANDOM, 0, 16, 0)[0] == t.call(GETRANDOM, BUFFER, 1 << 31, 0)[0] == EFAULT


def test_nobody_reads_a_user_s_trace(t: Held) -> None:
    assert {t.call(UTRACE, at, size)[0] for at in (BUFFER, 0) for size in (0, 16, 2049)} == {0}


def test_login_classes(t: Held, kernel: Kernel) -> None:
    def set(name: bytes) -> int:
        t.write(BUFFER, name + b"\0")
        return t.call(SETLOGINCLASS, BUFFER)[0]

    assert t.call(GETLOGINCLASS, BUFFER, 8)[0] == 0
    assert t.read(BUFFER, 8) == b"default\0"
    assert [t.call(GETLOGINCLASS, *where)[0] for where in ((BUFFER, 7), (BUFFER, 0), (0, 8))] == [
        ERANGE, ERANGE, EFAULT]
    assert [set(name) for name in (b"", b"x" * 33, b"x" * 32, b"other")] == [
        EINVAL, ENAMETOOLONG, 0, 0]
    assert t.call(GETLOGINCLASS, BUFFER, 6)[0] == 0
    assert t.read(BUFFER, 6) == b"other\0"
    t.call(SETUID, 1001)
    assert set(b"default") == EPERM


@pytest.mark.parametrize(("level", "which", "errno"), [
    *((1, which, 0) for which in (1, 2, 3)), *((2, which, 0) for which in (1, 2, 3)),
    *((3, which, EINVAL) for which in (0, 1, 2, 4, 5, 6)), (3, 3, 0), (1, 0, EINVAL),
    (2, 4, EINVAL), (1, 5, ESRCH), (2, 5, ESRCH)])
def test_whose_set_of_processors(t: Held, level: int, which: int, errno: int) -> None:
    """The root set is number 0."""
    t.write(BUFFER, struct.pack("<i", -7))
    assert t.call(CPUSET_GETID, level, which, -1, BUFFER)[0] == errno
    found, = struct.unpack("<i", t.read(BUFFER, 4))
    assert found == 0 if level == 1 and not errno else found > 0 or errno
    assert t.call(CPUSET_GETID, 2, 2, 99999, BUFFER)[0] == ESRCH


def test_descriptors_by_their_names(t: Held) -> None:
    """fd(4), without fdescfs: what is opened there is another descriptor of the same file, for
    no more than it is open for, and closed by execve as that one is."""
    def opened(name: str, how: int = 0) -> tuple[int, int]:
        t.write(BUFFER, name.encode() + b"\0")
        return t.call(OPEN, BUFFER, how)

    O_WRONLY, O_RDWR, O_CREAT, O_CLOEXEC = 1, 2, 0x200, 0x100000
    F_GETFD, F_SETFD, SEEK_CUR = 1, 2, 1
    t.write(BUFFER, f"/tmp/by_name.{t.pid}\0".encode())
    error, first = t.call(OPEN, BUFFER, O_WRONLY | O_CREAT, 0o600)
    assert error == 0
    t.call(UNLINK, BUFFER)
    assert t.call(DUP2, first, 1) == (0, 1)
    t.call(CLOSE, 2)
    for name in ("/dev/fd/1", "/dev/stdout"):
        error, second = opened(name, O_WRONLY | O_CLOEXEC)
        assert (error, second) == (0, 2)
        assert t.call(LSEEK, first, 5, SEEK_CUR) == (0, t.call(LSEEK, 2, 0, SEEK_CUR)[1])
        assert t.call(FCNTL, 2, F_GETFD) == (0, 0)
        t.call(CLOSE, 2)
    t.call(FCNTL, 1, F_SETFD, 1)
    assert opened("/dev/fd/1", O_WRONLY) == (0, 2)
    assert t.call(FCNTL, 2, F_GETFD) == (0, 1)
    t.call(CLOSE, 2)
    assert [opened("/dev/fd/1", how)[0] for how in (0, O_RDWR)] == [EACCES, EACCES]
    assert opened("/dev/stderr")[0] == EBADF
    assert opened("/dev/fd/3")[0] == ENOENT
