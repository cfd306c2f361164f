"""Debug registers.

`Thread.dr` holds the sixteen words of struct dbreg; the processor's watch
facility is given them when the thread is about to run.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd.amd64.frame import MAXUSER_LA57, UCODE32, context_of, frame_of

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.state import Thread

DBREG: Final = struct.Struct("<16Q")
DR6_ONES: Final = 0xFFFF0FF0
"""Bits of DR6 that always read as one."""
DR6_BS: Final = 0x4000
DR7_ONE: Final = 0x400
LENGTH_8: Final = 2
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


def clear(td: Thread) -> None:
    """x86_clear_dbregs."""
    td.dr[:] = [0] * 16
    f = frame_of(td)
    f.dbregs = False
    f.due = True
