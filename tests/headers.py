"""The systems' own headers, as the compiler's package carries them: what tests of `toolchain`
hold numbers and names against."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path


def header(system: str, name: str) -> str:
    """The text of one: header("netbsd", "sys/syscall.h")."""
    spec = find_spec("ziglang")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "lib/libc/include" / f"generic-{system}"
    return (folder / name).read_text()


def measure(folder: Path, prelude: str, expressions: Sequence[str]) -> dict[str, int]:
    """The values of C expressions on FreeBSD/amd64, unsigned, behind these includes."""
    from elftools.elf.elffile import ELFFile  # of the emulators' extra: not on every BSD

    source, made = folder / "probe.c", folder / "probe.o"
    lines = "".join(f"    (unsigned long)({e}),\n" for e in expressions)
    source.write_text(f"{prelude}\nunsigned long table[] = {{\n{lines}}};\n")
    subprocess.run(
        [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-freebsd", "-c",
         str(source), "-o", str(made)], check=True, timeout=300)
    with made.open("rb") as f:
        section = ELFFile(f).get_section_by_name(".data")
        assert section is not None
        values = struct.unpack(f"<{len(expressions)}Q", section.data())
    return dict(zip(expressions, values, strict=True))
