"""Measures the C interface that a system's headers declare, as a compiler sees them.

    python tools/abi_probe.py freebsd amd64 > freebsd-14-amd64.json
    python tools/abi_probe.py --check freebsd amd64

The headers are those that the PyPI package `ziglang` carries: FreeBSD's and NetBSD's, for
every machine of `bsdproc.abi.machines`.  Nothing is executed: layouts come from the debug
information of a compiled object, constants from an array of their values in its data.  The
output has the schema of `bsdproc abi --json`.  A new release's headers are taken in by
measuring them here and bringing `src/bsdproc/abi/decls/` to what is found: --check tells
what differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

import abi_dwarf
from abi_compare import Tally, compare
from abi_headers import HEADERS, Interface
from cmodel import Enum, Row, Type, describe, resolve

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import bsdproc.tools.abi  # noqa: E402
from bsdproc import abi  # noqa: E402
from bsdproc.abi.machines import MACHINES, Machine  # noqa: E402


@dataclass(frozen=True)
class Measurement:
    """What one target's headers declare."""

    target: Machine
    types: dict[str, Type]
    """Every named type of the translation unit, these interfaces' and others."""
    constants: dict[str, int]
    """The macros and enumerators of these interfaces: their values in C, signed or not."""
    interface: Interface

    def structs(self, elements: bool = False) -> dict[str, Row]:
        """The interface's types in the schema of the measurements."""
        return {
            name: describe(made, elements)
            for name, made in sorted(self.types.items())
            if self.interface.takes_type(name, made) and not isinstance(made, Enum)
        }


class Toolchain:
    """ziglang's compiler with a directory of its own for its caches and objects."""

    def __init__(self, target: Machine, directory: Path) -> None:
        self.target = target
        self.directory = directory
        self.environment = os.environ | {
            "ZIG_GLOBAL_CACHE_DIR": str(directory / "cache"),
            "ZIG_LOCAL_CACHE_DIR": str(directory / "cache"),
        }

    def run(self, text: str, *options: str) -> subprocess.CompletedProcess[str]:
        source = self.directory / f"{self.target.module}.c"
        source.write_text(text)
        command = [sys.executable, "-m", "ziglang", "cc", "-target", self.target.triple, "-w"]
        return subprocess.run(
            [*command, *options, str(source)],
            env=self.environment, cwd=self.directory, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def checked(self, text: str, *options: str) -> str:
        done = self.run(text, *options)
        if done.returncode:
            raise RuntimeError(f"{self.target.triple}: the probe does not compile\n{done.stderr}")
        return done.stdout


_DEFINE = re.compile(r"#define (\w+)(?= |$)(.*)")
_MARKER = re.compile(r'# \d+ "([^"]*)"')
_ERROR = re.compile(r"\.c:(\d+):\d+: error:")


def macros(toolchain: Toolchain, prelude: str, interface: Interface) -> dict[str, str]:
    """The interface's object-like macros and their texts, in the headers' order."""
    found: dict[str, str] = {}
    header = ""
    for line in toolchain.checked(prelude, "-E", "-dD").splitlines():
        if marker := _MARKER.match(line):
            header = marker[1]
        elif (define := _DEFINE.match(line)) and define[2].strip():
            if interface.takes_macro(header, define[1]):
                found[define[1]] = define[2].strip()
        elif line.startswith("#undef "):
            found.pop(line.split()[1], None)
    return found


def measure(target: Machine, directory: Path) -> Measurement:
    """Compile the headers for one target and read off what they declare."""
    toolchain = Toolchain(target, directory)
    interface = HEADERS[target.system]
    prelude = interface.source(target.machine)
    texts = macros(toolchain, prelude, interface)
    names = list(texts)
    output = directory / f"{target.module}.o"
    options = (
        "-c", "-gdwarf-4", "-fno-eliminate-unused-debug-types", "-ferror-limit=0",
        "-o", str(output),
    )  # fmt: skip
    # Not every macro is an integer constant: drop what the compiler refuses as one.  It tells
    # of some only when the others are gone.
    first = prelude.count("\n") + 4
    while (done := toolchain.run(prelude + _array(names), *options)).returncode:
        refused = {int(line) - first for line in _ERROR.findall(done.stderr)}
        refused = {line for line in refused if line < len(names)}
        if not refused or min(refused) < 0:
            raise RuntimeError(f"{target.triple}: the headers do not compile\n{done.stderr}")
        names = [name for index, name in enumerate(names) if index not in refused]
    types = abi_dwarf.types(output)
    for name, text in texts.items():
        # NetBSD/sparc64 renames its structs by macro: `struct reg` is known as reg64.
        if f"struct {text}" in types:
            types.setdefault(f"struct {name}", types[f"struct {text}"])
    constants = dict(zip(names, _values(output, len(names)), strict=True))
    for name, made in types.items():
        real = resolve(made)
        if isinstance(real, Enum):
            whole = interface.takes_type(name, made)
            constants |= {
                one: value
                for one, value in real.values.items()
                if whole or interface.takes_macro(real.file, one)
            }
    return Measurement(target, types, constants, interface)


def _array(names: Iterable[str]) -> str:
    rows = "".join(f"(long long)({name}),\n" for name in names)
    signs = "".join(f"BSDPROC_NEGATIVE({name}),\n" for name in names)
    return (
        # A macro may be a pointer's, which has no sign.
        "\n#define BSDPROC_NEGATIVE(x) _Generic((x), char *: 0, const char *: 0, "
        "const unsigned char *: 0, default: (x) < 0)"
        f"\nconst long long bsdproc_values[] = {{\n{rows}}};"
        f"\nconst char bsdproc_negative[] = {{\n{signs}}};\n"
    )


def _values(path: Path, count: int) -> list[int]:
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)

        def contents(name: str) -> bytes:
            symbol = next(one for one in table.iter_symbols() if one.name == name)
            section = elf.get_section(symbol["st_shndx"])
            data: bytes = section.data()[symbol["st_value"] :]
            return data

        values, signs = contents("bsdproc_values"), contents("bsdproc_negative")
        order: Literal["little", "big"] = "little" if elf.little_endian else "big"
    return [
        int.from_bytes(values[8 * index : 8 * index + 8], order, signed=bool(signs[index]))
        for index in range(count)
    ]


def document(measurement: Measurement, elements: bool = False) -> dict[str, object]:
    """A measurement in the schema of `bsdproc abi --json`."""
    target = measurement.target
    return {
        "target": target.triple,
        "pointer": target.pointer,
        "little_endian": target.byteorder == "little",
        "structs": measurement.structs(elements),
        "constants": {
            name: _signed(value) for name, value in sorted(measurement.constants.items())
        },
    }


def _signed(value: int) -> int:
    """As the schema has it: the 64 bits taken as a signed number."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def check(measurement: Measurement) -> Tally:
    """What the library declares of the target against what was measured."""
    row = measurement.target
    declared = bsdproc.tools.abi.document(abi.target(row.system, row.machine), elements=True)
    also = {
        name: describe(made, elements=True)
        for name, made in measurement.types.items()
        if name in cast(dict[str, Row], declared["structs"])
    }
    return compare(declared, document(measurement, elements=True), also=also)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure a target's C interface.")
    parser.add_argument("--check", action="store_true", help="compare with what is declared")
    parser.add_argument("system", choices=sorted(HEADERS))
    parser.add_argument("machine")
    options = parser.parse_args(arguments)
    rows = {(row.system, row.machine): row for row in MACHINES}
    row = rows.get((options.system, options.machine))
    if row is None:
        print(f"no machine {options.machine!r} of {options.system}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        made = measure(row, Path(directory))
    if options.check:
        tally = check(made)
        print(*tally.differences, tally, sep="\n")
        return 1 if tally.differences else 0
    json.dump(document(made), sys.stdout, indent=1, sort_keys=True)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
