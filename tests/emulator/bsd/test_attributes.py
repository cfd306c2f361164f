"""chflags(2) and pathconf(2) as NetBSD and DragonFly have them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from .remote import FLAVOURS, SISTERS, Remote

UF_NODUMP, UF_IMMUTABLE, UF_APPEND, UF_NOUNLINK = 1, 2, 4, 0x10
SF_ARCHIVED, SF_IMMUTABLE, SF_SNAPSHOT = 0x10000, 0x20000, 0x200000
NOTHING = (1 << 64) - 1
O_RDONLY, O_WRONLY, O_CREAT = 0, 1, 0x200
FLAGS_AT = {"netbsd": 132, "dragonfly": 100}
"""Of st_flags in struct stat."""
USER = 1001
FILE = b"/tmp/file\0"


@pytest.fixture(params=SISTERS)
def root(request: pytest.FixtureRequest) -> Iterator[Remote]:
    with FLAVOURS[request.param].kernel() as k:
        k.mkdir("/tmp/d", 0o777)
        k.chmod("/tmp", 0o777)
        yield Remote(k)


def made(remote: Remote, path: bytes = FILE) -> None:
    remote.call("close", remote.call("open", path, O_WRONLY | O_CREAT, 0o644))


def flags(remote: Remote, path: bytes = FILE) -> int:
    fd = remote.call("open", path, O_RDONLY, 0)
    remote.call("fstat", fd, remote.out)
    remote.call("close", fd)
    found, = struct.unpack("<I", remote.peek(remote.out + FLAGS_AT[remote.system], 4))
    assert isinstance(found, int)
    return found


def user_of(remote: Remote) -> Remote:
    return Remote(remote.kernel, USER)


# -- flags -------------------------------------------------------------------------
def test_flags_are_kept_and_told(root: Remote) -> None:
    made(root)
    for value in (UF_NODUMP, SF_ARCHIVED | UF_NODUMP, UF_IMMUTABLE, 0):
        assert root.call("chflags", FILE, value) == 0
        assert flags(root) == value


def test_flags_hold_a_file(root: Remote) -> None:
    made(root)
    root.call("chflags", FILE, UF_IMMUTABLE)
    assert root.fails("open", FILE, O_WRONLY, 0) == "EPERM"
    assert root.fails("unlink", FILE) == "EPERM"
    assert root.fails("chmod", FILE, 0o600) == "EPERM"
    root.call("chflags", FILE, UF_APPEND)
    assert root.fails("open", FILE, O_WRONLY, 0) == "EPERM"
    root.call("chflags", FILE, 0)
    assert root.call("unlink", FILE) == 0


def test_a_name_that_stays_is_dragonflys(root: Remote) -> None:
    made(root)
    root.call("chflags", FILE, UF_NOUNLINK)
    if root.system == "dragonfly":
        assert root.fails("unlink", FILE) == "EPERM"
    else:
        assert root.call("unlink", FILE) == 0


def test_users_set_users_flags_of_their_own_files(root: Remote) -> None:
    made(root)
    user = user_of(root)
    assert user.fails("chflags", FILE, UF_NODUMP) == "EPERM"
    made(user, b"/tmp/own\0")
    assert user.call("chflags", b"/tmp/own\0", UF_NODUMP) == 0
    assert user.fails("chflags", b"/tmp/own\0", SF_ARCHIVED) == "EPERM"
    assert flags(user, b"/tmp/own\0") == UF_NODUMP
    assert root.call("chflags", b"/tmp/own\0", SF_ARCHIVED | UF_NODUMP) == 0
    kept = SF_ARCHIVED | UF_APPEND
    if root.system == "netbsd":
        assert user.fails("chflags", b"/tmp/own\0", UF_APPEND) == "EPERM"
        assert user.call("chflags", b"/tmp/own\0", kept) == 0
    else:
        assert user.fails("chflags", b"/tmp/own\0", kept) == "EPERM"
        assert user.call("chflags", b"/tmp/own\0", UF_APPEND) == 0
    assert flags(root, b"/tmp/own\0") == kept


def test_a_systems_flag_that_holds(root: Remote) -> None:
    """It leaves the user's own flags to the user on NetBSD."""
    user = user_of(root)
    made(user, b"/tmp/own\0")
    root.call("chflags", b"/tmp/own\0", SF_IMMUTABLE)
    given = SF_IMMUTABLE | UF_NODUMP if root.system == "netbsd" else UF_NODUMP
    error, _ = user.attempt("chflags", b"/tmp/own\0", given)
    assert (user.name(error) if error else "") == ("" if root.system == "netbsd" else "EPERM")
    assert flags(root, b"/tmp/own\0") == (
        SF_IMMUTABLE | UF_NODUMP if root.system == "netbsd" else SF_IMMUTABLE)


def test_no_flags_at_all_change_nothing(root: Remote) -> None:
    made(root)
    assert root.call("chflags", FILE, NOTHING) == 0
    root.call("chflags", FILE, UF_IMMUTABLE)
    assert root.fails("chflags", FILE, NOTHING) == "EPERM"


def test_snapshots_are_netbsds(root: Remote) -> None:
    made(root)
    if root.system == "netbsd":
        assert root.fails("chflags", FILE, SF_SNAPSHOT) == "EPERM"
    else:
        assert root.call("chflags", FILE, SF_SNAPSHOT) == 0


def test_ways_to_a_files_flags(root: Remote) -> None:
    made(root)
    root.call("symlink", FILE, b"/tmp/link\0")
    assert root.call("chflags", b"/tmp/link\0", UF_NODUMP) == 0
    assert flags(root) == UF_NODUMP
    assert root.call("lchflags", b"/tmp/link\0", UF_IMMUTABLE) == 0
    assert flags(root) == UF_NODUMP
    fd = root.call("open", FILE, O_RDONLY, 0)
    assert root.call("fchflags", fd, UF_APPEND) == 0
    assert flags(root) == UF_APPEND
    assert root.fails("fchflags", root.pipe()[0], 0) == "EINVAL"
    assert root.fails("fchflags", 99, 0) == "EBADF"
    assert root.fails("chflags", b"/none\0", 0) == "ENOENT"
    assert root.fails("chflags", 8, 0) == "EFAULT"


def test_procfs_has_no_flags(root: Remote) -> None:
    assert root.fails("chflags", b"/proc\0", 0) == "EOPNOTSUPP"
    assert root.call("chflags", b"/proc\0", NOTHING) == 0


def test_a_file_below_a_directory_by_dragonflys_call() -> None:
    with FLAVOURS["dragonfly"].kernel() as k:
        remote = Remote(k)
        made(remote)
        here = 0xFFFAFDCD
        assert remote.call("chflagsat", here, FILE, UF_NODUMP, 1) == 0
        assert flags(remote) == UF_NODUMP
        assert remote.fails("chflagsat", here, FILE, 0, 2) == "EINVAL"


# -- limits -------------------------------------------------------------------------
COMMON = {1: 32767, 4: 255, 5: 1024, 6: 512, 7: 1, 8: 1}
OF_FIFOS = {1: 32767, 6: 512, 7: 1}
TERMINAL = {2: 255, 3: 255, 9: 0xFF}
FILES = {"netbsd": COMMON | {10: 1, 11: 42, 12: 1024, 13: 1}, "dragonfly": COMMON | TERMINAL}
OTHERS = {"netbsd": OF_FIFOS | TERMINAL | {10: 1}, "dragonfly": COMMON | TERMINAL}


def limits(remote: Remote, call: str, of: int | bytes) -> dict[int, int]:
    found = {}
    for name in range(25):
        error, value = remote.attempt(call, of, name)
        if error == 0:
            found[name] = value
        else:
            assert remote.name(error) == "EINVAL"
    return found


def test_limits_of_files(root: Remote) -> None:
    made(root)
    root.call("mkfifo", b"/tmp/fifo\0", 0o600)
    root.call("symlink", b"/tmp/fifo\0", b"/tmp/link\0")
    assert limits(root, "pathconf", FILE) == FILES[root.system]
    assert limits(root, "pathconf", b"/tmp/link\0") == OF_FIFOS
    assert limits(root, "lpathconf", b"/tmp/link\0") == FILES[root.system]
    assert limits(root, "pathconf", b"/dev/null\0") == OTHERS[root.system]
    assert limits(root, "pathconf", b"/proc\0") == OTHERS[root.system]


def test_limits_of_descriptors(root: Remote) -> None:
    made(root)
    fd = root.call("open", FILE, O_RDONLY, 0)
    assert limits(root, "fpathconf", fd) == FILES[root.system]
    assert limits(root, "fpathconf", root.pipe()[0]) == {6: 512}
    assert root.fails("fpathconf", 99, 1) == "EBADF"
    queue = root.call("kqueue")
    assert root.fails("fpathconf", queue, 6) == (
        "EINVAL" if root.system == "netbsd" else "EOPNOTSUPP")
