"""Builds what cffi generates for bsdproc.

    python build_ffi.py

writes the layout module of every system and machine into `src/bsdproc/abi/_layouts/`, which
is what a checkout needs to be run in place.  They are pure Python and need no C compiler; an
installation generates them through setup.py.  On a BSD that also builds `native`, with the
host's compiler and headers.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
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


def layout_paths(root: Path) -> list[Path]:
    """Where the layout modules lie below a directory that holds the package."""
    directory = root.joinpath(*LAYOUTS.split("."))
    return [directory / f"{row.module}.py" for row in MACHINES]


def write_layouts(root: Path) -> None:
    """Generate every layout module below a directory that holds the package."""
    for row, path in zip(MACHINES, layout_paths(root), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        layouts(row.system, row.machine).emit_python_code(str(path))


def native() -> cffi.FFI:
    """The builder of the native module for the BSD that this runs on.

    `SystemExit` with a plain message for another host, or where the compiler or a header is
    missing.
    """
    from bsdproc.kernel import build_native

    system, machine = build_native.host()
    check_headers(f'#include "{build_native.HERE / "_native.c"}"\n'
                  + build_native.includes(system, machine))
    return build_native.builder(
        system, machine, declarations(system, machine, build_native.structs(system))
    )


MISSING = re.compile(
    r"fatal error: '?([\w./]+\.h)'?(?: file not found|: No such)"
    r"|include file '([\w./]+)' not found")
"""What clang, gcc and tcc say of a header."""


def check_headers(source: str) -> None:
    """`SystemExit` if a header that a C text includes is missing, Python's among them."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    include = sysconfig.get_path("include")
    try:
        done = subprocess.run(
            [*compiler, f"-I{include}", "-E", "-x", "c", "-"],
            input=f"#include <Python.h>\n{source}",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise SystemExit(
            f"bsdproc's native module needs a C compiler, and {compiler[0]!r} is not there"
        ) from None
    missing = MISSING.search(done.stderr)
    if missing:
        header = missing[1] or missing[2]
        raise SystemExit(
            f"bsdproc's native module needs the header <{header}>, which is missing: "
            + (
                f"install Python's development files ({include})"
                if header == "Python.h"
                else "install the system's own headers (/usr/include)"
            )
        )


def main() -> int:
    write_layouts(ROOT / "src")
    print(f"{len(MACHINES)} layout modules in src/{LAYOUTS.replace('.', '/')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
