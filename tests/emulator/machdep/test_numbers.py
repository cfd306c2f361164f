"""The numbers of the emulated FreeBSD's system calls stand in its headers, too: a compiler
with these says the same.

The headers are FreeBSD 14's.  What it changed of these is named in `SINCE_14`.
"""

from __future__ import annotations

from types import ModuleType

import pytest
from tests.headers import measure

from bsdproc.emulator.bsd import (
    files,
    kqueue,
    kqueuefiles,
    kqueuerules,
    limits,
    p_flag,
    p_flag2,
    shm,
    sockets,
    td_dbgflags,
)
from bsdproc.emulator.bsd.file import Kind
from bsdproc.emulator.freebsd import (
    aio,
    capsicum,
    coredump,
    eventfd,
    exit,
    fork,
    jail,
    kinfo,
    kinfo_file,
    ktrace,
    ktrace_told,
    mounts,
    timers,
)
from bsdproc.emulator.freebsd.priv import Priv
from bsdproc.emulator.freebsd.syscalls import aio as aio_calls
from bsdproc.emulator.freebsd.syscalls import (
    clocks,
    fastblock,
    memory,
    modules,
    newfiles,
    procdesc,
    processors,
    residence,
    scheduling,
    statfs,
    sysvipc,
    sysvmsg,
    sysvsem,
    sysvshm,
    threads,
    umtx,
    umutex,
)
from bsdproc.emulator.freebsd.syscalls import files as file_calls
from bsdproc.emulator.freebsd.syscalls import kqueue as kqueue_calls
from bsdproc.emulator.freebsd.syscalls import ktrace as ktrace_call
from bsdproc.emulator.freebsd.syscalls import shm as shm_calls
from bsdproc.emulator.freebsd.syscalls import signals as signal_calls
from bsdproc.emulator.freebsd.syscalls import timers as timer_calls
from bsdproc.emulator.freebsd.sysctl import Flag, Type

pytestmark = pytest.mark.toolchain

HEADERS = "".join(f"#include <{name}>\n" for name in (
    "sys/types.h", "sys/param.h", "aio.h", "kenv.h", "sched.h", "stddef.h", "unistd.h",
    *(f"sys/{name}.h" for name in (
        "capsicum", "cpuset", "dirent", "domainset", "event", "eventfd", "fcntl", "ipc", "jail",
        "ktrace", "mman", "mount", "msg", "priv", "proc", "procdesc", "resource", "rtprio",
        "sem", "shm", "signal", "socket", "specialfd", "stat", "sysctl", "thr", "time", "timex",
        "uio", "umtx", "user", "wait"))))


def of(module: ModuleType | type, prefix: str, names: str) -> dict[str, int]:
    """PREFIX_NAME and the value of NAME, of some names in a module or class."""
    found = {}
    for name in names.split():
        value = getattr(module, name)
        assert isinstance(value, int)
        found[prefix + name] = value
    return found


def all_of(module: ModuleType | type, prefix: str) -> dict[str, int]:
    return of(module, prefix, " ".join(name for name in vars(module) if name.isupper()))


def right(value: int) -> int:
    """A CAP_ as C has it: of which word it is stands in it."""
    low, high = value & (1 << capsicum.SECOND) - 1, value >> capsicum.SECOND
    return 1 << 58 | high if high else 1 << 57 | low


RIGHTS = """READ WRITE SEEK PREAD PWRITE MMAP MMAP_X MMAP_R MMAP_W CREATE FEXECVE FSYNC
    FTRUNCATE LOOKUP FCHDIR FCHFLAGS FCHMOD FCHOWN FCNTL FLOCK FPATHCONF FSCK FSTAT FSTATFS
    FUTIMES LINKAT_TARGET MKDIRAT MKFIFOAT MKNODAT RENAMEAT_SOURCE SYMLINKAT UNLINKAT ACCEPT
    BIND CONNECT GETPEERNAME GETSOCKNAME GETSOCKOPT LISTEN PEELOFF SETSOCKOPT SHUTDOWN BINDAT
    CONNECTAT LINKAT_SOURCE RENAMEAT_TARGET MAC_GET MAC_SET SEM_GETVALUE SEM_POST SEM_WAIT
    EVENT KQUEUE_EVENT IOCTL TTYHOOK PDGETPID PDWAIT PDKILL EXTATTR_DELETE EXTATTR_GET
    EXTATTR_LIST EXTATTR_SET ACL_CHECK ACL_DELETE ACL_GET ACL_SET KQUEUE_CHANGE"""

GONE = ("P_SWAPPINGOUT", "P_SWAPPINGIN")
"""What the headers have no more."""
NUMBERS: dict[str, int] = {
    **{name: right(value) for name, value in of(capsicum, "CAP_", RIGHTS).items()},
    "CAP_FCNTL_ALL": capsicum.FCNTLS,
    **{f"PRIV_{one.name}": one.value for one in Priv},
    **{name: value for name, value in all_of(p_flag, "P_").items() if name not in GONE},
    **all_of(p_flag2, "P2_"), **all_of(td_dbgflags, "TDB_"),
    # -- files
    **of(files, "", """O_ACCMODE O_ASYNC O_FSYNC O_NOFOLLOW O_CREAT O_TRUNC O_EXCL O_SHLOCK
        O_EXLOCK O_DIRECT O_DIRECTORY O_EXEC O_CLOEXEC O_DSYNC AT_FDCWD RLIMIT_NOFILE"""),
    **of(shm, "F_", "SEAL_SEAL SEAL_SHRINK SEAL_GROW SEAL_WRITE"),
    **of(shm_calls, "SHM_", "ALLOW_SEALING LARGEPAGE RENAME_NOREPLACE RENAME_EXCHANGE"),
    **of(file_calls.Fcntl, "F_", """DUPFD GETFD SETFD GETFL SETFL GETOWN SETOWN DUP2FD
        READAHEAD RDAHEAD DUPFD_CLOEXEC DUP2FD_CLOEXEC ADD_SEALS GET_SEALS ISUNIONSTACK
        KINFO"""),
    **of(mounts, "MNT_", """RDONLY SYNCHRONOUS NOEXEC NOSUID UNION ASYNC EXPORTED LOCAL ROOTFS
        USER UPDATE RELOAD FORCE SUIDDIR NOSYMFOLLOW IGNORE MULTILABEL NONBUSY ACLS BYFSID
        NOATIME NOCLUSTERR NOCLUSTERW NFS4ACLS AUTOMOUNTED NOCOVER EMPTYDIR UNTRUSTED"""),
    **of(mounts, "", "MFSNAMELEN MNAMELEN VQ_MOUNT VQ_UNMOUNT"),
    **of(statfs, "", "MNT_WAIT MNT_NOWAIT"), "STATFS_VERSION": statfs.VERSION,
    "sizeof(struct statfs)": statfs.STATFS.size, "sizeof(fhandle_t)": statfs.FHANDLE,
    "sizeof(struct stat)": file_calls.STAT.size, "UF_NODUMP": coredump.UF_NODUMP,
    "offsetof(struct dirent, d_name)": file_calls.DIRENT.size,
    **of(newfiles, "", "S_IFMT S_IFIFO S_IFCHR S_IFBLK S_IFWHT AT_REMOVEDIR AT_RESOLVE_BENEATH"
         " SPECIALFD_EVENTFD SOCK_STREAM FD_NONE"),
    **of(eventfd, "", "EFD_SEMAPHORE EFD_NONBLOCK EFD_CLOEXEC"),
    **of(sockets, "", "MSG_OOB MSG_PEEK MSG_EOR MSG_TRUNC MSG_WAITALL MSG_DONTWAIT SOMAXCONN"
         " SO_NOSIGPIPE"),
    **all_of(Kind, "KF_TYPE_"),
    **{name.replace("FD_", "KF_FD_TYPE_"): value for name, value in of(
        kinfo_file, "", "FD_CWD FD_ROOT FD_JAIL FD_TRACE FD_TEXT FD_CTTY").items()},
    # -- events and requests
    **of(kqueuerules, "EVFILT_", "READ WRITE AIO VNODE PROC SIGNAL TIMER PROCDESC FS LIO USER"),
    **of(kqueue, "", """EV_ADD EV_DELETE EV_ENABLE EV_DISABLE EV_ONESHOT EV_CLEAR EV_RECEIPT
        EV_DISPATCH EV_FORCEONESHOT EV_ERROR EV_EOF NOTE_EXIT NOTE_FORK NOTE_EXEC NOTE_TRACK
        NOTE_TRACKERR NOTE_CHILD NOTE_TRIGGER"""),
    **of(kqueue, "NOTE_", "FFAND FFOR FFCOPY"),
    "NOTE_FFCTRLMASK": kqueue.FFCONTROL, "NOTE_FFLAGSMASK": kqueue.FFLAGS,
    **of(kqueuefiles, "", "NOTE_LOWAT NOTE_FILE_POLL"),
    **of(kqueuerules, "", "NOTE_SECONDS NOTE_MSECONDS NOTE_USECONDS NOTE_NSECONDS NOTE_ABSTIME"),
    "sizeof(struct kevent)": kqueue_calls.KEVENT[0].size,
    **of(aio, "LIO_", "NOP WRITE READ VECTORED"),
    **of(aio, "", "SI_ASYNCIO SIGEV_NONE SIGEV_SIGNAL SIGEV_KEVENT SIGEV_THREAD_ID"),
    **of(aio_calls, "", "LIO_WAIT LIO_NOWAIT O_SYNC O_DSYNC"),
    **of(aio_calls, "AIO_", "CANCELED NOTCANCELED ALLDONE"),
    "sizeof(struct aiocb)": aio_calls.AIOCB.size,
    "offsetof(struct aiocb, _aiocb_private.status)": aio_calls.STATUS,
    "offsetof(struct aiocb, _aiocb_private.error)": aio_calls.ERROR,
    "sizeof(struct sigevent)": aio_calls.SIGEVENT.size,
    # -- System V's
    **of(sysvipc, "IPC_", "PRIVATE CREAT EXCL NOWAIT RMID SET STAT M R W"),
    "sizeof(struct ipc_perm)": sysvipc.PERM[0].size,
    "sizeof(struct msqid_ds)": sysvipc.PERM[0].size + sysvmsg.MSQID[0].size,
    "sizeof(struct semid_ds)": sysvipc.PERM[0].size + sysvsem.SEMID[0].size,
    "sizeof(struct shmid_ds)": sysvipc.PERM[0].size + sysvshm.SHMID[0].size,
    "sizeof(struct sembuf)": sysvsem.SEMBUF.size,
    **of(sysvmsg, "", "MSG_NOERROR"), **of(sysvsem, "", """SEM_UNDO GETNCNT GETPID GETVAL GETALL
        GETZCNT SETVAL SETALL"""), **of(sysvshm, "", "SHM_RDONLY SHM_RND"),
    # -- ktrace
    **of(ktrace, "KTR_", "SYSCALL SYSRET NAMEI PSIG CSW USER SYSCTL PROCCTOR PROCDTOR FAULT"
         " FAULTEND USER_MAXLEN"),
    **of(ktrace_told, "KTR_", "NAMEI GENIO STRUCT CAPFAIL STRUCT_ARRAY"),
    **of(ktrace, "KTRFAC_", "ROOT INHERIT"), "KTRFAC_MASK": ktrace.FACILITIES,
    **of(ktrace_call, "KTROP_", "SET CLEAR CLEARFILE"), "KTRFLAG_DESCEND": ktrace_call.DESCEND,
    "sizeof(struct ktr_header_v0)": ktrace.HEADER.size,
    "sizeof(struct ktr_sysret)": ktrace.SYSRET_RECORD.size,
    "sizeof(struct ktr_psig)": ktrace.PSIG_RECORD.size,
    "sizeof(struct ktr_csw)": ktrace.CSW_RECORD.size,
    "CAPFAIL_NOTCAPABLE": ktrace_told.NOT_CAPABLE, "CAPFAIL_INCREASE": ktrace_told.INCREASE,
    "CAPFAIL_NAMEI": ktrace_told.LOOKUP,
    "sizeof(cap_rights_t)": ktrace_told.RIGHTS.size,
    "sizeof(struct itimerval)": ktrace_told.TIMER.size,
    "sizeof(struct iovec)": ktrace_told.IOVEC[0].size,
    "offsetof(struct msghdr, msg_iovlen)": ktrace_told.MSGHDR[0].size - 4,
    # -- memory
    **of(memory, "", """MAP_SHARED MAP_PRIVATE MAP_FIXED MAP_STACK MAP_ANON MAP_GUARD MAP_EXCL
        MAP_32BIT MAP_NOCORE MADV_NOCORE MADV_CORE MS_ASYNC MS_INVALIDATE"""),
    **of(residence, "", "MCL_CURRENT MCL_FUTURE"),
    **of(residence, "MINCORE_", "INCORE REFERENCED MODIFIED"),
    # -- processes and threads
    **of(fork, "", """RFFDG RFPROC RFMEM RFNOWAIT RFCFDG RFTHREAD RFSIGSHARE RFPPWAIT RFSPAWN
        RFLINUXTHPN RFTSIGZMB RFTSIGSHIFT RFTSIGMASK"""),
    **of(exit, "", """WNOHANG WUNTRACED WCONTINUED WNOWAIT WEXITED WTRAPPED WLINUXCLONE P_PID
        P_PGID P_SID P_UID P_GID P_ALL P_JAILID"""),
    **of(procdesc, "", "PD_DAEMON PD_CLOEXEC"),
    **of(jail, "JAIL_", "CREATE UPDATE ATTACH DYING"),
    **of(kinfo, "", "SIDL SRUN SSLEEP SSTOP SZOMB SWAIT KI_NGROUPS TDNAMLEN WMESGLEN PS_INMEM"
         " KI_CRF_CAPABILITY_MODE KI_CRF_GRP_OVERFLOW"),
    **of(limits, "RLIMIT_", """CPU FSIZE DATA STACK CORE RSS MEMLOCK NPROC NOFILE SBSIZE VMEM
        NPTS SWAP KQUEUES UMTXP"""),
    "RLIM_NLIMITS": limits.NLIMITS, "RLIM_INFINITY": limits.INFINITY,
    **of(scheduling, "", "PRIO_PROCESS PRIO_PGRP PRIO_USER PRIO_MIN PRIO_MAX"),
    "RTP_LOOKUP": scheduling.LOOKUP, "RTP_SET": scheduling.SET,
    "sizeof(struct rtprio)": scheduling.RTPRIO.size,
    **of(processors, "CPU_", "LEVEL_ROOT LEVEL_CPUSET LEVEL_WHICH WHICH_TID WHICH_PID"
         " WHICH_CPUSET WHICH_JAIL WHICH_TIDPID"),
    "sizeof(struct thr_param)": threads.THR_PARAM[0].size,
    "THR_SUSPENDED": threads.THR_SUSPENDED,
    **of(fastblock, "SIGFASTBLOCK_", "SETPTR UNBLOCK UNSETPTR"),
    "sizeof(struct sigaction)": signal_calls.SIGACTION[0].size,
    **of(timers, "", "SI_TIMER"), **of(timer_calls, "", "TIMER_ABSTIME CLOCK_MONOTONIC"),
    **of(clocks, "", "CLOCK_REALTIME TIME_ERROR STA_UNSYNC"),
    **of(clocks, "CPUCLOCK_", "WHICH_PID WHICH_TID"),
    "sizeof(struct timex)": clocks.TIMEX[0].size,
    "sizeof(struct ntptimeval)": clocks.NTPTIMEVAL[0].size,
    **of(modules, "", "KENV_GET KENV_SET KENV_UNSET KENV_DUMP KENV_DUMP_LOADER"
         " KENV_DUMP_STATIC"),
    # -- umtx
    **of(umtx, "UMTX_OP_", """WAIT WAKE CV_WAIT CV_SIGNAL CV_BROADCAST WAIT_UINT RW_RDLOCK
        RW_WRLOCK RW_UNLOCK WAIT_UINT_PRIVATE WAKE_PRIVATE NWAKE_PRIVATE SEM2_WAIT SEM2_WAKE"""),
    **of(umutex, "UMTX_OP_", "ROBUST_LISTS"),
    **of(umutex, "UMTX_OP_MUTEX_", "TRYLOCK LOCK UNLOCK WAIT WAKE2"),
    "UMTX_OP_SET_CEILING": umutex.SET_CEILING, "UMTX_OP_MUTEX_WAKE": umutex.WAKE,
    **of(umutex, "UMUTEX_", "UNOWNED CONTESTED ROBUST"),
    "UMUTEX_RB_OWNERDEAD": umutex.OWNER_DEAD, "UMUTEX_RB_NOTRECOV": umutex.NOT_RECOVERABLE,
    "UMUTEX_PRIO_INHERIT": umutex.INHERIT, "UMUTEX_PRIO_PROTECT": umutex.PROTECT,
    "UMUTEX_NONCONSISTENT": umutex.INCONSISTENT,
    "offsetof(struct umutex, m_flags)": umutex.FLAGS,
    "offsetof(struct umutex, m_ceilings)": umutex.CEILING,
    "offsetof(struct umutex, m_rb_lnk)": umutex.NEXT_ROBUST,
    "offsetof(struct ucond, c_flags)": umtx.CV_FLAGS,
    "offsetof(struct ucond, c_clockid)": umtx.CV_CLOCK,
    "offsetof(struct urwlock, rw_flags)": umtx.RW_FLAGS,
    "offsetof(struct urwlock, rw_blocked_readers)": umtx.BLOCKED_READERS,
    "offsetof(struct urwlock, rw_blocked_writers)": umtx.BLOCKED_WRITERS,
    "CVWAIT_ABSTIME": umtx.CV_ABSTIME, "CVWAIT_CLOCKID": umtx.CV_CLOCKID,
    "URWLOCK_WRITE_OWNER": umtx.WRITE_OWNER, "URWLOCK_WRITE_WAITERS": umtx.WRITE_WAITERS,
    "URWLOCK_READ_WAITERS": umtx.READ_WAITERS, "URWLOCK_MAX_READERS": umtx.MAX_READERS,
    "URWLOCK_PREFER_READER": umtx.PREFER_READER, "USEM_HAS_WAITERS": umtx.SEM_WAITERS,
    # -- sysctl
    **of(Type, "CTLTYPE_", "NODE INT STRING OPAQUE UINT LONG ULONG S64 U64 U8 U16 S8 S16 S32"
         " U32"),
    **of(Flag, "CTLFLAG_", "RD WR RW ANYBODY SECURE PRISON SKIP MPSAFE CAPRD CAPWR NEEDGIANT"),
    "(CTLFLAG_TUN | CTLFLAG_NOFETCH)": Flag.TUN,
}
"""By their C expressions."""

SINCE_14: dict[str, int] = {"CAPFAIL_NAMEI": 6, "RLIM_NLIMITS": 16}
"""What 14's headers say of those that it changed: it tells of more that is refused in
capability mode (13.2's name for this is CAPFAIL_LOOKUP), and has a limit for pipes."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    return measure(tmp_path_factory.mktemp("numbers"), HEADERS, list(NUMBERS))


def test_numbers(measured: dict[str, int]) -> None:
    expected = {**NUMBERS, **SINCE_14}
    wrong = {name: (hex(expected[name]), hex(value)) for name, value in measured.items()
             if (value - expected[name]) % (1 << 32)}
    assert wrong == {}


def test_what_14_changed_is_changed() -> None:
    assert all(NUMBERS[name] != value for name, value in SINCE_14.items())
