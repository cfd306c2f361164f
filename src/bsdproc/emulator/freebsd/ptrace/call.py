"""A request of ptrace(2) on its way: its number, its arguments, who asks of whom."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

from bsdproc.emulator.bsd.state import Proc, Sleep, Thread
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


class Call(NamedTuple):
    """One request on its way: who asks, of whom, with what."""

    system: System
    td: Thread
    td2: Thread
    p: Proc
    request: int
    addr: Argument
    data: int
    mem: UserMemory
    given: bytes = b""


def out_limited(c: Call, words: bytes) -> int:
    """MIN(uap->data, sizeof) with a signed size: a negative one is huge."""
    size = min(c.data & 0xFFFFFFFF, len(words)) if c.data >= 0 else len(words)
    copyout(c.mem, c.addr, words[:size])
    return 0
