"""Signals: masks, what is pending, the alternate stack."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import SigStack, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EINVAL, EJUSTRETURN, ENOMEM, EPERM, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 1, 2, 3
SS_ONSTACK, SS_DISABLE = 1, 4
MINSIGSTKSZ = 2048
STACK = (struct.Struct("<QQi4x"), struct.Struct("<IIi"))
"""stack_t: amd64's and i386's."""


def to_set(data: bytes) -> frozenset[int]:
    """A sigset_t's members."""
    bits = int.from_bytes(data[:16], "little")
    return frozenset(n + 1 for n in range(s.SIG_MAX) if bits >> n & 1)


def from_set(signals_: frozenset[int] | set[int]) -> bytes:
    return sum(1 << (sig - 1) for sig in signals_).to_bytes(16, "little")


def sys_sigprocmask(system: System, td: Thread, args: Args) -> int:
    how, new, old = signed(args[0]), args[1], args[2]
    space, before = space_of(td), td.sigmask
    if new:
        given = to_set(space.copyin(new, 16))
        if how == SIG_BLOCK:
            mask = td.sigmask | given
        elif how == SIG_UNBLOCK:
            mask = td.sigmask - given
        elif how == SIG_SETMASK:
            mask = given
        else:
            raise Refused(EINVAL)
        td.sigmask = mask - s.CANNOT_MASK
    if old:
        space.copyout(old, from_set(before))
    return 0


def sys_sigpending(system: System, td: Thread, args: Args) -> int:
    waiting = td.sigqueue.signals | td.proc.sigqueue.signals
    space_of(td).copyout(args[0], from_set(waiting))
    return 0


def sys_sigaltstack(system: System, td: Thread, args: Args) -> int:
    new, old = args[0], args[1]
    space, was, form = space_of(td), td.sigstk, STACK[narrow(td)]
    assert td.context is not None
    on_it = not was.flags & SS_DISABLE and was.sp <= td.context.get("rsp") < was.sp + was.size
    if new:
        sp, size, flags = form.unpack(space.copyin(new, form.size))
        if on_it:
            raise Refused(EPERM)
        if flags & ~SS_DISABLE:
            raise Refused(EINVAL)
        if flags & SS_DISABLE:
            td.sigstk = SigStack()
        elif size < MINSIGSTKSZ:
            raise Refused(ENOMEM)
        else:
            td.sigstk = SigStack(sp, size, 0)
    if old:
        flags = was.flags | (SS_ONSTACK if on_it else 0)
        space.copyout(old, form.pack(was.sp, was.size, flags))
    return 0


def sys_sigreturn(system: System, td: Thread, args: Args) -> int:
    system.machdep.sigreturn(system, td, args[0])
    return EJUSTRETURN


CALLS: dict[str, Entry] = {
    "sigaltstack": ("sigaltstack", 2, sys_sigaltstack),
    "sigprocmask": ("sigprocmask", 3, sys_sigprocmask),
    "sigpending": ("sigpending", 1, sys_sigpending),
    "sigreturn": ("sigreturn", 1, sys_sigreturn),
}
