"""Program files: where one is, and why a kernel would not execute it."""

from __future__ import annotations

import os
import shutil
from struct import Struct
from typing import Final, NamedTuple

from bsdproc.abi.machines import ELF
from bsdproc.abi.machines import MACHINES as _TARGETS

MAGIC: Final = b"\x7fELF"

MACHINES: Final[dict[str, tuple[int, int, str]]] = {
    row.machine: (ELF[row.machine], 8 * row.pointer, "<" if row.byteorder == "little" else ">")
    for row in _TARGETS
}
"""e_machine, bits and byte order of bsdproc's machines."""
NUMBERS: Final = {2: "sparc", 3: "i386", 8: "mips", 20: "powerpc", 21: "powerpc64", 40: "arm",
                  43: "sparc64", 62: "amd64", 183: "arm64", 243: "riscv"}
RUNS: Final = {"amd64": ("amd64", "i386"), "arm64": ("arm64", "arm"), "aarch64": ("aarch64", "arm"),
               "powerpc64": ("powerpc64", "powerpc"), "sparc64": ("sparc64", "sparc")}
"""Machines that run a smaller one's programs as well."""

OSABI: Final = {2: "netbsd", 3: "linux", 6: "solaris", 9: "freebsd", 12: "openbsd"}
VENDORS: Final = {b"FreeBSD": "freebsd", b"NetBSD": "netbsd", b"OpenBSD": "openbsd",
                  b"DragonFly": "dragonfly", b"GNU": "linux", b"Android": "linux"}
PT_LOAD, PT_INTERP, PT_NOTE = 1, 3, 4
NT_ABI_TAG: Final = 1


class Segment(NamedTuple):
    """A program header: what the kernel needs to know of a part of the file."""

    kind: int
    offset: int
    size: int


class Program(NamedTuple):
    """What the head of an ELF file says."""

    number: int
    """e_machine."""
    bits: int
    order: str
    """"<" or ">"."""
    system: str | None
    """Whose program it is, None when it does not say."""
    segments: tuple[Segment, ...]
    interpreter: str | None
    """The dynamic linker; None for a static program."""

    @property
    def machine(self) -> str:
        """Its name, as far as the number tells."""
        return NUMBERS.get(self.number, f"machine {self.number}")


class Unsuitable(ValueError):
    """The file is no program, or none for that system and machine."""


def find(name: str) -> str:
    """A program's absolute path, looked for along PATH like a shell does.

    `FileNotFoundError` when there is none."""
    if "/" in name:
        path = os.path.abspath(name)
        if not os.path.exists(path):
            raise FileNotFoundError(2, "no such file", name)
        return path
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(2, "not found along PATH", name)
    return os.path.abspath(found)


def check(data: bytes, system: str, machine: str) -> Program:
    """The program in a file's contents; `Unsuitable` for any other system's or
    machine's, for a file that ends too early and for what is no ELF file."""
    if not data.startswith(MAGIC):
        raise Unsuitable("a truncated file" if MAGIC.startswith(data) else "no ELF program")
    program = read(data)
    known = [MACHINES[one] for one in RUNS.get(machine, (machine,))]
    if (program.number, program.bits, program.order) not in known:
        raise Unsuitable(f"a program for {program.machine} ({program.bits} bits), "
                         f"not for {system}/{machine}")
    if program.system is None:
        raise Unsuitable(f"a program that does not say which system it is for, not {system}'s")
    if program.system != system:
        raise Unsuitable(f"a program for {program.system}, not for {system}/{machine}")
    for segment in program.segments:
        if segment.kind == PT_LOAD and segment.offset + segment.size > len(data):
            raise Unsuitable("a truncated ELF file")
    return program


def read(data: bytes) -> Program:
    """The head of an ELF file; `Unsuitable` when it is not all there."""
    if len(data) < 20 or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise Unsuitable("a truncated or damaged ELF file")
    bits, order = 32 * data[4], "<>"[data[5] - 1]
    word = "Q" if bits == 64 else "I"
    header = Struct(f"{order}16xHHI{word}{word}{word}IHHHHHH")
    if len(data) < header.size:
        raise Unsuitable("a truncated ELF file")
    _, number, _, _, table, _, _, _, each, count, *_ = header.unpack_from(data)
    segments = tuple(_segments(data, bits, order, table, each, count))
    return Program(number, bits, order, _system(data, order, segments), segments,
                   _interpreter(data, segments))


def _segments(data: bytes, bits: int, order: str, table: int, each: int,
              count: int) -> list[Segment]:
    # p_flags stands in front of the offset in the larger one.
    one = Struct(f"{order}I4xQ16xQ" if bits == 64 else f"{order}II8xI")
    if count and (each < one.size or table + each * count > len(data)):
        raise Unsuitable("a truncated ELF file")
    return [Segment(*one.unpack_from(data, table + i * each)) for i in range(count)]


def _system(data: bytes, order: str, segments: tuple[Segment, ...]) -> str | None:
    """By the note that the kernels look for, else by the header's brand."""
    head = Struct(f"{order}III")
    for segment in segments:
        at, end = segment.offset, min(segment.offset + segment.size, len(data))
        while segment.kind == PT_NOTE and at + head.size <= end:
            names, size, kind = head.unpack_from(data, at)
            vendor = data[at + head.size : at + head.size + names].rstrip(b"\0")
            if kind == NT_ABI_TAG and vendor in VENDORS:
                return VENDORS[vendor]
            at += head.size + (names + 3 & -4) + (size + 3 & -4)
    return OSABI.get(data[7])


def _interpreter(data: bytes, segments: tuple[Segment, ...]) -> str | None:
    for segment in segments:
        if segment.kind == PT_INTERP:
            name = data[segment.offset : segment.offset + segment.size]
            return name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    return None
