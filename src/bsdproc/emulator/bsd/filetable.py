"""The descriptors of a process: struct filedesc of kern_descrip.c."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bsdproc.emulator.bsd import lockf
from bsdproc.emulator.bsd.file import FWRITE, File, Kind
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.errno import EBADF, EMFILE, ENOTCAPABLE, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System


class Limits(Protocol):
    """What a system keeps of a descriptor that is not good for everything."""

    @property
    def watchable(self) -> bool:
        """select(2), poll(2) and kqueues may look at it."""

    @property
    def mapping(self) -> int:
        """The protection that a mapping of it may ever have."""


@dataclass(slots=True)
class Slot:
    file: File
    cloexec: bool = False
    limits: Limits | None = None
    """What can be done with it, None for everything."""

    @property
    def watchable(self) -> bool:
        return self.limits is None or self.limits.watchable


class FileTable:
    """struct filedesc: the descriptors of a process."""

    def __init__(self) -> None:
        self.slots: dict[int, Slot] = {}
        self.limited = False
        """Some slot has limits, or had them."""

    def items(self) -> list[tuple[int, Slot]]:
        """By descriptor."""
        return sorted(self.slots.items())

    def slot(self, fd: int) -> Slot:
        try:
            return self.slots[fd]
        except KeyError:
            raise Refused(EBADF) from None

    def get(self, fd: int, flag: int = 0) -> File:
        """The file of a descriptor; EBADF when there is none, or it is not
        open for that."""
        file = self.slot(fd).file
        if flag & ~file.flag:
            raise Refused(EBADF)
        return file

    def watched(self, fd: int) -> File:
        """A file to wait for."""
        slot = self.slot(fd)
        if not slot.watchable:
            raise Refused(ENOTCAPABLE)
        return slot.file

    def get_write(self, fd: int) -> File:
        """fget_write: a file open for writing."""
        return self.get(fd, FWRITE)

    def place(self, file: File, limit: int, low: int = 0, cloexec: bool = False,
              limits: Limits | None = None) -> int:
        """Enter a file at the lowest free descriptor from `low`."""
        fd = low
        while fd in self.slots:
            fd += 1
        if fd >= limit:
            raise Refused(EMFILE)
        self.slots[fd] = Slot(file.hold(), cloexec, limits)
        return fd

    def replace(self, system: System, fd: int, file: File, cloexec: bool = False,
                limits: Limits | None = None) -> None:
        """dup2's half: enter a file at just that descriptor."""
        file.hold()
        if fd in self.slots:
            self.close(system, fd)
        self.slots[fd] = Slot(file, cloexec, limits)

    def close(self, system: System, fd: int) -> None:
        file = self.slot(fd).file
        del self.slots[fd]
        lockf.closed(system, file, self)
        for slot in self.slots.values():
            if slot.file.kind == Kind.KQUEUE:
                slot.file.descriptor_closed(fd)
        file.drop(system)

    def copy(self) -> FileTable:
        """fdcopy, for fork: a kqueue is not inherited."""
        new = FileTable()
        new.limited = self.limited
        for fd, slot in self.slots.items():
            if slot.file.kind != Kind.KQUEUE:
                new.slots[fd] = Slot(slot.file.hold(), slot.cloexec, slot.limits)
        return new

    def close_on_exec(self, system: System, td: Thread) -> None:
        """fdcloseexec: what execve does to the descriptors so marked."""
        for fd, slot in self.items():
            if slot.cloexec:
                self.close(system, fd)

    def close_all(self, system: System, td: Thread) -> None:
        """A process gives its table up (fdescfree)."""
        for fd in list(self.slots):
            self.close(system, fd)
