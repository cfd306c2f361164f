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
        acl,
        administration,
        aio,
        attributes,
        capability,
        clocks,
        contexts,
        fastblock,
        files,
        ids,
        jail,
        kqueue,
        ktrace,
        memory,
        modules,
        newfiles,
        procdesc,
        process,
        processors,
        residence,
        scheduling,
        shm,
        signals,
        sockets,
        statfs,
        sysctl,
        sysvmsg,
        sysvsem,
        sysvshm,
        threads,
        timers,
        umtx,
    )

    calls: dict[int, Entry] = numbered(SHARED)
    for module in (acl, administration, aio, attributes, capability, clocks, contexts, fastblock,
                   files, ids, jail, kqueue, ktrace, memory, modules, newfiles, procdesc, process,
                   processors, residence, scheduling, shm, signals, sockets, statfs, sysctl,
                   sysvmsg, sysvsem, sysvshm, threads, timers, umtx):
        for number, call in module.SYSCALLS.items():
            if number in calls:
                raise ValueError(f"two system calls have number {number}")
            calls[number] = call
    return calls
