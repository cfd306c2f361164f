"""Memory of this process that the native kernel is given by address.

Only memory that was lent is ever written by the kernel on behalf of a caller
of bsdproc.  Each buffer ends at a page that nothing may touch, so that a
request which stores more than the buffer holds fails with EFAULT and the
interpreter's own memory stays as it is.
"""

from __future__ import annotations

import mmap
from collections import deque
from typing import TYPE_CHECKING, Final

from bsdproc.kernel import checks
from bsdproc.kernel.errors import from_errno

if TYPE_CHECKING:
    from bsdproc.kernel._native import FFI, Lib, Memory

PAGE: Final = mmap.PAGESIZE
SLOTS: Final = 32
"""Small buffers, of up to a page, come from areas of so many."""


# Every area for lending, start to end, whichever kernel object asked for it.
_areas: dict[int, int] = {}


class NativeBuffer:
    """The port's `Buffer`: real memory, zeroed or filled, until it is let go."""

    __slots__ = ("__weakref__", "_base", "_lender", "_memory", "_room", "_size", "address")

    address: int
    """Where it lies in this process."""

    def __init__(self, lender: Lender, memory: Memory, base: int, room: int, size: int) -> None:
        self._lender = lender
        self._memory = memory
        self._base = base
        self._room = room
        self._size = size
        self.address = base + room - size

    def __del__(self) -> None:
        self._lender.take_back(self._base, self._room)

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"<{self._size} bytes lent at {self.address:#x}>"

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        """A copy of `size` bytes from `offset`; `ValueError` beyond the end."""
        end = self._size if size is None else offset + size
        if not 0 <= offset <= end <= self._size:
            raise ValueError(f"bytes {offset} to {end} of a buffer of {self._size}")
        return self._memory[offset:end]

    def write(self, data: bytes | bytearray | memoryview, offset: int = 0) -> None:
        """Replace bytes from `offset`; `ValueError` beyond the end."""
        new = checks.contents("data", data)
        end = offset + len(new)
        if not 0 <= offset <= end <= self._size:
            raise ValueError(f"bytes {offset} to {end} of a buffer of {self._size}")
        self._memory[offset:end] = new


class Lender:
    """Where lent memory comes from and goes back to.  Any thread may use it."""

    def __init__(self, ffi: FFI, lib: Lib, system: str) -> None:
        self._ffi = ffi
        self._lib = lib
        self._system = system
        # Its single operations are atomic; nothing here needs a lock, which a fork
        # might find taken.
        self._free: deque[int] = deque()
        self.hole = self._more() + PAGE
        """An address that nothing may touch, ever."""

    def _map(self, room: int, count: int) -> int:
        base = self._lib.bsdproc_map(room, count)
        if base == 0:
            raise from_errno(self._system, self._ffi.errno, call="mmap")
        _areas[base] = base + (room + PAGE) * count
        return base

    def _more(self) -> int:
        base = self._map(PAGE, SLOTS)
        self._free.extend(base + 2 * PAGE * i for i in range(SLOTS))
        return base

    def take_back(self, base: int, room: int) -> None:
        """A buffer's memory, when nobody holds the buffer any more."""
        if room == PAGE:
            self._free.append(base)
        elif _areas.pop(base, None) is not None:
            self._lib.bsdproc_unmap(base, room, 1)

    def lend(self, contents: int | bytes | bytearray | memoryview) -> NativeBuffer:
        """So many zero bytes, or a copy of these."""
        if isinstance(contents, bytes | bytearray | memoryview):
            fill = bytes(contents)
            size = len(fill)
        else:
            size = checks.size("the size of a buffer", contents)
            fill = b""
        if size > PAGE:
            room = (size + PAGE - 1) // PAGE * PAGE
            buffer = self._place(self._map(room, 1), room, size)
            if fill:
                buffer.write(fill)
        else:
            buffer = self._place(self._slot(), PAGE, size)
            buffer.write(fill or bytes(size))
        return buffer

    def _slot(self) -> int:
        while True:
            try:
                return self._free.pop()
            except IndexError:
                self._more()

    def _place(self, base: int, room: int, size: int) -> NativeBuffer:
        """A buffer whose end is the area's end."""
        start = self._ffi.cast("char *", base + room - size)
        return NativeBuffer(self, self._ffi.buffer(start, size), base, room, size)


def is_lent(address: int) -> bool:
    """Whether an address lies in memory that is for lending."""
    return any(low <= address < high for low, high in list(_areas.items()))
