"""procfs: what the recorded scenarios leave out."""

from __future__ import annotations

import struct
from functools import partial

import pytest

from bsdproc.emulator import FreeBSD
from bsdproc.kernel import Kernel

from .remote import PROGRAMS, Remote, refusal

O_RDONLY, O_WRONLY, O_RDWR, O_CREAT = 0, 1, 2, 0x200
PT_CONTINUE, PT_KILL = 7, 8


def read(kernel: FreeBSD, path: str, size: int = 65536, offset: int = 0) -> bytes:
    fd = kernel.open(path, O_RDONLY)
    try:
        return kernel.pread(fd, size, offset)
    finally:
        kernel.close(fd)


def test_the_root(kernel: FreeBSD, remote: Remote) -> None:
    assert kernel.listdir("/proc") == [
        "curproc", str(remote.pid), str(kernel.getpid()), "1", "0"]
    root = kernel.lstat("/proc")
    assert (root.mode, root.ino, root.nlink, root.size) == (0o040555, 2, 1, 0)
    assert kernel.lstat(f"/proc/{remote.pid}").ino == 4 * 100_000 + remote.pid
    assert kernel.lstat("/proc/curproc/status").ino == 15 * 100_000 + kernel.getpid()


@pytest.mark.parametrize(("name", "there"), [
    ("0000000701", True), ("701x", False), ("x701", False), ("-1", False), ("100000", False),
    ("99999", False), ("9" * 200, False), ("ctl", False), ("self", False),
])  # fmt: skip
def test_names_in_the_root(kernel: FreeBSD, name: str, there: bool) -> None:
    assert kernel.getpid() == 701
    assert (refusal(lambda: kernel.lstat(f"/proc/{name}")) == "") is there


def test_a_node_can_be_read_in_parts(kernel: FreeBSD, remote: Remote) -> None:
    path = f"/proc/{remote.pid}/status"
    whole = read(kernel, path)
    fd = kernel.open(path, O_RDONLY)
    parts = [kernel.read(fd, 10) for _ in range(len(whole) // 10 + 2)]
    assert b"".join(parts) == whole
    assert read(kernel, path, 5, 3) == whole[3:8]
    assert read(kernel, path, 5, 4000) == b""


def test_a_process_that_exits_leaves_dead_files(kernel: FreeBSD, remote: Remote) -> None:
    names = ("status", "mem", "regs", "osrel")
    fds = {name: kernel.open(f"/proc/{remote.pid}/{name}", O_RDWR if name != "status" else 0)
           for name in names}
    remote.kill()
    for name, fd in fds.items():
        assert refusal(partial(kernel.pread, fd, 4, 0)) == "EIO", name
    assert refusal(lambda: kernel.pwrite(fds["osrel"], b"1", 0)) == "EIO"
    assert refusal(lambda: kernel.lstat(f"/proc/{remote.pid}/status")) == "ENOENT"
    for fd in fds.values():
        kernel.close(fd)


def test_nothing_can_be_made_renamed_or_removed(kernel: FreeBSD, remote: Remote) -> None:
    where = f"/proc/{remote.pid}"
    assert refusal(lambda: kernel.open(f"{where}/new", O_RDWR | O_CREAT)) == "ENOENT"
    assert refusal(lambda: kernel.mkdir(f"{where}/new")) == "ENOENT"
    assert refusal(lambda: kernel.unlink(f"{where}/status")) == "EOPNOTSUPP"
    assert refusal(lambda: kernel.rmdir(where)) == "EOPNOTSUPP"
    assert refusal(lambda: kernel.chmod(f"{where}/status", 0o777)) == ""
    assert kernel.lstat(f"{where}/status").mode == 0o100444


def test_memory_beyond_an_int(kernel: FreeBSD, remote: Remote) -> None:
    path = f"/proc/{remote.pid}/mem"
    stack = struct.unpack("<Q", kernel.sysctl([1, 14, 38, remote.pid]))[0]
    assert stack > 1 << 32
    assert len(read(kernel, path, 16, stack)) == 16
    assert refusal(lambda: read(kernel, path, 16, 0xFFFFFFFFFFFFFFF)) == "EFAULT"


def test_a_write_to_memory_is_done_up_to_the_fault(kernel: FreeBSD, remote: Remote) -> None:
    end = remote.room + 65536
    fd = kernel.open(f"/proc/{remote.pid}/mem", O_RDWR)
    assert refusal(lambda: kernel.pwrite(fd, b"x" * 16, end - 8)) == "EFAULT"
    assert kernel.pread(fd, 8, end - 8) == b"x" * 8


def test_registers_are_written_from_the_start_and_no_further(
    kernel: FreeBSD, remote: Remote
) -> None:
    fd = kernel.open(f"/proc/{remote.pid}/regs", O_RDWR)
    before = kernel.pread(fd, 500, 0)
    assert kernel.pwrite(fd, b"\x11" * 8, 8) == 0
    assert kernel.pread(fd, 500, 0) == before
    assert kernel.pwrite(fd, b"\x22" * 8, 0) == 8
    assert kernel.pread(fd, 500, 0) == b"\x22" * 8 + before[8:]
    assert kernel.pwrite(fd, before + bytes(100), 0) == len(before)
    assert kernel.pread(fd, 500, 0) == before


@pytest.mark.parametrize(("text", "value"), [
    (b"1200000", 1200000), (b"7\n", 7), (b"7 \t\n", 7), (b"", None), (b"\n", 0), (b"8\0", None),
    (b"-1", None),
    (b"0x10", None), (b"2147483647", 2147483647), (b"2147483648", None), (b" 7", None),
])  # fmt: skip
def test_osrel_takes_digits(
    kernel: FreeBSD, remote: Remote, text: bytes, value: int | None
) -> None:
    fd = kernel.open(f"/proc/{remote.pid}/osrel", O_RDWR)
    error = refusal(lambda: kernel.pwrite(fd, text, 0))
    assert error == ("" if value is not None else "EINVAL")
    expected = 1302001 if value is None else value
    assert kernel.pread(fd, 100, 0) == b"%d\n" % expected


def test_a_name_with_odd_characters_is_escaped(kernel: FreeBSD) -> None:
    remote = Remote(kernel, path="/bin/a b\\c")
    assert read(kernel, f"/proc/{remote.pid}/status").startswith(b"a\\040b\\134c ")


def test_a_set_id_process_shows_nodes_without_rights(kernel: FreeBSD) -> None:
    """P_SUGID takes every right from the nodes that have modes of their own,
    from the others none; the process's own user is kept out, too."""
    remote = Remote(kernel)
    remote.call(23, 1001)
    where = f"/proc/{remote.pid}"
    assert kernel.lstat(where).mode == 0o040555
    assert kernel.lstat(f"{where}/mem").mode == 0o100000
    assert kernel.lstat(f"{where}/status").mode == 0o100444
    seen = kernel.run_child(
        lambda k: [refusal(lambda: k.open(f"{where}/mem", O_RDONLY)), k.listdir(where)], uid=1001)
    assert seen == ["ENOENT", ["cmdline", "etype", "map", "rlimit", "status", "file"]]


def test_a_kernel_process_has_no_memory_to_show(kernel: FreeBSD) -> None:
    assert kernel.listdir("/proc/0") == ["cmdline", "etype", "rlimit", "status"]
    assert read(kernel, "/proc/0/cmdline") == b""


def test_what_cannot_be_seen_is_not_there(kernel: FreeBSD, remote: Remote) -> None:
    kernel.sysctl("security.bsd.see_other_uids", new=struct.pack("<i", 0))

    def work(k: Kernel) -> list[object]:
        return [k.listdir("/proc") == ["curproc", str(k.getpid())],
                refusal(lambda: k.listdir(f"/proc/{remote.pid}"))]

    assert kernel.run_child(work, uid=1001) == [True, "ENOENT"]


def test_a_file_opened_before_the_user_changed_is_looked_at_again(
    kernel: FreeBSD, remote: Remote
) -> None:
    """A descriptor gives no more than its user may see at the time."""
    def work(k: Kernel) -> str:
        return refusal(lambda: k.pread(fd, 4, 0x200000))

    fd = kernel.open(f"/proc/{remote.pid}/mem", O_RDONLY)
    assert kernel.run_child(work) == ""
    assert kernel.run_child(work, uid=1001) == "EIO"


def test_the_file_link_leads_to_the_program(kernel: FreeBSD, remote: Remote) -> None:
    assert kernel.readlink(f"/proc/{remote.pid}/file") == "/bin/spin"
    assert read(kernel, f"/proc/{remote.pid}/file") == (PROGRAMS / "spin").read_bytes()
    assert read(kernel, "/proc/curproc/etype") == b"FreeBSD ELF64\n"


def test_the_map_has_a_line_for_each_entry(kernel: FreeBSD, remote: Remote) -> None:
    lines = read(kernel, f"/proc/{remote.pid}/map").decode().splitlines()
    records = kernel.sysctl([1, 14, 32, remote.pid])
    starts, at = [], 0
    while at < len(records):
        size, _, start = struct.unpack_from("<iiQ", records, at)
        starts.append(f"{start:#x}")
        at += size
    assert [line.split()[0] for line in lines] == starts


def test_times_run_with_the_clock(kernel: FreeBSD) -> None:
    kernel.install("/bin/spin", PROGRAMS / "spin")
    pid = kernel.spawn("/bin/spin", ["spin"], {})
    kernel.settle(0.15)
    words = read(kernel, f"/proc/{pid}/status").decode().split()
    assert float(words[8].replace(",", ".")) > 0.1
    assert words[10] == "nochan"


def test_procfs_paths_are_known(kernel: FreeBSD, remote: Remote) -> None:
    fd = kernel.open(f"/proc/{remote.pid}/mem", O_RDONLY)
    records, at = kernel.sysctl([1, 14, 33, kernel.getpid()]), 0
    paths = {}
    while at < len(records):
        size, _, number = struct.unpack_from("<iii", records, at)
        paths[number] = records[at + 368 : at + size].split(b"\0")[0]
        at += size
    assert paths[fd] == f"/proc/{remote.pid}/mem".encode()
