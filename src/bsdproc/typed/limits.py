"""Resource limits, and the node rlimit that FreeBSD's and DragonFly's procfs(5) have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple, TypeVar

from bsdproc.typed.records import Malformed
from bsdproc.typed.texts import text

L = TypeVar("L", bound=IntEnum)

_LINE: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_LIMIT: Final = re.compile(rb"(\S+) (-1|\d{1,20}) (-1|\d{1,20})\n")


class Rlimit(NamedTuple):
    """struct rlimit: bounds of a resource in getrlimit(2)'s units, None without a bound."""

    cur: int | None
    """The soft limit: what holds now."""
    max: int | None
    """The hard limit: how far the process may raise the soft one."""


def parse_rlimit(data: bytes, idents: Mapping[str, L]) -> dict[L | str, Rlimit]:
    """The node rlimit, a line for each resource: its name (`idents` of the kernel's
    rlimit_ident) and its bounds; a name that is not among them stays a word.

    `Malformed` for what is none."""
    limits: dict[L | str, Rlimit] = {}
    for line in _LINE.findall(data):
        found = _LIMIT.fullmatch(line)
        if found is None:
            raise Malformed(f"no line of limits: {line[:80]!r}")
        name = text(found[1])
        limits[idents.get(name, name)] = Rlimit(_bound(found[2]), _bound(found[3]))
    return limits


def _bound(digits: bytes) -> int | None:
    value = int(digits)
    if value >> 64 > 0:
        raise Malformed(f"no limit has more than 64 bits: {digits!r}")
    return None if value == -1 else value
