"""C types out of the debug information of a compiled object."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from cmodel import Array, Enum, Function, Member, Pointer, Record, Scalar, Type, Typedef

_KINDS = {
    0x02: "bool", 0x04: "float", 0x05: "int", 0x06: "char", 0x07: "uint", 0x08: "char",
}  # fmt: skip
_QUALIFIERS = {
    "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type", "DW_TAG_atomic_type",
}  # fmt: skip

_NAMED = {
    "DW_TAG_structure_type", "DW_TAG_union_type", "DW_TAG_enumeration_type", "DW_TAG_typedef",
}  # fmt: skip


class _Reader:
    """Builds the type graph of one compile unit."""

    def __init__(self, unit: CompileUnit, files: list[str], pointer: int) -> None:
        self.unit = unit
        self.files = files
        self.pointer = pointer
        self.seen: dict[int, Type | None] = {}

    def text(self, die: DIE, key: str) -> str | None:
        found = die.attributes.get(key)
        return None if found is None else found.value.decode()

    def number(self, die: DIE, key: str, default: int = 0) -> int:
        found = die.attributes.get(key)
        return default if found is None else int(found.value)

    def of(self, die: DIE) -> Type | None:
        """The type that a DIE's DW_AT_type names; None is void."""
        if "DW_AT_type" not in die.attributes:
            return None
        return self.type(die.get_DIE_from_attribute("DW_AT_type"))

    def type(self, die: DIE) -> Type | None:
        if die.offset in self.seen:
            return self.seen[die.offset]
        made = self._make(die)
        self.seen[die.offset] = made
        return made

    def _make(self, die: DIE) -> Type | None:
        name = self.text(die, "DW_AT_name")
        size = self.number(die, "DW_AT_byte_size")
        match die.tag:
            case "DW_TAG_base_type":
                return Scalar(name or "", size, _KINDS[self.number(die, "DW_AT_encoding")])
            case "DW_TAG_enumeration_type":
                values = {
                    self.text(child, "DW_AT_name") or "": self.number(child, "DW_AT_const_value")
                    for child in die.iter_children()
                }
                return Enum(name, values, size, self._file(die))
            case "DW_TAG_pointer_type":
                pointer = Pointer(size or self.pointer, None)
                self.seen[die.offset] = pointer
                if "DW_AT_type" in die.attributes:
                    target = die.get_DIE_from_attribute("DW_AT_type")
                    pointer.const = target.tag == "DW_TAG_const_type"
                    pointer.target = self.type(target)
                return pointer
            case "DW_TAG_array_type":
                dims = tuple(self._count(child) for child in die.iter_children())
                element = self.of(die)
                assert element is not None
                return Array(element, dims)
            case "DW_TAG_typedef":
                assert name is not None
                typedef = Typedef(name, None, self._file(die))
                self.seen[die.offset] = typedef
                typedef.type = self.of(die)
                return typedef
            case "DW_TAG_structure_type" | "DW_TAG_union_type":
                keyword = "struct" if "structure" in die.tag else "union"
                record = Record(keyword, name, self._file(die), size)
                self.seen[die.offset] = record
                record.complete = "DW_AT_declaration" not in die.attributes
                record.members.extend(self._members(die))
                return record
            case "DW_TAG_subroutine_type":
                parameters = tuple(self.of(child) for child in die.iter_children())
                return Function(self.of(die), parameters)
            case tag if tag in _QUALIFIERS:
                return self.of(die)
        raise ValueError(f"no C type is known for {die.tag}")

    def _count(self, die: DIE) -> int:
        if "DW_AT_count" in die.attributes:
            return self.number(die, "DW_AT_count")
        return self.number(die, "DW_AT_upper_bound", -1) + 1

    def _file(self, die: DIE) -> str:
        return self.files[self.number(die, "DW_AT_decl_file")]

    def _members(self, die: DIE) -> Iterator[Member]:
        for child in die.iter_children():
            if child.tag != "DW_TAG_member":
                continue
            made = self.of(child)
            assert made is not None
            bits = child.attributes.get("DW_AT_bit_size")
            yield Member(
                self.text(child, "DW_AT_name"),
                made,
                self.number(child, "DW_AT_data_member_location"),
                None if bits is None else int(bits.value),
            )


_ABSOLUTE = {
    "EM_386": {1: 4},
    "EM_X86_64": {1: 8, 10: 4},
    "EM_AARCH64": {257: 8, 258: 4},
    "EM_ARM": {2: 4},
    "EM_RISCV": {1: 4, 2: 8},
    "EM_PPC": {1: 4},
    "EM_PPC64": {1: 4, 38: 8},
    "EM_SPARC": {3: 4, 23: 4},
    "EM_SPARC32PLUS": {3: 4, 23: 4},
    "EM_SPARCV9": {3: 4, 23: 4, 32: 8, 54: 8},
    "EM_MIPS": {2: 4},
}
"""The relocations of a machine that store an address, with their size in bytes."""


def _relocated(stream: BinaryIO) -> BytesIO:
    """The object with the references between its debug sections filled in.

    pyelftools does so for some machines only.  What relates to code is left as it is: no
    type depends on it.
    """
    elf = ELFFile(stream)
    stream.seek(0)
    data = bytearray(stream.read())
    sizes = _ABSOLUTE[elf["e_machine"]]
    order: Literal["little", "big"] = "little" if elf.little_endian else "big"
    for section in elf.iter_sections():
        if not isinstance(section, RelocationSection) or ".debug_" not in section.name:
            continue
        base = elf.get_section(section["sh_info"])["sh_offset"]
        symbols = elf.get_section(section["sh_link"])
        assert isinstance(symbols, SymbolTableSection)
        for relocation in section.iter_relocations():
            size = sizes.get(relocation["r_info_type"])
            if size is None:
                continue
            start = base + relocation["r_offset"]
            value = symbols.get_symbol(relocation["r_info_sym"])["st_value"]
            value += (
                relocation["r_addend"]
                if relocation.is_RELA()
                else int.from_bytes(data[start : start + size], order)
            )
            data[start : start + size] = (value % (1 << 8 * size)).to_bytes(size, order)
    return BytesIO(bytes(data))


def types(path: Path) -> dict[str, Type]:
    """Every named type in an object file: "struct reg", "siginfo_t", "enum idtype".

    An enumeration without a name gets a number: its constants are wanted.
    """
    found: dict[str, Type] = {}
    with path.open("rb") as stream:
        relocated = _relocated(stream)
    with relocated:
        elf = ELFFile(relocated)
        dwarf = elf.get_dwarf_info(relocate_dwarf_sections=False)
        # The first unit is the only one: what follows it may be a section's padding.
        unit = next(dwarf.iter_CUs())
        reader = _Reader(unit, _files(dwarf.line_program_for_CU(unit)), elf.elfclass // 8)
        for die in unit.iter_DIEs():
            if die.tag not in _NAMED or "DW_AT_declaration" in die.attributes:
                continue
            made = reader.type(die)
            match made:
                case Record(tag=str(tag)):
                    found.setdefault(f"{made.keyword} {tag}", made)
                case Enum(tag=tag):
                    found.setdefault(f"enum {tag or f'#{len(found)}'}", made)
                case Typedef():
                    found.setdefault(made.name, made)
    return found


def _files(program: object) -> list[str]:
    header = program.header  # type: ignore[attr-defined]
    directories = [b"", *header.include_directory]
    return [
        "",
        *((directories[entry.dir_index] + b"/" + entry.name).decode()
          for entry in header.file_entry),
    ]  # fmt: skip
