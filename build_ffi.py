"""Builds what cffi generates for bsdproc.

    python build_ffi.py

writes the layout module of every system and machine into `src/bsdproc/abi/_layouts/`.  They
are pure Python and need no C compiler; an installation does the same through setup.py.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

import cffi

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "src")]

import ctext  # noqa: E402
import cwrite  # noqa: E402
from bsdproc.abi.machines import MACHINES, Machine  # noqa: E402

DECLS = ROOT / "src" / "bsdproc" / "abi" / "decls"
LAYOUTS = "bsdproc.abi._layouts"


def find(system: str, machine: str) -> Machine:
    """A row of the table of targets; `ValueError` for one that is not there."""
    for row in MACHINES:
        if (row.system, row.machine) == (system, machine):
            return row
    raise ValueError(f"no C text for {system}/{machine}")


def text(system: str, machine: str) -> ctext.Text:
    """The C text of a target, read and laid out."""
    return ctext.read(DECLS / system / f"{machine}.h", find(system, machine))


def declarations(system: str, machine: str, names: Collection[str] | None = None) -> str:
    """The C text of a target for a module that the target's own compiler builds.

    Types stand as the headers declare them, constants as `#define NAME ...`.  With `names`
    ("struct reg", "PT_IO") only these come, and the types that they need.
    """
    return cwrite.plain(text(system, machine), names)


def layouts(system: str, machine: str) -> cffi.FFI:
    """The builder of one target's layout module: out of line, ABI mode."""
    row = find(system, machine)
    ffi = cffi.FFI()
    ffi.cdef(cwrite.packed(text(system, machine)), packed=True)
    ffi.set_source(f"{LAYOUTS}.{row.module}", None)
    return ffi


def main() -> int:
    directory = ROOT / "src" / Path(*LAYOUTS.split("."))
    for row in MACHINES:
        layouts(row.system, row.machine).emit_python_code(str(directory / f"{row.module}.py"))
    print(f"{len(MACHINES)} layout modules in {directory.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
