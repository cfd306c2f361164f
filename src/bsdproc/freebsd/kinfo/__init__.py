"""The kern.proc sysctls: what processes are and have, one function for each name.

KERN_PROC_VMMAP is `vmmap`, KERN_PROC_FILEDESC is `filedesc`; the names that only
choose among all processes are one function, `processes`.  None stands for the
calling process.

Records are decoded when their fields are read, and as long as the kernel says they
are.  Tables are fetched again with more room until they are whole.  Every function
takes ``kernel=``; `ProcessLookupError` (ESRCH) is a process that is not there or
not visible, `PermissionError` (EPERM) one that the caller may not debug, where that
is asked for, and `Malformed` bytes that are no such table.  sysctl(3).
"""

from __future__ import annotations

from bsdproc.freebsd.auxv import AuxEntry
from bsdproc.freebsd.kinfo.calls import (
    args,
    auxv,
    cwd,
    env,
    filedesc,
    groups,
    kqueue,
    kstack,
    nfds,
    ofiledesc,
    osrel,
    ovmmap,
    pathname,
    process,
    processes,
    ps_strings,
    rlimit,
    rlimit_usage,
    set_args,
    set_osrel,
    set_rlimit,
    sigfastblk,
    sigtramp,
    sv_name,
    threads,
    umask,
    vm_layout,
    vmmap,
)
from bsdproc.freebsd.kinfo.file import (
    Detail,
    EventfdDetail,
    Inet6Address,
    InetAddress,
    InotifyDetail,
    JailDetail,
    KinfoFile,
    KinfoOfile,
    KqueueDetail,
    OtherAddress,
    PipeDetail,
    ProcdescDetail,
    PtsDetail,
    SemDetail,
    SocketAddress,
    SocketDetail,
    TimerfdDetail,
    UnixAddress,
    VnodeDetail,
)
from bsdproc.freebsd.kinfo.misc import (
    Kevent,
    KinfoKnote,
    KinfoKstack,
    KinfoSigtramp,
)
from bsdproc.freebsd.kinfo.proc import KinfoProc, Priority
from bsdproc.freebsd.kinfo.vm import KinfoOvmentry, KinfoVmentry, KinfoVmLayout
from bsdproc.freebsd.rusage import Rusage
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.records import Malformed

__all__ = [
    "AuxEntry",
    "Detail",
    "EventfdDetail",
    "Inet6Address",
    "InetAddress",
    "InotifyDetail",
    "JailDetail",
    "Kevent",
    "KinfoFile",
    "KinfoKnote",
    "KinfoKstack",
    "KinfoOfile",
    "KinfoOvmentry",
    "KinfoProc",
    "KinfoSigtramp",
    "KinfoVmLayout",
    "KinfoVmentry",
    "KqueueDetail",
    "Malformed",
    "OtherAddress",
    "PipeDetail",
    "Priority",
    "ProcdescDetail",
    "PtsDetail",
    "Rlimit",
    "Rusage",
    "SemDetail",
    "SocketAddress",
    "SocketDetail",
    "TimerfdDetail",
    "UnixAddress",
    "VnodeDetail",
    "args",
    "auxv",
    "cwd",
    "env",
    "filedesc",
    "groups",
    "kqueue",
    "kstack",
    "nfds",
    "ofiledesc",
    "osrel",
    "ovmmap",
    "pathname",
    "process",
    "processes",
    "ps_strings",
    "rlimit",
    "rlimit_usage",
    "set_args",
    "set_osrel",
    "set_rlimit",
    "sigfastblk",
    "sigtramp",
    "sv_name",
    "threads",
    "umask",
    "vm_layout",
    "vmmap",
]
