"""Build the example programs: executables of a BSD for amd64, on any host.

    pip install ziglang
    python examples/programs/build.py [--pie] [--linker PATH] [--system SYSTEM]
        [DIRECTORY [SOURCE ...]]

ziglang brings clang and lld.  Its driver refuses static programs for the BSDs, so
compile and link are two steps.  What is in bin/ (FreeBSD's) and below it was made by this.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMPILE = ("-target", "x86_64-freebsd", "-c", "-O1", "-g0", "-std=c11", "-Wall", "-Wextra",
           "-ffreestanding", "-fno-stack-protector", "-fno-sanitize=all", "-mno-red-zone",
           "-mno-sse", "-fno-builtin", "-fno-asynchronous-unwind-tables",
           "-fno-omit-frame-pointer")
LINK = ("-m", "elf_x86_64_fbsd", "-static", "-z", "noexecstack", "-z", "separate-code",
        "-z", "max-page-size=4096", "--build-id=none")


SYSTEMS = ("freebsd", "netbsd", "dragonfly")


def build(source: Path, program: Path, *, pie: bool = False, system: str = "freebsd",
          linker: str | None = None) -> None:
    """One program; `pie`: position-independent, relocated nowhere but by the kernel, which
    starts `linker` in its place if it names one."""
    zig = (sys.executable, "-m", "ziglang")
    with tempfile.TemporaryDirectory() as scratch:
        compiled = Path(scratch) / "program.o"
        subprocess.run(
            [*zig, "cc", *COMPILE, "-fPIE" if pie else "-fno-pie",
             f"-D{system.upper()}", "-I", str(HERE), "-o", str(compiled), str(source)],
            check=True)
        where = ("-pie",) if pie else ("-no-pie", "--image-base=0x200000")
        named = "--no-dynamic-linker" if linker is None else f"--dynamic-linker={linker}"
        subprocess.run([*zig, "ld.lld", *LINK, *where, named, "-o", str(program),
                        str(compiled)], check=True)
    program.chmod(0o755)


def programs(system: str) -> Path:
    """Where the built ones of a system are kept."""
    return HERE / "bin" if system == "freebsd" else HERE / "bin" / system


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Build the example programs.")
    parser.add_argument("--pie", action="store_true", help="position-independent")
    parser.add_argument("--linker", metavar="PATH", help="the interpreter that it names")
    parser.add_argument("--system", choices=SYSTEMS, default="freebsd")
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("sources", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    directory = options.directory or programs(options.system)
    directory.mkdir(exist_ok=True)
    for source in options.sources or sorted(HERE.glob("*.c")):
        build(source, directory / source.stem, pie=options.pie, system=options.system,
              linker=options.linker)
        print(directory / source.stem)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
