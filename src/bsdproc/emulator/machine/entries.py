"""The map of an address space: entries in order, as the BSDs' vm_map(9) keeps them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Protocol, runtime_checkable

READ, WRITE, EXEC = 1, 2, 4
"""VM_PROT_READ and so on."""
ALL = READ | WRITE | EXEC

_start = attrgetter("start")


class Backing(Protocol):
    """What a file mapping reads from: a kernel's vnode."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Bytes of the file from `offset`; fewer at its end."""


@runtime_checkable
class WritableBacking(Backing, Protocol):
    """A file that a shared mapping may write to."""

    def write_at(self, offset: int, data: bytes) -> object:
        """Store bytes; never called beyond the file's end."""


class MemoryObject:
    """Anonymous memory behind one or more entries (vm_object).

    Its identity decides what may be merged.  `pages` holds the frames of
    shared memory by page index; private pages belong to their address space.
    """

    __slots__ = ("backing", "pages", "references")

    def __init__(self, backing: Backing | None = None) -> None:
        self.backing = backing
        self.references = 0
        self.pages: dict[int, int] = {}


@dataclass(slots=True, eq=False)
class Entry:
    """A range of pages that are alike."""

    start: int
    end: int
    """The first address behind it."""
    prot: int
    max_prot: int = ALL
    backing: Backing | None = None
    """The file that pages come from, as long as nobody wrote to them."""
    offset: int = 0
    """In the file, or in the object."""
    kind: str = "anon"
    """"vnode", "anon", "stack", "guard" or "shared"."""
    shared: bool = False
    name: str = ""
    cow: bool = False
    """Its pages are, or were, somebody else's too: a file's or a forked process's
    (MAP_ENTRY_COW)."""
    needs_copy: bool = False
    """They still are: the first write makes an object of its own (MAP_ENTRY_NEEDS_COPY)."""
    nocore: bool = False
    """Left out of core dumps."""
    charged: bool = False
    """Swap was reserved for it when it became writable, and stays so."""
    behind: MemoryObject | None = None
    """Anonymous memory that was created for it; None while nobody has touched it."""
    file_end: int = 1 << 64
    """The address from which on the file has nothing and pages read as zero."""
    inherit: str = "copy"
    """What fork does: "copy", "share", "none" or "zero" (minherit(2))."""
    wired: bool = False
    """Its pages stay in memory: mlock(2)."""
    mergeable: bool = True
    reserve: int = 0
    """Of a guard below a stack: bytes that the stack may never take."""

    def __contains__(self, address: int) -> bool:
        return self.start <= address < self.end

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def has_object(self) -> bool:
        """Something is behind it: a file, or anonymous memory that somebody touched."""
        return self.backing is not None or self.behind is not None

    @property
    def copied(self) -> bool:
        """Private pages shadow the file: it was written since it was mapped."""
        return self.backing is not None and self.cow and not self.needs_copy

    def back(self) -> MemoryObject:
        """Its object, made now if there was none."""
        if self.behind is None:
            self.behind = MemoryObject()
            self.behind.references = 1
            if self.backing is None:
                self.offset = 0
        return self.behind

    def clone(self) -> Entry:
        """Another entry for the same memory."""
        if self.behind is not None:
            self.behind.references += 1
        return replace(self)

    def continues(self, previous: Entry) -> bool:
        """`previous` and this one may be one entry (vm_map_mergeable_neighbors)."""
        return (
            previous.end == self.start
            and self.mergeable
            and previous.mergeable
            and previous.behind is self.behind
            and previous.backing is self.backing
            and ((self.behind is None and self.backing is None)
                 or previous.offset + previous.size == self.offset)
            and previous.file_end == self.file_end
            and previous.attributes() == self.attributes()
        )

    def attributes(self) -> tuple[object, ...]:
        return (self.prot, self.max_prot, self.kind, self.shared, self.name, self.inherit,
                self.cow, self.needs_copy, self.nocore, self.charged, self.wired)


@dataclass(slots=True)
class EntryList:
    """Entries by address, never overlapping."""

    all: list[Entry] = field(default_factory=list)

    def at(self, address: int) -> Entry | None:
        """The one that holds an address."""
        i = bisect_right(self.all, address, key=_start) - 1
        if i >= 0 and address < self.all[i].end:
            return self.all[i]
        return None

    def index_from(self, address: int) -> int:
        """Of the first entry that ends behind `address`."""
        i = bisect_right(self.all, address, key=_start)
        return i - 1 if i and self.all[i - 1].end > address else i

    def overlapping(self, start: int, end: int) -> Iterator[Entry]:
        """Those that have pages in a range.  The list must not change meanwhile."""
        for i in range(self.index_from(start), len(self.all)):
            if self.all[i].start >= end:
                return
            yield self.all[i]

    def before(self, address: int) -> Entry | None:
        """The last that starts below an address."""
        i = bisect_right(self.all, address - 1, key=_start) - 1
        return self.all[i] if i >= 0 else None

    def insert(self, entry: Entry) -> None:
        self.all.insert(bisect_right(self.all, entry.start, key=_start), entry)

    def clip(self, address: int) -> None:
        """Make sure that an entry begins there, if one holds the address."""
        i = bisect_right(self.all, address, key=_start) - 1
        if i < 0 or not self.all[i].start < address < self.all[i].end:
            return
        entry = self.all[i]
        if entry.kind != "guard" and entry.backing is None:
            entry.back()
        rest = entry.clone()
        rest.start = address
        rest.offset = entry.offset + (address - entry.start)
        entry.end = address
        self.all.insert(i + 1, rest)

    def cut(self, start: int, end: int) -> list[Entry]:
        """Take a range out; returns the entries that were there, clipped."""
        self.clip(start)
        self.clip(end)
        i = self.index_from(start)
        j = i
        while j < len(self.all) and self.all[j].start < end:
            j += 1
        gone = self.all[i:j]
        del self.all[i:j]
        return gone

    def merge(self, start: int, end: int) -> None:
        """Join neighbours that are alike, from the entry before `start` to the one at `end`."""
        i = max(self.index_from(start) - 1, 0)
        while i + 1 < len(self.all) and self.all[i].start <= end:
            first, second = self.all[i], self.all[i + 1]
            if second.continues(first):
                first.end = second.end
                if second.behind is not None:
                    second.behind.references -= 1
                del self.all[i + 1]
            else:
                i += 1
