"""FreeBSD's reaper, which lists and signals what is below it by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc import freebsd
from bsdproc.debugger.keeper import Descendant
from bsdproc.freebsd.constants.kinfo import ProcState
from bsdproc.freebsd.constants.procctl import ReaperPidFlags
from bsdproc.freebsd.constants.process import ProcFlags
from bsdproc.freebsd.constants.wait import IdType, WaitOptions
from bsdproc.kernel.errors import KernelError
from bsdproc.kernel.port import Kernel

if TYPE_CHECKING:
    from bsdproc.debugger.keeper import ReaperStatus, Status

ENDS: Final = WaitOptions.WEXITED | WaitOptions.WNOHANG


class FreeBSDKeeper:
    """`Keeper` over `bsdproc.freebsd`."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def acquire(self) -> None:
        freebsd.procctl.reap_acquire(kernel=self.kernel)

    def release(self) -> None:
        freebsd.procctl.reap_release(kernel=self.kernel)

    def status(self) -> ReaperStatus:
        return freebsd.procctl.reap_status(kernel=self.kernel)

    def below(self) -> tuple[Descendant, ...]:
        return tuple(
            Descendant(one.pid, one.subtree, ReaperPidFlags.REAPER_PIDINFO_CHILD in one.flags,
                       one.flags)
            for one in freebsd.procctl.reap_getpids(kernel=self.kernel))

    def unseen(self) -> int:
        return 0

    def signal(self, signal: int) -> int:
        try:
            return freebsd.procctl.reap_kill(signal, kernel=self.kernel).killed
        except ProcessLookupError as error:
            return (error.killed or 0) if isinstance(error, KernelError) else 0

    def wait(self, pid: int) -> Status:
        return freebsd.wait(pid, kernel=self.kernel)

    def take(self, pid: int) -> Status | None:
        found = freebsd.wait6(IdType.P_PID, pid, ENDS, kernel=self.kernel)
        return None if found is None else found.status

    def dying(self, pid: int) -> bool:
        # PROC_REAP_GETPIDS says so itself only from FreeBSD 14 on.
        try:
            process = freebsd.kinfo.process(pid, kernel=self.kernel)
        except ProcessLookupError:
            return True
        return process.stat == ProcState.SZOMB or ProcFlags.P_WEXIT in process.flag

    def has_ended(self, status: Status) -> bool:
        return isinstance(status, freebsd.Exited | freebsd.Signaled)
