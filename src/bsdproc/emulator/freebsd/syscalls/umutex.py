"""The mutexes of _umtx_op(2): plain ones, those that inherit priorities, those with a
ceiling of priorities; each robust or not.

The subject of sys/kern/kern_umtx.c.  Nobody's turn comes sooner for a priority here;
what a priority forbids is refused all the same.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow, pointer
from bsdproc.emulator.errno import (
    EBUSY,
    EDEADLK,
    EINTR,
    EINVAL,
    ENOTRECOVERABLE,
    EOWNERDEAD,
    EPERM,
    ERESTART,
    Refused,
)
from bsdproc.emulator.freebsd import priority
from bsdproc.emulator.freebsd.syscalls import sysvipc as ipc
from bsdproc.emulator.freebsd.syscalls.umtxwait import (
    Word,
    channel_of,
    deadline_of,
    share_of,
    sleep,
)
from bsdproc.emulator.machine import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

TRYLOCK, LOCK, UNLOCK, SET_CEILING, WAIT, WAKE, WAKE2, ROBUST_LISTS = 4, 5, 6, 7, 17, 18, 22, 26

UNOWNED, CONTESTED = 0, 1 << 31
OWNER_DEAD, NOT_RECOVERABLE = CONTESTED | 0x10, CONTESTED | 0x11
"""A struct umutex's first word; else the owner's id, with CONTESTED or without."""
INHERIT, PROTECT, ROBUST, INCONSISTENT = 0x04, 0x08, 0x10, 0x20
"""Of its second word."""
FLAGS, CEILING, CEILING_BEFORE, NEXT_ROBUST = 4, 8, 12, 16
"""Offsets in struct umutex."""
LEAST_TIMESHARE: Final = 223
"""What every thread counts as that shares the time with others."""
MOST_ROBUST: Final = 1000
"""kern.ipc.umtx_max_robust: how many mutexes of a thread that has gone are let go."""


class Lists:
    """struct umtx_robust_lists_params: where a thread has its robust mutexes."""

    __slots__ = ("inactive", "private", "shared")

    def __init__(self, shared: int, private: int, inactive: int) -> None:
        self.shared, self.private, self.inactive = shared, private, inactive


def _kind(flags: int) -> str:
    """What waits for it wait on: EINVAL."""
    if flags & (INHERIT | PROTECT) == INHERIT | PROTECT:
        raise Refused(EINVAL)
    name = "inheriting" if flags & INHERIT else "protected" if flags & PROTECT else ""
    return f"{name} {'robust' if flags & ROBUST else ''} mutex" if name else "mutex"


def _flags(td: Thread, address: int) -> int:
    return Word(td, address + FLAGS).value


def _queue(td: Thread, address: int, flags: int) -> object:
    """What those wait on who want it."""
    return channel_of(td, _kind(flags), address, share_of(flags))


# -- locking -----------------------------------------------------------------------------
def _take(owner: Word, td: Thread) -> bool:
    """Whether it was free, and is the thread's now: EOWNERDEAD where it is,
    but its last owner went without letting go of it; ENOTRECOVERABLE."""
    held = owner.value
    if held == OWNER_DEAD:
        owner.value = td.tid | CONTESTED
        raise Refused(EOWNERDEAD)
    if held == NOT_RECOVERABLE:
        raise Refused(ENOTRECOVERABLE)
    if held not in (UNOWNED, CONTESTED):
        return False
    owner.value = td.tid | held
    return True


def _sleep(system: System, channel: object, name: str,
           deadline: int | None) -> Generator[Sleep | None, int, Refused | None]:
    """Until it may be free.  What ended the wait before that: it counts when the mutex,
    looked at once more, is not."""
    try:
        yield from sleep(system, channel, name, deadline, restarts=deadline is None)
    except Refused as refused:
        return refused
    return None


def _lock_plain(system: System, td: Thread, address: int, op: int, deadline: int | None) -> Work:
    """do_lock_normal; a wait leaves it to the program to take the mutex then."""
    owner, channel = Word(td, address), _queue(td, address, _flags(td, address))
    failed: Refused | None = None
    while True:
        if op == WAIT:
            if owner.value in (UNOWNED, CONTESTED, OWNER_DEAD, NOT_RECOVERABLE):
                return 0
        elif _take(owner, td):
            return 0
        if op == TRYLOCK:
            raise Refused(EBUSY)
        if failed is not None:
            raise failed
        owner.value |= CONTESTED
        failed = yield from _sleep(system, channel, "umtxn", deadline)


def _lock_inheriting(system: System, td: Thread, address: int, op: int,
                     deadline: int | None) -> Work:
    """do_lock_pi: a wait takes it, too, or is refused."""
    owner = Word(td, address)
    channel = _queue(td, address, _flags(td, address))
    failed: Refused | None = None
    while not _take(owner, td):
        if owner.value & ~CONTESTED == td.tid:
            raise Refused(EDEADLK)
        if op != LOCK:
            raise Refused(EBUSY)
        if failed is not None:
            raise failed
        owner.value |= CONTESTED
        failed = yield from _sleep(system, channel, "umtxpi", deadline)
    return 0


def _ceiling(value: int) -> int:
    """A priority that counts from below as the kernel counts: EINVAL."""
    if not 0 <= priority.LAST - value & 0xFFFFFFFF <= priority.LAST:
        raise Refused(EINVAL)
    return priority.BASE[priority.REALTIME] + priority.LAST - value


def _lock_protected(system: System, td: Thread, address: int, op: int,
                    deadline: int | None) -> Work:
    """do_lock_pp: free is what has CONTESTED alone.  EINVAL for who is above the ceiling."""
    owner = Word(td, address)
    channel = _queue(td, address, _flags(td, address))
    failed: Refused | None = None
    while True:
        ceiling = _ceiling(Word(td, address + CEILING).value)
        own = priority.of(td)
        level = LEAST_TIMESHARE if own.base == priority.TIMESHARE else own.user
        if level < ceiling:
            raise Refused(EINVAL)
        held = owner.value
        if held in (CONTESTED, OWNER_DEAD):
            owner.value = td.tid | CONTESTED
            if held == OWNER_DEAD:
                raise Refused(EOWNERDEAD)
            return 0
        if op != LOCK:
            raise Refused(EBUSY)
        if held == NOT_RECOVERABLE:
            raise Refused(ENOTRECOVERABLE)
        if failed is not None:
            raise failed
        failed = yield from _sleep(system, channel, "umtxpp", deadline)


def _lock(system: System, td: Thread, args: Args) -> Work:
    """do_lock_umutex."""
    op = signed(args[1]) & 0x7FFFFFFF
    deadline = None if op == TRYLOCK else deadline_of(system, td, args[3], args[4])
    flags = _flags(td, args[0])
    _kind(flags)
    way = (_lock_inheriting if flags & INHERIT else _lock_protected if flags & PROTECT
           else _lock_plain)
    try:
        return (yield from way(system, td, args[0], op, deadline))
    except Refused as refused:
        # Nothing but the end of a time keeps a thread from a lock.
        if refused.errno == EINTR and deadline is None and op != WAIT:
            raise Refused(ERESTART) from None
        raise


# -- letting go --------------------------------------------------------------------------
def unlock(system: System, td: Thread, address: int, dead: bool = False) -> None:
    """do_unlock_umutex; `dead`: its owner goes, and somebody else may set it right."""
    flags, owner = _flags(td, address), Word(td, address)
    _kind(flags)
    held = owner.value
    if held & ~CONTESTED != td.tid:
        raise Refused(EPERM)
    free = OWNER_DEAD if dead else NOT_RECOVERABLE if flags & INCONSISTENT else UNOWNED
    channel = _queue(td, address, flags)
    if flags & PROTECT:
        before = Word(td, address + CEILING_BEFORE).value
        if before != 0xFFFFFFFF:
            _ceiling(before)
        owner.value = free | CONTESTED
        system.wakeup_one(channel)
        return
    more = held & CONTESTED and system.waiting(channel) > 1
    owner.value = free | CONTESTED if more else free
    if held & CONTESTED:
        system.wakeup_one(channel)


def _unlock(system: System, td: Thread, args: Args) -> int:
    unlock(system, td, args[0])
    return 0


def _wake(system: System, td: Thread, args: Args) -> int:
    """do_wake_umutex: the program has let go of it."""
    owner = Word(td, args[0])
    channel = channel_of(td, "mutex", args[0], share_of(_flags(td, args[0])))
    if owner.value & ~CONTESTED == 0 or owner.value in (OWNER_DEAD, NOT_RECOVERABLE):
        if system.waiting(channel) <= 1 and owner.value == CONTESTED:
            owner.value = UNOWNED
        system.wakeup_one(channel)
    return 0


def _wake2(system: System, td: Thread, args: Args) -> int:
    """do_wake2_umutex: the same, where the mutex may be another's by now; the
    flags are the call's."""
    owner = Word(td, args[0])
    channel = _queue(td, args[0], signed(args[2]))
    count, held = system.waiting(channel), owner.value
    if count > 1 or (count == 1 and held & ~CONTESTED):
        owner.value |= CONTESTED
    if count and (held & ~CONTESTED == 0 or held in (OWNER_DEAD, NOT_RECOVERABLE)):
        system.wakeup_one(channel)
    return 0


def _set_ceiling(system: System, td: Thread, args: Args) -> Work:
    """do_set_ceiling: of one's own, or of a free one."""
    address, ceiling = args[0], args[2]
    flags = _flags(td, address)
    if not flags & PROTECT or ceiling & 0xFFFFFFFF > priority.LAST:
        raise Refused(EINVAL)
    owner, word = Word(td, address), Word(td, address + CEILING)
    channel = _queue(td, address, flags & ~INHERIT)
    failed: Refused | None = None
    while True:
        before, held = word.value, owner.value
        if held == CONTESTED or held & ~CONTESTED == td.tid:
            word.value = ceiling
            break
        if held == OWNER_DEAD:
            raise Refused(EOWNERDEAD)
        if held == NOT_RECOVERABLE:
            raise Refused(ENOTRECOVERABLE)
        if failed is not None:
            raise failed
        failed = yield from _sleep(system, channel, "umtxpp", None)
    system.wakeup(channel)
    if args[3]:
        Word(td, args[3]).value = before
    return 0


# -- robust ones of threads that go ------------------------------------------------------
def _robust_lists(system: System, td: Thread, args: Args) -> int:
    form = struct.Struct("<3I" if narrow(td) else "<3Q")
    if not 0 <= args[2] <= form.size:
        raise Refused(EINVAL)
    given = space_of(td).copyin(args[3], args[2]).ljust(form.size, b"\0")
    system.robust[td] = Lists(*form.unpack(given))
    return 0


def thread_cleanup(system: System, td: Thread) -> None:
    """umtx_thread_cleanup: its robust mutexes have a dead owner from now on."""
    lists = system.robust.pop(td, None)
    if lists is None or td.proc.space is None:
        return
    inactive = 0
    try:
        if lists.inactive:
            inactive = _pointer(td, lists.inactive)
    except MemoryFault:
        inactive = lists.inactive
    for first in (lists.shared, lists.private):
        inactive = _let_go_of(system, td, first, inactive)
    if inactive:
        _handle(system, td, inactive, True)


def _pointer(td: Thread, address: int) -> int:
    size = pointer(td).size
    return int.from_bytes(space_of(td).copyin(address, size), "little")


def _let_go_of(system: System, td: Thread, first: int, inactive: int) -> int:
    """A list of them; what is in hand between two states, unless it was there."""
    if not first:
        return inactive
    try:
        at = _pointer(td, first)
        for _ in range(ipc.limit(system, "umtx_max_robust", MOST_ROBUST)):
            if not at:
                break
            current, at = at, _pointer(td, at + NEXT_ROBUST)
            was = current == inactive
            if was:
                inactive = 0
            if not _handle(system, td, current, was):
                break
    except MemoryFault:
        pass
    return inactive


def _handle(system: System, td: Thread, address: int, inactive: bool) -> bool:
    """umtx_handle_rb: whether the next may be looked at."""
    try:
        if not _flags(td, address) & ROBUST:
            return False
        if Word(td, address).value & ~CONTESTED != td.tid:
            return inactive
        unlock(system, td, address, dead=True)
    except (MemoryFault, Refused):
        return False
    return True


OPERATIONS: Final[Mapping[int, Callable[[System, Thread, Args], int | Work]]] = {
    TRYLOCK: _lock, LOCK: _lock, WAIT: _lock, UNLOCK: _unlock, WAKE: _wake, WAKE2: _wake2,
    SET_CEILING: _set_ceiling, ROBUST_LISTS: _robust_lists,
}
