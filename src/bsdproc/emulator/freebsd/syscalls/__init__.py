"""The system calls of emulated programs, by number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.state import Thread
    from bsdproc.emulator.freebsd.system import System

Function = Callable[["System", "Thread", tuple[int, ...]], Any]
"""A call's work: returns its result (an int, two, or None for 0), or a
generator that ends with it; refuses with `Refused`."""

Entry = tuple[str, int, Function]
"""Name, number of arguments, work."""


def table() -> Mapping[int, Entry]:
    """Every system call that is implemented."""
    from bsdproc.emulator.freebsd.syscalls import (
        fastblock,
        files,
        flock,
        ids,
        jail,
        kqueue,
        memory,
        names,
        poll,
        procdesc,
        process,
        signals,
        sysctl,
        threads,
        time,
    )

    calls: dict[int, Entry] = {}
    for module in (process, signals, threads, memory, time, ids, jail, files, names, poll, sysctl,
                   flock, kqueue, procdesc, fastblock):
        for number, call in module.SYSCALLS.items():
            if number in calls:
                raise ValueError(f"two system calls have number {number}")
            calls[number] = call
    return calls
