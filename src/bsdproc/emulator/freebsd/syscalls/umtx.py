"""_umtx_op(2): what mutexes, conditions, read-write locks and semaphores of libthr wait on.

The subject of sys/kern/kern_umtx.c.  The words lie in the program's memory and are
changed there by the program as well; no other thread runs between two sleeps.  A mutex
that inherits priorities is one like any other: there are no priorities here.  Waits are
on addresses of one process.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.time import deadline_at
from bsdproc.emulator.bsd.syscalls.width import long_, pointer, time
from bsdproc.emulator.errno import (
    EAGAIN,
    EBUSY,
    EINTR,
    EINVAL,
    EPERM,
    ERESTART,
    ETIMEDOUT,
    EWOULDBLOCK,
    Refused,
)
from bsdproc.emulator.freebsd.syscalls import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

(WAIT, WAKE, MUTEX_TRYLOCK, MUTEX_LOCK, MUTEX_UNLOCK) = range(2, 7)
(CV_WAIT, CV_SIGNAL, CV_BROADCAST, WAIT_UINT, RW_RDLOCK, RW_WRLOCK, RW_UNLOCK) = range(8, 15)
(WAIT_UINT_PRIVATE, WAKE_PRIVATE, MUTEX_WAIT, MUTEX_WAKE) = range(15, 19)
(NWAKE_PRIVATE, MUTEX_WAKE2, SEM2_WAIT, SEM2_WAKE) = range(21, 25)

ABSTIME: Final = 1
REALTIME: Final = frozenset({0, 9, 10})
"""CLOCK_REALTIME and its precise and fast ways."""

UNOWNED, CONTESTED = 0, 1 << 31
"""A struct umutex's first word; else the owner's id, or both."""
ROBUST, PRIO_PROTECT = 0x10, 0x08
"""Of its second word."""
HAS_WAITERS, CV_FLAGS, CV_CLOCK = 0, 4, 8
"""Offsets in struct ucond."""
CV_ABSTIME, CV_CLOCKID = 2, 4
STATE, RW_FLAGS, BLOCKED_READERS, BLOCKED_WRITERS = 0, 4, 8, 12
"""Offsets in struct urwlock."""
WRITE_OWNER, WRITE_WAITERS, READ_WAITERS = 1 << 31, 1 << 30, 1 << 29
MAX_READERS = READ_WAITERS - 1
PREFER_READER = 2
SEM_WAITERS = 1 << 31


class _Word:
    """A 32-bit word of the program's."""

    def __init__(self, td: Thread, address: int) -> None:
        self._space, self.address = space_of(td), address

    @property
    def value(self) -> int:
        return int.from_bytes(self._space.copyin(self.address, 4), "little")

    @value.setter
    def value(self, value: int) -> None:
        self._space.copyout(self.address, (value & 0xFFFFFFFF).to_bytes(4, "little"))


def _channel(td: Thread, kind: str, address: int) -> object:
    return f"umtx {kind}".strip(), td.proc, address


def _absolute(system: System, deadline: int, clock: int) -> int:
    """The end of a wait, given as a time of a clock and taken to be one from now."""
    return deadline - system.clock - (system.boot_time * 10**9 if clock in REALTIME else 0)


def _deadline(system: System, td: Thread, size: int, address: int) -> int | None:
    """umtx_copyin_umtx_time: a timespec, or with flags and clock behind."""
    deadline = deadline_at(system, td, address)
    timespec = time(td).size
    if deadline is not None and size >= timespec + 8:
        flags, clock = struct.unpack("<II", space_of(td).copyin(address + timespec, 8))
        if flags & ABSTIME:
            deadline = _absolute(system, deadline, clock)
    return deadline


def _sleep(system: System, channel: object, message: str,
           deadline: int | None) -> Generator[Sleep | None, int, None]:
    """umtxq_sleep: raises what ended it, if that was no wakeup."""
    error = yield Sleep(channel, message, deadline)
    if error == EWOULDBLOCK:
        raise Refused(ETIMEDOUT)
    if error:
        raise Refused(EINTR if error == ERESTART and deadline is not None else error)


# -- words -----------------------------------------------------------------------------
def _wait(system: System, td: Thread, args: Args, size: int) -> Work:
    where, expected = args[0], args[2] & ((1 << 8 * size) - 1)
    deadline = _deadline(system, td, args[3], args[4])
    if int.from_bytes(space_of(td).copyin(where, size), "little") == expected:
        yield from _sleep(system, ("umtx", td.proc, where), "uwait", deadline)
    return 0


def _wait_long(system: System, td: Thread, args: Args) -> Work:
    return _wait(system, td, args, long_(td).size)


def _wait_uint(system: System, td: Thread, args: Args) -> Work:
    return _wait(system, td, args, 4)


def _wake(system: System, td: Thread, args: Args) -> int:
    _wake_some(system, ("umtx", td.proc, args[0]), signed(args[2]))
    return 0


def _wake_some(system: System, channel: object, count: int) -> None:
    while count > 0 and system.wakeup_one(channel):
        count -= 1


def _wake_each(system: System, td: Thread, args: Args) -> int:
    space, size = space_of(td), pointer(td).size
    for i in range(min(signed(args[2]), 1 << 16)):
        address = int.from_bytes(space.copyin(args[0] + size * i, size), "little")
        system.wakeup(("umtx", td.proc, address))
    return 0


# -- mutexes ---------------------------------------------------------------------------
def _mutex(system: System, td: Thread, address: int) -> _Word:
    flags = _Word(td, address + 4).value
    if flags & (ROBUST | PRIO_PROTECT):
        system.note(f"process {td.proc.pid}: robust mutexes and those with a ceiling of "
                    "priorities are not implemented")
        raise Refused(EINVAL)
    return _Word(td, address)


def _try_lock(owner: _Word, td: Thread) -> bool:
    """Whether the mutex was free, and is the thread's now."""
    free = owner.value
    if free not in (UNOWNED, CONTESTED):
        return False
    owner.value = td.tid | free
    return True


def _mutex_trylock(system: System, td: Thread, args: Args) -> int:
    if not _try_lock(_mutex(system, td, args[0]), td):
        raise Refused(EBUSY)
    return 0


def _mutex_lock(system: System, td: Thread, args: Args) -> Work:
    """do_lock_normal; a wait leaves it to the program to take the mutex then."""
    deadline = _deadline(system, td, args[3], args[4])
    owner = _mutex(system, td, args[0])
    channel = _channel(td, "mutex", args[0])
    taking = signed(args[1]) & 0x7FFFFFFF == MUTEX_LOCK
    while True:
        if taking and _try_lock(owner, td):
            return 0
        if not taking and owner.value in (UNOWNED, CONTESTED):
            return 0
        owner.value |= CONTESTED
        yield from _sleep(system, channel, "umtxn", deadline)


def _unlock(system: System, td: Thread, address: int) -> None:
    """do_unlock_normal."""
    owner = _mutex(system, td, address)
    held = owner.value
    if held & ~CONTESTED != td.tid:
        raise Refused(EPERM)
    channel = _channel(td, "mutex", address)
    more = held & CONTESTED and system.waiting(channel) > 1
    owner.value = CONTESTED if more else UNOWNED
    if held & CONTESTED:
        system.wakeup_one(channel)


def _mutex_unlock(system: System, td: Thread, args: Args) -> int:
    _unlock(system, td, args[0])
    return 0


def _mutex_wake(system: System, td: Thread, args: Args) -> int:
    """do_wake_umutex: the program has let go of it."""
    owner = _mutex(system, td, args[0])
    channel = _channel(td, "mutex", args[0])
    if owner.value & ~CONTESTED == 0:
        if system.waiting(channel) <= 1:
            owner.value = UNOWNED
        system.wakeup_one(channel)
    return 0


def _mutex_wake2(system: System, td: Thread, args: Args) -> int:
    """do_wake2_umutex: the same, where the mutex may be another's by now."""
    if signed(args[2]) & (ROBUST | PRIO_PROTECT):
        _mutex(system, td, args[0])
    owner = _Word(td, args[0])
    channel = _channel(td, "mutex", args[0])
    count = system.waiting(channel)
    if count > 1 or (count == 1 and owner.value & ~CONTESTED):
        owner.value |= CONTESTED
    if count and owner.value & ~CONTESTED == 0:
        system.wakeup_one(channel)
    return 0


# -- conditions ------------------------------------------------------------------------
def _cv_wait(system: System, td: Thread, args: Args) -> Work:
    """do_cv_wait: lets go of the mutex, which the program takes again afterwards."""
    condition, how, mutex = args[0], args[2], args[3]
    clock = _Word(td, condition + CV_CLOCK).value if how & CV_CLOCKID else 0
    deadline = deadline_at(system, td, args[4])
    if deadline is not None and how & CV_ABSTIME:
        deadline = _absolute(system, deadline, clock)
    has_waiters = _Word(td, condition + HAS_WAITERS)
    has_waiters.value = 1
    channel = _channel(td, "condition", condition)
    _unlock(system, td, mutex)
    try:
        yield from _sleep(system, channel, "ucond", deadline)
    except Refused as refused:
        if not system.waiting(channel):
            has_waiters.value = 0
        raise Refused(EINTR if refused.errno == ERESTART else refused.errno) from None
    return 0


def _cv_signal(system: System, td: Thread, args: Args) -> int:
    channel = _channel(td, "condition", args[0])
    system.wakeup_one(channel)
    if not system.waiting(channel):
        _Word(td, args[0] + HAS_WAITERS).value = 0
    return 0


def _cv_broadcast(system: System, td: Thread, args: Args) -> int:
    system.wakeup(_channel(td, "condition", args[0]))
    _Word(td, args[0] + HAS_WAITERS).value = 0
    return 0


# -- read-write locks ------------------------------------------------------------------
def _rw_lock(system: System, td: Thread, args: Args, *, writes: bool) -> Work:
    """do_rw_rdlock and do_rw_wrlock."""
    address = args[0]
    deadline = _deadline(system, td, args[3], args[4])
    state = _Word(td, address + STATE)
    refused = WRITE_OWNER | MAX_READERS
    if not writes:
        prefers = (_Word(td, address + RW_FLAGS).value | args[2]) & PREFER_READER
        refused = WRITE_OWNER if prefers else WRITE_OWNER | WRITE_WAITERS
    blocked = _Word(td, address + (BLOCKED_WRITERS if writes else BLOCKED_READERS))
    waiters = WRITE_WAITERS if writes else READ_WAITERS
    channel = _channel(td, "writers" if writes else "readers", address)
    while state.value & refused:
        state.value |= waiters
        blocked.value += 1
        failure: Refused | None = None
        try:
            yield from _sleep(system, channel, "uwrlck" if writes else "urdlck", deadline)
        except Refused as error:
            failure = error
        blocked.value -= 1
        if blocked.value == 0:
            state.value &= ~waiters
            if writes and failure and not state.value & WRITE_OWNER and (
                    state.value & READ_WAITERS):
                # It was what kept the readers.
                system.wakeup(_channel(td, "readers", address))
        if failure is not None:
            raise failure
    if writes:
        state.value |= WRITE_OWNER
    elif state.value & MAX_READERS == MAX_READERS:
        raise Refused(EAGAIN)
    else:
        state.value += 1
    return 0


def _rw_rdlock(system: System, td: Thread, args: Args) -> Work:
    return _rw_lock(system, td, args, writes=False)


def _rw_wrlock(system: System, td: Thread, args: Args) -> Work:
    return _rw_lock(system, td, args, writes=True)


def _rw_unlock(system: System, td: Thread, args: Args) -> int:
    """do_rw_unlock: writers come first, unless the lock prefers readers."""
    state = _Word(td, args[0] + STATE)
    if state.value & WRITE_OWNER:
        state.value &= ~WRITE_OWNER
    elif state.value & MAX_READERS:
        state.value -= 1
    else:
        raise Refused(EPERM)
    if state.value & MAX_READERS:
        return 0
    order = (WRITE_WAITERS, READ_WAITERS)
    if _Word(td, args[0] + RW_FLAGS).value & PREFER_READER:
        order = (READ_WAITERS, WRITE_WAITERS)
    for kind in order:
        if state.value & kind:
            if kind == WRITE_WAITERS:
                system.wakeup_one(_channel(td, "writers", args[0]))
            else:
                system.wakeup(_channel(td, "readers", args[0]))
            break
    return 0


# -- semaphores -------------------------------------------------------------------------
def _sem2_wait(system: System, td: Thread, args: Args) -> Work:
    """do_sem2_wait: until it counts something, which the program takes itself."""
    deadline = _deadline(system, td, args[3], args[4])
    count = _Word(td, args[0])
    if count.value & ~SEM_WAITERS:
        return 0
    count.value = SEM_WAITERS
    try:
        yield from _sleep(system, _channel(td, "semaphore", args[0]), "usem", deadline)
    except Refused as refused:
        raise Refused(EINTR if refused.errno == ERESTART else refused.errno) from None
    return 0


def _sem2_wake(system: System, td: Thread, args: Args) -> int:
    channel = _channel(td, "semaphore", args[0])
    left = system.waiting(channel)
    if left:
        count = _Word(td, args[0])
        if left == 1:
            count.value &= ~SEM_WAITERS
        system.wakeup_one(channel)
    return 0


OPERATIONS: Final[Mapping[int, Callable[[System, Thread, Args], int | Work]]] = {
    WAIT: _wait_long, WAIT_UINT: _wait_uint, WAIT_UINT_PRIVATE: _wait_uint,
    WAKE: _wake, WAKE_PRIVATE: _wake, NWAKE_PRIVATE: _wake_each,
    MUTEX_TRYLOCK: _mutex_trylock, MUTEX_LOCK: _mutex_lock, MUTEX_WAIT: _mutex_lock,
    MUTEX_UNLOCK: _mutex_unlock, MUTEX_WAKE: _mutex_wake, MUTEX_WAKE2: _mutex_wake2,
    CV_WAIT: _cv_wait, CV_SIGNAL: _cv_signal, CV_BROADCAST: _cv_broadcast,
    RW_RDLOCK: _rw_rdlock, RW_WRLOCK: _rw_wrlock, RW_UNLOCK: _rw_unlock,
    SEM2_WAIT: _sem2_wait, SEM2_WAKE: _sem2_wake,
}


def sys__umtx_op(system: System, td: Thread, args: Args) -> int | Work:
    op = signed(args[1]) & 0x7FFFFFFF
    work = OPERATIONS.get(op)
    if work is None:
        system.note(f"process {td.proc.pid}: _umtx_op operation {op} is not implemented")
        raise Refused(EINVAL)
    return work(system, td, args)


SYSCALLS: dict[int, Entry] = {
    454: ("_umtx_op", 5, sys__umtx_op),
}
