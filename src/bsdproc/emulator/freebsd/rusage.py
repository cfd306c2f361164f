"""struct rusage and struct __wrusage of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.freebsd.state import Usage

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.exit import Found
    from bsdproc.emulator.freebsd.system import System


def _timeval(ns: int) -> dict[str, int]:
    return {"tv_sec": ns // 10**9, "tv_usec": ns % 10**9 // 1000}


def rusage(system: System, usage: Usage) -> bytes:
    """struct rusage."""
    return system.target.struct("struct rusage").pack({
        "ru_utime": _timeval(usage.utime),
        "ru_stime": _timeval(usage.stime),
        "ru_maxrss": usage.maxrss,
        "ru_minflt": usage.minflt,
        "ru_nsignals": usage.nsignals,
        "ru_nvcsw": usage.nvcsw,
        "ru_nivcsw": usage.nivcsw,
    })


def wrusage(system: System, found: Found) -> bytes:
    """struct __wrusage: its own and its children's."""
    return rusage(system, found.own) + rusage(system, found.children)
