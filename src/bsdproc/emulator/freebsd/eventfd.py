"""Counters that are files: eventfd(2).  The subject of FreeBSD's sys_eventfd.c."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.file import FREAD, FWRITE, O_NONBLOCK, SELECT, Blocking, File, Kind, Ready
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.errno import EAGAIN, EINVAL, Refused
from bsdproc.emulator.vnode import Access, Attributes

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC = 0x1, O_NONBLOCK, 0x100000
KNOWN: Final = EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC
SIZE: Final = 8
NO_VALUE: Final = (1 << 64) - 1
"""A counter stays below it."""


class EventFd(File):
    """DTYPE_EVENTFD."""

    kind = Kind.EVENTFD

    def __init__(self, value: int, flags: int, number: int) -> None:
        super().__init__(FREAD | FWRITE | flags & EFD_NONBLOCK)
        self.value, self.flags, self.number = value, flags, number

    def _changed(self, system: System) -> None:
        system.wakeup(self)
        system.wakeup(SELECT)

    def read(self, system: System, td: Thread, size: int, offset: int | None) -> Blocking[bytes]:
        """The count, which is 0 again, or a semaphore's 1: it waits for one."""
        if size < SIZE:
            raise Refused(EINVAL)
        while self.value == 0:
            if self.flag & O_NONBLOCK:
                raise Refused(EAGAIN)
            if error := (yield Sleep(self, "efdrd")):
                raise Refused(error)
        taken = 1 if self.flags & EFD_SEMAPHORE else self.value
        self.value -= taken
        self._changed(system)
        return taken.to_bytes(SIZE, "little")

    def write(self, system: System, td: Thread, data: bytes, offset: int | None) -> Blocking[int]:
        """Add to the count: it waits until there is room."""
        if len(data) < SIZE:
            raise Refused(EINVAL)
        more = int.from_bytes(data[:SIZE], "little")
        if more == NO_VALUE:
            raise Refused(EINVAL)
        while NO_VALUE - self.value <= more:
            if self.flag & O_NONBLOCK:
                raise Refused(EAGAIN)
            if error := (yield Sleep(self, "efdwr")):
                raise Refused(error)
        self.value += more
        self._changed(system)
        return SIZE

    def attributes(self, who: Access) -> Attributes:
        return Attributes("fifo", 0, 0, 0, 0, 0, 0, 0)

    def ready(self) -> Ready:
        return Ready(self.value > 0, self.value < NO_VALUE - 1)

    def amount(self, write: bool) -> int:
        return NO_VALUE - 1 - self.value if write else self.value
