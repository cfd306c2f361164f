"""How the arguments of system calls are shown: FreeBSD's, and what is like them elsewhere.

The prototypes say what most arguments are: numbers, addresses, strings, structs.
`TEXT` says the rest, by the names in the prototypes: ``name=kind`` or
``name=kind(inside)`` for what is known when the call is made, ``name=>kind`` for
what the kernel fills in; a bare ``[table]`` stands for named(table).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from bsdproc import abi, dragonfly, netbsd
from bsdproc.freebsd.syscalls import by_name
from bsdproc.tools.decode.sisters import OF
from bsdproc.typed.syscalls import Argument, Syscall

TEXT: Final = """\
__cap_rights_get rightsp=pointer
__getcwd buf=>text
__sysctl name=mib(namelen) old=pointer oldlenp=>integer(long) new=pointer
__sysctlbyname name=data(namelen) old=pointer oldlenp=>integer(long) new=pointer
_umtx_op op=[umtx] val=pointer
accept name=>address anamelen=>integer
accept4 name=>address anamelen=>integer flags=[accept]
access amode=[access]
aio_suspend timeout=timespec
bind name=address(namelen)
bindat fd=at name=address(namelen)
chflags flags=[chflags]
chflagsat fd=at flags=[chflags] atflag=[at]
clock_getres clock_id=[clock] tp=>timespec
clock_gettime clock_id=[clock] tp=>timespec
clock_nanosleep clock_id=[clock] flags=[timer] rmtp=>timespec
clock_settime clock_id=[clock]
close_range flags=[closerange]
connect name=address(namelen)
connectat fd=at name=address(namelen)
cpuset_getaffinity level=[cpulevel] which=[cpuwhich]
cpuset_getid level=[cpulevel] which=[cpuwhich]
cpuset_setaffinity level=[cpulevel] which=[cpuwhich]
cpuset_setid which=[cpuwhich]
eaccess amode=[access]
execve argv=strings envv=pointer
extattr_delete_fd attrnamespace=[extattr]
extattr_delete_file attrnamespace=[extattr]
extattr_get_fd attrnamespace=[extattr] data=>data(ret)
extattr_get_file attrnamespace=[extattr] data=>data(ret)
extattr_list_fd attrnamespace=[extattr]
extattr_list_file attrnamespace=[extattr]
extattr_set_fd attrnamespace=[extattr] data=data(nbytes)
extattr_set_file attrnamespace=[extattr] data=data(nbytes)
faccessat fd=at amode=[access] flag=[at]
fchmodat fd=at flag=[at]
fchownat fd=at flag=[at]
fcntl cmd=[fcntl] arg=fcntl
fexecve argv=strings envv=pointer
fhstat sb=>stat
fhstatfs buf=>statfs
flock how=[flock]
fpathconf name=[pathconf]
freebsd12_shm_open flags=[open]
fstat sb=>stat
fstatat fd=at buf=>stat flag=[at]
fstatfs buf=>statfs
funlinkat dfd=at flag=[at]
futimens times=timespecs
futimes tptr=timevals
futimesat fd=at times=timevals
getdirentries buf=>data(ret)
getitimer which=[itimer] itv=>timevals
getlogin namebuf=>text
getloginclass namebuf=>text
getpeername asa=>address alen=>integer
getpriority which=[priority]
getrandom buf=>data(ret) flags=[random]
getrlimit which=[rlimit] rlp=>rlimit
getrusage who=[rusage] rusage=>rusage
getsockname asa=>address alen=>integer
getsockopt level=level name=option avalsize=>integer
gettimeofday tp=>timeval
ioctl com=ioctl
jail_get flags=[jail]
jail_set flags=[jail]
kenv what=[kenv] value=pointer
kevent changelist=kevents(nchanges) eventlist=>kevents(ret)
kill signum=signal
ktimer_create clock_id=[clock]
ktimer_settime flags=[timer] value=timespecs ovalue=>timespecs
ktrace ops=[ktrace]
linkat fd1=at fd2=at flag=[at]
lpathconf name=[pathconf]
lseek whence=[whence]
lutimes tptr=timevals
madvise behav=[madvise]
mincore vec=pointer
minherit inherit=[inherit]
mkdirat fd=at
mkfifoat fd=at
mknodat fd=at
mlockall how=[mlockall]
mmap prot=[prot] flags=mapping pos=pointer
mount flags=[mount] data=pointer
mprotect prot=[prot]
msync flags=[msync]
nanosleep rmtp=>timespec
open flags=[open] mode=create_mode
openat fd=at flag=[open] mode=create_mode
pathconf name=[pathconf]
pdfork fdp=>integer flags=[pdfork]
pdkill signum=signal
pipe2 fildes=>pair flags=[pipe]
poll fds=>pollfd(nfds)
posix_fadvise advice=[fadvise]
posix_openpt flags=[open]
ppoll fds=>pollfd(nfds)
pread buf=>data(ret)
preadv iovp=>iovec(iovcnt ret)
procctl idtype=[idtype] com=command data=>setting
pselect in=fds(nd) ou=fds(nd) ex=fds(nd)
ptrace req=request addr=pointer data=request_data
pwrite buf=data(nbyte)
pwritev iovp=iovec(iovcnt)
read buf=>data(ret)
readlink buf=>data(ret)
readlinkat fd=at buf=>data(ret)
readv iovp=>iovec(iovcnt ret)
reboot opt=[reboot]
recvfrom buf=>data(ret) flags=[msg] from=>address fromlenaddr=>integer
recvmsg msg=>message(ret) flags=[msg]
renameat oldfd=at newfd=at
rfork flags=[rfork]
rtprio function=[rtprio]
rtprio_thread function=[rtprio]
sched_get_priority_max policy=[sched]
sched_get_priority_min policy=[sched]
sched_rr_get_interval interval=>timespec
sched_setscheduler policy=[sched]
select in=fds(nd) ou=fds(nd) ex=fds(nd)
sendmsg msg=message flags=[msg]
sendto buf=data(len) flags=[msg] to=address(tolen)
setitimer which=[itimer] itv=timevals oitv=>timevals
setpriority which=[priority]
setrlimit which=[rlimit] rlp=rlimit
setsockopt level=level name=option
shm_open2 flags=[open]
shutdown how=[shutdown]
sigaction sig=signal act=sigaction oact=>sigaction
sigaltstack ss=stack oss=>stack
sigfastblock cmd=[sigfastblock]
sigprocmask how=[sigprocmask] set=sigset oset=>sigset
sigqueue signum=signal
sigtimedwait info=>siginfo
sigwait sig=>signal_in
sigwaitinfo info=>siginfo
socket domain=[domain] type=[socket] protocol=[ipproto]
socketpair domain=[domain] type=[socket] rsv=>pair
statfs buf=>statfs
symlinkat fd=at
sysarch op=[sysarch] parms=pointer
thr_kill sig=signal
thr_kill2 sig=signal
thr_new param=thread
timerfd_create clockid=[clock] flags=[timerfd_create]
timerfd_gettime curr_value=>timespecs
timerfd_settime flags=[timerfd] new_value=timespecs old_value=>timespecs
umask newmask=octal
unlinkat fd=at flag=[at]
utimensat fd=at times=timespecs flag=[at]
utimes tptr=timevals
wait4 status=>status options=[wait] rusage=>rusage
wait6 idtype=[idtype] status=>status options=[wait] wrusage=pointer info=>siginfo
write buf=data(nbyte)
writev iovp=iovec(iovcnt)
"""

NETBSD: Final = """\
____sigtimedwait50 info=pointer
__clock_gettime50 clock_id=[clock] tp=>timespec
__clock_settime50 clock_id=[clock]
__getcwd bufp=>text
__getitimer50 which=[itimer] itv=>timevals
__getrusage50 who=[rusage] rusage=>rusage
__gettimeofday50 tp=>timeval
__kevent100 changelist=kevents(nchanges) eventlist=>kevents(ret)
__msync13 flags=[msync]
__nanosleep50 rmtp=>timespec
__select50 in=fds(nd) ou=fds(nd) ex=fds(nd)
__setitimer50 which=[itimer] itv=timevals oitv=>timevals
__sigaction_sigtramp signum=signal nsa=sigaction osa=>sigaction
__sigprocmask14 how=[sigprocmask]
__socket30 domain=[domain] type=[socket] protocol=[ipproto]
__wait450 status=>status options=[wait] rusage=>rusage
_lwp_kill signo=signal
accept name=>address anamelen=>integer
access flags=[access]
bind name=address(namelen)
compat_100___kevent50 changelist=kevents(nchanges kevent100) eventlist=>kevents(ret kevent100)
connect name=address(namelen)
execve argp=strings
faccessat fd=at
fchmodat fd=at
fchownat fd=at
fcntl cmd=[fcntl] arg=fcntl
fexecve argp=strings
flock how=[flock]
fstatat fd=at
getpeername asa=>address alen=>integer
getrlimit which=[rlimit] rlp=>rlimit
getsockname asa=>address alen=>integer
getsockopt level=level name=option avalsize=>integer
kill signum=signal
kqueue1 flags=[pipe]
lseek whence=[whence]
madvise behav=[madvise]
mkdirat fd=at
mmap prot=[prot] flags=mapping pos=pointer
mprotect prot=[prot]
open flags=[open] mode=create_mode
openat fd=at oflags=[open] mode=create_mode
paccept name=>address anamelen=>integer flags=[accept]
pipe2 fildes=>pair flags=[pipe]
poll fds=>pollfd(nfds)
pread buf=>data(ret)
preadv iovp=>iovec(iovcnt ret)
pwrite buf=data(nbyte)
pwritev iovp=iovec(iovcnt)
read buf=>data(ret)
readlink buf=>data(ret)
readlinkat fd=at buf=>data(ret)
readv iovp=>iovec(iovcnt ret)
recvfrom buf=>data(ret) flags=[msg] from=>address fromlenaddr=>integer
recvmsg msg=>message(ret) flags=[msg]
sendmsg msg=message flags=[msg]
sendto buf=data(len) flags=[msg] to=address(tolen)
setrlimit which=[rlimit] rlp=rlimit
setsockopt level=level name=option
shutdown how=[shutdown]
socketpair domain=[domain] type=[socket] rsv=>pair
umask newmask=octal
unlinkat fd=at flag=[at]
wait6 status=>status options=[wait] wru=pointer
write buf=data(nbyte)
writev iovp=iovec(iovcnt)
"""
"""The same of NetBSD's."""

TYPES: Final[Mapping[str, str]] = {
    "const char *": "path", "const sigset_t *": "sigset", "sigset_t *": ">sigset",
    "const struct timespec *": "timespec", "struct timespec *": ">timespec",
    "const struct timeval *": "timeval", "struct timeval *": ">timeval",
    "mode_t": "octal", "int *": ">integer", "uid_t *": ">integer", "gid_t *": "pointer",
    "u_int *": ">integer", "pid_t *": ">integer", "long *": ">integer(long)",
    "off_t *": ">integer(8)", "size_t *": ">integer(long)", "u_long": "pointer",
}
"""What an argument is by its type, where the text does not say."""


class Shown(NamedTuple):
    """How one argument is shown."""

    name: str
    kind: str
    inside: str
    late: bool
    """By the kernel's hand: known when the call is done."""


def _kind(argument: Argument, said: str | None) -> Shown:
    text = said or TYPES.get(argument.type) or ("pointer" if argument.pointer else "number")
    late, text = text.startswith(">"), text.removeprefix(">")
    if text.startswith("["):
        text = f"named({text[1:-1]})"
    kind, _, inside = text.removesuffix(")").partition("(")
    return Shown(argument.name, kind, inside, late)


@cache
def said(system: str = "freebsd") -> Mapping[str, Mapping[str, str]]:
    """The text, by call and argument."""
    found: dict[str, dict[str, str]] = {}
    for line in (NETBSD if system == "netbsd" else TEXT).splitlines():
        call, *arguments = _words(line)
        found[call] = dict(one.split("=", 1) for one in arguments)
    return found


def _words(line: str) -> list[str]:
    """At blanks outside parentheses."""
    words = [""]
    for letter in line:
        if letter == " " and words[-1].count("(") == words[-1].count(")"):
            words.append("")
        else:
            words[-1] += letter
    return words


ALIASES: Final = ("{}", "_{}", "freebsd11_{}", "freebsd10_{}")
"""How a call of another system's may be called on FreeBSD."""
SHARED: Final = frozenset({
    "address", "at", "create_mode", "data", "fcntl", "fds", "integer", "iovec", "kevents", "level",
    "mapping", "message", "number", "octal", "option", "pair", "path", "pointer", "pollfd",
    "rlimit", "rusage", "sigaction", "signal", "sigset", "status", "strings", "text", "timespec",
    "timespecs", "timeval", "timevals",
})
"""What can be shown of the other systems, too; the rest is a number there."""


@cache
def find(system: str, name: str) -> Syscall[Argument] | None:
    """The prototype of a system call.

    DragonFly's is that of FreeBSD's call of the same name, if there is one: their common
    ancestor's calls have kept their arguments, but for those that are called pad."""
    if system == "freebsd":
        return by_name(name)
    if system == "netbsd":
        return netbsd.syscalls.by_name(name)
    found: Syscall[Argument] | None = next(
        filter(None, (by_name(alias.format(name)) for alias in ALIASES)), None)
    return found or dragonfly.syscalls.by_name(name)


def words(system: str, name: str, given: tuple[int, ...]) -> tuple[int, ...]:
    """What a call was given, without what its prototype here does not have."""
    call = dragonfly.syscalls.by_name(name) if system == "dragonfly" else None
    if call is None:
        return given
    return tuple(word for one, word in zip(call.arguments, given, strict=False)
                 if one.name != "pad")


def machine(target: abi.Target, call: Syscall[Argument]) -> str:
    """The machine by whose prototype a call's arguments are as wide as they are."""
    return "amd64" if (target.system, call.system) == ("dragonfly", "freebsd") else target.machine


@cache
def arguments(name: str, system: str = "freebsd") -> tuple[Shown, ...]:
    """How the arguments of a system call are shown; none of an unknown one."""
    call = find(system, name)
    if call is None:
        return ()
    table = said(system).get(call.name, {})
    shown = tuple(_kind(one, table.get(one.name)) for one in call.arguments)
    if system == "freebsd":
        return shown
    return tuple(one if one.kind in SHARED or (one.kind == "named" and one.inside in OF[system])
                 else one._replace(kind="pointer", late=False) for one in shown)
