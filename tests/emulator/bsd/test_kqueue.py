"""kqueue(2) and kevent(2) on the three emulated systems: each with its own numbers of
filters, its structure and its ways, as in FreeBSD 13.2's, DragonFly 5.9's (f875a8eec7)
and NetBSD 10's kern_event.c."""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest

from .remote import FLAVOURS, Kernel, Remote

ADD, DELETE, ENABLE, DISABLE, ONESHOT, CLEAR, RECEIPT, DISPATCH = (
    1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80)
ERROR, EOF = 0x4000, 0x8000
NODATA, HUP = 0x1000, 0x800
TRIGGER, FFCOPY, FFOR = 0x01000000, 0xC0000000, 0x80000000
EXIT, FORK, EXEC, TRACK, CHILD = 0x80000000, 0x40000000, 0x20000000, 1, 4
ABSTIME = 16
SIGUSR1, SIGTRAP = 30, 5
STREAM, NONBLOCK = 1, 0x20000000


class Shape(NamedTuple):
    form: struct.Struct
    read: int
    write: int
    vnode: int
    proc: int
    signal: int
    timer: int
    user: int
    kept: int
    """Flags of a change that its events show."""


SHAPES = {
    "freebsd": Shape(struct.Struct("<QhHIqQ4Q"), -1, -2, -4, -5, -6, -7, -11, ~0x10F),
    "netbsd": Shape(struct.Struct("<QIII4xqQ"), 0, 1, 3, 4, 5, 6, 8, ~0),
    "dragonfly": Shape(struct.Struct("<QhHIqQ"), -1, -2, -4, -5, -6, -7, -9, ~0),
}


class Event(NamedTuple):
    ident: int
    filter: int
    flags: int
    fflags: int
    data: int


class Queue:
    """A kqueue in the remote program."""

    def __init__(self, r: Remote) -> None:
        self.r, self.shape = r, SHAPES[r.system]
        self.fd = r.call("kqueue")

    def __getattr__(self, name: str) -> int:
        found: int = getattr(self.shape, name)
        return found

    def change(self, ident: int, filter: int, flags: int, fflags: int = 0,
               data: int = 0) -> bytes:
        extra = (0, 0, 0, 0) if self.shape.form.size > 40 else ()
        return self.shape.form.pack(ident, filter, flags, fflags, data, 77, *extra)

    def add(self, ident: int, filter: int, flags: int = ADD, fflags: int = 0,
            data: int = 0) -> None:
        self.r.call("kevent", self.fd, self.change(ident, filter, flags, fflags, data), 1, 0, 0,
                    0)

    def refuses(self, ident: int, filter: int, flags: int = ADD, fflags: int = 0,
                data: int = 0) -> str:
        return self.r.fails("kevent", self.fd, self.change(ident, filter, flags, fflags, data),
                            1, 0, 0, 0)

    def look(self, room: int = 8, seconds: float = 0) -> list[Event]:
        """What is to be told at once, or in so long."""
        time = struct.pack("<qq", int(seconds), round(seconds % 1 * 10**9))
        count = self.r.call("kevent", self.fd, 0, 0, self.r.out, room, time)
        return self.events(count)

    def events(self, count: int) -> list[Event]:
        size = self.shape.form.size
        data = self.r.peek(self.r.out, count * size)
        found = []
        for i in range(count):
            fields = self.shape.form.unpack_from(data, i * size)
            assert fields[5] == 77
            found.append(Event(*fields[:5]))
        return found

    def kept(self, flags: int) -> int:
        return flags & self.shape.kept


@pytest.fixture
def queue(remote: Remote) -> Queue:
    return Queue(remote)


def test_reading_and_writing_a_pipe(queue: Queue, remote: Remote) -> None:
    first, second = remote.pipe()
    queue.add(first, queue.read)
    queue.add(second, queue.write, ADD | ONESHOT)
    events = queue.look()
    assert [(e.ident, e.filter) for e in events] == [(second, queue.write)]
    assert events[0].flags == Queue.kept(queue, ADD | ONESHOT)
    assert events[0].data > 0
    assert queue.look() == []
    remote.call("write", second, b"hello", 5)
    assert [(e.ident, e.data) for e in queue.look()] == [(first, 5)]
    assert len(queue.look()) == 1
    queue.add(first, queue.read, DELETE)
    assert queue.look() == []
    assert queue.refuses(first, queue.read, DELETE) == "ENOENT"


def test_the_end_of_a_pipe(queue: Queue, remote: Remote) -> None:
    """EV_EOF, of which DragonFly says too whether there are data (EV_NODATA)."""
    first, second = remote.pipe()
    queue.add(first, queue.read)
    remote.call("write", second, b"x", 1)
    remote.call("close", second)
    full = queue.look()[0]
    remote.call("read", first, remote.out, 9)
    empty = queue.look()[0]
    own = NODATA if remote.system == "dragonfly" else 0
    assert (full.flags & ~ADD, full.data) == (EOF, 1)
    assert (empty.flags & ~ADD, empty.data) == (EOF | own, 0)


def test_writing_to_a_pipe_that_nobody_reads(queue: Queue, remote: Remote) -> None:
    """pipe_kqfilter: EPIPE, on NetBSD EBADF."""
    first, second = remote.pipe()
    remote.call("close", first)
    assert queue.refuses(second, queue.write) == (
        "EBADF" if remote.system == "netbsd" else "EPIPE")


def test_sockets(queue: Queue, remote: Remote) -> None:
    """filt_soread, filt_solisten: a listening one has its waiting connections for data, on
    DragonFly none; EV_HUP is DragonFly's too."""
    remote.call("socketpair", 1, STREAM | NONBLOCK, 0, remote.out)
    a, b = struct.unpack("<ii", remote.peek(remote.out, 8))
    queue.add(a, queue.read)
    queue.add(b, queue.write, ADD | CLEAR)
    assert [e.ident for e in queue.look()] == [b]
    assert queue.look() == []
    remote.call("close", b)
    gone = queue.look()[0]
    own = NODATA | HUP if remote.system == "dragonfly" else 0
    assert gone.flags & ~ADD == EOF | own
    queue.add(a, queue.read, DELETE)
    server = remote.call("socket", 1, STREAM, 0)
    remote.call("bind", server, b"\x08\1/tmp/s", 8)
    remote.call("listen", server, 5)
    queue.add(server, queue.read)
    assert queue.look() == []
    client = remote.call("socket", 1, STREAM, 0)
    remote.call("connect", client, b"\x08\1/tmp/s", 8)
    assert [e.data for e in queue.look()] == [0 if remote.system == "dragonfly" else 1]


def test_what_is_refused(queue: Queue, remote: Remote) -> None:
    """kqueue_register's errors; an unknown change is none of FreeBSD's filter 0, which it
    passes over."""
    assert queue.refuses(99, queue.read) == "EBADF"
    assert queue.refuses(1 << 40, queue.read) == "EBADF"
    assert queue.refuses(5, 1234) == "EINVAL"
    assert queue.refuses(5, queue.timer, ENABLE) == "ENOENT"
    assert queue.refuses(99999, queue.proc) == "ESRCH"
    assert remote.fails("kevent", 0, 0, 0, 0, 0, 0) == "EBADF"
    error, _ = remote.attempt("kevent", queue.fd, queue.change(
        1, queue.timer, ADD | ENABLE | DISABLE, 0, 1), 1, 0, 0, 0)
    assert (remote.name(error) if error else "") == (
        "EINVAL" if remote.system == "freebsd" else "")
    other = remote.call("kqueue")
    assert queue.refuses(other, queue.write) == (
        "EOPNOTSUPP" if remote.system == "dragonfly" else "EINVAL")
    assert remote.fails("read", queue.fd, remote.out, 9) == (
        "EOPNOTSUPP" if remote.system == "freebsd" else "ENXIO")
    # EVFILT_EMPTY, EVFILT_FS, EVFILT_EXCEPT
    missing = {"freebsd": -13, "netbsd": 7, "dragonfly": -8}[remote.system]
    assert queue.refuses(0, missing) == "EINVAL"
    if remote.system == "dragonfly":
        assert queue.refuses(0, -3) == "ENXIO"          # EVFILT_AIO
    assert any("kevent filter" in line for line in remote.kernel.log)


def test_what_happens_to_files(queue: Queue, remote: Remote) -> None:
    """EVFILT_VNODE, whose NOTE_ numbers the three have in common as far as these go."""
    delete, write, extend, attrib, link, rename = 1, 2, 4, 8, 0x10, 0x20
    fd = remote.call("open", b"/tmp/f\0", 0x202, 0o644)
    queue.add(fd, queue.vnode, ADD | CLEAR, delete | write | extend | attrib | link | rename)
    told = []
    for call in (("write", fd, b"12", 2), ("fchmod", fd, 0o600), ("link", b"/tmp/f\0", b"/tmp/g\0"),
                 ("rename", b"/tmp/f\0", b"/tmp/h\0"), ("unlink", b"/tmp/g\0"),
                 ("unlink", b"/tmp/h\0")):
        remote.call(*call)
        told.append([event.fflags for event in queue.look()])
    assert told == [[write | extend], [attrib], [link], [rename], [delete], [delete]]
    pipe, _ = remote.pipe()
    assert queue.refuses(pipe, queue.vnode) in ("EINVAL", "EOPNOTSUPP")


def test_errors_as_events(queue: Queue, remote: Remote) -> None:
    """With room a change that fails is an event, and EV_RECEIPT makes one of each."""
    form = queue.shape.form
    changes = queue.change(99, queue.read, ADD) + queue.change(3, queue.timer, ADD | RECEIPT, 0, 5)
    assert remote.call("kevent", queue.fd, changes, 2, remote.out, 8, 0) == 2
    told = queue.events(2)
    ebadf = 9
    assert [(e.flags, e.data) for e in told] == [(ERROR, ebadf), (ERROR, 0)]
    assert form.size in (32, 40, 64)
    # DragonFly stores the event whether there is room or not.
    if remote.system == "dragonfly":
        assert remote.call("kevent", queue.fd, queue.change(99, queue.read, ADD), 1, remote.out,
                           0, 0) == 1


def test_a_queue_in_a_queue(queue: Queue, remote: Remote) -> None:
    inner = Queue(remote)
    queue.add(inner.fd, queue.read)
    assert queue.look() == []
    inner.add(1, queue.user)
    inner.add(1, queue.user, 0, TRIGGER)
    assert [(e.ident, e.data) for e in queue.look()] == [(inner.fd, 1)]


def test_users_events(queue: Queue, remote: Remote) -> None:
    """EVFILT_USER: FreeBSD and NetBSD look for NOTE_TRIGGER in flags that are cleared by then
    when an event is added, DragonFly in those that were given."""
    queue.add(7, queue.user, ADD | CLEAR, TRIGGER | FFCOPY | 3, 11)
    at_once = queue.look()
    queue.add(7, queue.user, 0, TRIGGER | FFCOPY | 5, 13)
    later = queue.look()
    assert [e.fflags & 0xFF for e in at_once] == ([3] if remote.system == "dragonfly" else [])
    assert [(e.fflags & 0xFFFFFF, e.data) for e in later] == [(5, 13)]
    assert queue.look() == []
    queue.add(7, queue.user, 0, TRIGGER | FFOR | 2, 0)
    assert [e.fflags & 0xFF for e in queue.look()] == [2 if remote.system == "dragonfly" else 7]


def test_disabled_and_dispatched(queue: Queue, remote: Remote) -> None:
    queue.add(1, queue.user, ADD | DISPATCH)
    queue.add(1, queue.user, 0, TRIGGER)
    assert len(queue.look()) == 1
    assert queue.look() == []
    queue.add(1, queue.user, ENABLE)
    assert len(queue.look()) == 1
    queue.add(1, queue.user, ENABLE)
    queue.add(1, queue.user, DISABLE)
    assert queue.look() == []


def test_timers(queue: Queue, remote: Remote) -> None:
    """A periodic one counts; milliseconds, whatever unit is said, on DragonFly alone."""
    queue.add(1, queue.timer, ADD, 0, 100)
    event = queue.look(seconds=0.35)
    assert [e.data for e in event] == [1]
    remote.call("nanosleep" if remote.system != "netbsd" else 430,
                struct.pack("<qq", 0, 350_000_000), 0)
    assert queue.look()[0].data == 3
    queue.add(1, queue.timer, DELETE)
    queue.add(2, queue.timer, ADD | ONESHOT, 1, 2)
    soon = queue.look(seconds=0.5)
    assert len(soon) == (1 if remote.system == "dragonfly" else 0)


UNITS = {"freebsd": {1: 10**9, 2: 10**6, 4: 10**3, 8: 1}, "netbsd": {1: 10**9, 2: 10**3, 3: 1}}


def test_units_of_timers(queue: Queue, remote: Remote) -> None:
    """NOTE_SECONDS, _MSECONDS, _USECONDS and _NSECONDS are 1, 2, 4, 8, on NetBSD 1, 0, 2, 3."""
    for unit, ns in UNITS.get(remote.system, {}).items():
        queue.add(unit, queue.timer, ADD | ONESHOT, unit, 3 * 10**9 // ns)
        assert queue.look(seconds=2.9) == []
        assert len(queue.look(seconds=0.2)) == 1


def test_timers_that_are_none(queue: Queue, remote: Remote) -> None:
    """filt_timercompute of NetBSD: nothing, and unknown flags, are EINVAL."""
    if remote.system == "netbsd":
        assert queue.refuses(1, queue.timer, ADD, 0, 0) == "EINVAL"
        assert queue.refuses(1, queue.timer, ADD, 4, 1) == "EINVAL"
        queue.add(1, queue.timer, ADD, ABSTIME, 0)
        assert queue.look()[0].flags & CLEAR == 0
    elif remote.system == "freebsd":
        assert queue.refuses(1, queue.timer, ADD, 0, -1) == "EINVAL"
    else:
        queue.add(1, queue.timer, ADD, 0, 0)
        assert len(queue.look(seconds=0.1)) == 1


def test_signals_are_counted(queue: Queue, remote: Remote) -> None:
    """EVFILT_SIGNAL tells of those that nobody handles.  DragonFly counts one that is blocked
    when it comes, others when they are taken (lwpsignal, postsig)."""
    mask = struct.pack("<4I", 1 << SIGUSR1 - 1, 0, 0, 0)
    remote.call("sigprocmask" if remote.system != "netbsd" else 293, 1, mask, 0)
    queue.add(SIGUSR1, queue.signal)
    remote.call("kill", remote.pid, SIGUSR1)
    remote.call("kill", remote.pid, SIGUSR1)
    event = queue.look()
    assert [(e.ident, e.data, e.flags & CLEAR) for e in event] == [(SIGUSR1, 2, CLEAR)]
    assert queue.look() == []


def child(kernel: Kernel, remote: Remote) -> int:
    """Another program, which stands traced at its start."""
    pid = kernel.spawn("/bin/remote", ["other"], {}, traced=True)
    kernel.wait4(pid)
    return pid


def ends(kernel: Kernel, remote: Remote, pid: int) -> None:
    registers = remote.ptrace.getregs(pid, kernel=kernel)
    registers["rax"], registers["rdi"] = 1, 3
    remote.ptrace.setregs(pid, registers, kernel=kernel)
    remote.ptrace.cont(pid, kernel=kernel)
    assert kernel.wait4(pid).status == 3 << 8


def test_the_end_of_a_process(queue: Queue, remote: Remote, kernel: Kernel) -> None:
    """NOTE_EXIT with the status for data; the sisters tell it to those that want other news as
    well, and what they have asked for is not among its flags."""
    pid = child(kernel, remote)
    queue.add(pid, queue.proc, ADD, EXIT)
    other = Queue(remote)
    other.add(pid, queue.proc, ADD, EXEC)
    ends(kernel, remote, pid)
    event = queue.look()[0]
    own = NODATA if remote.system == "dragonfly" else 0
    assert (event.ident, event.fflags, event.data) == (pid, EXIT, 3 << 8)
    assert event.flags & ~ADD == EOF | ONESHOT | CLEAR | own
    assert queue.look() == []
    assert [(e.fflags, e.data) for e in other.look()] == (
        [] if remote.system == "freebsd" else [(0, 3 << 8)])


def test_a_process_that_has_ended(queue: Queue, remote: Remote, kernel: Kernel) -> None:
    """filt_procattach: a zombie can be asked for its exit, but on NetBSD."""
    pid = kernel.spawn("/bin/remote", ["other"], {}, traced=True)
    kernel.wait4(pid)
    registers = remote.ptrace.getregs(pid, kernel=kernel)
    registers["rax"], registers["rdi"] = 1, 3
    remote.ptrace.setregs(pid, registers, kernel=kernel)
    remote.ptrace.cont(pid, kernel=kernel)
    kernel.settle(0.1)
    assert queue.refuses(pid, queue.proc, ADD, EXEC) == "ESRCH"
    if remote.system == "netbsd":
        assert queue.refuses(pid, queue.proc, ADD, EXIT) == "ESRCH"
    else:
        queue.add(pid, queue.proc, ADD, EXIT)
        assert [(e.fflags, e.data) for e in queue.look()] == [(EXIT, 3 << 8)]


def test_children_are_followed(queue: Queue, remote: Remote, kernel: Kernel) -> None:
    """NOTE_TRACK: NOTE_CHILD with the parent for data.  DragonFly has one note of the child, so
    that nothing but its exit can follow; the others have two."""
    pid = child(kernel, remote)
    queue.add(pid, queue.proc, ADD, FORK | EXIT | TRACK)
    registers = remote.ptrace.getregs(pid, kernel=kernel)
    registers["rax"] = 2
    remote.ptrace.setregs(pid, registers, kernel=kernel)
    remote.ptrace.cont(pid, kernel=kernel)
    kernel.wait4(pid)
    events = sorted((e.ident, e.fflags, e.data) for e in queue.look())
    born = next(ident for ident, fflags, _ in events if fflags & CHILD)
    assert (pid, FORK, 0) in events
    assert (born, CHILD, pid) in events
    assert len(events) == 2


def test_exec_is_told(queue: Queue, remote: Remote, kernel: Kernel) -> None:
    pid = child(kernel, remote)
    queue.add(pid, queue.proc, ADD, EXEC)
    registers = remote.ptrace.getregs(pid, kernel=kernel)
    at = remote.kept
    remote.ptrace.write(pid, at, b"/bin/remote\0" + bytes(20), kernel=kernel)
    remote.ptrace.write(pid, at + 32, struct.pack("<QQ", at, 0), kernel=kernel)
    registers["rax"], registers["rdi"], registers["rsi"], registers["rdx"] = 59, at, at + 32, 0
    remote.ptrace.setregs(pid, registers, kernel=kernel)
    remote.ptrace.cont(pid, kernel=kernel)
    kernel.wait4(pid)
    assert [(e.ident, e.fflags) for e in queue.look()] == [(pid, EXEC)]


def test_another_user_s_process_on_netbsd(kernel: Kernel) -> None:
    """KAUTH_PROCESS_KEVENT_FILTER: EACCES for another user's on NetBSD; the others let see."""
    r, other = Remote(kernel), Remote(kernel)
    q = Queue(r)
    r.call("setuid", 1000)
    error, _ = r.attempt("kevent", q.fd, q.change(other.pid, q.proc, ADD, EXIT), 1, 0, 0, 0)
    assert (r.name(error) if error else "") == ("EACCES" if r.system == "netbsd" else "")


def test_waiting_in_kevent(queue: Queue, remote: Remote, kernel: Kernel) -> None:
    """It sleeps until another process's news come, and a timeout ends it."""
    pid = child(kernel, remote)
    queue.add(pid, queue.proc, ADD, EXIT)
    remote.start("kevent", queue.fd, 0, 0, remote.out, 8, 0)
    assert not remote.finished()
    ends(kernel, remote, pid)
    assert remote.wait() == SIGTRAP << 8 | 0x7F
    assert remote.end() == (0, 1)
    assert queue.look(seconds=1.5) == []
    bad = struct.pack("<qq", 0, 10**9)
    error, _ = remote.attempt("kevent", queue.fd, 0, 0, remote.out, 8, bad)
    assert (remote.name(error) if error else "") == (
        "" if remote.system == "dragonfly" else "EINVAL")


def test_a_queue_is_not_inherited(kernel: Kernel) -> None:
    """fdcopy leaves it out.  NetBSD 10 too: kqueues hang on their table (fd_copy)."""
    assert set(FLAVOURS) == set(SHAPES)
    remote = Remote(kernel)
    queue = Queue(remote)
    remote.call("close", queue.fd)
    assert remote.fails("kevent", queue.fd, 0, 0, 0, 0, 0) == "EBADF"


def test_netbsd_s_newer_structure() -> None:
    """__kevent100, which programs built against newer headers call: four words more."""
    with FLAVOURS["netbsd"].kernel() as kernel:
        r = Remote(kernel)
        fd = r.call("kqueue1", 0x400000)
        form = struct.Struct("<QIII4xqQ4Q")
        change = form.pack(1, 6, ADD | ONESHOT, 0, 1, 77, 1, 2, 3, 4)
        assert r.call("__kevent100", fd, change, 1, r.out, 8, 0) == 1
        assert form.unpack(r.peek(r.out, form.size))[5:] == (77, 1, 2, 3, 4)
        assert r.call("fcntl", fd, 1, 0) == 1


# -- file systems ---------------------------------------------------------------------
FS = {"freebsd": -9, "dragonfly": -10}
VQ_MOUNT, VQ_UNMOUNT = 8, 16


@pytest.mark.parametrize("system", FS)
def test_mounts_are_told(system: str) -> None:
    """On DragonFly to those that did not ask for them, too."""
    with FLAVOURS[system].kernel() as k:
        queue = Queue(Remote(k))
        k.mkdir("/tmp/mnt")
        queue.add(1, FS[system], fflags=VQ_UNMOUNT)
        _mount(k, system)
        told = [event.fflags for event in queue.look()]
        assert told == ([VQ_MOUNT] if system == "dragonfly" else [])
        k.unmount("/tmp/mnt")
        assert [event.fflags for event in queue.look()] == [VQ_UNMOUNT]
        assert queue.look() == []
        queue.add(2, FS[system], fflags=VQ_MOUNT | VQ_UNMOUNT)
        _mount(k, system)
        k.unmount("/tmp/mnt")
        assert {event.ident: event.fflags for event in queue.look()}[2] == VQ_MOUNT | VQ_UNMOUNT


def _mount(k: Kernel, system: str) -> None:
    if system == "freebsd":
        k.nmount([b"fstype\0", b"procfs\0", b"fspath\0", b"/tmp/mnt\0"], 0)
    else:
        k.mount("procfs", "/tmp/mnt", 0)
