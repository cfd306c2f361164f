"""struct kinfo_proc: what the kernel tells of a process and its threads.

The subject of fill_kinfo_proc and its parts in kern_proc.c.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from bsdproc import abi
from bsdproc.emulator.bsd import jobc, signo
from bsdproc.emulator.bsd.state import P, Proc, ProcState, Run, Thread, Usage
from bsdproc.emulator.freebsd import ktrace, priority
from bsdproc.emulator.freebsd.cred import Cred, ucred

if TYPE_CHECKING:
    from bsdproc.emulator.elf import Image
    from bsdproc.emulator.freebsd.system import System

Fields: TypeAlias = "dict[str, abi.Value]"

SIDL, SRUN, SSLEEP, SSTOP, SZOMB, SWAIT = range(1, 7)
KI_CTTY, KI_SLEADER = 1, 2
KI_NGROUPS = 16
KI_CRF_CAPABILITY_MODE, KI_CRF_GRP_OVERFLOW = 1, 0x80000000
NODEV = (1 << 64) - 1
NOCPU, NOCPU_OLD = -1, 255
PS_INMEM = 1
PWAIT = 104
TDNAMLEN, WMESGLEN = 16, 8
PAGE, EXEC = 4096, 4
KERNEL_BASE = 0xFFFFF80000000000
"""Where the kernel's records would lie: kinfo_proc shows their addresses."""
KSTACK_PAGES = 4


def address(record: str, number: int) -> int:
    """An address for a record of the kernel's: the same whenever asked for."""
    return KERNEL_BASE + (number << 16) + 0x100 * (sum(record.encode()) & 0xFF)


def sigset(signals: Iterable[int]) -> Fields:
    """sigset_t: signal n is bit n - 1 of four words."""
    bits = 0
    for sig in signals:
        bits |= 1 << (sig - 1)
    return {"__bits": tuple(bits >> shift & 0xFFFFFFFF for shift in (0, 32, 64, 96))}


def timeval(ns: int) -> Fields:
    return {"tv_sec": ns // 10**9, "tv_usec": ns % 10**9 // 1000}


def rusage(usage: Usage) -> Fields:
    return {
        "ru_utime": timeval(usage.utime),
        "ru_stime": timeval(usage.stime),
        "ru_maxrss": usage.maxrss,
        "ru_minflt": usage.minflt,
        "ru_nsignals": usage.nsignals,
        "ru_nvcsw": usage.nvcsw,
        "ru_nivcsw": usage.nivcsw,
    }


def layout_for(system: System, wide: bool) -> abi.Struct:
    """What this caller gets: a 32-bit program its own struct."""
    target = system.target if wide else abi.target("freebsd", "i386")
    return target.struct("struct kinfo_proc")


class Filler:
    """Fills records for one caller."""

    def __init__(self, system: System, viewer: Cred, wide: bool = True) -> None:
        self._system = system
        self._viewer = viewer
        self._wide = wide
        self._layout = layout_for(system, wide)

    @property
    def size(self) -> int:
        return self._layout.size

    def process(self, p: Proc) -> bytes:
        """One record: the process with its first thread."""
        return self._pack({**self._common(p), **self._thread(p.threads[0])})

    def threads(self, p: Proc) -> list[bytes]:
        """A record for each thread: what a thread counts for itself is its
        own there."""
        common = self._common(p)
        return [
            self._pack({**common, **self._thread(td), **self._own(td)}) for td in p.threads
        ]

    def _pack(self, fields: Fields) -> bytes:
        if not self._wide:
            fields = {k: trimmed(self._layout, k, v) for k, v in fields.items()}
        return self._layout.pack(fields)

    def _common(self, p: Proc) -> Fields:
        """fill_kinfo_proc_only, fill_kinfo_proc_pgrp, fill_kinfo_aggregate."""
        system, leader = self._system, p.session.leader is p
        boot = system.boot_ns
        fields: Fields = {
            "ki_structsize": self._layout.size,
            "ki_args": address("args", p.pid) if p.args else 0,
            "ki_paddr": address("proc", p.pid),
            "ki_textvp": address("vnode", p.text.ino) if p.text is not None else 0,
            "ki_fd": 0 if p.zombie else address("filedesc", p.pid),
            "ki_pd": 0 if p.zombie else address("pwddesc", p.pid),
            "ki_vmspace": address("vmspace", p.pid) if p.space is not None else 0,
            "ki_pid": p.pid,
            "ki_ppid": p.oppid,
            "ki_tracer": p.parent.pid if p.traced and p.parent is not None else 0,
            "ki_pgid": p.pgid,
            "ki_jobc": jobc.count(system, p.pgrp),
            "ki_sid": p.session.sid,
            "ki_login": cut(p.session.login, 17),
            "ki_kiflag": KI_SLEADER if leader else 0,
            "ki_tdev": NODEV,
            "ki_tdev_freebsd11": 0xFFFFFFFF,
            "ki_flag": p.flag,
            "ki_flag2": p.flag2,
            "ki_sflag": PS_INMEM if p.flag & P.INMEM else 0,
            "ki_siglist": sigset(p.sigqueue.signals),
            "ki_sigignore": sigset(ignored(p)),
            "ki_sigcatch": sigset(
                sig for sig, action in p.sigacts.actions.items()
                if action.handler > signo.SIG_IGN),
            "ki_xstat": p.xexit << 8 & 0xFF00 | p.xsig & 0xFF,
            "ki_acflag": p.acflag,
            "ki_traceflag": (ktrace.flags_of(system, p) ^ 1 << 31) - (1 << 31),
            "ki_nice": p.nice,
            "ki_start": timeval(boot + p.started),
            "ki_runtime": (p.usage.utime + p.usage.stime
                           + sum(td.runtime for td in p.threads)) // 1000,
            "ki_rusage": rusage(used(p)),
            "ki_childtime": timeval(p.child_usage.utime + p.child_usage.stime),
            "ki_rusage_ch": rusage(p.child_usage),
            "ki_comm": cut(p.comm, 19),
            "ki_emul": cut(p.sysent, 16),
            "ki_loginclass": cut(p.login_class, 17),
        }
        fields.update(self._credentials(p))
        fields.update(memory(p))
        return fields

    def _credentials(self, p: Proc) -> Fields:
        cred, groups = ucred(p), p.cred.groups
        flags = KI_CRF_CAPABILITY_MODE if cred.capmode else 0
        if len(groups) > KI_NGROUPS:
            groups, flags = groups[:KI_NGROUPS], flags | KI_CRF_GRP_OVERFLOW
        fields: Fields = {
            "ki_uid": cred.uid,
            "ki_ruid": cred.ruid,
            "ki_svuid": cred.svuid,
            "ki_rgid": cred.rgid,
            "ki_svgid": cred.svgid,
            "ki_ngroups": len(groups),
            "ki_groups": groups + (0,) * (KI_NGROUPS - len(groups)),
            "ki_cr_flags": flags,
        }
        if cred.prison.parent is not None:
            fields["ki_flag"] = p.flag | P.JAILED
            if cred.prison is not self._viewer.prison:
                fields["ki_jid"] = cred.prison.id
        return fields

    def _thread(self, td: Thread) -> Fields:
        """fill_kinfo_thread."""
        p, name = td.proc, td.name.encode("utf-8", "surrogateescape")
        message, wish = waits_for(td), priority.of(td)
        cpu = NOCPU if self._system.current is not td else 0
        return {
            "ki_tdaddr": address("thread", td.tid),
            "ki_pcb": address("pcb", td.tid),
            "ki_kstack": address("kstack", td.tid),
            "ki_wmesg": cut(message or "", WMESGLEN),
            "ki_wchan": address(message, td.tid) if message else 0,
            "ki_tdname": name[:TDNAMLEN],
            "ki_moretdname": name[TDNAMLEN : TDNAMLEN + 3],
            "ki_stat": status(self._system, td),
            "ki_pri": {
                "pri_class": wish.kind,
                "pri_level": PWAIT if message else wish.user,
                "pri_native": wish.user,
                "pri_user": wish.user,
            },
            "ki_oncpu": cpu,
            "ki_lastcpu": 0,
            "ki_oncpu_old": NOCPU_OLD if cpu == NOCPU else cpu,
            "ki_lastcpu_old": 0,
            "ki_tid": td.tid,
            "ki_numthreads": len(p.threads),
            "ki_sigmask": sigset(td.sigmask),
        }

    @staticmethod
    def _own(td: Thread) -> Fields:
        return {
            "ki_siglist": sigset(td.sigqueue.signals),
            "ki_runtime": td.runtime // 1000,
            "ki_rusage": rusage(Usage(utime=td.runtime)),
        }


def trimmed(layout: abi.Struct, name: str, value: abi.Value) -> abi.Value:
    """For a 32-bit caller: kernel addresses are 0, larger numbers lose their
    high bits as an assignment in C does."""
    field = layout.field(name)
    if not isinstance(value, int) or field.size > 4:
        return value
    if value >= KERNEL_BASE and field.kind == "pointer":
        return 0
    bits = 8 * field.size
    value &= (1 << bits) - 1
    return value - (1 << bits) if field.signed and value >> bits - 1 else value


def cut(text: str, size: int) -> bytes:
    """As much of a text as an array of `size` and a NUL holds."""
    return text.encode("utf-8", "surrogateescape")[:size]


def used(p: Proc) -> Usage:
    """What the process has used, its living threads included."""
    total = Usage()
    total.add(p.usage)
    total.utime += sum(td.runtime for td in p.threads)
    return total


def ignored(p: Proc) -> set[int]:
    """ps_sigignore: ignored by request or by default, SIGCONT excepted."""
    actions = p.sigacts.actions
    default = {
        sig for sig in signo.DEFAULT_IGNORED
        if sig not in actions or actions[sig].handler == signo.SIG_DFL
    }
    asked = {sig for sig, action in actions.items() if action.handler == signo.SIG_IGN}
    return (default | asked) - {signo.SIGCONT}


def memory(p: Proc) -> Fields:
    """Sizes: bytes for ki_size, else pages."""
    space = p.space
    if space is None or p.state is not ProcState.NORMAL:
        return {}
    entries = space.entries
    size = sum(e.end - e.start for e in entries)
    resident = sum(space.resident(e) for e in entries)
    fields: Fields = {
        "ki_size": size,
        "ki_rssize": resident + KSTACK_PAGES * len(p.threads),
        "ki_ssize": sum(e.size for e in entries if e.kind == "stack") // PAGE,
    }
    if p.image is not None:
        fields["ki_tsize"], data = program_pages(p.image)
        grown = -(-p.break_end // PAGE) + p.break_start // -PAGE
        fields["ki_dsize"] = data + grown
    return fields


def program_pages(image: Image) -> tuple[int, int]:
    """elf_enforce_limits: the largest executable segment is the text, the
    last of the others the data."""
    text = data = 0
    for segment in image.segments:
        first = segment.vaddr // PAGE
        size = -(-(segment.vaddr + segment.memsz) // PAGE) - first
        if segment.flags & EXEC and text < size:
            text = size
        else:
            data = size
    return text, data or text


def stopped(p: Proc) -> bool:
    """P_SHOULDSTOP."""
    return bool(p.flag & (P.STOPPED_SIG | P.STOPPED_TRACE | P.STOPPED_SINGLE))


def waits_for(td: Thread) -> str | None:
    """What a thread that sleeps in the kernel says it waits for."""
    if td.run is Run.SLEEPING and td.sleep is not None:
        return td.sleep.message
    return None


def status(system: System, td: Thread) -> int:
    """ki_stat, of a thread."""
    p = td.proc
    if p.state is ProcState.ZOMBIE:
        return SZOMB
    if p.state is ProcState.NEW:
        return SIDL
    if system.current is td:
        return SRUN
    if p.pid <= system.init.pid:
        return SSLEEP
    if td.run is Run.READY and system.runnable(td):
        return SRUN
    if stopped(p):
        return SSTOP
    if td.run is Run.SLEEPING:
        return SSLEEP
    return SWAIT

