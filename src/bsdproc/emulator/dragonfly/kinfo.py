"""struct kinfo_proc and kinfo_lwp of processes and kernel threads: kern_kinfo.c."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from bsdproc.abi.codec import Value
from bsdproc.emulator.dragonfly import signo as s
from bsdproc.emulator.dragonfly.flags import LWP, Kinfo, LwpStat, Stat
from bsdproc.emulator.dragonfly.flags import P as Shown
from bsdproc.emulator.dragonfly.proctree import jobc
from bsdproc.emulator.dragonfly.signals import caught, ignored
from bsdproc.emulator.dragonfly.state import MAXCOMLEN, P, Proc, Run, Thread, Usage
from bsdproc.emulator.machine.physical import PAGE

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

Fields = dict[str, Value]

MAXLOGNAME: Final = 40
NOUDEV: Final = 0xFFFFFFFF
RTP_PRIO_NORMAL, RTP_PRIO_THREAD = 1, 3
SGROWSIZ_PAGES: Final = 32
"""vm_ssize: what a stack starts with."""
TD_RUNNING, TD_SLEEPING = 0x603, 0x20680
"""td_flags of a thread that runs, and of one in tsleep()."""

SAME: Final = (P.CONTROLT | P.PPWAIT | P.SUGID | P.SYSTEM | P.TRACED | P.WAITED | P.WEXIT | P.EXEC
               | P.JAILED)
"""Flags whose number is the core's."""


def flags(p: Proc) -> int:
    """p_flags."""
    shown = p.flag & SAME
    if p.pid:
        shown |= Shown.MAYBETHREADED
    for ours, theirs in ((P.CONTINUED, Shown.CONTINUED), (P.INEXEC, Shown.INEXEC)):
        if p.flag & ours:
            shown |= theirs
    if p.zombie:
        shown |= Shown.POSTEXIT
    if p.cred.prison is not None:
        shown |= Shown.JAILED
    if p.root != "/":
        shown |= Shown.DIDCHROOT
    return shown


def sigset(signals: Iterable[int]) -> Fields:
    """sigset_t."""
    bits = 0
    for sig in signals:
        bits |= 1 << sig - 1
    return {"__bits": tuple(bits >> 32 * i & 0xFFFFFFFF for i in range(4))}


def timeval(ns: int) -> Fields:
    return {"tv_sec": ns // 10**9, "tv_usec": ns % 10**9 // 1000}


def wait_message(td: Thread) -> str:
    """td_wmesg: what an lwp sleeps for, "" when it does not."""
    return td.sleep.message if td.run is Run.SLEEPING and td.sleep is not None else ""


def lwp_stat(td: Thread) -> int:
    if td.stopped:
        return LwpStat.STOP
    return LwpStat.SLEEP if td.run is Run.SLEEPING or td.idle else LwpStat.RUN


def address(system: System, what: object) -> int:
    """A kernel address for a thing: the same as long as there is that thing."""
    known = system.addresses
    return known.setdefault(id(what), 0xFFFFF80050000000 + 0x580 * (len(known) + 1))


# -- processes ------------------------------------------------------------------------
def kinfo_proc(system: System, p: Proc) -> Fields:
    """fill_kinfo_proc."""
    c, session = p.cred, p.session
    tty = system.ttys.get(session.sid)
    fields: Fields = {
        "kp_paddr": address(system, p),
        "kp_flags": flags(p),
        "kp_stat": p.stat,
        "kp_lock": 1,
        "kp_acflag": p.acflag,
        "kp_fd": 0 if p.zombie else address(system, p.files),
        "kp_siglist": sigset(p.siglist),
        "kp_start": timeval(system.boot_ns + p.started),
        "kp_comm": p.comm.encode("utf-8", "surrogateescape")[:MAXCOMLEN],
        "kp_uid": c.uid, "kp_ruid": c.ruid, "kp_svuid": c.svuid,
        "kp_rgid": c.rgid, "kp_svgid": c.svgid,
        "kp_ngroups": len(c.groups),
        "kp_groups": (*c.groups, *[0] * (16 - len(c.groups))),
        "kp_pid": p.pid,
        "kp_ppid": p.oppid or (p.parent.pid if p.parent is not None else -1),
        "kp_pgid": p.pgid,
        "kp_jobc": jobc(p.pgrp),
        "kp_sid": session.sid,
        "kp_login": session.login.encode()[:MAXLOGNAME],
        "kp_exitstat": p.xstat & 0xFFFF,
        "kp_nthreads": 0 if p.zombie or not p.pid else len(p.lwps),
        "kp_nice": p.nice,
        "kp_swtime": (system.clock - p.started) // 10**9,
        "kp_cru": rusage(p.child_usage),
    }
    if not p.zombie:
        numbers = range(1, s.SIG_MAX + 1)
        fields["kp_sigignore"] = sigset(n for n in numbers if ignored(p, n))
        fields["kp_sigcatch"] = sigset(n for n in p.sigacts.actions if caught(p, n))
    fields["kp_auxflags"] = (
        (Kinfo.CTTY if tty is not None else 0)
        | (Kinfo.SLEADER if session.leader is p else 0))
    if tty is not None and p.flag & P.CONTROLT:
        fields |= {"kp_tdev": tty.dev,
                   "kp_tpgid": tty.pgrp.pgid if tty.pgrp is not None else -1,
                   "kp_tsid": tty.session.sid if tty.session is not None else -1}
    else:
        fields["kp_tdev"] = NOUDEV
    if p.space is not None:
        entries = p.space.entries
        resident = sum(p.space.resident(e) for e in entries)
        fields |= {
            "kp_vm_map_size": sum(e.size for e in entries if e.kind != "guard"),
            "kp_vm_rssize": resident,
            "kp_vm_tsize": p.text_pages, "kp_vm_dsize": p.data_pages,
            "kp_vm_ssize": SGROWSIZ_PAGES,
        }
        fields["kp_ru"] = {"ru_maxrss": resident * PAGE // 1024}
    if c.prison is not None:
        fields["kp_jailid"] = c.prison.id
    return fields


def rusage(usage: Usage) -> Fields:
    """struct rusage."""
    return {"ru_utime": timeval(usage.utime), "ru_stime": timeval(usage.stime),
            "ru_maxrss": usage.maxrss, "ru_minflt": usage.minflt,
            "ru_nsignals": usage.nsignals, "ru_nvcsw": usage.nvcsw, "ru_nivcsw": usage.nivcsw}


# -- lwps -------------------------------------------------------------------------------
def kinfo_lwp(system: System, td: Thread) -> Fields:
    """fill_kinfo_lwp.  Times are in the tick counts, in microseconds; those of
    kl_ru are never filled."""
    message = wait_message(td)
    sleeping = lwp_stat(td) == LwpStat.SLEEP
    return {
        "kl_pid": td.proc.pid,
        "kl_tid": td.tid,
        "kl_flags": (LWP.SINTR if sleeping and td.sleep is not None and td.sleep.interruptible
                     else 0) | (LWP.ALTSTACK if td.altstack else 0)
        | (LWP.OLDMASK if td.oldsigmask is not None else 0),
        "kl_stat": lwp_stat(td),
        "kl_lock": 1,
        "kl_tdflags": TD_SLEEPING if sleeping or td.stopped else TD_RUNNING,
        "kl_prio": 0xC0 if sleeping else 0xFE,
        "kl_tdprio": 10 if sleeping else 6,
        "kl_rtprio": {"type": RTP_PRIO_NORMAL, "prio": 0},
        "kl_uticks": (td.usage.utime + td.runtime) // 1000,
        "kl_sticks": td.usage.stime // 1000,
        "kl_slptime": (system.clock - td.slept) // 10**9 if sleeping else 0,
        "kl_ru": {"ru_minflt": td.usage.minflt, "ru_nsignals": td.usage.nsignals,
                  "ru_nvcsw": td.usage.nvcsw, "ru_nivcsw": td.usage.nivcsw},
        "kl_siglist": sigset(td.siglist),
        "kl_sigmask": sigset(td.sigmask),
        "kl_wchan": address(system, td) if message else 0,
        "kl_wmesg": message.encode()[:8],
        "kl_comm": td.name.encode("utf-8", "surrogateescape")[:MAXCOMLEN],
    }


SUMMED: Final = ("kl_uticks", "kl_sticks", "kl_slptime")


def aggregate(system: System, p: Proc) -> Fields:
    """All lwps as one, number -1: counts are sums, the rest is the last one's."""
    one: Fields = {}
    for td in p.lwps:
        one, before = kinfo_lwp(system, td), one
        for name in SUMMED:
            one[name] = _int(one[name]) + _int(before.get(name, 0))
        usage, earlier = one["kl_ru"], before.get("kl_ru", {})
        assert isinstance(usage, dict)
        assert isinstance(earlier, dict)
        one["kl_ru"] = {
            name: _int(count) + _int(earlier.get(name, 0)) for name, count in usage.items()}
    one["kl_tid"] = -1
    return one


def _int(value: Value) -> int:
    assert isinstance(value, int)
    return value


def no_lwp(p: Proc, *, lwps: bool) -> Fields:
    """What a zombie shows of the lwp that it had."""
    return {"kl_pid": p.pid, "kl_tid": 1 if lwps else -1, "kl_stat": LwpStat.SLEEP,
            "kl_comm": p.comm.encode("utf-8", "surrogateescape")[:MAXCOMLEN],
            "kl_rtprio": {"type": RTP_PRIO_NORMAL, "prio": 0}}


def records(system: System, p: Proc, *, lwps: bool) -> list[bytes]:
    """struct kinfo_proc of a process: one, or with KERN_PROC_FLAG_LWP one for each lwp."""
    layout = system.target.struct("struct kinfo_proc")
    own = kinfo_proc(system, p)
    if not p.lwps or p.zombie:
        parts = [no_lwp(p, lwps=lwps)]
    elif lwps:
        parts = [kinfo_lwp(system, td) for td in p.lwps]
    else:
        parts = [aggregate(system, p)]
    return [layout.pack({**own, "kp_lwp": part}) for part in parts]


def kthread_record(system: System, index: int, name: str, message: str) -> bytes:
    """fill_kinfo_proc_kthread."""
    idle = name.startswith("idle_")
    priority = 0 if idle else 12
    where = 0xFFFFF80050080000 + 0x680 * index
    return system.target.struct("struct kinfo_proc").pack({
        "kp_pid": -1, "kp_tdev": NOUDEV, "kp_comm": name.encode()[:MAXCOMLEN],
        "kp_flags": Shown.SYSTEM, "kp_stat": Stat.IDL if idle else Stat.ACTIVE, "kp_nthreads": 1,
        "kp_ktaddr": where,
        "kp_lwp": {
            "kl_pid": -1, "kl_tid": -1, "kl_stat": LwpStat.SLEEP, "kl_tdflags": TD_SLEEPING,
            "kl_tdprio": priority,
            "kl_rtprio": {"type": RTP_PRIO_THREAD, "prio": priority},
            "kl_wchan": where + 0x100000 if message else 0,
            "kl_wmesg": message.encode()[:8], "kl_comm": name.encode()[:MAXCOMLEN],
        }})
