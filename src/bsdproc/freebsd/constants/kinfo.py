"""Names of the kern.proc sysctls and what their records hold (<sys/user.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class Sysctl(IntEnum):
    """The first two numbers of kern.proc (<sys/sysctl.h>)."""

    CTL_KERN = 1
    KERN_PROC = 14


class KernProc(IntEnum):
    """KERN_PROC_*: the third number; INC_THREAD is added to it."""

    KERN_PROC_ALL = 0
    KERN_PROC_PID = 1
    KERN_PROC_PGRP = 2
    KERN_PROC_SESSION = 3
    KERN_PROC_TTY = 4
    KERN_PROC_UID = 5
    KERN_PROC_RUID = 6
    KERN_PROC_ARGS = 7
    KERN_PROC_PROC = 8
    KERN_PROC_SV_NAME = 9
    KERN_PROC_RGID = 10
    KERN_PROC_GID = 11
    KERN_PROC_PATHNAME = 12
    KERN_PROC_OVMMAP = 13
    KERN_PROC_OFILEDESC = 14
    KERN_PROC_KSTACK = 15
    KERN_PROC_INC_THREAD = 16
    KERN_PROC_VMMAP = 32
    KERN_PROC_FILEDESC = 33
    KERN_PROC_GROUPS = 34
    KERN_PROC_ENV = 35
    KERN_PROC_AUXV = 36
    KERN_PROC_RLIMIT = 37
    KERN_PROC_PS_STRINGS = 38
    KERN_PROC_UMASK = 39
    KERN_PROC_OSREL = 40
    KERN_PROC_SIGTRAMP = 41
    KERN_PROC_CWD = 42
    KERN_PROC_NFDS = 43
    KERN_PROC_SIGFASTBLK = 44
    KERN_PROC_VM_LAYOUT = 45
    KERN_PROC_RLIMIT_USAGE = 46
    KERN_PROC_KQUEUE = 47


class ProcState(IntEnum):
    """S*: ki_stat."""

    SIDL = 1
    SRUN = 2
    SSLEEP = 3
    SSTOP = 4
    SZOMB = 5
    SWAIT = 6
    SLOCK = 7


class FileType(IntEnum):
    """KF_TYPE_*: what a descriptor is."""

    KF_TYPE_NONE = 0
    KF_TYPE_VNODE = 1
    KF_TYPE_SOCKET = 2
    KF_TYPE_PIPE = 3
    KF_TYPE_FIFO = 4
    KF_TYPE_KQUEUE = 5
    KF_TYPE_MQUEUE = 7
    KF_TYPE_SHM = 8
    KF_TYPE_SEM = 9
    KF_TYPE_PTS = 10
    KF_TYPE_PROCDESC = 11
    KF_TYPE_DEV = 12
    KF_TYPE_EVENTFD = 13
    KF_TYPE_TIMERFD = 14
    KF_TYPE_INOTIFY = 15
    KF_TYPE_JAILDESC = 16
    KF_TYPE_UNKNOWN = 255


class VnodeType(IntEnum):
    """KF_VTYPE_*: what a vnode is."""

    KF_VTYPE_VNON = 0
    KF_VTYPE_VREG = 1
    KF_VTYPE_VDIR = 2
    KF_VTYPE_VBLK = 3
    KF_VTYPE_VCHR = 4
    KF_VTYPE_VLNK = 5
    KF_VTYPE_VSOCK = 6
    KF_VTYPE_VFIFO = 7
    KF_VTYPE_VBAD = 8
    KF_VTYPE_UNKNOWN = 255


class FileSlot(IntEnum):
    """KF_FD_TYPE_*: the files that a process holds without a descriptor."""

    KF_FD_TYPE_CWD = -1
    KF_FD_TYPE_ROOT = -2
    KF_FD_TYPE_JAIL = -3
    KF_FD_TYPE_TRACE = -4
    KF_FD_TYPE_TEXT = -5
    KF_FD_TYPE_CTTY = -6


class FileFlags(Flag, boundary=KEEP):
    """KF_FLAG_*: how a file was opened."""

    KF_FLAG_READ = 0x1
    KF_FLAG_WRITE = 0x2
    KF_FLAG_APPEND = 0x4
    KF_FLAG_ASYNC = 0x8
    KF_FLAG_FSYNC = 0x10
    KF_FLAG_NONBLOCK = 0x20
    KF_FLAG_DIRECT = 0x40
    KF_FLAG_HASLOCK = 0x80
    KF_FLAG_SHLOCK = 0x100
    KF_FLAG_EXLOCK = 0x200
    KF_FLAG_NOFOLLOW = 0x400
    KF_FLAG_CREAT = 0x800
    KF_FLAG_TRUNC = 0x1000
    KF_FLAG_EXCL = 0x2000
    KF_FLAG_EXEC = 0x4000


class FileStatus(Flag, boundary=KEEP):
    """KF_ATTR_*: kf_status and kve_status."""

    KF_ATTR_VALID = 0x1


class VmType(IntEnum):
    """KVME_TYPE_*: what backs a mapping."""

    KVME_TYPE_NONE = 0
    KVME_TYPE_DEFAULT = 1
    KVME_TYPE_VNODE = 2
    KVME_TYPE_SWAP = 3
    KVME_TYPE_DEVICE = 4
    KVME_TYPE_PHYS = 5
    KVME_TYPE_DEAD = 6
    KVME_TYPE_SG = 7
    KVME_TYPE_MGTDEVICE = 8
    KVME_TYPE_GUARD = 9
    KVME_TYPE_UNKNOWN = 255


class KvmeProtection(Flag, boundary=KEEP):
    """KVME_PROT_* and KVME_MAX_PROT_*: what a mapping permits and may be made to."""

    KVME_PROT_READ = 0x1
    KVME_PROT_WRITE = 0x2
    KVME_PROT_EXEC = 0x4
    KVME_MAX_PROT_READ = 0x10000
    KVME_MAX_PROT_WRITE = 0x20000
    KVME_MAX_PROT_EXEC = 0x40000


class VmFlags(Flag, boundary=KEEP):
    """KVME_FLAG_*."""

    KVME_FLAG_COW = 0x1
    KVME_FLAG_NEEDS_COPY = 0x2
    KVME_FLAG_NOCOREDUMP = 0x4
    KVME_FLAG_SUPER = 0x8
    KVME_FLAG_GROWS_UP = 0x10
    KVME_FLAG_GROWS_DOWN = 0x20
    KVME_FLAG_USER_WIRED = 0x40
    KVME_FLAG_SYSVSHM = 0x80
    KVME_FLAG_POSIXSHM = 0x100


class MapFlags(Flag, boundary=KEEP):
    """KMAP_FLAG_*: of a whole address space."""

    KMAP_FLAG_WIREFUTURE = 0x1
    KMAP_FLAG_ASLR = 0x2
    KMAP_FLAG_ASLR_IGNSTART = 0x4
    KMAP_FLAG_WXORX = 0x8
    KMAP_FLAG_ASLR_STACK = 0x10
    KMAP_FLAG_ASLR_SHARED_PAGE = 0x20


class KstackState(IntEnum):
    """KKST_STATE_*: whether a kernel stack could be read."""

    KKST_STATE_STACKOK = 0
    KKST_STATE_SWAPPED = 1
    KKST_STATE_RUNNING = 2


class KnoteStatus(Flag, boundary=KEEP):
    """KNOTE_STATUS_*."""

    KNOTE_STATUS_ACTIVE = 0x1
    KNOTE_STATUS_QUEUED = 0x2
    KNOTE_STATUS_DISABLED = 0x4
    KNOTE_STATUS_DETACHED = 0x8
    KNOTE_STATUS_KQUEUE = 0x10


class KnoteData(IntEnum):
    """KNOTE_EXTDATA_*: what more a knote tells of its file."""

    KNOTE_EXTDATA_NONE = 0
    KNOTE_EXTDATA_VNODE = 1
    KNOTE_EXTDATA_PIPE = 2


class Limit(IntEnum):
    """RLIMIT_*: resources with a limit (<sys/resource.h>)."""

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
    RLIMIT_AS = 10
    RLIMIT_NPTS = 11
    RLIMIT_SWAP = 12
    RLIMIT_KQUEUES = 13
    RLIMIT_UMTXP = 14
    RLIMIT_PIPEBUF = 15


class LimitValue(IntEnum):
    """RLIM_*: a limit that is none."""

    RLIM_INFINITY = (1 << 63) - 1
    RLIM_SAVED_MAX = (1 << 63) - 1
    RLIM_SAVED_CUR = (1 << 63) - 1


class PriorityClass(IntEnum):
    """PRI_*: scheduling classes (<sys/priority.h>)."""

    PRI_ITHD = 1
    PRI_REALTIME = 2
    PRI_TIMESHARE = 3
    PRI_IDLE = 4
    PRI_FIFO_BIT = 8
    PRI_FIFO = 10


class PriorityRange(IntEnum):
    """PRI_MIN*, PRI_MAX*: where each class's priorities lie; lower ones run first."""

    PRI_MIN = 0
    PRI_MIN_ITHD = 0
    PRI_MAX_ITHD = 7
    PRI_MIN_REALTIME = 8
    PRI_MAX_REALTIME = 39
    PRI_MIN_KERN = 40
    PRI_MAX_KERN = 55
    PRI_MIN_TIMESHARE = 56
    PRI_MAX_TIMESHARE = 223
    PRI_MIN_IDLE = 224
    PRI_MAX_IDLE = 255
    PRI_MAX = 255


class EventFilter(IntEnum):
    """EVFILT_*: what a kqueue watches (<sys/event.h>)."""

    EVFILT_READ = -1
    EVFILT_WRITE = -2
    EVFILT_AIO = -3
    EVFILT_VNODE = -4
    EVFILT_PROC = -5
    EVFILT_SIGNAL = -6
    EVFILT_TIMER = -7
    EVFILT_PROCDESC = -8
    EVFILT_FS = -9
    EVFILT_LIO = -10
    EVFILT_USER = -11
    EVFILT_SENDFILE = -12
    EVFILT_EMPTY = -13
    EVFILT_JAIL = -14
    EVFILT_JAILDESC = -15
