"""NetBSD: ptrace(2), wait(2), procfs and the sysctls of processes, typed.

One function stands for one request of the kernel and is found under the request's
name: PT_LWPSTATUS is `ptrace.lwpstatus`, kern.proc2 with KERN_PROC_UID is
`kinfo.processes`, the node status of procfs is `procfs.status`.  Each takes
``kernel=``; without it the default kernel answers (see `bsdproc.kernel`).

What a module's functions take and give is found beside them: their enums and flags,
the classes of their results and of what those hold.  `constants` has the enums and
flags of all modules, `registers` the register sets of all machines.

The modules load when they are first used.  What differs from `bsdproc.freebsd` is
what differs in the systems: a thread's id stands beside its process's and means
nothing without it, and there is no procctl(2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.typed import lazy

if TYPE_CHECKING:
    from bsdproc.netbsd import (
        constants,
        core,
        kinfo,
        procfs,
        ptrace,
        registers,
        surface,
        syscalls,
        waiting,
    )
    from bsdproc.netbsd.constants.signals import Signal, SignalCode
    from bsdproc.netbsd.constants.wait import IdType, WaitOptions
    from bsdproc.netbsd.rusage import Rusage
    from bsdproc.netbsd.siginfo import Siginfo
    from bsdproc.netbsd.waiting import (
        Continued,
        Exited,
        Signaled,
        Status,
        Stopped,
        Waited,
        wait,
        wait6,
    )

_WHERE: Final = {
    ".": "constants core kinfo procfs ptrace registers surface syscalls waiting",
    ".constants.signals": "Signal SignalCode",
    ".constants.wait": "IdType WaitOptions",
    ".rusage": "Rusage",
    ".siginfo": "Siginfo",
    ".waiting": "Continued Exited Signaled Status Stopped Waited wait wait6",
}

__all__ = [
    "Continued",
    "Exited",
    "IdType",
    "Rusage",
    "Siginfo",
    "Signal",
    "SignalCode",
    "Signaled",
    "Status",
    "Stopped",
    "WaitOptions",
    "Waited",
    "constants",
    "core",
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
    return sorted(__all__)
