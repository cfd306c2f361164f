"""struct rusage and struct __wrusage of a process."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.freebsd.state import Usage

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.exit import Found


RUSAGE = struct.Struct("<4q 14q")
"""struct rusage of a 64-bit machine: two timevals, and ru_maxrss to ru_nivcsw."""


def rusage(usage: Usage) -> bytes:
    """struct rusage."""
    user, system = usage.utime, usage.stime
    return RUSAGE.pack(
        user // 10**9, user % 10**9 // 1000, system // 10**9, system % 10**9 // 1000,
        usage.maxrss, 0, 0, 0, usage.minflt, 0, 0, 0, 0, 0, 0,
        usage.nsignals, usage.nvcsw, usage.nivcsw)


def wrusage(found: Found) -> bytes:
    """struct __wrusage: its own and its children's."""
    return rusage(found.own) + rusage(found.children)
