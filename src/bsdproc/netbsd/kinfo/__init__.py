"""kern.proc2, kern.lwp, kern.file2, kern.proc_args, vm.proc and proc.PID: what processes
are, typed.

`processes` lists them, `process` tells of one; None stands for the caller wherever a pid
is asked for.  A table is sized, fetched and grown until it is whole; each record is
decoded when it is read.  A captured table is read by its class:
``KinfoProc.fixed("amd64", data)``.
"""

from __future__ import annotations

from bsdproc.netbsd.constants.kinfo import (
    FileFlags,
    FileType,
    Limit,
    PaxFlags,
    TtyFilter,
    VmFlags,
    VmProtection,
    VmType,
    VnodeType,
)
from bsdproc.netbsd.constants.process import LwpFlags, LwpState, ProcFlags, ProcState, SessionFlags
from bsdproc.netbsd.kinfo.calls import (
    all_files,
    all_lwps,
    argv,
    cwd,
    env,
    files,
    lwps,
    nargv,
    nenv,
    pathname,
    process,
    processes,
    vmmap,
)
from bsdproc.netbsd.kinfo.control import (
    corename,
    paxflags,
    rlimit,
    set_corename,
    set_rlimit,
    set_stopexec,
    set_stopexit,
    set_stopfork,
    stopexec,
    stopexit,
    stopfork,
)
from bsdproc.netbsd.kinfo.file import KinfoFile
from bsdproc.netbsd.kinfo.lwp import KinfoLwp
from bsdproc.netbsd.kinfo.proc import KinfoProc
from bsdproc.netbsd.kinfo.vm import KinfoVmentry
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.records import Malformed
from bsdproc.typed.texts import ended_strings as parse_strings
from bsdproc.typed.texts import string as parse_string

__all__ = [
    "FileFlags",
    "FileType",
    "KinfoFile",
    "KinfoLwp",
    "KinfoProc",
    "KinfoVmentry",
    "Limit",
    "LwpFlags",
    "LwpState",
    "Malformed",
    "PaxFlags",
    "ProcFlags",
    "ProcState",
    "Rlimit",
    "SessionFlags",
    "TtyFilter",
    "VmFlags",
    "VmProtection",
    "VmType",
    "VnodeType",
    "all_files",
    "all_lwps",
    "argv",
    "corename",
    "cwd",
    "env",
    "files",
    "lwps",
    "nargv",
    "nenv",
    "parse_string",
    "parse_strings",
    "pathname",
    "paxflags",
    "process",
    "processes",
    "rlimit",
    "set_corename",
    "set_rlimit",
    "set_stopexec",
    "set_stopexit",
    "set_stopfork",
    "stopexec",
    "stopexit",
    "stopfork",
    "vmmap",
]
