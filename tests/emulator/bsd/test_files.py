"""Calls on files and niceness that the three systems have under numbers and flags of their
own: names below a directory, times, lengths behind a pad, dup3(2)."""

from __future__ import annotations

import struct

import pytest

from .remote import FLAVOURS, Kernel, Remote

O_RDWR, O_CREAT = 2, 0x200
AT_FDCWD = {"freebsd": -100, "netbsd": -100, "dragonfly": 0xFFFAFDCD}
NOFOLLOW = {"freebsd": 0x200, "netbsd": 0x200, "dragonfly": 1}
FOLLOW = {"freebsd": 0x400, "netbsd": 0x400, "dragonfly": 8}
NOW_OMIT = {"freebsd": (-1, -2), "netbsd": ((1 << 30) - 1, (1 << 30) - 2), "dragonfly": (-1, -2)}
MTIME = {"freebsd": 64, "netbsd": 64, "dragonfly": 48}
"""Where st_mtim is in struct stat."""
PROCESS, GROUP, USER = range(3)


def made(r: Remote, path: bytes = b"/tmp/one\0", size: int = 5) -> int:
    fd = r.call("open", path, O_RDWR | O_CREAT, 0o644)
    r.call("write", fd, b"12345", size)
    return fd


def times(r: Remote, path: str) -> tuple[int, int]:
    """Of access and modification, in ns."""
    cwd = AT_FDCWD[r.system]
    r.call("fstatat", cwd, path.encode() + b"\0", r.out, 0)
    a, b, c, d = struct.unpack("<4q", r.peek(r.out + MTIME[r.system] - 16, 32))
    return int(a * 10**9 + b), int(c * 10**9 + d)


def pair(*parts: int) -> bytes:
    return struct.pack("<4q", *parts)


def padded(r: Remote, length: int) -> tuple[int, ...]:
    """A length as truncate(2) takes it: behind a pad on the two older ones."""
    return (length,) if r.system == "freebsd" else (0, length)


def test_names_below_directories(remote: Remote) -> None:
    r, cwd = remote, AT_FDCWD[remote.system]
    made(r)
    r.call("mkdir", b"/tmp/d\0", 0o755)
    fd = r.call("open", b"/tmp/d\0", 0)
    r.call("linkat", cwd, b"/tmp/one\0", fd, b"two\0", 0)
    r.call("symlinkat", b"two\0", fd, b"three\0")
    r.call("linkat", fd, b"three\0", fd, b"four\0", FOLLOW[r.system])
    r.call("renameat", fd, b"two\0", cwd, b"/tmp/two\0")
    r.call("mkfifoat", fd, b"five\0", 0o600)
    assert sorted(r.kernel.listdir("/tmp/d")) == ["five", "four", "three"]
    assert r.kernel.lstat("/tmp/two").size == 5
    assert r.fails("linkat", fd, b"none\0", fd, b"x\0", 0) == "ENOENT"
    if r.system == "freebsd":
        assert r.fails("linkat", fd, b"four\0", fd, b"x\0", 0x8) == "EINVAL"
    else:
        r.call("linkat", fd, b"four\0", fd, b"six\0", 0x800)      # a flag that it does not know
    if r.system == "netbsd":
        r.call("faccessat", fd, b"three\0", 0, 0x8200)      # itself: it leads nowhere now
        assert r.fails("faccessat", fd, b"three\0", 0, 0x8000) == "ENOENT"
        r.call("unlinkat", fd, b"four\0", 0x8000)


def test_lengths(remote: Remote) -> None:
    r = remote
    fd = made(r)
    r.call("truncate", b"/tmp/one\0", *padded(r, 3))
    assert r.kernel.lstat("/tmp/one").size == 3
    r.call("ftruncate", fd, *padded(r, 4096))
    assert r.kernel.lstat("/tmp/one").size == 4096
    assert r.fails("truncate", b"/tmp/one\0", *padded(r, -1)) == "EINVAL"


@pytest.mark.parametrize("call", ["utimes", "futimes", "lutimes"])
def test_times_in_microseconds(remote: Remote, call: str) -> None:
    r = remote
    own = {"netbsd": f"__{call}50"}.get(r.system, call)
    fd = made(r)
    what = fd if call == "futimes" else b"/tmp/one\0"
    r.call(own, what, pair(1000, 5, 2000, 999999))
    assert times(r, "/tmp/one") == (1000 * 10**9 + 5000, 2000 * 10**9 + 999999000)
    assert r.fails(own, what, pair(0, 0, 0, 1000000)) == "EINVAL"
    r.call(own, what, 0)
    assert min(times(r, "/tmp/one")) > 10**18


def test_times_in_nanoseconds(remote: Remote) -> None:
    r, cwd = remote, AT_FDCWD[remote.system]
    now, omit = NOW_OMIT[r.system]
    fd = made(r)
    r.call("symlink", b"one\0", b"/tmp/l\0")
    r.call("futimens", fd, pair(7, 8, 9, 10))
    assert times(r, "/tmp/one") == (7 * 10**9 + 8, 9 * 10**9 + 10)
    r.call("utimensat", cwd, b"/tmp/l\0", pair(0, omit, 0, now), 0)
    first, second = times(r, "/tmp/one")
    assert (first, second > 10**18) == (7 * 10**9 + 8, True)
    r.call("utimensat", cwd, b"/tmp/l\0", pair(1, 1, 2, 2), NOFOLLOW[r.system])
    assert times(r, "/tmp/one") == (first, second)
    assert r.fails("futimens", fd, pair(0, 10**9, 0, 0)) == "EINVAL"
    if r.system == "dragonfly":
        assert r.fails("utimensat", cwd, b"/tmp/l\0", 0, 2) == "EINVAL"


def test_dup3() -> None:
    """NetBSD's of before 11, whose flags nobody looks at where both are one."""
    with FLAVOURS["netbsd"].kernel() as kernel:
        r = Remote(kernel)
        fd = made(r)
        cloexec, nonblock, dup3 = 0x400000, 4, 454
        assert r.call(dup3, fd, 9, cloexec | nonblock) == 9
        assert r.call("fcntl", 9, 1, 0) == 1
        assert r.call("fcntl", 9, 3, 0) & nonblock
        assert r.call(dup3, fd, fd, cloexec) == fd
        assert r.call("fcntl", fd, 1, 0) == 0
        assert r.fails(dup3, 77, 9, 0) == "EBADF"
        assert r.fails(dup3, fd, -1, 0) == "EBADF"
        assert r.call(dup3, fd, fd, 1) == fd
        assert r.fails(dup3, fd, 8, 1) == "EINVAL"
        assert r.fails(dup3, 77, 8, 1) == "EBADF"


def test_syncing(remote: Remote) -> None:
    r = remote
    fd = made(r)
    r.call("sync")
    r.call("fsync", fd)
    if r.system != "netbsd":
        return
    for flags in (0x10, 0x20, 0x60):
        r.call("fsync_range", fd, flags, 0, 0)
    assert r.fails("fsync_range", fd, 0x30, 0, 0) == "EINVAL"
    assert r.fails("fsync_range", fd, 0x10, -1, 5) == "EINVAL"
    assert r.fails("fsync_range", fd, 0x10, 5, (1 << 63) - 1) == "EINVAL"
    assert r.fails("fsync_range", 55, 0x10, 0, 0) == "EBADF"
    assert r.fails("fsync_range", r.pipe()[0], 0x10, 0, 0) == "EINVAL"
    assert r.fails("fsync_range", r.call("open", b"/tmp/one\0", 0), 0x10, 0, 0) == "EBADF"
    assert r.fails("fexecve", fd, 0, 0) == "ENOSYS"


def test_niceness(remote: Remote) -> None:
    r = remote
    assert r.call("getpriority", PROCESS, 0) == 0
    r.call("setpriority", PROCESS, 0, 7)
    assert r.call("getpriority", PROCESS, r.pid) == 7
    r.call("setpriority", GROUP, 0, -30)
    assert r.call("getpriority", PROCESS, 0) == -20
    assert r.call("getpriority", GROUP, 0) == -20
    assert r.call("getpriority", USER, 0) == -20
    assert r.fails("getpriority", PROCESS, 9999) == "ESRCH"
    assert r.fails("getpriority", GROUP, 9999) == "ESRCH"
    assert r.fails("getpriority", USER, 4711) == "ESRCH"
    assert r.fails("getpriority", 3, 0) == "EINVAL"
    assert r.fails("setpriority", 3, 0, 0) == "EINVAL"


def test_niceness_of_others(remote: Remote) -> None:
    r = remote
    r.call("setuid", 1001)
    assert r.fails("setpriority", PROCESS, 1, 1) == "EPERM"
    r.call("setpriority", PROCESS, 0, 5)
    assert r.fails("setpriority", PROCESS, 0, 4) == "EACCES"
    assert r.call("getpriority", PROCESS, 0) == 5


def test_niceness_of_several(kernel: Kernel) -> None:
    """One of a user's two is not to be made less nice, and the other may be made nicer."""
    less, more = Remote(kernel), Remote(kernel)
    for one in (less, more):
        one.call("setuid", 1001)
    less.call("setpriority", PROCESS, 0, 10)
    if less.system == "freebsd":
        less.call("setpriority", USER, 0, 5)        # the last one decides
    else:
        assert less.fails("setpriority", USER, 0, 5) == "EACCES"
    assert less.call("getpriority", PROCESS, 0) == 10
    # NetBSD gives up at the first.
    assert more.call("getpriority", PROCESS, 0) == (0 if more.system == "netbsd" else 5)


@pytest.mark.parametrize("name", ["/dev/fd/1", "/dev/stdout"])
def test_a_descriptor_by_its_name(remote: Remote, name: str) -> None:
    """fd(4): another descriptor of the same file, for no more than it is open for."""
    r, path, last = remote, name.encode() + b"\0", 63 if remote.system == "netbsd" else 2
    first = made(r)
    r.call("dup2", first, 1)
    second = r.call("open", path, O_RDWR)
    assert second not in (first, 1)
    r.call("write", second, b"67", 2)
    assert r.kernel.read_file("/tmp/one") == b"1234567"
    r.call("dup2", r.call("open", b"/tmp/one\0", 0), 1)
    assert r.fails("open", path, O_RDWR) == "EACCES"
    r.call("close", 1)
    assert r.fails("open", path, 0) == "EBADF"
    assert sorted(map(int, r.kernel.listdir("/dev/fd"))) == list(range(last + 1))
