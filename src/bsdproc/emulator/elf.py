"""ELF programs: what an execve(2) needs to know of one, and mapping it (elf(5))."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from elftools.common.exceptions import ELFError
from elftools.construct import Container
from elftools.construct.core import ConstructError
from elftools.elf.elffile import ELFFile

from bsdproc.emulator.machine.memory import (
    EXEC,
    PAGE,
    READ,
    WRITE,
    AddressSpace,
    Backing,
)

_MASK = PAGE - 1
_FLAGS = ((4, READ), (2, WRITE), (1, EXEC))

_MACHINES = {
    ("EM_X86_64", 64): "amd64",
    ("EM_X86_64", 32): "x32",
    ("EM_386", 32): "i386",
    ("EM_AARCH64", 64): "arm64",
    ("EM_ARM", 32): "arm",
    ("EM_RISCV", 64): "riscv64",
    ("EM_RISCV", 32): "riscv32",
    ("EM_PPC", 32): "powerpc",
    ("EM_PPC64", 64): "powerpc64",
    ("EM_MIPS", 32): "mips",
    ("EM_MIPS", 64): "mips64",
    ("EM_SPARC", 32): "sparc",
    ("EM_SPARCV9", 64): "sparc64",
}
_SYSTEMS_BY_ABI = {
    "ELFOSABI_FREEBSD": "freebsd",
    "ELFOSABI_NETBSD": "netbsd",
    "ELFOSABI_OPENBSD": "openbsd",
    "ELFOSABI_LINUX": "linux",
}
_SYSTEMS_BY_NOTE = {
    b"FreeBSD": "freebsd",
    b"NetBSD": "netbsd",
    b"DragonFly": "dragonfly",
    b"OpenBSD": "openbsd",
}
_NT_ABI_TAG = 1
_NT_FREEBSD_FEATURE_CTL = 4
_INTERPRETER_MAX = 1024


class BadElf(ValueError):
    """No program that can be loaded; the text says why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A PT_LOAD: addresses and sizes in bytes, `flags` of READ, WRITE and EXEC."""

    vaddr: int
    memsz: int
    offset: int
    filesz: int
    flags: int
    align: int


@dataclass(frozen=True, slots=True)
class Image:
    """What a program's headers say."""

    path: str
    machine: str
    """As `bsdproc.abi` names FreeBSD's: "amd64", "i386", "arm64" .."""
    bits: int
    little_endian: bool
    system: str | None
    """By its note, else by EI_OSABI: "freebsd", "netbsd", "dragonfly", "openbsd", "linux"."""
    osrel: int | None
    """The version that the note tells (kern.osreldate, __NetBSD_Version__)."""
    interpreters: tuple[str, ...]
    """The PT_INTERPs: there should be one at most."""
    entry: int
    pie: bool
    """ET_DYN: it can be put anywhere."""
    segments: tuple[Segment, ...]
    phdr_address: int
    """Where the program headers lie in memory, 0 if nowhere; before the base is added."""
    phent: int
    phnum: int
    stack_flags: int | None
    """PT_GNU_STACK's READ, WRITE and EXEC; None without one."""
    fctl: int
    """FreeBSD's feature control note (NT_FREEBSD_FEATURE_CTL), 0 without one."""
    flags: int = 0
    """e_flags."""
    stack_size: int = 0
    """PT_GNU_STACK's size, which asks for a stack of that many bytes."""

    @property
    def interpreter(self) -> str | None:
        """The program that the kernel starts in its place, to link it."""
        return self.interpreters[0] if self.interpreters else None

    @property
    def low(self) -> int:
        """The first page's address, before the base is added."""
        return min(s.vaddr for s in self.segments) & ~_MASK

    @property
    def high(self) -> int:
        """The address behind the last page."""
        return max(s.vaddr + s.memsz for s in self.segments) + _MASK & ~_MASK

    @property
    def size(self) -> int:
        """Bytes of address space from the first to the last page."""
        return self.high - self.low

    @property
    def align(self) -> int:
        """The largest alignment that a segment asks for."""
        return max(s.align for s in self.segments)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Where a program came to lie."""

    base: int
    """What was added to its addresses."""
    entry: int
    phdr: int
    """AT_PHDR, 0 when its headers are not in memory."""
    start: int
    """The first address, rounded down to a page."""
    end_of_bss: int
    """The first address behind it, rounded up to a page: where the break begins."""
    text: tuple[int, int]
    """Start and size in bytes of the executable part."""
    data: tuple[int, int]
    """Start and size in bytes of the other parts."""
    linker: Loaded | None = None
    """Its interpreter."""

    @property
    def begins(self) -> int:
        """Where the first instruction is executed."""
        return self.entry if self.linker is None else self.linker.entry


def _notes(data: bytes, little: bool) -> Iterator[tuple[bytes, int, bytes]]:
    """Owner, type and contents of each note; a broken one ends them."""
    order: Literal["little", "big"] = "little" if little else "big"
    at = 0
    while at + 12 <= len(data):
        namesz, descsz, kind = (
            int.from_bytes(data[at + i : at + i + 4], order) for i in (0, 4, 8))
        name = at + 12
        desc = name + (namesz + 3 & ~3)
        at = desc + (descsz + 3 & ~3)
        if desc + descsz > len(data):
            return
        yield data[name : name + namesz].rstrip(b"\0"), kind, data[desc : desc + descsz]


@dataclass(slots=True)
class _Brand:
    system: str | None = None
    osrel: int | None = None
    fctl: int = 0

    def take(self, notes: bytes, little: bool) -> None:
        order: Literal["little", "big"] = "little" if little else "big"
        for owner, kind, desc in _notes(notes, little):
            system = _SYSTEMS_BY_NOTE.get(owner)
            if system is not None and kind == _NT_ABI_TAG and len(desc) >= 4:
                self.system, self.osrel = system, int.from_bytes(desc[:4], order)
            elif owner == b"GNU" and kind == _NT_ABI_TAG and desc[:4] == bytes(4):
                self.system = self.system or "linux"
            elif owner == b"FreeBSD" and kind == _NT_FREEBSD_FEATURE_CTL and len(desc) >= 4:
                self.fctl = int.from_bytes(desc[:4], order)


def parse(data: bytes, path: str) -> Image:
    """Read a program's headers.  BadElf says what is wrong with it."""
    if data[:4] != b"\x7fELF":
        raise BadElf(f"{path} is no ELF file")
    if len(data) < 64:
        raise BadElf(f"{path} is truncated: {len(data)} bytes do not hold an ELF header")
    try:
        return _parse(data, path)
    except (ELFError, ConstructError, UnicodeDecodeError, AttributeError, KeyError) as e:
        raise BadElf(f"{path} is damaged: {e}") from e


def _parse(data: bytes, path: str) -> Image:
    file = ELFFile(io.BytesIO(data))
    header = file.header
    bits: int = file.elfclass
    little: bool = file.little_endian
    if header.e_type not in ("ET_EXEC", "ET_DYN"):
        raise BadElf(f"{path} is no program: its type is {header.e_type}")
    machine = _MACHINES.get((str(header.e_machine), bits))
    if machine is None:
        raise BadElf(f"{path} is for an unknown machine: {header.e_machine}, {bits} bits")
    if machine == "powerpc64" and little:
        machine = "powerpc64le"
    phoff, phent, phnum = header.e_phoff, header.e_phentsize, header.e_phnum
    if phent != (56 if bits == 64 else 32):
        raise BadElf(f"{path} has program headers of {phent} bytes")
    if phoff + phent * phnum > len(data):
        raise BadElf(f"{path} is truncated: its {phnum} program headers end behind the file")
    segments = []
    interpreters: list[str] = []
    stack_flags: int | None = None
    phdr_address = stack_size = 0
    brand = _Brand()
    for program_header in file.iter_segments():
        p = program_header.header
        offset, filesz = p.p_offset, p.p_filesz
        if p.p_type in ("PT_LOAD", "PT_INTERP", "PT_NOTE") and offset + filesz > len(data):
            raise BadElf(f"{path} is truncated: {p.p_type} ends at {offset + filesz},"
                         f" the file at {len(data)}")
        flags = sum(ours for theirs, ours in _FLAGS if p.p_flags & theirs)
        if p.p_type == "PT_LOAD" and p.p_memsz:
            segments.append(_segment(p, flags, bits, path))
            if offset == 0 and phoff + phent * phnum <= filesz:
                phdr_address = p.p_vaddr + phoff
        elif p.p_type == "PT_PHDR":
            phdr_address = p.p_vaddr
        elif p.p_type == "PT_INTERP":
            if not 1 < filesz <= _INTERPRETER_MAX:
                raise BadElf(f"{path} names an interpreter of {filesz} bytes")
            name, end, _ = data[offset : offset + filesz].partition(b"\0")
            if not end:
                raise BadElf(f"{path} names an interpreter without an end")
            interpreters.append(name.decode("utf-8", "surrogateescape"))
        elif p.p_type == "PT_GNU_STACK":
            stack_flags, stack_size = flags, p.p_memsz
        elif p.p_type == "PT_NOTE":
            brand.take(data[offset : offset + filesz], little)
    if not segments:
        raise BadElf(f"{path} has no segment to load")
    return Image(
        path=path,
        machine=machine,
        bits=bits,
        little_endian=little,
        system=brand.system or _SYSTEMS_BY_ABI.get(str(header.e_ident["EI_OSABI"])),
        osrel=brand.osrel,
        interpreters=tuple(interpreters),
        entry=header.e_entry,
        pie=header.e_type == "ET_DYN",
        segments=tuple(segments),
        phdr_address=phdr_address,
        phent=phent,
        phnum=phnum,
        stack_flags=stack_flags,
        fctl=brand.fctl,
        flags=header.e_flags,
        stack_size=stack_size,
    )


def _segment(p: Container, flags: int, bits: int, path: str) -> Segment:
    """A segment to load, of its program header."""
    if p.p_filesz > p.p_memsz:
        raise BadElf(f"{path} has a segment of {p.p_memsz} bytes with {p.p_filesz} in the file")
    if p.p_vaddr + p.p_memsz > 1 << bits:
        raise BadElf(f"{path} has a segment beyond the {bits}-bit addresses")
    return Segment(p.p_vaddr, p.p_memsz, p.p_offset, p.p_filesz, flags, p.p_align)


def data_start(image: Image, loaded: Loaded) -> int:
    """vm_daddr: where the last part that is not executed begins."""
    others = [part.vaddr for part in image.segments if not part.flags & EXEC]
    return (loaded.base + others[-1]) & -PAGE if others else loaded.text[0]


def load(space: AddressSpace, image: Image, backing: Backing, base: int = 0, *,
         beside: bool = False) -> Loaded:
    """Map a program's segments, `base` added to its addresses (__elfN(load_file)).

    The pages that a segment fills are the file's, private.  The rest, from
    the page in which the file's part ends, is anonymous memory into which
    the last fragment of the file is copied: a small data segment therefore
    has no file behind it.  BadElf when it does not fit user memory, nor, `beside`
    others, where they left room.
    """
    text_start = text_size = data_start = data_size = 0
    low, high = 1 << 64, 0
    for segment in image.segments:
        start = segment.vaddr + base & ~_MASK
        end = segment.vaddr + base + segment.memsz + _MASK & ~_MASK
        if start < space.low or end > space.high:
            raise BadElf(f"{image.path} wants {start:#x} to {end:#x}, which is no user memory")
        if (segment.offset ^ segment.vaddr) & _MASK and segment.filesz:
            raise BadElf(f"{image.path} has a segment at {segment.vaddr:#x}"
                         f" that its file offset {segment.offset:#x} does not fit")
        if beside and any(e.start < end and start < e.end for e in space.entries):
            raise BadElf(f"{image.path} wants {start:#x} to {end:#x}, where the program is")
        _load_segment(space, segment, backing, base)
        low, high = min(low, start), max(high, end)
        if segment.flags & EXEC:
            if end - start > text_size:
                text_start, text_size = start, end - start
        elif end - start > data_size:
            data_start, data_size = start, end - start
    return Loaded(
        base=base,
        entry=image.entry + base,
        phdr=image.phdr_address + base if image.phdr_address else 0,
        start=low,
        end_of_bss=high,
        text=(text_start, text_size),
        data=(data_start, data_size),
    )


def _load_segment(space: AddressSpace, segment: Segment, backing: Backing, base: int) -> None:
    address = segment.vaddr + base
    file_start = segment.offset & ~_MASK
    file_end = segment.offset + segment.filesz
    if segment.filesz == 0:
        mapped = 0
    elif segment.memsz > segment.filesz:
        mapped = (file_end & ~_MASK) - file_start
    else:
        mapped = (file_end + _MASK & ~_MASK) - file_start
    if mapped:
        space.map(address & ~_MASK, mapped, segment.flags, backing=backing, offset=file_start,
                  kind="vnode", mergeable=False, nocore=not segment.flags & WRITE)
    if segment.memsz == segment.filesz:
        return
    rest = address + segment.filesz & ~_MASK
    end = address + segment.memsz + _MASK & ~_MASK
    if end > rest:
        fragment = file_end & _MASK if segment.filesz else 0
        space.map(rest, end - rest, segment.flags,
                  contents=backing.read_at(file_end - fragment, fragment))
