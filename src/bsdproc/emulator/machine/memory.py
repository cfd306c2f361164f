"""One process's memory: its map, its pages, and who may touch them.

Pages come into being when they are touched: anonymous ones as zeros, those
of a file by reading it.  A private page that two processes have after a fork
is copied by the first write.  Protections are real: they stand in the page
tables that the processor walks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from bsdproc.emulator.machine.access import Access, MemoryFault, TooLong
from bsdproc.emulator.machine.cpu import Cpu
from bsdproc.emulator.machine.engine import Engine
from bsdproc.emulator.machine.entries import (
    ALL,
    EXEC,
    READ,
    WRITE,
    Backing,
    Entry,
    WritableBacking,
)
from bsdproc.emulator.machine.physical import PAGE

__all__ = ["EXEC", "PAGE", "READ", "WRITE", "AddressSpace", "Backing", "Entry", "MemoryFault",
           "Overlap", "TooLong"]

_MASK = PAGE - 1
USER_TOP = 0x8000_0000_0000


class Rider(Protocol):
    """Who wants to hear what becomes of an address space."""

    def forked(self, new: AddressSpace) -> None:
        """There is a copy of it."""

    def closed(self, space: AddressSpace) -> None:
        """Nobody has it any more."""


class Overlap(ValueError):
    """Something is mapped there already."""


class AddressSpace(Access):
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
        super().__init__(engine if engine is not None else Engine())
        self.mode, self.low, self.high = mode, low, high
        if engine is None:
            self.engine.close_with_last = True
        self.engine.spaces += 1
        self._closed = False
        self.riders: list[Rider] = []
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
                      charged=bool(prot & WRITE) and (backing is None or not shared),
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

    def protect(self, start: int, size: int, prot: int, max_prot: int | None = None) -> None:
        """Set the protection of every entry in a range, and lower its maximum
        to `max_prot` when there is one.

        MemoryFault where nothing is mapped, or where the entry's maximum
        forbids it; the map is then as before.
        """
        asked = prot | (max_prot or 0)
        start, end = self._range(start, size)
        at = start
        for entry in self._map.overlapping(start, end):
            if entry.start > at:
                break
            if entry.kind != "guard" and asked & ~entry.max_prot:
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
                entry.charged |= bool(prot & WRITE) and (
                    entry.backing is None or not entry.shared)
                if max_prot is not None:
                    entry.max_prot = max_prot
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

    @property
    def wired(self) -> int:
        """Pages that are kept in memory."""
        return sum(e.size for e in self._map.all if e.wired) // PAGE

    def wire(self, start: int, size: int) -> None:
        """Keep a range in memory (vm_map_wire): MemoryFault at a hole, or at what nobody
        may touch, with the map as before but for the pages in front of it."""
        start, end = self._range(start, size)
        at, found = start, []
        for entry in self._map.overlapping(start, end):
            if entry.start > at or not entry.prot:
                break
            found.append(entry)
            at = entry.end
        whole = at >= end
        for entry in found:
            for page in range(max(start, entry.start) // PAGE, min(end, entry.end) // PAGE):
                self._page(entry, page, entry.prot & WRITE)
        if not whole:
            raise MemoryFault(at)
        self._set_wired(start, end, wired=True)

    def wire_all(self) -> None:
        """Keep all that is mapped, and may be touched, in memory."""
        self.timestamp += 1
        for entry in self._map.all:
            if entry.prot and entry.kind != "guard":
                self.keep(entry)

    def unwire_all(self) -> None:
        self._set_wired(self.low, self.high, wired=False)

    def unwire(self, start: int, size: int) -> None:
        """MemoryFault at a hole; what was not kept does not matter."""
        start, end = self._range(start, size)
        at = start
        for entry in self._map.overlapping(start, end):
            if entry.start > at:
                break
            at = entry.end
        if at < end:
            raise MemoryFault(at)
        self._set_wired(start, end, wired=False)

    def _set_wired(self, start: int, end: int, *, wired: bool) -> None:
        self.timestamp += 1
        self._map.clip(start)
        self._map.clip(end)
        for entry in self._map.overlapping(start, end):
            entry.wired = wired
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

    def file_cut(self, backing: Backing, size: int) -> None:
        """A file ends earlier: what is mapped of it, and shared, has no pages there."""
        for entry in self._map.all:
            if entry.backing is not backing or not entry.shared:
                continue
            start = entry.start + max(0, (size + _MASK & ~_MASK) - entry.offset)
            if start >= entry.end:
                continue
            self._forget_range(start, entry.end)
            for page in self._resident(start, entry.end):
                self.engine.free_frame(self._pages.pop(page))
        if (pages := self.engine.shared_pages(backing)) is not None:
            for index in [i for i in pages if i * PAGE >= size]:
                self.engine.free_frame(pages.pop(index))

    def entry_at(self, address: int) -> Entry | None:
        """The entry that an address lies in."""
        return self._map.at(address)

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
            if entry.wired and not entry.shared and entry.prot & WRITE:
                new._copied(self, entry)
                continue
            if not entry.shared and entry.behind is not None:
                entry.cow = entry.needs_copy = True
            clone = entry.clone()
            clone.wired = False
            new._map.all.append(clone)
            if entry.shared:
                continue
            for page in self._resident(entry.start, entry.end):
                frame = self._pages[page]
                memory.hold(frame)
                new._pages[page] = frame
                self._table.write_protect(page)
        self._table.flush()
        for rider in self.riders:
            rider.forked(new)
        return new

    def _copied(self, parent: AddressSpace, entry: Entry) -> None:
        """An entry that is kept in the parent's memory: its pages are copied at once
        (vm_fault_copy_entry)."""
        own = replace(entry, wired=False, behind=None, needs_copy=False)
        own.back()
        own.offset = entry.offset
        self._map.all.append(own)
        for page in parent._resident(entry.start, entry.end):
            self._pages[page] = self.engine.memory.copy(parent._pages[page])

    def resident(self, entry: Entry) -> int:
        """Pages of an entry that are in memory."""
        return len(self._resident(entry.start, entry.end))

    def close(self) -> None:
        """Give its memory back; idempotent."""
        if self._closed:
            return
        self._closed = True
        for rider in self.riders:
            rider.closed(self)
        self.riders.clear()
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
