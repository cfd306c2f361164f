"""The kern.proc sysctls.  The subject of kern_proc.c's second half."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.dragonfly import kinfo
from bsdproc.emulator.dragonfly.cred import p_trespass, prison_check
from bsdproc.emulator.dragonfly.flags import Stat
from bsdproc.emulator.dragonfly.kthreads import KTHREADS
from bsdproc.emulator.dragonfly.state import P, Proc
from bsdproc.emulator.dragonfly.sysctl import Flag, Handler, Request, Row, Type
from bsdproc.emulator.errno import EINVAL, EPERM, ESRCH, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

ALL, PID, PGRP, SESSION, TTY, UID, RUID, ARGS, CWD, PATHNAME, SIGTRAMP = range(11)
FLAG_LWP: Final = 0x10
KINFO_SIZE: Final = 992
OVERESTIMATE: Final = 5
"""Records more than there are, for a caller that only asks for the size."""
ALLPROC_HSIZE: Final = 256
PARGS: Final = 12
"""sizeof(struct pargs) without the strings: what counts for the limit beside them."""
SIGCODE_SIZE: Final = 32


# -- tables of processes -----------------------------------------------------------
def _matches(system: System, p: Proc, kind: int, value: int) -> bool:
    """Whether a process is one of those asked for; ids are compared as
    unsigned numbers, a terminal with the one of the session."""
    if kind == PGRP:
        return p.pgid == value
    if kind == TTY:
        tty = system.ttys.get(p.session.sid)
        return bool(p.flag & P.CONTROLT) and tty is not None and tty.dev == value & 0xFFFFFFFF
    if kind == UID:
        return p.cred.uid == value & 0xFFFFFFFF
    if kind == RUID:
        return p.cred.ruid == value & 0xFFFFFFFF
    return True


def in_order(system: System) -> list[Proc]:
    """The processes as the table has them: the living first, then zombies,
    each by the place in the hash."""
    found = sorted(system.allproc.values(), key=lambda p: (p.pid % ALLPROC_HSIZE, p.pid))
    return [*(p for p in found if not p.zombie), *(p for p in found if p.zombie)]


def table(kind: int, *, lwps: bool) -> Handler:
    """sysctl_kern_proc for one of its names."""

    def handler(request: Request, name: tuple[int, ...]) -> None:
        system, asker = request.system, request.td.proc.cred
        if len(name) != (0 if kind == ALL else 1):
            raise Refused(EINVAL)
        if kind == PID:
            p = system.allproc.get(name[0])
            if p is not None and not p.zombie and prison_check(asker, p.cred):
                _out(request, p, lwps)
            return
        if request.room is None:
            request.count(KINFO_SIZE * OVERESTIMATE)
        for p in in_order(system):
            if not system.settings["security.ps_showallprocs"] and p_trespass(asker, p.cred):
                continue
            if p.stat == Stat.IDL:
                continue
            if kind != ALL and not _matches(system, p, kind, name[0]):
                continue
            if not prison_check(asker, p.cred):
                continue
            _out(request, p, lwps)
        if kind == ALL and system.settings["security.ps_showallthreads"] and asker.prison is None:
            for index, (label, message) in enumerate(KTHREADS):
                request.put(kinfo.kthread_record(system, index, label, message))

    return handler


def _out(request: Request, p: Proc, lwps: bool) -> None:
    """sysctl_out_proc."""
    for record in kinfo.records(request.system, p, lwps=lwps):
        request.put(record)


# -- one process ---------------------------------------------------------------------
def _living(request: Request, pid: int) -> Proc | None:
    """pfind."""
    p = request.system.allproc.get(pid)
    return p if p is not None and not p.zombie else None


def _closed(request: Request, p: Proc) -> bool:
    """kern.ps_argsopen=0 keeps a process's arguments from those who might not signal it."""
    return not request.system.settings["kern.ps_argsopen"] and bool(
        p_trespass(request.td.proc.cred, p.cred))


def args(request: Request, name: tuple[int, ...]) -> None:
    """sysctl_kern_proc_args: argument list or title; with an lwp's number its title."""
    if len(name) not in (1, 2):
        raise Refused(EINVAL)
    p = _living(request, name[0])
    if p is None or _closed(request, p):
        return
    if request.new is not None and p is not request.td.proc:
        raise Refused(EPERM)
    td = next((t for t in p.lwps if t.tid == name[1]), None) if len(name) == 2 else None
    if request.room is not None:
        request.put(shown_args(p, td.title if td is not None else None) or b"")
    if request.new is None:
        return
    if len(request.new) + PARGS > int(request.system.settings["kern.ps_arg_cache_limit"]):
        return
    title = request.take(len(request.new)).split(b"\0")[0] or None
    if td is not None:
        td.title = title
    else:
        p.title = title


def shown_args(p: Proc, title: bytes | None = None) -> bytes | None:
    """A title, else the cached arguments; None when these were too long for the cache."""
    title = title or p.title
    return title + b"\0" if title is not None else p.args_cache


def cwd(request: Request, name: tuple[int, ...]) -> None:
    """sysctl_kern_proc_cwd."""
    if len(name) != 1:
        raise Refused(EINVAL)
    p = _living(request, name[0])
    if p is None or _closed(request, p) or request.room is None:
        return
    request.put(p.cwd.encode("utf-8", "surrogateescape") + b"\0")


def pathname(request: Request, name: tuple[int, ...]) -> None:
    """sysctl_kern_proc_pathname: of the caller for -1.  The kernel's own
    process has no program, and asking for one panics the real kernel."""
    if len(name) != 1:
        raise Refused(EINVAL)
    if name[0] == -1:
        p = request.td.proc
    else:
        found = _living(request, name[0])
        if found is None:
            raise Refused(ESRCH)
        p = found
    if p.pid == 0:
        request.system.kernel_bug(
            "kern.proc.pathname of process 0 panics DragonFly 5.9: refused")
    path = request.system.text_path(p)
    if path:
        request.put(path.encode("utf-8", "surrogateescape") + b"\0")


def sigtramp(request: Request, name: tuple[int, ...]) -> None:
    """struct kinfo_sigtramp: the same for every process."""
    start = request.system.machdep.SIGTRAMP
    request.put(struct.pack("<QQ32x", start, start + SIGCODE_SIZE))


READ = Flag.RD | 0x2000
KINDS: Final = ((ALL, "all"), (PID, "pid"), (PGRP, "pgrp"), (TTY, "tty"), (UID, "uid"),
                (RUID, "ruid"))
ROWS: Final[tuple[Row, ...]] = (
    Row("kern.proc", 14, Type.NODE, Flag.RD, "N", None, "Process table"),
    Row("kern.proc.all", ALL, Type.OPAQUE, READ, "S,proc", table(ALL, lwps=False),
        "Return entire process table"),
    *(Row(f"kern.proc.{label}", kind, Type.NODE, READ, "N", table(kind, lwps=False),
          "Process table") for kind, label in KINDS if kind != ALL),
    *(Row(f"kern.proc.{label}_lwp", kind | FLAG_LWP, Type.NODE, READ, "N",
          table(kind, lwps=True), "Process table") for kind, label in KINDS),
    Row("kern.proc.args", ARGS, Type.NODE, READ | Flag.WR | Flag.ANYBODY, "N", args,
        "Process argument list"),
    Row("kern.proc.cwd", CWD, Type.NODE, READ | Flag.ANYBODY, "N", cwd,
        "Process argument list"),
    Row("kern.proc.pathname", PATHNAME, Type.NODE, READ, "N", pathname,
        "Process executable path"),
    Row("kern.proc.sigtramp", SIGTRAMP, Type.OPAQUE, READ, "S,sigtramp", sigtramp,
        "Return sigtramp address range"),
)
