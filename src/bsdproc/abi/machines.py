"""The targets: every system and machine whose C interface is declared here.

Data alone.  The generator of the layouts reads this table as the library does.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Machine(NamedTuple):
    """What a compiler for one system and machine assumes, as far as layouts depend on it."""

    system: str
    machine: str
    triple: str
    """The compiler's name of the target."""
    pointer: int
    """Bytes of a pointer; `long` and `size_t` are as large on all of these."""
    byteorder: Literal["little", "big"]
    char_signed: bool
    """Whether plain `char` is signed."""
    wide_align: int = 8
    """Alignment of an 8-byte scalar in a struct: 4 on i386."""
    long_double: tuple[int, int] = (16, 16)
    """Size and alignment of `long double`."""

    @property
    def module(self) -> str:
        """The generated module that holds the layouts."""
        return f"{self.system}_{self.machine}"


MACHINES: tuple[Machine, ...] = (
    Machine("freebsd", "amd64", "x86_64-freebsd", 8, "little", True),
    Machine("freebsd", "i386", "x86-freebsd", 4, "little", True, 4, (12, 4)),
    Machine("freebsd", "arm64", "aarch64-freebsd", 8, "little", False),
    Machine("freebsd", "arm", "arm-freebsd-eabihf", 4, "little", False, 8, (8, 8)),
    Machine("freebsd", "riscv64", "riscv64-freebsd", 8, "little", False),
    Machine("freebsd", "powerpc64", "powerpc64-freebsd", 8, "big", False, 8, (8, 8)),
    Machine("freebsd", "powerpc64le", "powerpc64le-freebsd", 8, "little", False, 8, (8, 8)),
    Machine("netbsd", "amd64", "x86_64-netbsd", 8, "little", True),
    Machine("netbsd", "i386", "x86-netbsd", 4, "little", True, 4, (12, 4)),
    Machine("netbsd", "aarch64", "aarch64-netbsd", 8, "little", False),
    Machine("netbsd", "arm", "arm-netbsd-eabihf", 4, "little", False, 8, (8, 8)),
    Machine("netbsd", "riscv64", "riscv64-netbsd", 8, "little", False),
    Machine("netbsd", "riscv32", "riscv32-netbsd", 4, "little", False),
    Machine("netbsd", "powerpc", "powerpc-netbsd-eabihf", 4, "big", False, 8, (8, 8)),
    Machine("netbsd", "sparc", "sparc-netbsd", 4, "big", True, 8, (8, 8)),
    Machine("netbsd", "sparc64", "sparc64-netbsd", 8, "big", True),
    Machine("netbsd", "mipseb", "mips-netbsd-eabi", 4, "big", True, 8, (8, 8)),
    Machine("netbsd", "mipsel", "mipsel-netbsd-eabi", 4, "little", True, 8, (8, 8)),
    Machine("dragonfly", "x86_64", "x86_64-dragonfly", 8, "little", True),
)
"""Every target, FreeBSD's first."""

ELF: dict[str, int] = {
    "amd64": 62, "x86_64": 62, "i386": 3, "arm64": 183, "aarch64": 183, "arm": 40,
    "riscv64": 243, "riscv32": 243, "powerpc64": 21, "powerpc64le": 21, "powerpc": 20,
    "sparc": 2, "sparc64": 43, "mipseb": 8, "mipsel": 8,
}  # fmt: skip
"""e_machine of each machine's ELF files; with the size of a pointer and the byte order it tells
a system's machines apart."""
