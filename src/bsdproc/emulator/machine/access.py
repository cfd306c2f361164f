"""Memory as a debugger, a core dump and the process's own system calls reach it."""

from __future__ import annotations

from bsdproc.emulator.machine.entries import READ, WRITE, Entry
from bsdproc.emulator.machine.pages import Pages
from bsdproc.emulator.machine.physical import PAGE, PAGE_SHIFT

_MASK = PAGE - 1


class MemoryFault(Exception):
    """An access that the map does not allow."""

    def __init__(self, address: int, *, write: bool = False, execute: bool = False,
                 mapped: bool = False, done: int = 0, pager: bool = False) -> None:
        self.address, self.write, self.execute = address, write, execute
        self.mapped = mapped
        """False: there is no entry; True: its protection forbids the access."""
        self.done = done
        """Bytes transferred before it."""
        self.pager = pager
        """The file that the page should come from has nothing there (SIGBUS)."""
        what = "write to" if write else "execution of" if execute else "read of"
        why = "its file has no such page" if pager else "protected" if mapped else "not mapped"
        super().__init__(f"{what} {address:#x}: {why}")


class TooLong(Exception):
    """A string without an end within the limit."""


class Access(Pages):
    """Reading and writing by those who are not the processor."""

    def read(self, address: int, size: int) -> bytes:
        """Memory as a debugger reads it (proc_rwmem); MemoryFault tells how much was read."""
        return self._read(address, size)

    def write(self, address: int, data: bytes) -> None:
        """Write as a debugger does: also to pages that the process cannot write, though
        none that it never could.  A private mapping of a file is copied anyway."""
        done, size = 0, len(data)
        while done < size:
            at = address + done
            entry = self._map.at(at)
            if entry is None or not entry.prot & READ or (
                    not entry.max_prot & WRITE and not entry.cow):
                raise MemoryFault(at, write=True, mapped=entry is not None
                                  and entry.kind != "guard", done=done)
            done += self._put(entry, at, data, done)

    def fill(self, address: int, data: bytes) -> None:
        """Write as the kernel that sets memory up: whatever the protection."""
        done = 0
        while done < len(data):
            entry = self._map.at(address + done)
            if entry is None or entry.kind == "guard":
                raise MemoryFault(address + done, write=True, done=done)
            done += self._put(entry, address + done, data, done)

    def peek(self, address: int, size: int) -> bytes:
        """What memory holds, whatever the protection, without bringing pages in:
        as a core dump has it.  Zeros where there is nothing."""
        inside = address & _MASK
        frame = self._pages.get(address >> PAGE_SHIFT)
        if frame is not None and inside + size <= PAGE:
            start = (frame << PAGE_SHIFT) + inside
            return self._physical[start : start + size]
        parts = []
        at, end = address, address + size
        while at < end:
            inside = at & _MASK
            length = min(PAGE - inside, end - at)
            frame = self._pages.get(at >> PAGE_SHIFT)
            entry = self._map.at(at)
            if frame is None and entry is not None and entry.shared and entry.behind is not None:
                frame = entry.behind.pages.get(
                    (entry.offset + at - entry.start) >> PAGE_SHIFT)
            data = b""
            if frame is not None:
                start = (frame << PAGE_SHIFT) + inside
                data = self._physical[start : start + length]
            elif entry is not None and entry.backing is not None and at < entry.file_end:
                data = entry.backing.read_at(
                    entry.offset + at - entry.start, min(length, entry.file_end - at))
            parts.append(data.ljust(length, b"\0"))
            at += length
        return b"".join(parts)

    def _read(self, address: int, size: int) -> bytes:
        if size < 0:
            raise ValueError(f"a size of {size}")
        parts = []
        done = 0
        entry: Entry | None = None
        while done < size:
            at = address + done
            page = at >> PAGE_SHIFT
            if entry is None or at >= entry.end:
                entry = self._map.at(at)
                if entry is None or not entry.prot & READ:
                    raise MemoryFault(at, mapped=entry is not None and entry.kind != "guard",
                                      done=done)
            frame = self._pages.get(page) or self._page(entry, page, 0)
            if not frame:
                raise MemoryFault(at, mapped=True, pager=True, done=done)
            inside = at & _MASK
            length = min(PAGE - inside, size - done)
            start = (frame << PAGE_SHIFT) + inside
            parts.append(self._physical[start : start + length])
            done += length
        return b"".join(parts)

    def _put(self, entry: Entry, at: int, data: bytes, done: int) -> int:
        """Store what of data[done:] fits the page; returns how much."""
        frame = self._page(entry, at >> PAGE_SHIFT, 1)
        if not frame:
            raise MemoryFault(at, write=True, mapped=True, pager=True, done=done)
        inside = at & _MASK
        length = min(PAGE - inside, len(data) - done)
        start = (frame << PAGE_SHIFT) + inside
        self._physical[start : start + length] = data[done : done + length]
        self.engine.wrote(frame, inside, length)
        if entry.shared and entry.backing is not None:
            self._store(entry, at >> PAGE_SHIFT)
        return length

    # -- what the process's own system calls do -----------------------------
    def copyin(self, address: int, size: int) -> bytes:
        """Read what the process itself may read."""
        entry = self._map.at(address)
        if entry is not None and entry.kind == "guard":
            self._grow(entry, address)
        return self._read(address, size)

    def copyout(self, address: int, data: bytes) -> None:
        """Write where the process itself may write."""
        done, size = 0, len(data)
        while done < size:
            at = address + done
            entry = self._map.at(at)
            if entry is not None and entry.kind == "guard":
                entry = self._grow(entry, at)
            if entry is None or not entry.prot & WRITE:
                raise MemoryFault(at, write=True, mapped=entry is not None, done=done)
            done += self._put(entry, at, data, done)

    def copyinstr(self, address: int, limit: int) -> bytes:
        """A string without its NUL, which must come within `limit` bytes, or TooLong."""
        found = b""
        while len(found) < limit:
            at = address + len(found)
            piece = self._read(at, min(PAGE - (at & _MASK), limit - len(found)))
            end = piece.find(b"\0")
            if end >= 0:
                return found + piece[:end]
            found += piece
        raise TooLong(f"no end of the string at {address:#x} within {limit} bytes")
