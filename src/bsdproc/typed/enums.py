"""What the systems' enums have in common: unknown values survive.

A newer kernel answers with codes and bits that an older library has no name
for.  Flags keep such bits (``enum.KEEP``); for the others `known` falls back
to the plain integer.
"""

from __future__ import annotations

from enum import Flag, IntEnum
from typing import Any, TypeVar

E = TypeVar("E", bound=IntEnum)
F = TypeVar("F", bound=Flag)


def known(kind: type[E], value: int) -> E | int:
    """The member of `kind` with this value, or the value itself."""
    members: dict[Any, Any] = kind._value2member_map_
    member: E | int = members.get(value, value)
    return member


def flags(kind: type[F], value: int) -> F:
    """`kind(value)`; faster for a value that was met before."""
    members: dict[Any, Any] = kind._value2member_map_
    member: F | None = members.get(value)
    return kind(value) if member is None else member


def name_of(value: object) -> str:
    """A member's C name; what has none, a number above all, as it is."""
    return str(getattr(value, "name", None) or value)


def names(kind: type[Flag], value: int) -> tuple[str, ...]:
    """The C names of the bits set in `value`, unknown ones in hexadecimal."""
    found = [member.name for member in kind if member.value & value and member.name]
    rest = value & ~sum(member.value for member in kind)
    return (*found, hex(rest)) if rest else tuple(found)
