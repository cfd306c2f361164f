"""Signals: dispositions, waiting for them, the way back from a handler."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.signo import SA_NOCLDSTOP, SA_NOCLDWAIT, SIGCHLD
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.signals import from_set, to_set
from bsdproc.emulator.dragonfly.signals import delete, sigaction
from bsdproc.emulator.dragonfly.signo import CANNOT_MASK, SIG_MAX
from bsdproc.emulator.dragonfly.state import SigAction, Sleep, Thread
from bsdproc.emulator.errno import (
    EAGAIN,
    EINTR,
    EINVAL,
    EJUSTRETURN,
    ERESTART,
    EWOULDBLOCK,
    Refused,
)

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

SIGACTION: Final = struct.Struct("<Qi16s4x")
"""struct sigaction: handler, flags, mask."""
TIMESPEC: Final = struct.Struct("<qq")


def sys_sigaction(system: System, td: Thread, args: Args) -> int:
    sig, new, old = signed(args[0]), args[1], args[2]
    space, p = space_of(td), td.proc
    given = SIGACTION.unpack(space.copyin(new, SIGACTION.size)) if new else None
    if not 0 < sig <= SIG_MAX:
        raise Refused(EINVAL)
    was = p.sigacts[sig]
    flags = was.flags & ~(SA_NOCLDSTOP | SA_NOCLDWAIT)
    if sig == SIGCHLD:
        flags |= SA_NOCLDSTOP if p.sigacts.flag_nocldstop else 0
        flags |= SA_NOCLDWAIT if p.sigacts.flag_nocldwait else 0
    if given is not None:
        handler, new_flags, mask = given
        sigaction(p, sig, SigAction(handler, new_flags, to_set(mask)))
    if old:
        space.copyout(old, SIGACTION.pack(was.handler, flags, from_set(was.mask)))
    return 0


def sys_sigsuspend(system: System, td: Thread, args: Args) -> Work:
    mask = to_set(space_of(td).copyin(args[0], 16)) - CANNOT_MASK
    td.oldsigmask, td.sigmask = td.sigmask, mask
    while not (yield Sleep(("pause", td), "pause")):
        pass
    raise Refused(EINTR)


def _take(system: System, td: Thread, wanted: frozenset[int],
          deadline: int | None) -> Work:
    """kern_sigtimedwait: a signal of these; EAGAIN when the time is over."""
    wanted -= CANNOT_MASK
    while True:
        waiting = {*td.siglist, *td.proc.siglist} & wanted
        if waiting:
            sig: int = min(waiting)
            delete(td, sig)
            return sig
        mask, td.sigmask = td.sigmask, td.sigmask - wanted
        try:
            error = yield Sleep(("sigwt", td), "sigwt", deadline)
        finally:
            td.sigmask = mask
        if error and not {*td.siglist, *td.proc.siglist} & wanted:
            if error == EWOULDBLOCK:
                raise Refused(EAGAIN)
            raise Refused(EINTR if error == ERESTART else error)


def sys_sigtimedwait(system: System, td: Thread, args: Args) -> Work:
    wanted = to_set(space_of(td).copyin(args[0], 16))
    deadline = None
    if args[2]:
        sec, nsec = TIMESPEC.unpack(space_of(td).copyin(args[2], TIMESPEC.size))
        if not 0 <= nsec < 10**9:
            raise Refused(EINVAL)
        deadline = system.clock + sec * 10**9 + nsec
    sig = yield from _take(system, td, wanted, deadline)
    if args[1]:
        space_of(td).copyout(args[1], system.machdep.siginfo(sig))
    return sig


def sys_sigwaitinfo(system: System, td: Thread, args: Args) -> Work:
    wanted = to_set(space_of(td).copyin(args[0], 16))
    sig = yield from _take(system, td, wanted, None)
    if args[1]:
        space_of(td).copyout(args[1], system.machdep.siginfo(sig))
    return sig


def sys_sigreturn(system: System, td: Thread, args: Args) -> int:
    system.machdep.sigreturn(td, args[0])
    return EJUSTRETURN


SYSCALLS: Final[dict[int, Entry]] = {
    341: ("sigsuspend", 1, sys_sigsuspend),
    342: ("sigaction", 3, sys_sigaction),
    344: ("sigreturn", 1, sys_sigreturn),
    345: ("sigtimedwait", 3, sys_sigtimedwait),
    346: ("sigwaitinfo", 2, sys_sigwaitinfo),
}
