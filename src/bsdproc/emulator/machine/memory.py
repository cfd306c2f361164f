"""One process's memory: its map, its pages, and who may touch them.

Pages come into being when they are touched: anonymous ones as zeros, those
of a file by reading it.  A private page that two processes have after a fork
is copied by the first write.  Protections are real: they stand in the page
tables that the processor walks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bsdproc.emulator.machine.cpu import PF_FETCH, PF_WRITE, Cpu
from bsdproc.emulator.machine.engine import Engine
from bsdproc.emulator.machine.entries import (
    ALL,
    EXEC,
    READ,
    WRITE,
    Backing,
    Entry,
    EntryList,
    MemoryObject,
    WritableBacking,
)
from bsdproc.emulator.machine.pagetable import PageTable
from bsdproc.emulator.machine.physical import PAGE, PAGE_SHIFT

__all__ = ["EXEC", "PAGE", "READ", "WRITE", "AddressSpace", "Backing", "Entry", "MemoryFault",
           "Overlap", "TooLong"]

_MASK = PAGE - 1
USER_TOP = 0x8000_0000_0000


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


class Overlap(ValueError):
    """Something is mapped there already."""


class AddressSpace:
    """The memory of a process.  `fork` copies it; vfork and threads share the object.

    `mode` is 64 or 32, for what `cpu` runs.  User addresses go from `low` up
    to, not including, `high`.  The address spaces of one system should share
    its `engine`; one that is given none makes its own, and closes it with
    the last of its forks.
    """

    def __init__(self, mode: int = 64, low: int = PAGE, high: int | None = None, *,
                 engine: Engine | None = None) -> None:
        if mode not in (32, 64):
            raise ValueError(f"mode {mode}: 32 or 64")
        if high is None:
            high = USER_TOP if mode == 64 else 0xFFFF_F000
        if low & _MASK or high & _MASK or not 0 <= low < high <= USER_TOP:
            raise ValueError(f"user addresses from {low:#x} to {high:#x}")
        self.mode, self.low, self.high = mode, low, high
        self._own_engine = engine is None
        self.engine = engine if engine is not None else Engine()
        if self._own_engine:
            self.engine.close_with_last = True
        self.engine.spaces += 1
        self.timestamp = 0
        """Changes with every change of the map, and not otherwise."""
        self.growth = 128 << 10
        """By how much a stack grows at least (sgrowsiz)."""
        self.grow: Callable[[Entry, int], bool] | None = None
        """Asked when an address in a guard is touched: a kernel's own rule for the
        stack above it.  True when the map now has an entry there."""
        self.pager_failed = False
        """The last fault that was not satisfied had an entry, but its file no page there."""
        self._map = EntryList()
        self._pages: dict[int, int] = {}
        self.dirty: dict[int, Entry] = {}
        """Pages of files mapped shared that the program stored to in this run."""
        self._physical = self.engine.memory.map
        self._table = PageTable(self.engine)
        self.root = self._table.root
        self._closed = False
        self.cpu = Cpu(self, self.engine)

    # -- the map ------------------------------------------------------------
    @property
    def entries(self) -> Sequence[Entry]:
        """By rising address."""
        return self._map.all

    def _range(self, start: int, size: int) -> tuple[int, int]:
        end = start + size + _MASK & ~_MASK
        if start & _MASK or size <= 0 or start < self.low or end > self.high:
            raise ValueError(f"{size:#x} bytes at {start:#x} are no pages of user memory")
        return start, end

    def map(self, start: int, size: int, prot: int, *, max_prot: int = ALL,
            backing: Backing | None = None, offset: int = 0, file_size: int | None = None,
            kind: str = "anon", shared: bool = False, replace: bool = True, name: str = "",
            nocore: bool = False, mergeable: bool = True, reserve: int = 0,
            contents: bytes = b"") -> None:
        """Add an entry (vm_map_insert).

        What is mapped there goes, or `Overlap` is raised without `replace`.
        A `backing` is read from `offset` for `file_size` bytes (all that it
        has, without); behind them are zeros.  `contents` are put in at its
        start, whatever the protection.  Ranges that are no pages of user
        memory are a ValueError.
        """
        start, end = self._range(start, size)
        if offset & _MASK or prot & ~ALL:
            raise ValueError(f"offset {offset:#x}, protection {prot}")
        if not replace and next(self._map.overlapping(start, end), None) is not None:
            raise Overlap(f"{size:#x} bytes at {start:#x}: something is mapped there")
        if shared and max_prot & WRITE and not (
                backing is None or isinstance(backing, WritableBacking)):
            raise ValueError("a shared mapping writes to its file, which has no write_at")
        self._remove(start, end)
        self.timestamp += 1
        if backing is not None and kind == "anon":
            kind = "vnode"
        private_file = backing is not None and not shared
        entry = Entry(start, end, prot, max_prot, backing, offset, kind, shared, name,
                      cow=private_file, needs_copy=private_file, nocore=nocore,
                      mergeable=mergeable and kind != "stack", reserve=reserve)
        if file_size is not None:
            entry.file_end = start + file_size
        if shared:
            entry.behind = self.engine.shared_object(backing)
            entry.behind.references += 1
        elif backing is None and kind not in ("guard", "stack"):
            self._coalesce(entry)
        self._map.insert(entry)
        self._map.merge(start, end)
        if contents:
            self.fill(start, contents)

    def _coalesce(self, entry: Entry) -> None:
        """Let the object before it grow into new anonymous memory (vm_object_coalesce)."""
        before = self._map.before(entry.start)
        if (before is None or before.end != entry.start or before.behind is None
                or before.behind.references > 1 or before.shared or before.backing is not None
                or before.needs_copy or before.kind != "anon"
                or (before.prot ^ entry.prot) & WRITE):
            return
        entry.behind = before.behind
        entry.behind.references += 1
        entry.offset = before.offset + before.size

    def unmap(self, start: int, size: int) -> None:
        """Take a range out of the map; holes in it are fine."""
        start, end = self._range(start, size)
        self.timestamp += 1
        self._remove(start, end)

    def protect(self, start: int, size: int, prot: int) -> None:
        """Set the protection of every entry in a range.

        MemoryFault where nothing is mapped, or where the entry's maximum
        forbids it; the map is then as before.
        """
        start, end = self._range(start, size)
        at = start
        for entry in self._map.overlapping(start, end):
            if entry.start > at:
                break
            if entry.kind != "guard" and prot & ~entry.max_prot:
                raise MemoryFault(max(entry.start, start), mapped=True)
            at = entry.end
        if at < end:
            raise MemoryFault(at)
        self.timestamp += 1
        self._map.clip(start)
        self._map.clip(end)
        for entry in self._map.overlapping(start, end):
            if entry.kind != "guard":
                entry.prot = prot
        self._forget_range(start, end)
        self._map.merge(start, end)

    def inherit(self, start: int, size: int, what: str) -> None:
        """Say what fork does with a range: "copy", "share", "none" or "zero" (minherit(2))."""
        start, end = self._range(start, size)
        if what not in ("copy", "share", "none", "zero"):
            raise ValueError(f"inheritance {what!r}")
        self.timestamp += 1
        self._map.clip(start)
        self._map.clip(end)
        for entry in self._map.overlapping(start, end):
            entry.inherit = what
            if what == "share" and not entry.shared and entry.kind != "guard":
                self._make_shared(entry)
        self._map.merge(start, end)

    def keep_out(self, start: int, size: int, nocore: bool) -> None:
        """Say whether core dumps leave a range out (madvise(2): MADV_NOCORE, MADV_CORE)."""
        start, end = self._range(start, size)
        self.timestamp += 1
        self._map.clip(start)
        self._map.clip(end)
        for entry in self._map.overlapping(start, end):
            entry.nocore = nocore
        self._map.merge(start, end)

    def map_stack(self, bottom: int, size: int, initial: int, prot: int, *,
                  guard: int = PAGE) -> None:
        """A stack of `initial` bytes at the top of a range that it may grow into,
        down to `guard` bytes above its bottom (vm_map_stack)."""
        bottom, top = self._range(bottom, size)
        start = max(top - (initial + _MASK & ~_MASK), bottom + guard)
        self.map(start, top - start, prot, kind="stack")
        if start > bottom:
            self.map(bottom, start - bottom, 0, max_prot=0, kind="guard", reserve=guard,
                     name="stack")

    def find_space(self, size: int, hint: int, low: int, high: int) -> int | None:
        """Where `size` bytes are free: the first place at or above `hint`, else above `low`."""
        size = size + _MASK & ~_MASK
        low, high = max(low, self.low) + _MASK & ~_MASK, min(high, self.high)
        for start in dict.fromkeys((max(hint, low) & ~_MASK, low)):
            at = start
            for i in range(self._map.index_from(at), len(self._map.all)):
                if self._map.all[i].start >= at + size:
                    break
                at = self._map.all[i].end
            if at + size <= high:
                return at
        return None

    def entry_at(self, address: int) -> Entry | None:
        """The entry that an address lies in."""
        return self._map.at(address)

    def frame(self, page: int) -> int:
        """The page frame that holds a page, 0 when it is not in memory."""
        return self._pages.get(page, 0)

    # -- pages --------------------------------------------------------------
    def _remove(self, start: int, end: int) -> None:
        gone = self._map.cut(start, end)
        if not gone:
            return
        self._forget_range(start, end)
        for page in self._resident(start, end):
            self.engine.free_frame(self._pages.pop(page))
        for entry in gone:
            self._release(entry)

    def _release(self, entry: Entry) -> None:
        if entry.behind is not None:
            self.engine.release_object(entry.behind)

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
        access = EXEC if code & PF_FETCH else WRITE if code & PF_WRITE else READ
        page = address >> PAGE_SHIFT
        entry = self._map.at(address)
        if entry is not None and entry.kind == "guard":
            entry = self._grow(entry, address)
        self.pager_failed = False
        if entry is None or not entry.prot & access:
            return False
        frame = self._page(entry, page, access & WRITE)
        if not frame:
            self.pager_failed = True
            return False
        shared_file = entry.shared and entry.backing is not None
        writable = bool(entry.prot & WRITE) and (
            access == WRITE or (entry.shared and not shared_file)
            or not (shared_file or entry.needs_copy or self.engine.memory.shared(frame)))
        if shared_file and access == WRITE:
            self.dirty[page] = entry
        self._table.enter(page, frame, writable=writable, executable=bool(entry.prot & EXEC))
        return True

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
                      mergeable=False, name=stack.name)
        self._map.insert(grown)
        return grown

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

    # -- what a debugger does -----------------------------------------------
    def read(self, address: int, size: int) -> bytes:
        """Memory as a debugger reads it (proc_rwmem); MemoryFault tells how much was read."""
        return self._read(address, size)

    def write(self, address: int, data: bytes) -> None:
        """Write as a debugger does: also to pages that the process cannot write."""
        done, size = 0, len(data)
        while done < size:
            at = address + done
            entry = self._map.at(at)
            if entry is None or not entry.prot & READ or (
                    entry.shared and not entry.max_prot & WRITE):
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

    # -- the whole ----------------------------------------------------------
    def fork(self) -> AddressSpace:
        """A copy for a new process (vmspace_fork): private pages are shared until written."""
        new = AddressSpace(self.mode, self.low, self.high, engine=self.engine)
        new.growth = self.growth
        memory = self.engine.memory
        for entry in self._map.all:
            if entry.inherit == "none":
                continue
            if entry.inherit == "zero":
                new._map.all.append(Entry(
                    entry.start, entry.end, entry.prot, entry.max_prot, inherit="zero"))
                continue
            if not entry.shared and entry.behind is not None:
                entry.cow = entry.needs_copy = True
            new._map.all.append(entry.clone())
            if entry.shared:
                continue
            for page in self._resident(entry.start, entry.end):
                frame = self._pages[page]
                memory.hold(frame)
                new._pages[page] = frame
                self._table.write_protect(page)
        self._table.flush()
        return new

    def resident(self, entry: Entry) -> int:
        """Pages of an entry that are in memory."""
        return len(self._resident(entry.start, entry.end))

    def close(self) -> None:
        """Give its memory back; idempotent."""
        if self._closed:
            return
        self._closed = True
        engine = self.engine
        if not engine.closed:
            for frame in self._pages.values():
                engine.free_frame(frame)
            for entry in self._map.all:
                self._release(entry)
            self._table.free()
            engine.spaces -= 1
            if engine.close_with_last and engine.spaces == 0:
                engine.close()
        self._pages.clear()
        self._map.all.clear()
        self.root = 0

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()
