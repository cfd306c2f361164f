"""The system calls of emulated programs, by number."""

from __future__ import annotations

from collections.abc import Mapping

from bsdproc.emulator.bsd.entry import Entry as Entry
from bsdproc.emulator.bsd.entry import Function as Function
from bsdproc.emulator.bsd.syscalls import numbered
from bsdproc.emulator.freebsd.syscalls.numbers import SHARED


def table() -> Mapping[int, Entry]:
    """Every system call that is implemented."""
    from bsdproc.emulator.freebsd.syscalls import (
        attributes,
        fastblock,
        files,
        ids,
        jail,
        kqueue,
        memory,
        procdesc,
        process,
        processors,
        scheduling,
        shm,
        signals,
        sockets,
        sysctl,
        threads,
        timers,
        umtx,
    )

    calls: dict[int, Entry] = numbered(SHARED)
    for module in (attributes, process, signals, threads, memory, ids, jail, files, sysctl, kqueue,
                   procdesc, fastblock, sockets, shm, processors, scheduling, timers, umtx):
        for number, call in module.SYSCALLS.items():
            if number in calls:
                raise ValueError(f"two system calls have number {number}")
            calls[number] = call
    return calls
