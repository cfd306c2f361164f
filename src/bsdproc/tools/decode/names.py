"""Numbers of FreeBSD's system-call interface by their C names.

What a number in an argument can stand for: one of several names, or bits that each
have one.  The values are the same on all machines but for "sysarch", which has
amd64's; what `bsdproc.freebsd` has an enumeration of is taken from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, IntEnum
from typing import Final

from bsdproc.freebsd.constants.kinfo import Limit
from bsdproc.freebsd.constants.wait import IdType, WaitOptions

Source = str | type[IntEnum] | type[Flag]
""""NAME=1 OTHER=0x2", or an enumeration."""


def _read(source: Source) -> dict[str, int]:
    if not isinstance(source, str):
        return {name: member.value for name, member in source.__members__.items()}
    return {name: int(value, 0) for name, value in (item.split("=") for item in source.split())}


class One:
    """A number that stands for one name."""

    def __init__(self, source: Source) -> None:
        self.values: Final[Mapping[str, int]] = _read(source)
        self._names: dict[int, str] = {}
        for name, value in self.values.items():
            self._names.setdefault(value, name)

    def show(self, number: int) -> str:
        """Its name, or the number itself."""
        return self._names.get(number, str(number))


class Bits:
    """A number whose bits have names; `low` masks those that together are one number,
    and `zero` is the name of none at all."""

    def __init__(self, source: Source, *, low: int = 0, zero: str = "0x0") -> None:
        self.values: Final[Mapping[str, int]] = _read(source)
        self._low = low
        self._zero = zero
        self._one = {value: name for name, value in self.values.items() if not value & ~low}
        self._bits = [(value, name) for name, value in self.values.items() if value & ~low]

    def show(self, number: int) -> str:
        """"O_WRONLY|O_CREAT"; bits without a name in hexadecimal."""
        found, rest = [], number & 0xFFFFFFFF if number < 0 else number
        if self._low and (number & self._low or 0 in self._one):
            found.append(self._one.get(number & self._low, hex(number & self._low)))
            rest &= ~self._low
        for value, name in self._bits:
            if rest & value == value:
                found.append(name)
                rest &= ~value
        if rest:
            found.append(hex(rest))
        return "|".join(found) or self._zero


NAMES: Final[Mapping[str, One | Bits]] = {
    "open": Bits(
        "O_RDONLY=0x0 O_WRONLY=0x1 O_RDWR=0x2 O_NONBLOCK=0x4 O_APPEND=0x8 O_SHLOCK=0x10 "
        "O_EXLOCK=0x20 O_ASYNC=0x40 O_FSYNC=0x80 O_NOFOLLOW=0x100 O_CREAT=0x200 O_TRUNC=0x400 "
        "O_EXCL=0x800 O_NOCTTY=0x8000 O_DIRECT=0x10000 O_DIRECTORY=0x20000 O_EXEC=0x40000 "
        "O_TTY_INIT=0x80000 O_CLOEXEC=0x100000 O_VERIFY=0x200000 O_PATH=0x400000 "
        "O_RESOLVE_BENEATH=0x800000 O_DSYNC=0x1000000 O_EMPTY_PATH=0x2000000 "
        "O_CLOFORK=0x8000000", low=3),
    "pipe": Bits(
        "O_NONBLOCK=0x4 O_CLOEXEC=0x100000 O_CLOFORK=0x8000000"),
    "at": Bits(
        "AT_EACCESS=0x100 AT_SYMLINK_NOFOLLOW=0x200 AT_SYMLINK_FOLLOW=0x400 "
        "AT_REMOVEDIR=0x800 AT_RESOLVE_BENEATH=0x2000 AT_EMPTY_PATH=0x4000"),
    "access": Bits(
        "R_OK=0x4 W_OK=0x2 X_OK=0x1", zero="F_OK"),
    "prot": Bits(
        "PROT_READ=0x1 PROT_WRITE=0x2 PROT_EXEC=0x4", zero="PROT_NONE"),
    "map": Bits(
        "MAP_SHARED=0x1 MAP_PRIVATE=0x2 MAP_FIXED=0x10 MAP_HASSEMAPHORE=0x200 MAP_STACK=0x400 "
        "MAP_NOSYNC=0x800 MAP_ANON=0x1000 MAP_GUARD=0x2000 MAP_EXCL=0x4000 MAP_NOCORE=0x20000 "
        "MAP_PREFAULT_READ=0x40000 MAP_32BIT=0x80000"),
    "msync": Bits(
        "MS_ASYNC=0x1 MS_INVALIDATE=0x2", zero="MS_SYNC"),
    "madvise": One(
        "MADV_NORMAL=0 MADV_RANDOM=1 MADV_SEQUENTIAL=2 MADV_WILLNEED=3 MADV_DONTNEED=4 "
        "MADV_FREE=5 MADV_NOSYNC=6 MADV_AUTOSYNC=7 MADV_NOCORE=8 MADV_CORE=9 MADV_PROTECT=10"),
    "inherit": One(
        "INHERIT_SHARE=0 INHERIT_COPY=1 INHERIT_NONE=2 INHERIT_ZERO=3"),
    "mlockall": Bits(
        "MCL_CURRENT=0x1 MCL_FUTURE=0x2"),
    "wait": Bits(WaitOptions),
    "idtype": One(IdType),
    "whence": One(
        "SEEK_SET=0 SEEK_CUR=1 SEEK_END=2 SEEK_DATA=3 SEEK_HOLE=4"),
    "sigprocmask": One(
        "SIG_BLOCK=1 SIG_UNBLOCK=2 SIG_SETMASK=3"),
    "sigaction": Bits(
        "SA_ONSTACK=0x1 SA_RESTART=0x2 SA_RESETHAND=0x4 SA_NOCLDSTOP=0x8 SA_NODEFER=0x10 "
        "SA_NOCLDWAIT=0x20 SA_SIGINFO=0x40"),
    "sigaltstack": Bits(
        "SS_ONSTACK=0x1 SS_DISABLE=0x4"),
    "fcntl": One(
        "F_DUPFD=0 F_GETFD=1 F_SETFD=2 F_GETFL=3 F_SETFL=4 F_GETOWN=5 F_SETOWN=6 F_OGETLK=7 "
        "F_OSETLK=8 F_OSETLKW=9 F_DUP2FD=10 F_GETLK=11 F_SETLK=12 F_SETLKW=13 "
        "F_SETLK_REMOTE=14 F_READAHEAD=15 F_RDAHEAD=16 F_DUPFD_CLOEXEC=17 F_DUP2FD_CLOEXEC=18 "
        "F_ADD_SEALS=19 F_GET_SEALS=20 F_ISUNIONSTACK=21 F_KINFO=22 F_DUPFD_CLOFORK=23 "
        "F_DUP3FD=24"),
    "fdflags": Bits(
        "FD_CLOEXEC=0x1 FD_RESOLVE_BENEATH=0x2 FD_CLOFORK=0x4"),
    "flock": Bits(
        "LOCK_SH=0x1 LOCK_EX=0x2 LOCK_NB=0x4 LOCK_UN=0x8"),
    "fadvise": One(
        "POSIX_FADV_NORMAL=0 POSIX_FADV_RANDOM=1 POSIX_FADV_SEQUENTIAL=2 "
        "POSIX_FADV_WILLNEED=3 POSIX_FADV_DONTNEED=4 POSIX_FADV_NOREUSE=5"),
    "clock": One(
        "CLOCK_REALTIME=0 CLOCK_VIRTUAL=1 CLOCK_PROF=2 CLOCK_MONOTONIC=4 CLOCK_UPTIME=5 "
        "CLOCK_UPTIME_PRECISE=7 CLOCK_UPTIME_FAST=8 CLOCK_REALTIME_PRECISE=9 "
        "CLOCK_REALTIME_FAST=10 CLOCK_MONOTONIC_PRECISE=11 CLOCK_MONOTONIC_FAST=12 "
        "CLOCK_SECOND=13 CLOCK_THREAD_CPUTIME_ID=14 CLOCK_PROCESS_CPUTIME_ID=15"),
    "timer": Bits(
        "TIMER_ABSTIME=0x1"),
    "itimer": One(
        "ITIMER_REAL=0 ITIMER_VIRTUAL=1 ITIMER_PROF=2"),
    "rusage": One(
        "RUSAGE_SELF=0 RUSAGE_CHILDREN=-1 RUSAGE_THREAD=1"),
    "rlimit": One(Limit),
    "priority": One(
        "PRIO_PROCESS=0 PRIO_PGRP=1 PRIO_USER=2"),
    "rfork": Bits(
        "RFNAMEG=0x1 RFENVG=0x2 RFFDG=0x4 RFNOTEG=0x8 RFPROC=0x10 RFMEM=0x20 RFNOWAIT=0x40 "
        "RFCNAMEG=0x400 RFCENVG=0x800 RFCFDG=0x1000 RFTHREAD=0x2000 RFSIGSHARE=0x4000 "
        "RFLINUXTHPN=0x10000 RFTSIGZMB=0x80000 RFSPAWN=0x80000000"),
    "pdfork": Bits(
        "PD_DAEMON=0x1 PD_CLOEXEC=0x2"),
    "thread": Bits(
        "THR_SUSPENDED=0x1 THR_SYSTEM_SCOPE=0x2"),
    "umtx": One(
        "UMTX_OP_LOCK=0 UMTX_OP_UNLOCK=1 UMTX_OP_WAIT=2 UMTX_OP_WAKE=3 "
        "UMTX_OP_MUTEX_TRYLOCK=4 UMTX_OP_MUTEX_LOCK=5 UMTX_OP_MUTEX_UNLOCK=6 "
        "UMTX_OP_SET_CEILING=7 UMTX_OP_CV_WAIT=8 UMTX_OP_CV_SIGNAL=9 UMTX_OP_CV_BROADCAST=10 "
        "UMTX_OP_WAIT_UINT=11 UMTX_OP_RW_RDLOCK=12 UMTX_OP_RW_WRLOCK=13 UMTX_OP_RW_UNLOCK=14 "
        "UMTX_OP_WAIT_UINT_PRIVATE=15 UMTX_OP_WAKE_PRIVATE=16 UMTX_OP_MUTEX_WAIT=17 "
        "UMTX_OP_MUTEX_WAKE=18 UMTX_OP_SEM_WAIT=19 UMTX_OP_SEM_WAKE=20 "
        "UMTX_OP_NWAKE_PRIVATE=21 UMTX_OP_MUTEX_WAKE2=22 UMTX_OP_SEM2_WAIT=23 "
        "UMTX_OP_SEM2_WAKE=24 UMTX_OP_SHM=25 UMTX_OP_ROBUST_LISTS=26 "
        "UMTX_OP_GET_MIN_TIMEOUT=27 UMTX_OP_SET_MIN_TIMEOUT=28"),
    "sigfastblock": One(
        "SIGFASTBLOCK_SETPTR=1 SIGFASTBLOCK_UNBLOCK=2 SIGFASTBLOCK_UNSETPTR=3"),
    "domain": One(
        "PF_UNSPEC=0 PF_LOCAL=1 PF_INET=2 PF_INET6=28 PF_ROUTE=17 PF_NETLINK=38"),
    "socket": Bits(
        "SOCK_STREAM=0x1 SOCK_DGRAM=0x2 SOCK_RAW=0x3 SOCK_RDM=0x4 SOCK_SEQPACKET=0x5 "
        "SOCK_CLOEXEC=0x10000000 SOCK_NONBLOCK=0x20000000", low=15),
    "accept": Bits(
        "SOCK_CLOEXEC=0x10000000 SOCK_NONBLOCK=0x20000000"),
    "ipproto": One(
        "IPPROTO_IP=0 IPPROTO_ICMP=1 IPPROTO_TCP=6 IPPROTO_UDP=17 IPPROTO_IPV6=41 "
        "IPPROTO_ICMPV6=58 IPPROTO_SCTP=132"),
    "msg": Bits(
        "MSG_OOB=0x1 MSG_PEEK=0x2 MSG_DONTROUTE=0x4 MSG_EOR=0x8 MSG_TRUNC=0x10 "
        "MSG_CTRUNC=0x20 MSG_WAITALL=0x40 MSG_DONTWAIT=0x80 MSG_EOF=0x100 "
        "MSG_NOSIGNAL=0x20000 MSG_CMSG_CLOEXEC=0x40000"),
    "shutdown": One(
        "SHUT_RD=0 SHUT_WR=1 SHUT_RDWR=2"),
    "sockopt": One(
        "SO_DEBUG=1 SO_ACCEPTCONN=2 SO_REUSEADDR=4 SO_KEEPALIVE=8 SO_DONTROUTE=16 "
        "SO_BROADCAST=32 SO_USELOOPBACK=64 SO_LINGER=128 SO_OOBINLINE=256 SO_REUSEPORT=512 "
        "SO_TIMESTAMP=1024 SO_NOSIGPIPE=2048 SO_SNDBUF=4097 SO_RCVBUF=4098 SO_SNDLOWAT=4099 "
        "SO_RCVLOWAT=4100 SO_SNDTIMEO=4101 SO_RCVTIMEO=4102 SO_ERROR=4103 SO_TYPE=4104 "
        "SO_PROTOCOL=4118"),
    "tcpopt": One(
        "TCP_NODELAY=1 TCP_MAXSEG=2 TCP_NOPUSH=4 TCP_NOOPT=8 TCP_MD5SIG=16 TCP_INFO=32 "
        "TCP_CONGESTION=64 TCP_KEEPINIT=128 TCP_KEEPIDLE=256 TCP_KEEPINTVL=512 TCP_KEEPCNT=1024 "
        "TCP_FASTOPEN=1025"),
    "ioctl": One(
        "FIOCLEX=0x20006601 FIONCLEX=0x20006602 FIONREAD=0x4004667f FIONBIO=0x8004667e "
        "FIOASYNC=0x8004667d FIOSETOWN=0x8004667c FIOGETOWN=0x4004667b FIODTYPE=0x4004667a "
        "TIOCEXCL=0x2000740d TIOCNXCL=0x2000740e TIOCFLUSH=0x80047410 TIOCGETA=0x402c7413 "
        "TIOCSETA=0x802c7414 TIOCSETAW=0x802c7415 TIOCSETAF=0x802c7416 TIOCGETD=0x4004741a "
        "TIOCPTMASTER=0x2000741c TIOCSBRK=0x2000747b TIOCCBRK=0x2000747a TIOCSCTTY=0x20007461 "
        "TIOCGPGRP=0x40047477 TIOCSPGRP=0x80047476 TIOCOUTQ=0x40047473 TIOCSTI=0x80017472 "
        "TIOCNOTTY=0x20007471 TIOCSTOP=0x2000746f TIOCSTART=0x2000746e TIOCGWINSZ=0x40087468 "
        "TIOCSWINSZ=0x80087467 TIOCGSID=0x40047463 TIOCGPTN=0x4004740f TIOCDRAIN=0x2000745e"),
    "poll": Bits(
        "POLLIN=0x1 POLLPRI=0x2 POLLOUT=0x4 POLLERR=0x8 POLLHUP=0x10 POLLNVAL=0x20 "
        "POLLRDNORM=0x40 POLLRDBAND=0x80 POLLWRBAND=0x100"),
    "evfilt": One(
        "EVFILT_READ=-1 EVFILT_WRITE=-2 EVFILT_AIO=-3 EVFILT_VNODE=-4 EVFILT_PROC=-5 "
        "EVFILT_SIGNAL=-6 EVFILT_TIMER=-7 EVFILT_PROCDESC=-8 EVFILT_FS=-9 EVFILT_LIO=-10 "
        "EVFILT_USER=-11 EVFILT_SENDFILE=-12 EVFILT_EMPTY=-13"),
    "ev": Bits(
        "EV_ADD=0x1 EV_DELETE=0x2 EV_ENABLE=0x4 EV_DISABLE=0x8 EV_ONESHOT=0x10 EV_CLEAR=0x20 "
        "EV_RECEIPT=0x40 EV_DISPATCH=0x80 EV_ERROR=0x4000 EV_EOF=0x8000"),
    "sysarch": One(
        "AMD64_GET_FSBASE=128 AMD64_SET_FSBASE=129 AMD64_GET_GSBASE=130 AMD64_SET_GSBASE=131 "
        "AMD64_GET_XFPUSTATE=132"),
    "random": Bits(
        "GRND_NONBLOCK=0x1 GRND_RANDOM=0x2 GRND_INSECURE=0x4"),
    "mount": Bits(
        "MNT_RDONLY=0x1 MNT_SYNCHRONOUS=0x2 MNT_NOEXEC=0x4 MNT_NOSUID=0x8 MNT_UNION=0x20 "
        "MNT_ASYNC=0x40 MNT_NOATIME=0x10000000 MNT_UPDATE=0x10000 MNT_FORCE=0x80000"),
    "sched": One(
        "SCHED_FIFO=1 SCHED_OTHER=2 SCHED_RR=3"),
    "rtprio": One(
        "RTP_LOOKUP=0 RTP_SET=1"),
    "ktrace": One(
        "KTROP_SET=0 KTROP_CLEAR=1 KTROP_CLEARFILE=2"),
    "closerange": Bits(
        "CLOSE_RANGE_CLOEXEC=0x4"),
    "cpulevel": One(
        "CPU_LEVEL_ROOT=1 CPU_LEVEL_CPUSET=2 CPU_LEVEL_WHICH=3"),
    "cpuwhich": One(
        "CPU_WHICH_TID=1 CPU_WHICH_PID=2 CPU_WHICH_CPUSET=3 CPU_WHICH_IRQ=4 CPU_WHICH_JAIL=5 "
        "CPU_WHICH_DOMAIN=6"),
    "jail": Bits(
        "JAIL_CREATE=0x1 JAIL_UPDATE=0x2 JAIL_ATTACH=0x4 JAIL_DYING=0x8"),
    "kenv": One(
        "KENV_GET=0 KENV_SET=1 KENV_UNSET=2 KENV_DUMP=3"),
    "extattr": One(
        "EXTATTR_NAMESPACE_EMPTY=0 EXTATTR_NAMESPACE_USER=1 EXTATTR_NAMESPACE_SYSTEM=2"),
    "pathconf": One(
        "_PC_LINK_MAX=1 _PC_MAX_CANON=2 _PC_MAX_INPUT=3 _PC_NAME_MAX=4 _PC_PATH_MAX=5 "
        "_PC_PIPE_BUF=6 _PC_CHOWN_RESTRICTED=7 _PC_NO_TRUNC=8 _PC_VDISABLE=9 "
        "_PC_SYMLINK_MAX=18 _PC_ACL_EXTENDED=59 _PC_ACL_PATH_MAX=60 _PC_ACL_NFS4=64"),
    "sysctl": One(
        "CTL_SYSCTL=0 CTL_KERN=1 CTL_VM=2 CTL_VFS=3 CTL_NET=4 CTL_DEBUG=5 CTL_HW=6 "
        "CTL_MACHDEP=7 CTL_USER=8 CTL_P1003_1B=9"),
    "kern": One(
        "KERN_OSTYPE=1 KERN_OSRELEASE=2 KERN_OSREV=3 KERN_VERSION=4 KERN_MAXVNODES=5 "
        "KERN_MAXPROC=6 KERN_MAXFILES=7 KERN_ARGMAX=8 KERN_SECURELVL=9 KERN_HOSTNAME=10 "
        "KERN_HOSTID=11 KERN_CLOCKRATE=12 KERN_PROC=14 KERN_FILE=15 KERN_PROF=16 "
        "KERN_POSIX1=17 KERN_NGROUPS=18 KERN_JOB_CONTROL=19 KERN_SAVED_IDS=20 "
        "KERN_BOOTTIME=21 KERN_NISDOMAINNAME=22 KERN_UPDATEINTERVAL=23 KERN_OSRELDATE=24 "
        "KERN_NTP_PLL=25 KERN_BOOTFILE=26 KERN_MAXFILESPERPROC=27 KERN_MAXPROCPERUID=28 "
        "KERN_IPC=30 KERN_PS_STRINGS=32 KERN_USRSTACK=33 KERN_LOGSIGEXIT=34 KERN_IOV_MAX=35 "
        "KERN_HOSTUUID=36 KERN_ARND=37 KERN_MAXPHYS=38"),
    "hw": One(
        "HW_MACHINE=1 HW_MODEL=2 HW_NCPU=3 HW_BYTEORDER=4 HW_PHYSMEM=5 HW_USERMEM=6 "
        "HW_PAGESIZE=7 HW_FLOATINGPT=10 HW_MACHINE_ARCH=11 HW_REALMEM=12"),
    "kernproc": One(
        "KERN_PROC_ALL=0 KERN_PROC_PID=1 KERN_PROC_PGRP=2 KERN_PROC_SESSION=3 KERN_PROC_TTY=4 "
        "KERN_PROC_UID=5 KERN_PROC_RUID=6 KERN_PROC_ARGS=7 KERN_PROC_PROC=8 "
        "KERN_PROC_SV_NAME=9 KERN_PROC_RGID=10 KERN_PROC_GID=11 KERN_PROC_PATHNAME=12 "
        "KERN_PROC_OVMMAP=13 KERN_PROC_OFILEDESC=14 KERN_PROC_KSTACK=15 KERN_PROC_VMMAP=32 "
        "KERN_PROC_FILEDESC=33 KERN_PROC_GROUPS=34 KERN_PROC_ENV=35 KERN_PROC_AUXV=36 "
        "KERN_PROC_RLIMIT=37 KERN_PROC_PS_STRINGS=38 KERN_PROC_UMASK=39 KERN_PROC_OSREL=40 "
        "KERN_PROC_SIGTRAMP=41 KERN_PROC_CWD=42 KERN_PROC_NFDS=43 KERN_PROC_SIGFASTBLK=44 "
        "KERN_PROC_VM_LAYOUT=45"),
    "filetype": One(
        "S_IFIFO=4096 S_IFCHR=8192 S_IFDIR=16384 S_IFBLK=24576 S_IFREG=32768 S_IFLNK=40960 "
        "S_IFSOCK=49152"),
    "sigev": One(
        "SIGEV_NONE=0 SIGEV_SIGNAL=1 SIGEV_KEVENT=3 SIGEV_THREAD_ID=4 SIGEV_THREAD=2"),
    "spacectl": One(
        "SPACECTL_DEALLOC=1"),
    "timerfd": Bits(
        "TFD_TIMER_ABSTIME=0x1 TFD_TIMER_CANCEL_ON_SET=0x2"),
    "timerfd_create": Bits(
        "TFD_NONBLOCK=0x4 TFD_CLOEXEC=0x100000"),
    "specialfd": One(
        "SPECIALFD_EVENTFD=1 SPECIALFD_INOTIFY=2"),
    "reboot": Bits(
        "RB_ASKNAME=0x1 RB_SINGLE=0x2 RB_NOSYNC=0x4 RB_HALT=0x8 RB_DUMP=0x100 "
        "RB_POWEROFF=0x4000 RB_REROOT=0x200000 RB_POWERCYCLE=0x400000"),
    "chflags": Bits(
        "UF_NODUMP=0x1 UF_IMMUTABLE=0x2 UF_APPEND=0x4 UF_OPAQUE=0x8 UF_NOUNLINK=0x10 "
        "UF_HIDDEN=0x8000 SF_ARCHIVED=0x10000 SF_IMMUTABLE=0x20000 SF_APPEND=0x40000 "
        "SF_NOUNLINK=0x100000 SF_SNAPSHOT=0x200000"),
}
"""By what they are about, mostly the call or the argument."""
