"""The sysctls of processes (<sys/sysctl.h>, <uvm/uvm_param.h>, <sys/resource.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class Sysctl(IntEnum):
    """CTL_*, KERN_*, VM_*: the first numbers of a sysctl's name."""

    CTL_KERN = 1
    VM_PROC_MAP = 1
    CTL_VM = 2
    CTL_PROC = 10
    KERN_PROC = 14
    KERN_FILE = 15
    VM_PROC = 16
    KERN_PROC2 = 47
    KERN_PROC_ARGS = 48
    KERN_LWP = 64
    KERN_FILE2 = 77


class KernProc(IntEnum):
    """KERN_PROC_*: which processes kern.proc2 lists."""

    KERN_PROC_ALL = 0
    KERN_PROC_PID = 1
    KERN_PROC_PGRP = 2
    KERN_PROC_SESSION = 3
    KERN_PROC_TTY = 4
    KERN_PROC_UID = 5
    KERN_PROC_RUID = 6
    KERN_PROC_GID = 7
    KERN_PROC_RGID = 8


class TtyFilter(IntEnum):
    """KERN_PROC_TTY_*: terminals that are none, for KERN_PROC_TTY."""

    KERN_PROC_TTY_REVOKE = 18446744073709551614
    KERN_PROC_TTY_NODEV = 18446744073709551615


class ProcArgs(IntEnum):
    """KERN_PROC_*: what kern.proc_args gives of a process."""

    KERN_PROC_ARGV = 1
    KERN_PROC_NARGV = 2
    KERN_PROC_ENV = 3
    KERN_PROC_NENV = 4
    KERN_PROC_PATHNAME = 5
    KERN_PROC_CWD = 6


class KernFile(IntEnum):
    """KERN_FILE_*: which files kern.file2 lists."""

    KERN_FILE_BYFILE = 1
    KERN_FILE_BYPID = 2


class ProcPid(IntEnum):
    """PROC_PID_*: controls of a process below proc."""

    PROC_PID_CORENAME = 1
    PROC_PID_LIMIT = 2
    PROC_PID_STOPFORK = 3
    PROC_PID_STOPEXEC = 4
    PROC_PID_STOPEXIT = 5
    PROC_PID_PAXFLAGS = 6


class ProcPidSelf(IntEnum):
    """PROC_CURPROC: the pid that stands for the caller below proc."""

    PROC_CURPROC = 0x7fffffff


class ProcPidLimit(IntEnum):
    """PROC_PID_LIMIT_*: the limits below proc.PID.rlimit."""

    PROC_PID_LIMIT_CPU = 1
    PROC_PID_LIMIT_FSIZE = 2
    PROC_PID_LIMIT_DATA = 3
    PROC_PID_LIMIT_STACK = 4
    PROC_PID_LIMIT_CORE = 5
    PROC_PID_LIMIT_RSS = 6
    PROC_PID_LIMIT_MEMLOCK = 7
    PROC_PID_LIMIT_NPROC = 8
    PROC_PID_LIMIT_NOFILE = 9
    PROC_PID_LIMIT_SBSIZE = 10
    PROC_PID_LIMIT_AS = 11
    PROC_PID_LIMIT_NTHR = 12


class LimitBound(IntEnum):
    """PROC_PID_LIMIT_TYPE_*: which bound of a limit."""

    PROC_PID_LIMIT_TYPE_SOFT = 1
    PROC_PID_LIMIT_TYPE_HARD = 2


class PaxFlags(Flag, boundary=KEEP):
    """CTL_PROC_PAXFLAGS_*: what PaX does to a process; security(7)."""

    CTL_PROC_PAXFLAGS_ASLR = 0x1
    CTL_PROC_PAXFLAGS_MPROTECT = 0x2
    CTL_PROC_PAXFLAGS_GUARD = 0x4


class Limit(IntEnum):
    """RLIMIT_*: limited resources; getrlimit(2)."""

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
    RLIMIT_AS = 10
    RLIMIT_VMEM = 10
    RLIMIT_NTHR = 11


class LimitValue(IntEnum):
    """RLIM_*: limits that are no number."""

    RLIM_INFINITY = 0x7fffffffffffffff
    RLIM_SAVED_CUR = 0x7fffffffffffffff
    RLIM_SAVED_MAX = 0x7fffffffffffffff


class VmType(IntEnum):
    """KVME_TYPE_*: what is behind a mapping."""

    KVME_TYPE_NONE = 0
    KVME_TYPE_OBJECT = 1
    KVME_TYPE_VNODE = 2
    KVME_TYPE_KERN = 3
    KVME_TYPE_DEVICE = 4
    KVME_TYPE_ANON = 5
    KVME_TYPE_SUBMAP = 6
    KVME_TYPE_UNKNOWN = 255


class VmProtection(Flag, boundary=KEEP):
    """KVME_PROT_*: what a mapping permits."""

    KVME_PROT_READ = 0x1
    KVME_PROT_WRITE = 0x2
    KVME_PROT_EXEC = 0x4


class VmFlags(Flag, boundary=KEEP):
    """KVME_FLAG_*: flags of a mapping."""

    KVME_FLAG_COW = 0x1
    KVME_FLAG_NEEDS_COPY = 0x2
    KVME_FLAG_NOCOREDUMP = 0x4
    KVME_FLAG_PAGEABLE = 0x8
    KVME_FLAG_GROWS_UP = 0x10
    KVME_FLAG_GROWS_DOWN = 0x20


class FileFlags(Flag, boundary=KEEP):
    """F*: how a file is open (<sys/fcntl.h>)."""

    FREAD = 0x1
    FWRITE = 0x2
    FNONBLOCK = 0x4
    FAPPEND = 0x8
    FASYNC = 0x40
    FFSYNC = 0x80
    FMARK = 0x1000
    FDEFER = 0x2000
    FHASLOCK = 0x4000
    FDSYNC = 0x10000
    FRSYNC = 0x20000
    FALTIO = 0x40000
    FDIRECT = 0x80000
    FSCAN = 0x100000
    FNOSIGPIPE = 0x1000000
    FEXEC = 0x4000000
    FSILENT = 0x40000000
    FKIOCTL = 0x80000000


class FileType(IntEnum):
    """DTYPE_*: what a descriptor is (<sys/file.h>)."""

    DTYPE_VNODE = 1
    DTYPE_SOCKET = 2
    DTYPE_PIPE = 3
    DTYPE_KQUEUE = 4
    DTYPE_MISC = 5
    DTYPE_CRYPTO = 6
    DTYPE_MQUEUE = 7
    DTYPE_SEM = 8
    DTYPE_EVENTFD = 9
    DTYPE_TIMERFD = 10
    DTYPE_MEMFD = 11


class VnodeType(IntEnum):
    """V*: what kind of file a vnode is (<sys/vnode.h>)."""

    VNON = 0
    VREG = 1
    VDIR = 2
    VBLK = 3
    VCHR = 4
    VLNK = 5
    VSOCK = 6
    VFIFO = 7
    VBAD = 8


class CpuNumber(IntEnum):
    """KI_NOCPU: the processor's number of what runs on none."""

    KI_NOCPU = 0xffffffffffffffff
