"""Requests of ptrace(2) (<sys/ptrace.h>, <machine/ptrace.h>)."""

from __future__ import annotations

from enum import IntEnum


class Request(IntEnum):
    """PT_*: the requests."""

    PT_TRACE_ME = 0
    PT_READ_I = 1
    PT_READ_D = 2
    PT_WRITE_I = 4
    PT_WRITE_D = 5
    PT_CONTINUE = 7
    PT_KILL = 8
    PT_STEP = 9
    PT_ATTACH = 10
    PT_DETACH = 11
    PT_IO = 12
    PT_FIRSTMACH = 32
    PT_GETREGS = 33
    PT_SETREGS = 34
    PT_GETFPREGS = 35
    PT_SETFPREGS = 36
    PT_GETDBREGS = 37
    PT_SETDBREGS = 38


class IoOp(IntEnum):
    """PIOD_*: operations of PT_IO."""

    PIOD_READ_D = 1
    PIOD_WRITE_D = 2
    PIOD_READ_I = 3
    PIOD_WRITE_I = 4
