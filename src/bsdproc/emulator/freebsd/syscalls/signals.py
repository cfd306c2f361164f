"""Signals: dispositions, masks, waiting for them, sending them to threads."""

from __future__ import annotations

import struct
from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.signals import delete_everywhere, ignored, post, set_action
from bsdproc.emulator.bsd.state import KSigInfo, SigAction, SigActs, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.signals import from_set, to_set
from bsdproc.emulator.bsd.syscalls.time import deadline_at
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import (
    EAGAIN,
    EINTR,
    EINVAL,
    EJUSTRETURN,
    ERESTART,
    ESRCH,
    EWOULDBLOCK,
    Refused,
)
from bsdproc.emulator.freebsd import ktrace, signals, timers
from bsdproc.emulator.freebsd.entry import PTRACE_SCE, PTRACE_SCX
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.freebsd.timers import SI_TIMER

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]
Work = Generator[Sleep | None, int, int]

SIGACTION = (struct.Struct("<Qi16s4x"), struct.Struct("<Ii16s"))
"""struct sigaction: handler, flags, mask; amd64's and i386's."""
P_OSREL_SIGWAIT = 700000
"""From this version on programs are told of an interrupted sigwait."""


KNOWN_FLAGS = (s.SA_ONSTACK | s.SA_RESTART | s.SA_RESETHAND | s.SA_NOCLDSTOP | s.SA_NODEFER
               | s.SA_NOCLDWAIT | s.SA_SIGINFO)
KEPT_FLAGS = s.SA_ONSTACK | s.SA_RESETHAND | s.SA_NODEFER | s.SA_SIGINFO


def _flags(actions: SigActs, sig: int) -> int:
    """sa_flags as sigaction tells them: those that mean something for the signal."""
    flags = actions[sig].flags & KEPT_FLAGS
    if sig not in actions.interrupts:
        flags |= s.SA_RESTART
    if sig == s.SIGCHLD:
        flags |= s.SA_NOCLDSTOP if actions.flag_nocldstop else 0
        flags |= s.SA_NOCLDWAIT if actions.flag_nocldwait else 0
    return flags


def sys_sigaction(system: System, td: Thread, args: Args) -> int:
    sig, new, old = signed(args[0]), args[1], args[2]
    if not 0 < sig <= s.SIG_MAX:
        raise Refused(EINVAL)
    space, p, form = space_of(td), td.proc, SIGACTION[narrow(td)]
    action = None
    if new:
        handler, flags, mask = form.unpack(space.copyin(new, form.size))
        if handler > s.SIG_IGN and flags & ~KNOWN_FLAGS:
            raise Refused(EINVAL)
        action = SigAction(handler, flags, to_set(mask) - s.CANNOT_MASK)
    was, flags_were = p.sigacts[sig], _flags(p.sigacts, sig)
    if action is not None:
        if sig in s.CANNOT_MASK and action.handler != s.SIG_DFL:
            raise Refused(EINVAL)
        set_action(p, sig, action)
        if ignored(p, sig) or (sig == s.SIGCONT and action.handler == s.SIG_IGN):
            delete_everywhere(p, (sig,))
    if old:
        space.copyout(old, form.pack(was.handler, flags_were, from_set(was.mask)))
    return 0


def sys_sigsuspend(system: System, td: Thread, args: Args) -> Work:
    mask = to_set(space_of(td).copyin(args[0], 16)) - s.CANNOT_MASK
    td.oldsigmask, td.sigmask = td.sigmask, mask
    system.machdep.set_syscall_retval(td, EINTR, (0, 0))
    taken = False
    while not taken:
        while not (yield Sleep(("sigsuspend", td), "pause")):
            pass
        while sig := (yield from signals.issignal(system, td)):
            taken |= yield from post(system, td, sig)
        taken |= bool(td.proc.ptevents & (PTRACE_SCE | PTRACE_SCX))
    td.kept_errno = EINTR
    return EJUSTRETURN


def _wait(system: System, td: Thread, wanted: frozenset[int],
          deadline: int | None) -> Generator[Sleep | None, int, KSigInfo]:
    """kern_sigtimedwait: EAGAIN when the time is over.  While a tracer wants to
    see system calls one that is woken for nothing ends with EINTR."""
    wanted -= s.CANNOT_MASK
    p, mask = td.proc, td.sigmask
    td.sigmask = mask - wanted
    error, watched = 0, False
    try:
        while True:
            sig = yield from signals.issignal(system, td)
            if sig in wanted:
                ksi = td.sigqueue.get(sig) or p.sigqueue.get(sig)
                if ksi is not None:
                    if p in system.ktraced:
                        ktrace.signal(system, td, sig, p.sigacts[sig], mask, ksi.code)
                    return ksi
            if error or watched:
                raise Refused(EAGAIN if error == EWOULDBLOCK else error or EINTR)
            error = yield Sleep(p.sigacts, "sigwait", deadline)
            if error == ERESTART:
                error = EINTR
            watched = not error and bool(p.ptevents & (PTRACE_SCE | PTRACE_SCX))
    finally:
        td.sigmask = mask


def sys_sigtimedwait(system: System, td: Thread, args: Args) -> Work:
    wanted = to_set(space_of(td).copyin(args[0], 16))
    ksi = yield from _wait(system, td, wanted, deadline_at(system, td, args[2]))
    if args[1]:
        if ksi.code == SI_TIMER:
            ksi = timers.accepted(td.proc, ksi)
        space_of(td).copyout(args[1], system.machdep.user_siginfo(td, ksi))
    return ksi.signo


def sys_sigwaitinfo(system: System, td: Thread, args: Args) -> Work:
    return (yield from sys_sigtimedwait(system, td, (args[0], args[1], 0)))


def sys_sigwait(system: System, td: Thread, args: Args) -> Work:
    wanted = to_set(space_of(td).copyin(args[0], 16))
    try:
        ksi = yield from _wait(system, td, wanted, None)
    except Refused as e:
        if e.errno == EINTR and td.proc.osrel < P_OSREL_SIGWAIT:
            raise Refused(ERESTART) from None
        return e.errno
    space_of(td).copyout(args[1], struct.pack("<i", ksi.signo))
    return 0


def sys_sigqueue(system: System, td: Thread, args: Args) -> int:
    pid, sig, value = signed(args[0]), signed(args[1]), args[2]
    if not 0 <= sig <= s.SIG_MAX or pid <= 0:
        raise Refused(EINVAL)
    p = system.pfind_any(pid)
    system.p_cansignal(td, p, sig)
    if sig:
        system.psignal(p, KSigInfo(sig, s.SI_QUEUE, pid=td.proc.pid, uid=td.proc.cred.ruid,
                                   value=value))
    return 0


def sys_thr_kill(system: System, td: Thread, args: Args) -> int:
    return _thr_kill(system, td, td.proc.pid, args[0], signed(args[1]))


def sys_thr_kill2(system: System, td: Thread, args: Args) -> int:
    return _thr_kill(system, td, signed(args[0]), args[1], signed(args[2]))


def _thr_kill(system: System, td: Thread, pid: int, tid: int, sig: int) -> int:
    tid = tid - (1 << 64) if tid >> 63 else tid
    ksi = KSigInfo(sig, s.SI_LWP, pid=td.proc.pid, uid=td.proc.cred.ruid)
    if not 0 <= sig <= s.SIG_MAX:
        raise Refused(EINVAL)
    if tid == -1:
        p = td.proc if pid == td.proc.pid else system.find_proc(pid)
        others = [t for t in p.threads if t is not td]
        if not others:
            raise Refused(ESRCH)
        for t in others:
            if sig:
                system.tdsignal(t, KSigInfo(sig, s.SI_LWP, pid=ksi.pid, uid=ksi.uid))
        return 0
    t2 = system.threads.get(tid)
    if t2 is None or t2.proc.pid != pid:
        raise Refused(ESRCH)
    if t2.proc is not td.proc:
        system.p_cansignal(td, t2.proc, sig)
    if sig:
        system.tdsignal(t2, ksi)
    return 0


SYSCALLS: dict[int, Entry] = {
    341: ("sigsuspend", 1, sys_sigsuspend),
    345: ("sigtimedwait", 3, sys_sigtimedwait),
    346: ("sigwaitinfo", 2, sys_sigwaitinfo),
    416: ("sigaction", 3, sys_sigaction),
    429: ("sigwait", 2, sys_sigwait),
    433: ("thr_kill", 2, sys_thr_kill),
    456: ("sigqueue", 3, sys_sigqueue),
    481: ("thr_kill2", 3, sys_thr_kill2),
}
