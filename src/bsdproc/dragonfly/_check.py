"""What a user passes, looked at before the kernel sees it: with DragonFly's limits."""

from __future__ import annotations

from bsdproc.dragonfly.constants.signals import SIG_MAXSIG
from bsdproc.typed import check
from bsdproc.typed.check import integer, length, octets, process, signed, target, unsigned

__all__ = [
    "integer",
    "length",
    "octets",
    "process",
    "signal",
    "signed",
    "target",
    "unsigned",
]


def signal(value: int, *, zero: bool = True) -> int:
    """A signal number: 0 (none, where allowed) or 1 .. 128."""
    return check.signal(value, SIG_MAXSIG, zero=zero)
