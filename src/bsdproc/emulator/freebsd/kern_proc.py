"""kern.proc: processes, and everything a process can be asked.

The subject of the sysctls of kern_proc.c and kern_descrip.c.
"""

from __future__ import annotations

import struct
from types import FrameType, GeneratorType
from typing import TYPE_CHECKING

from bsdproc import abi
from bsdproc.emulator.bsd.limits import NLIMITS, kern_proc_setrlimit, limit
from bsdproc.emulator.bsd.state import PID_MAX, P, Proc, ProcState, Thread
from bsdproc.emulator.errno import EINVAL, ENOENT, ENOMEM, ENOTTY, EPERM, ESRCH, Refused
from bsdproc.emulator.freebsd import kinfo, kinfo_file, kinfo_vm, signals
from bsdproc.emulator.freebsd.cred import p_candebug, p_cansee, ucred, visible
from bsdproc.emulator.freebsd.proc_args import (
    SIZEOF_PARGS,
    arguments,
    auxiliary,
    cache_limit,
    narrow,
    strings,
)
from bsdproc.emulator.freebsd.sysctl import Flag, Handler, Request, Row, Type, wire

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

(ALL, PID, PGRP, SESSION, TTY, UID, RUID, ARGS, PROC, SV_NAME, RGID, GID, PATHNAME, OVMMAP,
 OFILEDESC, KSTACK) = range(16)
INC_THREAD = 0x10
(VMMAP, FILEDESC, GROUPS, ENV, AUXV, RLIMIT, PS_STRINGS, UMASK, OSREL, SIGTRAMP, CWD, NFDS,
 SIGFASTBLK) = range(32, 45)


def one(below: tuple[int, ...]) -> int:
    """The single number that most of these names end in."""
    if len(below) != 1:
        raise Refused(EINVAL)
    return below[0]


def pget(
    system: System, td: Thread, pid: int, *, see: bool = False, debug: bool = False,
    current: bool = False, living: bool = False, settled: bool = False,
) -> Proc:  # fmt: skip
    """Find a process (by a thread's id as well) and check, in this order:
    that it can be seen (ESRCH) and debugged, that it is the caller (EPERM),
    that it does not exit (ESRCH), nor is in the middle of execve (ESRCH)."""
    p = td.proc
    if pid != p.pid:
        found: Proc | None = None
        if pid <= PID_MAX:
            found = system.procs.get(pid)
            if found is not None and (
                found.state is ProcState.NEW or (living and found.state is ProcState.ZOMBIE)
            ):
                found = None
        elif pid in system.threads:
            found = system.threads[pid].proc
        if found is None:
            raise Refused(ESRCH)
        p = found
        if see:
            p_cansee(system, td, p)
    if debug:
        p_candebug(system, td, p)
    if current and p is not td.proc:
        raise Refused(EPERM)
    if living and p.flag & P.WEXIT:
        raise Refused(ESRCH)
    if settled and p.flag & P.INEXEC:
        raise Refused(ESRCH)
    return p


# -- processes --------------------------------------------------------------------
def _matches(kind: int, p: Proc, value: int) -> bool:
    if kind == PGRP:
        return p.pgid == value
    if kind == SESSION:
        return p.session.sid == value
    if kind == TTY:
        return False  # no process here has a controlling terminal
    cred = p.cred
    ids = {UID: cred.uid, RUID: cred.ruid, GID: cred.gid, RGID: cred.rgid}
    return kind not in ids or ids[kind] == value & 0xFFFFFFFF


def _out(request: Request, fill: kinfo.Filler, p: Proc, threads: bool) -> None:
    if request.room is None:
        request.count(fill.size * (len(p.threads) if threads else 1))
    elif threads:
        for record in fill.threads(p):
            request.put(record)
    else:
        request.put(fill.process(p))


def _processes(number: int) -> Handler:
    """sysctl_kern_proc by its number, with INC_THREAD or without."""
    threads = number == ALL or bool(number & INC_THREAD)
    kind = number & ~INC_THREAD
    takes = {ALL: (0,), PROC: (0, 1)}.get(kind, (1,))

    def handler(request: Request, below: tuple[int, ...]) -> None:
        system, td = request.system, request.td
        if len(below) not in takes:
            raise Refused(EINVAL)
        fill = kinfo.Filler(system, ucred(td.proc), request.wide)
        wire(request)
        if kind == PID:
            _out(request, fill, pget(system, td, below[0], see=True), threads)
            return
        if request.room is None:
            request.count(5 * fill.size)  # room for five more that may come
        for p in list(system.procs.values()):
            if (p.state is not ProcState.NEW and visible(system, td, p)
                    and _matches(kind, p, below[0] if below else 0)):
                _out(request, fill, p, threads)

    return handler


# -- arguments, environment, auxiliary vector ---------------------------------------
def _args(request: Request, below: tuple[int, ...]) -> None:
    """Read anybody's that can be seen; set one's own."""
    pid, td = one(below), request.td
    p = pget(request.system, td, td.proc.pid if pid == -1 else pid, see=True,
             current=request.new is not None)
    request.put(arguments(request.system, p))
    if request.new is None:
        return
    if len(request.new) > cache_limit(request.system) - SIZEOF_PARGS:
        raise Refused(ENOMEM)
    p.title = request.take(len(request.new))


def _env(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True, living=True)
    if p.driver and p.env:      # the caller's Python has no memory to read it from
        request.put(b"".join(entry + b"\0" for entry in p.env))
    elif not p.flag & P.SYSTEM:
        request.put(strings(p, environment=True))


def _auxv(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True, living=True)
    if not p.flag & P.SYSTEM:
        request.put(auxiliary(p))


# -- one thing of a process -----------------------------------------------------------
def binary_path(system: System, p: Proc, viewer: Proc) -> str:
    """proc_get_binpath: the program's path, by the name it was executed by
    where that still leads to it."""
    if p.text is None:
        return ""
    fs = system.vfs
    if p.text_path:
        try:
            if fs.lookup(p.text_path) is p.text:
                return _seen_from(p.text_path, viewer.root)
        except Refused:
            pass
    return fs.path_of(p.text, viewer.root)


def _seen_from(path: str, root: str) -> str:
    if root != "/" and path.startswith(root.rstrip("/") + "/"):
        return path[len(root.rstrip("/")) :]
    return path


def _pathname(request: Request, below: tuple[int, ...]) -> None:
    system, td, pid = request.system, request.td, one(below)
    p = td.proc if pid == -1 else pget(system, td, pid, see=True)
    path = binary_path(system, p, td.proc)
    if not path and p.text is not None:     # it lost its name
        raise Refused(ENOENT)
    request.put(path.encode("utf-8", "surrogateescape") + b"\0")


def _sv_name(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), see=True)
    request.put(p.sysent.encode() + b"\0")


def _groups(request: Request, below: tuple[int, ...]) -> None:
    pid, td = one(below), request.td
    p = td.proc if pid == -1 else pget(request.system, td, pid, see=True)
    groups = p.cred.groups
    request.put(struct.pack(f"<{len(groups)}I", *groups))


def _rlimit(request: Request, below: tuple[int, ...]) -> None:
    if len(below) != 2 or not 0 <= below[1] < NLIMITS:
        raise Refused(EINVAL)
    pid, which = below
    writes = request.new is not None
    if request.new is not None and len(request.new) != 16:
        raise Refused(EINVAL)
    p = pget(request.system, request.td, pid, living=True, debug=writes, see=not writes)
    request.put(struct.pack("<qq", *limit(p, which)))
    if writes:
        soft, hard = struct.unpack("<qq", request.take(16))
        kern_proc_setrlimit(request.system, request.td, p, which, (soft, hard))


def _ps_strings_address(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True)
    if request.wide:
        request.put(struct.pack("<Q", p.ps_strings))
    else:
        request.put(struct.pack("<I", p.ps_strings if narrow(p) else 0))


def _umask(request: Request, below: tuple[int, ...]) -> None:
    pid, p = one(below), request.td.proc
    if pid not in (p.pid, 0):
        p = pget(request.system, request.td, pid, debug=True, living=True)
    request.put(struct.pack("<H", p.umask))


def _osrel(request: Request, below: tuple[int, ...]) -> None:
    pid, writes = one(below), request.new is not None
    if request.new is not None and len(request.new) != 4:
        raise Refused(EINVAL)
    p = pget(request.system, request.td, pid, living=True, debug=writes, see=not writes)
    request.put(struct.pack("<i", p.osrel))
    if writes:
        (osrel,) = struct.unpack("<i", request.take(4))
        if osrel < 0:
            raise Refused(EINVAL)
        p.osrel = osrel


def _sigtramp(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True)
    if p is request.system.kernel_proc:     # a null pointer in 13.2, which panics
        raise Refused(EINVAL)
    target, ends = request.system.target, p.sigtramp
    if not request.wide:
        target, ends = abi.target("freebsd", "i386"), ends if narrow(p) else (0, 0)
    request.put(target.struct("struct kinfo_sigtramp").pack(
        {"ksigtramp_start": ends[0], "ksigtramp_end": ends[1]}))


def _sigfastblk(request: Request, below: tuple[int, ...]) -> None:
    if len(below) != 1 or request.new is not None:
        raise Refused(EINVAL)
    pid = below[0]
    p = pget(request.system, request.td, pid, living=True, debug=True)
    if not request.wide and not narrow(p):
        raise Refused(EINVAL)
    td = p.threads[0] if pid <= PID_MAX else request.system.threads[pid]
    if td.sigblock_address is None:
        raise Refused(ENOTTY)
    request.put(struct.pack("<Q" if request.wide else "<I", td.sigblock_address))


def _vmmap(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True, living=True)
    for record in kinfo_vm.records(request.system, p, request.td.proc):
        request.put(record)


def _ovmmap(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True, living=True)
    for record in kinfo_vm.old_records(request.system, p, request.td.proc):
        request.put(record)


# -- descriptors ------------------------------------------------------------------------
def _whole(request: Request, record: bytes) -> None:
    """A record that does not fit is left out wholly.  The room counts as signed
    here, and -1 as no limit."""
    room = request.room
    if room is not None and room >= 1 << 63:
        room -= 1 << 64
    if room is not None and room != -1 and room - len(request.out) < len(record):
        raise Refused(ENOMEM)
    request.put(record)


def _filedesc(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True, living=True)
    for record in kinfo_file.records(request.system, p, request.td):
        _whole(request, record)


def _ofiledesc(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True, living=True)
    try:
        for record in kinfo_file.old_records(request.system, p, request.td):
            request.put(record)
    except Refused as refused:
        if refused.errno != ENOMEM:     # what fits is there, and no error
            raise


def _cwd(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True, living=True)
    if p is request.system.kernel_proc:     # it has no directory
        raise Refused(EINVAL)
    _whole(request, kinfo_file.cwd_record(request.system, p, request.td))


def _nfds(request: Request, below: tuple[int, ...]) -> None:
    """Only of the caller, who is 0 here."""
    if one(below) != 0:
        raise Refused(EINVAL)
    request.put(struct.pack("<i", len(request.td.proc.files.slots)))


# -- kernel stacks ------------------------------------------------------------------------
STACK_OK, STACK_RUNNING = 0, 2
TEXT_BASE = 0xFFFFFFFF80200000


def _frames(system: System, td: Thread) -> list[FrameType]:
    """The functions of this kernel that a sleeping thread is in, innermost
    first."""
    frames: list[FrameType] = []
    inside: object = td.kernel if td.at_trap is None else signals.at_trap(system, td)
    while isinstance(inside, GeneratorType):
        if inside.gi_frame is not None:
            frames.append(inside.gi_frame)
        inside = inside.gi_yieldfrom
    return frames[::-1]


def _trace(system: System, td: Thread) -> str:
    lines = []
    for depth, frame in enumerate(_frames(system, td)):
        code = frame.f_code
        place = TEXT_BASE + (sum(code.co_name.encode()) << 12)
        lines.append(f"#{depth} {place + frame.f_lasti:#x} at "
                     f"{code.co_name}+{frame.f_lasti:#x}\n")
    return "".join(lines)


def _kstack(request: Request, below: tuple[int, ...]) -> None:
    p = pget(request.system, request.td, one(below), debug=True, living=True, settled=True)
    layout = request.system.target.struct("struct kinfo_kstack")
    for td in p.threads:
        inside = td.kernel is not None or td.at_trap is not None or td.sleep is not None
        running = td is request.td or not inside
        request.put(layout.pack({
            "kkst_tid": td.tid,
            "kkst_state": STACK_RUNNING if running else STACK_OK,
            "kkst_trace": b"" if running else _trace(request.system, td).encode()[:1023],
        }))


# -- the names ------------------------------------------------------------------------------
READ = Flag.RD | Flag.MPSAFE


def _filters() -> list[Row]:
    names = {GID: "gid", PGRP: "pgrp", RGID: "rgid", SESSION: "sid", TTY: "tty", UID: "uid",
             RUID: "ruid", PID: "pid", PROC: "proc"}  # fmt: skip
    rows = [Row("kern.proc.all", ALL, Type.OPAQUE, READ, "S,proc", _processes(ALL),
                "Every thread of every process")]
    for number, name in names.items():
        rows.append(_row(name, number, _processes(number), what="Processes"))
        number |= INC_THREAD
        rows.append(_row(f"{name}_td", number, _processes(number), what="Threads"))
    return rows


def _row(name: str, number: int, handler: Handler, flags: int = 0, what: str = "") -> Row:
    return Row(f"kern.proc.{name}", number, Type.NODE, READ | flags, "N", handler, what)


ROWS: tuple[Row, ...] = (
    Row("kern.proc", 14, Type.NODE, READ, "N", None, "Processes"),
    *_filters(),
    _row("args", ARGS, _args, Flag.WR | Flag.CAPWR | Flag.ANYBODY, "Arguments or title"),
    _row("env", ENV, _env, what="Environment"),
    _row("auxv", AUXV, _auxv, what="Auxiliary vector"),
    _row("pathname", PATHNAME, _pathname, what="Path of the program"),
    _row("sv_name", SV_NAME, _sv_name, what="Name of the binary interface"),
    _row("ovmmap", OVMMAP, _ovmmap, what="Address space, FreeBSD 7's records"),
    _row("vmmap", VMMAP, _vmmap, what="Address space"),
    _row("kstack", KSTACK, _kstack, what="Stacks in the kernel"),
    _row("groups", GROUPS, _groups, what="Groups"),
    _row("rlimit", RLIMIT, _rlimit, Flag.WR | Flag.ANYBODY, "Resource limits"),
    _row("ps_strings", PS_STRINGS, _ps_strings_address, what="Where ps_strings lies"),
    _row("umask", UMASK, _umask, what="File mode creation mask"),
    _row("osrel", OSREL, _osrel, Flag.WR | Flag.ANYBODY, "Release the program is for"),
    _row("sigtramp", SIGTRAMP, _sigtramp, what="Where the signal trampoline lies"),
    _row("sigfastblk", SIGFASTBLK, _sigfastblk, Flag.ANYBODY, "A thread's sigfastblock word"),
    _row("ofiledesc", OFILEDESC, _ofiledesc, what="Descriptors, FreeBSD 7's records"),
    _row("filedesc", FILEDESC, _filedesc, what="Descriptors"),
    _row("cwd", CWD, _cwd, what="Working directory"),
    _row("nfds", NFDS, _nfds, Flag.CAPRD, "How many descriptors the caller has"),
)
