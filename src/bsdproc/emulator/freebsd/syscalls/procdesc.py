"""The system calls that make and use process descriptors."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.files import nofile
from bsdproc.emulator.bsd.state import Proc, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.errno import EBADF, EINVAL, ESRCH, Refused
from bsdproc.emulator.freebsd import fork
from bsdproc.emulator.freebsd.procdesc import ProcDesc

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.syscalls import Entry
    from bsdproc.emulator.freebsd.system import System

PD_DAEMON, PD_CLOEXEC = 1, 2

Args = tuple[int, ...]


def _of(td: Thread, fd: int) -> Proc:
    """procdesc_find."""
    file = td.proc.files.get(fd)
    if not isinstance(file, ProcDesc):
        raise Refused(EBADF)
    if file.proc is None:
        raise Refused(ESRCH)
    return file.proc


def sys_pdfork(system: System, td: Thread, args: Args) -> tuple[int, int]:
    flags = signed(args[1])
    if flags & ~(PD_DAEMON | PD_CLOEXEC):
        raise Refused(EINVAL)
    files = td.proc.files
    held = ProcDesc(daemon=bool(flags & PD_DAEMON))
    fd = files.place(held, nofile(td.proc), cloexec=bool(flags & PD_CLOEXEC))
    try:
        pid = fork.fork1(system, td, fork.FORK)
    except Refused:
        files.close(system, fd)
        raise
    child = system.procs[pid]
    child.files.close(system, fd)       # the child has none of itself
    held.proc, child.procdesc = child, held
    space_of(td).copyout(args[0], struct.pack("<i", fd))
    return pid, 0


def sys_pdkill(system: System, td: Thread, args: Args) -> int:
    fd, sig = signed(args[0]), signed(args[1])
    if not 0 <= sig <= signo.SIG_MAX:
        raise Refused(EINVAL)
    p = _of(td, fd)
    system.p_cansignal(td, p, sig)
    if sig:
        system.psignal(p, sig)
    return 0


def sys_pdgetpid(system: System, td: Thread, args: Args) -> int:
    space_of(td).copyout(args[1], struct.pack("<i", _of(td, signed(args[0])).pid))
    return 0


SYSCALLS: dict[int, Entry] = {
    518: ("pdfork", 2, sys_pdfork),
    519: ("pdkill", 2, sys_pdkill),
    520: ("pdgetpid", 2, sys_pdgetpid),
}
