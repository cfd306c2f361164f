"""Arguments looked at before a kernel sees them: TypeError, ValueError, and no more.

What a number *means* is the kernel's to judge (a pid that nothing has, a
signal above the last); here stands what the C types can hold at all.
"""

from __future__ import annotations

import os
from typing import SupportsIndex


def whole(name: str, value: SupportsIndex) -> int:
    """`value` as an int: `TypeError` for floats, strings, None and bools' like."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    return value.__index__()


def within(name: str, value: SupportsIndex, low: int, high: int) -> int:
    """An integer from `low` to `high`, both included."""
    number = whole(name, value)
    if not low <= number <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {number}")
    return number


def int32(name: str, value: SupportsIndex) -> int:
    """What an `int` of C holds: pids, requests, options, data."""
    number = value if type(value) is int else whole(name, value)
    if not -0x80000000 <= number <= 0x7FFFFFFF:
        raise ValueError(f"{name} must fit a signed 32-bit int, not {number}")
    return number


def unsigned(name: str, value: SupportsIndex, bits: int) -> int:
    """What an unsigned integer of so many bits holds: addresses, uids."""
    return within(name, value, 0, (1 << bits) - 1)


def size(name: str, value: SupportsIndex) -> int:
    """A length: not negative, and no more than an address space of this host has."""
    return within(name, value, 0, (1 << 63) - 1)


def path(name: str, value: str) -> bytes:
    """A path or argument as the kernel takes it: no NUL in it."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError(f"{name} must not contain a NUL character: {value!r}")
    return encoded


def contents(name: str, value: bytes | bytearray | memoryview) -> bytes:
    """Bytes to hand on: `TypeError` for anything else."""
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(f"{name} must be bytes, a bytearray or a memoryview, "
                        f"not {type(value).__name__}")
    return bytes(value)
