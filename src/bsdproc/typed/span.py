"""What has a first address and one after the last."""

from __future__ import annotations

from typing import Protocol


class _Ends(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Span:
    """A range of addresses, from `start` to below `end`: its size, and ``address in range``."""

    __slots__ = ()

    @property
    def size(self: _Ends) -> int:
        """Bytes."""
        return self.end - self.start

    def __contains__(self: _Ends, address: int) -> bool:
        return self.start <= address < self.end
