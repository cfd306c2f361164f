"""What an example program's addresses are called."""

from __future__ import annotations

import struct
from pathlib import Path

PAGE = 4096


def symbols(path: str) -> dict[str, int]:
    """A program's functions and variables: the symbol table of its ELF file."""
    elf = Path(path).read_bytes()
    table, = struct.unpack_from("<Q", elf, 40)
    count, = struct.unpack_from("<H", elf, 60)
    # Of each section: type, offset, size, and the section of its strings.
    sections = [struct.unpack_from("<4xI16xQQI", elf, table + 64 * i) for i in range(count)]
    found: dict[str, int] = {}
    for kind, start, size, link in sections:
        if kind == 2:       # SHT_SYMTAB
            for entry in range(start, start + size, 24):
                label, value = struct.unpack_from("<I4xQ", elf, entry)
                begin = sections[link][1] + label
                found[elf[begin : elf.index(b"\0", begin)].decode()] = value
    return found


def nearest(names: dict[str, int], address: int) -> str:
    """"greet+0x12" for an address inside of greet, the number for one far from all."""
    start, name = max(((value, name) for name, value in names.items() if value <= address),
                      default=(0, ""))
    return f"{name}+{address - start:#x}" if address - start < PAGE else hex(address)
