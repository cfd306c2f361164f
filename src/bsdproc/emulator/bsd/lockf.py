"""Advisory locks of files: those of flock(2), which belong to open files and are of the
whole, and those of fcntl(2), which belong to processes and are of a range.

The subject of kern_lockf.c and vfs_lockf.c.  Both kinds keep each other out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Proc, Sleep
from bsdproc.emulator.errno import EAGAIN, EDEADLK, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.file import Blocking, File, VnodeFile
    from bsdproc.emulator.bsd.filetable import FileTable
    from bsdproc.emulator.bsd.system import System
    from bsdproc.emulator.vnode import Vnode

LAST = (1 << 63) - 1
"""The end of a range that has none."""


@dataclass(frozen=True, kw_only=True)
class LockRules:
    """What a system's fcntl(2) does about locks in its own way, as data."""

    no_file: int
    """The errno for what is no file."""
    backwards: bool
    """A negative length is of what lies before the start."""
    overflow: int
    """The errno of a range beyond every file."""
    any_wait: bool
    """A holder that waits at all makes a deadlock."""


@dataclass(slots=True, eq=False)
class Lock:
    """A range, or the wish for one."""

    owner: File | Proc
    exclusive: bool
    start: int = 0
    end: int = LAST
    """Its last byte."""

    def meets(self, other: Lock) -> bool:
        return self.start <= other.end and other.start <= self.end

    def keeps_out(self, other: Lock) -> bool:
        return (self.owner is not other.owner and self.meets(other)
                and (self.exclusive or other.exclusive))


@dataclass(slots=True, eq=False)
class Wish:
    """Somebody who sleeps until a lock can be had: the channel of the sleep."""

    locks: Locks
    lock: Lock


@dataclass(slots=True)
class Locks:
    """A file's locks."""

    held: list[Lock] = field(default_factory=list)
    """By where they begin."""
    wishes: list[Wish] = field(default_factory=list)

    def against(self, lock: Lock) -> list[Lock]:
        """Those that keep it out, the first first."""
        return [one for one in self.held if one.keeps_out(lock)]

    def enter(self, lock: Lock) -> None:
        """Take it, in the place of what its owner had there; of the same kind they grow
        together."""
        for one in self._clear(lock, same=lock.exclusive):
            lock.start, lock.end = min(lock.start, one.start), max(lock.end, one.end)
        self.held.append(lock)
        self.held.sort(key=lambda one: one.start)

    def leave(self, system: System, lock: Lock) -> None:
        """Give up what the owner has of its range."""
        self._clear(lock, same=None)
        self.tell(system)

    def _clear(self, lock: Lock, same: bool | None) -> list[Lock]:
        """Take the range out of the owner's locks; those of this kind go whole and are returned."""
        whole = list[Lock]()
        for one in [x for x in self.held if x.owner is lock.owner and x.meets(lock)]:
            self.held.remove(one)
            if same is not None and one.exclusive == same:
                whole.append(one)
                continue
            if one.start < lock.start:
                self.held.append(Lock(one.owner, one.exclusive, one.start, lock.start - 1))
            if lock.end < one.end:
                self.held.append(Lock(one.owner, one.exclusive, lock.end + 1, one.end))
        self.held.sort(key=lambda one: one.start)
        return whole

    def give_up(self, system: System, owner: File | Proc) -> None:
        self.leave(system, Lock(owner, True))

    def tell(self, system: System) -> None:
        """Who waits looks again."""
        for wish in self.wishes:
            system.wakeup(wish)


def of(vnode: Vnode) -> Locks:
    """A file's locks."""
    if vnode.locks is None:
        vnode.locks = Locks()
    return vnode.locks


def take(system: System, vnode: Vnode, lock: Lock, *, wait: bool) -> Blocking[None]:
    """lf_setlock: EAGAIN, EDEADLK, or the error that ended the wait."""
    locks = of(vnode)
    while against := locks.against(lock):
        if not wait:
            raise Refused(EAGAIN)
        if isinstance(lock.owner, Proc) and _deadlock(system, locks, lock, against[0]):
            raise Refused(EDEADLK)
        wish = Wish(locks, lock)
        locks.wishes.append(wish)
        try:
            error = yield Sleep(wish, "lockf")
        finally:
            locks.wishes.remove(wish)
        if error:
            raise Refused(error)
    locks.enter(lock)


def _deadlock(system: System, locks: Locks, lock: Lock, against: Lock) -> bool:
    """Whether to wait would be for ever.  A simple kernel takes a holder that waits for
    another lock of the same file for one; the others follow who waits for whom."""
    if system.lock_rules.any_wait:
        return any(wish.lock.owner is against.owner for wish in locks.wishes)
    seen = set[int]()
    todo = locks.against(lock)
    while todo:
        owner = todo.pop().owner
        if not isinstance(owner, Proc) or id(owner) in seen:
            continue
        seen.add(id(owner))
        for td in owner.threads:
            channel = td.sleep.channel if td.sleep is not None else None
            if isinstance(channel, Wish) and channel.lock.owner is owner:
                further = channel.locks.against(channel.lock)
                if any(one.owner is lock.owner for one in further):
                    return True
                todo += further
    return False


def closed(system: System, file: File, table: FileTable) -> None:
    """A descriptor of a process is closed: it loses all its locks of that file."""
    locks = file.vnode.locks if file.vnode is not None else None
    if locks is None:
        return
    for owner in {id(one.owner): one.owner for one in locks.held}.values():
        if isinstance(owner, Proc) and owner.files is table:
            locks.give_up(system, owner)


def comes_with(system: System, file: VnodeFile, *, exclusive: bool, wait: bool) -> Blocking[None]:
    """A lock of flock(2)'s that open(2) takes; without one there is no file: EAGAIN."""
    file.hold()
    try:
        yield from take(system, file.vnode, Lock(file, exclusive), wait=wait)
    except Refused:
        file.drop(system)
        raise
    file.refs -= 1
