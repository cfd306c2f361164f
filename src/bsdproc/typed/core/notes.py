"""Notes: an owner, a type that is the owner's, and bytes; elf(5)."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, Literal, NamedTuple

from bsdproc.typed.core.errors import BadCore

NOTES_MAX: Final = 1 << 30
"""More bytes of notes are taken for damage: a process of ten thousand threads and as many
files has a tenth of it."""


class Note(NamedTuple):
    """One note."""

    owner: str
    """Who defines the type: "FreeBSD", "NetBSD-CORE@1"."""
    type: int
    data: bytes


def walk(data: bytes, byteorder: Literal["little", "big"]) -> Iterator[Note]:
    """The notes of a segment, one behind the other.

    Owner and bytes are each filled up to 4 bytes, in the larger class as well.  `BadCore`
    where one goes on behind the end."""
    header = Struct("<III" if byteorder == "little" else ">III")
    at, end = 0, len(data)
    while at < end:
        if end - at < header.size:
            raise BadCore(f"{end - at} bytes are left where a note begins")
        names, size, kind = header.unpack_from(data, at)
        name = at + header.size
        start = name + (names + 3 & -4)
        if start + size > end:
            raise BadCore(f"a note of type {kind:#x} says that it has {names} and {size} bytes, "
                          f"and {end - name} are left")
        owner = data[name : name + names].partition(b"\0")[0].decode("utf-8", "surrogateescape")
        yield Note(owner, kind, data[start : start + size])
        at = start + (size + 3 & -4)
