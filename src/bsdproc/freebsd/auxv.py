"""The auxiliary vector: pairs of machine words (Elf_Auxinfo)."""

from __future__ import annotations

from dataclasses import dataclass

from bsdproc import abi
from bsdproc.freebsd.constants.auxv import AuxType
from bsdproc.typed.enums import known
from bsdproc.typed.records import Malformed


@dataclass(frozen=True, slots=True)
class AuxEntry:
    """An entry of the auxiliary vector (Elf_Auxinfo)."""

    type: AuxType | int
    value: int
    """A number or an address in the process, unsigned."""


def parse(machine: str, data: bytes) -> tuple[AuxEntry, ...]:
    """The entries, with AT_NULL at their end.

    `Malformed` for bytes that end within an entry."""
    target = abi.target("freebsd", machine)
    size, order = target.pointer, target.byteorder
    if len(data) % (2 * size):
        raise Malformed(f"{len(data)} bytes are no whole number of Elf_Auxinfo")
    words = [int.from_bytes(data[at : at + size], order) for at in range(0, len(data), size)]
    return tuple(
        AuxEntry(known(AuxType, kind), value)
        for kind, value in zip(words[::2], words[1::2], strict=True)
    )
