"""Paths that begin at a directory's descriptor, and reading directories, on the three systems:
each has its own flags (<fcntl.h>) and its own struct dirent (<sys/dirent.h>)."""

from __future__ import annotations

import struct

from .remote import Remote

O_RDWR, O_CREAT = 2, 0x200
AT_FDCWD = {"freebsd": -100, "netbsd": -100, "dragonfly": 0xFFFAFDCD}
REMOVEDIR = {"freebsd": 0x800, "netbsd": 0x800, "dragonfly": 2}
NOFOLLOW = {"freebsd": 0x200, "netbsd": 0x200, "dragonfly": 1}
SYMLINK, READLINK_ROOM = 57, 64
MODE = {"freebsd": 24, "netbsd": 8, "dragonfly": 16}
"""Where st_mode is in struct stat."""


def listed(r: Remote, fd: int) -> list[str]:
    name = {"freebsd": "getdirentries", "netbsd": "__getdents30", "dragonfly": "getdents"}
    size = r.call(name[r.system], fd, r.out, 4096, *((0,) if r.system == "freebsd" else ()))
    data, at, found = r.peek(r.out, size), 0, list[str]()
    while at < size:
        if r.system == "freebsd":
            step, length = struct.unpack_from("<H2xH", data, at + 16)
            start = at + 24
        elif r.system == "netbsd":
            step, length = struct.unpack_from("<HH", data, at + 8)
            start = at + 13
        else:
            length, = struct.unpack_from("<H", data, at + 8)
            step, start = 16 + length + 8 & ~7, at + 16
        found.append(data[start : start + length].decode())
        at += step
    return found


def test_below_a_directory(remote: Remote) -> None:
    r, cwd = remote, AT_FDCWD[remote.system]
    r.call("mkdir", b"/tmp/d\0", 0o755)
    fd = r.call("open", b"/tmp/d\0", 0)
    file = r.call("openat", fd, b"one\0", O_RDWR | O_CREAT, 0o640)
    r.call("write", file, b"12345", 5)
    r.call("mkdirat", fd, b"two\0", 0o700)
    r.call(SYMLINK, b"one\0", b"/tmp/d/three\0")
    assert listed(r, fd) == [".", "..", "one", "two", "three"]
    assert listed(r, fd) == []
    size = r.call("readlinkat", fd, b"three\0", r.out, READLINK_ROOM)
    assert r.peek(r.out, size) == b"one"
    r.call("fchmodat", cwd, b"/tmp/d/one\0", 0o600, 0)
    kinds = []
    for flags in (0, NOFOLLOW[r.system]):
        r.call("fstatat", fd, b"three\0", r.out, flags)
        mode, = struct.unpack("<H", r.peek(r.out + MODE[r.system], 2))
        kinds.append(mode)
    assert (kinds[0], kinds[1] & 0o170000) == (0o100600, 0o120000)
    assert r.fails("unlinkat", fd, b"two\0", 0) in ("EPERM", "EISDIR")
    r.call("unlinkat", fd, b"two\0", REMOVEDIR[r.system])
    r.call("unlinkat", fd, b"one\0", 0)
    assert r.fails("faccessat", fd, b"one\0", 0, 0) == "ENOENT"
    assert r.fails("openat", file, b"one\0", 0, 0) == "ENOTDIR"
    assert r.fails("openat", 99, b"one\0", 0, 0) == "EBADF"


def test_vectors_at_a_place(remote: Remote) -> None:
    r = remote
    if r.system != "dragonfly":
        return
    fd = r.call("open", b"/tmp/f\0", O_RDWR | O_CREAT, 0o600)
    r.poke(r.kept, b"hello" + bytes(11) + struct.pack("<QQ", r.kept, 5))
    assert r.call("extpwritev", fd, r.kept + 16, 1, 0, 3) == 5
    assert r.call("extpwritev", fd, r.kept + 16, 1, 0, -1) == 5
    r.poke(r.kept + 16, struct.pack("<QQ", r.out, 8))
    assert r.call("extpreadv", fd, r.kept + 16, 1, 0, 0) == 8
    assert r.peek(r.out, 8) == b"hellollo"
