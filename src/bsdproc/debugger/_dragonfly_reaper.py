"""DragonFly's reaper, which counts what is below it, and neither lists nor signals it.

Who is below is found by parents, in the list of all processes.  The kernel makes that
list process by process, so that one which loses its parent meanwhile may be missed: the
reaper's own count of the living (PROC_REAP_STATUS) says whether any is left.  Between
the list and a signal a process may end and its pid become another's, but no stranger
comes to harm: a reaper's signals go no further than what was forked below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc import dragonfly
from bsdproc.debugger.keeper import Descendant
from bsdproc.dragonfly import _check
from bsdproc.dragonfly.constants.kinfo import ProcState
from bsdproc.dragonfly.constants.process import ProcFlags
from bsdproc.dragonfly.constants.wait import IdType, WaitOptions
from bsdproc.dragonfly.kinfo import KinfoProc
from bsdproc.kernel.port import Kernel

if TYPE_CHECKING:
    from bsdproc.debugger.keeper import ReaperStatus, Status

ENDS: Final = WaitOptions.WEXITED | WaitOptions.WNOHANG


class DragonFlyKeeper:
    """`Keeper` over `bsdproc.dragonfly`."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._before: frozenset[tuple[int, float]] = frozenset()
        """Children from before, by pid and beginning: they hold another reaper."""

    def acquire(self) -> None:
        own = self.kernel.getpid()
        before = frozenset((p.pid, p.start) for p in self._processes() if p.ppid == own)
        dragonfly.procctl.reap_acquire(kernel=self.kernel)
        self._before = before

    def release(self) -> None:
        dragonfly.procctl.reap_release(kernel=self.kernel)

    def status(self) -> ReaperStatus:
        return dragonfly.procctl.reap_status(kernel=self.kernel)

    def _processes(self) -> list[KinfoProc]:
        return dragonfly.kinfo.processes(kernel=self.kernel)

    def _tree(self) -> list[tuple[KinfoProc, int]]:
        """What is below the caller, parents first, each with the child that it is below."""
        children: dict[int, list[KinfoProc]] = {}
        for p in self._processes():
            if p.pid > 0:
                children.setdefault(p.ppid, []).append(p)
        found = [(p, p.pid) for p in children.pop(self.kernel.getpid(), ())
                 if (p.pid, p.start) not in self._before]
        for p, subtree in found:
            found += [(child, subtree) for child in children.pop(p.pid, ())]
        return found

    def below(self) -> tuple[Descendant, ...]:
        return tuple(Descendant(p.pid, subtree, p.pid == subtree) for p, subtree in self._tree())

    def unseen(self) -> int:
        return dragonfly.procctl.reap_status(kernel=self.kernel).refs

    def signal(self, signal: int) -> int:
        number = _check.signal(signal, zero=False)
        signalled, refused = 0, None
        for p, _ in self._tree():
            if p.stat == ProcState.SZOMB:
                continue
            try:
                self.kernel.kill(p.pid, number)
                signalled += 1
            except ProcessLookupError:
                continue
            except PermissionError as error:
                refused = error
        if refused is not None and not signalled:
            raise refused
        return signalled

    def wait(self, pid: int) -> Status:
        return dragonfly.wait(pid, kernel=self.kernel)

    def take(self, pid: int) -> Status | None:
        found = dragonfly.wait6(IdType.P_PID, pid, ENDS, kernel=self.kernel)
        return None if found is None else found.status

    def dying(self, pid: int) -> bool:
        try:
            process = dragonfly.kinfo.process(pid, kernel=self.kernel)
        except ProcessLookupError:
            return True         # zombies are not to be found this way
        return ProcFlags.P_WEXIT in process.flags

    def has_ended(self, status: Status) -> bool:
        return isinstance(status, dragonfly.Exited | dragonfly.Signaled)
