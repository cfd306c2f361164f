"""What processes do, written to a file as they do it: ktrace(2).

The subject of FreeBSD's kern_ktrace.c.  There are records of system calls, their
results, the names they look up and the bytes they carry, of signals, of what programs
write themselves, and of processes that begin and end; none of structures, sysctls,
context switches and page faults.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.entry import fetch
from bsdproc.emulator.bsd.signo import SIGXFSZ
from bsdproc.emulator.bsd.state import P, Proc, SigAction, Thread
from bsdproc.emulator.bsd.syscalls.args import PATH_MAX
from bsdproc.emulator.bsd.syscalls.signals import from_set
from bsdproc.emulator.errno import EFBIG, EJUSTRETURN, ERESTART, Refused
from bsdproc.emulator.freebsd import cred, entry
from bsdproc.emulator.freebsd.amd64.abi import ELF64
from bsdproc.emulator.freebsd.cred import Priv, has_priv
from bsdproc.emulator.machine.memory import MemoryFault, TooLong
from bsdproc.emulator.vnode import KERNEL, Regular

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.personality import Work
    from bsdproc.emulator.freebsd.system import System

SYSCALL, SYSRET, NAMEI, GENIO, PSIG, USER, PROCCTOR, PROCDTOR = 1, 2, 3, 4, 5, 7, 10, 11
FACILITIES: Final = 0x00FFFFFF
ROOT, INHERIT = 0x80000000, 0x40000000
USER_MAXLEN: Final = 2048
GENIO_SIZE: Final = ("kern.ktrace.genio_size", 4096)
"""How much of what is read or written is kept."""
LIMIT_SIGNAL: Final = "kern.ktrace.filesize_limit_signal"
"""SIGXFSZ for a process whose trace gets longer than a file of its may be."""
HEADER: Final = struct.Struct("<ih2xi20sqqq")
"""struct ktr_header: bytes behind it, type, process, name, time, thread."""
SYSRET_RECORD: Final = struct.Struct("<hhiq")
PSIG_RECORD: Final = struct.Struct("<i4xQi16s4x")
SV_FLAGS: Final = {True: 0x209, False: 0x109}
"""SV_ABI_FREEBSD with SV_LP64 or SV_ILP32: what kdump(1) looks at."""
SYS_FORK: Final = 2

PATHS: Final = {
    "open": (0,), "openat": (1,), "link": (0, 1), "unlink": (0,), "chdir": (0,), "chmod": (0,),
    "chown": (0,), "access": (0,), "eaccess": (0,), "chflags": (0,), "symlink": (1,),
    "readlink": (0,), "execve": (0,), "chroot": (0,), "rename": (0, 1), "mkfifo": (0,),
    "mkdir": (0,), "rmdir": (0,), "utimes": (0,), "statfs": (0,), "pathconf": (0,),
    "lchown": (0,), "lchmod": (0,), "truncate": (0,), "faccessat": (1,), "fchmodat": (1,),
    "fchownat": (1,), "futimesat": (1,), "utimensat": (1,), "linkat": (1, 3), "mkdirat": (1,),
    "mkfifoat": (1,), "mknodat": (1,), "readlinkat": (1,), "renameat": (1, 3),
    "symlinkat": (2,), "unlinkat": (1,), "funlinkat": (1,), "fstatat": (1,), "revoke": (0,),
    "chflagsat": (1,), "__realpathat": (1,),
}  # fmt: skip
"""Which arguments of a call are names that it looks up."""
CARRY: Final = {"read": 0, "pread": 0, "recvfrom": 0, "write": 1, "pwrite": 1, "sendto": 1}
"""Calls whose bytes lie in one piece, and whether they go out."""


@dataclass(slots=True)
class Trace:
    """Of a process: what of it goes where."""

    file: Regular
    flags: int
    most: int
    """How long the file may get: who set it up may write no more to one."""
    born: bool = False
    """It came of a fork whose result has not been written yet."""


# -- records -----------------------------------------------------------------------------
def _write(system: System, td: Thread, kind: int, data: bytes) -> None:
    """ktr_writerequest: one record, if such are wanted."""
    p = td.proc
    trace = system.ktraced.get(p)
    if trace is None or not trace.flags >> kind & 1:
        return
    now = (system.boot_ns + system.clock) // 1000
    comm = p.comm.encode("utf-8", "surrogateescape")[:19]
    record = HEADER.pack(len(data), kind, p.pid, comm, now // 10**6, now % 10**6, td.tid) + data
    if trace.file.size + len(record) > trace.most:
        del system.ktraced[p]
        system.messages.append(
            f"<5>ktrace write failed, errno {EFBIG}, tracing stopped for pid {p.pid}")
        if system.settings.get(LIMIT_SIGNAL, 0):
            system.psignal(p, SIGXFSZ)
        return
    trace.file.write_at(trace.file.size, record, KERNEL)
    system.engine.file_changed(trace.file)


def returned(system: System, td: Thread, code: int, error: int, value: int) -> None:
    """ktrsysret."""
    value = (value & (1 << 64) - 1 ^ 1 << 63) - (1 << 63) if not error else 0
    _write(system, td, SYSRET, SYSRET_RECORD.pack(code, 0, error, value))


def system_call(system: System, td: Thread) -> Work:
    """A call of any process, while one is traced."""
    p = td.proc
    trace = system.ktraced.get(p)
    if trace is None:
        yield from entry.system_call(system, td)
        return
    if trace.born:
        trace.born = False
        returned(system, td, SYS_FORK, 0, 0)
    name = ""
    if fetch(system, td) == 0:
        code, args = td.sc_code, td.sc_args[: td.sc_narg]
        _write(system, td, SYSCALL, struct.pack(f"<hh4x{len(args)}Q", code, len(args), *args))
        known = system.syscalls_of(td).get(code)
        name = known[0] if known is not None else ""
        _names(system, td, (args[at] for at in PATHS.get(name, ())))
    yield from entry.system_call(system, td)
    if p in system.ktraced:
        error = {EJUSTRETURN: -2, ERESTART: -1}.get(td.errno, td.errno)
        if name in CARRY and not error and td.retval[0]:
            _carried(system, td, CARRY[name])
        returned(system, td, td.sc_code, error, td.retval[0])


def _names(system: System, td: Thread, addresses: Iterable[int]) -> None:
    space = td.proc.space
    for address in addresses:
        try:
            if space is not None:
                _write(system, td, NAMEI, space.copyinstr(address, PATH_MAX))
        except (MemoryFault, TooLong, Refused):
            continue


def named(system: System, td: Thread, path: str) -> None:
    """ktrnamei, for a name that is no argument of the call."""
    _write(system, td, NAMEI, path.encode("utf-8", "surrogateescape"))


def _carried(system: System, td: Thread, out: int) -> None:
    """ktrgenio: the descriptor, the direction, and the bytes as far as they are kept."""
    fd, at = td.sc_args[0] & 0xFFFFFFFF, td.sc_args[1]
    if td.proc.space is not None:
        data = td.proc.space.peek(at, min(
            td.retval[0], int(system.settings.get(GENIO_SIZE[0], GENIO_SIZE[1]))))
        _write(system, td, GENIO, struct.pack("<Ii", fd, out) + data)


def signal(system: System, td: Thread, sig: int, action: SigAction, mask: frozenset[int],
           code: int) -> None:
    """ktrpsig: one is taken."""
    _write(system, td, PSIG, PSIG_RECORD.pack(sig, action.handler, code, from_set(mask)))


def user(system: System, td: Thread, data: bytes) -> None:
    _write(system, td, USER, data)


def wants_user(system: System, p: Proc) -> bool:
    trace = system.ktraced.get(p)
    return trace is not None and bool(trace.flags >> USER & 1)


def _begins(system: System, td: Thread) -> None:
    _write(system, td, PROCCTOR, struct.pack("<I", SV_FLAGS[td.proc.sysent == ELF64.name]))


# -- who is traced -------------------------------------------------------------------------
def flags_of(system: System, p: Proc) -> int:
    """p_traceflag."""
    trace = system.ktraced.get(p)
    return trace.flags if trace is not None else 0


def may_change(system: System, td: Thread, p: Proc) -> bool:
    """ktrcanset: what root set only root changes."""
    if flags_of(system, p) & ROOT and not has_priv(cred.ucred(td.proc), Priv.KTRACE):
        return False
    try:
        cred.p_candebug(system, td, p)
    except Refused:
        return False
    return True


def change(system: System, td: Thread, p: Proc, file: Regular | None, facilities: int) -> bool:
    """ktrops: trace more of it, to a file, or less of it.  Whether the caller may."""
    if not may_change(system, td, p):
        return False
    if p.flag & P.WEXIT:
        return True
    trace = system.ktraced.get(p)
    if file is not None:
        before = trace.flags if trace is not None else 0
        root = ROOT if has_priv(cred.ucred(td.proc), Priv.KTRACE) else 0
        most = (trace.most if trace is not None and trace.file is file
                else limits.limit(td.proc, limits.FSIZE)[0])
        system.ktraced[p] = Trace(file, before | facilities | root, most)
    elif trace is not None:
        trace.flags &= ~facilities
        if not trace.flags & FACILITIES:
            del system.ktraced[p]
    if p in system.ktraced and p.threads:
        _begins(system, p.threads[0])
    return True


def clear_file(system: System, td: Thread, file: Regular) -> bool:
    """Nobody is traced to that file any more; whether the caller may for all."""
    whole = True
    for p in [p for p, trace in system.ktraced.items() if trace.file is file]:
        if may_change(system, td, p):
            del system.ktraced[p]
        else:
            whole = False
    return whole


def forked(system: System, parent: Proc, child: Proc) -> None:
    """ktrprocfork: a child of who is to have its flags inherited."""
    trace = system.ktraced[parent]
    if trace.flags & INHERIT:
        system.ktraced[child] = Trace(trace.file, trace.flags, trace.most, born=True)


def executed(system: System, td: Thread) -> None:
    """ktrprocexec and ktrprocctor."""
    _begins(system, td)


def exited(system: System, td: Thread) -> None:
    """ktrprocexit."""
    _write(system, td, PROCDTOR, b"")
    system.ktraced.pop(td.proc, None)
