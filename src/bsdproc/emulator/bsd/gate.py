"""One thread at a time inside an emulated kernel.

Every call of the port goes through the gate.  A call that lets time pass, a wait above
all, gives way now and then to threads that stand there, so that one thread can wait for
a process while another one signals it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from threading import Condition, RLock, get_ident
from time import monotonic
from typing import Final

OPEN: Final = 0.0002
"""Seconds of the host's that a gate stands open."""
SHUT: Final = 0.002
"""And that it is shut in between, where more than one thread is about."""


class Gate:
    """Who is inside, and since when."""

    __slots__ = ("_opened", "_opens", "inside", "last")

    def __init__(self) -> None:
        self.inside: Final = RLock()
        """Held by who is inside, and has come by `way_in`."""
        self._opens = Condition(self.inside)
        self._opened = 0.0
        self.last: int | None = None
        """The only thread that has come yet; 0 when there were more."""

    def way_in(self) -> AbstractContextManager[object]:
        """Inside is who holds this."""
        if self.last != get_ident():
            self.comes()
        return self.inside

    def comes(self) -> None:
        """Before a thread goes in that is not the `last`: `way_in` for those who spare
        its call."""
        self.last = get_ident() if self.last is None else 0

    def give_way(self) -> bool:
        """Called inside: whether others could come in meanwhile, so that nothing need be
        as it was."""
        # Two threads that come first of all at once see None both, and either's id may stay.
        if self.last == get_ident() or monotonic() - self._opened < SHUT:
            return False
        self._opens.wait(OPEN)
        self._opened = monotonic()
        return True
