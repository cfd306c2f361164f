"""fork, vfork and rfork.  The subject of FreeBSD's kern_fork.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.fork import new_process
from bsdproc.emulator.bsd.signo import SIG_IGN, SIG_MAX, SIGUSR1
from bsdproc.emulator.bsd.state import P2, PID_MAX, TDB, P, Proc, ProcState, Thread
from bsdproc.emulator.errno import EAGAIN, EINVAL, Refused
from bsdproc.emulator.freebsd import ktrace
from bsdproc.emulator.freebsd.cred import Priv, has_priv, ucred
from bsdproc.emulator.freebsd.entry import PTRACE_EXEC, PTRACE_FORK, thread_start

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

RFFDG, RFPROC, RFMEM, RFNOWAIT, RFCFDG = 1 << 2, 1 << 4, 1 << 5, 1 << 6, 1 << 12
RFTHREAD, RFSIGSHARE, RFPPWAIT = 1 << 13, 1 << 14, 1 << 31
RFSPAWN = 1 << 31
RFLINUXTHPN, RFTSIGZMB, RFTSIGSHIFT, RFTSIGMASK = 1 << 16, 1 << 19, 20, 0xFF
"""Which signal tells the parent of the exit: SIGUSR1, or the one in these bits."""

FORK = RFFDG | RFPROC
VFORK = RFFDG | RFPROC | RFPPWAIT | RFMEM


def set_traced(p: Proc, *, stop: bool) -> None:
    """proc_set_traced."""
    p.flag |= P.TRACED
    if stop:
        p.flag2 |= P2.PTRACE_FSTP
    p.ptevents = PTRACE_EXEC


MAXPROC = 9000
"""kern.maxproc."""
PID_MODULUS, PIDS = "kern.randompid", "kern.pid_max"
FIRST_PID = 2
"""Where ids begin again when they have come to an end: behind init's."""


def find_pid(system: System) -> int:
    """fork_findpid: the next id, or one somewhat behind it (kern.randompid), that names
    no process, group, session or reaper's subtree."""
    settings = system.settings
    modulus, end = int(settings.get(PID_MODULUS, 0)), int(settings.get(PIDS, PID_MAX))
    pid = system.last_pid + 1
    if modulus:
        pid += system.random.randrange(modulus)
    while True:
        if pid >= end:
            pid = FIRST_PID
        if not (pid in system.procs or pid in system.pgrps or system.reserved(pid)
                or any(p.session.sid == pid for p in system.procs.values())):
            system.last_pid = pid
            return pid
        pid += 1


def modulus_for(system: System, wanted: int) -> int:
    """What kern.randompid becomes when it is set: 1 leaves the choice to the kernel."""
    if wanted == 1:
        return 100 + system.random.randrange(1024)
    most = int(system.settings.get(PIDS, PID_MAX)) - 100
    if wanted < 0 or wanted > most:
        return most
    return max(wanted, 100) if wanted else 0


def may_fork(system: System, td: Thread) -> None:
    """EAGAIN for more processes than there may be, and than the user may have."""
    cred, there = ucred(td.proc), len(system.procs)
    if there + 1 >= MAXPROC - 10 and (
            there + 1 >= MAXPROC or not has_priv(cred, Priv.MAXPROC)):
        raise Refused(EAGAIN)
    most = limits.limit(td.proc, limits.NPROC)[0]
    if most <= there and not has_priv(cred, Priv.PROC_LIMIT):
        mine = sum(1 for p in system.procs.values() if p.cred.ruid == cred.ruid)
        if mine + 1 > most:
            raise Refused(EAGAIN)


def _drop_caught(p: Proc) -> None:
    """sig_drop_caught."""
    for sig, action in list(p.sigacts.actions.items()):
        if action.handler > SIG_IGN:
            p.sigacts.actions[sig] = action.default()


def fork1(system: System, td: Thread, flags: int, *, drop_caught: bool = False) -> int:
    """Make a child by rfork(2)'s flags, with `drop_caught` one that has no handlers of
    signals; its pid."""
    parent = td.proc
    if not flags & RFPROC or flags & RFTHREAD:
        raise Refused(EINVAL)
    if flags & (RFFDG | RFCFDG) == RFFDG | RFCFDG:
        raise Refused(EINVAL)
    sigparent = flags >> RFTSIGSHIFT & RFTSIGMASK
    if (sigparent and not flags & RFTSIGZMB) or sigparent > SIG_MAX:
        raise Refused(EINVAL)
    may_fork(system, td)
    child = new_process(system, parent, no_wait=bool(flags & RFNOWAIT))
    if flags & RFTSIGZMB:
        child.sigparent = sigparent
    elif flags & RFLINUXTHPN:
        child.sigparent = SIGUSR1
    if drop_caught:
        _drop_caught(child)
    assert parent.space is not None
    assert td.context is not None
    if flags & RFMEM:
        child.space = parent.space
    else:
        child.space = parent.space.fork()
    child.files = parent.files.copy()
    td2 = Thread(child, system.new_tid(child), td.context.copy())
    td2.name = child.comm
    td2.sigmask = td.sigmask
    td2.own = td.own                        # its priority
    td2.sigstk = td.sigstk
    td2.sigblock_address, td2.sigblock_value = td.sigblock_address, td.sigblock_value
    td2.sc_code, td2.sc_narg, td2.sc_args = td.sc_code, td.sc_narg, td.sc_args
    td2.dr = list(td.dr) if flags & RFMEM else [0] * 16
    system.machdep.cpu_fork(td, td2)
    if flags & RFPPWAIT:
        child.flag |= P.PPWAIT
        child.vfork_parent = parent
        td.vforked = child
        td.dbgflags |= TDB.VFORK
    if parent.ptevents & PTRACE_FORK:
        td.dbgflags |= TDB.FORK
        td.dbg_forked = child.pid
        td2.dbgflags |= TDB.STOPATFORK
        set_traced(child, stop=True)
        assert parent.parent is not None
        system.proc_reparent(child, parent.parent)
    child.state = ProcState.NORMAL
    td2.kernel = thread_start(system, td2)
    if child in system.ktraced:
        td2.kernel = ktrace.started(system, td2, td2.kernel)
    system.add_thread(child, td2)
    system.cpusets.thread_made(td, td2)
    return child.pid
