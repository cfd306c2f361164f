"""getcontext(2) and its like.  The subject of kern_context.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.signo import CANNOT_MASK
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, space_of
from bsdproc.emulator.bsd.syscalls.signals import from_set, to_set
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EINVAL, EJUSTRETURN, Refused
from bsdproc.emulator.freebsd.amd64 import context
from bsdproc.emulator.freebsd.syscalls import Entry

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System


def _save(td: Thread, at: int) -> None:
    space_of(td).copyout(at, from_set(td.sigmask) + context.get_mcontext(td))


def _load(td: Thread, at: int) -> int:
    data = space_of(td).copyin(at, context.SIZE32 if narrow(td) else context.SIZE)
    context.set_mcontext(td, data[16:])
    td.sigmask = to_set(data[:16]) - CANNOT_MASK
    return EJUSTRETURN


def sys_getcontext(system: System, td: Thread, args: Args) -> None:
    if not args[0]:
        raise Refused(EINVAL)
    _save(td, args[0])


def sys_setcontext(system: System, td: Thread, args: Args) -> int:
    if not args[0]:
        raise Refused(EINVAL)
    return _load(td, args[0])


def sys_swapcontext(system: System, td: Thread, args: Args) -> int:
    if not args[0] or not args[1]:
        raise Refused(EINVAL)
    _save(td, args[0])
    return _load(td, args[1])


SYSCALLS: dict[int, Entry] = {
    421: ("getcontext", 1, sys_getcontext),
    422: ("setcontext", 1, sys_setcontext),
    423: ("swapcontext", 2, sys_swapcontext),
}
