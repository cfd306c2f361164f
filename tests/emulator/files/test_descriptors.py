"""The driver's own files, through the port."""

from __future__ import annotations

import io
import struct

import pytest

from bsdproc.emulator import FreeBSD

from .remote import PROGRAMS, Remote, refusal

O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK, O_APPEND = 0, 1, 2, 4, 8
O_NOFOLLOW, O_CREAT, O_TRUNC, O_EXCL = 0x100, 0x200, 0x400, 0x800
O_DIRECTORY, O_EXEC, O_CLOEXEC = 0x20000, 0x40000, 0x100000


def opening(kernel: FreeBSD, path: str, flags: int) -> str:
    return refusal(lambda: kernel.close(kernel.open(path, flags)))


def test_a_file_from_first_to_last(kernel: FreeBSD) -> None:
    fd = kernel.open("/tmp/file", O_RDWR | O_CREAT, 0o666)
    assert fd == 3
    assert kernel.write(fd, b"hello world") == 11
    assert kernel.pread(fd, 5, 6) == b"world"
    assert kernel.read(fd, 5) == b""
    assert kernel.pwrite(fd, b"W", 6) == 1
    kernel.close(fd)
    assert kernel.lstat("/tmp/file")[:4] == (0o100644, 11, 0, 0)
    fd = kernel.open("/tmp/file", O_RDONLY)
    assert kernel.read(fd, 100) == b"hello World"
    with pytest.raises(OSError, match="EBADF"):
        kernel.write(fd, b"x")
    kernel.close(fd)
    with pytest.raises(OSError, match="EBADF"):
        kernel.close(fd)
    kernel.unlink("/tmp/file")
    with pytest.raises(FileNotFoundError):
        kernel.lstat("/tmp/file")


def test_appending_ignores_the_offset(kernel: FreeBSD) -> None:
    fd = kernel.open("/tmp/file", O_RDWR | O_CREAT | O_APPEND)
    kernel.write(fd, b"one")
    kernel.pwrite(fd, b"two", 0)
    assert kernel.pread(fd, 9, 0) == b"onetwo"


@pytest.mark.parametrize(("path", "flags", "errno"), [
    ("/nothing", O_RDONLY, "ENOENT"),
    ("/nothing/", O_RDONLY | O_CREAT, "ENOENT"),
    ("/nothing", O_CREAT | O_DIRECTORY, "ENOENT"),
    ("/tmp", O_CREAT | O_DIRECTORY, ""),
    ("/tmp", O_CREAT | O_EXCL | O_DIRECTORY, "EINVAL"),
    ("/tmp", O_WRONLY, "EISDIR"),
    ("/tmp", O_RDONLY | O_CREAT, "EISDIR"),
    ("/tmp", O_RDONLY, ""),
    ("/dev/null", O_DIRECTORY, "ENOTDIR"),
    ("/dev/null", O_RDWR | O_CREAT | O_EXCL, "EEXIST"),
    ("/dev/null", 3, "EINVAL"),
    ("/dev/null", O_EXEC | O_RDWR, "EINVAL"),
    ("/dev/null", O_EXEC, "EACCES"),
    ("/dev/tty", O_RDWR, "ENXIO"),
    ("/proc/curproc", O_RDONLY | O_NOFOLLOW, "EMLINK"),
    ("/proc/new", O_RDWR | O_CREAT, "ENOENT"),
])  # fmt: skip
def test_what_open_refuses(kernel: FreeBSD, path: str, flags: int, errno: str) -> None:
    assert opening(kernel, path, flags) == errno


def test_truncating_on_open(kernel: FreeBSD) -> None:
    kernel.install("/tmp/file", b"contents", 0o666)
    kernel.close(kernel.open("/tmp/file", O_WRONLY | O_TRUNC))
    assert kernel.lstat("/tmp/file").size == 0


def test_the_lowest_free_descriptor_is_taken(kernel: FreeBSD) -> None:
    fds = [kernel.open("/dev/null", O_RDONLY) for _ in range(4)]
    assert fds == [3, 4, 5, 6]
    kernel.close(4)
    assert kernel.open("/dev/null", O_RDONLY) == 4


def test_a_program_file_is_busy_while_it_runs_or_is_written(kernel: FreeBSD) -> None:
    remote = Remote(kernel, path="/bin/busy")
    assert opening(kernel, "/bin/busy", O_WRONLY) == "ETXTBSY"
    assert opening(kernel, "/bin/busy", O_RDONLY) == ""
    remote.kill()
    fd = kernel.open("/bin/busy", O_WRONLY)
    with pytest.raises(OSError, match="ETXTBSY"):
        kernel.spawn("/bin/busy", ["busy"], {})
    kernel.close(fd)
    kernel.spawn("/bin/busy", ["busy"], {})


def test_pipes_carry_bytes_both_ways(kernel: FreeBSD) -> None:
    one, two = kernel.pipe()
    assert kernel.write(two, b"forth") == 5
    assert kernel.write(one, b"back") == 4
    assert (kernel.read(one, 3), kernel.read(one, 9)) == (b"for", b"th")
    assert kernel.read(two, 9) == b"back"
    with pytest.raises(OSError, match="ESPIPE"):
        kernel.pread(one, 1, 0)
    kernel.close(two)
    assert kernel.read(one, 9) == b""
    with pytest.raises(BrokenPipeError):
        kernel.write(one, b"x")


def test_a_read_that_nobody_can_ever_satisfy_is_an_error(kernel: FreeBSD) -> None:
    one, _ = kernel.pipe()
    with pytest.raises(OSError, match="never end"):
        kernel.read(one, 1)


def test_programs_write_to_the_hosts_streams(kernel: FreeBSD, stdout: io.BytesIO) -> None:
    remote = Remote(kernel)
    assert remote.call(4, 1, b"a line\n", 7) == 7
    assert remote.call(4, 2, b"an error\n", 9) == 9
    assert remote.call(3, 0, remote.out, 10) == 0
    assert stdout.getvalue() == b"a line\nan error\n"


def test_a_spawned_program_has_just_the_descriptors_it_was_given(kernel: FreeBSD) -> None:
    one, two = kernel.pipe()
    kernel.open("/dev/null", O_RDONLY)
    kernel.install("/bin/spin", PROGRAMS / "spin")
    pid = kernel.spawn("/bin/spin", ["spin"], {}, traced=True, fds={1: two, 5: one})
    kernel.wait4(pid)
    listed = kernel.sysctl([1, 14, 33, pid])
    assert _descriptors(listed) == [0, 1, 2, 5]


def _descriptors(records: bytes) -> list[int]:
    found, at = [], 0
    while at < len(records):
        size, _, fd = struct.unpack_from("<iii", records, at)
        found.append(fd)
        at += size
    return [fd for fd in found if fd >= 0]


def test_output_into_a_pipe(kernel: FreeBSD) -> None:
    kernel.install("/bin/sys", PROGRAMS / "sys")
    one, two = kernel.pipe()
    pid = kernel.spawn("/bin/sys", ["sys"], {}, fds={1: two})
    kernel.close(two)
    assert kernel.read(one, 10) == b""      # the program writes nothing and exits
    assert kernel.wait4(pid).status == 6 << 8


def test_users_are_kept_out(kernel: FreeBSD) -> None:
    kernel.install("/tmp/secret", b"x", 0o600)
    seen = kernel.run_child(
        lambda k: [refusal(lambda: k.open("/tmp/secret", O_RDONLY)),
                   refusal(lambda: k.open("/tmp/new", O_RDWR | O_CREAT)),
                   refusal(lambda: k.unlink("/tmp/secret")),
                   refusal(lambda: k.chmod("/tmp/secret", 0o777)),
                   refusal(lambda: k.chown("/tmp/new", 0, 0)),
                   refusal(lambda: k.mkdir("/home/mine"))],
        uid=1001)
    assert seen == ["EACCES", "", "EPERM", "EPERM", "EPERM", "EACCES"]
    assert kernel.lstat("/tmp/new").uid == 1001


def test_directories_and_links(kernel: FreeBSD) -> None:
    kernel.mkdir("/tmp/d", 0o777)
    assert kernel.lstat("/tmp/d").mode == 0o040755
    with pytest.raises(FileExistsError):
        kernel.mkdir("/tmp/d")
    kernel.install("/tmp/d/a", b"")
    assert kernel.listdir("/tmp/d") == ["a"]
    with pytest.raises(OSError, match="ENOTEMPTY"):
        kernel.rmdir("/tmp/d")
    with pytest.raises(OSError, match="ENOTDIR"):
        kernel.listdir("/tmp/d/a")
    kernel.unlink("/tmp/d/a")
    kernel.rmdir("/tmp/d")


def test_random_bytes_are_the_same_in_every_run() -> None:
    def some() -> bytes:
        with FreeBSD() as k:
            return k.pread(k.open("/dev/random", O_RDONLY), 16, 0)

    assert some() == some() != bytes(16)


def test_paths_and_sizes_that_make_no_sense(kernel: FreeBSD) -> None:
    with pytest.raises(ValueError, match="NUL"):
        kernel.open("/tmp/a\0b", O_RDWR | O_CREAT)
    fd = kernel.open("/dev/zero", O_RDONLY)
    assert len(kernel.read(fd, 1 << 60)) == 1 << 24
    with pytest.raises(ValueError, match="size must be"):
        kernel.read(fd, -1)
    with pytest.raises(ValueError, match="size must be"):
        kernel.pread(fd, 1 << 63, 0)
    file = kernel.open("/tmp/f", O_RDWR | O_CREAT)
    assert refusal(lambda: kernel.pread(file, 1, -1)) == "EINVAL"
    assert refusal(lambda: kernel.pwrite(file, b"x", 1 << 40)) == "EFBIG"
