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
)
"""Every target, FreeBSD's first."""
