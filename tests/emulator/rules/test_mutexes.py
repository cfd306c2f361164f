"""The mutexes of _umtx_op(2) in a tracee, as far as one thread gets with them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from bsdproc.kernel import Kernel

from .conftest import Hold
from .held import Held, record
from .tracee import DATA, call

pytestmark = pytest.mark.privileged

ROOM, MUTEX, OLD, LISTS, TIME = (0x30000000, 0x30000100, 0x30000200, 0x30000300, 0x30000400)
UMTX_OP, RTPRIO, SETUID = 454, 166, 23
TRYLOCK, LOCK, UNLOCK, SET_CEILING, WAIT, WAKE, WAKE2, ROBUST_LISTS = 4, 5, 6, 7, 17, 18, 22, 26
PLAIN, INHERIT, PROTECT, ROBUST, INCONSISTENT = 0, 4, 8, 0x10, 0x20
FREE, CONTESTED = 0, 1 << 31
DEAD, LOST = CONTESTED | 0x10, CONTESTED | 0x11
EPERM, EDEADLK, EFAULT, EBUSY, EINVAL, ETIMEDOUT = 1, 11, 14, 16, 22, 60
ENOTRECOVERABLE, EOWNERDEAD = 95, 96
NONE = 0xFFFFFFFF
OTHER = 77


class Mutex:
    """One, and the only thread there is."""

    def __init__(self, kernel: Kernel, t: Held) -> None:
        self.t = t
        t.map(ROOM, 4096, 3)
        tid = record(kernel, t.pid)["ki_tid"]
        assert isinstance(tid, int)
        self.tid = tid

    def is_then(self, owner: int, flags: int = 0, ceiling: int = 0, before: int = NONE) -> Mutex:
        self.t.write(MUTEX, struct.pack("<4I", owner, flags, ceiling, before) + bytes(16))
        return self

    def op(self, op: int, value: int = 0, *more: int) -> int:
        return self.t.call(UMTX_OP, MUTEX, op, value, *more)[0]

    @property
    def owner(self) -> int:
        return int(struct.unpack("<I", self.t.read(MUTEX, 4))[0])

    @property
    def ceiling(self) -> int:
        return int(struct.unpack("<I", self.t.read(MUTEX + 8, 4))[0])


@pytest.fixture
def mutex(kernel: Kernel, hold: Hold) -> Mutex:
    return Mutex(kernel, hold("spin"))


# -- locking -----------------------------------------------------------------------------
@pytest.mark.parametrize("flags", [PLAIN, INHERIT])
@pytest.mark.parametrize("robust", [0, ROBUST])
@pytest.mark.parametrize("op", [TRYLOCK, LOCK])
@pytest.mark.parametrize(("held", "errno", "is_then"), [
    (FREE, 0, 0), (CONTESTED, 0, CONTESTED), (DEAD, EOWNERDEAD, CONTESTED),
    (LOST, ENOTRECOVERABLE, None)])
def test_what_can_be_had(mutex: Mutex, flags: int, robust: int, op: int, held: int, errno: int,
                         is_then: int | None) -> None:
    """The last owner's death is told with the mutex, whatever sort it is of."""
    mutex.is_then(held, flags | robust)
    assert mutex.op(op) == errno
    assert mutex.owner == (held if is_then is None else mutex.tid | is_then)


@pytest.mark.parametrize(("held", "errno", "is_then"), [
    (FREE, EBUSY, FREE), (CONTESTED, 0, None), (DEAD, EOWNERDEAD, None), (LOST, EBUSY, LOST),
    (OTHER, EBUSY, OTHER)])
def test_a_protected_one_is_free_when_contested(mutex: Mutex, held: int, errno: int,
                                                is_then: int | None) -> None:
    mutex.is_then(held, PROTECT)
    assert mutex.op(TRYLOCK) == errno
    assert mutex.owner == (mutex.tid | CONTESTED if is_then is None else is_then)


def test_what_another_has(mutex: Mutex) -> None:
    """A try leaves no trace, a wait does."""
    for flags in (PLAIN, ROBUST, INHERIT, PROTECT):
        assert mutex.is_then(OTHER, flags).op(TRYLOCK) == EBUSY
        assert mutex.owner == OTHER
    mutex.t.write(TIME, struct.pack("<qq", 0, 10_000_000))
    for flags, is_then in ((PLAIN, OTHER | CONTESTED), (INHERIT, OTHER | CONTESTED),
                           (PROTECT, OTHER)):
        assert mutex.is_then(OTHER, flags).op(LOCK, 0, 16, TIME) == ETIMEDOUT
        assert mutex.owner == is_then


def test_what_one_has_oneself(mutex: Mutex) -> None:
    """Only one that inherits priorities is looked through."""
    assert mutex.is_then(mutex.tid, PLAIN).op(TRYLOCK) == EBUSY
    assert [mutex.is_then(mutex.tid, INHERIT).op(op) for op in (TRYLOCK, LOCK)] == [EDEADLK] * 2
    assert mutex.is_then(mutex.tid, PROTECT).op(TRYLOCK) == EBUSY


def test_sorts_that_there_are_not(mutex: Mutex) -> None:
    for op in (TRYLOCK, LOCK, WAIT, UNLOCK):
        assert mutex.is_then(mutex.tid, INHERIT | PROTECT).op(op) == EINVAL
    assert mutex.op(WAKE2, INHERIT | PROTECT) == EINVAL
    assert [mutex.t.call(UMTX_OP, 0, op)[0] for op in (TRYLOCK, LOCK, WAIT, UNLOCK)] == [EFAULT] * 4


@pytest.mark.parametrize("held", [FREE, CONTESTED, DEAD, LOST])
def test_a_wait_for_what_is_free(mutex: Mutex, held: int) -> None:
    """Leaves it to the program to take a plain one."""
    assert mutex.is_then(held, ROBUST).op(WAIT) == 0
    assert mutex.owner == held


def test_a_wait_takes_what_inherits(mutex: Mutex) -> None:
    assert mutex.is_then(FREE, INHERIT).op(WAIT) == 0
    assert mutex.owner == mutex.tid
    assert mutex.is_then(OTHER, INHERIT).op(WAIT) == EBUSY


# -- letting go --------------------------------------------------------------------------
@pytest.mark.parametrize(("flags", "left"), [
    (PLAIN, FREE), (ROBUST, FREE), (ROBUST | INCONSISTENT, LOST), (INHERIT, FREE),
    (INHERIT | ROBUST | INCONSISTENT, LOST), (PROTECT, CONTESTED),
    (PROTECT | ROBUST | INCONSISTENT, LOST)])
@pytest.mark.parametrize("contested", [0, CONTESTED])
def test_what_is_left_of_it(mutex: Mutex, flags: int, left: int, contested: int) -> None:
    assert mutex.is_then(mutex.tid | contested, flags).op(UNLOCK) == 0
    assert mutex.owner == left


def test_only_its_owner_lets_go(mutex: Mutex) -> None:
    for flags in (PLAIN, INHERIT, PROTECT):
        for held in (FREE, CONTESTED, OTHER, OTHER | CONTESTED, DEAD, LOST):
            assert mutex.is_then(held, flags).op(UNLOCK) == EPERM
            assert mutex.owner == held


def test_waking_those_who_are_not_there(mutex: Mutex) -> None:
    """A contested mutex without waiters is one no more, by the first of both."""
    assert mutex.is_then(CONTESTED, PLAIN).op(WAKE) == 0
    assert mutex.owner == FREE
    for held in (DEAD, LOST, OTHER):
        assert mutex.is_then(held, ROBUST).op(WAKE) == 0
        assert mutex.owner == held
    for flags in (PLAIN, ROBUST, INHERIT, PROTECT):
        assert mutex.is_then(CONTESTED, flags).op(WAKE2, flags) == 0
        assert mutex.owner == CONTESTED


# -- ceilings ----------------------------------------------------------------------------
@pytest.mark.parametrize(("ceiling", "errno"), [(0, 0), (31, 0), (32, EINVAL), (NONE, EINVAL)])
def test_ceilings_that_there_are(mutex: Mutex, ceiling: int, errno: int) -> None:
    assert mutex.is_then(CONTESTED, PROTECT, ceiling).op(TRYLOCK) == errno
    assert mutex.is_then(CONTESTED, PROTECT).op(SET_CEILING, ceiling, OLD) == errno
    assert mutex.is_then(mutex.tid, PROTECT, 0, ceiling).op(UNLOCK) == (
        0 if ceiling == NONE else errno)


def test_who_is_above_the_ceiling(mutex: Mutex) -> None:
    """Counts from below here, and from above there."""
    mutex.t.write(ROOM, struct.pack("<HH", 2, 20))
    assert mutex.t.call(RTPRIO, 1, 0, ROOM)[0] == 0
    assert [mutex.is_then(CONTESTED, PROTECT, ceiling).op(TRYLOCK) for ceiling in (
        10, 11, 12, 31)] == [EINVAL, 0, 0, 0]


def test_a_ceiling_is_moved(mutex: Mutex) -> None:
    """Of a free one, or one's own; what it was is told."""
    for held in (CONTESTED, mutex.tid, mutex.tid | CONTESTED):
        mutex.t.write(OLD, bytes(4))
        assert mutex.is_then(held, PROTECT, 5).op(SET_CEILING, 9, OLD) == 0
        assert (mutex.owner, mutex.ceiling) == (held, 9)
        assert struct.unpack("<I", mutex.t.read(OLD, 4)) == (5,)
    assert mutex.op(SET_CEILING, 3, 0) == 0
    assert mutex.op(SET_CEILING, 3, 8) == EFAULT
    for flags in (PLAIN, INHERIT, ROBUST):
        assert mutex.is_then(CONTESTED, flags).op(SET_CEILING, 3, OLD) == EINVAL
    assert mutex.is_then(DEAD, PROTECT | ROBUST).op(SET_CEILING, 3, OLD) == EOWNERDEAD
    assert mutex.is_then(LOST, PROTECT | ROBUST).op(SET_CEILING, 3, OLD) == ENOTRECOVERABLE


# -- robust lists ------------------------------------------------------------------------
def test_where_robust_mutexes_are(mutex: Mutex) -> None:
    assert [mutex.t.call(UMTX_OP, 0, ROBUST_LISTS, size, LISTS)[0] for size in (24, 8, 0, 25)] == [
        0, 0, 0, EINVAL]
    assert mutex.t.call(UMTX_OP, 0, ROBUST_LISTS, 24, 0)[0] == EFAULT


@pytest.mark.parametrize(("owned", "flags", "left"), [
    (True, ROBUST, DEAD), (True, PLAIN, None), (False, ROBUST, OTHER),
    (True, ROBUST | INHERIT, DEAD), (True, ROBUST | INCONSISTENT, DEAD),
    (True, ROBUST | PROTECT, DEAD)])
def test_what_a_dead_owner_leaves(kernel: Kernel, mutex: Mutex, owned: bool, flags: int,
                                  left: int | None) -> None:
    """In memory of a file that outlives it."""
    t, path = mutex.t, f"/tmp/mutex.{kernel.getpid()}"
    kernel.close(kernel.open(path, 0x202, 0o644))
    t.write(ROOM, path.encode() + b"\0")
    fd = t.call(5, ROOM, 2)[1]
    assert t.call(480, fd, 4096)[0] == 0
    shared = ROOM + 0x10000
    assert t.call(477, shared, 4096, 3, 0x11, fd, 0)[0] == 0
    held = mutex.tid if owned else OTHER
    t.write(shared, struct.pack("<4I", held, flags, 0, NONE) + bytes(16))
    t.write(LISTS, struct.pack("<4Q", LISTS + 24, 0, 0, shared))
    assert t.call(UMTX_OP, 0, ROBUST_LISTS, 24, LISTS)[0] == 0
    kernel.ptrace(8, t.pid, 0, 0)
    t.wait()
    fd = kernel.open(path, 0)
    owner, = struct.unpack("<I", kernel.pread(fd, 4, 0))
    kernel.close(fd)
    kernel.unlink(path)
    assert owner == (held if left is None else left)


# -- words that processes share -----------------------------------------------------------
SHARED, CODE, STOPS = 0x30100000, 0x30200000, b"\xcc"
W_WAIT, W_WAKE, W_WAIT_UINT, W_WAIT_PRIVATE, W_WAKE_PRIVATE = 2, 3, 11, 15, 16
PROCESS_SHARED = 1


class Pair:
    """Two tracees with the same memory of a file."""

    def __init__(self, kernel: Kernel, hold: Hold) -> None:
        self.k, self.path = kernel, f"/tmp/shared.{kernel.getpid()}"
        kernel.close(kernel.open(self.path, 0x202, 0o644))
        self.one, self.two = hold("spin"), hold("spin")
        for t in (self.one, self.two):
            t.map(ROOM, 4096, 3)
            t.map(CODE, 4096, 7)
            t.write(ROOM, self.path.encode() + b"\0")
            fd = t.call(5, ROOM, 2)[1]
            t.call(480, fd, 4096)
            assert t.call(477, SHARED, 4096, 3, 0x11, fd, 0)[0] == 0

    def waits(self, op: int, value: int) -> None:
        """The first one goes into the call, and to a breakpoint behind it."""
        layout, numbers = self.k.target.struct("struct reg"), self.k.target.constants
        code = call(UMTX_OP, SHARED, op, value, 0, 0, keep=CODE + 2048 - DATA) + STOPS
        self.one.write(CODE, code)
        registers = self.k.buffer(layout.size)
        self.k.ptrace(numbers["PT_GETREGS"], self.one.pid, registers, 0)
        wanted = bytearray(registers.read())
        layout.put(wanted, "r_rip", CODE)
        self.k.ptrace(numbers["PT_SETREGS"], self.one.pid, self.k.buffer(wanted), 0)
        self.k.ptrace(7, self.one.pid, 1, 0)
        self.k.settle(0.3)

    def has_come(self) -> bool:
        self.k.settle(0.3)
        return self.k.wait4(self.one.pid, 1)[0] == self.one.pid


@pytest.fixture
def pair(kernel: Kernel, hold: Hold) -> Iterator[Pair]:
    made = Pair(kernel, hold)
    yield made
    kernel.unlink(made.path)


@pytest.mark.parametrize(("wait", "wake", "comes"), [
    (W_WAIT, W_WAKE, True), (W_WAIT_UINT, W_WAKE, True), (W_WAIT_PRIVATE, W_WAKE_PRIVATE, False),
    (W_WAIT_PRIVATE, W_WAKE, False), (W_WAIT_UINT, W_WAKE_PRIVATE, False)])
def test_a_word_in_shared_memory(pair: Pair, wait: int, wake: int, comes: bool) -> None:
    """Is everybody's, unless an operation says that it is private."""
    pair.waits(wait, 0)
    assert pair.two.call(UMTX_OP, SHARED, wake, 1)[0] == 0
    assert pair.has_come() is comes


@pytest.mark.parametrize(("flags", "comes"), [
    (PLAIN, False), (PROCESS_SHARED, True), (PROCESS_SHARED | ROBUST, True),
    (PROCESS_SHARED | INHERIT, True), (INHERIT, False)])
def test_a_mutex_in_shared_memory(kernel: Kernel, pair: Pair, flags: int, comes: bool) -> None:
    """Is everybody's when it says so."""
    tid = record(kernel, pair.two.pid)["ki_tid"]
    assert isinstance(tid, int)
    pair.two.write(SHARED, struct.pack("<4I", tid, flags, 0, NONE) + bytes(16))
    pair.waits(LOCK, 0)
    assert pair.two.call(UMTX_OP, SHARED, UNLOCK)[0] == 0
    assert pair.has_come() is comes


def test_no_word_to_wait_for(mutex: Mutex) -> None:
    """What nobody else means is not looked at."""
    assert [mutex.t.call(UMTX_OP, 0x10000000, op, 1)[0] for op in (W_WAKE, W_WAKE_PRIVATE)] == [
        EFAULT, 0]
