"""The kern.proc sysctls: what processes are, one function for each name.

KERN_PROC_CWD is `cwd`, KERN_PROC_ARGS is `args`; the names that only choose among
all processes are one function, `processes`.  None stands for the calling process.

Records are decoded when their fields are read.  Tables are fetched again with more
room until they are whole.  In a jail only its own processes are listed and found.
Every function takes ``kernel=``; `ProcessLookupError` (ESRCH) is a process that is
not there, not visible or a zombie (which only the lists have), and `Malformed` bytes
that are no such table.  sysctl(3); kern_proc.c.
"""

from __future__ import annotations

from bsdproc.dragonfly.constants.kinfo import (
    FileFlags,
    FileType,
    LwpState,
    PriorityType,
    ProcState,
)
from bsdproc.dragonfly.constants.process import LwpFlags, ProcFlags, SessionFlags
from bsdproc.dragonfly.kinfo.calls import (
    args,
    cputimes,
    cwd,
    files,
    kernel_threads,
    pathname,
    process,
    processes,
    set_args,
    sigtramp,
    threads,
)
from bsdproc.dragonfly.kinfo.misc import KinfoCputime, KinfoFile, KinfoSigtramp
from bsdproc.dragonfly.kinfo.proc import (
    KERNEL_THREAD,
    NO_DEVICE,
    KinfoLwp,
    KinfoProc,
    Rtprio,
)
from bsdproc.dragonfly.rusage import Rusage
from bsdproc.typed.records import Malformed

__all__ = [
    "KERNEL_THREAD",
    "NO_DEVICE",
    "FileFlags",
    "FileType",
    "KinfoCputime",
    "KinfoFile",
    "KinfoLwp",
    "KinfoProc",
    "KinfoSigtramp",
    "LwpFlags",
    "LwpState",
    "Malformed",
    "PriorityType",
    "ProcFlags",
    "ProcState",
    "Rtprio",
    "Rusage",
    "SessionFlags",
    "args",
    "cputimes",
    "cwd",
    "files",
    "kernel_threads",
    "pathname",
    "process",
    "processes",
    "set_args",
    "sigtramp",
    "threads",
]
