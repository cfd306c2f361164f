"""The pages of an address space: how they come, whose they are, when they are copied."""

from __future__ import annotations

from collections.abc import Callable

from bsdproc.emulator.machine.engine import Engine
from bsdproc.emulator.machine.entries import (
    EXEC,
    READ,
    WRITE,
    Entry,
    EntryList,
    MemoryObject,
    WritableBacking,
)
from bsdproc.emulator.machine.pagetable import PageTable
from bsdproc.emulator.machine.physical import PAGE, PAGE_SHIFT

_MASK = PAGE - 1
_FAULT_WRITE, _FAULT_FETCH = 2, 16
INVALID_ADDRESS, PROTECTION_FAILURE, OUT_OF_BOUNDS = 1, 2, 9


class Pages:
    """A map, the frames behind it, and the page tables that show them to the processor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.timestamp = 0
        """Changes with every change of the map, and not otherwise."""
        self.growth = 128 << 10
        """By how much a stack grows at least (sgrowsiz)."""
        self.grow: Callable[[Entry, int], bool] | None = None
        """Asked when an address in a guard is touched: a kernel's own rule for the
        stack above it.  True when the map now has an entry there."""
        self.pager_failed = False
        """The last fault that was not satisfied had an entry, but its file no page there."""
        self.told: Callable[[int, int, int], None] | None = None
        """Told of page faults: the address, READ, WRITE or EXEC, and what came of it, as
        Mach has it: 0, or INVALID_ADDRESS, PROTECTION_FAILURE, OUT_OF_BOUNDS."""
        self.wires = False
        """Whatever is mapped from now on stays in memory (mlockall(2): MCL_FUTURE)."""
        self.dirty: dict[int, Entry] = {}
        """Pages of files mapped shared that the program stored to in this run."""
        self._map = EntryList()
        self._pages: dict[int, int] = {}
        self._physical = engine.memory.map
        self._table = PageTable(engine)
        self.root = self._table.root

    def frame(self, page: int) -> int:
        """The page frame that holds a page, 0 when it is not in memory."""
        return self._pages.get(page, 0)

    def _resident(self, start: int, end: int) -> list[int]:
        """Numbers of the pages there are in a range."""
        first, last = start >> PAGE_SHIFT, end >> PAGE_SHIFT
        if last - first > len(self._pages):
            return [page for page in self._pages if first <= page < last]
        return [page for page in range(first, last) if page in self._pages]

    def _forget_range(self, start: int, end: int) -> None:
        """Take pages out of the page tables; the next access looks at the map again."""
        for page in self._resident(start, end):
            self._table.remove(page)
        self._table.flush()

    def fault(self, address: int, code: int) -> bool:
        """A page fault of the processor's; True when the access may be tried again.

        `code` is the error code; see `entry_at` for why it may not.
        """
        access = EXEC if code & _FAULT_FETCH else WRITE if code & _FAULT_WRITE else READ
        result = self._fault(address, access)
        if self.told is not None:
            self.told(address, access, result)
        return result == 0

    def _fault(self, address: int, access: int) -> int:
        """0, or why it cannot be satisfied."""
        page = address >> PAGE_SHIFT
        entry = self._map.at(address)
        if entry is not None and entry.kind == "guard":
            entry = self._grow(entry, address)
        self.pager_failed = False
        if entry is None:
            return INVALID_ADDRESS
        if not entry.prot & access:
            return PROTECTION_FAILURE
        frame = self._page(entry, page, access & WRITE)
        if not frame:
            self.pager_failed = True
            return OUT_OF_BOUNDS
        shared_file = entry.shared and entry.backing is not None
        writable = bool(entry.prot & WRITE) and (
            access == WRITE or (entry.shared and not shared_file)
            or not (shared_file or entry.needs_copy or self.engine.memory.shared(frame)))
        if shared_file and access == WRITE:
            self.dirty[page] = entry
        self._table.enter(page, frame, writable=writable, executable=bool(entry.prot & EXEC))
        return 0

    def _page(self, entry: Entry, page: int, write: int) -> int:
        """The frame of a page, ready to be read or written; 0 when its file has none."""
        frame = self._pages.get(page, 0)
        if not frame:
            frame = self._page_in(entry, page)
            if not frame:
                return 0
            self._pages[page] = frame
        if write and not entry.shared:
            if entry.needs_copy:
                self._shadow(entry)
            if self.engine.memory.shared(frame):
                new = self.engine.memory.copy(frame)
                self.engine.free_frame(frame)
                self._pages[page] = frame = new
                if self._table.remove(page):
                    self._table.flush()
        return frame

    def write_back(self) -> None:
        """Put what the program stored in shared mappings of files into the files."""
        for page, entry in self.dirty.items():
            if page in self._pages and entry.start <= page << PAGE_SHIFT < entry.end:
                self._store(entry, page)
            self._table.write_protect(page)
        self.dirty.clear()
        self._table.flush()

    def _store(self, entry: Entry, page: int) -> None:
        backing = entry.backing
        assert isinstance(backing, WritableBacking)
        offset = entry.offset + (page << PAGE_SHIFT) - entry.start
        size = len(backing.read_at(offset, PAGE))  # the file does not grow
        start = self._pages[page] << PAGE_SHIFT
        backing.write_at(offset, self._physical[start : start + size])

    def _shadow(self, entry: Entry) -> None:
        """The first write to pages that belong to others: an object of the entry's own."""
        if entry.behind is not None:
            entry.behind.references -= 1
        entry.behind = MemoryObject()
        entry.behind.references = 1
        entry.needs_copy = False

    def _page_in(self, entry: Entry, page: int) -> int:
        memory = self.engine.memory
        index = (entry.offset >> PAGE_SHIFT) + page - (entry.start >> PAGE_SHIFT)
        if entry.shared:
            assert entry.behind is not None
            frame = entry.behind.pages.get(index, 0)
            if not frame:
                frame = self._filled(entry, page)
                if not frame:
                    return 0
                entry.behind.pages[index] = frame
            memory.hold(frame)
            return frame
        if entry.backing is None:
            if entry.behind is None:
                entry.back()
            return memory.allocate()
        return self._filled(entry, page)

    def _filled(self, entry: Entry, page: int) -> int:
        """A new frame with what the file has for it."""
        memory = self.engine.memory
        address = page << PAGE_SHIFT
        if entry.backing is None or address >= entry.file_end:
            return memory.allocate()
        data = entry.backing.read_at(
            entry.offset + address - entry.start, min(PAGE, entry.file_end - address))
        if not data:
            return 0
        frame = memory.allocate()
        start = frame << PAGE_SHIFT
        memory.bytes[start : start + len(data)] = data
        return frame

    def _grow(self, guard: Entry, address: int) -> Entry | None:
        """Let the stack above a guard grow down to an address (vm_map_growstack)."""
        if self.grow is not None:
            return self._map.at(address) if self.grow(guard, address) else None
        stack = self._map.at(guard.end)
        if stack is None or stack.kind != "stack" or guard.name != "stack":
            return None
        room = guard.size - guard.reserve
        amount = guard.end - (address & ~_MASK)
        if amount > room:
            return None
        amount = min(-(-amount // self.growth) * self.growth, room)
        start = guard.end - amount
        self.timestamp += 1
        if start == guard.start:
            self._map.cut(guard.start, guard.end)
        else:
            guard.end = start
        grown = Entry(start, start + amount, stack.prot, stack.max_prot, kind="stack",
                      mergeable=False, name=stack.name, charged=stack.charged)
        self._map.insert(grown)
        if self.wires:
            self.keep(grown)
        return grown

    def keep(self, entry: Entry) -> None:
        """Bring in all pages of an entry, and keep them there (vm_map_wire)."""
        for page in range(entry.start >> PAGE_SHIFT, entry.end >> PAGE_SHIFT):
            self._page(entry, page, entry.prot & WRITE)
        entry.wired = True

    def _make_shared(self, entry: Entry) -> None:
        """From now on its pages belong to its object, for all who come to have it."""
        mine = entry.back()
        if mine.references > 1:
            mine.references -= 1
            mine = entry.behind = MemoryObject()
            mine.references = 1
        entry.shared, entry.needs_copy = True, False
        first = (entry.start - entry.offset) >> PAGE_SHIFT
        for page in self._resident(entry.start, entry.end):
            frame = self._page_alone(page)
            mine.pages[page - first] = frame
            self.engine.memory.hold(frame)
        self._forget_range(entry.start, entry.end)

    def _page_alone(self, page: int) -> int:
        frame = self._pages[page]
        if self.engine.memory.shared(frame):
            new = self.engine.memory.copy(frame)
            self.engine.free_frame(frame)
            self._pages[page] = frame = new
        return frame
