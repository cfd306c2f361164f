"""Core files of FreeBSD: what a kernel wrote of a process, read without one::

    with freebsd.core.read("ls.core") as core:
        print(core.prpsinfo.fname, core.signal)
        for thread in core.threads:
            print(thread.lwpid, thread.tdname, hex(thread.registers.pc))
        sp = core.thread.registers.sp
        stack = core.memory[sp : sp + 64]

`read` takes the cores of every machine, those of 32-bit processes and compressed ones
(PC_COMPRESS), on any host.  Each note is decoded when it is asked for, into what the
request or sysctl of the same table gives: a core with one damaged note still has the
others.

What is no core, or damaged, is a `BadCore`, in time and memory that the file's size
bounds; a note that is not there is a `NoNote`, memory that is not there a `NotInCore`.
core(5), elf(5); __elfN(coredump) of imgact_elf.c.
"""

from __future__ import annotations

from bsdproc.freebsd.core.file import Core, Prpsinfo, decode, read
from bsdproc.freebsd.core.thread import Thread
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
    "Malformed",
    "Memory",
    "NoNote",
    "NotInCore",
    "Note",
    "Prpsinfo",
    "Segment",
    "SegmentFlags",
    "Thread",
    "decode",
    "read",
]
