"""Software breakpoints: an instruction put in another's place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bsdproc.kernel.errors import KernelError, from_name

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Stops every thread that comes to `address`, before its instruction."""

    address: int

    def __repr__(self) -> str:
        return f"Breakpoint({self.address:#x})"


@dataclass(slots=True)
class Store:
    """The breakpoints of an address space; the child of a vfork shares its parent's."""

    saved: dict[int, bytes] = field(default_factory=dict)
    """What stands below each."""
    removed: set[int] = field(default_factory=set)
    """Where there was one: a thread may have run into it and not said so yet."""
    calls: set[int] = field(default_factory=set)
    """Those that stand for the instruction of a system call."""
    withdrawn: bool = False
    """They are out of the memory for a while."""


class Breakpoints:
    """The breakpoints of a process: ``add``, ``remove``, ``clear``, iteration, ``in``.

    They are inserted at once, and taken out again when the process is detached
    from.  A hit is reported once each time a thread comes to the address; when
    it goes on, it executes the instruction there first, while the process's
    other threads are held.
    """

    __slots__ = ("_process", "_store")

    def __init__(self, process: Process) -> None:
        self._process = process
        self._store = Store()

    def add(self, address: int) -> Breakpoint:
        """Have every thread stop that comes to this address, before the instruction there.
        Where there is one already nothing changes.

        `KernelError` (EFAULT) where nothing is mapped, `NotStopped` for a process that runs."""
        process, store = self._process, self._store
        process.need_stopped()
        if not isinstance(address, int) or isinstance(address, bool):
            raise TypeError(f"an address is an int, not {address!r}")
        trap = process.backend.breakpoint_instruction
        original = process.memory.read(address, len(trap))
        if len(original) < len(trap):
            raise from_name(process.backend.kernel.system, "EFAULT", call="ptrace",
                            request="breakpoint", target=process.pid,
                            reason=f"{address:#x} is not all mapped")
        # Noted before it is written: an exception in between must not leave it there.
        store.saved[address] = original
        self._look_for_call(address)
        self.put_back(address)
        return Breakpoint(address)

    def remove(self, address: int | Breakpoint) -> None:
        """Take one away, given by itself or by its address; `KeyError` where there is none."""
        where = address.address if isinstance(address, Breakpoint) else address
        store = self._store
        self._process.need_stopped()
        if where not in store.saved:
            raise KeyError(f"no breakpoint at {where:#x}" if isinstance(where, int) else where)
        original = store.saved[where]
        if not store.withdrawn:
            self._write(where, original)
        store.removed.add(where)
        del store.saved[where]
        self._process.control.no_breakpoint(where)

    def clear(self) -> None:
        """Remove them all."""
        for address in list(self._store.saved):
            self.remove(address)

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter([Breakpoint(a) for a in sorted(self._store.saved)])

    def __len__(self) -> int:
        return len(self._store.saved)

    def __contains__(self, address: object) -> bool:
        if isinstance(address, Breakpoint):
            address = address.address
        return address in self._store.saved

    def __repr__(self) -> str:
        return f"<breakpoints at {', '.join(hex(a) for a in sorted(self._store.saved))}>"

    # -- for the rest of the package -------------------------------------------
    def at_call(self, address: int) -> bool:
        """Whether it stands for the instruction of a system call."""
        return address in self._store.calls

    def _look_for_call(self, address: int) -> None:
        call = self._process.backend.syscall_instruction
        found = bool(call) and self._process.memory.read(address, len(call)) == call
        (self._store.calls.add if found else self._store.calls.discard)(address)

    def _write(self, address: int, data: bytes) -> None:
        self._process.backend.write(self._process.pid, address, data)

    def lift(self, address: int) -> None:
        """Put the original back for a moment."""
        if not self._store.withdrawn:
            self._write(address, self._store.saved[address])

    def put_back(self, address: int) -> None:
        """Undo `lift`, unless it was removed meanwhile."""
        store = self._store
        if address in store.saved and not store.withdrawn:
            self._write(address, self._process.backend.breakpoint_instruction)

    def withdraw(self) -> None:
        """Take them out of the memory until `restore`: somebody else runs in it."""
        store = self._store
        if not store.withdrawn:
            for address, original in store.saved.items():
                self._write(address, original)
            store.withdrawn = True

    def restore(self) -> None:
        store = self._store
        if store.withdrawn:
            for address in store.saved:
                self._write(address, self._process.backend.breakpoint_instruction)
            store.withdrawn = False

    def forget(self) -> None:
        """A new program: there is nothing to take out of it."""
        self._store = Store()

    def inherit(self, other: Breakpoints, *, shared: bool) -> None:
        """A forked child has its parent's in its memory, a vforked one has its
        parent's memory."""
        store = other._store
        self._store = store if shared else Store(
            dict(store.saved), set(store.removed), set(store.calls), store.withdrawn)

    def was_at(self, address: int) -> bool:
        """Whether a trap there is a breakpoint's that has been removed since."""
        return address in self._store.removed and self.plain(address)

    def plain(self, address: int) -> bool:
        """Whether no breakpoint instruction lies in the memory there."""
        trap = self._process.backend.breakpoint_instruction
        try:
            return self._process.backend.read(self._process.pid, address, len(trap)) != trap
        except KernelError:
            return True

    def hide(self, address: int, data: bytes) -> bytes:
        """What would be read if there were none."""
        saved = self._store.saved
        if not saved:
            return data
        shown = bytearray(data)
        for at, original in saved.items():
            for i, byte in enumerate(original):
                if 0 <= at + i - address < len(shown):
                    shown[at + i - address] = byte
        return bytes(shown)

    def cover(self, address: int, data: bytes) -> tuple[bytes, dict[int, bytes]]:
        """What is to be written so that they stay, and what then stands below
        those that it covers (`keep` it when the write is done)."""
        store, kept = self._store, dict[int, bytes]()
        if not store.saved:
            return data, kept
        written = bytearray(data)
        trap = self._process.backend.breakpoint_instruction
        for at, original in store.saved.items():
            if at >= address + len(data) or at + len(original) <= address:
                continue
            below = bytearray(original)
            for i in range(len(original)):
                place = at + i - address
                if 0 <= place < len(written):
                    below[i] = written[place]
                    if not store.withdrawn:
                        written[place] = trap[i]
            kept[at] = bytes(below)
        return bytes(written), kept

    def keep(self, below: dict[int, bytes], address: int, size: int) -> None:
        """What was written is there: `size` bytes at `address`."""
        store = self._store
        store.saved.update(below)
        width = len(self._process.backend.syscall_instruction)
        for at in store.saved:
            if at - size < address < at + width:
                self._look_for_call(at)
