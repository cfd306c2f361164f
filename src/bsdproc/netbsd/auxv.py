"""The auxiliary vector: pairs of machine words."""

from __future__ import annotations

from typing import NamedTuple

from bsdproc import abi
from bsdproc.netbsd.constants.auxv import AuxType
from bsdproc.typed.enums import known
from bsdproc.typed.records import Malformed


class AuxEntry(NamedTuple):
    """One entry."""

    type: AuxType | int
    value: int
    """A number or an address, unsigned."""


def parse(machine: str, data: bytes) -> tuple[AuxEntry, ...]:
    """The entries up to AT_NULL, without it.

    `Malformed` for bytes that end before it, or within an entry."""
    target = abi.target("netbsd", machine)
    size, order = target.pointer, target.byteorder
    found: list[AuxEntry] = []
    for at in range(0, len(data) - 2 * size + 1, 2 * size):
        # a_type is 32 bits wide; the rest of its word is padding.
        kind = int.from_bytes(data[at : at + 4], order)
        if kind == AuxType.AT_NULL:
            return tuple(found)
        value = int.from_bytes(data[at + size : at + 2 * size], order)
        found.append(AuxEntry(known(AuxType, kind), value))
    if not data:
        return ()
    raise Malformed(f"an auxiliary vector of {len(data)} bytes does not end with AT_NULL")
