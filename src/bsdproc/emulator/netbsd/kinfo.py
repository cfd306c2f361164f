"""struct kinfo_proc2 and struct kinfo_lwp.  The subject of fill_kproc2 and
fill_lwp in NetBSD's kern_proc.c and init_sysctl.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import P, Proc, ProcState, Run, Thread
from bsdproc.emulator.machine.physical import PAGE
from bsdproc.emulator.netbsd.amd64.signal import sigset
from bsdproc.emulator.netbsd.signals import ignored
from bsdproc.emulator.netbsd.signo import NSIG
from bsdproc.emulator.netbsd.state import PRI_DEFAULT, lwp

if TYPE_CHECKING:
    from bsdproc.abi import Struct
    from bsdproc.abi.codec import Value
    from bsdproc.emulator.netbsd.system import System

LSIDL, LSRUN, LSSLEEP, LSSTOP, LSZOMB, LSONPROC, LSSUSPENDED = 1, 2, 3, 4, 5, 7, 8
SIDL, SACTIVE, SSTOP, SZOMB = 1, 2, 4, 5
L_INMEM, L_SINTR, L_DETACHED = 0x4, 0x80, 0x800000
INMEM = 0x4
SAME_FLAGS = (P.CONTROLT | P.PPWAIT | P.SUGID | P.SYSTEM | P.TRACED | P.WEXIT | P.EXEC)
"""Flags that have NetBSD's numbers."""
WAITED = 0x1000
EPROC_CTTY, EPROC_SLEADER = 1, 2
NODEV = 0xFFFFFFFF
WMESGLEN = 8


def lwp_state(td: Thread) -> int:
    p = td.proc
    if p.zombie:
        return LSZOMB
    if p.flag & P.STOPPED_SIG or lwp(td).held:
        return LSSTOP
    if lwp(td).asleep or lwp(td).suspended:
        return LSSUSPENDED
    if td.run is Run.SLEEPING or p.driver:
        return LSSLEEP
    return LSRUN


def representative(p: Proc) -> Thread | None:
    """proc_representative_lwp: one that runs, else one that sleeps."""
    if not p.threads:
        return None
    return min(p.threads, key=lambda td: td.run is Run.SLEEPING)


def flags(p: Proc) -> int:
    """p_flag."""
    found = p.flag & SAME_FLAGS | INMEM
    return found | WAITED if p.flag & P.WAITED else found


def proc2(system: System, p: Proc) -> bytes:
    """struct kinfo_proc2."""
    layout = system.target.struct("struct kinfo_proc2")
    c, td = p.cred, representative(p)
    sleeping = td is not None and td.sleep is not None
    stat = LSZOMB if p.zombie else lwp_state(td) if td is not None else LSIDL
    real = (SZOMB if p.zombie else SSTOP if p.flag & P.STOPPED_SIG
            else SIDL if p.state is ProcState.NEW else SACTIVE)
    user = p.usage.utime + sum(t.runtime for t in p.threads)
    children = p.child_usage.utime + p.child_usage.stime
    started = system.boot_ns + p.started
    groups = tuple(c.groups[1:])[:16]
    leader = p.session.leader is p
    priority = lwp(td).priority if td is not None else PRI_DEFAULT
    pages = resident = 0
    if p.space is not None:
        pages = sum(e.end - e.start for e in p.space.entries if e.kind != "guard") // PAGE
        resident = sum(p.space.resident(e) for e in p.space.entries)
    actions = p.sigacts.actions
    values: dict[str, Value] = {
        "p_eflag": (EPROC_CTTY if p.flag & P.CONTROLT else 0) | (EPROC_SLEADER if leader else 0),
        "p_exitsig": 20, "p_flag": flags(p), "p_pid": p.pid,
        "p_ppid": system.proc_realparent(p).pid if p.parent is not None else 0,
        "p_sid": p.session.sid,
        "p__pgid": p.pgid, "p_tpgid": 0, "p_uid": c.uid, "p_ruid": c.ruid, "p_gid": c.gid,
        "p_rgid": c.rgid, "p_svuid": c.svuid, "p_svgid": c.svgid,
        "p_groups": groups + (0,) * (16 - len(groups)), "p_ngroups": len(groups),
        "p_tdev": NODEV, "p_rtime_sec": user // 10**9, "p_rtime_usec": user % 10**9 // 1000,
        "p_stat": stat, "p_realstat": real, "p_priority": priority,
        "p_usrpri": priority,
        "p_nice": p.nice + 20, "p_xstat": p.xsig & 0xFFFF, "p_acflag": p.acflag,
        "p_comm": p.comm.encode()[:23], "p_login": p.session.login.encode()[:23],
        "p_wmesg": td.sleep.message.encode()[:WMESGLEN - 1]
        if sleeping and td is not None and td.sleep is not None else b"",
        "p_nlwps": len(p.threads) if not p.zombie else 1,
        "p_nrlwps": sum(t.run is Run.READY for t in p.threads),
        "p_realflag": flags(p), "p_ename": b"netbsd", "p_cpuid": 0xFFFFFFFFFFFFFFFF
        if p.zombie else 0,
        "p_vm_rssize": resident, "p_vm_vsize": pages, "p_vm_msize": pages,
        "p_vm_ssize": p.stack_size // PAGE if p.stack_size else 0,
        "p_uvalid": 0 if p.zombie else 1, "p_ustart_sec": started // 10**9,
        "p_ustart_usec": started % 10**9 // 1000, "p_uutime_sec": user // 10**9,
        "p_uutime_usec": user % 10**9 // 1000, "p_ustime_sec": p.usage.stime // 10**9,
        "p_ustime_usec": p.usage.stime % 10**9 // 1000, "p_uru_maxrss": p.usage.maxrss,
        "p_uru_minflt": p.usage.minflt, "p_uru_nsignals": p.usage.nsignals,
        "p_uru_nvcsw": p.usage.nvcsw, "p_uru_nivcsw": p.usage.nivcsw,
        "p_uctime_sec": children // 10**9, "p_uctime_usec": children % 10**9 // 1000,
    }
    image = bytearray(layout.pack(values))
    sets = {
        "p_siglist": p.sigqueue.signals.union(*(t.sigqueue.signals for t in p.threads)),
        "p_sigmask": td.sigmask if td is not None else set(),
        "p_sigignore": {n for n in range(1, NSIG) if ignored(p, n)},
        "p_sigcatch": {n for n, a in actions.items() if a.handler > 1},
    }
    for name, signals in sets.items():
        _put(image, layout, name, sigset(set(signals)))
    return bytes(image)


def _put(image: bytearray, layout: Struct, name: str, data: bytes) -> None:
    at = layout.field(name).offset
    image[at:at + len(data)] = data


def lwp_record(system: System, td: Thread) -> bytes:
    """struct kinfo_lwp."""
    own = lwp(td)
    name = own.named or td.proc.comm
    flag = L_INMEM | (L_DETACHED if own.detached else 0)
    if td.sleep is not None and td.sleep.interruptible:
        flag |= L_SINTR
    return system.target.struct("struct kinfo_lwp").pack({
        "l_lid": td.tid, "l_flag": flag, "l_priority": own.priority, "l_usrpri": own.priority,
        "l_stat": lwp_state(td), "l_pid": td.proc.pid, "l_rtime_sec": td.runtime // 10**9,
        "l_rtime_usec": td.runtime % 10**9 // 1000, "l_name": name.encode()[:19],
        "l_wmesg": td.sleep.message.encode()[:WMESGLEN - 1] if td.sleep is not None else b"",
    })
