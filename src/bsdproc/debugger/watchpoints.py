"""Watchpoints: debug registers that stop a thread at an access."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bsdproc.kernel.errors import NotSupported

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process

Access = Literal["w", "rw", "x"]


@dataclass(frozen=True, slots=True)
class Watchpoint:
    """Stops a thread that writes ("w"), reads or writes ("rw") there, behind
    the access; or executes there ("x"), before the instruction."""

    address: int
    size: int
    access: Access


class Watchpoints:
    """The watchpoints of a process, as many as the machine has slots for."""

    __slots__ = ("_process", "_slots")

    def __init__(self, process: Process) -> None:
        self._process = process
        self._slots: list[Watchpoint | None] = []

    def add(self, address: int, size: int = 8, access: Access = "w") -> Watchpoint:
        """`ValueError` for a size or alignment that the machine cannot watch
        and where all its slots are taken, `NotSupported` where it has none."""
        process = self._process
        process.need_stopped()
        room = process.backend.watch_slots()
        if room == 0:
            raise NotSupported(45, "this machine has no watchpoints here", call="ptrace")
        if access not in ("w", "rw", "x"):
            raise ValueError(f"access is w, rw or x, not {access!r}")
        if size not in (1, 2, 4, 8) or address % size or (access == "x" and size != 1):
            raise ValueError(f"{size} bytes at {address:#x} cannot be watched for {access!r}")
        point = Watchpoint(address, size, access)
        slots = self._slots + [None] * (room - len(self._slots))
        if point in slots:
            return point
        if None not in slots:
            raise ValueError(f"all {room} watchpoints of the machine are in use")
        slots[slots.index(None)] = point
        self._arm(slots)
        return point

    def remove(self, point: Watchpoint) -> None:
        """`ValueError` for one that is not there."""
        self._process.need_stopped()
        slots = list(self._slots)
        slots[slots.index(point)] = None
        self._arm(slots)

    def clear(self) -> None:
        """Remove them all."""
        if any(self._slots):
            self._process.need_stopped()
            self._arm([])

    def _arm(self, slots: list[Watchpoint | None]) -> None:
        process = self._process
        process.backend.watch(process.pid, [
            None if s is None else (s.address, s.size, s.access) for s in slots])
        self._slots = slots

    def __iter__(self) -> Iterator[Watchpoint]:
        return iter([s for s in self._slots if s is not None])

    def __len__(self) -> int:
        return sum(s is not None for s in self._slots)

    # -- for the rest of the package -------------------------------------------
    def forget(self) -> None:
        """A new program has none."""
        self._slots = []

    def arm_thread(self) -> None:
        """A new thread is to be watched like the others."""
        if any(self._slots):
            self._arm(self._slots)

    def at_slots(self, numbers: tuple[int, ...]) -> list[Watchpoint]:
        """Those of these slots."""
        found = [self._slots[n] for n in numbers if n < len(self._slots)]
        return [s for s in found if s is not None]
