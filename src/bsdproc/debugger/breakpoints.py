"""Software breakpoints, as users set them; `traps` puts them into the memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.kernel.errors import from_name

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Stops every thread that comes to `address`, before its instruction."""

    address: int

    def __repr__(self) -> str:
        return f"Breakpoint({self.address:#x})"


class Breakpoints:
    """The breakpoints of a process: ``add``, ``remove``, ``clear``, iteration, ``in``.

    They are inserted at once, and taken out again when the process is detached
    from.  A hit is reported once each time a thread comes to the address; when
    it goes on, it executes the instruction there first, while the process's
    other threads are held.
    """

    __slots__ = ("_process", "_traps")

    def __init__(self, process: Process) -> None:
        self._process = process
        self._traps = process.control.traps

    def add(self, address: int) -> Breakpoint:
        """Have every thread stop that comes to this address, before the instruction there.
        Where there is one already nothing changes.

        `KernelError` (EFAULT) where nothing is mapped, `NotStopped` for a process that runs."""
        process = self._process
        process.need_stopped()
        if not isinstance(address, int) or isinstance(address, bool):
            raise TypeError(f"an address is an int, not {address!r}")
        trap = process.backend.breakpoint_instruction
        original = process.memory.read(address, len(trap))
        if len(original) < len(trap):
            raise from_name(process.backend.kernel.system, "EFAULT", call="ptrace",
                            request="breakpoint", target=process.pid,
                            reason=f"{address:#x} is not all mapped")
        self._traps.insert(address, original)
        return Breakpoint(address)

    def remove(self, address: int | Breakpoint) -> None:
        """Take one away, given by itself or by its address; `KeyError` where there is none."""
        where = address.address if isinstance(address, Breakpoint) else address
        self._process.need_stopped()
        if where not in self._traps:
            raise KeyError(f"no breakpoint at {where:#x}" if isinstance(where, int) else where)
        self._traps.take_out(where)
        self._process.control.no_breakpoint(where)

    def clear(self) -> None:
        """Remove them all."""
        for address in list(self._traps):
            self.remove(address)

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter([Breakpoint(a) for a in self._traps])

    def __len__(self) -> int:
        return len(self._traps)

    def __contains__(self, address: object) -> bool:
        if isinstance(address, Breakpoint):
            address = address.address
        return address in self._traps

    def __repr__(self) -> str:
        return f"<breakpoints at {', '.join(hex(a) for a in self._traps)}>"
