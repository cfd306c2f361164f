"""The system calls that BSD kernels share, by name: each module's CALLS.

A system gives them its numbers (`numbered`), beside those of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from bsdproc.emulator.bsd.entry import Entry


def calls() -> dict[str, Entry]:
    """Every shared system call."""
    from bsdproc.emulator.bsd.syscalls import (
        attributes,
        files,
        filetimes,
        flock,
        itimers,
        kqueue,
        messages,
        names,
        poll,
        priority,
        process,
        signals,
        sockets,
        time,
    )

    found: dict[str, Entry] = {}
    for module in (process, signals, time, files, filetimes, names, poll, flock, sockets, messages,
                   kqueue, priority, itimers, attributes):
        found.update(module.CALLS)
    return found


def numbered(numbers: Mapping[int, str]) -> dict[int, Entry]:
    """Shared calls by a system's numbers; `KeyError` for a name that is none."""
    known = calls()
    return {number: known[name] for number, name in numbers.items()}
