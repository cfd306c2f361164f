"""DragonFly's tables: kern.proc, kern.file, and procfs for maps and limits.

Its kernel keeps neither a program's release nor the names of open files, and tells
nobody a process's environment and auxiliary vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bsdproc.dragonfly import kinfo, procfs
from bsdproc.dragonfly.constants.kinfo import FileFlags, LwpState, ProcState, VmProtection
from bsdproc.dragonfly.constants.process import ProcFlags
from bsdproc.dragonfly.constants.signals import Signal
from bsdproc.dragonfly.kinfo import KinfoFile, KinfoProc
from bsdproc.dragonfly.procfs import MapEntry
from bsdproc.kernel import Kernel
from bsdproc.tools.tables.table import (
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

# -- short words ---------------------------------------------------------------------
FILES: Final[Mapping[int, str]] = {
    1: "v", 2: "s", 3: "p", 4: "f", 5: "k", 6: "c", 8: "m",
}
"""DTYPE_*: vnode, socket, pipe, FIFO, kqueue, crypto, message queue."""
OPENED: Final = tuple((flag.value, letter) for flag, letter in (
    (FileFlags.FREAD, "r"), (FileFlags.FWRITE, "w"), (FileFlags.FAPPEND, "a"),
    (FileFlags.FASYNC, "s"), (FileFlags.FFSYNC, "f"), (FileFlags.FNONBLOCK, "n"),
    (FileFlags.O_DIRECT, "d"), (FileFlags.FHASLOCK, "l")))
BACKING: Final[Mapping[str, str]] = {
    "none": "--", "default": "df", "swap": "sw", "vnode": "vn", "device": "dv", "uksmap": "uk",
}
RIGHTS: Final = tuple((flag.value, letter) for flag, letter in (
    (VmProtection.VM_PROT_READ, "r"), (VmProtection.VM_PROT_WRITE, "w"),
    (VmProtection.VM_PROT_EXECUTE, "x")))
STATES: Final[Mapping[int, str]] = {
    ProcState.SIDL: "idle", ProcState.SSTOP: "stop", ProcState.SZOMB: "zomb",
    ProcState.SCORE: "core",
}
"""Of a process that is not active."""
LWP_STATES: Final[Mapping[int, str]] = {
    LwpState.LSRUN: "run", LwpState.LSSTOP: "stop", LwpState.LSSLEEP: "sleep",
}
MICROSECOND: Final = 1e-6


def everyone(kernel: Kernel) -> list[KinfoProc]:
    """The processes; threads of the kernel's are none."""
    return [p for p in kinfo.processes(kernel=kernel) if not p.is_kernel_thread]


def one(kernel: Kernel, pid: int) -> KinfoProc:
    """A process, or a zombie, which the lists alone have."""
    try:
        return kinfo.process(pid, kernel=kernel)
    except ProcessLookupError:
        for p in everyone(kernel):
            if p.pid == pid:
                return p
        raise


# -- tables ------------------------------------------------------------------------------
def _processes(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    state = STATES.get(p.stat) or LWP_STATES.get(p.lwp.stat, str(p.lwp.stat))
    traced = "yes" if ProcFlags.P_TRACED in p.flags else "-"
    yield (p.ppid, p.pgid, p.sid, p.nthreads, p.login or "-", state, p.lwp.wmesg or "-", traced,
           _abi(kernel, p))


def _abi(kernel: Kernel, p: KinfoProc) -> str:
    """What its program is for; "-" where procfs, which alone knows, is not mounted."""
    if not _has_memory(p):
        return "-"
    try:
        return procfs.etype(p.pid, kernel=kernel)
    except (FileNotFoundError, ProcessLookupError):
        return "-"


def _has_memory(p: KinfoProc) -> bool:
    """Whether it is neither the system's nor a zombie."""
    return ProcFlags.P_SYSTEM not in p.flags and p.stat != ProcState.SZOMB


def _binary(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield (_path(kernel, p),)


def _path(kernel: Kernel, p: KinfoProc) -> str:
    """"-" for one without a program; asked for that of process 0, DragonFly 5.9 panics."""
    if p.pid == 0 or p.stat == ProcState.SZOMB:
        return "-"
    return kinfo.pathname(p.pid, kernel=kernel) or "-"


def _arguments(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield ("-" if p.stat == ProcState.SZOMB else words(kinfo.args(p.pid, kernel=kernel)),)


def _open_file(file: KinfoFile) -> Row:
    return (file.fd, FILES.get(file.type, str(file.type)), letters(file.flag.value, OPENED),
            file.count, file.offset, "-")


def _files(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    closed = letters(0, OPENED)
    if p.stat != ProcState.SZOMB:
        yield "text", "v", closed, "-", "-", _path(kernel, p)
        yield "cwd", "v", closed, "-", "-", kinfo.cwd(p.pid, kernel=kernel) or "-"
    found = [file for file in kinfo.files(kernel=kernel) if file.pid == p.pid]
    yield from map(_open_file, sorted(found, key=lambda file: file.fd))


def _limits(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    if p.stat != ProcState.SZOMB:
        for limit, found in procfs.rlimit(p.pid, kernel=kernel).items():
            name = limit if isinstance(limit, str) else limit.name.removeprefix("RLIMIT_").lower()
            yield name, bound(found.cur), bound(found.max)


def _usage(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    used = p.lwp.ru
    yield from usage((p.lwp.uticks * MICROSECOND, p.lwp.sticks * MICROSECOND), p.ru.maxrss,
                     (used.minflt, used.majflt), used.nsignals, (used.nvcsw, used.nivcsw))


def _credentials(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield p.uid, p.ruid, p.svuid, p.gid, p.rgid, p.svgid, ",".join(map(str, p.groups)) or "-"


def _signals(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    pending, blocked = (p.siglist, p.lwp.siglist), p.lwp.sigmask
    for signal in Signal:
        yield (signal.name, "P" if any(signal in some for some in pending) else "-",
               "I" if signal in p.sigignore else "-", "C" if signal in p.sigcatch else "-",
               "B" if signal in blocked else "-")


def _threads(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    if p.stat == ProcState.SZOMB:
        return
    for thread in sorted((each.lwp for each in kinfo.threads(p.pid, kernel=kernel)),
                         key=lambda lwp: lwp.tid):
        yield (thread.tid, thread.comm or "-", thread.cpuid, thread.prio,
               LWP_STATES.get(thread.stat, str(thread.stat)), thread.wmesg or "-")


def _mapping(entry: MapEntry) -> Row:
    flags = ("C" if entry.cow else "-") + ("N" if entry.needs_copy else "-")
    resident = "-" if entry.resident is None else entry.resident
    return (f"{entry.start:#x}", f"{entry.end:#x}", letters(entry.protection.value, RIGHTS),
            resident, entry.ref_count, entry.shadow_count, flags,
            BACKING.get(entry.type, entry.type), entry.path or "-")


def _map(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    if _has_memory(p):
        yield from map(_mapping, procfs.map(p.pid, kernel=kernel))


VIEW: Final = Tables(
    processes=Table((">PPID", ">PGID", ">SID", ">THR", "LOGIN", "STATE", "WCHAN", "TRACED",
                     "EMUL"), _processes),
    options={
        "b": Table(("PATH",), _binary),
        "c": Table(("ARGS",), _arguments),
        "f": Table(("FD", "T", "FLAGS", ">REF", ">OFFSET", "NAME"), _files),
        "i": Table(SIGNALS, _signals),
        "l": Table(LIMITS, _limits),
        "r": Table(USAGE, _usage),
        "s": Table(CREDENTIALS, _credentials),
        "t": Table(THREADS, _threads),
        "v": Table((">START", ">END", "PRT", ">RES", ">REF", ">SHD", "FLAG", "TP", "PATH"), _map),
    },
    lacking={
        "e": "DragonFly has neither a sysctl nor a node of procfs for environments",
        "x": "DragonFly has neither a sysctl nor a node of procfs for auxiliary vectors",
    },
    everyone=everyone,
    one=one,
    named=lambda p: (p.pid, p.comm),
)
