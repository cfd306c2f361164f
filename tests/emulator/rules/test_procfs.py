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
