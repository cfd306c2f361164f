"""What the nodes of DragonFly's procfs show and take: procfs_mem.c, _regs.c,
_fpregs.c, _dbregs.c, _status.c, _map.c, _note.c, _type.c, _rlimit.c."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bsdproc.emulator.dragonfly import kern_proc, kinfo, limits
from bsdproc.emulator.dragonfly.cred import checkio, p_trespass
from bsdproc.emulator.dragonfly.flags import Stat
from bsdproc.emulator.dragonfly.ptrace import domem
from bsdproc.emulator.dragonfly.state import P, Proc, Thread
from bsdproc.emulator.errno import (
    EAGAIN,
    EBUSY,
    EFAULT,
    EINVAL,
    EMSGSIZE,
    EOPNOTSUPP,
    EPERM,
    Refused,
)
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.emulator.machine.entries import Entry

NOTELEN: Final = 64
DEFAULT_OBJECT: Final = 0x2180
"""Flags of anonymous memory's object that is nobody else's."""


class Look(NamedTuple):
    """Somebody looks at a process."""

    system: System
    td: Thread
    p: Proc


# -- texts ------------------------------------------------------------------------
def status(look: Look) -> bytes:
    """procfs_dostatus: name, pid, ppid, pgid, sid, terminal, flags, start, user
    and system time, wait message, uid, real uid, real gid and groups, jail."""
    p, system = look.p, look.system
    tty = system.ttys.get(p.session.sid) if p.flag & P.CONTROLT else None
    words = [p.comm, str(p.pid), str(p.parent.pid if p.parent is not None else 0),
             str(p.pgid), str(p.session.sid),
             f"{tty.dev >> 8 & 0xFF},{tty.dev & 0xFF}" if tty is not None else "-1,-1"]
    flags = [name for name, on in (("ctty", tty is not None),
                                   ("sldr", p.session.leader is p)) if on]
    words.append(",".join(flags) or "noflags")
    for ns in (system.boot_ns + p.started, *system.times(p)):
        words.append(f"{ns // 10**9},{ns % 10**9 // 1000}")
    words.append(kinfo.wait_message(p.lwps[0]) or "nochan")
    c = p.cred
    words += [str(c.uid), str(c.ruid), ",".join(str(gid) for gid in (c.rgid, *c.groups)),
              c.prison.host if c.prison is not None else "-"]
    return " ".join(words).encode("utf-8", "surrogateescape") + b"\n"


def cmdline(look: Look) -> bytes:
    """procfs_docmdline: title or arguments; of another's that were too long to
    be kept its name alone."""
    p = look.p
    if not look.system.settings["kern.ps_argsopen"] and p_trespass(
            look.td.proc.cred, p.cred):
        return _name(p)
    if p.title is not None:
        return p.title
    kept = kern_proc.shown_args(p)
    if kept is not None:
        return kept
    return b"".join(word + b"\0" for word in p.args) if p is look.td.proc else _name(p)


def _name(p: Proc) -> bytes:
    return p.comm.encode("utf-8", "surrogateescape")[:16].ljust(16, b"\0")


def etype(look: Look) -> bytes:
    return look.p.sysent.encode() + b"\n"


def rlimit(look: Look) -> bytes:
    """procfs_dorlimit."""
    lines = []
    for which, name in enumerate(limits.NAMES):
        soft, hard = ("-1" if value == limits.INFINITY else str(value)
                      for value in limits.limit(look.p, which))
        lines.append(f"{name} {soft} {hard}\n")
    return "".join(lines).encode()


def map_lines(look: Look) -> bytes:
    """procfs_domap: a line for each entry of the map."""
    space = look.p.space
    if space is None:
        raise Refused(EFAULT)
    return b"".join(_map_line(look, e) for e in space.entries if e.kind != "guard")


def _map_line(look: Look, e: Entry) -> bytes:
    """Pages are never counted.  What the real kernel tells of its own memory, an
    object's address, is an invented one here."""
    own = e.backing is None or e.behind is not None
    prot = "".join(c if e.prot & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))
    object_ = kinfo.address(look.system, e.behind if own else e.backing)
    users = sum(1 for p in look.system.allproc.values() if p.space is not None
                for other in p.space.entries
                if (other.behind is e.behind if own else other.backing is e.backing))
    path = ""
    if not own and e.backing is look.p.text:
        path = look.system.text_path(look.p)
    words = [f"{e.start:#018x}", f"{e.end:#018x}", "-1", "-1", f"{object_:#x}", prot,
             str(users), "0", f"0x{DEFAULT_OBJECT if own else 0:04x}",
             "COW" if e.cow else "NCOW", "NC" if e.needs_copy else "NNC",
             "default" if own else "vnode", path or "-"]
    return " ".join(words).encode("utf-8", "surrogateescape") + b"\n"


# -- notes ---------------------------------------------------------------------------
def user_string(offset: int, data: bytes, room: int) -> bytes:
    """vfs_getuserstr: a string of a single write, without its newline."""
    if offset != 0:
        raise Refused(EINVAL)
    if len(data) > room - 1:
        raise Refused(EMSGSIZE)
    return data.split(b"\0")[0].removesuffix(b"\n")


def read_note(look: Look, offset: int, size: int) -> bytes:
    raise Refused(EINVAL)


def write_note(look: Look, offset: int, data: bytes) -> int:
    """There never was anybody who took notes."""
    user_string(offset, data, NOTELEN)
    raise Refused(EOPNOTSUPP)


# -- memory and registers -----------------------------------------------------------
def read_mem(look: Look, offset: int, size: int) -> bytes:
    """procfs_domem: all or EFAULT."""
    if size == 0:
        return b""
    domem(look.td, look.p)
    assert look.p.space is not None
    try:
        return look.p.space.read(offset, size)
    except MemoryFault:
        raise Refused(EFAULT) from None


def write_mem(look: Look, offset: int, data: bytes) -> int:
    """What lies before a fault is written all the same."""
    if not data:
        return 0
    domem(look.td, look.p)
    assert look.p.space is not None
    try:
        look.p.space.write(offset, data)
    except MemoryFault:
        raise Refused(EFAULT) from None
    return len(data)


def _registers(look: Look, offset: int, get: int) -> tuple[Thread, bytes]:
    """The first lwp and what its registers hold."""
    p, me = look.p, look.td.proc
    if p.flag & P.INEXEC:
        raise Refused(EAGAIN)
    if not checkio(me.cred, p, sugid=bool(p.flag & P.SUGID)) or p_trespass(me.cred, p.cred):
        raise Refused(EPERM)
    whole: bytes = look.system.machdep.GET[get](p.lwps[0])
    if not 0 <= offset <= len(whole):
        raise Refused(EINVAL)
    return p.lwps[0], whole


def _read(get: int, look: Look, offset: int, size: int) -> bytes:
    if look.p.lwps[0].context is None:
        raise Refused(EINVAL)
    return _registers(look, offset, get)[1][offset : offset + size]


def _write(get: int, look: Look, offset: int, data: bytes) -> int:
    """The process has to be stopped; for all but the general registers its lwp
    has to have got there."""
    if look.p.lwps[0].context is None:
        raise Refused(EINVAL)
    td, whole = _registers(look, offset, get)
    if look.p.stat != Stat.STOP or (get != PT_GETREGS and not td.stopped):
        raise Refused(EBUSY)
    data = data[: len(whole) - offset]
    look.system.machdep.SET[get + 1](td, whole[:offset] + data + whole[offset + len(data) :])
    return len(data)


PT_GETREGS, PT_GETFPREGS, PT_GETDBREGS = 33, 35, 37


def read_regs(look: Look, offset: int, size: int) -> bytes:
    return _read(PT_GETREGS, look, offset, size)


def write_regs(look: Look, offset: int, data: bytes) -> int:
    return _write(PT_GETREGS, look, offset, data)


def read_fpregs(look: Look, offset: int, size: int) -> bytes:
    return _read(PT_GETFPREGS, look, offset, size)


def write_fpregs(look: Look, offset: int, data: bytes) -> int:
    return _write(PT_GETFPREGS, look, offset, data)


def read_dbregs(look: Look, offset: int, size: int) -> bytes:
    return _read(PT_GETDBREGS, look, offset, size)


def write_dbregs(look: Look, offset: int, data: bytes) -> int:
    return _write(PT_GETDBREGS, look, offset, data)
