"""Lwps, and what their library stands on: umtx, the pointer to a thread's own memory."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.dragonfly import exit, fork, signals
from bsdproc.emulator.dragonfly.state import MAXCOMLEN, Sleep, Thread
from bsdproc.emulator.errno import (
    EBUSY,
    EINTR,
    EINVAL,
    ENAMETOOLONG,
    ERANGE,
    ERESTART,
    ESRCH,
    Refused,
)

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

LWP_PARAMS: Final = struct.Struct("<5Q")
"""struct lwp_params: function, argument, stack, two addresses for its number."""
EXTEXIT_SETINT, EXTEXIT_LWP = 1, 0x10000
"""What extexit(2) is told: to write the status somewhere, to end the lwp only."""
TLS_INFO: Final = struct.Struct("<Qi4x")
"""struct tls_info: base and size."""


# -- lwps -------------------------------------------------------------------------------
def _create(system: System, td: Thread, address: int) -> int:
    space = space_of(td)
    function, argument, stack, first, second = LWP_PARAMS.unpack(
        space.copyin(address, LWP_PARAMS.size))
    new = fork.lwp_create(system, td, function, argument, stack)
    for where in (first, second):
        if where:
            space.copyout(where, struct.pack("<i", new.tid))
    system.add_thread(td.proc, new)
    return 0


def sys_lwp_create(system: System, td: Thread, args: Args) -> int:
    return _create(system, td, args[0])


def sys_lwp_create2(system: System, td: Thread, args: Args) -> int:
    """With a set of processors, of which there is only one."""
    if args[1] and not space_of(td).copyin(args[1], 8)[0] & 1:
        raise Refused(EINVAL)
    return _create(system, td, args[0])


def sys_lwp_gettid(system: System, td: Thread, args: Args) -> int:
    return td.tid


def sys_lwp_kill(system: System, td: Thread, args: Args) -> int:
    """-1 for the process is the caller's own."""
    pid, tid, sig = (signed(a) for a in args[:3])
    if tid == -1:
        raise Refused(EINVAL)
    signals.kill(system, td, td.proc.pid if pid == -1 else pid, sig, tid)
    return 0


def _lwp(td: Thread, tid: int) -> Thread:
    if tid == -1:
        return td
    for other in td.proc.lwps:
        if other.tid == tid:
            return other
    raise Refused(ESRCH)


def sys_lwp_setname(system: System, td: Thread, args: Args) -> int:
    name = space_of(td).copyin(args[1], MAXCOMLEN + 1)
    if b"\0" not in name:
        raise Refused(ENAMETOOLONG)
    _lwp(td, signed(args[0])).name = name.split(b"\0")[0].decode("utf-8", "surrogateescape")
    return 0


def sys_lwp_getname(system: System, td: Thread, args: Args) -> int:
    name = _lwp(td, signed(args[0])).name.encode("utf-8", "surrogateescape") + b"\0"
    if len(name) > args[2]:
        raise Refused(ERANGE)
    space_of(td).copyout(args[1], name)
    return 0


def sys_extexit(system: System, td: Thread, args: Args) -> Work:
    """The end of an lwp; of the last one, and otherwise asked for, of the process."""
    how, status, where = signed(args[0]), signed(args[1]), args[2]
    action = how & 0xFFFF
    if action == EXTEXIT_SETINT:
        space_of(td).copyout(where, struct.pack("<i", status))
    elif action:
        raise Refused(EINVAL)
    if how & ~0xFFFF == EXTEXIT_LWP and len(td.proc.lwps) > 1:
        yield from exit.lwp_exit(system, td)
    yield from system.exit(td, status)
    return 0


# -- umtx --------------------------------------------------------------------------------
def sys_umtx_sleep(system: System, td: Thread, args: Args) -> Work:
    """Sleep while a word has a value (EBUSY when it has another already), up to
    a time in microseconds."""
    address, value, timeout = args[0], signed(args[1]), signed(args[2])
    if timeout < 0:
        raise Refused(EINVAL)
    space = space_of(td)
    (now,) = struct.unpack("<i", space.copyin(address, 4))
    if now != value:
        raise Refused(EBUSY)
    deadline = system.clock + timeout * 1000 if timeout else None
    error = yield Sleep(("umtx", id(space), address), "umtxsl", deadline)
    if error:
        raise Refused(EINTR if error == ERESTART else error)
    return 0


def sys_umtx_wakeup(system: System, td: Thread, args: Args) -> int:
    """One sleeper, or all of them."""
    space = space_of(td)
    space.copyin(args[0], 4)
    channel = ("umtx", id(space), args[0])
    if signed(args[1]) == 1:
        system.wakeup_one(channel)
    else:
        system.wakeup(channel)
    return 0


# -- a thread's own memory ---------------------------------------------------------------
BASES: Final = ("fs_base", "gs_base")


def sys_set_tls_area(system: System, td: Thread, args: Args) -> int:
    which, where, size = signed(args[0]), args[1], args[2]
    if not 0 <= which < len(BASES) or size != TLS_INFO.size:
        raise Refused(EINVAL)
    base, _ = TLS_INFO.unpack(space_of(td).copyin(where, size))
    system.machdep.set_user_base(td, BASES[which], base)
    return 0


def sys_get_tls_area(system: System, td: Thread, args: Args) -> int:
    which, where, size = signed(args[0]), args[1], args[2]
    if not 0 <= which < len(BASES) or size < TLS_INFO.size:
        raise Refused(EINVAL)
    assert td.context is not None
    space_of(td).copyout(where, TLS_INFO.pack(td.context.get(BASES[which]), -1))
    return 0


SYSCALLS: Final[dict[int, Entry]] = {
    469: ("umtx_sleep", 3, sys_umtx_sleep),
    470: ("umtx_wakeup", 2, sys_umtx_wakeup),
    472: ("set_tls_area", 3, sys_set_tls_area),
    473: ("get_tls_area", 3, sys_get_tls_area),
    494: ("extexit", 3, sys_extexit),
    495: ("lwp_create", 1, sys_lwp_create),
    496: ("lwp_gettid", 0, sys_lwp_gettid),
    497: ("lwp_kill", 3, sys_lwp_kill),
    542: ("lwp_setname", 2, sys_lwp_setname),
    546: ("lwp_create2", 2, sys_lwp_create2),
    549: ("lwp_getname", 3, sys_lwp_getname),
}
