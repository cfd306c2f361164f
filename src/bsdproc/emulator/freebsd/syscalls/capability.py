"""Which system calls a process in capability mode may make: those that name
nothing outside the process but by a descriptor it holds (the list in
sys/kern/capabilities.conf of 13.2).  All others are ECAPMODE; procctl,
ptrace and wait4 are among those.

And the calls that limit what a descriptor can do: sys_capability.c.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, space_of
from bsdproc.emulator.bsd.syscalls.width import long_, pointer
from bsdproc.emulator.errno import EINVAL, ENOTCAPABLE, Refused
from bsdproc.emulator.freebsd import capsicum

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.syscalls import Entry
    from bsdproc.emulator.freebsd.system import System

_NAMES = """
    __acl_aclcheck_fd __acl_delete_fd __acl_get_fd __acl_set_fd __cap_rights_get __mac_get_fd
    __mac_get_proc __mac_set_fd __mac_set_proc __specialfd __sysctl __sysctlbyname _umtx_op
    abort2 accept accept4 aio_cancel aio_error aio_fsync aio_read aio_readv aio_return
    aio_suspend aio_waitcomplete aio_write aio_writev bindat break cap_enter cap_fcntls_get
    cap_fcntls_limit cap_getmode cap_ioctls_get cap_ioctls_limit cap_rights_limit chflagsat
    clock_getres clock_gettime close close_range closefrom connectat copy_file_range
    cpuset_getaffinity cpuset_getdomain cpuset_setaffinity cpuset_setdomain dup dup2 exit
    extattr_delete_fd extattr_get_fd extattr_list_fd extattr_set_fd faccessat fchflags fchmod
    fchmodat fchown fchownat fcntl fdatasync fexecve flock fork fpathconf freebsd11_fstat
    freebsd11_fstatat freebsd11_fstatfs freebsd11_getdirentries freebsd11_mknodat
    freebsd6_ftruncate freebsd6_lseek freebsd6_mmap freebsd6_pread freebsd6_pwrite fstat fstatat
    fstatfs fsync ftruncate funlinkat futimens futimes futimesat getaudit getaudit_addr getauid
    getcontext getdents getdirentries getdomainname getdtablesize getegid geteuid getgid
    getgroups gethostid gethostname getitimer getlogin getloginclass getpagesize getpeername
    getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage
    getsid getsockname getsockopt gettimeofday getuid ioctl issetugid kevent kill kmq_notify
    kmq_setattr kmq_timedreceive kmq_timedsend kqueue ktimer_create ktimer_delete
    ktimer_getoverrun ktimer_gettime ktimer_settime linkat lio_listio listen lseek madvise
    mincore minherit mkdirat mkfifoat mknodat mlock mlockall mmap mprotect msync munlock
    munlockall munmap nanosleep ntp_gettime oaio_read oaio_write olio_listio openat pdfork
    pdgetpid pdkill pipe pipe2 poll posix_fallocate ppoll pread preadv profil pselect pwrite
    pwritev read readlinkat readv recv recvfrom recvmsg renameat rtprio rtprio_thread sbrk
    sched_get_priority_max sched_get_priority_min sched_getcpu sched_getparam sched_getscheduler
    sched_rr_get_interval sched_setparam sched_setscheduler sched_yield sctp_generic_recvmsg
    sctp_generic_sendmsg sctp_generic_sendmsg_iov sctp_peeloff select send sendfile sendmsg
    sendto setaudit setaudit_addr setauid setcontext setegid seteuid setgid setitimer
    setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid
    shm_open shm_open2 shutdown sigaction sigaltstack sigblock sigfastblock sigpending
    sigprocmask sigqueue sigreturn sigsetmask sigstack sigsuspend sigtimedwait sigvec sigwait
    sigwaitinfo socket socketpair sstk symlinkat sync sysarch thr_create thr_exit thr_kill
    thr_new thr_self thr_set_name thr_suspend thr_wake umask unlinkat utimensat utrace uuidgen
    write writev yield
"""
ENABLED = frozenset(_NAMES.split())
"""By name, as `SYSCALLS` has them."""


RIGHTS: Final = struct.Struct("<QQ")
"""cap_rights_t, version 0."""
VERSIONS: Final = 3 << 62
IOCTLS_MOST: Final = 256


def sys_cap_rights_limit(system: System, td: Thread, args: Args) -> None:
    """Rights can only be given up: ENOTCAPABLE."""
    space, fd = space_of(td), int32(args[0])
    if int.from_bytes(space.copyin(args[1], 8), "little") & VERSIONS:
        raise Refused(EINVAL)
    first, second = RIGHTS.unpack(space.copyin(args[1], RIGHTS.size))
    rights = first | second << capsicum.SECOND
    if rights & ~capsicum.ALL or rights & capsicum.MARKS != capsicum.MARKS:
        raise Refused(EINVAL)
    slot = td.proc.files.slot(fd)
    limits = capsicum.limits(slot)
    if rights & ~limits.rights:
        raise Refused(ENOTCAPABLE)
    capsicum.limit(td.proc.files, slot, limits.to(rights))


def sys_cap_rights_get(system: System, td: Thread, args: Args) -> None:
    if int32(args[0]):
        raise Refused(EINVAL)
    rights = capsicum.limits(td.proc.files.slot(int32(args[1]))).rights
    space_of(td).copyout(args[2], RIGHTS.pack(
        rights & (1 << capsicum.SECOND) - 1, rights >> capsicum.SECOND))


def sys_cap_ioctls_limit(system: System, td: Thread, args: Args) -> None:
    count, form = args[2], pointer(td)
    if count > IOCTLS_MOST:
        raise Refused(EINVAL)
    data = space_of(td).copyin(args[1], count * form.size) if count else b""
    commands = tuple(one for one, in form.iter_unpack(data))
    slot = td.proc.files.slot(int32(args[0]))
    limits = capsicum.limits(slot)
    known = limits.ioctls
    if known is not None and (len(known) < count or set(commands) - set(known)):
        raise Refused(ENOTCAPABLE)
    capsicum.limit(td.proc.files, slot, replace(limits, ioctls=commands))


def sys_cap_ioctls_get(system: System, td: Thread, args: Args) -> int:
    """How many there are, of which as many as fit; CAP_IOCTLS_ALL for all."""
    known = capsicum.limits(td.proc.files.slot(int32(args[0]))).ioctls
    form = pointer(td)
    if known is None:
        return (1 << 8 * long_(td).size - 1) - 1
    if args[1]:
        told = known[: args[2]]
        space_of(td).copyout(args[1], b"".join(form.pack(one) for one in told))
    return len(known)


def sys_cap_fcntls_limit(system: System, td: Thread, args: Args) -> None:
    wanted = args[1] & 0xFFFFFFFF
    if wanted & ~capsicum.FCNTLS:
        raise Refused(EINVAL)
    slot = td.proc.files.slot(int32(args[0]))
    limits = capsicum.limits(slot)
    if wanted & ~limits.fcntls:
        raise Refused(ENOTCAPABLE)
    capsicum.limit(td.proc.files, slot, replace(limits, fcntls=wanted))


def sys_cap_fcntls_get(system: System, td: Thread, args: Args) -> None:
    known = capsicum.limits(td.proc.files.slot(int32(args[0]))).fcntls
    space_of(td).copyout(args[1], struct.pack("<I", known))


SYSCALLS: dict[int, Entry] = {
    515: ("__cap_rights_get", 3, sys_cap_rights_get),
    533: ("cap_rights_limit", 2, sys_cap_rights_limit),
    534: ("cap_ioctls_limit", 3, sys_cap_ioctls_limit),
    535: ("cap_ioctls_get", 3, sys_cap_ioctls_get),
    536: ("cap_fcntls_limit", 2, sys_cap_fcntls_limit),
    537: ("cap_fcntls_get", 2, sys_cap_fcntls_get),
}
