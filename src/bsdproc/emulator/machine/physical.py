"""Physical memory: page frames that the address spaces of one machine share."""

from __future__ import annotations

import mmap
from contextlib import suppress

PAGE = 4096
PAGE_SHIFT = 12
_ZERO = bytes(PAGE)


class OutOfFrames(MemoryError):
    """The emulated machine's memory is used up: a kernel's out of swap space."""


def _host_memory(size: int) -> mmap.mmap:
    """Anonymous memory of this process alone, which the host commits page by page."""
    flags = getattr(mmap, "MAP_PRIVATE", 0) | getattr(mmap, "MAP_ANONYMOUS", 0)
    if not flags:
        return mmap.mmap(-1, size)
    memory = mmap.mmap(-1, size, flags=flags | getattr(mmap, "MAP_NORESERVE", 0))
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with suppress(OSError):  # a host without huge pages
            memory.madvise(mmap.MADV_NOHUGEPAGE)
    return memory


class PhysicalMemory:
    """`size` bytes of it, handed out in frames by number.

    The host gives a page only when it is touched.  A frame that several
    mappings hold is counted; the last `free` puts it back.
    """

    def __init__(self, size: int) -> None:
        if size < 64 * PAGE or size % PAGE:
            raise ValueError(f"physical memory of {size} bytes: whole pages, 64 or more")
        self.size = size
        self.map = _host_memory(size)
        self.bytes = memoryview(self.map)
        self.words = self.bytes.cast("Q")
        self._next = 1  # frame 0 stays unused: a zero page-table entry then never names one
        self._limit = size >> PAGE_SHIFT
        self._free: list[int] = []
        self._extra: dict[int, int] = {}

    def __len__(self) -> int:
        """Frames in use."""
        return self._next - 1 - len(self._free)

    def allocate(self) -> int:
        """A frame of zeros, held once."""
        if self._free:
            frame = self._free.pop()
            start = frame << PAGE_SHIFT
            self.bytes[start : start + PAGE] = _ZERO
            return frame
        frame = self._next
        if frame >= self._limit:
            raise OutOfFrames(f"all {self._limit - 1} page frames are in use")
        self._next = frame + 1
        return frame

    def hold(self, frame: int) -> None:
        """One holder more."""
        self._extra[frame] = self._extra.get(frame, 0) + 1

    def shared(self, frame: int) -> bool:
        """More than one holds it."""
        return frame in self._extra

    def free(self, frame: int) -> bool:
        """One holder less; True when that was the last and the frame may be reused."""
        extra = self._extra.get(frame)
        if extra is None:
            self._free.append(frame)
            return True
        if extra == 1:
            del self._extra[frame]
        else:
            self._extra[frame] = extra - 1
        return False

    def copy(self, frame: int) -> int:
        """A new frame with the same contents."""
        new = self.allocate()
        old = frame << PAGE_SHIFT
        start = new << PAGE_SHIFT
        self.bytes[start : start + PAGE] = self.bytes[old : old + PAGE]
        return new

    def close(self) -> None:
        """Give the host its memory back.  Nothing may be lent any more."""
        self.words.release()
        self.bytes.release()
        self.map.close()
