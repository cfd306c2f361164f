"""Hardware watchpoints: the debug registers' work, done with Unicorn's hooks.

Unicorn leaves QEMU's own watchpoints out.  A memory hook is called before
the access, with its physical address; it notes the hit and lowers the
engine's instruction limit, so that the run ends behind the instruction, as
the processor's data breakpoints do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bsdproc.emulator.machine import _unicorn as uc
from bsdproc.emulator.machine.physical import PAGE, PAGE_SHIFT

if TYPE_CHECKING:
    from bsdproc.emulator.machine.engine import Engine
    from bsdproc.emulator.machine.memory import AddressSpace

Watchpoint = tuple[int, int, str]
"""Address, length in bytes, and kind: "x", "w" or "rw"."""

_KINDS = ("x", "w", "rw")
_WIDEST = 8
"""Unicorn makes no access wider than this; a hook is found by where one begins."""
_MASK = PAGE - 1

Piece = tuple[int, int, int, int, str]
"""Physical address of the first byte, its distance to the watched address, bytes, number, kind."""


class Watch:
    """Watchpoints of one address space."""

    def __init__(self, points: tuple[Watchpoint, ...], engine: Engine,
                 space: AddressSpace) -> None:
        for address, length, kind in points:
            if kind not in _KINDS or length not in (0, 1, 2, 4, 8) or address < 0:
                raise ValueError(f"no watchpoint: {address:#x}, {length} bytes, {kind!r}")
        self.points = points
        self._engine, self._space = engine, space
        self._hooks: list[int] = []
        self._armed: list[Piece] | None = None
        self._memory: Any = None
        self._code: Any = None

    def arm(self) -> None:
        """Put hooks where the watched bytes are now; cheap when nothing moved."""
        pieces = self._pieces()
        if pieces == self._armed:
            return
        self.disarm()
        engine = self._engine
        if self._memory is None:
            self._memory = engine.callback(
                "void(void *, int, uint64_t, int, int64_t, void *)", self._accessed)
            self._code = engine.callback("void(void *, uint64_t, uint32_t, void *)", self._reached)
        for start, _, size, _, kind in pieces:
            hook = uc.UC_HOOK_MEM_WRITE | (uc.UC_HOOK_MEM_READ if kind == "rw" else 0)
            self._hooks.append(engine.add_hook(
                hook, self._memory, begin=start, end=start + size - 1))
        for address, length, kind in self.points:
            if length and kind == "x":
                self._hooks.append(engine.add_hook(
                    uc.UC_HOOK_CODE, self._code, begin=address, end=address))
        self._armed = pieces
        engine.forget_translations()

    def disarm(self) -> None:
        """Take the hooks out."""
        for hook in self._hooks:
            self._engine.remove_hook(hook)
        if self._hooks:
            self._engine.forget_translations()
        self._hooks.clear()
        self._armed = None

    def _pieces(self) -> list[Piece]:
        """Physical ranges in which an access that touches a watched byte begins.
        A page that is not in memory has none: it comes in by a fault."""
        found = []
        for number, (address, length, kind) in enumerate(self.points):
            if not length or kind == "x":
                continue
            at, end = max(address - _WIDEST + 1, 0), address + length
            while at < end:
                size = min(PAGE - (at & _MASK), end - at)
                frame = self._space.frame(at >> PAGE_SHIFT)
                if frame:
                    found.append(
                        ((frame << PAGE_SHIFT) + (at & _MASK), at - address, size, number, kind))
                at += size
        return found

    def _accessed(self, _: Any, kind: int, at: int, size: int, __: int, ___: Any) -> None:
        assert self._armed is not None
        for start, distance, length, number, _kind in self._armed:
            inside = start <= at < start + length and at - start + distance + size > 0
            if inside and (kind != _READ or self.points[number][2] == "rw"):
                self._engine.hit(1 << number, before=False)

    def _reached(self, _: Any, address: int, __: int, ___: Any) -> None:
        for number, (point, length, kind) in enumerate(self.points):
            if length and kind == "x" and point == address:
                self._engine.hit(1 << number, before=True)


_READ = 16
"""UC_MEM_READ."""
