"""What a user passes, looked at before the kernel sees it: with FreeBSD's limits."""

from __future__ import annotations

from bsdproc.freebsd.constants.signals import SIG_MAXSIG
from bsdproc.typed import check
from bsdproc.typed.check import integer, length, octets, process, signed, target, unsigned

__all__ = [
    "PID_MAX",
    "integer",
    "length",
    "octets",
    "process",
    "signal",
    "signed",
    "target",
    "unsigned",
]

PID_MAX = 99999
"""The highest process id; LWP ids are above it."""


def signal(value: int, *, zero: bool = True) -> int:
    """A signal number: 0 (none, where allowed) or 1 .. 128."""
    return check.signal(value, SIG_MAXSIG, zero=zero)
