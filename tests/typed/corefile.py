"""Core files made for tests: of any machine, with any notes and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

from hypothesis import strategies as st

from bsdproc import abi
from bsdproc.abi.machines import ELF

Note = tuple[str, int, bytes]


@dataclass(frozen=True)
class Load:
    """A segment of memory: what the file has of it may be less than it has."""

    address: int
    data: bytes
    size: int | None = None
    flags: int = 6


def note(order: str, owner: str, kind: int, data: bytes) -> bytes:
    name = owner.encode() + b"\0"
    return (Struct(f"{order}III").pack(len(name), len(data), kind)
            + name.ljust(len(name) + 3 & -4, b"\0") + data.ljust(len(data) + 3 & -4, b"\0"))


def make(system: str, machine: str, notes: Sequence[Note], loads: Sequence[Load] = (), *,
         kind: int = 4, number: int | None = None, many: bool = False) -> bytes:
    """A core file; with `many` its program headers are counted in a section header."""
    target = abi.target(system, machine)
    order, wide = "<" if target.byteorder == "little" else ">", target.pointer == 8
    word = "Q" if wide else "I"
    header = Struct(f"{order}16sHHI{word}{word}{word}IHHHHHH")
    program = Struct(f"{order}IIQQQQQQ" if wide else f"{order}IIIIIIII")
    section = Struct(f"{order}IIQQQQIIQQ" if wide else f"{order}{'I' * 10}")
    table = b"".join(note(order, *one) for one in notes)
    count = len(loads) + 1
    end = header.size + program.size * count
    sections = section.pack(0, 0, 0, 0, 0, 1, 0, count, 0, 0) if many else b""
    at = end + len(sections) + len(table)
    rows = [(4, 4, end + len(sections), 0, len(table), 0)]
    for one in loads:
        size = len(one.data) if one.size is None else one.size
        rows.append((1, one.flags, at, one.address, len(one.data), size))
        at += len(one.data)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1, 0]) + bytes(8)
    parts = [header.pack(ident, kind, ELF[machine] if number is None else number, 1, 0, header.size,
                         end if many else 0, 0, header.size, program.size,
                         0xFFFF if many else count, section.size, int(many), 0)]
    for type_, flags, offset, address, filesz, size in rows:
        parts.append(program.pack(type_, flags, offset, address, 0, filesz, size, 4) if wide else
                     program.pack(type_, offset, address, 0, filesz, size, flags, 4))
    return b"".join([*parts, sections, table, *(one.data for one in loads)])


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """Something good that is cut off, has other bits, or a number that is too large; or bytes at
    random."""
    data = bytearray(good)
    match draw(st.sampled_from(["cut", "bits", "number", "random"])):
        case "cut":
            return bytes(data[: draw(st.integers(0, len(data)))])
        case "bits" if data:
            for _ in range(draw(st.integers(1, 12))):
                data[draw(st.integers(0, len(data) - 1))] ^= 1 << draw(st.integers(0, 7))
            return bytes(data)
        case "number" if len(data) >= 8:
            at = draw(st.integers(0, len(data) - 8)) & -4
            width = draw(st.sampled_from([2, 4, 8]))
            data[at : at + width] = draw(st.sampled_from([b"\xff", b"\0", b"\x7f"])) * width
            return bytes(data)
    return draw(st.binary(max_size=600))
