"""Reading and writing that a program does not wait for: aio_read(2), lio_listio(2)."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .held import ROOM, Held

pytestmark = pytest.mark.privileged

BUFFER, BLOCKS = ROOM + 0x1000, ROOM + 0x2000
WRITE, OPEN, PIPE2, SOCKETPAIR, KQUEUE, KEVENT, SIGPROCMASK, SIGPENDING = (
    4, 5, 542, 135, 362, 560, 340, 343)
(AIO_READ, AIO_WRITE, LIO_LISTIO, AIO_RETURN, AIO_SUSPEND, AIO_CANCEL, AIO_ERROR, WAITCOMPLETE,
 AIO_FSYNC, AIO_MLOCK, AIO_WRITEV, AIO_READV) = (
    255, 256, 257, 314, 315, 316, 317, 359, 465, 543, 578, 579)
LIO_NOP, LIO_WRITE, LIO_READ, NOWAIT, WAIT = 0, 1, 2, 0, 1
SIGNAL, THREAD, KEVENT_NOTICE = 1, 2, 3
EPERM, EIO, EBADF, ENOMEM, EFAULT, EINVAL, EAGAIN, EINPROGRESS, EOPNOTSUPP, ECANCELED = (
    1, 5, 9, 12, 14, 22, 35, 36, 45, 85)
CANCELED, ALLDONE = 1, 3
SIZE, SIGUSR1 = 160, 30
EVFILT_AIO, EVFILT_LIO, EV_ADD, EV_EOF, EV_ONESHOT = -3, -10, 1, 0x8000, 0x10


def opened(t: Held, data: bytes = b"0123456789", flags: int = 0x602) -> int:
    t.write(ROOM, b"/tmp/aio\0")
    fd = t.call(OPEN, ROOM, flags, 0o600)[1]
    t.write(BUFFER, data)
    t.call(WRITE, fd, BUFFER, len(data))
    return fd


def block(t: Held, index: int, fd: int, offset: int, size: int, *, opcode: int = 0,
          buffer: int | None = None, notice: tuple[int, int, int, int] = (0, 0, 0, 0)) -> int:
    """A struct aiocb; its buffer is 32 bytes of its own."""
    at = BLOCKS + index * SIZE
    own = BUFFER + index * 32 if buffer is None else buffer
    t.write(at, struct.pack("<i4xqQQ16xii24xiiQQ56x", fd, offset, own, size, opcode, 0, *notice))
    return at


def end(t: Held, kernel: Kernel, at: int) -> tuple[int, int]:
    """Wait for a request: errno and result of aio_return(2)."""
    for _ in range(200):
        if t.call(AIO_ERROR, at)[1] != EINPROGRESS:
            break
        kernel.settle(0.01)
    return t.call(AIO_RETURN, at)


def test_a_request_is_done_in_time(t: Held, kernel: Kernel) -> None:
    """At the place it names; its result is told once."""
    fd = opened(t)
    at = block(t, 1, fd, 3, 4)
    assert t.call(AIO_READ, at)[0] == 0
    assert end(t, kernel, at) == (0, 4)
    assert t.read(BUFFER + 32, 4) == b"3456"
    assert t.call(AIO_RETURN, at)[0] == EINVAL
    at = block(t, 1, fd, 8, 4)
    t.call(AIO_WRITE, at)
    assert end(t, kernel, at) == (0, 4)
    at = block(t, 2, fd, 0, 30)
    t.call(AIO_READ, at)
    assert end(t, kernel, at) == (0, 12)
    assert t.read(BUFFER + 64, 12) == b"012345673456"
    at = block(t, 2, fd, 12, 30)
    t.call(AIO_READ, at)
    assert end(t, kernel, at) == (0, 0)


def test_vectors(t: Held, kernel: Kernel) -> None:
    fd = opened(t)
    t.write(ROOM, struct.pack("<QQQQ", BUFFER + 320, 2, BUFFER + 330, 3))
    at = block(t, 1, fd, 1, 2, buffer=ROOM)
    t.call(AIO_READV, at)
    assert end(t, kernel, at) == (0, 5)
    assert t.read(BUFFER + 320, 13) == b"12" + bytes(8) + b"345"
    at = block(t, 1, fd, 5, 2, buffer=ROOM)
    t.call(AIO_WRITEV, at)
    assert end(t, kernel, at) == (0, 5)


def test_what_is_refused(t: Held) -> None:
    """The error is in the record as well, for aio_error(2)."""
    fd = opened(t)
    t.call(PIPE2, BUFFER, 0)
    pipe, _ = struct.unpack("<ii", t.read(BUFFER, 8))
    t.write(ROOM, b"/tmp/aio\0")
    reads = t.call(OPEN, ROOM, 0, 0)[1]
    for (which, size, offset, notice), call, errno in (
            ((99, 4, 0, (0, 0, 0, 0)), AIO_READ, EBADF),
            ((reads, 4, 0, (0, 0, 0, 0)), AIO_WRITE, EBADF),
            ((fd, 1 << 63, 0, (0, 0, 0, 0)), AIO_READ, EINVAL),
            ((fd, 4, -1, (0, 0, 0, 0)), AIO_READ, EINVAL),
            ((fd, 4, 0, (THREAD, 0, 0, 0)), AIO_READ, EINVAL),
            ((fd, 4, 0, (9, 0, 0, 0)), AIO_READ, EINVAL),
            ((fd, 4, 0, (SIGNAL, 0, 0, 0)), AIO_READ, EINVAL),
            ((fd, 4, 0, (SIGNAL, 129, 0, 0)), AIO_READ, EINVAL),
            ((fd, 4, 0, (KEVENT_NOTICE, 99, 0, 0)), AIO_READ, EBADF),
            ((fd, 4, 0, (KEVENT_NOTICE, 99, 0, 1)), AIO_READ, EINVAL),
            ((pipe, 4, 0, (0, 0, 0, 0)), AIO_READ, EOPNOTSUPP)):
        at = block(t, 1, which, offset, size, notice=notice)
        assert t.call(call, at)[0] == errno
        assert t.call(AIO_ERROR, at) == (0, errno)
        assert t.call(AIO_RETURN, at)[0] == EINVAL
    assert t.call(AIO_READ, 8)[0] == EFAULT
    assert t.call(AIO_FSYNC, 1, block(t, 1, fd, 0, 0))[0] == EINVAL


def test_an_error_is_the_result(t: Held, kernel: Kernel) -> None:
    at = block(t, 1, opened(t), 0, 4, buffer=8)
    assert t.call(AIO_READ, at)[0] == 0
    assert end(t, kernel, at)[0] == EFAULT
    at = block(t, 1, 0, 0, 4, buffer=8)
    assert t.call(AIO_MLOCK, at)[0] == 0
    assert end(t, kernel, at)[0] == ENOMEM


def test_what_is_brought_to_the_disk(t: Held, kernel: Kernel) -> None:
    at = block(t, 1, opened(t), 0, 0)
    for how in (0x80, 0x1000000):
        assert t.call(AIO_FSYNC, how, at)[0] == 0
        assert end(t, kernel, at) == (0, 0)


def test_waiting_for_any(t: Held, kernel: Kernel) -> None:
    fd = opened(t)
    first, second = block(t, 1, fd, 0, 3), block(t, 2, fd, 0, 4)
    t.call(AIO_READ, first)
    t.call(AIO_READ, second)
    t.write(ROOM, struct.pack("<QQQ", first, 0, second))
    t.write(ROOM + 32, struct.pack("<qq", 5, 0))
    assert t.call(AIO_SUSPEND, ROOM, 3, ROOM + 32)[0] == 0
    found = set()
    for _ in range(2):
        error, size = t.call(WAITCOMPLETE, ROOM + 64, ROOM + 32)
        found.add((error, size, struct.unpack("<Q", t.read(ROOM + 64, 8))[0]))
    assert found == {(0, 3, first), (0, 4, second)}
    t.write(ROOM + 32, struct.pack("<qq", 0, 0))
    assert t.call(WAITCOMPLETE, ROOM + 64, ROOM + 32)[0] == EAGAIN
    assert t.read(ROOM + 64, 8) == bytes(8)
    assert [t.call(AIO_SUSPEND, ROOM, count, 0)[0] for count in (-1, 0, 257)] == [
        EINVAL, 0, EINVAL]


def test_a_socket_is_waited_for_and_let_be(t: Held, kernel: Kernel) -> None:
    t.call(SOCKETPAIR, 1, 1, 0, BUFFER)
    one, other = struct.unpack("<ii", t.read(BUFFER, 8))
    at = block(t, 1, one, 0, 8)
    assert t.call(AIO_READ, at)[0] == 0
    kernel.settle(0.05)
    assert t.call(AIO_ERROR, at) == (0, EINPROGRESS)
    assert t.call(AIO_RETURN, at)[0] == EINVAL
    t.write(ROOM, b"here")
    t.call(WRITE, other, ROOM, 4)
    assert end(t, kernel, at) == (0, 4)
    t.call(AIO_READ, at)
    kernel.settle(0.05)
    assert t.call(AIO_CANCEL, other, 0) == (0, ALLDONE)
    assert t.call(AIO_CANCEL, one, at) == (0, CANCELED)
    assert end(t, kernel, at)[0] == ECANCELED
    assert t.call(AIO_CANCEL, one, 0) == (0, ALLDONE)
    assert t.call(AIO_CANCEL, 99, 0)[0] == EBADF


def test_a_list_of_requests(t: Held, kernel: Kernel) -> None:
    fd = opened(t)
    blocks = [block(t, 1, fd, 0, 2, opcode=LIO_READ), block(t, 2, fd, 0, 2, opcode=LIO_NOP),
              block(t, 3, fd, 20, 4, opcode=LIO_WRITE)]
    t.write(ROOM, struct.pack("<4Q", *blocks, 0))
    assert t.call(LIO_LISTIO, WAIT, ROOM, 4, 0)[0] == 0
    assert [t.call(AIO_RETURN, at) for at in (blocks[0], blocks[2])] == [(0, 2), (0, 4)]
    block(t, 2, 99, 0, 2, opcode=LIO_READ)
    assert t.call(LIO_LISTIO, WAIT, ROOM, 4, 0)[0] == EIO
    assert [t.call(AIO_ERROR, at) for at in blocks] == [(0, 0), (0, EBADF), (0, 0)]
    assert [t.call(LIO_LISTIO, mode, ROOM, count, 0)[0] for mode, count in (
        (2, 1), (WAIT, -1), (WAIT, 257), (WAIT, 0))] == [EINVAL, EINVAL, EINVAL, 0]


def test_an_event_tells_the_end(t: Held, kernel: Kernel) -> None:
    """Which no program adds by itself."""
    fd, queue = opened(t), t.call(KQUEUE)[1]
    form = struct.Struct("<QhHIqQ32x")
    for filter in (EVFILT_AIO, EVFILT_LIO):
        t.write(ROOM, form.pack(BLOCKS, filter, EV_ADD, 0, 0, 0))
        assert t.call(KEVENT, queue, ROOM, 1, 0, 0, 0)[0] == EPERM
    at = block(t, 1, fd, 0, 2, opcode=LIO_READ, notice=(KEVENT_NOTICE, queue, 77, EV_ONESHOT))
    t.write(ROOM, struct.pack("<Q", at))
    t.write(ROOM + 64, struct.pack("<iiQQ56x", KEVENT_NOTICE, queue, 88, 0))
    t.write(ROOM + 256, struct.pack("<qq", 5, 0))
    assert t.call(LIO_LISTIO, NOWAIT, ROOM, 1, ROOM + 64)[0] == 0
    found = set()
    for _ in range(2):
        assert t.call(KEVENT, queue, 0, 0, BUFFER, 1, ROOM + 256) == (0, 1)
        ident, filter, flags, _, data, value = form.unpack(t.read(BUFFER, form.size))
        found.add((ident, filter, bool(flags & EV_EOF), data, value))
        if filter == EVFILT_LIO:
            t.write(ROOM + 128, form.pack(ident, filter, 2, 0, 0, 0))
            t.call(KEVENT, queue, ROOM + 128, 1, 0, 0, 0)
    assert found == {(at, EVFILT_AIO, True, 0, 77), (ROOM, EVFILT_LIO, False, 0, 88)}


def test_a_signal_tells_the_end(t: Held, kernel: Kernel) -> None:
    """Until somebody has the result."""
    t.write(ROOM, struct.pack("<Q8x", 1 << SIGUSR1 - 1))
    t.call(SIGPROCMASK, 1, ROOM, 0)
    at = block(t, 1, opened(t), 0, 2, notice=(SIGNAL, SIGUSR1, 5, 0))
    t.call(AIO_READ, at)
    t.write(ROOM, struct.pack("<Qqq", at, 5, 0))
    assert t.call(AIO_SUSPEND, ROOM, 1, ROOM + 8)[0] == 0
    pending = []
    for _ in range(2):
        t.call(SIGPENDING, ROOM)
        pending.append(struct.unpack("<Q", t.read(ROOM, 8))[0])
        t.call(AIO_RETURN, at)
    assert pending == [1 << SIGUSR1 - 1, 0]
