"""What DragonFly's kernel knows of a process beside what every BSD kernel does:
struct proc and struct lwp.

Process flags are the core's (`bsd.state.P`); `kinfo.flags` makes DragonFly's
numbers of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from bsdproc.emulator.bsd import state
from bsdproc.emulator.bsd.state import (
    KSigInfo,
    P,
    ProcessGroup,
    ProcState,
    Run,
    Session,
    SigAction,
    SigQueue,
    SigStack,
    Sleep,
    Usage,
)
from bsdproc.emulator.dragonfly.flags import Stat

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.cred import Cred
    from bsdproc.emulator.dragonfly.reaper import Reaper
    from bsdproc.emulator.machine.cpu import Context

__all__ = ["MAXCOMLEN", "KSigInfo", "P", "Proc", "ProcState", "ProcessGroup", "Run", "Session",
           "SigAction", "SigSet", "SigStack", "Sleep", "Thread", "Tty", "Usage"]

MAXCOMLEN = 16
"""Bytes of the name of a process or lwp."""
STATES = {Stat.IDL: ProcState.NEW, Stat.ZOMB: ProcState.ZOMBIE}


class SigSet(SigQueue):
    """sigset_t: a signal is pending once, and nobody remembers who sent it."""

    __slots__ = ()

    def put(self, sig: int) -> None:
        if sig not in self:
            self.entries.append(KSigInfo(sig))

    def add(self, ksi: KSigInfo, *, head: bool = False) -> None:
        self.put(ksi.signo)

    def __contains__(self, sig: int) -> bool:
        return any(k.signo == sig for k in self.entries)

    def __iter__(self) -> Iterator[int]:
        return (k.signo for k in self.entries)


@dataclass(slots=True)
class Tty:
    """What a session's controlling terminal shows of itself."""

    dev: int
    """udev_t."""
    pgrp: ProcessGroup | None = None
    session: Session | None = None


class Thread(state.Thread):
    """struct lwp.  Its number is its own process's."""

    proc: Proc
    sigqueue: SigSet

    def __init__(self, proc: Proc, tid: int, context: Context | None) -> None:
        super().__init__(proc, tid, context)
        self.sigqueue = SigSet()
        self.title: bytes | None = None
        """Its own title, set by kern.proc.args with its number."""
        self.slept = 0
        """When its sleep began."""
        self.stopped = False
        """It sits in tstop()."""
        self.counted = False
        """LWP_MP_WSTOP: it is in its process's count of stopped ones."""
        self.leaving = False
        """LWP_MP_WEXIT: it ends at the boundary to its program."""
        self.sig = 0
        """lwp_sig and lwp_code: the last trap's, for the handler's frame."""
        self.code = 0
        self.usage = Usage()

    @property
    def siglist(self) -> SigSet:
        """lwp_siglist."""
        return self.sigqueue

    @property
    def altstack(self) -> bool:
        return not self.sigstk.flags & 4

    @property
    def idle(self) -> bool:
        """Of a process that runs no program: it sleeps whenever somebody looks."""
        return self.context is None and self.proc.pid <= 1


class Proc(state.Proc):
    """struct proc, with what hangs off it."""

    cred: Cred
    parent: Proc | None
    sigqueue: SigSet
    vfork_parent: Proc | None

    def __init__(self, pid: int, parent: Proc | None, cred: Cred) -> None:
        super().__init__(pid, parent, cred)
        self.lwps = cast("list[Thread]", self.threads)
        """`threads`: all of its own kind, by number."""
        self.sigqueue = SigSet()
        self.oppid = 0
        """The parent's pid before somebody attached; 0 when nobody did."""
        self._stat = Stat.IDL
        self.reaping: Reaper
        """p_reaper."""
        self.last_tid = 0
        self.nstopped = 0
        """How many lwps count as stopped."""
        self.xstat = 0
        """p_xstat: the signal of a stop, or the status of the end."""
        self.mem_opens = (False, False)
        """Whether its procfs memory is open for writing, and for one writer alone."""
        self.args_cache: bytes | None = None
        """p_args: argv as far as the cache takes it, each string with its NUL."""
        self.text_pages = self.data_pages = 0
        """vm_tsize and vm_dsize."""

    @property
    def stat(self) -> int:
        """p_stat."""
        return self._stat

    @stat.setter
    def stat(self, stat: int) -> None:
        self._stat = stat
        self.state = STATES.get(stat, ProcState.NORMAL)

    @property
    def siglist(self) -> SigSet:
        """p_siglist."""
        return self.sigqueue

    @property
    def stopping(self) -> bool:
        """SSTOP or SCORE: its lwps are to stop."""
        return self._stat in (Stat.STOP, Stat.CORE)
