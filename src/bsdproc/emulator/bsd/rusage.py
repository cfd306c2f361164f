"""struct rusage and struct __wrusage of a process."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc, Usage


RUSAGE = struct.Struct("<4q 14q")
"""struct rusage of a 64-bit machine: two timevals, and ru_maxrss to ru_nivcsw."""


RUSAGE32 = struct.Struct("<4i 14i")
"""That of i386."""


def rusage(usage: Usage, narrow: bool = False, running: int = 0) -> bytes:
    """struct rusage, `narrow` for i386; `running` nanoseconds are not in it yet."""
    user, system = usage.utime + running, usage.stime
    return (RUSAGE32 if narrow else RUSAGE).pack(
        user // 10**9, user % 10**9 // 1000, system // 10**9, system % 10**9 // 1000,
        usage.maxrss, 0, 0, 0, usage.minflt, 0, 0, 0, 0, 0, 0,
        usage.nsignals, usage.nvcsw, usage.nivcsw)


def of_process(p: Proc, narrow: bool = False) -> bytes:
    """That of a process with its threads (calcru)."""
    running = 0
    for td in p.threads:
        running += td.runtime
    return rusage(p.usage, narrow, running)


def wrusage(p: Proc, narrow: bool = False) -> bytes:
    """struct __wrusage: its own and its collected children's."""
    return of_process(p, narrow) + rusage(p.child_usage, narrow)
