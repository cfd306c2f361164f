"""NetBSD: ptrace(2), wait(2), procfs and the sysctls of processes, typed.

One function stands for one request of the kernel and is found under the request's
name: PT_LWPSTATUS is `ptrace.lwpstatus`, kern.proc2 with KERN_PROC_UID is
`kinfo.processes`, the node status of procfs is `procfs.status`.  Each takes
``kernel=``; without it the default kernel answers (see `bsdproc.kernel`).

The modules load when they are first used.  What differs from `bsdproc.freebsd` is
what differs in the systems: a thread's id stands beside its process's and means
nothing without it, and there is no procctl(2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.typed import lazy

if TYPE_CHECKING:
    import bsdproc.netbsd.kinfo as kinfo
    import bsdproc.netbsd.ptrace as ptrace
    from bsdproc.netbsd import (
        constants,
        core,
        procfs,
        registers,
        surface,
        syscalls,
        waiting,
    )
    from bsdproc.netbsd.constants.signals import Signal
    from bsdproc.netbsd.constants.wait import IdType, WaitOptions
    from bsdproc.netbsd.siginfo import Siginfo
    from bsdproc.netbsd.waiting import (
        Continued,
        Exited,
        Signaled,
        Status,
        Stopped,
        Waited,
        decode,
        wait,
        wait6,
    )

_WHERE: Final = {
    ".": "constants core kinfo procfs ptrace registers surface syscalls waiting",
    ".constants.signals": "Signal",
    ".constants.wait": "IdType WaitOptions",
    ".siginfo": "Siginfo",
    ".waiting": "Continued Exited Signaled Status Stopped Waited decode wait wait6",
}

__all__ = [
    "Continued",
    "Exited",
    "IdType",
    "Siginfo",
    "Signal",
    "Signaled",
    "Status",
    "Stopped",
    "WaitOptions",
    "Waited",
    "constants",
    "core",
    "decode",
    "kinfo",
    "procfs",
    "ptrace",
    "registers",
    "surface",
    "syscalls",
    "wait",
    "wait6",
    "waiting",
]

if not TYPE_CHECKING:
    __getattr__ = lazy.attributes(__name__, globals(), _WHERE)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
