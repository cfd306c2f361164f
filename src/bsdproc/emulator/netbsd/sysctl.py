"""sysctl(3): kern.proc2, kern.lwp, kern.proc_args, proc.PID and what says what
kernel this is.  The subject of NetBSD's kern_proc.c, kern_resource.c and
init_sysctl.c.

A node gets the room that there is for its old value (None for a null
buffer), and answers with the value and the size to report.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.state import P, Proc, ProcState, Thread
from bsdproc.emulator.errno import (
    EINVAL,
    EISDIR,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    EPERM,
    Refused,
)
from bsdproc.emulator.netbsd import cred, kinfo, kinfo_file, kinfo_vm, psstrings
from bsdproc.emulator.netbsd.limits import dosetrlimit
from bsdproc.emulator.netbsd.state import tracing

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

WHOLE = 1 << 40
CTL_KERN, CTL_HW, CTL_PROC, CTL_SECURITY = 1, 6, 10, 11
CTL_VM = 2
KERN_PROC2, KERN_PROC_ARGS, KERN_LWP, KERN_FILE2, VM_PROC = 47, 48, 64, 77, 16
BYFILE, BYPID, VM_PROC_MAP = 1, 2, 1
(ALL, PID, PGRP, SESSION, TTY, UID, RUID, GID, RGID) = range(9)
(ARGV, NARGV, ENV, NENV, PATHNAME, CWD) = range(1, 7)
TTY_NODEV, TTY_REVOKE = -1, -2
PROCSLOP = 5
"""Records more than there are now, in an estimate."""
ARG_MAX = 256 << 10
CORENAME, LIMIT, STOPFORK, STOPEXEC, STOPEXIT, PAXFLAGS = range(1, 7)
CURPROC = 0x7FFFFFFF
SOFT, HARD = 1, 2
MAXPATHLEN = 1024
LIMIT_NAMES = ("cputime", "filesize", "datasize", "stacksize", "coredumpsize", "memoryuse",
               "memorylocked", "maxproc", "descriptors", "sbsize", "vmemoryuse", "maxlwp")

Answer = tuple[bytes, int]
Mib = tuple[int, ...]


class Asked:
    """One request: who asks, how much room there is, and what is to be set."""

    __slots__ = ("new", "room", "system", "td")

    def __init__(self, system: System, td: Thread, room: int | None, new: bytes | None) -> None:
        self.system, self.td, self.room, self.new = system, td, room, new

    def read_only(self) -> None:
        if self.new is not None:
            raise Refused(EPERM)

    def integer(self, value: int) -> int:
        """What an integer is to become, or the value that it has: EINVAL for
        another size."""
        if self.new is None:
            return value
        if len(self.new) != 4:
            raise Refused(EINVAL)
        return int.from_bytes(self.new, "little", signed=True)


def _int(value: int) -> Answer:
    return struct.pack("<i", value), 4


def _text(value: str) -> Answer:
    data = value.encode() + b"\0"
    return data, len(data)


# -- which process ------------------------------------------------------------------
def _all(asked: Asked) -> list[Proc]:
    """allproc, the newest first, then the zombies; only those that are to be seen."""
    found = [p for p in reversed(asked.system.procs.values())
             if p.state is not ProcState.NEW and cred.visible(asked.system, asked.td, p)]
    return sorted(found, key=lambda p: p.zombie)


FILTERS: dict[int, Callable[[Proc, int], bool]] = {
    ALL: lambda p, arg: True, PID: lambda p, arg: p.pid == arg,
    PGRP: lambda p, arg: p.pgid == arg, SESSION: lambda p, arg: p.session.sid == arg,
    TTY: lambda p, arg: arg in (TTY_NODEV, TTY_REVOKE) and not p.flag & P.CONTROLT,
    UID: lambda p, arg: p.cred.uid == arg & 0xFFFFFFFF,
    RUID: lambda p, arg: p.cred.ruid == arg & 0xFFFFFFFF,
    GID: lambda p, arg: p.cred.gid == arg & 0xFFFFFFFF,
    RGID: lambda p, arg: p.cred.rgid == arg & 0xFFFFFFFF,
}


def _table(records: Iterable[bytes], size: int, count: int, room: int | None) -> Answer:
    """As many records as fit and are wanted; the size of them all is told,
    which is ENOMEM when it is more than the room."""
    rows = [record[:size].ljust(size, b"\0") for record in records]
    if room is None:
        return b"", size * (len(rows) + PROCSLOP)
    if count < len(rows) and room >= size * count:
        rows = rows[:count]
    return b"".join(rows), size * len(rows)


def _proc2(asked: Asked, rest: Mib) -> Answer:
    """kern.proc2: what, which, the size of a record, how many."""
    asked.read_only()
    if len(rest) != 4:
        raise Refused(EINVAL)
    op, arg, size, count = rest
    if size < 1 or count < 0 or (op not in FILTERS):
        raise Refused(EINVAL)
    keep = FILTERS[op]
    return _table((kinfo.proc2(asked.system, p) for p in _all(asked) if keep(p, arg)),
                  size, count, asked.room)


def _lwps(asked: Asked, rest: Mib) -> Answer:
    """kern.lwp: of one process or of all (-1), the size of a record, how many."""
    asked.read_only()
    if len(rest) != 3:
        raise Refused(EINVAL)
    pid, size, count = rest
    if size < 1 or count < 0:
        raise Refused(EINVAL)
    if pid == -1:
        procs = _all(asked)
    else:
        procs = [asked.system.find_proc(pid)]
        cred.cansee(asked.system, asked.td, procs[0])
    return _table((kinfo.lwp_record(asked.system, td) for p in procs
                   for td in reversed(p.threads)), size, count, asked.room)


def _files(asked: Asked, rest: Mib) -> Answer:
    """kern.file2: by file or by process (-1 for all), the size of a record,
    how many.  Whose the caller's user is not, are left out."""
    asked.read_only()
    if len(rest) != 4:
        raise Refused(EINVAL)
    op, arg, size, count = rest
    if size < 1 or count < 0:
        raise Refused(EINVAL)
    mine = [p for p in _all(asked) if _own(asked.td, p)]
    if op == BYFILE:
        if arg:
            raise Refused(EINVAL)
        return _table(kinfo_file.each_once(asked.system, mine), size, count, asked.room)
    if op != BYPID or arg < -1:
        raise Refused(EINVAL)
    if arg != -1:
        mine = [_looked_into(asked, arg)]
    return _table((record for p in mine for record in kinfo_file.of_process(asked.system, p)),
                  size, count, asked.room)


def _looked_into(asked: Asked, pid: int) -> Proc:
    """A process of the caller's user: ESRCH, EPERM."""
    p = asked.system.find_proc(pid)
    cred.cansee(asked.system, asked.td, p)
    if not _own(asked.td, p):
        raise Refused(EPERM)
    return p


def _map(asked: Asked, rest: Mib) -> Answer:
    """vm.proc.map: the process, the size of a record."""
    asked.read_only()
    if len(rest) != 3 or rest[0] != VM_PROC_MAP:
        raise Refused(EINVAL)
    _, pid, size = rest
    if size < 1:
        raise Refused(EINVAL)
    p = asked.td.proc if pid == -1 else _looked_into(asked, pid)
    return _table(kinfo_vm.entries(asked.system, p), size, 1 << 30, asked.room)


# -- arguments -------------------------------------------------------------------------
def _args(asked: Asked, rest: Mib) -> Answer:
    """kern.proc_args: pid and what.  EINVAL for a process that is not there or
    is the kernel's; the environment and the paths are for its own user."""
    asked.read_only()
    if len(rest) != 2:
        raise Refused(EINVAL)
    pid, what = rest
    if what not in (ARGV, NARGV, ENV, NENV, PATHNAME, CWD):
        raise Refused(EINVAL)
    system = asked.system
    p = asked.td.proc if pid == -1 and what in (PATHNAME, CWD) else system.procs.get(pid)
    if p is None or p.zombie or p is system.kernel_proc or not cred.visible(
            system, asked.td, p):
        raise Refused(EINVAL)
    if what in (ENV, NENV, CWD) and not _own(asked.td, p):
        raise Refused(EPERM)
    if what == CWD:
        return _cut(p.cwd.encode() + b"\0", asked.room)
    if what == PATHNAME:
        if not p.text_path:
            raise Refused(ENOENT)
        return _cut(p.text_path.encode("utf-8", "surrogateescape") + b"\0", asked.room)
    strings = psstrings.strings(p, environment=what in (ENV, NENV))
    if what in (NARGV, NENV):
        return _int(len(strings))
    if asked.room is None:
        return b"", ARG_MAX
    return _cut(b"".join(s + b"\0" for s in strings), asked.room)


def _own(td: Thread, p: Proc) -> bool:
    return td.proc.cred.uid == 0 or (
        td.proc.cred.uid == p.cred.uid and not p.flag & P.SUGID)


def _cut(data: bytes, room: int | None) -> Answer:
    """What does not fit is left off, and not missed."""
    if room is None:
        return b"", len(data)
    return data[:room], len(data[:room])


# -- proc.PID -----------------------------------------------------------------------------
def _proc(asked: Asked, rest: Mib) -> Answer:
    if len(rest) < 2:
        raise Refused(EISDIR)
    pid, what, *more = rest
    p = asked.td.proc if pid == CURPROC else _looked_into(asked, pid)
    if what == LIMIT:
        return _limit(asked, p, more)
    if more:
        raise Refused(ENOTDIR)
    if what == CORENAME:
        return _corename(asked, p)
    t = tracing(p)
    name = {STOPFORK: "stop_fork", STOPEXEC: "stop_exec", STOPEXIT: "stop_exit"}.get(what)
    if name is not None:
        before = int(getattr(t, name))
        after = asked.integer(before)
        if after not in (0, 1):
            raise Refused(EINVAL)
        setattr(t, name, bool(after))
        return _int(before)
    if what == PAXFLAGS:
        asked.read_only()
        return _int(t.paxflags)
    raise Refused(ENOENT)


def _corename(asked: Asked, p: Proc) -> Answer:
    """It must be "core", or end in ".core" or "/core"."""
    t = tracing(p)
    before = t.corename
    if asked.new is not None:
        name = asked.new.split(b"\0")[0].decode("utf-8", "surrogateescape")
        if len(asked.new) > MAXPATHLEN:
            raise Refused(ENAMETOOLONG)
        if not (name == "core" or name.endswith((".core", "/core"))):
            raise Refused(EINVAL)
        t.corename = name
    return _text(before)


def _limit(asked: Asked, p: Proc, more: Sequence[int]) -> Answer:
    """proc.PID.rlimit.NAME.soft and .hard, 64 bits each."""
    if len(more) < 2:
        raise Refused(EISDIR)
    which, kind = more[0] - 1, more[1]
    if not 0 <= which < len(LIMIT_NAMES) or kind not in (SOFT, HARD):
        raise Refused(EINVAL)
    soft, hard = p.rlimits.get(which, limits.BOOT[which])
    before = soft if kind == SOFT else hard
    if asked.new is not None:
        if len(asked.new) != 8:
            raise Refused(EINVAL)
        value = int.from_bytes(asked.new, "little")
        soft, hard = (value, hard) if kind == SOFT else (soft, value)
        dosetrlimit(asked.system, asked.td, p, which, soft, hard)
    return struct.pack("<Q", before), 8


# -- what kernel this is ---------------------------------------------------------------------
def _securelevel(asked: Asked, rest: Mib) -> Answer:
    before = int(asked.system.settings[cred.SECURELEVEL])
    after = asked.integer(before)
    if asked.new is not None:
        cred.superuser(asked.td)
        if after < before:
            raise Refused(EPERM)
        asked.system.settings[cred.SECURELEVEL] = after
    return _int(before)


def _setting(name: str) -> Callable[[Asked, Mib], Answer]:
    """A switch that root may set: 0 or 1."""
    def node(asked: Asked, rest: Mib) -> Answer:
        before = int(asked.system.settings[name])
        after = asked.integer(before)
        if asked.new is not None:
            cred.superuser(asked.td)
            if after not in (0, 1) or (
                    after < before and int(asked.system.settings[cred.SECURELEVEL]) > 0):
                raise Refused(EPERM if after in (0, 1) else EINVAL)
            asked.system.settings[name] = after
        return _int(before)

    return node


def _fixed(value: Callable[[System], int | str]) -> Callable[[Asked, Mib], Answer]:
    def node(asked: Asked, rest: Mib) -> Answer:
        asked.read_only()
        found = value(asked.system)
        return _int(found) if isinstance(found, int) else _text(found)

    return node


Node = Callable[[Asked, Mib], Answer]
NODES: dict[Mib, tuple[str, Node]] = {
    (CTL_KERN, 1): ("kern.ostype", _fixed(lambda system: "NetBSD")),
    (CTL_KERN, 2): ("kern.osrelease", _fixed(lambda system: system.release)),
    (CTL_KERN, 3): ("kern.osrevision", _fixed(lambda system: system.osreldate)),
    (CTL_KERN, 4): ("kern.version", _fixed(
        lambda system: f"NetBSD {system.release} (GENERIC)\n")),
    (CTL_KERN, 6): ("kern.maxproc", _fixed(lambda system: int(system.settings["kern.maxproc"]))),
    (CTL_KERN, 8): ("kern.argmax", _fixed(lambda system: ARG_MAX)),
    (CTL_KERN, 9): ("kern.securelevel", _securelevel),
    (CTL_KERN, 10): ("kern.hostname", _fixed(
        lambda system: str(system.settings["kern.hostname"]))),
    (CTL_KERN, KERN_PROC2): ("kern.proc2", _proc2),
    (CTL_KERN, KERN_PROC_ARGS): ("kern.proc_args", _args),
    (CTL_KERN, KERN_LWP): ("kern.lwp", _lwps),
    (CTL_KERN, KERN_FILE2): ("kern.file2", _files),
    (CTL_VM, VM_PROC): ("vm.proc", _map),
    (CTL_HW, 1): ("hw.machine", _fixed(lambda system: system.machine)),
    (CTL_HW, 3): ("hw.ncpu", _fixed(lambda system: system.cpus)),
    (CTL_HW, 7): ("hw.pagesize", _fixed(lambda system: 4096)),
    (CTL_HW, 10): ("hw.machine_arch", _fixed(lambda system: "x86_64")),
    (CTL_PROC,): ("proc", _proc),
    (CTL_SECURITY, 1): ("security.curtain", _setting(cred.CURTAIN)),
    (CTL_SECURITY, 2): ("security.models.extensions.user_set_dbregs",
                        _setting(cred.USER_SET_DBREGS)),
}
PROC_NAMES = {"corename": (CORENAME,), "stopfork": (STOPFORK,), "stopexec": (STOPEXEC,),
              "stopexit": (STOPEXIT,), "paxflags": (PAXFLAGS,)}


def number(mib: Sequence[int] | str) -> Mib:
    """A name's number: ENOENT for one that there is not.  What follows a
    known name may be numbers ("kern.proc2.0.0.680.100")."""
    if not isinstance(mib, str):
        return tuple(mib)
    words = mib.split(".")
    if words[0] == "proc" and len(words) >= 3:
        return _proc_number(words)
    for number_, (name, _) in NODES.items():
        if mib == name or mib.startswith(name + "."):
            rest = mib[len(name) + 1:].split(".") if len(mib) > len(name) else []
            try:
                return (*number_, *(int(word) for word in rest))
            except ValueError:
                break
    raise Refused(ENOENT)


def _proc_number(words: list[str]) -> Mib:
    """proc.PID.corename, proc.curproc.rlimit.stacksize.soft .."""
    try:
        pid = CURPROC if words[1] == "curproc" else int(words[1])
        if words[2] == "rlimit":
            which = LIMIT_NAMES.index(words[3]) + 1
            return CTL_PROC, pid, LIMIT, which, {"soft": SOFT, "hard": HARD}[words[4]]
        return CTL_PROC, pid, *PROC_NAMES[words[2]]
    except (ValueError, KeyError, IndexError):
        raise Refused(ENOENT) from None


def spelled(mib: Sequence[int] | str) -> str:
    return mib if isinstance(mib, str) else ".".join(str(n) for n in mib)


def sysctl(system: System, td: Thread, mib: Mib, room: int | None, new: bytes | None) -> Answer:
    """The value, as much of it as the node gives to that room, and its size."""
    for length in (2, 1):
        known = NODES.get(mib[:length])
        if known is not None:
            return known[1](Asked(system, td, room, new), mib[length:])
    raise Refused(ENOENT)
