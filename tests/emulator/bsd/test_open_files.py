"""How sockets, pipes, kqueues and files on their way in messages show themselves from
outside: procfs and the tables of open files."""

from __future__ import annotations

import pytest

from bsdproc import dragonfly, freebsd, netbsd
from bsdproc.dragonfly.constants.kinfo import FileType as DragonFlyType
from bsdproc.freebsd.constants.kinfo import FileType as FreeBSDType
from bsdproc.netbsd.constants.kinfo import FileType as NetBSDType
from bsdproc.netbsd.constants.kinfo import VnodeType

from .remote import FLAVOURS, Kernel, Remote
from .test_sockets import LOCAL, STREAM, message, pair

O_RDWR = 2


class Opened:
    """One descriptor of each kind."""

    def __init__(self, r: Remote) -> None:
        self.file = r.call("open", b"/tmp/file\0", O_RDWR | 0x200, 0o640)
        self.directory = r.call("open", b"/tmp\0", 0)
        self.pipe = r.pipe()
        self.socket = pair(r, STREAM)
        self.listening = r.call("socket", LOCAL, STREAM, 0)
        self.queue = r.call("kqueue")
        r.call("write", self.file, b"hello", 5)


@pytest.fixture
def opened(remote: Remote) -> Opened:
    return Opened(remote)


def test_the_tables_say_what_each_is(remote: Remote, opened: Opened, kernel: Kernel) -> None:
    """DTYPE_ of each system's <sys/file.h>, KF_TYPE_ of FreeBSD's <sys/user.h>."""
    kinds = {opened.file: "VNODE", opened.directory: "VNODE", opened.pipe[0]: "PIPE",
             opened.pipe[1]: "PIPE", opened.socket[0]: "SOCKET", opened.listening: "SOCKET",
             opened.queue: "KQUEUE"}
    if remote.system == "freebsd":
        found = {f.fd: FreeBSDType(f.type).name.removeprefix("KF_TYPE_")
                 for f in freebsd.kinfo.filedesc(remote.pid, kernel=kernel)}
    elif remote.system == "netbsd":
        found = {f.fd: NetBSDType(f.type).name.removeprefix("DTYPE_")
                 for f in netbsd.kinfo.files(remote.pid, kernel=kernel)}
    else:
        found = {f.fd: DragonFlyType(f.type).name.removeprefix("DTYPE_")
                 for f in dragonfly.kinfo.files(kernel=kernel) if f.pid == remote.pid}
    assert {fd: found[fd] for fd in kinds} == kinds


def test_how_a_file_is_open_has_names(remote: Remote, opened: Opened, kernel: Kernel) -> None:
    """F* of <sys/fcntl.h>; bits that have none stay numbers."""
    if remote.system == "netbsd":
        flags = {f.fd: f.flag for f in netbsd.kinfo.files(remote.pid, kernel=kernel)}
        both = netbsd.kinfo.FileFlags.FREAD | netbsd.kinfo.FileFlags.FWRITE
        assert flags[opened.directory] is netbsd.kinfo.FileFlags.FREAD
        assert flags[opened.file] == both
        assert netbsd.kinfo.FileFlags(0x80000001 | 1 << 26).value == 0x84000001
    elif remote.system == "dragonfly":
        found = {f.fd: f.flag for f in dragonfly.kinfo.files(kernel=kernel)
                 if f.pid == remote.pid}
        assert found[opened.directory] is dragonfly.kinfo.FileFlags.FREAD
        assert found[opened.file] == (
            dragonfly.kinfo.FileFlags.FREAD | dragonfly.kinfo.FileFlags.FWRITE)
        assert dragonfly.kinfo.FileFlags(1 << 27 | 1).value == 1 << 27 | 1


def test_files_in_messages_are_counted(remote: Remote, opened: Opened, kernel: Kernel) -> None:
    """f_count and f_msgcount: unp_internalize holds the file for the message, and closing the
    descriptor leaves it there."""
    a, b = pair(remote)
    remote.call("sendmsg", a, message(remote, b"x", (opened.file, opened.file)), 0)

    def counts() -> tuple[int, int]:
        if remote.system == "netbsd":
            one = next(f for f in netbsd.kinfo.files(remote.pid, kernel=kernel)
                       if f.fd == opened.file)
            return one.count, one.msgcount
        other = next(f for f in dragonfly.kinfo.files(kernel=kernel)
                     if (f.pid, f.fd) == (remote.pid, opened.file))
        return other.count, other.msgcount

    if remote.system != "freebsd":
        assert counts() == (3, 2)
        remote.call("recvmsg", b, message(remote, bytes(4)), 0)
        assert counts() == (3, 0)


# -- NetBSD ---------------------------------------------------------------------------------
def test_netbsd_s_descriptors_in_procfs() -> None:
    """facts/netbsd 10-mount-default: /proc/PID/fd of a process with a file, a directory, a
    pipe, a socket pair and a kqueue: types, modes and link texts; the nodes that are the file
    itself have its inode, the others ((pid + 1) << 16) | (fd << 5) | 19."""
    with FLAVOURS["netbsd"].kernel() as kernel:
        r = Remote(kernel)
        opened = Opened(r)
        base = f"/proc/{r.pid}/fd"
        entries = netbsd.procfs.fd(r.pid, kernel=kernel)
        assert entries[opened.queue].target == "[kqueue]"
        assert entries[opened.directory].target == "/tmp"
        stats = {fd: kernel.lstat(f"{base}/{fd}") for fd in (
            opened.file, opened.directory, opened.pipe[0], opened.socket[1], opened.queue)}
        modes = {fd: (s.mode & 0o170000, s.mode & 0o7777) for fd, s in stats.items()}
        assert modes == {
            opened.file: (0o100000, 0o640), opened.directory: (0o120000, 0o555),
            opened.pipe[0]: (0o010000, 0o600), opened.socket[1]: (0o140000, 0o600),
            opened.queue: (0o120000, 0o555)}
        assert stats[opened.queue].ino == (r.pid + 1 << 16) | opened.queue << 5 | 19
        assert stats[opened.file].ino == kernel.lstat("/tmp/file").ino
        with pytest.raises(FileNotFoundError):
            kernel.open(f"{base}/{opened.queue}", 0)
        with pytest.raises(OSError, match="EOPNOTSUPP"):
            kernel.open(f"{base}/{opened.socket[0]}", 0)


def test_netbsd_s_records_of_vnodes() -> None:
    """fill_file2: of a file what it is and how long; who opened it, by whatever way it is asked."""
    with FLAVOURS["netbsd"].kernel() as kernel:
        r = Remote(kernel)
        opened = Opened(r)
        own = next(f for f in netbsd.kinfo.files(r.pid, kernel=kernel) if f.fd == opened.file)
        assert (own.vtype, own.vsize, own.offset, own.pid) == (VnodeType.VREG, 5, 5, r.pid)
        every = netbsd.kinfo.all_files(kernel=kernel)
        assert {(f.pid, f.fd) for f in every} == {(0, 0)}
        assert {NetBSDType.DTYPE_KQUEUE, NetBSDType.DTYPE_SOCKET} <= {f.type for f in every}


# -- DragonFly --------------------------------------------------------------------------------
def test_dragonfly_s_table_of_files_is_everybody_s() -> None:
    """sysctl_kern_file_callback: only jails keep others out; without a buffer 16 records and a
    tenth more are asked for than there are."""
    with FLAVOURS["dragonfly"].kernel() as kernel:
        r = Remote(kernel)
        Opened(r)
        size = kernel.target.struct("struct kinfo_file").size
        count = len(kernel.sysctl("kern.file")) // size
        assert kernel.sysctl_size("kern.file") == (count + 16 + count // 10) * size
        seen = kernel.run_child(
            lambda k: {f.pid for f in dragonfly.kinfo.files(kernel=k)}, uid=1000)
        assert r.pid in seen


def test_the_ends_of_a_pipe(remote: Remote, kernel: Kernel) -> None:
    """FreeBSD's and DragonFly's go both ways, NetBSD's (pipe1) have FREAD and FWRITE."""
    first, second = remote.pipe()
    if remote.system == "netbsd":
        flags = {f.fd: f.flag for f in netbsd.kinfo.files(remote.pid, kernel=kernel)}
        assert (flags[first], flags[second]) == (
            netbsd.kinfo.FileFlags.FREAD, netbsd.kinfo.FileFlags.FWRITE)
        assert remote.fails("write", first, b"back", 4) == "EBADF"
        assert remote.fails("read", second, remote.out, 4) == "EBADF"
    else:
        assert remote.call("write", first, b"back", 4) == 4
        assert remote.call("read", second, remote.out, 10) == 4
        assert remote.peek(remote.out, 4) == b"back"
    assert remote.call("write", second, b"forth", 5) == 5
    assert remote.call("read", first, remote.out, 10) == 5
    assert remote.peek(remote.out, 5) == b"forth"
    assert remote.call("close", second) == 0
    assert remote.call("read", first, remote.out, 10) == 0
