"""What all waits of _umtx_op(2) share: words of the program's, and how long to sleep."""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import space_of
from bsdproc.emulator.bsd.syscalls.time import deadline_at
from bsdproc.emulator.bsd.syscalls.width import time
from bsdproc.emulator.errno import (
    EFAULT,
    EINTR,
    ERESTART,
    ETIMEDOUT,
    EWOULDBLOCK,
    Refused,
)
from bsdproc.emulator.machine import WRITE

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

ABSTIME: Final = 1
REALTIME: Final = frozenset({0, 9, 10})
"""CLOCK_REALTIME and its precise and fast ways."""


PROCESS_SHARED: Final = 1


class Share(Enum):
    """Who means a word: threads of one process, of several, or as the memory is."""

    NO, YES, AUTO = range(3)


class Word:
    """A 32-bit word of the program's."""

    def __init__(self, td: Thread, address: int) -> None:
        self._space, self.address = space_of(td), address

    @property
    def value(self) -> int:
        return int.from_bytes(self._space.copyin(self.address, 4), "little")

    @value.setter
    def value(self, value: int) -> None:
        self._space.copyout(self.address, (value & 0xFFFFFFFF).to_bytes(4, "little"))


def channel_of(td: Thread, kind: str, address: int, share: Share = Share.NO) -> object:
    """umtx_key_get: what those wait on who mean the same word.  Of memory that
    processes share it is the same to all of them, if they say so; EFAULT where there
    is none."""
    name = f"umtx {kind}".strip()
    if share is Share.NO:
        return name, td.proc, address
    entry = space_of(td).entry_at(address)
    if entry is None or not entry.prot & WRITE:
        raise Refused(EFAULT)
    if not entry.shared:
        return name, td.proc, address
    return name, entry.backing or entry.back(), entry.offset + address - entry.start


def share_of(flags: int) -> Share:
    """What a lock's flags say of it (USYNC_PROCESS_SHARED)."""
    return Share.YES if flags & PROCESS_SHARED else Share.NO


def absolute(system: System, deadline: int, clock: int) -> int:
    """The end of a wait, given as a time of a clock and taken to be one from now."""
    return deadline - system.clock - (system.boot_ns if clock in REALTIME else 0)


def deadline_of(system: System, td: Thread, size: int, address: int) -> int | None:
    """umtx_copyin_umtx_time: a timespec, or with flags and clock behind."""
    deadline = deadline_at(system, td, address)
    timespec = time(td).size
    if deadline is not None and ends_at_a_time(td, size, address):
        deadline = absolute(system, deadline, Word(td, address + timespec + 4).value)
    return deadline


def ends_at_a_time(td: Thread, size: int, address: int) -> bool:
    """UMTX_ABSTIME, in what is longer than a timespec."""
    timespec = time(td).size
    return size >= timespec + 8 and bool(Word(td, address + timespec).value & ABSTIME)


def sleep(system: System, channel: object, message: str,
           deadline: int | None, *,
           restarts: bool = False) -> Generator[Sleep | None, int, None]:
    """umtxq_sleep: raises what ended it, if that was no wakeup.  Few waits are begun
    again behind a signal."""
    error = yield Sleep(channel, message, deadline)
    if error == EWOULDBLOCK:
        raise Refused(ETIMEDOUT)
    if error:
        raise Refused(EINTR if error == ERESTART and not restarts else error)
