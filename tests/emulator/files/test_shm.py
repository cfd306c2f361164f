"""POSIX shared memory, and mappings of files that change."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator import FreeBSD

from .remote import MMAP, Remote, files_of, table

READ, WRITE, OPEN, CLOSE, MUNMAP, MPROTECT, FCNTL = 3, 4, 5, 6, 73, 74, 92
LSEEK, TRUNCATE, FTRUNCATE, PWRITE, FSTAT = 478, 479, 480, 476, 551
SHM_OPEN, SHM_UNLINK, SHM_OPEN2, SHM_RENAME = 482, 483, 571, 572
SHM_ANON = 1
O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC = 0, 1, 2, 0x200, 0x800, 0x400
ALLOW_SEALING, GROW_ON_WRITE, LARGEPAGE = 1, 2, 4
F_GETFD, ADD_SEALS, GET_SEALS = 1, 19, 20
SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_WRITE = 1, 2, 4, 8
SHARED, PRIVATE = 1, 2
PAGE = 4096


def anonymous(r: Remote, kind: int = 0, size: int = 0) -> int:
    fd = r.call(SHM_OPEN2, SHM_ANON, O_RDWR, 0o600, kind, 0)
    if size:
        r.call(FTRUNCATE, fd, size)
    return fd


def test_an_object_lives_on_under_its_name(remote: Remote) -> None:
    name = b"/thing\0"
    assert remote.fails(SHM_OPEN, name, O_RDWR, 0) == "ENOENT"
    fd = remote.call(SHM_OPEN, name, O_RDWR | O_CREAT, 0o640)
    assert remote.call(FCNTL, fd, F_GETFD, 0) == 1, "closed by execve"
    assert remote.fails(SHM_OPEN, name, O_RDWR | O_CREAT | O_EXCL, 0o640) == "EEXIST"
    remote.call(FTRUNCATE, fd, 10)
    assert remote.call(WRITE, fd, b"hello", 5) == 5
    other = remote.call(SHM_OPEN, name, O_RDONLY, 0)
    assert remote.call(READ, other, remote.out, 100) == 10
    assert remote.peek(remote.out, 10) == b"hello" + bytes(5)
    assert remote.fails(WRITE, other, b"x", 1) == "EBADF"
    remote.call(SHM_OPEN, name, O_RDWR | O_TRUNC, 0)
    assert remote.call(READ, other, remote.out, 100) == 0
    remote.call(SHM_UNLINK, name)
    assert remote.fails(SHM_UNLINK, name) == "ENOENT"
    assert remote.fails(SHM_OPEN, name, O_RDWR, 0) == "ENOENT"
    remote.call(FTRUNCATE, fd, 10)


@pytest.mark.parametrize(("flags", "kind", "errno"), [
    (O_WRONLY, 0, "EINVAL"), (O_RDONLY, 0, "EINVAL"), (O_RDWR | 0x8, 0, "EINVAL"),
    (O_RDWR, 8, "EINVAL"), (O_RDWR, LARGEPAGE, "ENOTTY"),
])
def test_what_is_refused(remote: Remote, flags: int, kind: int, errno: str) -> None:
    assert remote.fails(SHM_OPEN2, SHM_ANON, flags, 0, kind, 0) == errno


def test_names_begin_with_a_slash(remote: Remote) -> None:
    assert remote.fails(SHM_OPEN, b"thing\0", O_RDWR | O_CREAT, 0o600) == "EINVAL"
    assert remote.fails(SHM_OPEN, b"/" + b"x" * 1100 + b"\0", O_RDWR, 0) == "ENAMETOOLONG"
    assert remote.fails(SHM_OPEN, 0x10, O_RDWR, 0) == "EFAULT"


def test_names_are_guarded_by_modes_as_files_are(kernel: FreeBSD, remote: Remote) -> None:
    remote.call(SHM_OPEN, b"/mine\0", O_RDWR | O_CREAT, 0o644)
    user = Remote(kernel, uid=1001, path="/bin/spin2")
    user.call(SHM_OPEN, b"/mine\0", O_RDONLY, 0)
    assert user.fails(SHM_OPEN, b"/mine\0", O_RDWR, 0) == "EACCES"
    assert user.fails(SHM_UNLINK, b"/mine\0") == "EACCES"
    assert user.fails(SHM_RENAME, b"/mine\0", b"/yours\0", 0) == "EACCES"


def test_a_name_is_moved_exchanged_or_kept(remote: Remote) -> None:
    for name, length in ((b"/a\0", 1), (b"/b\0", 2)):
        remote.call(FTRUNCATE, remote.call(SHM_OPEN, name, O_RDWR | O_CREAT, 0o600), length)

    def size(name: bytes) -> int:
        remote.call(FSTAT, remote.call(SHM_OPEN, name, O_RDWR, 0), remote.out)
        value: int = struct.unpack_from("<q", remote.peek(remote.out, 200), 112)[0]
        return value

    assert remote.fails(SHM_RENAME, b"/a\0", b"/b\0", 1) == "EEXIST"
    assert remote.fails(SHM_RENAME, b"/a\0", b"/b\0", 3) == "EINVAL"
    assert remote.fails(SHM_RENAME, b"/c\0", b"/b\0", 0) == "ENOENT"
    assert remote.fails(SHM_RENAME, SHM_ANON, b"/b\0", 0) == "EINVAL"
    remote.call(SHM_RENAME, b"/a\0", b"/b\0", 2)
    assert (size(b"/a\0"), size(b"/b\0")) == (2, 1)
    remote.call(SHM_RENAME, b"/a\0", b"/b\0", 0)
    assert size(b"/b\0") == 2
    assert remote.fails(SHM_OPEN, b"/a\0", O_RDWR, 0) == "ENOENT"


def test_writing_does_not_grow_it_unless_asked(remote: Remote) -> None:
    fd = anonymous(remote, size=4)
    assert remote.call(WRITE, fd, b"hello", 5) == 4
    fd = anonymous(remote, GROW_ON_WRITE)
    assert remote.call(WRITE, fd, b"hello", 5) == 5


def test_a_seal_holds_and_is_refused_while_the_object_is_mapped(remote: Remote) -> None:
    fd = anonymous(remote)
    assert remote.call(FCNTL, fd, GET_SEALS, 0) == SEAL_SEAL
    assert remote.fails(FCNTL, fd, ADD_SEALS, SEAL_GROW) == "EPERM"
    fd = anonymous(remote, ALLOW_SEALING, PAGE)
    where = remote.call(MMAP, 0, PAGE, 3, SHARED, fd, 0)
    assert remote.fails(FCNTL, fd, ADD_SEALS, SEAL_WRITE) == "EBUSY"
    remote.call(MUNMAP, where, PAGE)
    remote.call(FCNTL, fd, ADD_SEALS, SEAL_WRITE | SEAL_GROW | SEAL_SHRINK)
    assert remote.call(FCNTL, fd, GET_SEALS, 0) == 14
    assert remote.fails(WRITE, fd, b"x", 1) == "EPERM"
    assert remote.fails(FTRUNCATE, fd, 0) == "EPERM"
    assert remote.fails(FTRUNCATE, fd, 2 * PAGE) == "EPERM"
    assert remote.fails(MMAP, 0, PAGE, 3, SHARED, fd, 0) == "EACCES"
    remote.call(MMAP, 0, PAGE, 3, PRIVATE, fd, 0)
    assert remote.fails(FCNTL, 0, GET_SEALS, 0) == "EINVAL"


def test_two_processes_share_it(kernel: FreeBSD, remote: Remote) -> None:
    fd = remote.call(SHM_OPEN, b"/both\0", O_RDWR | O_CREAT, 0o600)
    remote.call(FTRUNCATE, fd, PAGE)
    other = Remote(kernel, path="/bin/spin2")
    here = remote.call(MMAP, 0, PAGE, 3, SHARED, fd, 0)
    there = other.call(MMAP, 0, PAGE, 3, SHARED, other.call(SHM_OPEN, b"/both\0", O_RDWR, 0), 0)
    remote.poke(here, b"from one")
    assert other.peek(there, 8) == b"from one"
    other.poke(there, b"from two")
    assert remote.peek(here, 8) == b"from two"
    assert remote.call(READ, fd, remote.out, 8) == 8
    assert remote.peek(remote.out, 8) == b"from two"
    remote.call(PWRITE, fd, b"written!", 8, 0)
    assert other.peek(there, 8) == b"written!"


def test_in_the_lists_of_files_and_of_the_map(kernel: FreeBSD, remote: Remote) -> None:
    fd = remote.call(SHM_OPEN, b"/shown\0", O_RDWR | O_CREAT, 0o640)
    remote.call(FTRUNCATE, fd, 100)
    where = remote.call(MMAP, 0, PAGE, 3, SHARED, fd, 0)
    shown = files_of(kernel, remote.pid)[fd]
    union, path = shown["kf_un"], shown["kf_path"]
    assert isinstance(union, dict)
    assert isinstance(path, bytes)
    file = union["kf_file"]
    assert isinstance(file, dict)
    assert (shown["kf_type"], path.rstrip(b"\0")) == (8, b"/shown")
    assert (file["kf_file_mode"], file["kf_file_size"]) == (0o100640, 100)
    entries = table(kernel, 32, remote.pid, "struct kinfo_vmentry")
    mapped, = [one for one in entries if one["kve_start"] == where]
    assert mapped["kve_type"] == 3


def refused(r: Remote, address: int) -> bool:
    try:
        r.peek(address, 1)
    except OSError:
        return True
    return False


@pytest.mark.parametrize("named", [True, False])
def test_what_is_cut_off_is_no_memory_any_more(remote: Remote, named: bool) -> None:
    """And comes back empty."""
    fd = remote.call(OPEN, b"/tmp/f\0", O_RDWR | O_CREAT, 0o600) if named else anonymous(remote)
    remote.call(FTRUNCATE, fd, 2 * PAGE)
    where = remote.call(MMAP, 0, 3 * PAGE, 3, SHARED, fd, 0)
    remote.poke(where + PAGE - 4, b"over the edge")
    assert refused(remote, where + 2 * PAGE)
    remote.call(FTRUNCATE, fd, PAGE - 2)
    assert refused(remote, where + PAGE)
    assert remote.peek(where + PAGE - 4, 4) == b"ov\0\0"
    remote.call(FTRUNCATE, fd, 2 * PAGE)
    assert remote.peek(where + PAGE - 4, 8) == b"ov" + bytes(6)


def test_what_is_written_to_a_file_shows_in_its_mapping(remote: Remote) -> None:
    fd = remote.call(OPEN, b"/tmp/f\0", O_RDWR | O_CREAT, 0o600)
    remote.call(FTRUNCATE, fd, PAGE)
    where = remote.call(MMAP, 0, PAGE, 3, SHARED, fd, 0)
    remote.poke(where, b"mapped")
    remote.call(PWRITE, fd, b"write", 5, 1)
    assert remote.peek(where, 6) == b"mwrite"
