"""What message queues, semaphores and shared memory of System V have in common: keys, ids,
owners and rights.  The subject of sysv_ipc.c.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import space_of
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EACCES, EINVAL, ENOSPC, ENOSYS, Refused
from bsdproc.emulator.freebsd.cred import Priv, priv_check, ucred

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

PRIVATE: Final = 0
CREAT, EXCL, NOWAIT = 0o1000, 0o2000, 0o4000
RMID, SET, STAT = 0, 1, 2
M, R, W = 0o10000, 0o400, 0o200
NEEDS: Final = {M: Priv.IPC_ADMIN, R: Priv.IPC_READ, W: Priv.IPC_WRITE}
PERM: Final = (struct.Struct("<IIIIHH4xq"), struct.Struct("<IIIIHHi"))
"""struct ipc_perm: the maker's user and group, the owner's, mode, sequence, key."""


def limit(system: System, name: str, default: int) -> int:
    """A setting of kern.ipc."""
    return int(system.settings.get(f"kern.ipc.{name}", default))


class Perm:
    """struct ipc_perm."""

    __slots__ = ("cgid", "cuid", "gid", "key", "mode", "seq", "uid")

    def __init__(self, td: Thread, key: int, mode: int) -> None:
        cred = td.proc.cred
        self.cuid = self.uid = cred.uid
        self.cgid = self.gid = cred.gid
        self.key, self.mode, self.seq = key, mode, 0

    def check(self, td: Thread, want: int) -> None:
        """ipcperm: EACCES."""
        cred, granted = td.proc.cred, 0
        if cred.uid in (self.cuid, self.uid):
            mode, granted = self.mode, M
        elif {self.gid, self.cgid} & {cred.gid, *cred.groups}:
            mode = self.mode << 3
        else:
            mode = self.mode << 6
        granted |= mode & (R | W)
        for right, priv in NEEDS.items():
            if want & right & ~granted:
                try:
                    priv_check(td, priv)
                except Refused:
                    raise Refused(EACCES) from None

    def pack(self, td: Thread) -> bytes:
        return PERM[narrow(td)].pack(self.cuid, self.cgid, self.uid, self.gid,
                                     self.mode & 0xFFFF, self.seq, long_argument(td, self.key))

    def set(self, td: Thread, data: bytes) -> None:
        """IPC_SET's part: owner and the rights."""
        _, _, self.uid, self.gid, mode, _, _ = PERM[narrow(td)].unpack_from(data)
        self.mode = self.mode & ~0o777 | mode & 0o777


class Object(ABC):
    """What has a key and an id."""

    perm: Perm

    @abstractmethod
    def pack(self, td: Thread) -> bytes:
        """As IPC_STAT tells it."""


T = TypeVar("T", bound=Object)


class Table(Generic[T]):
    """All of a kind, by the number of their place.  An id has how often the place was used."""

    def __init__(self, places: int) -> None:
        self._all: list[T | None] = [None] * places
        self._seq = [0] * places

    def __iter__(self) -> Iterator[T]:
        return (one for one in self._all if one is not None)

    @property
    def places(self) -> list[T | None]:
        return list(self._all)

    def __len__(self) -> int:
        return sum(one is not None for one in self._all)

    def by_key(self, key: int) -> T | None:
        if key == PRIVATE:
            return None
        return next((one for one in self._all if one is not None and one.perm.key == key), None)

    def number(self, one: T) -> int:
        """Its id."""
        return one.perm.seq << 16 | self._all.index(one)

    def enter(self, one: T) -> int:
        """Its new id: ENOSPC where there is no place."""
        if None not in self._all:
            raise Refused(ENOSPC)
        place = self._all.index(None)
        self._seq[place] = one.perm.seq = self._seq[place] + 1 & 0x7FFF
        self._all[place] = one
        return self.number(one)

    def find(self, id: int) -> T:
        """EINVAL for an id that is none (any more)."""
        place = id & 0xFFFF
        one = self._all[place] if id >= 0 and place < len(self._all) else None
        if one is None or one.perm.seq != id >> 16:
            raise Refused(EINVAL)
        return one

    def has(self, one: T) -> bool:
        return any(other is one for other in self._all)

    def remove(self, one: T) -> None:
        self._all[self._all.index(one)] = None


def given(td: Thread, at: int, form: tuple[struct.Struct, struct.Struct]) -> bytes:
    """What IPC_SET is given: the rights, and behind them a structure of the kind's own."""
    return space_of(td).copyin(at, PERM[narrow(td)].size + form[narrow(td)].size)


def there(td: Thread) -> None:
    """ENOSYS in a jail, which has none of them unless it is given some."""
    if ucred(td.proc).prison.parent is not None:
        raise Refused(ENOSYS)


def seconds(system: System) -> int:
    return (system.boot_ns + system.clock) // 10**9


def long_argument(td: Thread, word: int) -> int:
    """A key_t or another long, as wide as the program's are."""
    top = 31 if narrow(td) else 63
    return (word & (2 << top) - 1 ^ 1 << top) - (1 << top)
