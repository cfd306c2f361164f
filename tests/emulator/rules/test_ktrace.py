"""What a process does, written to a file: ktrace(2)."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold, spinning
from .held import Held, record
from .traces import BUFFER, CLEAR, CODE, SET, path, ready, trace, written

pytestmark = pytest.mark.privileged

WRITE, OPEN, CLOSE, CHMOD, GETPPID, KTRACE, UTRACE = 4, 5, 6, 15, 39, 45, 335
SYSCALL, SYSRET, NAMEI, GENIO, USER = (1 << n for n in (1, 2, 3, 4, 7))
ROOT, INHERIT = 0x80000000, 0x40000000
EPERM, ENOENT, ESRCH, EBADF, EACCES, EINVAL = 1, 2, 3, 9, 13, 22


@pytest.fixture
def t(t: Held) -> Held:
    return ready(t)


def flags(t: Held, kernel: Kernel) -> int:
    found = record(kernel, t.pid)["ki_traceflag"]
    assert isinstance(found, int)
    return found & 0xFFFFFFFF


def test_a_call_its_names_and_its_result(t: Held) -> None:
    assert trace(t, SET, SYSCALL | SYSRET | NAMEI) == 0
    t.write(BUFFER, b"/tmp\0")
    error, fd = t.begin(CODE, OPEN, BUFFER, 0, 0)()
    assert error == 0
    t.begin(CODE, CLOSE, 99)()
    t.begin(CODE, GETPPID)()
    found = [(kind, data) for kind, data in written(t)
             if kind == 3 or struct.unpack_from("<h", data)[0] != KTRACE]
    (_, call), (_, name), (_, result), *rest = found
    assert [kind for kind, _ in found] == [1, 3, 2, 1, 2, 1, 2]
    assert struct.unpack("<hh4x3Q", call) == (OPEN, 3, BUFFER, 0, 0)
    assert name == b"/tmp"
    assert struct.unpack("<h2xiq", result)[::2] == (OPEN, fd)
    assert struct.unpack("<hh4xQ", rest[0][1]) == (CLOSE, 1, 99)
    assert struct.unpack_from("<h2xi", rest[1][1]) == (CLOSE, EBADF)
    assert struct.unpack("<hh4x", rest[2][1]) == (GETPPID, 0)


def test_bytes_that_are_carried_and_words_of_the_program(t: Held) -> None:
    fd = t.call(OPEN, path(t, "/tmp/other"), 0x602, 0o600)[1]
    assert t.call(UTRACE, BUFFER, 2049)[0] == 0, "nobody wants it"
    assert trace(t, SET, GENIO | USER) == 0
    t.write(BUFFER, b"carried")
    t.begin(CODE, WRITE, fd, BUFFER, 7)()
    t.begin(CODE, UTRACE, BUFFER, 5)()
    assert t.begin(CODE, UTRACE, BUFFER, 2049)()[0] == EINVAL
    assert written(t) == [(4, struct.pack("<ii", fd, 1) + b"carried"), (7, b"carri")]


def test_flags_are_set_and_cleared(t: Held, kernel: Kernel) -> None:
    """One by one; who reads the record of the process sees them."""
    assert flags(t, kernel) == 0
    assert trace(t, SET, SYSCALL | INHERIT) == 0
    assert flags(t, kernel) == SYSCALL | INHERIT | ROOT
    assert trace(t, SET, NAMEI) == 0
    assert flags(t, kernel) == SYSCALL | NAMEI | INHERIT | ROOT
    assert trace(t, CLEAR, SYSCALL) == 0
    assert flags(t, kernel) == NAMEI | INHERIT | ROOT
    assert trace(t, CLEAR, NAMEI) == 0
    assert flags(t, kernel) == 0


def test_what_is_refused(t: Held, kernel: Kernel, hold: Hold) -> None:
    """And what root set is root's to change."""
    assert trace(t, SET, 0) == trace(t, CLEAR, 0) == trace(t, SET, ROOT) == EINVAL
    assert trace(t, SET, SYSCALL, 99999) == trace(t, SET, SYSCALL, -99999) == ESRCH
    assert t.call(KTRACE, path(t, "/tmp/none"), SET, SYSCALL, t.pid)[0] == ENOENT
    assert t.call(KTRACE, path(t, "/dev/null"), SET, SYSCALL, t.pid)[0] == EACCES
    user = spinning(hold, uid=1001)
    assert trace(user, SET, SYSCALL) == EACCES, "the file is another's"
    assert trace(user, CLEAR, SYSCALL, t.pid) == EPERM
    t.call(CHMOD, path(t, "/tmp/trace"), 0o666)
    assert trace(user, SET, SYSCALL) == 0
    assert flags(user, kernel) == SYSCALL
    assert trace(user, SET, SYSCALL, t.pid) == EPERM
    assert trace(t, SET, NAMEI, user.pid) == 0
    assert trace(user, CLEAR, NAMEI) == EPERM
    assert flags(user, kernel) == SYSCALL | NAMEI | ROOT
