"""The file system calls of programs, made by a real one."""

from __future__ import annotations

import struct

import pytest

from bsdproc.emulator import FreeBSD

from .remote import PROGRAMS, Remote

READ, WRITE, OPEN, CLOSE, CHDIR, ACCESS, DUP, IOCTL = 3, 4, 5, 6, 12, 33, 41, 54
SYMLINK, READLINK, UMASK, DUP2, FCNTL, SELECT, READV, WRITEV = 57, 58, 60, 90, 92, 93, 120, 121
MKFIFO, MKDIR, SYSCTL, POLL, GETCWD, KQUEUE = 132, 136, 202, 209, 326, 362
LSEEK, FTRUNCATE = 478, 480
OPENAT, UNLINKAT, PIPE2, FSTAT, FSTATAT, GETDIRENTRIES = 499, 503, 542, 551, 552, 554
SYSCTLBYNAME, CLOSE_RANGE = 570, 575
O_RDWR, O_NONBLOCK, O_CREAT = 2, 4, 0x200
AT_FDCWD = -100


def test_files_and_offsets(remote: Remote) -> None:
    fd = remote.call(OPEN, b"/tmp/f\0", O_RDWR | O_CREAT, 0o777)
    assert remote.call(WRITE, fd, b"0123456789", 10) == 10
    assert remote.call(LSEEK, fd, -4, 2) == 6
    assert remote.call(READ, fd, remote.out, 100) == 4
    assert remote.peek(remote.out, 4) == b"6789"
    assert remote.fails(LSEEK, fd, -1, 0) == "EINVAL"
    assert remote.fails(LSEEK, fd, 0, 9) == "EINVAL"
    remote.call(FTRUNCATE, fd, 3)
    remote.call(FSTAT, fd, remote.out)
    _, _, nlink, mode = struct.unpack_from("<QQQH", remote.peek(remote.out, 32))
    assert (nlink, mode) == (1, 0o100755)
    assert struct.unpack("<q", remote.peek(remote.out + 112, 8)) == (3,)
    remote.call(CLOSE, fd)
    assert remote.fails(READ, fd, remote.out, 1) == "EBADF"


def test_bad_addresses(remote: Remote) -> None:
    fd = remote.call(OPEN, b"/tmp/f\0", O_RDWR | O_CREAT, 0o600)
    assert remote.fails(OPEN, 0x10, 0, 0) == "EFAULT"
    assert remote.fails(WRITE, fd, 0x10, 5) == "EFAULT"
    remote.call(WRITE, fd, b"data", 4)
    remote.call(LSEEK, fd, 0, 0)
    assert remote.fails(READ, fd, 0x10, 5) == "EFAULT"
    assert remote.fails(OPEN, b"x" * 2000, 0, 0) == "ENAMETOOLONG"
    assert remote.fails(WRITE, fd, b"", 1 << 63) == "EINVAL"


def test_reads_and_writes_by_vectors(remote: Remote) -> None:
    fd = remote.call(OPEN, b"/tmp/f\0", O_RDWR | O_CREAT, 0o600)
    text = remote.put(b"hello world")
    vector = struct.pack("<QQQQ", text + 6, 5, text, 5)
    assert remote.call(WRITEV, fd, vector, 2) == 10
    remote.call(LSEEK, fd, 0, 0)
    room = remote.out
    assert remote.call(READV, fd, struct.pack("<QQQQ", room, 3, room + 100, 50), 2) == 10
    assert remote.peek(room, 3) + remote.peek(room + 100, 7) == b"worldhello"
    assert remote.fails(READV, fd, vector, -1) == "EINVAL"
    assert remote.fails(READV, fd, vector, 1025) == "EINVAL"


def test_duplicates_share_the_offset(remote: Remote) -> None:
    fd = remote.call(OPEN, b"/tmp/f\0", O_RDWR | O_CREAT, 0o600)
    other = remote.call(DUP, fd)
    remote.call(WRITE, fd, b"abc", 3)
    assert remote.call(LSEEK, other, 0, 1) == 3
    assert remote.call(DUP2, fd, 20) == 20
    assert remote.call(DUP2, fd, fd) == fd
    assert remote.fails(DUP2, 99, 5) == "EBADF"
    assert remote.fails(DUP2, fd, -1) == "EBADF"
    remote.call(CLOSE_RANGE, other, 0xFFFFFFFF, 0)
    assert remote.fails(WRITE, 20, b"x", 1) == "EBADF"
    assert remote.call(WRITE, fd, b"x", 1) == 1
    assert remote.fails(CLOSE_RANGE, 5, 4, 0) == "EINVAL"


def test_what_fcntl_sets_and_tells(remote: Remote) -> None:
    F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_KINFO = 0, 1, 2, 3, 4, 22
    fd = remote.call(OPEN, b"/dev/null\0", O_RDWR)
    assert remote.call(FCNTL, fd, F_GETFL, 0) == O_RDWR
    remote.call(FCNTL, fd, F_SETFL, O_NONBLOCK | 0xFF00)
    assert remote.call(FCNTL, fd, F_GETFL, 0) == O_RDWR | O_NONBLOCK
    assert remote.call(FCNTL, fd, F_DUPFD, 30) == 30
    assert remote.call(FCNTL, fd, 17, 30) == 31
    assert (remote.call(FCNTL, 30, F_GETFD, 0), remote.call(FCNTL, 31, F_GETFD, 0)) == (0, 1)
    remote.call(FCNTL, 30, F_SETFD, 1)
    assert remote.call(FCNTL, 30, F_GETFD, 0) == 1
    assert remote.fails(FCNTL, fd, F_DUPFD, -1) == "EINVAL"
    assert remote.fails(FCNTL, fd, 99, 0) == "EINVAL"
    remote.poke(remote.out, struct.pack("<i", 1392))
    remote.call(FCNTL, fd, F_KINFO, remote.out)
    assert remote.peek(remote.out + 368, 10) == b"/dev/null\0"
    remote.poke(remote.out, struct.pack("<i", 1391))
    assert remote.fails(FCNTL, fd, F_KINFO, remote.out) == "EINVAL"


def test_reading_ahead_is_refused_by_name(remote: Remote) -> None:
    fd = remote.call(OPEN, b"/dev/null\0", O_RDWR)
    assert remote.fails(FCNTL, fd, 15, 1) == "EOPNOTSUPP"
    assert "fcntl() command 15" in remote.k.log[-1]


@pytest.mark.parametrize(("number", "arguments", "named"), [
    (140, (struct.pack("<qq", 1, 0), 0), "the clock cannot be steered"),
    (176, (struct.pack("<I", 1) + bytes(252),), "the clock cannot be steered"),
    (51, (b"/tmp\0",), "there is no accounting"),
    (55, (0,), "reboot()"),
    (44, (0, 0, 0, 2), "profil() takes no samples"),
    (161, (b"/tmp\0", 0), "there are no file handles"),
    (504, (O_RDWR,), "there are no terminals"),
    (559, (AT_FDCWD, b"/tmp/disk\0", 0o060600, 1), "/tmp/disk would be a device"),
])
def test_what_there_is_not_is_refused_by_name(
        remote: Remote, number: int, arguments: tuple[int | bytes, ...], named: str) -> None:
    """To root: who may not ask is told that first."""
    assert remote.fails(number, *arguments) == "EOPNOTSUPP"
    assert named in remote.k.log[-1]


def test_ioctl_knows_what_every_file_has(remote: Remote) -> None:
    FIONREAD, FIONBIO, FIOCLEX, TIOCGETA = 0x4004667F, 0x8004667E, 0x20006601, 0x402C7413
    remote.call(PIPE2, remote.out, 0)
    one, two = struct.unpack("<ii", remote.peek(remote.out, 8))
    remote.call(WRITE, two, b"four", 4)
    remote.call(IOCTL, one, FIONREAD, remote.out)
    assert struct.unpack("<i", remote.peek(remote.out, 4)) == (4,)
    assert remote.fails(IOCTL, 1, TIOCGETA, remote.out) == "ENOTTY"
    remote.call(IOCTL, one, FIOCLEX, 0)
    assert remote.call(FCNTL, one, 1, 0) == 1
    remote.call(IOCTL, one, FIONBIO, struct.pack("<i", 1))
    remote.call(READ, one, remote.out, 4)
    assert remote.fails(READ, one, remote.out, 4) == "EAGAIN"


def test_a_full_pipe(remote: Remote) -> None:
    remote.call(PIPE2, remote.out, O_NONBLOCK)
    one, two = struct.unpack("<ii", remote.peek(remote.out, 8))
    assert [remote.call(WRITE, two, remote.room, 30000) for _ in range(2)] == [30000, 30000]
    assert remote.call(WRITE, two, remote.room, 30000) == 5536
    assert remote.fails(WRITE, two, remote.room, 1) == "EAGAIN"
    assert remote.call(READ, one, remote.out, 100) == 100
    assert remote.fails(WRITE, two, remote.room, 101) == "EAGAIN"
    assert remote.call(WRITE, two, remote.room, 100) == 100


def test_a_broken_pipe_raises_a_signal(remote: Remote) -> None:
    remote.call(PIPE2, remote.out, 0)
    one, two = struct.unpack("<ii", remote.peek(remote.out, 8))
    remote.call(CLOSE, one)
    assert remote.fails(WRITE, two, b"x", 1) == "EPIPE"
    remote.k.ptrace(7, remote.pid, 1, 0)
    assert remote.k.wait4(remote.pid).status == 13 << 8 | 0x7F


def test_poll_and_select(remote: Remote) -> None:
    remote.call(PIPE2, remote.out, 0)
    one, two = struct.unpack("<ii", remote.peek(remote.out, 8))

    def poll(events: int, fd: int, timeout: int = 0) -> tuple[int, int]:
        asked = remote.put(struct.pack("<ihh", fd, events, -1))
        found = remote.call(POLL, asked, 1, timeout)
        return found, struct.unpack("<h", remote.peek(asked + 6, 2))[0]

    assert poll(1, one) == (0, 0)
    assert poll(4, two) == (1, 4)
    assert poll(1, 99) == (1, 0x20)
    before = remote.k.clock
    assert poll(1, one, 50) == (0, 0)
    assert remote.k.clock - before >= 50_000_000
    remote.call(WRITE, two, b"x", 1)
    assert poll(1, one, -1) == (1, 1)
    bits = remote.put((1 << one | 1 << two).to_bytes(8, "little"))
    assert remote.call(SELECT, two + 1, bits, 0, 0, 0) == 1
    assert remote.peek(bits, 8) == (1 << one).to_bytes(8, "little")
    remote.call(CLOSE, two)
    assert poll(1, one) == (1, 0x11)


def test_names_are_made_changed_and_taken_away(remote: Remote) -> None:
    remote.call(MKDIR, b"/tmp/d\0", 0o777)
    remote.call(CHDIR, b"/tmp/d\0")
    assert remote.call(UMASK, 0o077) == 0o022
    fd = remote.call(OPENAT, AT_FDCWD, b"file\0", O_RDWR | O_CREAT, 0o666)
    assert remote.k.lstat("/tmp/d/file").mode == 0o100600
    remote.call(SYMLINK, b"file\0", b"link\0")
    assert remote.call(READLINK, b"link\0", remote.out, 3) == 3
    assert remote.peek(remote.out, 3) == b"fil"
    assert remote.fails(OPENAT, fd, b"x\0", 0) == "ENOTDIR"
    here = remote.call(OPEN, b".\0", 0)
    assert remote.fails(OPENAT, here, b"none\0", 0) == "ENOENT"
    remote.call(FSTATAT, here, b"link\0", remote.out, 0x200)
    assert struct.unpack_from("<H", remote.peek(remote.out + 24, 2))[0] & 0o170000 == 0o120000
    remote.call(GETCWD, remote.out, 7)
    assert remote.peek(remote.out, 7) == b"/tmp/d\0"
    assert remote.fails(GETCWD, remote.out, 6) == "ERANGE"
    remote.call(UNLINKAT, AT_FDCWD, b"link\0", 0)
    assert remote.fails(UNLINKAT, AT_FDCWD, b"/tmp/d\0", 0) == "EPERM"
    assert remote.fails(UNLINKAT, AT_FDCWD, b"/tmp/d\0", 0x800) == "ENOTEMPTY"
    assert remote.fails(ACCESS, b"file\0", 1) == "EACCES"
    remote.call(ACCESS, b"file\0", 6)


def test_reading_a_directory(remote: Remote) -> None:
    for name in ("one", "a longer name"):
        remote.k.install(f"/tmp/d/{name}", b"")
    fd = remote.call(OPEN, b"/tmp/d\0", 0)
    assert remote.fails(READ, fd, remote.out, 10) == "EISDIR"
    assert remote.fails(GETDIRENTRIES, fd, remote.out, 10, 0) == "EINVAL"
    names, kinds = [], []
    while (size := remote.call(GETDIRENTRIES, fd, remote.out, 80, 0)) > 0:
        at, data = 0, remote.peek(remote.out, size)
        while at < size:
            _, _, length, kind, _, namlen = struct.unpack_from("<QQHBBH", data, at)
            names.append(data[at + 24 : at + 24 + namlen])
            kinds.append(kind)
            at += length
    assert names == [b".", b"..", b"one", b"a longer name"]
    assert kinds == [4, 4, 8, 8]


def test_a_kqueue_is_listed_and_not_inherited(remote: Remote) -> None:
    fd = remote.call(KQUEUE)
    records = remote.k.sysctl([1, 14, 33, remote.pid])
    kinds = {}
    at = 0
    while at < len(records):
        size, kind, number = struct.unpack_from("<iii", records, at)
        kinds[number] = kind
        at += size
    assert kinds[fd] == 5


def test_sysctl_of_a_program(remote: Remote) -> None:
    mib = struct.pack("<ii", 1, 24)
    size = remote.put(struct.pack("<Q", 4))
    remote.call(SYSCTL, mib, 2, remote.out, size, 0, 0)
    name = b"kern.osreldate"
    asked = remote.put(struct.pack("<Q", 100))
    remote.call(SYSCTLBYNAME, remote.put(name), len(name), remote.out, asked, 0, 0)
    assert struct.unpack("<i", remote.peek(remote.out, 4)) == (1302001,)
    assert struct.unpack("<Q", remote.peek(asked, 8)) == (4,)


def test_a_sysctl_that_does_not_fit(remote: Remote) -> None:
    name, room = b"kern.ostype", struct.pack("<Q", 4)
    asked = remote.room + 4096
    remote.poke(asked, room)
    assert remote.fails(SYSCTLBYNAME, name, len(name), remote.out, asked, 0, 0) == "ENOMEM"
    assert remote.peek(remote.out, 4) == b"Free"
    assert struct.unpack("<Q", remote.peek(asked, 8)) == (4,)
    remote.call(SYSCTLBYNAME, name, len(name), 0, asked, 0, 0)
    assert struct.unpack("<Q", remote.peek(asked, 8)) == (8,)
    assert remote.fails(SYSCTL, b"", 1, 0, 0, 0, 0) == "EINVAL"
    assert remote.fails(SYSCTL, b"", 25, 0, 0, 0, 0) == "EINVAL"


def test_a_user_cannot_set_what_is_the_superusers(kernel: FreeBSD) -> None:
    user = Remote(kernel, uid=1001)
    name, value = b"kern.hostname", b"mine"
    assert user.fails(SYSCTLBYNAME, name, len(name), 0, 0, value, 4) == "EPERM"
    Remote(kernel).call(SYSCTLBYNAME, name, len(name), 0, 0, value, 4)
    assert kernel.sysctl("kern.hostname") == b"mine\0"


def test_a_fifo_joins_two_processes(kernel: FreeBSD) -> None:
    one, two = Remote(kernel, path="/bin/one"), Remote(kernel, path="/bin/two")
    one.call(MKFIFO, b"/tmp/fifo\0", 0o666)
    assert one.fails(OPEN, b"/tmp/fifo\0", 1 | O_NONBLOCK) == "ENXIO"
    reader = one.call(OPEN, b"/tmp/fifo\0", O_NONBLOCK)
    writer = two.call(OPEN, b"/tmp/fifo\0", 1)
    assert two.call(WRITE, writer, b"through", 7) == 7
    assert one.call(READ, reader, one.out, 20) == 7
    assert one.peek(one.out, 7) == b"through"
    two.call(CLOSE, writer)
    assert one.call(READ, reader, one.out, 20) == 0


@pytest.mark.parametrize("program", ["forker", "vforker"])
def test_descriptors_are_inherited(kernel: FreeBSD, program: str) -> None:
    """A pipe's end is closed only when the last process that has it is gone."""
    kernel.install(f"/bin/{program}", PROGRAMS / program)
    one, two = kernel.pipe()
    pid = kernel.spawn(f"/bin/{program}", [program], {}, fds={3: two})
    kernel.close(two)
    assert kernel.read(one, 1) == b""
    assert kernel.wait4(pid).status & 0x7F == 0
