"""Shared memory objects: named ones, and those that only descriptors know.

The subject of FreeBSD's uipc_shm.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import FREAD, FWRITE, Blocking, File, Kind
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.errno import EACCES, EBUSY, EFBIG, EINVAL, ENOMEM, EPERM, Refused
from bsdproc.emulator.machine.memory import PAGE
from bsdproc.emulator.vnode import READ, SIZE_MAX, WRITE, Access, Attributes, Credential, allowed

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_WRITE = 1, 2, 4, 8
GROW_ON_WRITE = 2


class ShmObject:
    """struct shmfd."""

    def __init__(self, cred: Credential, mode: int, number: int, now: int) -> None:
        self.mode, self.uid, self.gid, self.number = mode, cred.uid, cred.gid, number
        self.atime = self.mtime = self.ctime = self.birthtime = now
        self.size = 0
        self.path = ""
        self.seals = SEAL_SEAL
        self.flags = 0
        self._data = bytearray()
        """Whole pages."""

    def attributes(self, who: Access) -> Attributes:
        return Attributes("reg", self.mode, self.uid, self.gid, self.number, 1, self.size, 0, 0,
                          self.atime, self.mtime, self.ctime, self.birthtime)

    def check(self, who: Access, flag: int) -> None:
        """shm_access: EACCES."""
        want = (READ if flag & FREAD else 0) | (WRITE if flag & FWRITE else 0)
        if not allowed(who.cred, self.attributes(who), want):
            raise Refused(EACCES)

    def read_at(self, offset: int, size: int) -> bytes:
        """As a mapping sees it: to the end of its last page."""
        return bytes(self._data[offset : offset + size])

    def write_at(self, offset: int, data: bytes) -> int:
        self._data[offset : offset + len(data)] = data
        return len(data)

    def resize(self, system: System, size: int) -> None:
        """shm_dotruncate: EPERM by a seal, ENOMEM."""
        if size == self.size:
            return
        if self.seals & (SEAL_SHRINK if size < self.size else SEAL_GROW):
            raise Refused(EPERM)
        if size > SIZE_MAX:
            raise Refused(ENOMEM)
        if size < self.size:
            del self._data[size:]
        self._data.extend(bytes(-(-size // PAGE) * PAGE - len(self._data)))
        self.size = size
        self.mtime = self.ctime = system.boot_ns + system.clock
        system.file_cut(self, size)

    def seal(self, seals: int, mapped_for_writing: bool) -> None:
        """shm_add_seals: EPERM when sealed against it, EBUSY."""
        if self.seals & SEAL_SEAL:
            raise Refused(EPERM)
        if seals & SEAL_WRITE and not self.seals & SEAL_WRITE and mapped_for_writing:
            raise Refused(EBUSY)
        self.seals |= seals

    def mapped_for_writing(self, system: System) -> bool:
        return any(
            entry.backing is self and entry.shared and entry.max_prot & 2
            for p in system.procs.values() if p.space is not None for entry in p.space.entries)


class ShmFile(File):
    """DTYPE_SHM."""

    kind = Kind.SHM
    seekable = True

    def __init__(self, flag: int, object: ShmObject) -> None:
        super().__init__(flag)
        self.object = object

    def attributes(self, who: Access) -> Attributes:
        return self.object.attributes(who)

    def read(self, system: System, td: Thread, size: int, offset: int | None) -> Blocking[bytes]:
        at = self.offset if offset is None else offset
        data = self.object.read_at(at, max(0, min(size, self.object.size - at)))
        if offset is None:
            self.offset += len(data)
        return data
        yield

    def write(self, system: System, td: Thread, data: bytes, offset: int | None) -> Blocking[int]:
        shared, at = self.object, self.offset if offset is None else offset
        end = at + len(data)
        if shared.seals & SEAL_WRITE:
            raise Refused(EPERM)
        if shared.flags & GROW_ON_WRITE and end > shared.size:
            if end >> 63:
                raise Refused(EFBIG)
            shared.resize(system, end)
        part = data[: max(0, shared.size - at)]
        shared.write_at(at, part)
        system.engine.file_changed(shared)
        if offset is None:
            self.offset = at + len(part)
        return len(part)
        yield

    def truncate(self, system: System, td: Thread, size: int) -> None:
        if size < 0:
            raise Refused(EINVAL)
        self.object.resize(system, size)
