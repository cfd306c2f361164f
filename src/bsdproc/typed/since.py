"""Which release of a system brought a request, command or sysctl.

Only those are listed that a kernel in use may lack.  Branches are told apart,
since much comes to the older ones later: for each major version the lowest
version number that has it; a newer major version than the last has it too.
A kernel that answers is believed whatever stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

NEVER: Final = 1 << 31
"""The version of a branch that never got it."""

Dates = Mapping[int, int]
"""The lowest version number of each branch that has something, by major version."""


class Since:
    """The table of one system."""

    def __init__(self, product: str, dates: Mapping[str, Dates], *, major: int,
                 minor: int) -> None:
        """`major` and `minor` are what those parts of a version number count in."""
        self.product = product
        self.dates = dates
        self.major = major
        self.minor = minor

    def unknown_to(self, kernel: Kernel, request: str) -> bool:
        """Whether the running kernel predates it."""
        dates = self.dates.get(request)
        if dates is None:
            return False
        major = kernel.version // self.major
        return kernel.version < dates.get(major, 0 if major > max(dates) else NEVER)

    def release(self, request: str) -> str:
        """The release that brought it: "FreeBSD 13.1"."""
        date = min(d for d in self.dates[request].values() if d != NEVER)
        return f"{self.product} {date // self.major}.{date % self.major // self.minor}"
