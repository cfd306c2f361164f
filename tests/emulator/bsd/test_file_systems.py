"""statfs(2), statvfs(2) and their like, and mknod(2), as NetBSD and DragonFly have them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from .remote import FLAVOURS, SISTERS, Kernel, Remote

O_RDONLY, O_WRONLY, O_CREAT = 0, 1, 0x200
MNT_WAIT, MNT_NOWAIT = 1, 2
USER = 1001
STATFS, STATVFS = 320, 160
VFS = 3296
"""Bytes of DragonFly's two structures, and of NetBSD's."""


class Told(NamedTuple):
    """What the structures have in common."""

    kind: str
    on: str
    source: str
    owner: int
    fsid: tuple[int, int]


def text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode()


def statfs(data: bytes) -> Told:
    """DragonFly's struct statfs."""
    first, second, owner = struct.unpack_from("<III", data, 64)
    return Told(text(data[104:120]), text(data[120:200]), text(data[218:298]), owner,
                (first, second))


def statvfs(data: bytes) -> Told:
    """NetBSD's struct statvfs."""
    first, second = struct.unpack_from("<II", data, 128)
    owner, = struct.unpack_from("<I", data, 152)
    return Told(text(data[192:224]), text(data[224:1248]), text(data[1248:2272]), owner,
                (first, second))


def new(system: str) -> Iterator[Remote]:
    with FLAVOURS[system].kernel() as k:
        k.chmod("/tmp", 0o777)
        yield Remote(k)


@pytest.fixture
def netbsd() -> Iterator[Remote]:
    yield from new("netbsd")


@pytest.fixture
def dragonfly() -> Iterator[Remote]:
    yield from new("dragonfly")


@pytest.fixture(params=SISTERS)
def root(request: pytest.FixtureRequest) -> Iterator[Remote]:
    yield from new(request.param)


def agrees(kernel: Kernel, path: str, told: Told) -> None:
    """The port tells the same."""
    found = kernel.statvfs(path)
    assert (told.kind, told.on, told.source, told.owner) == (
        found.fstype, found.mounted_on, found.mounted_from, found.owner)


# -- NetBSD -----------------------------------------------------------------------
def test_netbsds_statvfs_by_path_and_file(netbsd: Remote) -> None:
    for path in ("/", "/proc"):
        name = path.encode() + b"\0"
        assert netbsd.call("__statvfs190", name, netbsd.out, MNT_WAIT) == 0
        data = netbsd.peek(netbsd.out, VFS)
        agrees(netbsd.kernel, path, statvfs(data))
        found = netbsd.kernel.statvfs(path)
        assert struct.unpack_from("<11Q", data) == (
            found.flags, found.bsize, found.frsize, found.iosize, found.blocks, found.bfree,
            found.bavail, 0, found.files, found.ffree, found.ffree)
        assert statvfs(data).fsid == found.fsid
        fd = netbsd.call("open", name, O_RDONLY, 0)
        assert netbsd.call("__fstatvfs190", fd, netbsd.out, MNT_NOWAIT) == 0
        assert netbsd.peek(netbsd.out, VFS) == data
        assert netbsd.fails("__fstatvfs190", fd, 8, 0) == "EFAULT"
    assert netbsd.fails("__fstatvfs190", netbsd.pipe()[0], netbsd.out, 0) == "EINVAL"
    assert netbsd.fails("__fstatvfs190", 99, netbsd.out, 0) == "EBADF"
    assert netbsd.fails("__statvfs190", b"/none\0", netbsd.out, 0) == "ENOENT"


def test_netbsds_getvfsstat_stores_as_many_as_fit(netbsd: Remote) -> None:
    count = netbsd.call("__getvfsstat90", 0, 0, MNT_WAIT)
    assert count == 2
    assert netbsd.call("__getvfsstat90", netbsd.out, VFS * 5, MNT_WAIT) == 2
    assert [statvfs(netbsd.peek(netbsd.out + at * VFS, VFS)).on for at in range(2)] == [
        "/", "/proc"]
    assert netbsd.call("__getvfsstat90", netbsd.out, VFS * 2 - 1, 99) == 1
    assert netbsd.call("__getvfsstat90", netbsd.out, 0, MNT_WAIT) == 0
    assert netbsd.fails("__getvfsstat90", 8, VFS, MNT_WAIT) == "EFAULT"


def test_a_changed_root_is_what_it_lies_on(netbsd: Remote) -> None:
    netbsd.call("mkdir", b"/jail\0", 0o755)
    netbsd.call("chroot", b"/jail\0")
    assert netbsd.call("__getvfsstat90", netbsd.out, VFS * 5, MNT_WAIT) == 1
    told = statvfs(netbsd.peek(netbsd.out, VFS))
    assert (told.kind, told.on) == ("ffs", "/")


# -- DragonFly -----------------------------------------------------------------------
def test_dragonflys_statfs_by_path_and_file(dragonfly: Remote) -> None:
    for path in ("/", "/proc"):
        name = path.encode() + b"\0"
        assert dragonfly.call("statfs", name, dragonfly.out) == 0
        data = dragonfly.peek(dragonfly.out, STATFS)
        agrees(dragonfly.kernel, path, statfs(data))
        found = dragonfly.kernel.statvfs(path)
        assert struct.unpack_from("<8q", data) == (
            0, found.bsize, found.iosize, found.blocks, found.bfree, found.bavail, found.files,
            found.ffree)
        assert statfs(data).fsid == found.fsid
        fd = dragonfly.call("open", name, O_RDONLY, 0)
        assert dragonfly.call("fstatfs", fd, dragonfly.out) == 0
        assert dragonfly.peek(dragonfly.out, STATFS) == data
    assert dragonfly.fails("fstatfs", dragonfly.pipe()[0], dragonfly.out) == "EINVAL"
    assert dragonfly.fails("fstatfs", 99, dragonfly.out) == "EBADF"
    assert dragonfly.fails("statfs", b"/none\0", dragonfly.out) == "ENOENT"
    assert dragonfly.fails("statfs", b"/\0", 8) == "EFAULT"


def test_a_file_systems_id_is_roots_to_know_but_for_getfsstat(dragonfly: Remote) -> None:
    user = Remote(dragonfly.kernel, USER)
    user.call("statfs", b"/\0", user.out)
    assert statfs(user.peek(user.out, STATFS)).fsid == (0, 0)
    assert user.call("getfsstat", user.out, STATFS, MNT_NOWAIT) == 1
    assert statfs(user.peek(user.out, STATFS)).fsid == dragonfly.kernel.statvfs("/").fsid


def test_dragonflys_statvfs_has_neither_an_id_nor_a_longest_name(dragonfly: Remote) -> None:
    assert dragonfly.call("statvfs", b"/\0", dragonfly.out) == 0
    data = dragonfly.peek(dragonfly.out, STATVFS)
    found = dragonfly.kernel.statvfs("/")
    assert struct.unpack_from("<11QI", data) == (
        found.bsize, found.bsize, found.blocks, found.bfree, found.bavail, found.files,
        found.ffree, found.ffree, 0, 0, 0, found.owner)
    fd = dragonfly.call("open", b"/\0", O_RDONLY, 0)
    assert dragonfly.call("fstatvfs", fd, dragonfly.out) == 0
    assert dragonfly.peek(dragonfly.out, STATVFS) == data


def test_dragonflys_lists_store_as_many_as_fit(dragonfly: Remote) -> None:
    count = dragonfly.call("getfsstat", 0, 0, MNT_WAIT)
    assert count >= 2
    assert dragonfly.call("getfsstat", dragonfly.out, -1, MNT_WAIT) == count
    names = [statfs(dragonfly.peek(dragonfly.out + at * STATFS, STATFS)).on
             for at in range(count)]
    assert names[0] == "/"
    assert "/proc" in names
    assert dragonfly.call("getfsstat", dragonfly.out, STATFS * 2 - 1, 0) == 1
    assert dragonfly.fails("getfsstat", 8, STATFS, 0) == "EFAULT"
    both = dragonfly.out, dragonfly.out + 0x4000
    assert dragonfly.call("getvfsstat", both[0], both[1], STATVFS * 9, MNT_WAIT) == count
    assert statfs(dragonfly.peek(both[0], STATFS)).on == "/"
    assert struct.unpack("<Q", dragonfly.peek(both[1], 8))[0] == (
        dragonfly.kernel.statvfs("/").bsize)
    assert dragonfly.call("getvfsstat", 0, 0, 0, 0) == count
    assert dragonfly.fails("getvfsstat", 0, both[1], STATVFS, 0) == "EFAULT"


def test_below_a_changed_root_there_is_what_it_lies_on(dragonfly: Remote) -> None:
    dragonfly.call("mkdir", b"/jail\0", 0o755)
    dragonfly.call("chroot", b"/jail\0")
    assert dragonfly.call("getfsstat", dragonfly.out, STATFS * 5, MNT_WAIT) == 1
    assert statfs(dragonfly.peek(dragonfly.out, STATFS)).on == "/"


# -- mknod ---------------------------------------------------------------------------
S_IFIFO, S_IFCHR, S_IFDIR, S_IFBLK, S_IFREG, S_IFMT = (
    0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o170000)
PATH = b"/tmp/node\0"


def mknod(remote: Remote, mode: int, path: bytes = PATH, dev: int = 1) -> str:
    call = "__mknod50" if remote.system == "netbsd" else "mknod"
    error, _ = remote.attempt(call, path, mode, dev)
    return remote.name(error) if error else ""


def test_mknod_is_roots(root: Remote) -> None:
    """On NetBSD before anything is looked at, on DragonFly behind the kind."""
    user = Remote(root.kernel, USER)
    assert mknod(user, S_IFCHR) == "EPERM"
    assert mknod(user, S_IFCHR, b"/bin\0") == "EPERM"
    assert mknod(user, S_IFIFO) == ("EPERM" if root.system == "netbsd" else "EINVAL")


def test_no_fifo_is_made_by_mknod(root: Remote) -> None:
    """The name is looked at before the kind on NetBSD."""
    assert mknod(root, S_IFIFO) == "EINVAL"
    assert mknod(root, S_IFIFO, b"/bin\0") == (
        "EEXIST" if root.system == "netbsd" else "EINVAL")
    assert mknod(root, S_IFCHR, b"/bin\0") == "EEXIST"
    assert mknod(root, S_IFCHR, b"/none/node\0") == "ENOENT"
    assert root.call("mkfifo", PATH, 0o600) == 0
    assert root.fails("mkfifo", PATH, 0o600) == "EEXIST"


def test_devices_are_refused_by_name(root: Remote) -> None:
    for kind in (S_IFCHR, S_IFBLK, S_IFMT):
        assert mknod(root, kind | 0o600) == "EOPNOTSUPP"
    assert "would be a device" in root.kernel.log[-1]
    assert root.fails("open", PATH, O_RDONLY, 0) == "ENOENT"


def test_netbsds_mknod_makes_files_and_knows_no_device_of_none(netbsd: Remote) -> None:
    assert mknod(netbsd, S_IFREG | 0o640) == ""
    assert netbsd.kernel.lstat("/tmp/node").mode == S_IFREG | 0o640
    assert mknod(netbsd, S_IFCHR, b"/tmp/other\0", -1) == "EINVAL"
    assert mknod(netbsd, S_IFDIR, b"/tmp/other\0") == "EINVAL"
    here = netbsd.call("open", b"/tmp\0", O_RDONLY, 0)
    assert netbsd.call("mknodat", here, b"third\0", S_IFREG | 0o600, 0, 0) == 0
    assert netbsd.kernel.lstat("/tmp/third").mode == S_IFREG | 0o600


def test_dragonflys_mknod_makes_no_files(dragonfly: Remote) -> None:
    assert mknod(dragonfly, S_IFREG | 0o640) == "EINVAL"
    here = dragonfly.call("open", b"/tmp\0", O_RDONLY, 0)
    assert dragonfly.fails("mknodat", here, b"node\0", S_IFDIR, 0) == "EOPNOTSUPP"
    assert dragonfly.fails("mknodat", here, b"node\0", S_IFREG, 0) == "EINVAL"
