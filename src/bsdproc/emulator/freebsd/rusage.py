"""struct rusage and struct __wrusage of a process."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.freebsd.state import Usage

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.exit import Found


RUSAGE = struct.Struct("<4q 14q")
"""struct rusage of a 64-bit machine: two timevals, and ru_maxrss to ru_nivcsw."""


RUSAGE32 = struct.Struct("<4i 14i")
"""That of i386."""


def rusage(usage: Usage, narrow: bool = False) -> bytes:
    """struct rusage; `narrow` for i386."""
    user, system = usage.utime, usage.stime
    return (RUSAGE32 if narrow else RUSAGE).pack(
        user // 10**9, user % 10**9 // 1000, system // 10**9, system % 10**9 // 1000,
        usage.maxrss, 0, 0, 0, usage.minflt, 0, 0, 0, 0, 0, 0,
        usage.nsignals, usage.nvcsw, usage.nivcsw)


def wrusage(found: Found, narrow: bool = False) -> bytes:
    """struct __wrusage: its own and its children's."""
    return rusage(found.own, narrow) + rusage(found.children, narrow)
