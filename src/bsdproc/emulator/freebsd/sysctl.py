"""FreeBSD's sysctls: its tree, and who may set what.

The nodes are rows of data: those of kern.proc in `kern_proc`, the others in
`sysctl_names`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import sysctl as shared
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.sysctl import MAXPATHLEN as MAXPATHLEN
from bsdproc.emulator.bsd.sysctl import WHOLE as WHOLE
from bsdproc.emulator.bsd.sysctl import Answer as Answer
from bsdproc.emulator.bsd.sysctl import build as build
from bsdproc.emulator.errno import EFAULT, EINVAL, EPERM, Refused
from bsdproc.emulator.freebsd.cred import Priv, priv_check, ucred
from bsdproc.emulator.machine import EXEC, READ
from bsdproc.emulator.machine.physical import PAGE

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System  # noqa: F401 (in the strings below)

Request = shared.Request["System", Thread]
Handler = Callable[[Request, tuple[int, ...]], None]
Row = shared.Row["System", Thread]
Oid = shared.Oid["System", Thread]

CTL_MAXNAME = 24
ADDRESSES = 1 << 64
MAX_WIRED = ("vm.max_user_wired", 1 << 18)
"""How many pages a process may have held in memory."""


class Type(shared.Type):
    """CTLTYPE_."""

    S64 = shared.Type.QUAD
    U64, U8, U16, S8, S16, S32, U32 = range(9, 16)


class Flag(shared.Flag):
    """CTLFLAG_."""

    TUN = 0x00080000 | 0x1000
    """With CTLFLAG_NOFETCH, which the kernel sets when it has looked for the value."""
    MPSAFE, CAPRD, CAPWR = 0x00040000, 0x8000, 0x4000
    NEEDGIANT = 0x0800


def _rows() -> Iterable[Row]:
    from bsdproc.emulator.freebsd import kern_proc, sysctl_ipc, sysctl_names, sysctl_process

    read = Flag.RD | Flag.MPSAFE | Flag.CAPRD
    write = Flag.RW | Flag.ANYBODY | Flag.MPSAFE | Flag.CAPRD | Flag.CAPWR
    return (*TREE.own(Flag.RW | Flag.MPSAFE, read, write),
            Row("sysctl.nextnoskip", 7, Type.NODE, read, "N", TREE.next(False)),
            *sysctl_names.ROWS, *sysctl_ipc.ROWS, *sysctl_process.ROWS,
            *kern_proc.ROWS)


def _may(request: Request, flags: int) -> None:
    """What a capability, the securelevel and privileges allow."""
    writes = request.new is not None
    cred = ucred(request.td.proc)
    if cred.capmode and (
        (request.room is not None and not flags & Flag.CAPRD)
        or (writes and not flags & Flag.CAPWR)
    ):
        raise Refused(EPERM)
    if writes and flags & Flag.SECURE and cred.prison.securelevel > 0:
        raise Refused(EPERM)
    if writes and not flags & Flag.ANYBODY:
        priv_check(request.td, Priv.SYSCTL_WRITEJAIL if flags & Flag.PRISON
                   else Priv.SYSCTL_WRITE)


def wire(request: Request) -> None:
    """sysctl_wire_old_buffer: all the room is there, or else is none (which
    says ENOMEM once there is something to store).

    EINVAL where it runs beyond the last address, EFAULT where part of it
    cannot be read.  Of a process that is no program only the size counts: its
    room is as long as it says."""
    if request.at is None or not request.room:
        return
    start, last = request.at // PAGE * PAGE, request.at + request.room
    end = -(-last // PAGE) * PAGE
    if end > ADDRESSES - 1:
        raise Refused(EINVAL)
    if (end - start) // PAGE > int(request.system.settings.get(MAX_WIRED[0], MAX_WIRED[1])):
        request.room = 0
        return
    space = request.td.proc.space
    while space is not None and start < end:
        entry = space.entry_at(start)
        if entry is None or entry.kind == "guard" or not entry.prot & (READ | EXEC):
            raise Refused(EFAULT)
        start = entry.end


TREE = shared.Tree["System", Thread](_rows, _may, CTL_MAXNAME, wire)
"""All nodes of this kernel."""
find, name2mib, ask = TREE.find, TREE.name2mib, TREE.ask
sysctl, fetch, sysctl_size = TREE.sysctl, TREE.fetch, TREE.size


def tree() -> Oid:
    return TREE.top
