"""What a user passes, looked at before the kernel sees it: with NetBSD's limits."""

from __future__ import annotations

from bsdproc.netbsd.constants.signals import SIG_MAXSIG
from bsdproc.typed import check
from bsdproc.typed.check import integer, length, octets, process, signed, target, unsigned

__all__ = [
    "integer",
    "length",
    "lwp",
    "octets",
    "process",
    "signal",
    "signed",
    "target",
    "unsigned",
]


def signal(value: int, *, zero: bool = True) -> int:
    """A signal number: 0 (none, where allowed) or 1 .. 63."""
    return check.signal(value, SIG_MAXSIG, zero=zero)


def lwp(value: int, *, zero: bool = True) -> int:
    """An LWP's id: 0 (any, where allowed) or more."""
    number = target(value, "lwp")
    if number == 0 and not zero:
        raise ValueError("lwp must not be 0")
    return number
