"""What procfs refuses, and its map."""

from __future__ import annotations

from functools import partial

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import MPROTECT, Held, how, read_file, write_file

pytestmark = pytest.mark.privileged

ROOM = 0x30000000
PAGE = 4096
O_WRONLY, O_APPEND = 1, 8
NODES = ("cmdline", "dbregs", "etype", "fpregs", "map", "mem", "note", "notepg", "regs", "rlimit",
         "status", "osrel", "file")


def lines(kernel: Kernel, t: Held, low: int, high: int) -> list[list[str]]:
    """The words of the map's lines of a range."""
    text = read_file(kernel, f"/proc/{t.pid}/map").decode()
    return [w for w in (line.split(" ") for line in text.splitlines())
            if low <= int(w[0], 16) < high]


def test_names_cannot_be_taken_away(hold: Hold, kernel: Kernel) -> None:
    """Whether they are there or not."""
    where = f"/proc/{hold('spin').pid}"
    paths = (where, f"{where}/status", f"{where}/nothing", "/proc/curproc", "/proc/nothing")
    assert {how(partial(kernel.unlink, path)) for path in paths} == {"EOPNOTSUPP"}


def test_init_shows_what_needs_no_debugger(kernel: Kernel) -> None:
    """It is a system process: neither map nor registers."""
    assert sorted(kernel.listdir("/proc/1")) == ["cmdline", "etype", "rlimit", "status"]
    assert how(lambda: kernel.open("/proc/1/osrel", 0)) == "ENOENT"


def test_a_read_of_nothing_asks_nobody(hold: Hold, kernel: Kernel) -> None:
    """Not even a process that runs, or has ended."""
    t = hold("spin")
    fds = [kernel.open(f"/proc/{t.pid}/{name}", 0) for name in ("regs", "mem")]
    kernel.ptrace(7, t.pid, 1, 0)
    assert how(lambda: kernel.pread(fds[0], 8, 0)) == "EBUSY"
    assert [kernel.pread(fd, 0, 0) for fd in fds] == [b"", b""]
    t.__exit__()
    assert [how(partial(kernel.pread, fd, 8, 0)) for fd in fds] == ["EIO", "EIO"]
    assert [kernel.pread(fd, 0, 0) for fd in fds] == [b"", b""]
    for fd in fds:
        kernel.close(fd)


@pytest.mark.parametrize(("data", "answer"), [
    (b"", "EINVAL"), (b"5\0", "EINVAL"), (b"-5", "EINVAL"), (b" 5", "EINVAL"), (b"5 \n", ""),
    (b"2147483648", "EINVAL"), (b"2147483647", ""),
])
def test_what_osrel_takes(hold: Hold, kernel: Kernel, data: bytes, answer: str) -> None:
    path = f"/proc/{hold('spin').pid}/osrel"
    assert how(lambda: write_file(kernel, path, data)) == answer


@pytest.mark.parametrize("name", ["note", "notepg"])
def test_notes_take_nothing(hold: Hold, kernel: Kernel, name: str) -> None:
    path = f"/proc/{hold('spin').pid}/{name}"
    assert how(lambda: write_file(kernel, path, b"")) == "EINVAL"
    assert how(lambda: write_file(kernel, path, b"x")) == "EOPNOTSUPP"


def test_who_is_charged_for_memory(hold: Hold, kernel: Kernel) -> None:
    """Whoever made it writable, from then on; a debugger's write charges no
    memory that is its owner's anyway."""
    t = hold("spin")
    t.map(ROOM, PAGE, 1)
    t.map(ROOM + 2 * PAGE, PAGE, 3)
    t.write(ROOM, b"x")

    def charged() -> list[str]:
        return [" ".join(w[13:]) for w in lines(kernel, t, ROOM, ROOM + 0x10000)]

    assert charged() == ["NCH -1", "CH 0"]
    t.call(MPROTECT, ROOM, PAGE, 3)
    t.call(MPROTECT, ROOM + 2 * PAGE, PAGE, 1)
    assert charged() == ["CH 0", "CH 0"]


def test_a_breakpoint_s_copy_is_charged(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    text = 0x201000

    def shown() -> list[str]:
        (words,) = lines(kernel, t, text, text + 1)
        return [*words[9:12], *words[13:]]

    assert shown() == ["COW", "NC", "vnode", "NCH", "-1"]
    t.write(text, t.read(text, 1))
    assert shown() == ["COW", "NNC", "vnode", "CH", "0"]


def test_registers_are_written_in_part(hold: Hold, kernel: Kernel) -> None:
    """From the start: the rest stays; elsewhere nothing is taken."""
    t = hold("spin")
    path = f"/proc/{t.pid}/regs"
    whole = read_file(kernel, path)
    assert write_file(kernel, path, b"\1" * 8) == 8
    assert read_file(kernel, path) == b"\1" * 8 + whole[8:]
    assert write_file(kernel, path, whole, 8) == 0


@pytest.mark.parametrize("name", NODES)
def test_what_can_be_opened(hold: Hold, kernel: Kernel, name: str) -> None:
    """Modes do not keep root out; what cannot be written refuses then."""
    path = f"/proc/{hold('spin').pid}/{name}"
    assert how(lambda: kernel.close(kernel.open(path, 0))) == ""
    if name in ("note", "notepg"):
        assert how(lambda: read_file(kernel, path)) == "EBADF"
    if name in ("cmdline", "etype", "map", "rlimit", "status"):
        assert how(lambda: write_file(kernel, path, b"x")) == "EBADF"
    assert how(lambda: kernel.open(path + "x", 0x201)) == "ENOENT"


# -- offsets --------------------------------------------------------------------
TEXTS = ("cmdline", "etype", "map", "rlimit", "status", "osrel")
RAW = ("regs", "fpregs", "dbregs")
OFF_MAX = (1 << 63) - 1
PATH, BUFFER, TELLS = ROOM, ROOM + 0x1000, ROOM + 0x3000
OPEN, PREAD, PWRITE, LSEEK, FPATHCONF, GETDIRENTRIES = 5, 475, 476, 478, 192, 554
TRUNCATE, LINK, POLL, MMAP, FTRUNCATE = 479, 9, 209, 477, 480
SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE = range(5)
EINVAL, ETXTBSY, EOVERFLOW, ENOENT, EACCES = 22, 26, 84, 2, 13


class Reader:
    """A tracee that asks procfs about another one."""

    def __init__(self, hold: Hold) -> None:
        self.other, self.t = hold("spin"), hold("spin")
        self.t.map(ROOM, 8 * PAGE, 3)
        self.where = f"/proc/{self.other.pid}"

    def at(self, path: str, spot: int = PATH) -> int:
        self.t.write(spot, path.encode() + b"\0")
        return spot

    def open(self, name: str, flags: int = 0) -> int:
        errno, fd = self.t.call(OPEN, self.at(f"{self.where}/{name}"), flags)
        assert errno == 0
        return fd


@pytest.fixture
def reader(hold: Hold) -> Reader:
    return Reader(hold)


@pytest.mark.parametrize("name", TEXTS)
def test_texts_know_no_offset_beyond_the_last(reader: Reader, name: str) -> None:
    """Nor a length that leads there.  Up to the last byte of all there is
    nothing to read, whatever the offset."""
    fd, pread = reader.open(name), reader.t.call
    for size, offset in ((16, OFF_MAX), (16, OFF_MAX - 15), (16, -1), (16, -OFF_MAX - 1),
                         (0, -1), (OFF_MAX, 1)):
        assert pread(PREAD, fd, BUFFER, size, offset)[0] == EINVAL, (size, offset)
    for size, offset in ((16, OFF_MAX - 16), (OFF_MAX, 0), (OFF_MAX - 1, 1), (0, OFF_MAX),
                         (16, 1 << 20)):
        assert pread(PREAD, fd, BUFFER, size, offset) == (0, 0), (size, offset)


@pytest.mark.parametrize("name", RAW)
def test_registers_lie_at_0_only(reader: Reader, name: str) -> None:
    fd, t = reader.open(name, 2), reader.t
    for offset in (1, 8, OFF_MAX):
        assert t.call(PREAD, fd, BUFFER, 16, offset) == (0, 0)
        assert t.call(PWRITE, fd, BUFFER, 16, offset) == (0, 0)
    assert t.call(PREAD, fd, BUFFER, 16, -1)[0] == EINVAL


@pytest.mark.parametrize("name", [*TEXTS, *RAW, "mem", "note"])
def test_nodes_have_neither_size_nor_holes(reader: Reader, name: str) -> None:
    fd, t = reader.open(name, 1 if name == "note" else 0), reader.t
    assert {t.call(LSEEK, fd, 0, how)[0] for how in (SEEK_DATA, SEEK_HOLE, 5, -1)} == {EINVAL}
    assert t.call(LSEEK, fd, 5, SEEK_END) == (0, 5)
    assert t.call(LSEEK, fd, -1, SEEK_END)[0] == EINVAL
    assert t.call(LSEEK, fd, OFF_MAX, SEEK_SET) == (0, OFF_MAX)
    assert t.call(LSEEK, fd, 1, SEEK_CUR)[0] == EOVERFLOW
    assert t.call(LSEEK, fd, -1, SEEK_CUR) == (0, OFF_MAX - 1)
    assert t.call(FTRUNCATE, fd, 0)[0] == (0 if name == "note" else EINVAL)


def test_osrel_is_written_anywhere(reader: Reader) -> None:
    fd, t = reader.open("osrel", 2), reader.t
    t.write(BUFFER, b"7")
    assert t.call(PWRITE, fd, BUFFER, 1, OFF_MAX) == (0, 1)
    assert t.call(PREAD, fd, BUFFER, 8, 0) == (0, 2)


def test_nodes_cannot_be_mapped(reader: Reader) -> None:
    for name, flags, errno in (("status", 0, EINVAL), ("mem", 2, EINVAL), ("note", 1, EACCES)):
        fd = reader.open(name, flags)
        assert {reader.t.call(MMAP, 0, PAGE, 1, how, fd, 0)[0] for how in (1, 2)} == {errno}


def test_a_node_can_always_be_read_and_written_says_poll(reader: Reader) -> None:
    fd = reader.open("status")
    reader.t.write(BUFFER, fd.to_bytes(4, "little") + b"\x45\0\0\0")
    assert reader.t.call(POLL, BUFFER, 1, 0) == (0, 1)
    assert reader.t.read(BUFFER + 6, 2) == b"\x45\0"


@pytest.mark.parametrize("where", ["/proc", ""])
def test_directories_are_read_by_whole_records(reader: Reader, where: str) -> None:
    """Of 152 bytes, at offsets that are such."""
    t = reader.t
    errno, fd = t.call(OPEN, reader.at(where or reader.where), 0)
    assert errno == 0

    def read(offset: int, size: int) -> tuple[int, int]:
        t.call(LSEEK, fd, offset, SEEK_SET)
        return t.call(GETDIRENTRIES, fd, BUFFER, size, TELLS)

    assert [read(0, size)[0] for size in (1, 100, 151)] == [EINVAL] * 3
    assert [read(offset, 512)[0] for offset in (1, 148, 151, 153)] == [EINVAL] * 4
    assert (read(0, 0), read(0, 152), read(152, 511)) == ((0, 0), (0, 152), (0, 456))
    assert int.from_bytes(t.read(TELLS, 8), "little") == 152
    assert t.call(LSEEK, fd, 0, SEEK_CUR) == (0, 608)
    assert read(152 << 12, 512) == (0, 0)


# -- the program behind file -------------------------------------------------------
def test_a_running_program_is_not_written(reader: Reader) -> None:
    """Nor cut, by either name; the length is looked at first."""
    node, t = f"{reader.where}/file", reader.t
    for path in (node, reader.other.path):
        assert t.call(OPEN, reader.at(path), 1)[0] == ETXTBSY
        assert t.call(OPEN, reader.at(path), 0x400)[0] == ETXTBSY
        assert [t.call(TRUNCATE, reader.at(path), size)[0] for size in (0, 7, -1)] == [
            ETXTBSY, ETXTBSY, EINVAL]


def test_the_program_is_read_like_any_file(reader: Reader) -> None:
    fd, t = reader.open("file"), reader.t
    assert t.call(PREAD, fd, BUFFER, 8, 1) == (0, 8)
    assert t.read(BUFFER, 3) == b"ELF"
    _, size = t.call(LSEEK, fd, 0, SEEK_END)
    assert t.call(PREAD, fd, BUFFER, 8, size) == (0, 0)
    assert t.call(LSEEK, fd, 5, SEEK_DATA) == (0, 5)
    assert t.call(LSEEK, fd, 5, SEEK_HOLE) == (0, size)
    assert t.call(LSEEK, fd, size, SEEK_DATA)[0] == 6
    assert t.call(LSEEK, fd, OFF_MAX, SEEK_END)[0] == EOVERFLOW


def test_no_link_is_made_into_procfs(reader: Reader) -> None:
    """The name is not there, before anybody sees that it is another file system."""
    old, new = reader.at(reader.other.path), reader.at(f"{reader.where}/x", BUFFER)
    assert reader.t.call(LINK, old, new)[0] == ENOENT
    assert reader.t.call(LINK, reader.at(f"{reader.where}/status"), new)[0] == ENOENT


def test_memory_has_no_end_to_append_to(hold: Hold, kernel: Kernel) -> None:
    t = hold("spin")
    t.map(ROOM, PAGE, 3)
    fd = kernel.open(f"/proc/{t.pid}/mem", O_WRONLY | O_APPEND)
    assert kernel.pwrite(fd, b"there", ROOM) == 5
    kernel.close(fd)
    assert t.read(ROOM, 5) == b"there"
