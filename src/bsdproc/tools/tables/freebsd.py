"""FreeBSD's tables: kern.proc and its like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bsdproc.freebsd import kinfo
from bsdproc.freebsd.constants.kinfo import (
    FileFlags,
    FileSlot,
    FileType,
    KvmeProtection,
    Limit,
    ProcState,
    VmFlags,
    VmType,
    VnodeType,
)
from bsdproc.freebsd.constants.signals import SIG_MAXSIG, Signal
from bsdproc.freebsd.kinfo import KinfoFile, KinfoProc, KinfoVmentry
from bsdproc.kernel import Kernel, KernelError
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
from bsdproc.typed.enums import known, name_of

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 28

# -- short words ---------------------------------------------------------------------
FILES: Final[Mapping[int, str]] = {
    FileType.KF_TYPE_NONE: "-", FileType.KF_TYPE_VNODE: "v", FileType.KF_TYPE_SOCKET: "s",
    FileType.KF_TYPE_PIPE: "p", FileType.KF_TYPE_FIFO: "f", FileType.KF_TYPE_KQUEUE: "k",
    FileType.KF_TYPE_MQUEUE: "m", FileType.KF_TYPE_SHM: "h", FileType.KF_TYPE_SEM: "e",
    FileType.KF_TYPE_PTS: "t", FileType.KF_TYPE_PROCDESC: "P", FileType.KF_TYPE_DEV: "D",
}
VNODES: Final[Mapping[int, str]] = {
    VnodeType.KF_VTYPE_VREG: "r", VnodeType.KF_VTYPE_VDIR: "d", VnodeType.KF_VTYPE_VBLK: "b",
    VnodeType.KF_VTYPE_VCHR: "c", VnodeType.KF_VTYPE_VLNK: "l", VnodeType.KF_VTYPE_VSOCK: "s",
    VnodeType.KF_VTYPE_VFIFO: "f", VnodeType.KF_VTYPE_VBAD: "x",
}
SLOTS: Final[Mapping[int, str]] = {
    FileSlot.KF_FD_TYPE_CWD: "cwd", FileSlot.KF_FD_TYPE_ROOT: "root",
    FileSlot.KF_FD_TYPE_JAIL: "jail", FileSlot.KF_FD_TYPE_TRACE: "trace",
    FileSlot.KF_FD_TYPE_TEXT: "text", FileSlot.KF_FD_TYPE_CTTY: "ctty",
}
OPENED: Final = tuple((flag.value, letter) for flag, letter in (
    (FileFlags.KF_FLAG_READ, "r"), (FileFlags.KF_FLAG_WRITE, "w"), (FileFlags.KF_FLAG_APPEND, "a"),
    (FileFlags.KF_FLAG_ASYNC, "s"), (FileFlags.KF_FLAG_FSYNC, "f"),
    (FileFlags.KF_FLAG_NONBLOCK, "n"), (FileFlags.KF_FLAG_DIRECT, "d"),
    (FileFlags.KF_FLAG_HASLOCK, "l"),
))
BACKING: Final[Mapping[int, str]] = {
    VmType.KVME_TYPE_NONE: "--", VmType.KVME_TYPE_DEFAULT: "df", VmType.KVME_TYPE_VNODE: "vn",
    VmType.KVME_TYPE_SWAP: "sw", VmType.KVME_TYPE_DEVICE: "dv", VmType.KVME_TYPE_PHYS: "ph",
    VmType.KVME_TYPE_DEAD: "dd", VmType.KVME_TYPE_SG: "sg", VmType.KVME_TYPE_MGTDEVICE: "md",
    VmType.KVME_TYPE_GUARD: "gd",
}
MAPPED: Final = tuple((flag.value, letter) for flag, letter in (
    (VmFlags.KVME_FLAG_COW, "C"), (VmFlags.KVME_FLAG_NEEDS_COPY, "N"),
    (VmFlags.KVME_FLAG_SUPER, "S"), (VmFlags.KVME_FLAG_GROWS_DOWN, "D"),
    (VmFlags.KVME_FLAG_GROWS_UP, "U"), (VmFlags.KVME_FLAG_USER_WIRED, "W"),
))
PROTOCOLS: Final[Mapping[tuple[int, int], str]] = {
    **{(family, number): name for family in (AF_INET, AF_INET6) for number, name in (
        (1, "ICM"), (6, "TCP"), (17, "UDP"), (58, "IP6"), (132, "SCT"), (255, "RAW"))},
    **{(AF_UNIX, kind): name for kind, name in ((1, "UDS"), (2, "UDD"), (5, "UDQ"))},
}
"""By family and protocol, or type for a local one."""
STATES: Final[Mapping[int, str]] = {
    ProcState.SIDL: "idle", ProcState.SRUN: "run", ProcState.SSLEEP: "sleep",
    ProcState.SSTOP: "stop", ProcState.SZOMB: "zomb", ProcState.SWAIT: "wait",
    ProcState.SLOCK: "lock",
}


# -- tables ------------------------------------------------------------------------------
def _processes(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield (p.ppid, p.pgid, p.sid, p.numthreads, p.login or "-", STATES.get(p.stat, str(p.stat)),
           p.wmesg or "-", p.tracer or "-", p.emul or "-")


def _arguments(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield (words(kinfo.args(p.pid, kernel=kernel)),)


def _environment(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    try:
        yield (words(kinfo.env(p.pid, kernel=kernel)),)
    except KernelError as error:
        if error.name != "ENOMEM":
            raise
        yield ("-",)        # what the kernel says of an empty one


def _binary(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield kinfo.osrel(p.pid, kernel=kernel), kinfo.pathname(p.pid, kernel=kernel) or "-"


def _credentials(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    groups = ",".join(map(str, kinfo.groups(p.pid, kernel=kernel)))
    try:
        umask = f"{kinfo.umask(p.pid, kernel=kernel):03o}"
    except PermissionError:
        umask = "-"         # told to who may debug it alone; the rest is everybody's
    yield p.uid, p.ruid, p.svuid, p.gid, p.rgid, p.svgid, umask, groups


def _protocol(one: kinfo.SocketDetail) -> str:
    number = one.type if one.domain == AF_UNIX else one.protocol
    return PROTOCOLS.get((one.domain, number), f"{one.domain}/{number}")


def _address(one: kinfo.SocketAddress | None) -> str:
    match one:
        case kinfo.UnixAddress(path=path):
            return path or "-"
        case kinfo.InetAddress(host=host, port=port):
            return f"{'*' if host == '0.0.0.0' else host}:{port}"
        case kinfo.Inet6Address(host=host, port=port):
            return f"{'*' if host == '::' else f'[{host}]'}:{port}"
        case _:
            return "-"


def _name(one: KinfoFile) -> str:
    """A path, or a socket's own address and its peer's."""
    detail = one.detail
    if not isinstance(detail, kinfo.SocketDetail):
        return one.path or "-"
    shown = [_address(end) for end in (detail.local, detail.peer)]
    while len(shown) > 1 and shown[-1] == "-":
        shown.pop()
    return " ".join(shown)


def _open_file(one: KinfoFile) -> Row:
    kind = FILES.get(one.type, str(one.type))
    detail = one.detail
    vnode = VNODES.get(detail.type, "-") if isinstance(detail, kinfo.VnodeDetail) else "-"
    slot = str(one.fd) if one.slot is None else SLOTS.get(one.slot, str(one.slot))
    protocol = _protocol(detail) if isinstance(detail, kinfo.SocketDetail) else "-"
    counted = (one.ref_count, one.offset) if one.slot is None else ("-", "-")
    return (slot, kind, vnode, letters(one.flags.value, OPENED), *counted, protocol, _name(one))


def _files(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield from map(_open_file, kinfo.filedesc(p.pid, kernel=kernel))


def _limits(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for limit in Limit:
        try:
            found = kinfo.rlimit(p.pid, limit, kernel=kernel)
        except KernelError as error:
            if error.name != "EINVAL":
                raise
            continue        # a newer kernel's
        yield limit.name.removeprefix("RLIMIT_").lower(), bound(found.cur), bound(found.max)


def _usage(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    used = p.rusage
    yield from usage((used.utime, used.stime), used.maxrss, (used.minflt, used.majflt),
                     used.nsignals, (used.nvcsw, used.nivcsw))


def _signals(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    sets = ((p.siglist, "P"), (p.sigignore, "I"), (p.sigcatch, "C"), (p.sigmask, "B"))
    for number in range(1, SIG_MAXSIG + 1):
        one = known(Signal, number)
        row = [letter if one in some else "-" for some, letter in sets]
        if isinstance(one, Signal) or set(row) != {"-"}:
            yield name_of(one), *row        # most of the real-time ones have no name


def _threads(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for one in kinfo.threads(p.pid, kernel=kernel):
        yield (one.tid, one.tdname or "-", one.oncpu, one.pri.level,
               STATES.get(one.stat, str(one.stat)), one.wmesg or "-")


def _mapping(one: KinfoVmentry) -> Row:
    permits = "".join(letter if flag in one.protection else "-" for flag, letter in (
        (KvmeProtection.KVME_PROT_READ, "r"), (KvmeProtection.KVME_PROT_WRITE, "w"),
        (KvmeProtection.KVME_PROT_EXEC, "x")))
    return (f"{one.start:#x}", f"{one.end:#x}", permits, one.resident, one.private_resident,
            one.ref_count, one.shadow_count, letters(one.flags.value, MAPPED),
            BACKING.get(one.type, str(one.type)), one.path or "-")


def _map(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield from map(_mapping, kinfo.vmmap(p.pid, kernel=kernel))


def _auxiliary(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for one in kinfo.auxv(p.pid, kernel=kernel):
        yield name_of(one.type), f"{one.value:#x}"


VIEW: Final = Tables(
    processes=Table((">PPID", ">PGID", ">SID", ">THR", "LOGIN", "STATE", "WCHAN", ">TRACER",
                     "EMUL"), _processes),
    options={
        "b": Table((">OSREL", "PATH"), _binary),
        "c": Table(("ARGS",), _arguments),
        "e": Table(("ENVIRONMENT",), _environment),
        "f": Table(("FD", "T", "V", "FLAGS", ">REF", ">OFFSET", "PRO", "NAME"), _files),
        "i": Table(SIGNALS, _signals),
        "l": Table(LIMITS, _limits),
        "r": Table(USAGE, _usage),
        "s": Table((*CREDENTIALS[:-1], ">UMASK", CREDENTIALS[-1]), _credentials),
        "t": Table(THREADS, _threads),
        "v": Table((">START", ">END", "PRT", ">RES", ">PRES", ">REF", ">SHD", "FLAG", "TP",
                    "PATH"), _map),
        "x": Table(AUXILIARY, _auxiliary),
    },
    lacking={},
    everyone=lambda kernel: kinfo.processes(kernel=kernel),
    one=lambda kernel, pid: kinfo.process(pid, kernel=kernel),
    named=lambda p: (p.pid, p.comm),
)
