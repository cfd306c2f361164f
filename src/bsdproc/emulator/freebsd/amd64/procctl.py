"""procctl(2)'s commands of the processor: page-table isolation and the width
of linear addresses.  cpu_procctl of x86's procctl code.

The emulated kernel isolates no page tables and its processor has 48-bit
addresses, so that only the wishes for the next exec can be set and read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import PID_MAX, MachineFlag, P
from bsdproc.emulator.bsd.syscalls.args import signed
from bsdproc.emulator.errno import EINVAL, EOPNOTSUPP, ESRCH, Refused
from bsdproc.emulator.freebsd.cred import Priv, priv_check
from bsdproc.emulator.freebsd.kern_proc import pget

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc, Thread
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.system import System

P_PID: Final = 0
PROC_KPTI_CTL, PROC_KPTI_STATUS, PROC_LA_CTL, PROC_LA_STATUS = range(0x10000000, 0x10000004)
KPTI_ENABLE_ON_EXEC, KPTI_DISABLE_ON_EXEC = 1, 2
LA48_ON_EXEC, LA57_ON_EXEC, LA_DEFAULT_ON_EXEC = 1, 2, 3
LA_STATUS_LA48, LA_STATUS_LA57 = 0x01000000, 0x02000000
VALUES: Final = {
    PROC_KPTI_CTL: (KPTI_ENABLE_ON_EXEC, KPTI_DISABLE_ON_EXEC),
    PROC_LA_CTL: (LA48_ON_EXEC, LA57_ON_EXEC, LA_DEFAULT_ON_EXEC),
}
WIDTH: Final = MachineFlag.LA48 | MachineFlag.LA57


def cpu_procctl(system: System, td: Thread, idtype: int, id: int, command: int, address: int,
                mem: UserMemory) -> int:
    """Checks in the kernel's order: the command, P_PID, the privilege for
    KPTI_CTL, the value's address, the value, the process."""
    if command not in (PROC_KPTI_CTL, PROC_KPTI_STATUS, PROC_LA_CTL, PROC_LA_STATUS):
        raise Refused(EINVAL)
    if idtype != P_PID:
        raise Refused(EINVAL)
    if command == PROC_KPTI_CTL:
        priv_check(td, Priv.IO)
    value = 0
    if command in VALUES:
        value = struct.unpack("<i", mem.copyin(address, 4))[0]
        if value not in VALUES[command]:
            raise Refused(EINVAL)
    pid = signed(id)
    if pid > PID_MAX:
        raise Refused(ESRCH)
    p = pget(system, td, pid, see=True, living=True)
    if command == PROC_KPTI_CTL:
        # Enabling does nothing without isolation.
        if value == KPTI_DISABLE_ON_EXEC:
            p.md_flags &= ~MachineFlag.KPTI
    elif command == PROC_LA_CTL:
        _set_width(p, value)
    else:
        mem.copyout(address, struct.pack(
            "<i", _kpti(p) if command == PROC_KPTI_STATUS else _width(p)))
    return 0


def _set_width(p: Proc, value: int) -> None:
    if value == LA57_ON_EXEC:
        raise Refused(EOPNOTSUPP)
    p.md_flags &= ~WIDTH
    if value == LA48_ON_EXEC:
        p.md_flags |= MachineFlag.LA48


def _width(p: Proc) -> int:
    """What is wished, and what is: the kernel's own process has no program that would be
    kept to 48 bits."""
    wish = LA48_ON_EXEC if p.md_flags & MachineFlag.LA48 else LA_DEFAULT_ON_EXEC
    return wish | (LA_STATUS_LA57 if p.flag & P.KPROC else LA_STATUS_LA48)


def _kpti(p: Proc) -> int:
    return KPTI_ENABLE_ON_EXEC if p.md_flags & MachineFlag.KPTI else KPTI_DISABLE_ON_EXEC
