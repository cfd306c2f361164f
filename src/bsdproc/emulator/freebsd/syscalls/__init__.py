"""The system calls of emulated programs, by number."""

from __future__ import annotations

from collections.abc import Mapping

from bsdproc.emulator.bsd.entry import Entry as Entry
from bsdproc.emulator.bsd.entry import Function as Function


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
