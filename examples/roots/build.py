"""Build the folders beside this: of each system a root with dynamically linked programs, and
a linker that starts them, where its own are.

    pip install ziglang
    python examples/roots/build.py

The linker links nothing; with a real system's in its place, and its libraries, the same
root runs that system's programs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE.parent / "programs"
LINKERS = {"freebsd": "/libexec/ld-elf.so.1", "netbsd": "/usr/libexec/ld.elf_so",
           "dragonfly": "/libexec/ld-elf.so.2"}


def build(program: Path, system: str, source: Path, *options: str) -> None:
    """One program of a system."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, str(PROGRAMS / "build.py"), "--system", system, *options,
                        scratch, str(source)], check=True, capture_output=True)
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_bytes((Path(scratch) / source.stem).read_bytes())
    program.chmod(0o755)


def build_root(system: str, root: Path) -> None:
    """The linker, /bin/hello, which can lie anywhere, and /bin/fixed, which cannot."""
    linker = LINKERS[system]
    build(root / linker[1:], system, HERE / "linker.c", "--pie")
    build(root / "bin/hello", system, PROGRAMS / "hello.c", "--pie", "--linker", linker)
    build(root / "bin/fixed", system, PROGRAMS / "hello.c", "--linker", linker)


if __name__ == "__main__":
    for name in LINKERS:
        build_root(name, HERE / name)
