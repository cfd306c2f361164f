"""After PT_COREDUMP and PT_SC_REMOTE a tracee stops once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.freebsd import _check
from bsdproc.freebsd.constants.wait import WaitOptions
from bsdproc.kernel.errors import KernelError

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_PEEK = (WaitOptions.WNOHANG | WaitOptions.WNOWAIT).value
_TAKE = WaitOptions.WNOHANG.value
_STOPPED = 0x7F


def consume(kernel: Kernel, pid: int) -> None:
    """Collect the stop that such a request ends in, if it came that far.

    An exit is left alone for who waits for it.  What fails here is no failure of
    the request."""
    try:
        if pid > _check.PID_MAX:
            pid = process_of(kernel, pid)
        found, status, _ = kernel.wait4(pid, _PEEK, False)
        if found and status & 0x7F == _STOPPED:
            kernel.wait4(pid, _TAKE, False)
    except KernelError:
        return


def process_of(kernel: Kernel, lwp: int) -> int:
    """The process that a thread belongs to: kern.proc.pid takes thread ids, too."""
    from bsdproc.freebsd.kinfo.calls import process

    return process(lwp, kernel=kernel).pid
