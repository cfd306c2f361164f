"""An emulated process as procfs looks at it."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits, signo
from bsdproc.emulator.bsd.file import File, Kind
from bsdproc.emulator.bsd.state import P, Proc, ProcState, Run, Thread
from bsdproc.emulator.errno import EINVAL, EIO, EPERM, Refused
from bsdproc.emulator.machine.entries import Entry
from bsdproc.emulator.machine.memory import MemoryFault
from bsdproc.emulator.netbsd.procfs.texts import MapEntry, PidStat, Statm, Status
from bsdproc.emulator.vnode import Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.cred import Cred
    from bsdproc.emulator.netbsd.base import MountingSystem as System
    from bsdproc.emulator.netbsd.procfs.view import OpenFile

PAGE = 4096
VM_MAXUSER_ADDRESS = 0x7F8000000000
EXEC = 4
INHERITANCE = {"share": 0, "copy": 1, "none": 2, "zero": 4}
"""MAP_INHERIT_."""
TYPES = {Kind.VNODE: "vnode", Kind.FIFO: "vnode", Kind.PIPE: "pipe", Kind.SOCKET: "socket",
         Kind.KQUEUE: "kqueue"}
NDFILE, NDEXTENT = 20, 50
"""Descriptors that a table has room for at first, and when it grows."""
PS_STRINGS: Final = struct.Struct("<QiiQi4x")
"""struct ps_strings: argv, argc, -, envp, envc."""
AUXV_SIZE = 28 + 1024 + 8
"""ELF64_AUXSIZE."""
NTHR, NLIMITS = 11, 12
"""RLIMIT_NTHR, which the core has not, and how many limits there are."""
MAXLWP = 2048
LSRUN, LSSLEEP, LSSTOP, LSONPROC = 2, 3, 4, 7
L_SINTR, L_INMEM = 0x80, 0x4
KEPT_FLAGS = P.CONTROLT | P.PPWAIT | P.SUGID | P.SYSTEM | P.TRACED | P.EXEC
"""Flags that have NetBSD's numbers, too."""
PUSER = 85
"""The priority of a thread that waits, as kinfo_lwp shows it."""
STOPPED = P.STOPPED_SIG | P.STOPPED_TRACE


@dataclass(frozen=True, slots=True)
class Open:
    """A process's open file."""

    file: File
    cred: Cred

    @property
    def type(self) -> str:
        return TYPES.get(self.file.kind, "misc")

    @property
    def vnode(self) -> Vnode | None:
        return self.file.vnode


@dataclass(frozen=True, slots=True)
class LwpView:
    """A thread of an emulated process."""

    system: System
    td: Thread

    @property
    def stopped(self) -> bool:
        return bool(self.td.proc.flag & STOPPED)

    def _runs_a_program(self) -> None:
        """The caller's Python has no registers to show: EPERM."""
        if self.td.context is None:
            raise Refused(EPERM)

    def getregs(self) -> bytes:
        self._runs_a_program()
        found: bytes = self.system.machdep.getregs(self.td)
        return found

    def setregs(self, data: bytes) -> None:
        self._runs_a_program()
        self.system.machdep.setregs(self.td, data)

    def getfpregs(self) -> bytes:
        self._runs_a_program()
        found: bytes = self.system.machdep.getfpregs(self.td)
        return found

    def setfpregs(self, data: bytes) -> None:
        self._runs_a_program()
        self.system.machdep.setfpregs(self.td, data)


class ProcessView:
    """struct proc."""

    memory_end = VM_MAXUSER_ADDRESS
    auxv_size = AUXV_SIZE
    emul = "netbsd"

    def __init__(self, system: System, p: Proc) -> None:
        self.system = system
        self.p = p

    # -- what it is
    @property
    def pid(self) -> int:
        return self.p.pid

    @property
    def kernel(self) -> bool:
        return self.p is self.system.kernel_proc

    @property
    def init(self) -> bool:
        return self.p is self.system.init

    @property
    def sugid(self) -> bool:
        return bool(self.p.flag & P.SUGID)

    @property
    def cred(self) -> Cred:
        cred: Cred = self.p.cred
        return cred

    @property
    def started(self) -> int:
        return self.system.boot_time * 10**9 + self.p.started

    @property
    def text(self) -> Vnode | None:
        return self.p.text

    @property
    def text_path(self) -> str:
        return self.p.text_path

    @property
    def lwp(self) -> LwpView | None:
        living = [td for td in self.p.threads if not td.exited]
        return LwpView(self.system, living[-1]) if living else None

    # -- places and files
    def _place(self, path: str) -> Vnode | None:
        try:
            return self.system.vfs.lookup(path)
        except Refused:
            return None

    @property
    def cwd(self) -> Vnode | None:
        return self._place(self.p.cwd)

    @property
    def root(self) -> Vnode:
        return self._place(self.p.root) or self.system.vfs.root

    def files(self) -> Mapping[int, OpenFile]:
        return {fd: Open(slot.file, self.p.cred) for fd, slot in self.p.files.slots.items()}

    @property
    def slots(self) -> int:
        highest, room = max(self.p.files.slots, default=0), NDFILE
        while highest >= room:
            room = NDEXTENT if room < NDEXTENT else 2 * room
        return room

    # -- memory
    def _entries(self) -> Sequence[Entry]:
        return self.p.space.entries if self.p.space is not None else ()

    def map(self) -> Sequence[MapEntry]:
        return [MapEntry(
            e.start, e.end, e.prot, e.max_prot, not e.shared, _needs_copy(e),
            INHERITANCE[e.inherit], offset=e.offset if isinstance(e.backing, Vnode) else 0,
            file=e.backing if isinstance(e.backing, Vnode) else None)
            for e in self._entries()]

    def _sizes(self) -> tuple[int, int, int]:
        """Pages of text, of data and of the stack so far."""
        p, text, data = self.p, 0, 0
        if p.space is None or p.image is None:
            return 0, 0, 0
        for segment in p.image.segments:
            first = segment.vaddr // PAGE
            size = -(-(segment.vaddr + segment.memsz) // PAGE) - first
            if segment.flags & EXEC:
                text = max(text, size)
            else:
                data += size
        data += -(-p.break_end // PAGE) + p.break_start // -PAGE
        stack = sum(p.space.resident(e) for e in self._entries() if e.kind == "stack")
        return text, data, stack

    @property
    def segments(self) -> int:
        return sum(self._sizes()) * PAGE

    def _mapped(self, address: int, size: int) -> None:
        """EINVAL where an address of these is not mapped."""
        space, end = self.p.space, address + size
        while address < end:
            entry = space.entry_at(address) if space is not None else None
            if entry is None:
                raise Refused(EINVAL)
            address = entry.end

    def read_memory(self, address: int, size: int) -> bytes:
        self._mapped(address, size)
        assert self.p.space is not None
        return self.p.space.peek(address, size)

    def write_memory(self, address: int, data: bytes) -> None:
        self._mapped(address, len(data))
        assert self.p.space is not None
        try:
            self.p.space.fill(address, data)
        except MemoryFault:
            raise Refused(EINVAL) from None

    # -- arguments
    def _strings(self, environment: bool) -> bytes:
        """What struct ps_strings points to: each string with its NUL."""
        p = self.p
        if p.space is None:
            kept = p.env if environment else p.args
            return b"".join(word + b"\0" for word in kept)
        argv, argc, _, envp, envc = PS_STRINGS.unpack(self.read_memory(
            p.ps_strings, PS_STRINGS.size))
        at, count = (envp, envc) if environment else (argv, argc)
        if count <= 0:
            return b""
        first = int.from_bytes(self.read_memory(at, 8), "little")
        found = b""
        while found.count(b"\0") < count:
            size = PAGE - (first + len(found)) % PAGE
            found += self.read_memory(first + len(found), size)
        return b"".join(word + b"\0" for word in found.split(b"\0")[:count])

    def arguments(self) -> bytes:
        if self.p.flag & P.SYSTEM:
            return f"({self.p.comm})".encode() + b"\0"
        return self._strings(environment=False)

    def environment(self) -> bytes:
        if self.p.flag & P.SYSTEM:
            return self.arguments()
        return self._strings(environment=True)

    def auxv(self) -> bytes:
        """proc_getauxv: what lies behind the environment's addresses, as far as it is mapped."""
        p = self.p
        if p.space is None:
            raise Refused(EIO)
        _, _, _, envp, envc = PS_STRINGS.unpack(self.read_memory(p.ps_strings, PS_STRINGS.size))
        start = envp + (envc + 1) * 8
        entry = p.space.entry_at(start)
        room = entry.end - start if entry is not None else 0
        return self.read_memory(start, min(AUXV_SIZE, room))

    # -- numbers
    def limits(self) -> Sequence[tuple[int, int]]:
        own = [limits.limit(self.p, which) for which in range(NTHR)]
        return [*own, self.p.rlimits.get(NTHR, (MAXLWP, MAXLWP))]

    def _times(self) -> tuple[int, int]:
        """calcru: user and system time in nanoseconds."""
        running = sum(td.runtime for td in self.p.threads)
        return self.p.usage.utime + running, self.p.usage.stime

    def _waits(self) -> str:
        td = self.p.threads[-1] if self.p.threads else None
        if td is None or td.run is not Run.SLEEPING or td.sleep is None \
                or self.p.flag & STOPPED:
            return ""
        return td.sleep.message

    def status(self) -> Status:
        p = self.p
        user, system = self._times()
        return Status(
            os.fsencode(p.comm), p.pid, p.parent.pid if p.parent is not None else 0, p.pgid,
            p.session.sid, None, False, p.session.leader is p and not self.kernel, self.started,
            user, system, self._waits(), p.cred.uid, p.cred.gid, tuple(p.cred.groups))

    def _state(self) -> int:
        if self.p.flag & STOPPED:
            return LSSTOP
        td = self.p.threads[-1]
        if self.system.current is td or (self.p.driver and not self.p.flag & P.SYSTEM):
            return LSONPROC
        return LSSLEEP if td.run is Run.SLEEPING or td.context is None else LSRUN

    def pid_stat(self) -> PidStat:
        p = self.p
        user, system = self._times()
        entries, space = self._entries(), p.space
        waits = bool(self._waits())
        actions = p.sigacts.actions
        ignored = {sig for sig, action in actions.items() if action.handler == signo.SIG_IGN}
        ignored |= {sig for sig in signo.DEFAULT_IGNORED
                    if sig not in actions or actions[sig].handler == signo.SIG_DFL}
        caught = {sig for sig, action in actions.items() if action.handler > signo.SIG_IGN}
        flag = p.flag & KEPT_FLAGS | L_INMEM | (L_SINTR if waits else 0)
        return PidStat(
            pid=p.pid, comm=os.fsencode(p.comm), state=self._state(),
            ppid=p.parent.pid if p.parent is not None else 0, pgid=p.pgid, sid=p.session.sid,
            tdev=0, tpgid=-1, flag=flag, minflt=p.usage.minflt,
            child_minflt=p.child_usage.minflt, majflt=0, child_majflt=0, user=user, system=system,
            child_user=p.child_usage.utime, child_system=p.child_usage.stime, priority=PUSER,
            nice=p.nice, nlwps=sum(not td.exited for td in p.threads), started=self.started,
            msize=sum(e.size for e in entries) // PAGE,
            rssize=sum(space.resident(e) for e in entries) if space is not None else 0,
            rss_limit=limits.limit(p, limits.RSS)[0],
            text=(entries[0].start, entries[0].end) if entries else (0, 0),
            stack=VM_MAXUSER_ADDRESS - PAGE, pending=_word(p.sigqueue.signals),
            ignored=_word(ignored), caught=_word(caught),
            wchan=0xFFFFFE8000000000 + (p.pid << 12) if waits else 0, nvcsw=p.usage.nvcsw,
            nivcsw=p.usage.nivcsw, exitsig=20, cpu=0)

    def statm(self) -> Statm:
        return Statm(*self._sizes())


def _needs_copy(entry: Entry) -> bool:
    """UVM_ET_NEEDSCOPY: of private memory that nobody has written to."""
    if entry.shared:
        return False
    if entry.backing is not None:
        return not entry.copied
    return entry.needs_copy or entry.behind is None


def _word(signals: set[int]) -> int:
    """The first word of a sigset_t."""
    return sum(1 << (sig - 1) for sig in signals if sig <= 32)


def living(p: Proc | None) -> Proc | None:
    """proc_find: neither embryos nor zombies."""
    return p if p is not None and p.state is ProcState.NORMAL else None
