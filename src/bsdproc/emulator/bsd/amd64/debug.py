"""Debug registers.

`Thread.dr` holds the sixteen words of struct dbreg; the processor's watch
facility is given them when the thread is about to run.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64.frame import MAXUSER, MAXUSER_LA57, UCODE32, context_of, frame_of
from bsdproc.emulator.errno import EINVAL, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.machine.watch import Watchpoint

DBREG: Final = struct.Struct("<16Q")
DR6_ONES: Final = 0xFFFF0FF0
"""Bits of DR6 that always read as one."""
DR6_SLOTS: Final = 0xF
DR6_BS: Final = 0x4000
DR7_ONE: Final = 0x400
DR7_FIXED: Final = 0xFC00
LENGTH_8: Final = 2
LENGTHS: Final = (1, 2, 8, 4)
KINDS: Final = ("x", "w", "w", "rw")
"""By their codes; an I/O breakpoint (2) is never set."""
ACCESS_EXECUTE: Final = 0
ACCESS_IO: Final = 2


def access(dr7: int, slot: int) -> int:
    return dr7 >> 16 + 4 * slot & 3


def length(dr7: int, slot: int) -> int:
    return dr7 >> 18 + 4 * slot & 3


def enabled(dr7: int, slot: int) -> bool:
    return bool(dr7 & 3 << 2 * slot)


def getdbregs(td: Thread) -> bytes:
    """fill_dbregs: struct dbreg; words that no debug register has are 0."""
    dr = td.dr
    return DBREG.pack(dr[0], dr[1], dr[2], dr[3], 0, 0, dr[6], dr[7], 0, 0, 0, 0, 0, 0, 0, 0)


def setdbregs(td: Thread, data: bytes) -> None:
    """set_dbregs: `Refused(EINVAL)` for an I/O breakpoint in any slot, upper
    bits of DR6 or DR7, and an enabled slot's address beyond every program's."""
    dr = list(DBREG.unpack(data))
    dr6, dr7 = dr[6], dr[7]
    f = frame_of(td)
    cs = context_of(td).get("cs")
    for slot in range(4):
        if access(dr7, slot) == ACCESS_IO:
            raise Refused(EINVAL)
        if cs == UCODE32 and length(dr7, slot) == LENGTH_8:
            raise Refused(EINVAL)
    if (dr6 | dr7) >> 32:
        raise Refused(EINVAL)
    if any(enabled(dr7, slot) and dr[slot] >= MAXUSER_LA57 for slot in range(4)):
        raise Refused(EINVAL)
    td.dr[:] = [*dr[:4], 0, 0, dr6, dr7, *[0] * 8]
    f.dbregs = f.due = True


def settle(td: Thread) -> None:
    """What the registers hold once the processor had them: bits that are fixed."""
    td.dr[6] |= DR6_ONES
    td.dr[7] = td.dr[7] & ~DR7_FIXED | DR7_ONE


def watchpoints(dr: Sequence[int]) -> tuple[Watchpoint, ...]:
    """(address, bytes, kind) of each slot, as `Cpu.watch` takes them; no bytes
    for one that is off or lies where no program has memory."""
    found: list[Watchpoint] = []
    for slot in range(4):
        kind, size = KINDS[access(dr[7], slot)], LENGTHS[length(dr[7], slot)]
        if kind == "x":
            size = 1
        if not enabled(dr[7], slot) or dr[slot] >= MAXUSER:
            size = 0
        found.append((dr[slot] & -(size or 1), size, kind))
    return tuple(found)


def execution_hits(td: Thread) -> int:
    """DR6's bits of the slots that break at the next instruction: the processor
    tells of them at the end of a step already."""
    if not frame_of(td).dbregs:
        return 0
    rip, dr7 = context_of(td).get("rip"), td.dr[7]
    return sum(1 << slot for slot in range(4)
               if access(dr7, slot) == ACCESS_EXECUTE and td.dr[slot] == rip)


def load_debug(td: Thread) -> None:
    """Give the processor the thread's debug registers.  To be called before it
    runs if it has some enabled or the processor still has another's."""
    space = td.proc.space
    assert space is not None
    points = watchpoints(td.dr)
    if points != space.cpu.points:
        space.cpu.watch(points)


def clear(td: Thread) -> None:
    """x86_clear_dbregs."""
    td.dr[:] = [0] * 16
    f = frame_of(td)
    f.dbregs = False
    f.due = True
