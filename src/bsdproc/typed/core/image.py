"""The container: an ELF file's header and its program headers, elf(5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import KEEP, Flag
from struct import Struct
from typing import Final, Literal

from bsdproc import abi
from bsdproc.abi.machines import ELF
from bsdproc.typed.core.errors import BadCore, ForeignCore
from bsdproc.typed.core.source import Source

_MAGIC: Final = b"\x7fELF"
_CORE: Final = 4
_LOAD, _NOTE = 1, 4
_XNUM: Final = 0xFFFF
_SEGMENTS_MAX: Final = 1 << 20
"""More than any process has."""


class SegmentFlags(Flag, boundary=KEEP):
    """PF_*: what the process could do with a segment."""

    PF_X = 1
    PF_W = 2
    PF_R = 4


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header: a stretch of memory, and as much of it as the file has."""

    address: int
    size: int
    """Bytes of memory."""
    offset: int
    """Where the file has it."""
    filesz: int
    """Bytes that were written, from the first on."""
    flags: SegmentFlags

    @property
    def end(self) -> int:
        """The address after the last."""
        return self.address + self.size


@dataclass(frozen=True, slots=True)
class Image:
    """What the headers say."""

    number: int
    """e_machine."""
    bits: int
    byteorder: Literal["little", "big"]
    segments: tuple[Segment, ...]
    """Memory, by rising address."""
    notes: tuple[Segment, ...]
    """Where the notes are."""

    def machine(self, system: str) -> str:
        """Which of a system's machines it is; `ForeignCore` for one that is not declared."""
        for name, machine in abi.targets():
            if name == system and ELF[machine] == self.number:
                target = abi.target(system, machine)
                if (target.pointer * 8, target.byteorder) == (self.bits, self.byteorder):
                    return machine
        raise ForeignCore(
            f"a core for ELF machine {self.number}, {self.bits} bits, {self.byteorder}-endian: "
            f"no machine of {system}'s that is declared here"
        )


def parse(source: Source) -> Image:
    """Read the headers.  `BadCore` for what is no ELF core file, or not all there."""
    start = source.read(0, 64)
    if start[:4] != _MAGIC:
        raise BadCore("no ELF file")
    if len(start) < 52 or start[4] not in (1, 2) or start[5] not in (1, 2):
        raise BadCore("an ELF header that is damaged, or not all there")
    bits, order = 32 * start[4], "<>"[start[5] - 1]
    word = "Q" if bits == 64 else "I"
    header = Struct(f"{order}16xHHI{word}{word}{word}IHHHHHH")
    if len(start) < header.size:
        raise BadCore(f"an ELF header of {len(start)} bytes")
    kind, number, _, _, table, sections, _, _, each, count, *_ = header.unpack_from(start)
    if kind != _CORE:
        raise BadCore(f"an ELF file, but no core file: its type is {kind}")
    if count == _XNUM:
        count = _many(source, sections, bits, order)
    found = list(_segments(source, bits, order, table, each, count))
    return Image(
        number, bits, "little" if order == "<" else "big",
        tuple(sorted((one for kind, one in found if kind == _LOAD), key=lambda one: one.address)),
        tuple(one for kind, one in found if kind == _NOTE),
    )


def _many(source: Source, sections: int, bits: int, order: str) -> int:
    """PN_XNUM: a count that does not fit its field is in the first section header."""
    one = Struct(f"{order}{'I' * 10}" if bits == 32 else f"{order}IIQQQQIIQQ")
    count: int = one.unpack(source.whole(sections, one.size, "the section header"))[7]
    return count


def _segments(source: Source, bits: int, order: str, table: int, each: int,
              count: int) -> list[tuple[int, Segment]]:
    # p_flags stands in another place in each class.
    one = Struct(f"{order}IIIIIIII" if bits == 32 else f"{order}IIQQQQQQ")
    if count and each != one.size:
        raise BadCore(f"program headers of {each} bytes")
    if count > _SEGMENTS_MAX:
        raise BadCore(f"{count} program headers")
    data = source.whole(table, each * count, "the program headers")
    found = []
    for row in one.iter_unpack(data):
        if bits == 32:
            kind, offset, address, _, filesz, size, flags, _ = row
        else:
            kind, flags, offset, address, _, filesz, size, _ = row
        if kind == _LOAD and address + size > 1 << bits:
            raise BadCore(f"a segment of {size:#x} bytes at {address:#x}")
        found.append((kind, Segment(address, size, offset, filesz, SegmentFlags(flags & 7))))
    return found
