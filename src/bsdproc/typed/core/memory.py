"""The memory that a core has, by address."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Final, overload

from bsdproc.typed.core.errors import NotInCore
from bsdproc.typed.core.image import Segment
from bsdproc.typed.core.source import Source

TEXT_MAX: Final = 4096


class Memory:
    """``memory[a:b]`` is these bytes, ``memory[a]`` one of them.

    What is asked for is there as a whole, or `NotInCore` names the first address that is not.
    """

    __slots__ = ("_before", "_source", "_starts", "_zeros", "explain", "segments")

    def __init__(self, source: Source, segments: tuple[Segment, ...], *,
                 zeros: bool = False) -> None:
        """`zeros`: a kernel that cuts zeros off at the end of a segment of which it has
        written something."""
        self._source = source
        self._zeros = zeros
        self.segments = tuple(one for one in segments if one.size)
        """The program headers, by rising address."""
        self._starts = [one.address for one in self.segments]
        self._before = [0, *accumulate(min(one.filesz, one.size) for one in self.segments)]
        self.explain: Callable[[int], str | None] = lambda address: None
        """What else the core tells of an address that it does not have."""

    def _segment(self, address: int) -> Segment | None:
        """The one that an address lies in."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address >= self.segments[index].end:
            return None
        return self.segments[index]

    def _stretch(self, address: int) -> tuple[Segment | None, int]:
        """The segment that has an address, and how many bytes it has from there on."""
        one = self._segment(address)
        if one is None:
            return None, 0
        size = min(one.filesz, one.size)
        if self._zeros and size:
            size = one.size
        return one, one.address + size - address

    def read(self, address: int, size: int) -> bytes:
        """All of these bytes; `NotInCore` where one of them is not there."""
        if not isinstance(address, int) or not isinstance(size, int):
            raise TypeError("an address is an int")
        if address < 0 or size < 0:
            raise ValueError(f"{size} bytes at {address:#x}")
        at, end = address, address + size
        pieces: list[tuple[Segment, int, int]] = []
        while at < end:      # before any of it is read: the whole may not fit into memory
            one, room = self._stretch(at)
            if one is None or room <= 0:
                raise NotInCore(at, self._why(at, one))
            count = min(room, end - at)
            pieces.append((one, at, count))
            at += count
        return b"".join(self._piece(*piece) for piece in pieces)

    def _piece(self, one: Segment, address: int, count: int) -> bytes:
        skip = address - one.address
        written = max(0, min(count, one.filesz - skip))
        data = self._source.read(one.offset + skip, written)
        if len(data) < written:
            raise NotInCore(address + len(data), "the file ends before it")
        return data + bytes(count - written)

    def _why(self, address: int, one: Segment | None) -> str:
        if one is not None and one.filesz:
            return "its segment was not written so far"
        if one is not None:
            return ("nothing was written of its segment, for it holds zeros alone, "
                    "or what a program's file or a device has" if self._zeros
                    else "nothing was written of its segment")
        return self.explain(address) or "no segment has it"

    def read_text(self, address: int, limit: int = TEXT_MAX, encoding: str = "utf-8") -> str:
        """A NUL-terminated string, cut off at `limit` bytes.

        `NotInCore` when memory ends before the NUL."""
        found = bytearray()
        while len(found) < limit:
            at = address + len(found)
            part = self.read(at, max(1, min(256, limit - len(found), self._stretch(at)[1])))
            end = part.find(0)
            if end >= 0:
                found += part[:end]
                break
            found += part
        return found.decode(encoding, "backslashreplace")

    def __contains__(self, address: object) -> bool:
        """Whether the byte at an address was written, as far as the headers tell."""
        return isinstance(address, int) and self._stretch(address)[1] > 0

    def written(self, start: int, end: int) -> int:
        """How many bytes of a stretch the headers say were written."""
        return self._written(end) - self._written(start) if start < end else 0

    def _written(self, end: int) -> int:
        """The same of all that is below an address."""
        index = bisect_left(self._starts, end)
        if index == 0:
            return 0
        last = self.segments[index - 1]
        return self._before[index - 1] + min(last.filesz, last.size, end - last.address)

    @overload
    def __getitem__(self, where: int) -> int: ...

    @overload
    def __getitem__(self, where: slice) -> bytes: ...

    def __getitem__(self, where: int | slice) -> int | bytes:
        if not isinstance(where, slice):
            return self.read(where, 1)[0]
        if where.step not in (None, 1) or where.start is None or where.stop is None:
            raise ValueError("a memory slice has a start, an end and no step")
        return self.read(where.start, where.stop - where.start)
