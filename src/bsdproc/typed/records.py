"""Records that a kernel hands out, and what their fields are."""

from __future__ import annotations

from bsdproc.typed.fields import (
    Enumerated,
    Flagged,
    Nested,
    Numbers,
    Pair,
    Seconds,
    SignalSet,
    Tail,
    Text,
)
from bsdproc.typed.record import Field, Malformed, Number, Record

__all__ = [
    "Enumerated",
    "Field",
    "Flagged",
    "Malformed",
    "Nested",
    "Number",
    "Numbers",
    "Pair",
    "Record",
    "Seconds",
    "SignalSet",
    "Tail",
    "Text",
]
