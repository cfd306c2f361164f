"""Signals: dispositions with trampolines, contexts, waiting for signals."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.signals import delete_everywhere, set_action
from bsdproc.emulator.bsd.state import KSigInfo, SigAction, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.errno import (
    EAGAIN,
    EINTR,
    EINVAL,
    EJUSTRETURN,
    ERESTART,
    EWOULDBLOCK,
    Refused,
)
from bsdproc.emulator.netbsd.amd64.signal import members, sigset, ucontext
from bsdproc.emulator.netbsd.exit import exit1
from bsdproc.emulator.netbsd.signals import ignored, put
from bsdproc.emulator.netbsd.signo import NSIG, SI_QUEUE
from bsdproc.emulator.netbsd.state import HEAD, RT, lwp

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

Work = Generator[Sleep | None, int, int]
SIGACTION = struct.Struct("<Q16si4x")
"""struct sigaction: handler, mask, flags."""
KNOWN_FLAGS = 0xFF
TRAMPOLINES = (0, 1, 2, 3)
"""Versions of the trampoline: none, sigcontext's (1), siginfo's (2, 3)."""


def sys_sigaction(system: System, td: Thread, args: Args) -> int:
    """__sigaction_sigtramp(sig, new, old, trampoline, version)."""
    sig, new, old, tramp, version = signed(args[0]), *args[1:5]
    if not 0 < sig < NSIG:
        raise Refused(EINVAL)
    space, p = space_of(td), td.proc
    was = p.sigacts[sig]
    action = None
    if new:
        handler, mask, flags = SIGACTION.unpack(space.copyin(new, SIGACTION.size))
        if flags & ~KNOWN_FLAGS or sig in s.CANNOT_MASK:
            raise Refused(EINVAL)
        version = signed(version)
        if version not in TRAMPOLINES or (handler > s.SIG_IGN and version < 2):
            raise Refused(EINVAL)
        action = SigAction(handler, flags, members(mask) - s.CANNOT_MASK)
    if old:
        space.copyout(old, SIGACTION.pack(was.handler, sigset(was.mask), was.flags))
    if action is None:
        return 0
    set_action(p, sig, action)
    p.sigacts.tramps[sig] = tramp
    if ignored(p, sig) or (sig == s.SIGCONT and action.handler == s.SIG_IGN):
        delete_everywhere(p, (sig,))
    return 0


def sys_sigsuspend(system: System, td: Thread, args: Args) -> Work:
    mask = members(space_of(td).copyin(args[0], 16)) - s.CANNOT_MASK
    td.oldsigmask, td.sigmask = td.sigmask, mask
    while not (yield Sleep(("sigsuspend", td), "pause")):
        pass
    raise Refused(EINTR)


def sys_getcontext(system: System, td: Thread, args: Args) -> None:
    space_of(td).copyout(args[0], ucontext(td, td.sigmask, 0))


def sys_setcontext(system: System, td: Thread, args: Args) -> Work:
    """Without a context the program ends."""
    if not args[0]:
        yield from exit1(system, td, 0)
    system.machdep.setcontext(system, td, args[0])
    return EJUSTRETURN


def sys_sigtimedwait(system: System, td: Thread, args: Args) -> Work:
    """____sigtimedwait50(set, info, timeout)."""
    space = space_of(td)
    wanted = members(space.copyin(args[0], 16)) - s.CANNOT_MASK
    deadline = None
    if args[2]:
        sec, nsec = struct.unpack("<qq", space.copyin(args[2], 16))
        if sec < 0 or not 0 <= nsec < 10**9:
            raise Refused(EINVAL)
        deadline = system.clock + sec * 10**9 + nsec
    p = td.proc
    while True:
        for queue in (td.sigqueue, p.sigqueue):
            here = queue.signals & wanted
            if here:
                ksi = queue.get(min(here)) or KSigInfo(min(here))
                if args[1]:
                    space.copyout(args[1], system.machdep.siginfo(ksi))
                return 0
        mask = td.sigmask
        td.sigmask = mask - wanted
        try:
            error = yield Sleep(("sigwait", td), "sigwait", deadline)
        finally:
            td.sigmask = mask
        if error == EWOULDBLOCK:
            raise Refused(EAGAIN)
        taken = lwp(td).taken
        if taken is not None and taken[0] in wanted:
            lwp(td).taken = None
            put(td.sigqueue, taken[1])
            continue
        if error and not (td.sigqueue.signals | p.sigqueue.signals) & wanted:
            raise Refused(EINTR if error == ERESTART else error)


def sys_sigqueueinfo(system: System, td: Thread, args: Args) -> int:
    """sigqueueinfo(pid, info): of another process only what SI_QUEUE tells."""
    pid = signed(args[0])
    data = space_of(td).copyin(args[1], 128)
    signo, code, _ = HEAD.unpack_from(data)
    if code > 0 or not 0 <= signo < NSIG:
        raise Refused(EINVAL)
    p = system.find_proc(pid)
    system.p_cansignal(td, p, signo)
    if signo:
        _, _, value = RT.unpack_from(data, HEAD.size)
        system.psignal(p, KSigInfo(signo, code or SI_QUEUE, pid=td.proc.pid,
                                   uid=td.proc.cred.ruid, value=value))
    return 0


SYSCALLS: dict[int, Entry] = {
    245: ("sigqueueinfo", 2, sys_sigqueueinfo),
    294: ("__sigsuspend14", 1, sys_sigsuspend),
    307: ("getcontext", 1, sys_getcontext),
    308: ("setcontext", 1, sys_setcontext),
    340: ("__sigaction_sigtramp", 5, sys_sigaction),
    431: ("____sigtimedwait50", 3, sys_sigtimedwait),
}
