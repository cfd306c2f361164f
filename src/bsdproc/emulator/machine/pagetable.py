"""One address space's page tables, as the processor walks them (Intel SDM volume 3, 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.machine.physical import PAGE_SHIFT

if TYPE_CHECKING:
    from bsdproc.emulator.machine.engine import Engine

PRESENT, WRITABLE, USER, LARGE = 1, 2, 4, 0x80
NO_EXECUTE = 1 << 63
_TABLE = PRESENT | WRITABLE | USER


class PageTable:
    """Four levels of tables under a root frame, made as pages are entered.

    Pages are given by number.  Only a change that takes rights away needs the
    processor's cached translations dropped; the methods that do so say it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._words = engine.memory.words
        self.root = engine.new_root()
        self._frames: list[int] = []
        self._tables: dict[int, int] = {}

    def enter(self, page: int, frame: int, *, writable: bool, executable: bool) -> None:
        """Let user code have a page."""
        table = self._tables.get(page >> 9) or self._make(page >> 9)
        entry = frame << PAGE_SHIFT | PRESENT | USER
        if writable:
            entry |= WRITABLE
        if executable:
            self._engine.code_frames.add(frame)
        else:
            entry |= NO_EXECUTE
        self._words[table + (page & 511)] = entry

    def remove(self, page: int) -> bool:
        """Take a page away; True if it was there, and `flush` is due."""
        table = self._tables.get(page >> 9)
        if table is None or not self._words[table + (page & 511)]:
            return False
        self._words[table + (page & 511)] = 0
        return True

    def write_protect(self, page: int) -> None:
        """The next write faults; `flush` is due."""
        table = self._tables.get(page >> 9)
        if table is not None:
            self._words[table + (page & 511)] &= ~WRITABLE

    def flush(self) -> None:
        """Drop the processor's cached translations of these tables."""
        self._engine.leave_root(self.root)

    def free(self) -> None:
        """Give the tables' frames back."""
        self.flush()
        for frame in self._frames:
            self._engine.free_frame(frame)
        self._engine.free_frame(self.root)
        self._frames.clear()
        self._tables.clear()

    def _make(self, number: int) -> int:
        """Index of the first word of the table for 512 pages."""
        table = self.root << 9
        for shift in (18, 9, 0):
            index = table + (number >> shift & 511)
            entry = self._words[index]
            if not entry:
                frame = self._engine.memory.allocate()
                self._frames.append(frame)
                entry = frame << PAGE_SHIFT | _TABLE
                self._words[index] = entry
            table = entry >> PAGE_SHIFT << 9
        self._tables[number] = table
        return table
