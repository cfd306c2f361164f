"""What processes do, written to a file as they do it: ktrace(2).

The subject of FreeBSD's kern_ktrace.c.  There are records of system calls, their
results, the names they look up, the bytes they carry and their structures (`ktrace_told`),
of sysctls, signals, page faults and what programs write themselves, of threads that sleep,
though not of those whose turn is over, and of processes that begin and end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.entry import fetch
from bsdproc.emulator.bsd.state import P, Proc, SigAction, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import PATH_MAX
from bsdproc.emulator.bsd.syscalls.signals import from_set
from bsdproc.emulator.errno import ECAPMODE, EFBIG, EJUSTRETURN, ENOTCAPABLE, ERESTART, Refused
from bsdproc.emulator.freebsd import cred, entry
from bsdproc.emulator.freebsd import ktrace_told as told
from bsdproc.emulator.freebsd import sysctl as tree
from bsdproc.emulator.freebsd.amd64.abi import ELF64
from bsdproc.emulator.freebsd.cred import Priv, has_priv
from bsdproc.emulator.machine.memory import MemoryFault, TooLong
from bsdproc.emulator.vnode import KERNEL, Regular

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.personality import Work
    from bsdproc.emulator.freebsd.system import System

SYSCALL, SYSRET, NAMEI, PSIG, CSW, USER, SYSCTL, PROCCTOR, PROCDTOR, FAULT, FAULTEND = (
    1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14)
FACILITIES: Final = 0x00FFFFFF
ROOT, INHERIT = 0x80000000, 0x40000000
USER_MAXLEN: Final = 2048
LIMIT_SIGNAL: Final = "kern.ktrace.filesize_limit_signal"
"""13.2 has the name, and nobody who asks for it: vfs_vnops.c is compiled without KTRACE."""
HEADER: Final = struct.Struct("<ih2xi20sqqq")
"""struct ktr_header: bytes behind it, type, process, name, time, thread."""
SYSRET_RECORD: Final = struct.Struct("<hhiq")
PSIG_RECORD: Final = struct.Struct("<i4xQi16s4x")
SV_FLAGS: Final = {True: 0x9D0209, False: 0x9D4109}
"""sv_flags of a 64-bit program and of a 32-bit one: kdump(1) looks at the first byte and
the width."""
SYS_FORK: Final = 2
CSW_RECORD: Final = struct.Struct("<ii8s")
NO_SWITCH: Final = ("thrsngl",)
"""Sleeps that no record tells of."""

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


@dataclass(slots=True)
class Trace:
    """Of a process: what of it goes where."""

    file: Regular
    flags: int
    most: int
    """How long the file may get, the last record cut: who set it up may write no more to
    one."""
    queue: bytearray = field(default_factory=bytearray)
    """Records that are written with the next one: of a thread that went to sleep."""


# -- records -----------------------------------------------------------------------------
def _write(system: System, td: Thread, kind: int, data: bytes, *, later: bool = False) -> None:
    """ktr_writerequest: one record, if such are wanted."""
    p = td.proc
    trace = system.ktraced.get(p)
    if trace is None or not trace.flags >> kind & 1:
        return
    now = (system.boot_ns + system.clock) // 1000
    comm = p.comm.encode("utf-8", "surrogateescape")[:19]
    record = HEADER.pack(len(data), kind, p.pid, comm, now // 10**6, now % 10**6, td.tid) + data
    if later:
        trace.queue += record
        return
    if trace.queue:
        record = bytes(trace.queue) + record
        trace.queue.clear()
    room = trace.most - trace.file.size
    if room <= 0:
        del system.ktraced[p]
        system.messages.append(
            f"<5>ktrace write failed, errno {EFBIG}, tracing stopped for pid {p.pid}")
        return
    trace.file.write_at(trace.file.size, record[:room], KERNEL)
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
    name, args = "", td.sc_args
    if fetch(system, td) == 0:
        code, args = td.sc_code, td.sc_args[: td.sc_narg]
        _write(system, td, SYSCALL, struct.pack(f"<hh4x{len(args)}Q", code, len(args), *args))
        known = system.syscalls_of(td).get(code)
        name = known[0] if known is not None else ""
        _names(system, td, (args[at] for at in PATHS.get(name, ())))
        if name in told.BEFORE:
            _tell(system, td, told.BEFORE[name](system, td, args))
    yield from _switched(system, td, entry.system_call(system, td))
    if p in system.ktraced:
        error = {EJUSTRETURN: -2, ERESTART: -1}.get(td.errno, td.errno)
        if not error:
            if name in told.AFTER:
                _tell(system, td, told.AFTER[name](system, td, args))
            _tell(system, td, told.carried(system, td, name, args))
        elif error in (ENOTCAPABLE, ECAPMODE):
            _tell(system, td, told.failed(td, name, args, PATHS.get(name, ())))
        returned(system, td, td.sc_code, error, td.retval[0])


def _switched(system: System, td: Thread, work: Work) -> Work:
    """ktrcsw: a way through the kernel, with a record before and behind each sleep."""
    go_on: Callable[[], Sleep | None] = partial(next, work)
    while True:
        try:
            sleep = go_on()
        except StopIteration:
            return
        if sleep is None or sleep.message in NO_SWITCH:
            answer = yield sleep
        else:
            message = sleep.message.encode()[:7]
            _write(system, td, CSW, CSW_RECORD.pack(1, 0, message), later=True)
            answer = yield sleep
            _write(system, td, CSW, CSW_RECORD.pack(0, 0, message))
        go_on = partial(work.send, answer)


def _tell(system: System, td: Thread, records: Iterator[told.Record]) -> None:
    for kind, data in told.told(records):
        _write(system, td, kind, data)


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


def sysctl(system: System, td: Thread, mib: Sequence[int]) -> None:
    """ktrsysctl: the name of what is asked for."""
    _write(system, td, SYSCTL, tree.fetch(system, td, (0, 1, *mib)))


def _watch_faults(system: System, p: Proc) -> None:
    """ktrfault and ktrfaultend: page faults of the program, whose memory tells of them."""
    trace, space = system.ktraced.get(p), p.space
    if space is None or trace is None or not trace.flags & (1 << FAULT | 1 << FAULTEND):
        return

    def fault(address: int, access: int, result: int) -> None:
        td = system.current
        if td is not None and td.proc in system.ktraced:
            _write(system, td, FAULT, struct.pack("<Qi4x", address, access))
            _write(system, td, FAULTEND, struct.pack("<i", result))

    space.told = fault


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
        _watch_faults(system, p)
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
        system.ktraced[child] = Trace(trace.file, trace.flags, trace.most)


def set_id(system: System, p: Proc) -> None:
    """ktrprocexec: a program with other credentials is traced no more, unless by root."""
    if not flags_of(system, p) & ROOT:
        system.ktraced.pop(p, None)


def started(system: System, td: Thread, work: Work) -> Work:
    """fork_return of a process that is traced from its beginning."""
    yield from work
    _begins(system, td)
    _watch_faults(system, td.proc)
    returned(system, td, SYS_FORK, 0, 0)


def executed(system: System, td: Thread) -> None:
    """ktrprocctor."""
    _begins(system, td)
    _watch_faults(system, td.proc)


def exited(system: System, td: Thread) -> None:
    """ktrprocexit."""
    _write(system, td, PROCDTOR, b"")
    system.ktraced.pop(td.proc, None)
