"""DragonFly: ptrace(2), procctl(2), wait(2), procfs(5) and the kern.proc sysctls, typed.

One function stands for one request of the kernel and is found under the request's
name: PT_GETREGS is `ptrace.getregs`, PROC_REAP_STATUS is `procctl.reap_status`,
KERN_PROC_CWD is `kinfo.cwd`, the node status of procfs is `procfs.status`.  Each
takes ``kernel=``; without it the default kernel answers (see `bsdproc.kernel`).

What a module's functions take and give is found beside them: their enums and flags,
the classes of their results and of what those hold.  `constants` has the enums and
flags of all modules, `registers` the register sets of all machines.

The modules load when they are first used.  What differs from `bsdproc.freebsd` is
what differs in the systems: ptrace(2) is that of 4.4BSD and knows processes, not
threads; a reaper is asked by itself alone; a record of kern.proc has that of a
thread inside, and kernel threads are listed with -1 for a pid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.typed import lazy

if TYPE_CHECKING:
    from bsdproc.dragonfly import (
        constants,
        core,
        kinfo,
        procctl,
        procfs,
        ptrace,
        registers,
        surface,
        syscalls,
        waiting,
    )
    from bsdproc.dragonfly.constants.signals import Signal, SignalCode
    from bsdproc.dragonfly.constants.wait import IdType, WaitOptions
    from bsdproc.dragonfly.rusage import Rusage
    from bsdproc.dragonfly.siginfo import Siginfo
    from bsdproc.dragonfly.waiting import (
        Continued,
        Exited,
        Signaled,
        Status,
        Stopped,
        Waited,
        wait,
        wait6,
        waitid,
    )

_WHERE: Final = {
    ".": "constants core kinfo procctl procfs ptrace registers surface syscalls waiting",
    ".constants.signals": "Signal SignalCode",
    ".constants.wait": "IdType WaitOptions",
    ".rusage": "Rusage",
    ".siginfo": "Siginfo",
    ".waiting": "Continued Exited Signaled Status Stopped Waited wait wait6 waitid",
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
    "procctl",
    "procfs",
    "ptrace",
    "registers",
    "surface",
    "syscalls",
    "wait",
    "wait6",
    "waitid",
    "waiting",
]

if not TYPE_CHECKING:
    __getattr__ = lazy.attributes(__name__, globals(), _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
