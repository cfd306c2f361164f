"""Semaphores of System V: semget(2) and its like.  The subject of sysv_sem.c."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.file import Blocking
from bsdproc.emulator.bsd.state import Proc, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow, pointer
from bsdproc.emulator.errno import (
    E2BIG,
    EAGAIN,
    EEXIST,
    EFBIG,
    EIDRM,
    EINTR,
    EINVAL,
    ENOENT,
    ENOSPC,
    ERANGE,
    Refused,
)
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.freebsd.syscalls import sysvipc as ipc

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

SEM_UNDO: Final = 0o10000
ALLOCATED: Final = 0o1000
"""In a set's mode."""
GETNCNT, GETPID, GETVAL, GETALL, GETZCNT, SETVAL, SETALL = range(3, 10)
SEMMNI, SEMMNS, SEMMSL, SEMOPM, SEMUME, SEMVMX, SEMAEM = 50, 340, 340, 100, 50, 32767, 16384
"""Sets, semaphores, those of a set, operations at once, undo entries of a process, the
largest value and adjustment."""
SEMBUF: Final = struct.Struct("<Hhh")
SEMID: Final = (struct.Struct("<8xH6xqq"), struct.Struct("<4xH2xii"))
"""struct semid_ds behind its rights: how many, the last operation, the last change."""


class Semaphore:
    __slots__ = ("pid", "value", "waits_more", "waits_zero")

    def __init__(self) -> None:
        self.value = self.pid = self.waits_more = self.waits_zero = 0


class Set(ipc.Object):
    """struct semid_kernel."""

    def __init__(self, perm: ipc.Perm, count: int, now: int) -> None:
        self.perm = perm
        self.all = [Semaphore() for _ in range(count)]
        self.otime, self.ctime = 0, now

    def pack(self, td: Thread) -> bytes:
        return self.perm.pack(td) + SEMID[narrow(td)].pack(len(self.all), self.otime, self.ctime)


Undo = dict[tuple[Set, int], int]
"""What is added to a semaphore when a process ends."""


def table() -> ipc.Table[Set]:
    return ipc.Table(SEMMNI)


def _largest(system: System) -> int:
    """The most that a semaphore's value may be."""
    return ipc.limit(system, "semvmx", SEMVMX)


def sys_semget(system: System, td: Thread, args: Args) -> int:
    key, count, flags = ipc.long_argument(td, args[0]), signed(args[1]), signed(args[2])
    ipc.there(td)
    found = system.sem.by_key(key)
    if found is not None:
        found.perm.check(td, flags & 0o700)
        if len(found.all) < count:
            raise Refused(EINVAL)
        if flags & ipc.CREAT and flags & ipc.EXCL:
            raise Refused(EEXIST)
        return system.sem.number(found)
    if key and not flags & ipc.CREAT:
        raise Refused(ENOENT)
    if not 0 < count <= ipc.limit(system, "semmsl", SEMMSL):
        raise Refused(EINVAL)
    if count > SEMMNS - sum(len(one.all) for one in system.sem):
        raise Refused(ENOSPC)
    perm = ipc.Perm(td, key, flags & 0o777 | ALLOCATED)
    return system.sem.enter(Set(perm, count, ipc.seconds(system)))


def _try(most: int, found: Set,
         operations: list[tuple[int, int, int]]) -> tuple[int, int, int] | None:
    """Do all or nothing: what it waits for.  ERANGE beyond the largest value."""
    before = [one.value for one in found.all]
    for number, change, flags in operations:
        one = found.all[number]
        stuck = one.value + change < 0 if change < 0 else change == 0 and one.value != 0
        if stuck or one.value + change > most:
            for semaphore, value in zip(found.all, before, strict=True):
                semaphore.value = value
            if not stuck:
                raise Refused(ERANGE)
            return number, change, flags
        one.value += change
    return None


def _adjust(system: System, p: Proc, found: Set, number: int, change: int) -> None:
    """semundo_adjust: ERANGE, EINVAL for too much of it."""
    undo = system.undos.setdefault(p, {})
    key = (found, number)
    if key not in undo and len(undo) >= SEMUME:
        raise Refused(EINVAL)
    value = undo.get(key, 0) + change
    if abs(value) > ipc.limit(system, "semaem", SEMAEM):
        raise Refused(ERANGE)
    undo[key] = value
    if not value:
        del undo[key]
    if not undo:
        del system.undos[p]


def sys_semop(system: System, td: Thread, args: Args) -> Blocking[int]:
    id, at, count = signed(args[0]), args[1], args[2]
    ipc.there(td)
    if id < 0 or id & 0xFFFF >= SEMMNI:
        raise Refused(EINVAL)
    if count > SEMOPM:
        raise Refused(E2BIG)
    data = space_of(td).copyin(at, SEMBUF.size * count) if count else b""
    operations = list(SEMBUF.iter_unpack(data))
    found, need = system.sem.find(id), 0
    for number, change, _ in operations:
        if number >= len(found.all):
            raise Refused(EFBIG)
        need |= ipc.W if change else ipc.R
    found.perm.check(td, need)
    while (waits := _try(_largest(system), found, operations)) is not None:
        number, change, flags = waits
        if flags & ipc.NOWAIT:
            raise Refused(EAGAIN)
        one = found.all[number]
        if change:
            one.waits_more += 1
        else:
            one.waits_zero += 1
        error = yield Sleep(found, "semwait")
        if not system.sem.has(found):
            raise Refused(EIDRM)
        if change:
            one.waits_more -= 1
        else:
            one.waits_zero -= 1
        if error:
            raise Refused(EINTR)
    done: list[tuple[int, int]] = []
    try:
        for number, change, flags in operations:
            if flags & SEM_UNDO and change:
                _adjust(system, td.proc, found, number, -change)
                done.append((number, change))
    except Refused:
        for number, change in reversed(done):
            _adjust(system, td.proc, found, number, change)
        for number, change, _ in operations:
            found.all[number].value -= change
        raise
    for number, _, _ in operations:
        found.all[number].pid = td.proc.pid
    found.otime = ipc.seconds(system)
    system.wakeup(found)
    return 0


def exited(system: System, p: Proc) -> None:
    """semexit: what the process did is undone, but not below 0."""
    for (found, number), change in system.undos.pop(p, {}).items():
        if system.sem.has(found):
            one = found.all[number]
            one.value = max(0, min(one.value + change, _largest(system)))
            one.pid = p.pid
            system.wakeup(found)


def _forget(system: System, found: Set, number: int | None) -> None:
    """semundo_clear: nobody undoes what was done to it."""
    for p, undo in list(system.undos.items()):
        for key in list(undo):
            if key[0] is found and number in (None, key[1]):
                del undo[key]
        if not undo:
            del system.undos[p]


ASKS_READ: Final = frozenset((ipc.STAT, GETNCNT, GETPID, GETVAL, GETALL, GETZCNT))


def sys_semctl(system: System, td: Thread, args: Args) -> int:
    """Its fourth argument is where the union is."""
    id, number, command = signed(args[0]), signed(args[1]), signed(args[2])
    space, word = space_of(td), 0
    if command in (ipc.SET, ipc.STAT, GETALL, SETVAL, SETALL):
        form = pointer(td)
        word, = form.unpack(space.copyin(args[3], form.size))
    given = ipc.given(td, word, SEMID) if command == ipc.SET else b""
    ipc.there(td)
    found = system.sem.find(id)
    if command in (ipc.RMID, ipc.SET):
        found.perm.check(td, ipc.M)
    elif command in ASKS_READ:
        found.perm.check(td, ipc.R)
    elif command in (SETVAL, SETALL):
        found.perm.check(td, ipc.W)
    else:
        raise Refused(EINVAL)
    if command == ipc.RMID:
        _forget(system, found, None)
        system.sem.remove(found)
        system.wakeup(found)
    elif command == ipc.SET:
        found.perm.set(td, given)
        found.ctime = ipc.seconds(system)
    elif command == ipc.STAT:
        space.copyout(word, found.pack(td))
    elif command == GETALL:
        space.copyout(word, b"".join(struct.pack("<H", one.value) for one in found.all))
    elif command == SETALL:
        values = struct.unpack(f"<{len(found.all)}H", space.copyin(word, 2 * len(found.all)))
        if max(values) > _largest(system):
            raise Refused(ERANGE)
        for one, value in zip(found.all, values, strict=True):
            one.value = value
        _forget(system, found, None)
        system.wakeup(found)
    else:
        if not 0 <= number < len(found.all):
            raise Refused(EINVAL)
        return _one(system, found, number, command, signed(word))
    return 0


def _one(system: System, found: Set, number: int, command: int, value: int) -> int:
    one = found.all[number]
    if command == SETVAL:
        if not 0 <= value <= _largest(system):
            raise Refused(ERANGE)
        one.value = value
        _forget(system, found, number)
        system.wakeup(found)
        return 0
    return {GETVAL: one.value, GETPID: one.pid, GETNCNT: one.waits_more,
            GETZCNT: one.waits_zero}[command]


SYSCALLS: dict[int, Entry] = {
    221: ("semget", 3, sys_semget),
    222: ("semop", 3, sys_semop),
    510: ("__semctl", 4, sys_semctl),
}
