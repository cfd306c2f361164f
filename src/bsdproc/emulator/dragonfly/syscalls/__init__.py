"""The system calls of DragonFly's programs, by number."""

from __future__ import annotations

from collections.abc import Mapping

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.syscalls import numbered
from bsdproc.emulator.dragonfly.syscalls.numbers import SHARED


def table() -> Mapping[int, Entry]:
    """Every system call that is implemented."""
    from bsdproc.emulator.dragonfly.syscalls import (
        at,
        files,
        ids,
        kqueue,
        lwps,
        memory,
        mounts,
        process,
        residence,
        signals,
        timers,
    )

    calls: dict[int, Entry] = numbered(SHARED)
    for module in (process, lwps, signals, memory, ids, files, kqueue, at, timers,
                   mounts, residence):
        for number, call in module.SYSCALLS.items():
            if number in calls:
                raise ValueError(f"two system calls have number {number}")
            calls[number] = call
    return calls
