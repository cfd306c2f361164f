"""sigfastblock(2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import signed
from bsdproc.emulator.errno import EBUSY, EFAULT, EINVAL, Refused
from bsdproc.emulator.freebsd import fastblock, signals
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.syscalls import Entry
    from bsdproc.emulator.freebsd.system import System

SETPTR, UNBLOCK, UNSETPTR = 1, 2, 3


def sys_sigfastblock(system: System, td: Thread, args: tuple[int, ...]) -> int:
    command, address = signed(args[0]), args[1]
    if command == SETPTR:
        if td.sigblock_address is not None:
            raise Refused(EBUSY)
        if address & 3:
            raise Refused(EINVAL)
        td.sigblock_address = address
        return 0
    if command not in (UNBLOCK, UNSETPTR) or td.sigblock_address is None:
        raise Refused(EINVAL)
    if command == UNBLOCK:
        try:
            found = fastblock.swap(td, fastblock.PENDING, 0)
        except MemoryFault:
            fastblock.clear(td)
            raise Refused(EFAULT) from None
        if found != fastblock.PENDING:
            raise Refused(EBUSY)
        td.sigblock_value = 0
        if len(td.proc.threads) > 1:
            signals.reschedule(system, td, td.sigmask)
        return 0
    if fastblock.fetch(td) is not None:
        raise Refused(EFAULT)
    if fastblock.word(td) not in (0, fastblock.PENDING):
        raise Refused(EBUSY)
    fastblock.clear(td)
    return 0


SYSCALLS: dict[int, Entry] = {
    573: ("sigfastblock", 2, sys_sigfastblock),
}
