"""What a program's struct ps_strings points to: its arguments, its environment and, behind
that, its auxiliary vector.  As they are now: setproctitle(3) moves them."""

from __future__ import annotations

import struct

from bsdproc.emulator.bsd.state import Proc
from bsdproc.emulator.errno import EFAULT, EINVAL, EIO, Refused
from bsdproc.emulator.machine.memory import MemoryFault, TooLong
from bsdproc.emulator.netbsd.amd64.stack import ARG_MAX

VECTOR = struct.Struct("<Qi")
"""Where the pointers are and how many, of the arguments and, 16 bytes on, of the environment."""
ENVIRONMENT = 16


def strings(p: Proc, *, environment: bool) -> list[bytes]:
    """copy_procargs: EINVAL for what cannot be read, or is more than execve takes."""
    if p.space is None or not p.ps_strings:
        return p.env if environment else p.args
    try:
        at, count = VECTOR.unpack(p.space.read(
            p.ps_strings + (ENVIRONMENT if environment else 0), VECTOR.size))
        pointers = struct.unpack(f"<{count}Q", p.space.read(at, 8 * count))
        found: list[bytes] = []
        room = ARG_MAX
        for where in pointers:
            found.append(bytes(p.space.copyinstr(where, room)))
            room -= len(found[-1]) + 1
    except (MemoryFault, TooLong, struct.error, ValueError):
        raise Refused(EINVAL) from None
    return found


def auxv_at(p: Proc) -> int:
    """process_auxv_offset: EIO without memory or an environment, EFAULT where it cannot be
    read."""
    if p.space is None:
        raise Refused(EIO)
    try:
        envp, count = VECTOR.unpack(p.space.read(p.ps_strings + ENVIRONMENT, VECTOR.size))
    except MemoryFault:
        raise Refused(EFAULT) from None
    if envp == 0:
        raise Refused(EIO)
    return int(envp + 8 * (count + 1))
