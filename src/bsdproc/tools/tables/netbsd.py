"""NetBSD's tables: kern.proc2 and its like, and procfs for the auxiliary vector.

No sysctl tells the names of open files, and procfs shows the files themselves instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bsdproc.kernel import Kernel, KernelError
from bsdproc.netbsd import kinfo, procfs
from bsdproc.netbsd.constants.kinfo import (
    FileFlags,
    FileType,
    Limit,
    VmFlags,
    VmProtection,
    VmType,
    VnodeType,
)
from bsdproc.netbsd.constants.process import LwpState, ProcFlags, ProcState
from bsdproc.netbsd.constants.signals import Signal
from bsdproc.netbsd.kinfo import KinfoFile, KinfoProc, KinfoVmentry
from bsdproc.tools.tables.table import (
    AUXILIARY,
    CREDENTIALS,
    LIMITS,
    SIGNALS,
    THREADS,
    USAGE,
    Row,
    Table,
    Tables,
    bound,
    letters,
    usage,
    words,
)
from bsdproc.typed.enums import name_of

# -- short words ---------------------------------------------------------------------
FILES: Final[Mapping[int, str]] = {
    FileType.DTYPE_VNODE: "v", FileType.DTYPE_SOCKET: "s", FileType.DTYPE_PIPE: "p",
    FileType.DTYPE_KQUEUE: "k", FileType.DTYPE_MISC: "x", FileType.DTYPE_CRYPTO: "c",
    FileType.DTYPE_MQUEUE: "m", FileType.DTYPE_SEM: "e", FileType.DTYPE_EVENTFD: "E",
    FileType.DTYPE_TIMERFD: "T", FileType.DTYPE_MEMFD: "h",
}
VNODES: Final[Mapping[int, str]] = {
    VnodeType.VREG: "r", VnodeType.VDIR: "d", VnodeType.VBLK: "b", VnodeType.VCHR: "c",
    VnodeType.VLNK: "l", VnodeType.VSOCK: "s", VnodeType.VFIFO: "f", VnodeType.VBAD: "x",
}
OPENED: Final = tuple((flag.value, letter) for flag, letter in (
    (FileFlags.FREAD, "r"), (FileFlags.FWRITE, "w"), (FileFlags.FAPPEND, "a"),
    (FileFlags.FASYNC, "s"), (FileFlags.FFSYNC, "f"), (FileFlags.FNONBLOCK, "n"),
    (FileFlags.FDIRECT, "d")))
BACKING: Final[Mapping[int, str]] = {
    VmType.KVME_TYPE_NONE: "--", VmType.KVME_TYPE_OBJECT: "ob", VmType.KVME_TYPE_VNODE: "vn",
    VmType.KVME_TYPE_KERN: "kn", VmType.KVME_TYPE_DEVICE: "dv", VmType.KVME_TYPE_ANON: "an",
    VmType.KVME_TYPE_SUBMAP: "sm",
}
MAPPED: Final = tuple((flag.value, letter) for flag, letter in (
    (VmFlags.KVME_FLAG_COW, "C"), (VmFlags.KVME_FLAG_NEEDS_COPY, "N"),
    (VmFlags.KVME_FLAG_PAGEABLE, "P"), (VmFlags.KVME_FLAG_GROWS_UP, "U"),
    (VmFlags.KVME_FLAG_GROWS_DOWN, "D")))
RIGHTS: Final = tuple((flag.value, letter) for flag, letter in (
    (VmProtection.KVME_PROT_READ, "r"), (VmProtection.KVME_PROT_WRITE, "w"),
    (VmProtection.KVME_PROT_EXEC, "x")))
STATES: Final[Mapping[int, str]] = {
    ProcState.SIDL: "idle", ProcState.SDYING: "dying", ProcState.SSTOP: "stop",
    ProcState.SZOMB: "zomb", ProcState.SDEAD: "dead",
}
"""Of a process that is not active."""
LWP_STATES: Final[Mapping[int, str]] = {
    LwpState.LSIDL: "idle", LwpState.LSRUN: "run", LwpState.LSSLEEP: "sleep",
    LwpState.LSSTOP: "stop", LwpState.LSZOMB: "zomb", LwpState.LSONPROC: "onproc",
    LwpState.LSSUSPENDED: "suspended",
}


# -- tables ------------------------------------------------------------------------------
def _processes(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    state = STATES.get(p.realstat) or LWP_STATES.get(p.stat, str(p.stat))
    traced = "yes" if ProcFlags.P_TRACED in p.flag else "-"
    yield (p.ppid, p.pgid, p.sid, p.nlwps, p.login or "-", state, p.wmesg or "-", traced,
           p.ename or "-")


def _binary(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield (_path(kernel, p) or "-",)


def _path(kernel: Kernel, p: KinfoProc) -> str:
    """"" for a process without a program."""
    try:
        return kinfo.pathname(p.pid, kernel=kernel)
    except KernelError as error:
        if error.name not in ("ENOENT", "EINVAL"):
            raise
        return ""


def _arguments(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield (words(kinfo.argv(p.pid, kernel=kernel)) if _has_strings(p) else "-",)


def _environment(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield (words(kinfo.env(p.pid, kernel=kernel)) if _has_strings(p) else "-",)


def _has_strings(p: KinfoProc) -> bool:
    """Whether it has a memory that they can stand in."""
    return ProcFlags.P_SYSTEM not in p.flag and not _is_over(p)


def _is_over(p: KinfoProc) -> bool:
    return p.realstat in (ProcState.SZOMB, ProcState.SDEAD)


def _open_file(one: KinfoFile) -> Row:
    vnode = VNODES.get(one.vtype, "-") if one.type == FileType.DTYPE_VNODE else "-"
    return (one.fd, FILES.get(one.type, str(one.type)), vnode, letters(one.flag.value, OPENED),
            one.count, one.offset, "-")


def _files(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    closed = letters(0, OPENED)
    if _has_strings(p):
        yield "text", "v", "r", closed, "-", "-", _path(kernel, p) or "-"
        yield "cwd", "v", "d", closed, "-", "-", kinfo.cwd(p.pid, kernel=kernel) or "-"
    yield from map(_open_file, sorted(kinfo.files(p.pid, kernel=kernel), key=lambda one: one.fd))


def _limits(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for limit in Limit:
        found = kinfo.rlimit(p.pid, limit, kernel=kernel)
        yield limit.name.removeprefix("RLIMIT_").lower(), bound(found.cur), bound(found.max)


def _usage(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield from usage((p.utime, p.stime), p.maxrss, (p.minflt, p.majflt), p.nsignals,
                     (p.nvcsw, p.nivcsw))


def _credentials(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield p.uid, p.ruid, p.svuid, p.gid, p.rgid, p.svgid, ",".join(map(str, p.groups)) or "-"


def _signals(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for one in Signal:
        yield (one.name, "P" if one in p.siglist else "-", "I" if one in p.sigignore else "-",
               "C" if one in p.sigcatch else "-", "B" if one in p.sigmask else "-")


def _threads(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for one in sorted(kinfo.lwps(p.pid, kernel=kernel), key=lambda one: one.lid):
        yield (one.lid, one.name or "-", one.cpuid, one.priority,
               LWP_STATES.get(one.stat, str(one.stat)), one.wmesg or "-")


def _mapping(one: KinfoVmentry) -> Row:
    return (f"{one.start:#x}", f"{one.end:#x}", letters(one.protection.value, RIGHTS),
            letters(one.max_protection.value, RIGHTS), one.count, one.ref_count,
            letters(one.flags.value, MAPPED), BACKING.get(one.type, str(one.type)),
            one.path or "-")


def _map(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    if _has_strings(p):
        yield from map(_mapping, kinfo.vmmap(p.pid, kernel=kernel))


def _auxiliary(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    if _has_strings(p):
        for one in procfs.auxv(p.pid, kernel=kernel):
            yield name_of(one.type), f"{one.value:#x}"


VIEW: Final = Tables(
    processes=Table((">PPID", ">PGID", ">SID", ">THR", "LOGIN", "STATE", "WCHAN", "TRACED",
                     "EMUL"), _processes),
    options={
        "b": Table(("PATH",), _binary),
        "c": Table(("ARGS",), _arguments),
        "e": Table(("ENVIRONMENT",), _environment),
        "f": Table(("FD", "T", "V", "FLAGS", ">REF", ">OFFSET", "NAME"), _files),
        "i": Table(SIGNALS, _signals),
        "l": Table(LIMITS, _limits),
        "r": Table(USAGE, _usage),
        "s": Table(CREDENTIALS, _credentials),
        "t": Table(THREADS, _threads),
        "v": Table((">START", ">END", "PRT", "MAX", ">PAGES", ">REF", "FLAG", "TP", "PATH"), _map),
        "x": Table(AUXILIARY, _auxiliary),
    },
    lacking={},
    everyone=lambda kernel: kinfo.processes(kernel=kernel),
    one=lambda kernel, pid: kinfo.process(pid, kernel=kernel),
    named=lambda p: (p.pid, p.comm),
)
