"""What the examples share: programs to look at, and a kernel to run them under.

On a FreeBSD that is the host's own; elsewhere, and with --emulate, an emulated one.
"""

from __future__ import annotations

import struct
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from bsdproc import kernel
from bsdproc.kernel import Kernel

PROGRAMS = Path(__file__).resolve().parent / "programs" / "bin"
ARGUMENTS = [word for word in sys.argv[1:] if word != "--emulate"]
"""The command line's."""


def program(name: str) -> str:
    """The path of an example program, or that of any other."""
    return str((PROGRAMS / name if "/" not in name else Path(name)).absolute())


def kernel_for(*programs: str) -> AbstractContextManager[Kernel]:
    """A kernel that has these programs."""
    if sys.platform.startswith("freebsd") and "--emulate" not in sys.argv:
        return kernel.use(kernel.host())
    from bsdproc.emulator import FreeBSD

    machine = FreeBSD()
    for path in programs:
        machine.install(path, path)
    return machine


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
    """"greet+0x12" for an address inside of greet."""
    start, name = max((value, name) for name, value in names.items() if value <= address)
    return f"{name}+{address - start:#x}"
