"""A request of ptrace(2) on its way: its number, its arguments, who asks of whom."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.caller import LentBuffer, UserMemory
from bsdproc.emulator.errno import EFAULT, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

# Layouts of amd64.
LWPINFO = struct.Struct("<iii16s16s4x80s20siII")
IO_DESC = struct.Struct("<i4xQQQ")
IOVEC = struct.Struct("<QQ")


Argument = int | LentBuffer
Request = Generator[Sleep | None, int, int]


def copyin(mem: UserMemory, where: Argument, size: int) -> bytes:
    """From the caller's memory; EFAULT."""
    if isinstance(where, LentBuffer):
        if len(where.data) < size:
            raise Refused(EFAULT)
        return bytes(where.data[:size])
    return mem.copyin(where & 0xFFFFFFFFFFFFFFFF, size)


def copyout(mem: UserMemory, where: Argument, data: bytes) -> None:
    """To the caller's memory; EFAULT."""
    if isinstance(where, LentBuffer):
        if len(where.data) < len(data):
            raise Refused(EFAULT)
        where.data[: len(data)] = data
    else:
        mem.copyout(where & 0xFFFFFFFFFFFFFFFF, data)


def number(where: Argument) -> int:
    """The argument as an address."""
    return where.address if isinstance(where, LentBuffer) else where


class Call:
    """One request on its way: who asks, of whom, with what."""

    __slots__ = ("addr", "data", "given", "mem", "p", "request", "system", "td", "td2")

    def __init__(self, system: System, td: Thread, td2: Thread, request: int,
                 addr: Argument, data: int, mem: UserMemory, given: bytes = b"") -> None:
        self.system = system
        self.td = td
        self.td2 = td2
        self.p = td2.proc
        self.request = request
        self.addr = addr
        self.data = data
        self.mem = mem
        self.given = given


def out_limited(c: Call, words: bytes) -> int:
    """MIN(uap->data, sizeof) with a signed size: a negative one is huge."""
    size = min(c.data & 0xFFFFFFFF, len(words)) if c.data >= 0 else len(words)
    copyout(c.mem, c.addr, words[:size])
    return 0
