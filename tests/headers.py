"""The systems' own headers, as the compiler's package carries them: what tests of `toolchain`
hold numbers and names against."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def header(system: str, name: str) -> str:
    """The text of one: header("netbsd", "sys/syscall.h")."""
    spec = find_spec("ziglang")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "lib/libc/include" / f"generic-{system}"
    return (folder / name).read_text()
