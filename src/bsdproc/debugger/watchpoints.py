"""Watchpoints: debug registers that stop a thread at an access."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bsdproc.kernel.errors import not_supported

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process

Access = Literal["w", "rw", "x"]
"""What a watchpoint stops at: writes; reads and writes; execution."""


@dataclass(frozen=True, slots=True)
class Watchpoint:
    """Stops a thread that writes ("w"), reads or writes ("rw") there, behind
    the access; or executes there ("x"), before the instruction."""

    address: int
    size: int
    access: Access

    def __repr__(self) -> str:
        return f"Watchpoint({self.address:#x}, {self.size}, {self.access!r})"


class Watchpoints:
    """The watchpoints of a process, as many as the machine has slots for.

    A thread that is made later has those of the thread that makes it; a child
    and a new program have none.
    """

    __slots__ = ("_process",)

    def __init__(self, process: Process) -> None:
        self._process = process

    def add(self, address: int, size: int = 8, access: Access = "w") -> Watchpoint:
        """Have every thread stop at such an access to `size` bytes (1, 2, 4 or 8; 1 for
        execution) at a multiple of the size.  One that is there already is not added again.

        `ValueError` for a size or alignment that the machine cannot watch and where all its
        slots are taken, `NotSupported` where it has none, `NotStopped` for a process that runs."""
        process = self._process
        process.need_stopped()
        room = process.backend.watch_slots()
        if room == 0:
            kernel = process.backend.kernel
            raise not_supported(kernel.system, call="ptrace", request="watchpoint",
                                reason=f"bsdproc can set none on {kernel.machine}")
        if access not in ("w", "rw", "x"):
            raise ValueError(f"access is w, rw or x, not {access!r}")
        if not isinstance(address, int) or isinstance(address, bool):
            raise TypeError(f"an address is an int, not {address!r}")
        if not 0 <= address < 1 << 8 * process.backend.kernel.target.pointer:
            raise ValueError(f"{address:#x} is no address")
        if size not in (1, 2, 4, 8) or address % size or (access == "x" and size != 1):
            raise ValueError(f"{size} bytes at {address:#x} cannot be watched for {access!r}")
        point = Watchpoint(address, size, access)
        slots = process.control.watched + [None] * (room - len(process.control.watched))
        if point in slots:
            return point
        if None not in slots:
            raise ValueError(f"all {room} watchpoints of the machine are in use")
        slots[slots.index(None)] = point
        self._arm(slots)
        return point

    def remove(self, point: Watchpoint) -> None:
        """Watch no more what this one does; `ValueError` for one that is not there."""
        self._process.need_stopped()
        if point not in self:
            raise ValueError(f"no such watchpoint: {point!r}")
        slots = list(self._process.control.watched)
        slots[slots.index(point)] = None
        self._arm(slots)

    def clear(self) -> None:
        """Remove them all."""
        if any(self._process.control.watched):
            self._process.need_stopped()
            self._arm([])

    def _arm(self, slots: list[Watchpoint | None]) -> None:
        process = self._process
        process.backend.watch(process.pid, [
            None if s is None else (s.address, s.size, s.access) for s in slots])
        process.control.watched = slots

    def __iter__(self) -> Iterator[Watchpoint]:
        return iter([s for s in self._process.control.watched if s is not None])

    def __len__(self) -> int:
        return sum(s is not None for s in self._process.control.watched)

    def __contains__(self, point: object) -> bool:
        return point is not None and point in self._process.control.watched


def hits(process: Process, lwp: int) -> list[Watchpoint]:
    """Those that a thread has just run into; told once."""
    watched = process.control.watched
    if not any(watched):
        return []
    found = [point for n in process.backend.watched(process.pid, lwp)
             if n < len(watched) and (point := watched[n]) is not None]
    if any(point.access == "x" for point in found):
        process.backend.pass_over(process.pid, lwp)
    return found
