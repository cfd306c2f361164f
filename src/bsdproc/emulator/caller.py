"""The memory of an emulated process that is no emulated program: the caller's.

It consists of the buffers that the kernel lent; any other address faults.
"""

from __future__ import annotations

import weakref
from bisect import bisect_right
from threading import Lock
from typing import Protocol

from bsdproc.emulator.errno import EFAULT, Refused
from bsdproc.emulator.machine.physical import PAGE


class UserMemory(Protocol):
    """What system calls read their arguments from and write results to; a
    bad address is `Refused` with EFAULT."""

    def copyin(self, address: int, size: int) -> bytes: ...

    def copyout(self, address: int, data: bytes) -> None: ...


class LentBuffer:
    """The port's Buffer on an emulated kernel.  Its address is given out when
    somebody asks for it."""

    __slots__ = ("__weakref__", "_address", "_memory", "data")

    def __init__(self, memory: CallerMemory, data: bytearray) -> None:
        self.data = data
        self._memory = memory
        self._address = 0

    @property
    def address(self) -> int:
        if self._address == 0:
            self._address = self._memory.place(self)
        return self._address

    def __len__(self) -> int:
        return len(self.data)

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        if size is None and offset == 0:
            return bytes(self.data)
        end = len(self.data) if size is None else offset + size
        if not 0 <= offset <= end <= len(self.data):
            raise ValueError(f"bytes {offset} to {end} of a buffer of {len(self.data)}")
        return bytes(self.data[offset:end])

    def write(self, data: bytes | bytearray | memoryview, offset: int = 0) -> None:
        if offset < 0 or offset + len(data) > len(self.data):
            raise ValueError(f"{len(data)} bytes at {offset} of a buffer of {len(self.data)}")
        self.data[offset : offset + len(data)] = data


class CallerMemory:
    """Every buffer that is lent, by address.  Between two lies a hole, so
    that an access beyond one's end is seen."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._next, self._high = low, low, high
        self._placing = Lock()
        self._starts: list[int] = []
        self._buffers: dict[int, weakref.ref[LentBuffer]] = {}

    def lend(self, contents: int | bytes | bytearray | memoryview) -> LentBuffer:
        try:
            return LentBuffer(self, bytearray(contents))
        except MemoryError:
            size = contents if isinstance(contents, int) else len(contents)
            raise MemoryError(f"no memory for a buffer of {size} bytes") from None

    def place(self, buffer: LentBuffer) -> int:
        """An address for a buffer that has none, whichever thread asks."""
        with self._placing:
            return buffer._address or self._place(buffer)

    def _place(self, buffer: LentBuffer) -> int:
        size = (len(buffer) + PAGE - 1) // PAGE * PAGE + PAGE
        if self._next + size > self._high:
            self._compact()
            self._next = self._low
            while self._taken(self._next, size):
                self._next += size
                if self._next + size > self._high:
                    raise MemoryError("no address is left for a lent buffer")
        address = self._next
        self._next += size
        self._starts.insert(bisect_right(self._starts, address), address)
        self._buffers[address] = weakref.ref(buffer)
        if len(self._starts) > 4096:
            self._compact()
        return address

    def _taken(self, start: int, size: int) -> bool:
        return any(
            b is not None and a < start + size and start < a + len(b) + PAGE
            for a, ref in self._buffers.items()
            for b in [ref()]
        )

    def _compact(self) -> None:
        self._buffers = {a: r for a, r in self._buffers.items() if r() is not None}
        self._starts = sorted(self._buffers)

    def _find(self, address: int, size: int) -> tuple[LentBuffer, int]:
        i = bisect_right(self._starts, address) - 1
        if i >= 0:
            start = self._starts[i]
            buffer = self._buffers[start]()
            if buffer is not None and address + size <= start + len(buffer):
                return buffer, address - start
        raise Refused(EFAULT)

    def copyin(self, address: int, size: int) -> bytes:
        if size == 0:
            return b""
        buffer, offset = self._find(address, size)
        return bytes(buffer.data[offset : offset + size])

    def copyout(self, address: int, data: bytes) -> None:
        if data:
            buffer, offset = self._find(address, len(data))
            buffer.data[offset : offset + len(data)] = data
