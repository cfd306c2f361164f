"""kevent(2): its filters, and how notes live."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from bsdproc.emulator import FreeBSD

from .remote import Remote, files_of

READ, WRITE, OPEN, CLOSE, FORK, KILL, DUP, POLL, SOCKETPAIR, SHUTDOWN, KQUEUE = (
    3, 4, 5, 6, 2, 37, 41, 209, 135, 134, 362)
LSEEK, PDFORK, PDKILL, PIPE2, KEVENT11, KEVENT, SHM_OPEN2 = 478, 518, 519, 542, 363, 560, 571
F_READ, F_WRITE, F_VNODE, F_PROC, F_SIGNAL, F_TIMER, F_PROCDESC, F_USER = (
    -1, -2, -4, -5, -6, -7, -8, -11)
ADD, DELETE, ENABLE, DISABLE, ONESHOT, CLEAR, RECEIPT, DISPATCH = 1, 2, 4, 8, 16, 32, 64, 128
ERROR, EOF = 0x4000, 0x8000
EXIT, FORKED, EXEC, TRACK, CHILD = 0x80000000, 0x40000000, 0x20000000, 1, 4
TRIGGER, FFAND, FFOR, FFCOPY = 0x01000000, 0x40000000, 0x80000000, 0xC0000000
EINVAL, EBADF, ENOENT, ESRCH = 22, 9, 2, 3
NONBLOCK = 0x20000000
FORM = struct.Struct("<QhHIqQ4Q")


class Event(NamedTuple):
    ident: int
    filter: int
    flags: int = ADD
    fflags: int = 0
    data: int = 0
    udata: int = 0
    first: int = 0
    second: int = 0
    third: int = 0
    fourth: int = 0


class Queue:
    """A kqueue of a tracee's."""

    def __init__(self, remote: Remote) -> None:
        self.r, self.fd = remote, remote.call(KQUEUE)

    def kevent(self, *changes: Event, room: int = 8) -> list[Event]:
        """Without waiting."""
        given = self.r.put(b"".join(FORM.pack(*one) for one in changes) or b"\0")
        now = self.r.put(bytes(16))
        found = self.r.call(KEVENT, self.fd, given, len(changes), self.r.out, room, now)
        data = self.r.peek(self.r.out, found * FORM.size) if found else b""
        return [Event(*one) for one in FORM.iter_unpack(data)]

    def refused(self, *changes: Event) -> str:
        given = self.r.put(b"".join(FORM.pack(*one) for one in changes))
        return self.r.fails(KEVENT, self.fd, given, len(changes), 0, 0, 0)


@pytest.fixture
def queue(remote: Remote) -> Queue:
    return Queue(remote)


def pipe(r: Remote) -> tuple[int, int]:
    r.call(PIPE2, r.out, 0)
    first, second = struct.unpack("<ii", r.peek(r.out, 8))
    return first, second


def brief(events: Sequence[Event]) -> list[tuple[int, int, int]]:
    """Flags, fflags and data."""
    return [(e.flags, e.fflags, e.data) for e in events]


@pytest.mark.parametrize(("event", "errno"), [
    (Event(0, F_USER, ADD | ENABLE | DISABLE), "EINVAL"), (Event(0, 5), "EINVAL"),
    (Event(0, -20), "EINVAL"), (Event(0, -3), "EPERM"), (Event(99, F_READ), "EBADF"),
    (Event(1 << 40, F_READ), "EBADF"), (Event(1, F_USER, DELETE), "ENOENT"),
    (Event(0, F_SIGNAL), "EINVAL"), (Event(99998, F_PROC), "ESRCH"),
    (Event(1, F_TIMER, ADD, 0, -1), "EINVAL"), (Event(1, F_TIMER, ADD, 3, 1), "EINVAL"),
    (Event(1, F_TIMER, ADD, 64, 1), "EINVAL"),
])
def test_what_is_refused(queue: Queue, event: Event, errno: str) -> None:
    assert queue.refused(event) == errno


def test_a_filter_that_is_missing_is_noted(kernel: FreeBSD, queue: Queue) -> None:
    queue.refused(Event(0, -13))
    assert any("kevent filter -13" in line for line in kernel.log)


def test_mounts_are_told(kernel: FreeBSD, queue: Queue) -> None:
    """EVFILT_FS: each once, of what was asked for."""
    mounted, unmounted = 0x8, 0x10
    queue.kevent(Event(0, -9, ADD, mounted | unmounted), Event(1, -9, ADD, unmounted))
    kernel.nmount([b"fstype\0", b"procfs\0", b"fspath\0", b"/mnt\0"], 0)
    assert [(e.ident, e.fflags) for e in queue.kevent()] == [(0, mounted)]
    assert queue.kevent() == []
    kernel.unmount("/mnt")
    assert {(e.ident, e.fflags) for e in queue.kevent()} == {(0, unmounted), (1, unmounted)}


def test_a_refused_change_is_an_event_where_there_is_room(queue: Queue) -> None:
    found = queue.kevent(Event(99, F_READ, ADD, 1, 2, 3), Event(5, F_USER, ADD | RECEIPT, 7, 8, 9))
    assert [(e.ident, e.flags, e.fflags, e.data, e.udata) for e in found] == [
        (99, ERROR, 1, EBADF, 3), (5, ERROR, 0, 0, 9)]


def test_files_it_knows_nothing_of(queue: Queue) -> None:
    shared = queue.r.call(SHM_OPEN2, 1, 2, 0o600, 0, 0)
    assert queue.refused(Event(shared, F_READ)) == "EINVAL"
    assert queue.refused(Event(queue.fd, F_READ)) == "EINVAL"
    assert queue.refused(Event(queue.r.call(KQUEUE), F_WRITE)) == "EINVAL"


def test_a_pipe_s_ends(queue: Queue) -> None:
    r = queue.r
    out, into = pipe(r)
    assert queue.kevent(Event(out, F_READ, udata=77), Event(into, F_WRITE, DISABLE | ADD)) == []
    r.call(WRITE, into, b"hello", 5)
    assert queue.kevent() == [Event(out, F_READ, 0, 0, 5, 77)] * 1
    assert brief(queue.kevent()) == [(0, 0, 5)], "as long as it is so"
    r.call(READ, out, r.out, 5)
    assert queue.kevent() == []
    assert brief(queue.kevent(Event(into, F_WRITE, ENABLE))) == [(0, 0, 65536)]
    queue.kevent(Event(into, F_WRITE, DELETE))
    r.call(CLOSE, into)
    assert brief(queue.kevent()) == [(EOF, 0, 0)]


def test_a_cleared_event_waits_for_news(queue: Queue) -> None:
    r = queue.r
    out, into = pipe(r)
    queue.kevent(Event(out, F_READ, ADD | CLEAR))
    r.call(WRITE, into, b"ab", 2)
    assert brief(queue.kevent()) == [(CLEAR, 0, 2)]
    assert queue.kevent() == []
    r.call(READ, out, r.out, 1)
    assert queue.kevent() == []
    r.call(WRITE, into, b"c", 1)
    assert brief(queue.kevent()) == [(CLEAR, 0, 2)]


def test_once_and_disabled_after(queue: Queue) -> None:
    r = queue.r
    out, into = pipe(r)
    r.call(WRITE, into, b"ab", 2)
    assert brief(queue.kevent(Event(out, F_READ, ADD | ONESHOT))) == [(ONESHOT, 0, 2)]
    assert queue.refused(Event(out, F_READ, DELETE)) == "ENOENT"
    assert brief(queue.kevent(Event(out, F_READ, ADD | DISPATCH))) == [(DISPATCH, 0, 2)]
    assert queue.kevent() == []
    assert brief(queue.kevent(Event(out, F_READ, ENABLE))) == [(DISPATCH, 0, 2)]


def test_sockets(queue: Queue) -> None:
    r = queue.r
    r.call(SOCKETPAIR, 1, 1 | NONBLOCK, 0, r.out)
    a, b = struct.unpack("<ii", r.peek(r.out, 8))
    assert queue.kevent(Event(b, F_READ)) == []
    assert brief(queue.kevent(Event(b, F_WRITE, ADD | ONESHOT))) == [(ONESHOT, 0, 8192)]
    r.call(WRITE, a, b"hello", 5)
    assert brief(queue.kevent(Event(b, F_READ, ADD, 1, 6))) == [], "NOTE_LOWAT"
    assert brief(queue.kevent(Event(b, F_READ))) == [(0, 0, 5)]
    r.call(SHUTDOWN, a, 1)
    assert brief(queue.kevent()) == [(EOF, 0, 5)]


def test_a_regular_file_from_where_it_is(queue: Queue) -> None:
    r = queue.r
    fd = r.call(OPEN, b"/tmp/f\0", 0x202, 0o600)
    r.call(WRITE, fd, b"hello", 5)
    assert queue.kevent(Event(fd, F_READ)) == []
    r.call(LSEEK, fd, 2, 0)
    assert brief(queue.kevent()) == [(0, 0, 3)]
    r.call(LSEEK, fd, 0, 2)
    assert brief(queue.kevent(Event(fd, F_READ, ADD, 2))) == [(0, 0, 0)], "NOTE_FILE_POLL"


def test_a_closed_descriptor_s_notes_go(queue: Queue) -> None:
    r = queue.r
    out, into = pipe(r)
    r.call(WRITE, into, b"ab", 2)
    queue.kevent(Event(out, F_READ))
    again = r.call(DUP, out)
    r.call(CLOSE, out)
    assert queue.kevent() == []
    assert brief(queue.kevent(Event(again, F_READ))) == [(0, 0, 2)]


def test_a_queue_in_another(queue: Queue) -> None:
    inner = Queue(queue.r)
    queue.kevent(Event(inner.fd, F_READ))
    assert queue.kevent() == []
    inner.kevent(Event(1, F_USER, ADD), room=0)
    inner.kevent(Event(1, F_USER, 0, TRIGGER), room=0)
    assert brief(queue.kevent()) == [(0, 0, 1)]
    fds = queue.r.put(struct.pack("<ihh", inner.fd, 1, 0))
    assert queue.r.call(POLL, fds, 1, 0) == 1


def test_events_of_one_s_own(queue: Queue) -> None:
    assert queue.kevent(Event(5, F_USER, ADD, FFCOPY | 0x0F)) == []
    assert brief(queue.kevent(Event(5, F_USER, 0, FFOR | TRIGGER | 0x30, 44))) == [
        (0, FFCOPY | 0x3F, 44)]
    assert len(queue.kevent()) == 1
    assert brief(queue.kevent(Event(5, F_USER, 0, FFAND | 0x11))) == [(0, 0x11, 0)]
    assert queue.kevent(Event(5, F_USER, CLEAR)) == []
    queue.kevent(Event(6, F_USER, ADD | CLEAR), room=0)
    assert len(queue.kevent(Event(6, F_USER, 0, TRIGGER))) == 1
    assert queue.kevent() == []


def test_signals_are_counted(kernel: FreeBSD, queue: Queue) -> None:
    queue.kevent(Event(30, F_SIGNAL), room=0)
    kernel.kill(queue.r.pid, 30)
    kernel.kill(queue.r.pid, 30)
    assert brief(queue.kevent()) == [(CLEAR, 0, 2)]
    assert queue.kevent() == []


def test_timers(kernel: FreeBSD, queue: Queue) -> None:
    queue.kevent(Event(1, F_TIMER, ADD, 0, 100), Event(2, F_TIMER, ADD | ONESHOT, 4, 50_000),
                 room=0)
    assert queue.kevent() == []
    kernel.settle(0.06)
    assert [(e.ident, e.flags, e.data) for e in queue.kevent()] == [(2, ONESHOT | CLEAR, 1)]
    kernel.settle(0.3)
    assert [(e.ident, e.flags, e.data) for e in queue.kevent()] == [(1, CLEAR, 3)]
    assert queue.kevent(Event(1, F_TIMER, ADD, 1, 100)) == []
    assert queue.kevent(Event(1, F_TIMER, DELETE)) == []
    assert len(queue.kevent(Event(3, F_TIMER, ADD, 16 | 1, 1))) == 1, "in the past"


def test_a_wait_for_a_timer(kernel: FreeBSD, queue: Queue) -> None:
    r = queue.r
    before = kernel.clock
    given = r.put(FORM.pack(*Event(1, F_TIMER, ADD | ONESHOT, 0, 20)))
    assert r.call(KEVENT, queue.fd, given, 1, r.out, 1, 0) == 1
    assert 20_000_000 <= kernel.clock - before < 40_000_000


def child_of(kernel: FreeBSD, parent: int) -> int:
    child, = [pid for pid, p in kernel._system.procs.items()
              if p.parent is not None and p.oppid == parent]
    return child


def test_forks_and_what_follows_them(kernel: FreeBSD, queue: Queue) -> None:
    r = queue.r
    queue.kevent(Event(r.pid, F_PROC, ADD, FORKED | TRACK | EXIT | EXEC), room=0)
    r.attempt(FORK)
    child = child_of(kernel, r.pid)
    found = {e.ident: (e.flags & ~ONESHOT, e.fflags, e.data) for e in queue.kevent()}
    assert found == {child: (CLEAR, CHILD, r.pid), r.pid: (CLEAR, FORKED, 0)}
    kernel.kill(child, 9)
    kernel.settle(0.1)
    assert [(e.ident, *one) for e, one in
            [(e, (e.flags, e.fflags, e.data)) for e in queue.kevent()]] == [
        (child, CLEAR | ONESHOT | EOF, EXIT, 9)]
    assert queue.kevent() == []


def test_an_exit_that_nobody_asked_for_is_dropped(kernel: FreeBSD, queue: Queue) -> None:
    r = queue.r
    r.attempt(FORK)
    child = child_of(kernel, r.pid)
    queue.kevent(Event(child, F_PROC, ADD, EXEC), room=0)
    kernel.kill(child, 9)
    kernel.settle(0.1)
    assert queue.kevent() == []
    assert queue.refused(Event(child, F_PROC, DELETE)) == "ENOENT"


def test_a_zombie_may_be_asked_for_its_exit(kernel: FreeBSD, queue: Queue) -> None:
    r = queue.r
    r.attempt(FORK)
    child = child_of(kernel, r.pid)
    kernel.kill(child, 15)
    kernel.settle(0.1)
    assert queue.refused(Event(child, F_PROC, ADD, FORKED)) == "ESRCH"
    assert brief(queue.kevent(Event(child, F_PROC, ADD, EXIT))) == [
        (CLEAR | ONESHOT | EOF, EXIT, 15)]


def test_process_descriptors(kernel: FreeBSD, queue: Queue) -> None:
    r = queue.r
    r.attempt(PDFORK, r.out, 0)
    fd = struct.unpack("<i", r.peek(r.out, 4))[0]
    assert queue.refused(Event(fd, F_READ)) == "EINVAL"
    assert queue.kevent(Event(fd, F_PROCDESC, ADD, EXIT)) == []
    r.call(PDKILL, fd, 15)
    kernel.settle(0.1)
    expected = [(CLEAR | ONESHOT | EOF, EXIT, 15)]
    assert brief(queue.kevent()) == expected
    assert brief(queue.kevent(Event(fd, F_PROCDESC, ADD, EXIT))) == expected


def test_the_old_structure(queue: Queue) -> None:
    r = queue.r
    old = struct.Struct("<QhHIqQ")
    given = r.put(old.pack(5, F_USER, ADD, TRIGGER, 0, 9) + old.pack(5, F_USER, 0, TRIGGER, 0, 9))
    assert r.call(KEVENT11, queue.fd, given, 2, r.out, 1, r.put(bytes(16))) == 1
    ident, kind, _, _, _, udata = old.unpack(r.peek(r.out, old.size))
    assert (ident, kind, udata) == (5, F_USER, 9)


def test_in_the_list_of_files(kernel: FreeBSD, queue: Queue) -> None:
    queue.kevent(Event(5, F_USER), room=0)
    queue.kevent(Event(5, F_USER, 0, TRIGGER), room=0)
    record = files_of(kernel, queue.r.pid)[queue.fd]
    union = record["kf_un"]
    assert isinstance(union, dict)
    shown = union["kf_kqueue"]
    assert isinstance(shown, dict)
    assert (record["kf_type"], shown["kf_kqueue_count"]) == (5, 1)
    assert shown["kf_kqueue_addr"]
