"""File systems that are told of: statfs(2) and its like; and a program that is an open file."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold, spinning
from .held import ROOM, Held, record

pytestmark = pytest.mark.privileged

BUFFER, OUT, CODE = ROOM + 0x1000, ROOM + 0x2000, ROOM + 0x3000
OPEN, PIPE2, FEXECVE, STATFS, FSTATFS, GETFSSTAT = 5, 542, 492, 555, 556, 557
NOWAIT, WAIT, SIZE = 2, 1, 2344
O_RDONLY, O_WRONLY, O_EXEC, O_CREAT = 0, 1, 0x40000, 0x200
ENOENT, EBADF, EACCES, EFAULT, EINVAL = 2, 9, 13, 14, 22
VERSION, EOPNOTSUPP = 0x20140518, 45


def path(t: Held, name: str) -> int:
    t.write(ROOM, name.encode() + b"\0")
    return ROOM


def names(data: bytes) -> list[str]:
    """Kind, and where it is mounted."""
    return [data[at:].split(b"\0", 1)[0].decode() for at in (280, 1320)]


def test_a_file_system_by_a_path_and_by_a_file(t: Held) -> None:
    assert t.call(STATFS, path(t, "/"), OUT)[0] == 0
    told = t.read(OUT, SIZE)
    assert struct.unpack_from("<I", told)[0] == VERSION
    assert names(told) == ["ufs", "/"]
    block, _, blocks, free = struct.unpack_from("<4Q", told, 16)
    assert block >= 512
    assert blocks >= free > 0
    fd = t.call(OPEN, path(t, "/bin"), O_RDONLY, 0)[1]
    assert t.call(FSTATFS, fd, OUT)[0] == 0
    assert t.read(OUT, SIZE)[4:24] == told[4:24]
    assert t.call(STATFS, path(t, "/proc"), OUT)[0] == 0
    assert names(t.read(OUT, SIZE)) == ["procfs", "/proc"]
    t.call(PIPE2, BUFFER, 0)
    pipe, _ = struct.unpack("<ii", t.read(BUFFER, 8))
    assert [t.call(FSTATFS, *what)[0] for what in ((99, OUT), (pipe, OUT), (fd, 8))] == [
        EBADF, EINVAL, EFAULT]
    assert t.call(STATFS, path(t, "/none"), OUT)[0] == ENOENT


def test_all_of_them(t: Held) -> None:
    """As many as there is room for."""
    count = t.call(GETFSSTAT, 0, 0, NOWAIT)[1]
    assert count >= 3
    assert t.call(GETFSSTAT, OUT, SIZE * count, WAIT) == (0, count)
    found = [names(t.read(OUT + at * SIZE, SIZE)) for at in range(count)]
    assert found[0] == ["ufs", "/"]
    assert {"devfs", "procfs", "ufs"} <= {kind for kind, _ in found}
    assert [t.call(GETFSSTAT, OUT, size, WAIT)[1] for size in (0, SIZE - 1, SIZE, 2 * SIZE)] == [
        count, 0, 1, 2]
    assert [t.call(GETFSSTAT, OUT, SIZE, mode)[0] for mode in (0, 3, 4)] == [EINVAL] * 3
    assert t.call(GETFSSTAT, OUT, -1, WAIT)[0] == EINVAL


def test_its_id_is_for_root(t: Held, hold: Hold) -> None:
    user = spinning(hold, uid=1001)
    ids = []
    for held in (t, user):
        held.call(STATFS, path(held, "/"), OUT)
        ids.append(held.read(OUT + 192, 8))
    assert ids[0] != bytes(8)
    assert ids[1] == bytes(8)


def test_what_is_no_program(t: Held) -> None:
    """A descriptor for reading or for execution, of a file that may be executed now."""
    t.write(BUFFER, struct.pack("<QQ", BUFFER + 32, 0) + bytes(16) + b"name\0")
    fd = t.call(OPEN, path(t, "/tmp/text"), O_WRONLY | O_CREAT, 0o600)[1]
    reads = t.call(OPEN, path(t, "/tmp/text"), O_RDONLY, 0)[1]
    t.call(PIPE2, OUT, 0)
    pipe, _ = struct.unpack("<ii", t.read(OUT, 8))
    assert [t.call(FEXECVE, one, BUFFER, 0)[0] for one in (99, fd, pipe, reads)] == [
        EBADF, EBADF, EBADF, EACCES]
    assert t.call(FEXECVE, reads, 8, 0)[0] == EFAULT


@pytest.mark.parametrize("mode", [O_RDONLY, O_EXEC])
def test_a_program_that_is_an_open_file(t: Held, kernel: Kernel, tracee: Callable[[str], str],
                                        mode: int) -> None:
    """Its name is the file's."""
    fd = t.call(OPEN, path(t, tracee("sleeper")), mode, 0)[1]
    t.write(BUFFER, struct.pack("<QQ", BUFFER + 32, 0) + bytes(16) + b"name\0")
    t.begin(CODE, FEXECVE, fd, BUFFER, BUFFER + 8)
    assert t.wait() == 0x57F
    told = record(kernel, t.pid)["ki_comm"]
    assert isinstance(told, bytes)
    assert told.startswith(b"sleeper\0")


def test_there_are_no_access_control_lists(t: Held) -> None:
    """What is given is looked at first, and has to be of one size."""
    directory = t.call(OPEN, path(t, "/tmp"), O_RDONLY, 0)[1]
    get, set, of_file, remove, check, of_link = 347, 348, 349, 351, 353, 425
    for room, errno in ((254, EOPNOTSUPP), (253, EINVAL)):
        t.write(OUT, struct.pack("<I", room))
        assert t.call(set, path(t, "/tmp"), 2, OUT)[0] == t.call(
            check, path(t, "/tmp"), 2, OUT)[0] == errno
        assert t.call(of_file + 1, directory, 2, OUT)[0] == errno
    assert {t.call(number, path(t, "/tmp"), 2, OUT)[0] for number in (get, remove, of_link)} == {
        EOPNOTSUPP}
    assert t.call(of_file, directory, 2, OUT)[0] == EOPNOTSUPP
    assert t.call(get, path(t, "/none"), 2, OUT)[0] == ENOENT
    assert t.call(of_file, 99, 2, OUT)[0] == t.call(of_file + 1, 99, 2, OUT)[0] == EBADF
