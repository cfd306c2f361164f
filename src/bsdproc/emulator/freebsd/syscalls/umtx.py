"""_umtx_op(2): what conditions, read-write locks and semaphores of libthr wait on; its
mutexes are in `umutex`.

The subject of sys/kern/kern_umtx.c.  The words lie in the program's memory and are
changed there by the program as well; no other thread runs between two sleeps.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.time import deadline_at
from bsdproc.emulator.bsd.syscalls.width import long_, pointer
from bsdproc.emulator.errno import (
    EAGAIN,
    EINVAL,
    EPERM,
    Refused,
)
from bsdproc.emulator.freebsd.syscalls import Entry, umutex
from bsdproc.emulator.freebsd.syscalls.umtxwait import (
    Share,
    Word,
    absolute,
    channel_of,
    deadline_of,
    ends_at_a_time,
    share_of,
    sleep,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

WAIT, WAKE = 2, 3
(CV_WAIT, CV_SIGNAL, CV_BROADCAST, WAIT_UINT, RW_RDLOCK, RW_WRLOCK, RW_UNLOCK) = range(8, 15)
WAIT_UINT_PRIVATE, WAKE_PRIVATE = 15, 16
NWAKE_PRIVATE, SEM2_WAIT, SEM2_WAKE = 21, 23, 24

LOCK_FLAGS = 4
HAS_WAITERS, CV_FLAGS, CV_CLOCK = 0, 4, 8
"""Offsets in struct ucond."""
CV_ABSTIME, CV_CLOCKID = 2, 4
STATE, RW_FLAGS, BLOCKED_READERS, BLOCKED_WRITERS = 0, 4, 8, 12
"""Offsets in struct urwlock."""
WRITE_OWNER, WRITE_WAITERS, READ_WAITERS = 1 << 31, 1 << 30, 1 << 29
MAX_READERS = READ_WAITERS - 1
PREFER_READER = 2
SEM_WAITERS = 1 << 31


# -- words -----------------------------------------------------------------------------
def _word(td: Thread, args: Args, where: int) -> object:
    """What a word's waiters wait on: private is what the operation calls so."""
    private = signed(args[1]) & 0x7FFFFFFF in (WAIT_UINT_PRIVATE, WAKE_PRIVATE)
    return channel_of(td, "", where, Share.NO if private else Share.AUTO)


def _queue(td: Thread, kind: str, lock: int) -> object:
    """The same of a condition, a read-write lock or a semaphore: its second word says."""
    return channel_of(td, kind, lock, share_of(Word(td, lock + LOCK_FLAGS).value))


def _wait(system: System, td: Thread, args: Args, size: int) -> Work:
    where, expected = args[0], args[2] & ((1 << 8 * size) - 1)
    deadline = deadline_of(system, td, args[3], args[4])
    if int.from_bytes(space_of(td).copyin(where, size), "little") == expected:
        yield from sleep(system, _word(td, args, where), "uwait", deadline)
    return 0


def _wait_long(system: System, td: Thread, args: Args) -> Work:
    return _wait(system, td, args, long_(td).size)


def _wait_uint(system: System, td: Thread, args: Args) -> Work:
    return _wait(system, td, args, 4)


def _wake(system: System, td: Thread, args: Args) -> int:
    _wake_some(system, _word(td, args, args[0]), signed(args[2]))
    return 0


def _wake_some(system: System, channel: object, count: int) -> None:
    while count > 0 and system.wakeup_one(channel):
        count -= 1


def _wake_each(system: System, td: Thread, args: Args) -> int:
    space, size = space_of(td), pointer(td).size
    for i in range(min(signed(args[2]), 1 << 16)):
        address = int.from_bytes(space.copyin(args[0] + size * i, size), "little")
        system.wakeup(channel_of(td, "", address))
    return 0


# -- conditions ------------------------------------------------------------------------
def _cv_wait(system: System, td: Thread, args: Args) -> Work:
    """do_cv_wait: lets go of the mutex, which the program takes again afterwards."""
    condition, how, mutex = args[0], args[2], args[3]
    clock = Word(td, condition + CV_CLOCK).value if how & CV_CLOCKID else 0
    deadline = deadline_at(system, td, args[4])
    if deadline is not None and how & CV_ABSTIME:
        deadline = absolute(system, deadline, clock)
    has_waiters = Word(td, condition + HAS_WAITERS)
    has_waiters.value = 1
    channel = _queue(td, "condition", condition)
    umutex.unlock(system, td, mutex)
    try:
        yield from sleep(system, channel, "ucond", deadline)
    except Refused:
        if not system.waiting(channel):
            has_waiters.value = 0
        raise
    return 0


def _cv_signal(system: System, td: Thread, args: Args) -> int:
    channel = _queue(td, "condition", args[0])
    system.wakeup_one(channel)
    if not system.waiting(channel):
        Word(td, args[0] + HAS_WAITERS).value = 0
    return 0


def _cv_broadcast(system: System, td: Thread, args: Args) -> int:
    system.wakeup(_queue(td, "condition", args[0]))
    Word(td, args[0] + HAS_WAITERS).value = 0
    return 0


# -- read-write locks ------------------------------------------------------------------
def _rw_lock(system: System, td: Thread, args: Args, *, writes: bool) -> Work:
    """do_rw_rdlock and do_rw_wrlock."""
    address = args[0]
    deadline = deadline_of(system, td, args[3], args[4])
    state = Word(td, address + STATE)
    refused = WRITE_OWNER | MAX_READERS
    if not writes:
        prefers = (Word(td, address + RW_FLAGS).value | args[2]) & PREFER_READER
        refused = WRITE_OWNER if prefers else WRITE_OWNER | WRITE_WAITERS
    blocked = Word(td, address + (BLOCKED_WRITERS if writes else BLOCKED_READERS))
    waiters = WRITE_WAITERS if writes else READ_WAITERS
    channel = _queue(td, "writers" if writes else "readers", address)
    while state.value & refused:
        state.value |= waiters
        blocked.value += 1
        failure: Refused | None = None
        try:
            yield from sleep(system, channel, "uwrlck" if writes else "urdlck", deadline)
        except Refused as error:
            failure = error
        blocked.value -= 1
        if blocked.value == 0:
            state.value &= ~waiters
            if writes and failure and not state.value & WRITE_OWNER and (
                    state.value & READ_WAITERS):
                # It was what kept the readers.
                system.wakeup(_queue(td, "readers", address))
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
    state = Word(td, args[0] + STATE)
    if state.value & WRITE_OWNER:
        state.value &= ~WRITE_OWNER
    elif state.value & MAX_READERS:
        state.value -= 1
    else:
        raise Refused(EPERM)
    if state.value & MAX_READERS:
        return 0
    order = (WRITE_WAITERS, READ_WAITERS)
    if Word(td, args[0] + RW_FLAGS).value & PREFER_READER:
        order = (READ_WAITERS, WRITE_WAITERS)
    for kind in order:
        if state.value & kind:
            if kind == WRITE_WAITERS:
                system.wakeup_one(_queue(td, "writers", args[0]))
            else:
                system.wakeup(_queue(td, "readers", args[0]))
            break
    return 0


# -- semaphores -------------------------------------------------------------------------
def _sem2_wait(system: System, td: Thread, args: Args) -> Work:
    """do_sem2_wait: until it counts something, which the program takes itself."""
    deadline = deadline_of(system, td, args[3], args[4])
    count = Word(td, args[0])
    if count.value & ~SEM_WAITERS:
        return 0
    count.value = SEM_WAITERS
    yield from sleep(system, _queue(td, "semaphore", args[0]), "usem", deadline,
                     restarts=deadline is None or ends_at_a_time(td, args[3], args[4]))
    return 0


def _sem2_wake(system: System, td: Thread, args: Args) -> int:
    channel = _queue(td, "semaphore", args[0])
    left = system.waiting(channel)
    if left:
        count = Word(td, args[0])
        if left == 1:
            count.value &= ~SEM_WAITERS
        system.wakeup_one(channel)
    return 0


OPERATIONS: Final[Mapping[int, Callable[[System, Thread, Args], int | Work]]] = {
    WAIT: _wait_long, WAIT_UINT: _wait_uint, WAIT_UINT_PRIVATE: _wait_uint,
    WAKE: _wake, WAKE_PRIVATE: _wake, NWAKE_PRIVATE: _wake_each,
    **umutex.OPERATIONS,
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
