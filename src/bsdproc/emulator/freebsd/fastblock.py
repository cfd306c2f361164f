"""Signals blocked by a word of the program's own (sigfastblock(2)).

While the word that a thread registered counts anything, signals wait as if
they were masked; the kernel marks in the word that some do, and the program
asks for them with SIGFASTBLOCK_UNBLOCK.  The word is looked at when signals
are to be acted on, not before.  The subject of the functions of that name in
FreeBSD's kern_sig.c.
"""

from __future__ import annotations

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.state import KSigInfo, Thread
from bsdproc.emulator.errno import Refused
from bsdproc.emulator.machine.memory import MemoryFault

PENDING = 0x1
FLAGS = 0xF
"""The bits of the word that are no count."""
SEGV_MAPERR, SEGV_ACCERR = 1, 2


def clear(td: Thread) -> None:
    """sigfastblock_clear: the thread has no such word any more."""
    td.sigblock_address, td.sigblock_value, td.sigblock_pending = None, 0, False


def word(td: Thread) -> int:
    """What the word holds; `MemoryFault` when it cannot be read."""
    assert td.proc.space is not None
    assert td.sigblock_address is not None
    return int.from_bytes(td.proc.space.copyin(td.sigblock_address, 4), "little")


def swap(td: Thread, old: int, new: int) -> int:
    """casueword32: what the word held, and now holds `new` if that was `old`.
    It must be writable in any case: `MemoryFault`."""
    assert td.proc.space is not None
    assert td.sigblock_address is not None
    found = word(td)
    value = new if found == old else found
    td.proc.space.copyout(td.sigblock_address, value.to_bytes(4, "little"))
    return found


def fetch(td: Thread) -> KSigInfo | None:
    """sigfastblock_fetch: take the word's count.  The signal that the thread
    gets when there is no word to read: it then has none any more."""
    try:
        td.sigblock_value = word(td) & ~FLAGS
    except (MemoryFault, Refused):
        return _failed(td, SEGV_MAPERR)
    return None


def set_pending(td: Thread) -> KSigInfo | None:
    """sigfastblock_setpend: tell the program that signals wait."""
    if not td.sigblock_pending:
        return None
    try:
        found = word(td)
    except (MemoryFault, Refused):
        return _failed(td, SEGV_MAPERR)
    try:
        swap(td, found, found | PENDING)
    except (MemoryFault, Refused):
        return _failed(td, SEGV_ACCERR)
    td.sigblock_value, td.sigblock_pending = found & ~FLAGS, False
    return None


def _failed(td: Thread, code: int) -> KSigInfo:
    address = td.sigblock_address
    assert address is not None
    clear(td)
    return KSigInfo(signo.SIGSEGV, code, addr=address)
