"""Numbers of NetBSD's and DragonFly's system-call interfaces by their C names, where they are
others than FreeBSD's, and the names of those tables that say the same of all three."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bsdproc import dragonfly, netbsd
from bsdproc.tools.decode.names import NAMES, Bits, One

SAME: Final = frozenset(
    {
        "access",
        "ev",
        "flock",
        "itimer",
        "poll",
        "priority",
        "prot",
        "shutdown",
        "sigaction",
        "sigprocmask",
        "socket",
    }
)
_STATUS: Final = (
    "O_RDONLY=0x0 O_WRONLY=0x1 O_RDWR=0x2 O_NONBLOCK=0x4 O_APPEND=0x8 O_SHLOCK=0x10 "
    "O_EXLOCK=0x20 O_ASYNC=0x40 O_SYNC=0x80 O_NOFOLLOW=0x100 O_CREAT=0x200 O_TRUNC=0x400 "
    "O_EXCL=0x800 O_NOCTTY=0x8000 "
)
_OPTIONS: Final = (
    "SO_DEBUG=1 SO_ACCEPTCONN=2 SO_REUSEADDR=4 SO_KEEPALIVE=8 SO_DONTROUTE=16 SO_BROADCAST=32 "
    "SO_USELOOPBACK=64 SO_LINGER=128 SO_OOBINLINE=256 SO_REUSEPORT=512 SO_NOSIGPIPE=2048 "
    "SO_ACCEPTFILTER=4096 SO_SNDBUF=4097 SO_RCVBUF=4098 SO_SNDLOWAT=4099 SO_RCVLOWAT=4100 "
    "SO_ERROR=4103 SO_TYPE=4104 "
)
_MESSAGES: Final = (
    "MSG_OOB=0x1 MSG_PEEK=0x2 MSG_DONTROUTE=0x4 MSG_EOR=0x8 MSG_TRUNC=0x10 MSG_CTRUNC=0x20 "
    "MSG_WAITALL=0x40 MSG_DONTWAIT=0x80 MSG_NOSIGNAL=0x400 "
)
_COMMANDS: Final = (
    "F_DUPFD=0 F_GETFD=1 F_SETFD=2 F_GETFL=3 F_SETFL=4 F_GETOWN=5 F_SETOWN=6 F_GETLK=7 "
    "F_SETLK=8 F_SETLKW=9 "
)
_PROTOCOLS: Final = (
    "IPPROTO_IP=0 IPPROTO_ICMP=1 IPPROTO_TCP=6 IPPROTO_UDP=17 IPPROTO_IPV6=41 IPPROTO_ICMPV6=58 "
)
_ADVICE: Final = "MADV_NORMAL=0 MADV_RANDOM=1 MADV_SEQUENTIAL=2 MADV_WILLNEED=3 MADV_DONTNEED=4 "

NETBSD: Final[Mapping[str, One | Bits]] = {
    "open": Bits(
        _STATUS + "O_DSYNC=0x10000 O_RSYNC=0x20000 O_ALT_IO=0x40000 O_DIRECT=0x80000 "
        "O_DIRECTORY=0x200000 O_CLOEXEC=0x400000 O_SEARCH=0x800000 O_NOSIGPIPE=0x1000000 "
        "O_REGULAR=0x2000000 O_EXEC=0x4000000",
        low=3,
    ),
    "pipe": Bits("O_NONBLOCK=0x4 O_CLOEXEC=0x400000 O_NOSIGPIPE=0x1000000"),
    "at": Bits(
        "AT_EACCESS=0x100 AT_SYMLINK_NOFOLLOW=0x200 AT_SYMLINK_FOLLOW=0x400 AT_REMOVEDIR=0x800"
    ),
    "map": Bits(
        "MAP_SHARED=0x1 MAP_PRIVATE=0x2 MAP_REMAPDUP=0x4 MAP_FIXED=0x10 MAP_RENAME=0x20 "
        "MAP_NORESERVE=0x40 MAP_INHERIT=0x80 MAP_HASSEMAPHORE=0x200 MAP_TRYFIXED=0x400 "
        "MAP_WIRED=0x800 MAP_ANON=0x1000 MAP_STACK=0x2000"
    ),
    "msync": Bits("MS_ASYNC=0x1 MS_INVALIDATE=0x2 MS_SYNC=0x4"),
    "madvise": One(_ADVICE + "MADV_SPACEAVAIL=5 MADV_FREE=6"),
    "wait": Bits(       # the names of wait4(2); an enumeration has WSTOPPED for WUNTRACED
        "WNOHANG=0x1 WUNTRACED=0x2 WALTSIG=0x4 WALLSIG=0x8 WCONTINUED=0x10 WEXITED=0x20 "
        "WTRAPPED=0x40 WNOWAIT=0x10000 WNOZOMBIE=0x20000"
    ),
    "fcntl": One(
        _COMMANDS + "F_CLOSEM=10 F_MAXFD=11 F_DUPFD_CLOEXEC=12 F_GETNOSIGPIPE=13 "
        "F_SETNOSIGPIPE=14 F_GETPATH=15 F_ADD_SEALS=16 F_GET_SEALS=17"
    ),
    "fdflags": Bits("FD_CLOEXEC=0x1"),
    "whence": One("SEEK_SET=0 SEEK_CUR=1 SEEK_END=2"),
    "ipproto": One(_PROTOCOLS + "IPPROTO_SCTP=132"),
    "tcpopt": One(
        "TCP_NODELAY=1 TCP_MAXSEG=2 TCP_KEEPIDLE=3 TCP_KEEPINTVL=5 TCP_KEEPCNT=6 "
        "TCP_KEEPINIT=7 TCP_INFO=9 TCP_MD5SIG=16 TCP_CONGCTL=32"
    ),
    "rlimit": One(netbsd.constants.Limit),
    "rusage": One("RUSAGE_SELF=0 RUSAGE_CHILDREN=-1"),
    "clock": One(
        "CLOCK_REALTIME=0 CLOCK_VIRTUAL=1 CLOCK_PROF=2 CLOCK_MONOTONIC=3 "
        "CLOCK_THREAD_CPUTIME_ID=0x20000000 CLOCK_PROCESS_CPUTIME_ID=0x40000000"
    ),
    "domain": One("PF_UNSPEC=0 PF_LOCAL=1 PF_INET=2 PF_INET6=24 PF_ROUTE=34"),
    "accept": Bits("SOCK_CLOEXEC=0x10000000 SOCK_NONBLOCK=0x20000000 SOCK_NOSIGPIPE=0x40000000"),
    "msg": Bits(
        _MESSAGES + "MSG_BCAST=0x100 MSG_MCAST=0x200 MSG_CMSG_CLOEXEC=0x800 MSG_NBIO=0x1000 "
        "MSG_WAITFORONE=0x2000"
    ),
    "sockopt": One(
        _OPTIONS + "SO_TIMESTAMP=0x2000 SO_RERROR=0x4000 SO_OVERFLOWED=0x1009 "
        "SO_NOHEADER=0x100a SO_SNDTIMEO=0x100b SO_RCVTIMEO=0x100c"
    ),
    "evfilt": One(
        "EVFILT_READ=0 EVFILT_WRITE=1 EVFILT_AIO=2 EVFILT_VNODE=3 EVFILT_PROC=4 EVFILT_SIGNAL=5 "
        "EVFILT_TIMER=6 EVFILT_FS=7 EVFILT_USER=8 EVFILT_EMPTY=9"
    ),
}
DRAGONFLY: Final[Mapping[str, One | Bits]] = {
    "open": Bits(
        _STATUS + "O_DIRECT=0x10000 O_CLOEXEC=0x20000 O_FBLOCKING=0x40000 "
        "O_FNONBLOCKING=0x80000 O_FAPPEND=0x100000 O_FOFFSET=0x200000 O_FSYNCWRITE=0x400000 "
        "O_FASYNCWRITE=0x800000 O_DIRECTORY=0x8000000",
        low=3,
    ),
    "pipe": Bits("O_NONBLOCK=0x4 O_CLOEXEC=0x20000"),
    "at": Bits("AT_SYMLINK_NOFOLLOW=0x1 AT_REMOVEDIR=0x2 AT_EACCESS=0x4 AT_SYMLINK_FOLLOW=0x8"),
    "map": Bits(
        "MAP_SHARED=0x1 MAP_PRIVATE=0x2 MAP_FIXED=0x10 MAP_RENAME=0x20 MAP_NORESERVE=0x40 "
        "MAP_INHERIT=0x80 MAP_NOEXTEND=0x100 MAP_HASSEMAPHORE=0x200 MAP_STACK=0x400 "
        "MAP_NOSYNC=0x800 MAP_ANON=0x1000 MAP_VPAGETABLE=0x2000 MAP_TRYFIXED=0x10000 "
        "MAP_NOCORE=0x20000 MAP_SIZEALIGN=0x40000"
    ),
    "msync": NAMES["msync"],
    "madvise": One(
        _ADVICE + "MADV_FREE=5 MADV_NOSYNC=6 MADV_AUTOSYNC=7 MADV_NOCORE=8 MADV_CORE=9 "
        "MADV_INVAL=10 MADV_SETMAP=11"
    ),
    "wait": Bits(dragonfly.WaitOptions),
    "idtype": NAMES["idtype"],
    "fcntl": One(_COMMANDS + "F_DUP2FD=10 F_DUPFD_CLOEXEC=17 F_DUP2FD_CLOEXEC=18"),
    "fdflags": Bits("FD_CLOEXEC=0x1"),
    "whence": NAMES["whence"],
    "ipproto": One(_PROTOCOLS),
    "tcpopt": One(
        "TCP_NODELAY=1 TCP_MAXSEG=2 TCP_NOPUSH=4 TCP_NOOPT=8 TCP_SIGNATURE_ENABLE=16 "
        "TCP_KEEPINIT=32 TCP_FASTKEEP=128 TCP_KEEPIDLE=256 TCP_KEEPINTVL=512 TCP_KEEPCNT=1024"
    ),
    "rlimit": One(dragonfly.constants.Limit),
    "rusage": One("RUSAGE_SELF=0 RUSAGE_CHILDREN=-1"),
    "clock": NAMES["clock"],
    "rfork": Bits(
        "RFNAMEG=0x1 RFENVG=0x2 RFFDG=0x4 RFNOTEG=0x8 RFPROC=0x10 RFMEM=0x20 RFNOWAIT=0x40 "
        "RFCNAMEG=0x400 RFCENVG=0x800 RFCFDG=0x1000 RFTHREAD=0x2000 RFSIGSHARE=0x4000 "
        "RFLINUXTHPN=0x10000"
    ),
    "domain": One("PF_UNSPEC=0 PF_LOCAL=1 PF_INET=2 PF_ROUTE=17 PF_INET6=28"),
    "accept": NAMES["accept"],
    "msg": Bits(
        _MESSAGES + "MSG_EOF=0x100 MSG_SYNC=0x800 MSG_CMSG_CLOEXEC=0x1000 MSG_FBLOCKING=0x10000 "
        "MSG_FNONBLOCKING=0x20000"
    ),
    "sockopt": One(
        _OPTIONS + "SO_TIMESTAMP=0x400 SO_RERROR=0x2000 SO_SNDTIMEO=0x1005 SO_RCVTIMEO=0x1006 "
        "SO_SNDSPACE=0x100a SO_CPUHINT=0x1030"
    ),
    "evfilt": One(
        "EVFILT_READ=-1 EVFILT_WRITE=-2 EVFILT_AIO=-3 EVFILT_VNODE=-4 EVFILT_PROC=-5 "
        "EVFILT_SIGNAL=-6 EVFILT_TIMER=-7 EVFILT_EXCEPT=-8 EVFILT_USER=-9 EVFILT_FS=-10"
    ),
}
OF: Final[Mapping[str, Mapping[str, One | Bits]]] = {
    "freebsd": NAMES,
    "netbsd": {**{name: NAMES[name] for name in SAME}, **NETBSD},
    "dragonfly": {**{name: NAMES[name] for name in SAME}, **DRAGONFLY},
}
"""The tables that there are of each system."""
AT_FDCWD: Final[Mapping[str, int]] = {
    "freebsd": -100,
    "netbsd": -100,
    "dragonfly": 0xFFFAFDCD - (1 << 32),
}
AF_INET6: Final[Mapping[str, int]] = {"freebsd": 28, "netbsd": 24, "dragonfly": 28}
