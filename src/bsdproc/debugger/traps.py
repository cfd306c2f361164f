"""What the debugger puts into a process's memory: breakpoint instructions, in the place of
others.  For the rest of the package alone; `breakpoints` is the user's face of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bsdproc.debugger.backend import Backend
from bsdproc.kernel.errors import KernelError


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


class Traps:
    """The breakpoint instructions of one process."""

    __slots__ = ("_backend", "_pid", "_store")

    def __init__(self, backend: Backend, pid: int) -> None:
        self._backend = backend
        self._pid = pid
        self._store = Store()

    def __contains__(self, address: object) -> bool:
        return address in self._store.saved

    def __len__(self) -> int:
        return len(self._store.saved)

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._store.saved))

    # -- one of them -----------------------------------------------------------
    def insert(self, address: int, original: bytes) -> None:
        """Where `original` stands, as the process sees it."""
        # Noted before it is written: an exception in between must not leave it there.
        self._store.saved[address] = original
        self._look_for_call(address)
        self.put_back(address)

    def take_out(self, address: int) -> None:
        store = self._store
        self.lift(address)
        store.removed.add(address)
        del store.saved[address]

    def lift(self, address: int) -> None:
        """Put the original back for a moment."""
        if not self._store.withdrawn:
            self._write(address, self._store.saved[address])

    def put_back(self, address: int) -> None:
        """Undo `lift`, unless it was taken out meanwhile."""
        store = self._store
        if address in store.saved and not store.withdrawn:
            self._write(address, self._backend.breakpoint_instruction)

    def at_call(self, address: int) -> bool:
        """Whether it stands for the instruction of a system call."""
        return address in self._store.calls

    def was_at(self, address: int) -> bool:
        """Whether a trap there is of one that has been taken out since."""
        return address in self._store.removed and self.plain(address)

    def plain(self, address: int) -> bool:
        """Whether no breakpoint instruction lies in the memory there."""
        trap = self._backend.breakpoint_instruction
        try:
            return self._backend.read(self._pid, address, len(trap)) != trap
        except KernelError:
            return True

    # -- all of them -----------------------------------------------------------
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
                self._write(address, self._backend.breakpoint_instruction)
            store.withdrawn = False

    def forget(self) -> None:
        """A new program: there is nothing to take out of it."""
        self._store = Store()

    def inherit(self, other: Traps, *, shared: bool) -> None:
        """A forked child has its parent's in its memory, a vforked one has its
        parent's memory."""
        store = other._store
        self._store = store if shared else Store(
            dict(store.saved), set(store.removed), set(store.calls), store.withdrawn)

    # -- memory that is read and written around them -----------------------------
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
        trap = self._backend.breakpoint_instruction
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
        width = len(self._backend.syscall_instruction)
        for at in store.saved:
            if at - size < address < at + width:
                self._look_for_call(at)

    def _look_for_call(self, address: int) -> None:
        call = self._backend.syscall_instruction
        found = bool(call) and self._sees(address, len(call)) == call
        (self._store.calls.add if found else self._store.calls.discard)(address)

    def _sees(self, address: int, size: int) -> bytes:
        """What the process would read there, as far as that is mapped."""
        try:
            return self.hide(address, self._backend.read(self._pid, address, size))
        except KernelError:
            return b""

    def _write(self, address: int, data: bytes) -> None:
        self._backend.write(self._pid, address, data)
