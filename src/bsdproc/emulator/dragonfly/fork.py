"""fork, vfork, rfork and lwp_create.  The subject of kern_fork.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import kqueue
from bsdproc.emulator.dragonfly.flags import AcctFlag, Stat
from bsdproc.emulator.dragonfly.state import P, Proc, Thread
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.machine.cpu import Context

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

RFFDG, RFPROC, RFMEM, RFNOWAIT, RFCFDG = 1 << 2, 1 << 4, 1 << 5, 1 << 6, 1 << 12
RFTHREAD, RFSIGSHARE, RFPPWAIT = 1 << 13, 1 << 14, 1 << 31
RFKERNELONLY = RFPPWAIT
FORK = RFFDG | RFPROC
VFORK = RFFDG | RFPROC | RFPPWAIT | RFMEM


def new_process(system: System, parent: Proc, *, no_wait: bool = False) -> Proc:
    """A copy of the parent's record: all that a child inherits but memory,
    lwps and descriptors.  With `no_wait` it is init's child."""
    owner = system.init if no_wait else parent
    p = Proc(system.new_pid(), owner, parent.cred)
    p.flag = parent.flag & P.SUGID
    if parent.flag & P.CONTROLT and parent.session.sid in system.ttys:
        p.flag |= P.CONTROLT
    p.comm, p.args_cache = parent.comm, parent.args_cache
    p.args, p.env, p.auxv = list(parent.args), list(parent.env), parent.auxv
    p.ps_strings, p.sigtramp, p.sysent = parent.ps_strings, parent.sigtramp, parent.sysent
    p.text, p.text_path, p.image = parent.text, parent.text_path, parent.image
    p.linker = parent.linker
    p.text_pages, p.data_pages = parent.text_pages, parent.data_pages
    p.text_start, p.data_start = parent.text_start, parent.data_start
    p.break_start, p.break_end = parent.break_start, parent.break_end
    p.osrel = parent.osrel
    p.cwd, p.root, p.umask = parent.cwd, parent.root, parent.umask
    p.rlimits, p.nice = dict(parent.rlimits), parent.nice
    p.sigacts = parent.sigacts.copy()
    p.started = system.clock
    p.acflag = AcctFlag.FORK
    p.reaping = parent.reaping
    p.pgrp = parent.pgrp
    p.pgrp.members.append(p)
    owner.children.insert(0, p)
    system.allproc[p.pid] = p
    return p


def fork1(system: System, td: Thread, flags: int) -> Proc:
    """Make a child by rfork(2)'s flags."""
    parent = td.proc
    if flags & (RFFDG | RFCFDG) == RFFDG | RFCFDG:
        raise Refused(EINVAL)
    child = new_process(system, parent, no_wait=bool(flags & RFNOWAIT))
    if flags & RFSIGSHARE:
        child.sigacts = parent.sigacts
    assert parent.space is not None
    assert td.context is not None
    child.space = parent.space if flags & RFMEM else parent.space.fork()
    child.files = type(parent.files)() if flags & RFCFDG else (
        parent.files.copy() if flags & RFFDG else parent.files)
    td2 = Thread(child, system.new_tid(child), td.context.copy())
    td2.sigmask, td2.sigstk = td.sigmask, td.sigstk
    td2.sc_code, td2.sc_narg, td2.sc_args = td.sc_code, td.sc_narg, td.sc_args
    system.machdep.cpu_fork(td, td2)
    if flags & RFPPWAIT:
        child.flag |= P.PPWAIT
        child.vfork_parent = parent
    child.stat = Stat.ACTIVE
    system.add_thread(child, td2)
    if parent.kqueues:
        kqueue.forked(system, parent, child)
    return child


def child_of_python(system: System, parent: Proc, td: Thread) -> tuple[Proc, Thread]:
    """A forked child that still runs the caller's code."""
    child = new_process(system, parent)
    child.driver = True
    child.files = parent.files.copy()
    td2 = Thread(child, system.new_tid(child), Context())
    td2.sigmask = td.sigmask
    child.stat = Stat.ACTIVE
    system.add_thread(child, td2)
    return child, td2


def lwp_create(system: System, td: Thread, function: int, argument: int, stack: int) -> Thread:
    """Another lwp of the same process, which runs function(argument)."""
    assert td.context is not None
    td2 = Thread(td.proc, system.new_tid(td.proc), td.context.copy())
    td2.sigmask = td.sigmask
    system.machdep.prepare_lwp(td2, td, function, argument, stack)
    return td2
