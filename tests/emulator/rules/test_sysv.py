"""System V's message queues, semaphores and shared memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold, spinning
from .held import ROOM, Held, finish

pytestmark = pytest.mark.privileged

BUFFER, OUT, CODE, PAGE = ROOM + 0x1000, ROOM + 0x2000, ROOM + 0x3000, 4096
SEMGET, SEMOP, SEMCTL, MSGGET, MSGSND, MSGRCV, MSGCTL, SHMAT, SHMDT, SHMGET, SHMCTL = (
    221, 222, 510, 225, 226, 227, 511, 228, 230, 231, 512)
CREAT, EXCL, NOWAIT, RMID, SET, STAT = 0o1000, 0o2000, 0o4000, 0, 1, 2
GETNCNT, GETPID, GETVAL, GETALL, GETZCNT, SETVAL, SETALL = range(3, 10)
UNDO, NOERROR, RDONLY, RND, REMAP = 0o10000, 0o10000, 0o10000, 0o20000, 0o30000
(ENOENT, E2BIG, EACCES, EFAULT, EEXIST, EINVAL, EFBIG, ERANGE, EAGAIN, EIDRM, ENOMSG,
 ENOMEM) = 2, 7, 13, 14, 17, 22, 27, 34, 35, 82, 83, 12
KEY = 0x5C0FFEE
QUEUE, SEMAPHORES, SEGMENT = (MSGGET, MSGCTL), (SEMGET, SEMCTL), (SHMGET, SHMCTL)


class World:
    """Processes, and what they made to be removed at the end."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self.first = self.one()
        self._made: list[tuple[int, int]] = []

    def one(self, uid: int | None = None) -> Held:
        return spinning(self._hold, uid)

    def made(self, kind: tuple[int, int], *args: int, by: Held | None = None) -> int:
        error, id = (by or self.first).call(kind[0], *args)
        assert error == 0
        self._made.append((kind[1], id))
        return id

    def queue(self, flags: int = 0o600, key: int = 0) -> int:
        return self.made(QUEUE, key, flags | CREAT)

    def semaphores(self, count: int = 3, flags: int = 0o600, key: int = 0) -> int:
        return self.made(SEMAPHORES, key, count, flags | CREAT)

    def segment(self, size: int = PAGE, flags: int = 0o600, key: int = 0) -> int:
        return self.made(SEGMENT, key, size, flags | CREAT)

    def end(self) -> None:
        for control, id in self._made:
            remove(self.first, control, id)


def remove(t: Held, control: int, id: int) -> int:
    if control == SEMCTL:
        return t.call(control, id, 0, RMID, BUFFER)[0]
    return t.call(control, id, RMID, 0)[0]


def control(t: Held, id: int, number: int, command: int, word: int = 0) -> tuple[int, int]:
    """semctl(2), with its union."""
    t.write(BUFFER, struct.pack("<q", word))
    return t.call(SEMCTL, id, number, command, BUFFER)


def operate(t: Held, id: int, *operations: tuple[int, int, int]) -> int:
    t.write(BUFFER, b"".join(struct.pack("<Hhh", *one) for one in operations))
    return t.call(SEMOP, id, BUFFER, len(operations))[0]


def values(t: Held, id: int, count: int = 3) -> list[int]:
    assert control(t, id, 0, GETALL, OUT)[0] == 0
    return list(struct.unpack(f"<{count}H", t.read(OUT, 2 * count)))


def send(t: Held, id: int, type: int, text: bytes, flags: int = NOWAIT) -> int:
    t.write(BUFFER, struct.pack("<q", type) + text)
    return t.call(MSGSND, id, BUFFER, len(text), flags)[0]


def receive(t: Held, id: int, type: int = 0, size: int = 64,
            flags: int = NOWAIT) -> tuple[int, bytes]:
    """(type, text), or the errno."""
    error, size = t.call(MSGRCV, id, OUT, size, type, flags)
    if error:
        return error, b""
    data = t.read(OUT, 8 + size)
    return struct.unpack_from("<q", data)[0], data[8:]


@pytest.fixture
def w(hold: Hold) -> Iterator[World]:
    world = World(hold)
    yield world
    world.end()


@pytest.fixture
def t(w: World) -> Held:
    return w.first


# -- keys and ids ------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "size"), [(QUEUE, ()), (SEMAPHORES, (3,)), (SEGMENT, (PAGE,))])
def test_keys(w: World, t: Held, kind: tuple[int, int], size: tuple[int, ...]) -> None:
    """One key, one id; a private key is a new one each time; an id is never used again soon."""
    get, _ = kind
    assert t.call(get, KEY, *size, 0o600)[0] == ENOENT
    id = w.made(kind, KEY, *size, 0o600 | CREAT)
    assert t.call(get, KEY, *size, 0o600) == t.call(get, KEY, *size, CREAT) == (0, id)
    assert t.call(get, KEY, *size, 0o600 | CREAT | EXCL)[0] == EEXIST
    private = {w.made(kind, 0, *size, 0o600) for _ in range(3)}
    assert len(private | {id}) == 4
    assert remove(t, kind[1], id) == 0
    assert remove(t, kind[1], id) == EINVAL
    again = w.made(kind, KEY, *size, 0o600 | CREAT)
    assert again != id
    assert again & 0xFFFF == id & 0xFFFF


@pytest.mark.parametrize(("kind", "size"), [(QUEUE, ()), (SEMAPHORES, (3,)), (SEGMENT, (PAGE,))])
def test_what_is_told(w: World, t: Held, kind: tuple[int, int], size: tuple[int, ...]) -> None:
    """Maker, owner and rights, which the owner changes."""
    id = w.made(kind, KEY, *size, 0o640 | CREAT)
    number = (0,) if kind is SEMAPHORES else ()

    def ask(t: Held, command: int) -> int:
        t.write(BUFFER, struct.pack("<Q", OUT))
        where = BUFFER if kind is SEMAPHORES else OUT
        return t.call(kind[1], id, *number, command, where)[0]

    assert ask(t, STAT) == 0
    told = t.read(OUT, 104)
    assert struct.unpack_from("<4I", told) == (0, 0, 0, 0)
    assert struct.unpack_from("<HH4xq", told, 16)[::2] == (
        {QUEUE: 0o640, SEMAPHORES: 0o1640, SEGMENT: 0x800 | 0o640}[kind], KEY)
    user = w.one(1001)
    assert ask(user, STAT) == EACCES
    user.write(OUT, told)
    assert ask(user, SET) == remove(user, kind[1], id) == EACCES
    changed = bytearray(told)
    struct.pack_into("<IIH", changed, 8, 1001, 1001, 0o7600)
    t.write(OUT, bytes(changed))
    assert ask(t, SET) == 0
    assert ask(user, STAT) == 0
    told = user.read(OUT, 104)
    assert struct.unpack_from("<4I", told) == (0, 0, 1001, 1001)
    assert struct.unpack_from("<H", told, 16)[0] & 0o777 == 0o600
    assert ask(t, 99) == EINVAL
    assert remove(user, kind[1], id) == 0


def test_rights(w: World, t: Held) -> None:
    user = w.one(1001)
    queue, semaphores, segment = w.queue(0o644), w.semaphores(3, 0o644), w.segment(PAGE, 0o644)
    send(t, queue, 1, b"text")
    assert receive(user, queue) == (1, b"text")
    assert send(user, queue, 1, b"text") == EACCES
    assert operate(user, semaphores, (0, 0, 0)) == 0
    assert operate(user, semaphores, (0, 1, 0)) == EACCES
    assert control(user, semaphores, 0, GETVAL)[0] == 0
    assert control(user, semaphores, 0, SETVAL, 1)[0] == EACCES
    assert user.call(SHMAT, segment, 0, 0)[0] == EACCES
    assert user.call(SHMAT, segment, 0, RDONLY)[0] == 0
    w.semaphores(1, 0o600, KEY)
    assert user.call(SEMGET, KEY, 1, 0o400)[0] == EACCES
    assert user.call(SEMGET, KEY, 1, 0)[0] == 0


# -- messages ----------------------------------------------------------------------------
def test_messages_by_type(w: World, t: Held) -> None:
    """The first, the first of a type, or the first that is no larger."""
    id = w.queue()
    for type, text in ((3, b"three"), (2, b"two"), (5, b"five"), (1, b"one"), (2, b"more")):
        assert send(t, id, type, text) == 0
    assert receive(t, id, 5) == (5, b"five")
    assert receive(t, id, -2) == (2, b"two")
    assert receive(t, id, 0) == (3, b"three")
    assert receive(t, id, 9)[0] == ENOMSG
    assert receive(t, id, -9) == (1, b"one")
    assert receive(t, id, 2, size=2)[0] == E2BIG
    assert receive(t, id, 2, size=2, flags=NOWAIT | NOERROR) == (2, b"mo")
    assert receive(t, id)[0] == ENOMSG


def test_a_queue_has_an_end(w: World, t: Held) -> None:
    id = w.queue()
    assert send(t, id, 0, b"x") == send(t, id, -1, b"x") == EINVAL
    assert send(t, id, 1, bytes(2049)) == EINVAL
    assert [send(t, id, 1, bytes(1000)) for _ in range(3)] == [0, 0, EAGAIN]
    t.call(MSGCTL, id, STAT, OUT)
    told = t.read(OUT, 104)
    assert struct.unpack_from("<QQQII", told, 48) == (2000, 2, 2048, t.pid, 0)
    grown = bytearray(told)
    for most, errno in ((0, EINVAL), (10, 0), (5000, 0)):
        struct.pack_into("<Q", grown, 64, most)
        t.write(OUT, bytes(grown))
        assert t.call(MSGCTL, id, SET, OUT)[0] == errno
    t.call(MSGCTL, id, STAT, OUT)
    assert struct.unpack_from("<Q", t.read(OUT, 104), 64)[0] == 2048
    assert send(t, 99, 1, b"") == receive(t, -1)[0] == EINVAL
    assert t.call(MSGSND, id, 8, 1, NOWAIT)[0] == EFAULT


def test_waiting_for_messages(w: World, t: Held, kernel: Kernel) -> None:
    """One that comes, or the end of the queue."""
    id, other = w.queue(), w.one()
    end = t.begin(CODE, MSGRCV, id, OUT, 64, 7, 0)
    kernel.settle(0.05)
    send(other, id, 6, b"no")
    send(other, id, 7, b"yes")
    assert end() == (0, 3)
    assert t.read(OUT + 8, 3) == b"yes"
    end = t.begin(CODE, MSGRCV, id, OUT, 64, 7, 0)
    kernel.settle(0.05)
    remove(other, MSGCTL, id)
    assert end()[0] == EIDRM


# -- semaphores ----------------------------------------------------------------------------
def test_operations_are_done_all_or_none(w: World, t: Held) -> None:
    id = w.semaphores()
    assert operate(t, id, (0, 2, 0), (1, 3, 0)) == 0
    assert values(t, id) == [2, 3, 0]
    assert operate(t, id, (0, -1, 0), (1, -4, NOWAIT)) == EAGAIN
    assert operate(t, id, (0, -2, 0), (0, 0, NOWAIT), (0, 1, 0)) == 0
    assert values(t, id) == [1, 3, 0]
    assert operate(t, id, (2, 1, 0), (0, 0, NOWAIT)) == EAGAIN
    assert values(t, id) == [1, 3, 0]
    assert operate(t, id, (0, 1, 0), (3, 1, 0)) == EFBIG
    assert operate(t, id, (0, 1, 0), (1, 32767, 0)) == ERANGE
    assert values(t, id) == [1, 3, 0]
    assert control(t, id, 1, GETPID) == (0, t.pid)
    assert control(t, id, 2, GETPID) == (0, 0)
    assert t.call(SEMOP, id, BUFFER, 101)[0] == E2BIG
    assert t.call(SEMOP, id, 8, 1)[0] == EFAULT
    assert operate(t, 99, (0, 1, 0)) == operate(t, -1, (0, 1, 0)) == EINVAL


def test_values_are_set(w: World, t: Held) -> None:
    id = w.semaphores()
    assert [control(t, id, number, SETVAL, value)[0] for number, value in (
        (0, 5), (3, 1), (-1, 1), (1, 32767), (1, 32768), (1, -1))] == [
        0, EINVAL, EINVAL, 0, ERANGE, ERANGE]
    t.write(OUT, struct.pack("<3H", 7, 8, 9))
    assert control(t, id, 0, SETALL, OUT)[0] == 0
    assert values(t, id) == [7, 8, 9]
    t.write(OUT, struct.pack("<3H", 7, 40000, 9))
    assert control(t, id, 0, SETALL, OUT)[0] == ERANGE
    assert control(t, id, 2, GETVAL) == (0, 9)
    assert control(t, id, 3, GETVAL)[0] == control(t, id, 0, 99)[0] == EINVAL
    assert t.call(SEMGET, KEY, 0, CREAT)[0] == t.call(SEMGET, KEY, 341, CREAT)[0] == EINVAL
    w.semaphores(3, key=KEY)
    assert [t.call(SEMGET, KEY, count, 0)[0] for count in (-1, 0, 3, 4)] == [0, 0, 0, EINVAL]


def test_what_an_end_undoes(w: World, t: Held, kernel: Kernel) -> None:
    """Never below 0; not what was set since, and nothing of another's."""
    id, other = w.semaphores(), w.one()
    control(t, id, 0, SETVAL, 5)
    assert operate(other, id, (0, -2, UNDO), (1, 4, UNDO), (2, 1, 0)) == 0
    assert operate(t, id, (1, -3, 0)) == 0
    assert values(t, id) == [3, 1, 1]
    assert operate(other, id, (2, 16385, UNDO)) == ERANGE
    finish(kernel, [other.pid])
    kernel.settle(0.05)
    assert values(t, id) == [5, 0, 1]
    other = w.one()
    operate(other, id, (0, -5, UNDO))
    control(t, id, 0, SETVAL, 9)
    finish(kernel, [other.pid])
    kernel.settle(0.05)
    assert values(t, id) == [9, 0, 1]


def test_waiting_for_semaphores(w: World, t: Held, kernel: Kernel) -> None:
    """Who waits is counted; an end of the set is told."""
    id, other = w.semaphores(), w.one()
    t.write(BUFFER, struct.pack("<Hhh", 0, -2, 0))
    end = t.begin(CODE, SEMOP, id, BUFFER, 1)
    kernel.settle(0.05)
    assert control(other, id, 0, GETNCNT) == (0, 1)
    assert control(other, id, 0, GETZCNT) == (0, 0)
    operate(other, id, (0, 1, 0))
    kernel.settle(0.05)
    operate(other, id, (0, 2, 0))
    assert end() == (0, 0)
    assert values(other, id) == [1, 0, 0]
    t.write(BUFFER, struct.pack("<Hhh", 0, 0, 0))
    end = t.begin(CODE, SEMOP, id, BUFFER, 1)
    kernel.settle(0.05)
    assert control(other, id, 0, GETZCNT) == (0, 1)
    remove(other, SEMCTL, id)
    assert end()[0] == EIDRM


# -- shared memory -------------------------------------------------------------------------
def attached(t: Held, id: int) -> int:
    assert t.call(SHMCTL, id, STAT, OUT)[0] == 0
    count: int = struct.unpack_from("<I", t.read(OUT, 80), 48)[0]
    return count


def test_memory_is_shared(w: World, t: Held) -> None:
    id, other = w.segment(PAGE + 1), w.one()
    here, there = t.call(SHMAT, id, 0, 0)[1], other.call(SHMAT, id, 0x40000000, 0)[1]
    assert there == 0x40000000
    t.write(here + PAGE, b"both")
    assert other.read(there + PAGE, 4) == b"both"
    assert attached(t, id) == 2
    entry, = (one for one in t.entries() if one["kve_start"] == here)
    assert (entry["kve_end"], entry["kve_protection"], entry["kve_flags"]) == (
        here + 2 * PAGE, 3, 0)
    assert t.call(SHMDT, here)[0] == 0
    assert t.call(SHMDT, here)[0] == EINVAL
    assert not any(one["kve_start"] == here for one in t.entries())
    assert attached(t, id) == 1


def test_where_memory_is_attached(w: World, t: Held) -> None:
    id = w.segment()
    at = 0x40000000
    assert t.call(SHMAT, id, at + 10, 0)[0] == EINVAL
    assert t.call(SHMAT, id, at + 10, RND) == t.call(SHMAT, id, at, REMAP) == (0, at)
    assert t.call(SHMAT, id, at, 0)[0] == t.call(SHMAT, id, ROOM, 0)[0] == ENOMEM
    assert t.call(SHMAT, 99 << 16, 0, 0)[0] == t.call(SHMAT, -1, 0, 0)[0] == EINVAL
    assert t.call(SHMAT, id, at + PAGE + 10, RND) == (0, at + PAGE)


def test_sizes_of_segments(w: World, t: Held) -> None:
    assert [t.call(SHMGET, 0, size, 0o600 | CREAT)[0] for size in (0, -1, (512 << 20) + 1)] == [
        EINVAL] * 3
    w.segment(100, key=KEY)
    assert [t.call(SHMGET, KEY, size, 0)[0] for size in (0, PAGE, PAGE + 1)] == [0, 0, EINVAL]


def test_a_removed_segment_lives_on_with_who_has_it(w: World, t: Held, kernel: Kernel) -> None:
    """Without its key; an end of the process is an end of its having it."""
    id, other = w.segment(key=KEY), w.one()
    here = t.call(SHMAT, id, 0, 0)[1]
    other.call(SHMAT, id, 0, 0)
    assert remove(t, SHMCTL, id) == 0
    assert t.call(SHMGET, KEY, 0, 0)[0] == ENOENT
    t.call(SHMCTL, id, STAT, OUT)
    assert struct.unpack_from("<H", t.read(OUT, 80), 16)[0] == 0x800 | 0x400 | 0o600
    assert attached(t, id) == 2
    finish(kernel, [other.pid])
    kernel.settle(0.05)
    assert attached(t, id) == 1
    t.call(SHMDT, here)
    assert t.call(SHMCTL, id, STAT, OUT)[0] == EINVAL
