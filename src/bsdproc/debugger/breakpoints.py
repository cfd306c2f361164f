"""Software breakpoints: an instruction put in another's place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Stops every thread that comes to `address`, before its instruction."""

    address: int


class Breakpoints:
    """The breakpoints of a process: ``add``, ``remove``, iteration, ``in``.

    They are inserted at once, and taken out of the process again when it is
    detached from.  A process that goes on from one executes the instruction
    it stands for first, with the other threads held.
    """

    __slots__ = ("_process", "_saved")

    def __init__(self, process: Process) -> None:
        self._process = process
        self._saved: dict[int, bytes] = {}

    def add(self, address: int) -> Breakpoint:
        """EFAULT where nothing is mapped.  Adding it twice is adding it once."""
        process = self._process
        process.need_stopped()
        if address not in self._saved:
            trap = process.backend.breakpoint_instruction
            original = process.memory.read(address, len(trap))
            process.backend.write(process.pid, address, trap)
            self._saved[address] = original
        return Breakpoint(address)

    def remove(self, address: int | Breakpoint) -> None:
        """`KeyError` where there is none."""
        where = address.address if isinstance(address, Breakpoint) else address
        self._process.need_stopped()
        original = self._saved[where]
        self._process.backend.write(self._process.pid, where, original)
        del self._saved[where]

    def clear(self) -> None:
        """Remove them all."""
        for address in list(self._saved):
            self.remove(address)

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter([Breakpoint(a) for a in sorted(self._saved)])

    def __len__(self) -> int:
        return len(self._saved)

    def __contains__(self, address: object) -> bool:
        if isinstance(address, Breakpoint):
            address = address.address
        return address in self._saved

    # -- for the rest of the package -------------------------------------------
    def lift(self, address: int) -> None:
        """Put the original back for a moment."""
        self._process.backend.write(self._process.pid, address, self._saved[address])

    def put_back(self, address: int) -> None:
        """Undo `lift`, unless it was removed meanwhile."""
        if address in self._saved:
            self._process.backend.write(
                self._process.pid, address, self._process.backend.breakpoint_instruction)

    def forget(self) -> None:
        """A new program: there is nothing to take out of it."""
        self._saved.clear()

    def inherit(self, other: Breakpoints) -> None:
        """A forked child has its parent's in its memory."""
        self._saved = dict(other._saved)

    def hide(self, address: int, data: bytes) -> bytes:
        """What would be read if there were none."""
        if not self._saved:
            return data
        shown = bytearray(data)
        for at, original in self._saved.items():
            for i, byte in enumerate(original):
                if 0 <= at + i - address < len(shown):
                    shown[at + i - address] = byte
        return bytes(shown)

    def cover(self, address: int, data: bytes) -> bytes:
        """What is to be written so that they stay; the bytes below them are
        kept for later."""
        if not self._saved:
            return data
        written = bytearray(data)
        trap = self._process.backend.breakpoint_instruction
        for at, original in list(self._saved.items()):
            kept = bytearray(original)
            for i in range(len(trap)):
                place = at + i - address
                if 0 <= place < len(written):
                    kept[i] = written[place]
                    written[place] = trap[i]
            self._saved[at] = bytes(kept)
        return bytes(written)
