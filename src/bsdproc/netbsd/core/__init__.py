"""Core files of NetBSD: what a kernel wrote of a process, read without one::

    with netbsd.core.read("ls.core") as core:
        print(core.procinfo.name, core.signal)
        for lwp in core.lwps:
            print(lwp.lwpid, hex(lwp.registers.pc))
        sp = core.lwp.registers.sp
        stack = core.memory[sp : sp + 64]

`read` takes the cores of every machine, and those of 32-bit processes, on any host.  Each
note is decoded when it is asked for, into what the request of the same number gives.

What is no core, or damaged, is a `BadCore`, in time and memory that the file's size
bounds; a note that is not there is a `NoNote`, memory that is not there a `NotInCore`.
core(5), elf(5); core_elf32.c.
"""

from __future__ import annotations

from bsdproc.netbsd.core.file import Core, Procinfo, decode, read
from bsdproc.netbsd.core.lwp import Lwp
from bsdproc.typed.core import (
    BadCore,
    ForeignCore,
    Memory,
    NoNote,
    Note,
    NotInCore,
    Segment,
    SegmentFlags,
)
from bsdproc.typed.records import Malformed

__all__ = [
    "BadCore",
    "Core",
    "ForeignCore",
    "Lwp",
    "Malformed",
    "Memory",
    "NoNote",
    "NotInCore",
    "Note",
    "Procinfo",
    "Segment",
    "SegmentFlags",
    "decode",
    "read",
]
