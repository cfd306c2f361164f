"""An emulated process as procfs looks at it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.file import File, Kind
from bsdproc.emulator.bsd.state import P, Proc, ProcState, Thread
from bsdproc.emulator.errno import EINVAL, EPERM, Refused
from bsdproc.emulator.machine.entries import ALL, Entry
from bsdproc.emulator.machine.memory import MemoryFault
from bsdproc.emulator.machine.physical import PAGE
from bsdproc.emulator.netbsd import kinfo, psstrings
from bsdproc.emulator.netbsd.amd64.stack import ES_ARGLEN, USRSTACK
from bsdproc.emulator.netbsd.procfs.texts import MapEntry, PidStat, Statm, Status
from bsdproc.emulator.vnode import Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.cred import Cred
    from bsdproc.emulator.netbsd.procfs.view import OpenFile
    from bsdproc.emulator.netbsd.system import System

EXEC = 4
INHERITANCE = {"share": 0, "copy": 1, "none": 2, "zero": 4}
"""MAP_INHERIT_."""
TYPES = {Kind.VNODE: "vnode", Kind.FIFO: "vnode", Kind.PIPE: "pipe", Kind.SOCKET: "socket",
         Kind.KQUEUE: "kqueue"}
NDFILE, NDEXTENT = 20, 50
"""Descriptors that a table has room for at first, and when it grows."""
NTHR, NLIMITS = 11, 12
"""RLIMIT_NTHR, which the core has not, and how many limits there are."""
MAXLWP = 2048
NZERO = 20
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


class Proc2:
    """A process's struct kinfo_proc2, of which several texts are made."""

    def __init__(self, system: System, p: Proc) -> None:
        self._layout = system.target.struct("struct kinfo_proc2")
        self._data = kinfo.proc2(system, p)

    def __call__(self, name: str) -> int:
        """A field."""
        value = self._layout.get(self._data, name)
        assert isinstance(value, int)
        return value

    def time(self, name: str) -> int:
        """One in two fields, seconds and microseconds, as nanoseconds."""
        return self(f"{name}_sec") * 10**9 + self(f"{name}_usec") * 1000

    def signals(self, name: str) -> int:
        """The first word of a sigset_t."""
        at = self._layout.field(name).offset
        return int.from_bytes(self._data[at : at + 4], "little")


class ProcessView:
    """struct proc."""

    memory_end = USRSTACK
    auxv_size = ES_ARGLEN
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
        return self.system.boot_ns + self.p.started

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
            e.start, e.end, e.prot, ALL if e.kind == "guard" else e.max_prot, not e.shared,
            _needs_copy(e),
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
    def _strings(self, *, environment: bool) -> bytes:
        """Of the kernel's own process its name, both times."""
        if self.p.flag & P.SYSTEM:
            return f"({self.p.comm})".encode() + b"\0"
        return b"".join(word + b"\0" for word in psstrings.strings(
            self.p, environment=environment))

    def arguments(self) -> bytes:
        return self._strings(environment=False)

    def environment(self) -> bytes:
        return self._strings(environment=True)

    def auxv(self) -> bytes:
        """proc_getauxv: what lies behind the environment's addresses, as far as it is mapped."""
        start = psstrings.auxv_at(self.p)
        entry = self.p.space.entry_at(start) if self.p.space is not None else None
        room = entry.end - start if entry is not None else 0
        return self.read_memory(start, min(self.auxv_size, room))

    # -- numbers
    def limits(self) -> Sequence[tuple[int, int]]:
        own = [limits.limit(self.p, which) for which in range(NTHR)]
        return [*own, self.p.rlimits.get(NTHR, (MAXLWP, MAXLWP))]

    def _waits(self) -> str:
        td = self.p.threads[-1] if self.p.threads else None
        if td is None or td.sleep is None or self.p.flag & STOPPED:
            return ""
        return td.sleep.message

    def status(self) -> Status:
        p, own = self.p, Proc2(self.system, self.p)
        return Status(
            os.fsencode(p.comm), p.pid, own("p_ppid"), p.pgid, p.session.sid, None, False,
            p.session.leader is p and not self.kernel, self.started, own.time("p_uutime"),
            own.time("p_ustime"), self._waits(), p.cred.uid, p.cred.gid,
            tuple(p.cred.groups[1:]))

    def pid_stat(self) -> PidStat:
        p, own, entries = self.p, Proc2(self.system, self.p), self._entries()
        tdev = own("p_tdev")
        return PidStat(
            pid=p.pid, comm=os.fsencode(p.comm), state=own("p_stat"), ppid=own("p_ppid"),
            pgid=own("p__pgid"), sid=own("p_sid"), tdev=0 if tdev == kinfo.NODEV else tdev,
            tpgid=own("p_tpgid"), flag=own("p_flag") & 0xFFFFFFFF, minflt=own("p_uru_minflt"),
            child_minflt=p.child_usage.minflt, majflt=own("p_uru_majflt"), child_majflt=0,
            user=own.time("p_uutime"), system=own.time("p_ustime"),
            child_user=p.child_usage.utime, child_system=p.child_usage.stime,
            priority=own("p_priority"), nice=own("p_nice") - NZERO, nlwps=own("p_nlwps"),
            started=own.time("p_ustart"), msize=own("p_vm_msize"),
            rssize=own("p_vm_rssize"), rss_limit=limits.limit(p, limits.RSS)[0],
            text=(entries[0].start, entries[0].end) if entries else (0, 0),
            stack=USRSTACK - PAGE, pending=own.signals("p_siglist"),
            ignored=own.signals("p_sigignore"), caught=own.signals("p_sigcatch"),
            wchan=own("p_wchan"), nvcsw=own("p_uru_nvcsw"), nivcsw=own("p_uru_nivcsw"),
            exitsig=own("p_exitsig"), cpu=own("p_cpuid"))

    def statm(self) -> Statm:
        return Statm(*self._sizes())


def _needs_copy(entry: Entry) -> bool:
    """UVM_ET_NEEDSCOPY: of private memory that nobody has written to."""
    if entry.shared:
        return False
    if entry.backing is not None:
        return not entry.copied
    return entry.needs_copy or entry.behind is None


def living(p: Proc | None) -> Proc | None:
    """proc_find: neither embryos nor zombies."""
    return p if p is not None and p.state is ProcState.NORMAL else None
