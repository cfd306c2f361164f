"""fork, vfork, __clone and posix_spawn's birth.  The subject of NetBSD's kern_fork.c."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import proctree
from bsdproc.emulator.bsd.fork import new_process
from bsdproc.emulator.bsd.state import P, Proc, ProcState, Sleep, Thread
from bsdproc.emulator.netbsd.entry import child_return
from bsdproc.emulator.netbsd.exit import exit1
from bsdproc.emulator.netbsd.signals import ast, event, stop_process
from bsdproc.emulator.netbsd.signo import TRAP_CHLD
from bsdproc.emulator.netbsd.state import (
    PTRACE_FORK,
    PTRACE_POSIX_SPAWN,
    PTRACE_VFORK,
    PTRACE_VFORK_DONE,
    lwp,
    tracing,
)

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

SIGSTOP = 17


def fork1(system: System, td: Thread, *, wait: bool = False, share: bool = False, stack: int = 0,
          kind: int = 0) -> Generator[Sleep | None, int, int]:
    """Make a child; its pid, when the events and vfork's wait are over.
    `wait`: until it execs or exits (FORK_PPWAIT); `share`: in the parent's memory;
    `kind`: the event, where it is not the obvious one."""
    parent = td.proc
    kind = kind or (PTRACE_VFORK if wait else PTRACE_FORK)
    traced = bool(parent.flag & P.TRACED and tracing(parent).events & kind)
    child = new_process(system, parent)
    assert parent.space is not None
    assert td.context is not None
    child.space = parent.space if share else parent.space.fork()
    child.files = parent.files.copy()
    td2 = Thread(child, system.new_tid(child), td.context.copy())
    td2.name, td2.sigmask, td2.sigstk = child.comm, td.sigmask, td.sigstk
    lwp(td2).private = lwp(td).private
    inherit_class(td, td2)
    system.machdep.cpu_fork(td, td2)
    assert td2.context is not None
    if stack:
        td2.context.set("rsp", stack)
    if share:
        child.vfork_parent = parent
    if wait:
        child.flag |= P.PPWAIT
    if traced:
        _inherit_tracer(system, parent, child)
    child.state = ProcState.NORMAL
    td2.kernel = child_return(system, td2, kind if traced else 0)
    system.add_thread(child, td2)
    if tracing(child).stop_fork:
        stop_process(system, child, SIGSTOP)
    if traced:
        yield from event(system, td, TRAP_CHLD, kind, child.pid)
        if tracing(parent).given:
            yield from ast(system, td)
    if wait:
        while child.flag & P.PPWAIT:
            yield Sleep(("pwait", child), "parked", interruptible=False)
        if parent.flag & P.TRACED and tracing(parent).events & PTRACE_VFORK_DONE:
            yield from event(system, td, TRAP_CHLD, PTRACE_VFORK_DONE, child.pid)
    return child.pid


def inherit_class(td: Thread, td2: Thread) -> None:
    """A new LWP is scheduled like the one that made it."""
    lwp(td2).policy, lwp(td2).priority = lwp(td).policy, lwp(td).priority


def _inherit_tracer(system: System, parent: Proc, child: Proc) -> None:
    """proc_changeparent: the child of a traced process has the same tracer."""
    child.flag |= P.TRACED
    assert parent.parent is not None
    system.proc_reparent(child, parent.parent)


# -- posix_spawn -------------------------------------------------------------------
def spawned(system: System, td: Thread) -> tuple[Proc, Thread]:
    """The child of a posix_spawn, which has no memory until its execve.  A tracer that
    wants such children's events has it from the beginning."""
    parent = td.proc
    child = new_process(system, parent)
    child.files = parent.files.copy()
    assert td.context is not None
    td2 = Thread(child, system.new_tid(child), td.context.copy())
    td2.sigmask = td.sigmask
    inherit_class(td, td2)
    system.machdep.cpu_fork(td, td2)
    child.state = ProcState.NORMAL
    child.driver = True
    if _told(parent):
        _inherit_tracer(system, parent, child)
    system.add_thread(child, td2)
    return child, td2


def _told(parent: Proc) -> bool:
    """Whether the parent's tracer asks for PTRACE_POSIX_SPAWN."""
    return bool(parent.flag & P.TRACED and tracing(parent).events & PTRACE_POSIX_SPAWN)


def unspawn(system: System, child: Proc, td2: Thread) -> None:
    """Its execve failed: the child never was."""
    if child.flag & P.TRACED:
        child.flag &= ~P.TRACED
        system.proc_reparent(child, system.proc_realparent(child), set_oppid=True)
        proctree.clear_orphan(system, child)
    system.driver_exit(td2)
    assert child.parent is not None
    system.reap(child.parent, child)


def spawn_failed(system: System, child: Proc, td2: Thread, code: int) -> None:
    """It could not do as asked before its program: it exits."""
    child.driver = False
    td2.kernel = exit1(system, td2, code)
    system.run_first([td2])


def spawn_done(system: System, child: Proc, td2: Thread) -> None:
    """It runs; with the event asked for it stops first, and the exec has no stop of
    its own."""
    traced = child.flag & P.TRACED
    child.flag &= ~P.TRACED
    system.become_program(td2)
    child.flag |= traced
    if traced:
        td2.kernel = child_return(system, td2, PTRACE_POSIX_SPAWN)


def spawn_event(system: System, td: Thread,
                child: Proc) -> Generator[Sleep | None, int, None]:
    """The parent's stop: whatever becomes of a child that nobody waits for."""
    if _told(td.proc):
        yield from event(system, td, TRAP_CHLD, PTRACE_POSIX_SPAWN, child.pid)
