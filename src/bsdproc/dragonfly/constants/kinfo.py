"""Names of the kern.proc sysctls and what their records hold (<sys/sysctl.h>, <sys/kinfo.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class Sysctl(IntEnum):
    """The first two numbers of kern.proc."""

    CTL_KERN = 1
    KERN_PROC = 14


class KernProc(IntEnum):
    """KERN_PROC_*: the third number; KERN_PROC_SESSION is one that no kernel serves."""

    KERN_PROC_ALL = 0
    KERN_PROC_PID = 1
    KERN_PROC_PGRP = 2
    KERN_PROC_SESSION = 3
    KERN_PROC_TTY = 4
    KERN_PROC_UID = 5
    KERN_PROC_RUID = 6
    KERN_PROC_ARGS = 7
    KERN_PROC_CWD = 8
    KERN_PROC_PATHNAME = 9
    KERN_PROC_SIGTRAMP = 10


class KernProcFlags(Flag, boundary=KEEP):
    """KERN_PROC_FLAG_*: bits that are added to the third number."""

    KERN_PROC_FLAG_LWP = 0x10
    KERN_PROC_FLAGMASK = 0x10


class ProcState(IntEnum):
    """enum procstat: kp_stat."""

    SIDL = 1
    SACTIVE = 2
    SSTOP = 3
    SZOMB = 4
    SCORE = 5


class LwpState(IntEnum):
    """enum lwpstat: kl_stat."""

    LSRUN = 1
    LSSTOP = 2
    LSSLEEP = 3


class PriorityType(IntEnum):
    """RTP_PRIO_*: the type of a struct rtprio (<sys/rtprio.h>)."""

    RTP_PRIO_REALTIME = 0
    RTP_PRIO_NORMAL = 1
    RTP_PRIO_IDLE = 2
    RTP_PRIO_THREAD = 3


class FileFlags(Flag, boundary=KEEP):
    """F*, and what has no such name: how a file is open (<sys/fcntl.h>)."""

    FREAD = 0x1
    FWRITE = 0x2
    FNONBLOCK = 0x4
    FAPPEND = 0x8
    FASYNC = 0x40
    FFSYNC = 0x80
    FMARK = 0x1000
    FDEFER = 0x2000
    FHASLOCK = 0x4000
    O_DIRECT = 0x10000
    FREVOKED = 0x10000000
    FAPPENDONLY = 0x20000000
    FOFFSETLOCK = 0x40000000
    FOFFSETWAKE = 0x80000000


class FileType(IntEnum):
    """DTYPE_*: what a descriptor is (<sys/file.h>)."""

    DTYPE_VNODE = 1
    DTYPE_SOCKET = 2
    DTYPE_PIPE = 3
    DTYPE_FIFO = 4
    DTYPE_KQUEUE = 5
    DTYPE_CRYPTO = 6
    DTYPE_MQUEUE = 7
    DTYPE_DMABUF = 8


class Length(IntEnum):
    """Characters and groups that a record has room for."""

    MAXCOMLEN = 16
    WMESGLEN = 8
    NGROUPS = 16
    NGROUPS_MAX = 16


Version = IntEnum("Version", {"__DragonFly_version": 500901})
"""__DragonFly_version of the headers that these names come from (kern.osreldate)."""


class Limit(IntEnum):
    """RLIMIT_*: resource limits (<sys/resource.h>)."""

    RLIMIT_CPU = 0
    RLIMIT_FSIZE = 1
    RLIMIT_DATA = 2
    RLIMIT_STACK = 3
    RLIMIT_CORE = 4
    RLIMIT_RSS = 5
    RLIMIT_MEMLOCK = 6
    RLIMIT_NPROC = 7
    RLIMIT_NOFILE = 8
    RLIMIT_SBSIZE = 9
    RLIMIT_VMEM = 10
    RLIMIT_POSIXLOCKS = 11


class VmProtection(Flag, boundary=KEEP):
    """VM_PROT_*: rights of a mapping (<vm/vm.h>)."""

    VM_PROT_READ = 1
    VM_PROT_WRITE = 2
    VM_PROT_EXECUTE = 4
