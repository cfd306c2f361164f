"""Arguments looked at before a kernel sees them: TypeError, ValueError, and no more.

What a number *means* is the kernel's to judge (a pid that nothing has, a
signal above the last); here stands what the C types can hold at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from math import inf
from typing import SupportsIndex

_LAST_ID = (1 << 32) - 2
"""(uid_t)-1 is nobody's."""
_LAST_FD = 0x7FFFFF
"""No process may have as many."""


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


def request(request: SupportsIndex, pid: SupportsIndex, data: SupportsIndex) -> None:
    """ptrace(2)'s three ints: `int32` of each, in one call for what is asked most often."""
    if not (type(request) is int and type(pid) is int and type(data) is int
            and 0 <= request <= 0x7FFFFFFF and 0 <= pid <= 0x7FFFFFFF and 0 <= data <= 0x7FFFFFFF):
        int32("request", request)
        int32("pid", pid)
        int32("data", data)


def int64(name: str, value: SupportsIndex) -> int:
    """What an `int64_t` holds: ids, file offsets."""
    return within(name, value, -(1 << 63), (1 << 63) - 1)


def address(name: str, value: object, bits: int) -> int:
    """A pointer that is given as a number, of so many bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an address or a buffer of this kernel's, "
                        f"not {type(value).__name__}")
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


def mode(value: SupportsIndex) -> int:
    """Permission bits."""
    return within("mode", value, 0, 0o7777)


def mount_flags(value: SupportsIndex) -> int:
    """MNT_ bits as an `int` of C has them: the highest of the 32 is its sign."""
    bits = within("flags", value, -1 << 31, (1 << 32) - 1)
    return bits - (1 << 32) if bits >= 1 << 31 else bits


def owner(uid: SupportsIndex, gid: SupportsIndex) -> None:
    """chown's ids, where -1 leaves one as it is."""
    within("uid", uid, -1, _LAST_ID)
    within("gid", gid, -1, _LAST_ID)


def ids(uid: SupportsIndex | None, gid: SupportsIndex | None,
        groups: Sequence[SupportsIndex] | None) -> None:
    """Whom a child is to become, each where it is given."""
    for name, value in (("uid", uid), ("gid", gid), *(("a group", g) for g in groups or ())):
        if value is not None:
            within(name, value, 0, _LAST_ID)


def arguments(argv: Sequence[str]) -> list[bytes]:
    """A program's arguments, argv[0] first."""
    if isinstance(argv, str) or not argv:
        raise ValueError("argv must be a sequence of strings, argv[0] first")
    return [path("argv", argument) for argument in argv]


def mapping(what: str, value: object) -> None:
    """What is looked up by name or number."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} is a mapping, not {type(value).__name__}")


def environment(env: Mapping[str, str]) -> list[bytes]:
    """The strings of environ(7)."""
    mapping("env", env)
    strings = []
    for name, value in env.items():
        if not name or (isinstance(name, str) and "=" in name):
            raise ValueError(f"{name!r} is no name of an environment variable")
        strings.append(path("env", name) + b"=" + path("env", value))
    return strings


def descriptors(fds: Mapping[int, int]) -> list[tuple[int, int]]:
    """Pairs of a child's and its parent's descriptor, in the child's order."""
    mapping("fds", fds)
    return sorted(
        (within("a descriptor of the child", child, 0, _LAST_FD),
         within("a descriptor", parent, 0, 0x7FFFFFFF))
        for child, parent in fds.items()
    )


def seconds(value: float) -> None:
    """A length of time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"seconds are a number, not {type(value).__name__}")
    if not 0 <= value < inf:
        raise ValueError(f"{value} seconds")


def sysctl(mib: Sequence[int] | str, new: bytes | None, room: int | None) -> None:
    """A sysctl's name or numbers, its new value and the room for the old one."""
    if isinstance(mib, str):
        path("the sysctl's name", mib)
    elif isinstance(mib, bytes | bytearray):
        raise TypeError(f"a sysctl's name is a str, not {type(mib).__name__}")
    else:
        for number in mib:
            int32("a sysctl's number", number)
    if new is not None:
        contents("new", new)
    if room is not None:
        size("room", room)
