"""Which of bsdproc's systems and machines a host is.

Read by the build of the native module as well, so the standard library alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

SYSTEMS: Final = ("freebsd", "netbsd", "dragonfly")

_ARCHITECTURES: Final[Mapping[str, Mapping[str, str]]] = {
    "freebsd": {
        "amd64": "amd64",
        "i386": "i386",
        "aarch64": "arm64",
        "armv6": "arm",
        "armv7": "arm",
        "riscv64": "riscv64",
        "powerpc64": "powerpc64",
        "powerpc64le": "powerpc64le",
    },
    "netbsd": {
        "x86_64": "amd64",
        "i386": "i386",
        "aarch64": "aarch64",
        "earmv6hf": "arm",
        "earmv7hf": "arm",
        "earmv7": "arm",
        "riscv64": "riscv64",
        "riscv32": "riscv32",
        "powerpc": "powerpc",
        "sparc": "sparc",
        "sparc64": "sparc64",
        "mipseb": "mipseb",
        "mipsel": "mipsel",
    },
    "dragonfly": {"x86_64": "x86_64"},
}
"""hw.machine_arch (what ``uname -p`` says) to the machine's name in `bsdproc.abi`."""


@cache
def system(platform: str) -> str | None:
    """The system that a ``sys.platform`` means, None where it is no BSD of these."""
    return next((name for name in SYSTEMS if platform.startswith(name)), None)


def machine(system: str, architecture: str) -> str:
    """The machine's name; `ValueError` for one that bsdproc has no layouts of."""
    known = _ARCHITECTURES[system]
    if architecture not in known:
        raise ValueError(
            f"bsdproc knows no {system} on {architecture!r}, only on {', '.join(known)}"
        )
    return known[architecture]
