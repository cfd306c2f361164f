"""What a user passes, looked at before the kernel sees it.

A wrong type is a TypeError, a wrong range a ValueError.  None is no pid, a bool
is no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

K = TypeVar("K")

_ID_MAX = 0x7FFFFFFF


def integer(value: object, what: str) -> int:
    """A number that is no bool."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    return value


def target(value: int, what: str = "pid") -> int:
    """A process or LWP id: 0 .. 2**31 - 1."""
    if type(value) is not int:
        value = int(integer(value, what))
    if not 0 <= value <= _ID_MAX:
        raise ValueError(f"{what} must be 0 to {_ID_MAX}, not {value}")
    return value


def waited_for(value: int, what: str = "pid") -> int:
    """Whom wait4(2) is asked for: a process id, or 0 and below for several."""
    number = int(integer(value, what))
    if not -_ID_MAX - 1 <= number <= _ID_MAX:
        raise ValueError(f"{what} must be {-_ID_MAX - 1} to {_ID_MAX}, not {number}")
    return number


def process(value: int, what: str = "pid") -> int:
    """A process id that is not 0, which several calls take for something else."""
    if target(value, what) == 0:
        raise ValueError(f"{what} must not be 0")
    return int(value)


def own(kernel: Kernel, pid: int | None) -> int:
    """A process id, the caller's for None."""
    return kernel.getpid() if pid is None else target(pid)


def one_filter(given: Mapping[K, int | None]) -> tuple[K, int] | None:
    """The filter of a list that has a value, and that; None when none has one.

    `ValueError` for two: a kernel takes one."""
    found = [(name, value) for name, value in given.items() if value is not None]
    if len(found) > 1:
        raise ValueError("one filter at most: the kernel takes no more")
    return found[0] if found else None


def signal(value: int, last: int, *, zero: bool = True) -> int:
    """A signal number: 0 (none, where allowed) or 1 .. `last`."""
    number = integer(value, "signal")
    if not (0 if zero else 1) <= number <= last:
        raise ValueError(f"signal must be {0 if zero else 1} to {last}, not {number}")
    return int(number)


def unsigned(value: int, bits: int, what: str) -> int:
    """A number of that many bits without a sign."""
    if type(value) is not int:
        value = int(integer(value, what))
    if value < 0 or value >> bits:
        raise ValueError(f"{what} must be 0 to 2**{bits} - 1, not {value:#x}")
    return value


def signed(value: int, bits: int, what: str) -> int:
    """A number of that many bits with a sign or without; with one in the result."""
    number = integer(value, what)
    if not -(1 << (bits - 1)) <= number < 1 << bits:
        raise ValueError(f"{what} does not fit in {bits} bits: {number:#x}")
    return number - (1 << bits) if number >> (bits - 1) > 0 else int(number)


def length(value: int, what: str = "size") -> int:
    """A count that is not negative."""
    number = integer(value, what)
    if number < 0:
        raise ValueError(f"{what} must not be negative: {number}")
    return int(number)


def octets(value: bytes | bytearray | memoryview, what: str = "data") -> bytes:
    """Bytes, copied."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{what} must be bytes, not {type(value).__name__}")
    return bytes(value)
