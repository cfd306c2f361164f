"""What ktrace(2)'s records tell of structures, sysctls, rights, sleeps and page faults."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .held import PT_CONTINUE, ROOM, Held
from .traces import BUFFER, CODE, SET, path, ready, trace, written, written_by

pytestmark = pytest.mark.privileged

(NAMEI, GENIO, PSIG, CSW, STRUCT, SYSCTL, PROCCTOR, PROCDTOR, CAPFAIL, FAULT, FAULTEND,
 STRUCT_ARRAY) = (3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15)
SYSRET, INHERIT = 2, 0x40000000
FORK, WRITE, OPEN, UNLINK, GETPEERNAME, GETSOCKNAME, SETITIMER = 2, 4, 5, 10, 31, 32, 83
SOCKET, CONNECT, BIND, LISTEN, READV, WRITEV, SENDTO = 97, 98, 104, 106, 120, 121, 133
SETRLIMIT, SYSCTL_CALL, NANOSLEEP, KQUEUE, GETCWD = 195, 202, 240, 362, 326
GETAFFINITY, SETAFFINITY, RIGHTS_GET, RIGHTS_LIMIT, ACCEPT4 = 487, 488, 515, 533, 541
FSTAT, FSTATAT, KEVENT, BYNAME = 551, 552, 560, 570
MPROTECT, RLIMIT_CORE, SIGSEGV = 74, 4, 11
AF_LOCAL, SOCK_STREAM, AT_FDCWD = 1, 1, -100
ENOTCAPABLE, ENOENT = 93, 2
SPARE = ROOM + 0x38000
"""Pages that nothing has touched yet."""
MARKS = (1 << 57, 1 << 58)
CAP_READ, CAP_WRITE, CAP_FSTAT = 0x1, 0x2, 1 << 19


@pytest.fixture
def t(t: Held) -> Held:
    return ready(t)


def bits(*kinds: int) -> int:
    return sum(1 << kind for kind in kinds)


def structure(name: str, data: bytes) -> tuple[int, bytes]:
    return STRUCT, name.encode() + b"\0" + data


def made(t: Held, number: int, *args: int) -> int:
    errno, value = t.begin(CODE, number, *args)()
    assert errno == 0
    return value


def without_core(t: Held) -> None:
    t.write(BUFFER, bytes(16))
    assert t.call(SETRLIMIT, RLIMIT_CORE, BUFFER)[0] == 0


# -- structures ---------------------------------------------------------------------------
def test_what_stat_found(t: Held) -> None:
    fd = made(t, OPEN, path(t, "/tmp/trace"), 0, 0)
    assert trace(t, SET, bits(STRUCT, NAMEI)) == 0
    made(t, FSTAT, fd, BUFFER)
    first = t.read(BUFFER, 224)
    t.write(BUFFER + 0x800, b"/tmp\0")
    made(t, FSTATAT, AT_FDCWD, BUFFER + 0x800, BUFFER, 0)
    second = t.read(BUFFER, 224)
    t.write(BUFFER + 0x800, b"/none/at/all\0")
    assert t.begin(CODE, FSTATAT, AT_FDCWD, BUFFER + 0x800, BUFFER, 0)()[0] == ENOENT
    assert written(t) == [structure("stat", first), (NAMEI, b"/tmp"),
                          structure("stat", second), (NAMEI, b"/none/at/all")]


def test_addresses_of_sockets(t: Held) -> None:
    """As long as the call says, whatever they say themselves; no more of one that has no
    name than that."""
    t.call(UNLINK, path(t, "/tmp/told"))
    assert trace(t, SET, bits(STRUCT, NAMEI)) == 0
    name = b"/tmp/told"
    size = 2 + len(name)
    given = structure("sockaddr", bytes((size, AF_LOCAL)) + name)
    t.write(BUFFER, bytes((99, AF_LOCAL)) + name)
    server, client = (made(t, SOCKET, AF_LOCAL, SOCK_STREAM, 0) for _ in range(2))
    made(t, BIND, server, BUFFER, size)
    made(t, LISTEN, server, 1)
    made(t, CONNECT, client, BUFFER, size)
    t.write(BUFFER + 0x200, struct.pack("<I", 106))
    peer = made(t, ACCEPT4, server, BUFFER + 0x100, BUFFER + 0x200, 0)
    for call, fd in ((GETSOCKNAME, peer), (GETPEERNAME, client)):
        t.write(BUFFER + 0x200, struct.pack("<I", 106))
        made(t, call, fd, BUFFER + 0x100, BUFFER + 0x200)
    t.call(UNLINK, path(t, "/tmp/told"))
    found = written(t)
    assert found[:4] == [given, (NAMEI, name)] * 2
    assert [kind for kind, _ in found[4:7]] == [STRUCT] * 3
    nameless, *named = (data.split(b"\0", 1)[1] for _, data in found[4:7])
    assert nameless[1] == AF_LOCAL
    assert nameless[2:].strip(b"\0") == b""
    for one in (nameless, *named):
        assert len(one) == one[0]
    assert [one[2:].rstrip(b"\0") for one in named] == [name, name]


def test_timers_processors_and_rights(t: Held) -> None:
    fd = made(t, OPEN, path(t, "/tmp/trace"), 0, 0)
    assert trace(t, SET, bits(STRUCT)) == 0
    timer = struct.pack("<4q", 0, 0, 1000, 0)
    t.write(BUFFER, timer)
    made(t, SETITIMER, 1, BUFFER, BUFFER + 64)
    made(t, GETAFFINITY, 3, 2, -1, 32, BUFFER)
    processors = t.read(BUFFER, 32)
    t.write(BUFFER, b"\1" + bytes(31))
    made(t, SETAFFINITY, 3, 1, -1, 32, BUFFER)
    rights = struct.pack("<QQ", MARKS[0] | CAP_READ | CAP_FSTAT, MARKS[1])
    t.write(BUFFER, rights)
    made(t, RIGHTS_LIMIT, fd, BUFFER)
    made(t, RIGHTS_GET, 0, fd, BUFFER)
    assert written(t) == [
        structure("itimerval", timer), structure("itimerval", bytes(32)),
        structure("cpuset_t", processors), structure("cpuset_t", b"\1" + bytes(31)),
        structure("caprights", rights), structure("caprights", rights)]


def test_events(t: Held) -> None:
    """Of what is not there, the name."""
    def event(ident: int, flags: int, fflags: int) -> bytes:
        return struct.pack("<QhHIqQ32x", ident, -11, flags, fflags, 0, 7)

    def told(*events: bytes) -> tuple[int, bytes]:
        return STRUCT_ARRAY, struct.pack("<Q", 64) + b"kevent\0" + b"".join(events)

    queue = made(t, KQUEUE)
    assert trace(t, SET, bits(STRUCT_ARRAY)) == 0
    changes = event(1, 0x21, 0), event(1, 0, 0x01000000)
    t.write(BUFFER, b"".join(changes))
    made(t, KEVENT, queue, BUFFER, 2, 0, 0, 0)
    t.write(BUFFER, bytes(16))
    assert made(t, KEVENT, queue, 0, 0, BUFFER + 64, 2, BUFFER) == 1
    assert written(t) == [told(*changes), told(), told(), told(event(1, 0x20, 0))]


def test_names_of_sysctls(t: Held) -> None:
    t.write(BUFFER, struct.pack("<iiQ", 6, 3, 4))
    t.write(BUFFER + 0x100, b"kern.osreldate\0no.such\0")
    assert trace(t, SET, bits(SYSCTL)) == 0
    for call, name, size in ((SYSCTL_CALL, BUFFER, 2), (BYNAME, BUFFER + 0x100, 14)):
        made(t, call, name, size, BUFFER + 0x40, BUFFER + 8, 0, 0)
    assert t.begin(CODE, BYNAME, BUFFER + 0x10F, 7, BUFFER + 0x40, BUFFER + 8, 0, 0)()[0] == ENOENT
    assert written(t) == [(SYSCTL, b"hw.ncpu\0"), (SYSCTL, b"kern.osreldate\0")]


def test_where_a_program_is(t: Held) -> None:
    assert trace(t, SET, bits(NAMEI)) == 0
    made(t, GETCWD, BUFFER, 0x400)
    assert written(t) == [(NAMEI, t.read(BUFFER, 0x400).split(b"\0")[0])]


# -- bytes ----------------------------------------------------------------------------------
def test_bytes_in_pieces_and_none(t: Held) -> None:
    """An end of file is told of, what writes nothing as well; what asks for nothing is not."""
    fd = made(t, OPEN, path(t, "/tmp/other"), 0x602, 0o600)
    t.write(BUFFER, struct.pack("<4Q", BUFFER + 64, 2, BUFFER + 96, 3))
    t.write(BUFFER + 64, b"ab".ljust(32, b"\0") + b"cde")
    assert trace(t, SET, bits(GENIO)) == 0
    assert made(t, WRITEV, fd, BUFFER, 2) == 5
    assert made(t, READV, fd, BUFFER, 2) == 0
    assert made(t, 3, fd, BUFFER, 0) == 0
    assert made(t, WRITE, fd, BUFFER, 0) == 0
    assert written(t) == [(GENIO, struct.pack("<ii", fd, 1) + b"abcde"),
                          *((GENIO, struct.pack("<ii", fd, out)) for out in (0, 1))]


def test_how_many_bytes_are_kept(t: Held, kernel: Kernel) -> None:
    fd = made(t, OPEN, path(t, "/tmp/other"), 0x602, 0o600)
    t.write(BUFFER, b"carried")
    before = kernel.sysctl("kern.ktrace.genio_size")
    kernel.sysctl("kern.ktrace.genio_size", new=struct.pack("<I", 3))
    try:
        assert trace(t, SET, bits(GENIO)) == 0
        assert made(t, WRITE, fd, BUFFER, 7) == 7
    finally:
        kernel.sysctl("kern.ktrace.genio_size", new=before)
    assert written(t) == [(GENIO, struct.pack("<ii", fd, 1) + b"car")]


# -- rights, sleeps, faults ---------------------------------------------------------------
def test_rights_that_are_lacking(t: Held) -> None:
    fd = made(t, OPEN, path(t, "/tmp/trace"), 2, 0)
    t.write(BUFFER, struct.pack("<QQ", MARKS[0] | CAP_READ, MARKS[1]))
    made(t, RIGHTS_LIMIT, fd, BUFFER)
    assert trace(t, SET, bits(CAPFAIL)) == 0
    assert t.begin(CODE, WRITE, fd, BUFFER, 1)()[0] == ENOTCAPABLE
    t.write(BUFFER, struct.pack("<QQ", MARKS[0] | CAP_WRITE, MARKS[1]))
    assert t.begin(CODE, RIGHTS_LIMIT, fd, BUFFER)()[0] == ENOTCAPABLE

    not_capable, increase = 0, 1
    assert [struct.unpack("<i4x4Q", data) for _, data in written(t)] == [
        (kind, MARKS[0] | CAP_WRITE, MARKS[1], MARKS[0] | CAP_READ, MARKS[1])
        for kind in (not_capable, increase)]


def test_sleeps(t: Held) -> None:
    t.write(BUFFER, struct.pack("<qq", 0, 20_000_000))
    assert trace(t, SET, bits(CSW)) == 0
    made(t, NANOSLEEP, BUFFER, 0)
    found = [struct.unpack("<ii8s", data) for _, data in written(t)]
    assert [(out, user, message.split(b"\0")[0]) for out, user, message in found
            if not user] == [(1, 0, b"nanslp"), (0, 0, b"nanslp")]


@pytest.mark.parametrize(("prot", "code", "access", "result"), [
    (3, "c60701 cc", 2, 0), (3, "8a07 cc", 1, 0), (1, "c60701 cc", 2, 2), (0, "8a07 cc", 1, 2),
    (None, "8a07 cc", 1, 1),
])
def test_page_faults(t: Held, prot: int | None, code: str, access: int, result: int) -> None:
    """Of a store and a load: satisfied, refused, and where nothing is, which is its end."""
    without_core(t)
    where = 0x20000000 if prot is None else SPARE
    if prot is not None:
        assert t.call(MPROTECT, SPARE, 0x1000, prot)[0] == 0
    assert trace(t, SET, bits(FAULT, FAULTEND)) == 0
    end = t.begin(CODE, 0, where + 5, code=code)
    if result:
        with pytest.raises(AssertionError):
            end()
        t.go(SIGSEGV)
    else:
        end()
    found = [(kind, struct.unpack_from("<Qi" if kind == FAULT else "<i", data))
             for kind, data in written(t)]
    at = found.index((FAULT, (where + 5, access)))
    assert found[at + 1] == (FAULTEND, (result,))


def test_a_signal_that_is_waited_for(t: Held) -> None:
    kill, sigprocmask, sigtimedwait, sigusr1, user = 37, 340, 345, 30, 0x10001
    t.write(BUFFER, struct.pack("<QQ", 1 << sigusr1 - 1, 0) + bytes(16))
    made(t, sigprocmask, 1, BUFFER, 0)
    made(t, kill, t.pid, sigusr1)
    assert trace(t, SET, bits(PSIG)) == 0
    end = t.begin(CODE, sigtimedwait, BUFFER, 0, BUFFER + 16)
    assert t.wait() >> 8 == sigusr1, "its tracer comes first"
    t.kernel.ptrace(PT_CONTINUE, t.pid, 1, sigusr1)
    assert end() == (0, sigusr1)
    (kind, data), = written(t)
    assert kind == PSIG
    assert struct.unpack("<i4xQi16s4x", data) == (
        sigusr1, 0, user, struct.pack("<QQ", 1 << sigusr1 - 1, 0))


# -- processes ------------------------------------------------------------------------------
def test_a_child_is_traced_from_its_beginning_to_its_end(t: Held) -> None:
    """It goes on at the breakpoint, which is its end."""
    without_core(t)
    assert trace(t, SET, bits(PROCCTOR, PROCDTOR, SYSRET, PSIG) | INHERIT) == 0
    child = made(t, FORK)
    made(t, 7, child, 0, 0, 0)                # wait4
    begins = PROCCTOR, struct.pack("<I", 0x9D0209)
    found = written_by(t)
    mine = [(kind, data) for pid, kind, data in found if pid == child]
    assert (t.pid, *begins) in found
    assert [kind for kind, _ in mine] == [PROCCTOR, SYSRET, PSIG, PROCDTOR]
    assert mine[0] == begins
    assert struct.unpack("<h2xiq", mine[1][1]) == (FORK, 0, 0)
    assert mine[3] == (PROCDTOR, b"")


@pytest.mark.parametrize("told", [0, 1])
def test_a_trace_may_get_too_long(t: Held, kernel: Kernel, told: int) -> None:
    """For the limit of who set it up: it ends with part of a record.  No signal tells of it,
    whatever the sysctl that is for that says: the part of 13.2 that would send it is compiled
    without ktrace."""
    limit_fsize, sigtrap = 1, 5
    t.write(BUFFER, struct.pack("<qq", 200, 200))
    assert t.call(SETRLIMIT, limit_fsize, BUFFER)[0] == 0
    name = "kern.ktrace.filesize_limit_signal"
    kernel.sysctl(name, new=struct.pack("<i", told))
    try:
        assert trace(t, SET, bits(NAMEI)) == 0
        t.write(BUFFER, b"/tmp/name\0")
        statuses = []
        for _ in range(5):
            t.begin(CODE, UNLINK, BUFFER)
            statuses.append(t.wait() >> 8)
    finally:
        kernel.sysctl(name, new=bytes(4))
    assert statuses == [sigtrap] * 5
    assert len(written(t)) == 3
