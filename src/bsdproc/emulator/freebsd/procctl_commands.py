"""procctl(2)'s commands, all of 13.2's: what each takes and gives, and what it does.

The subject of sys/kern/kern_procctl.c.  PROC_LOGSIGEXIT_CTL and its status are newer
than 13.2, which answers EINVAL to their numbers as to any that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.state import P2, MapFlag, P
from bsdproc.emulator.errno import EBUSY, EINVAL, EPERM, ESRCH, Refused
from bsdproc.emulator.freebsd import reaper
from bsdproc.emulator.freebsd.aslr import FCTL_PROTMAX_DISABLE
from bsdproc.emulator.freebsd.cred import Priv, p_cansched, priv_check

if TYPE_CHECKING:
    from bsdproc.abi import Target
    from bsdproc.emulator.bsd.state import Proc, Thread
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.system import System

ACTIVE = -0x80000000
"""PROC_ASLR_ACTIVE and its like: bit 31, in an int."""
PROT_READ = 1
PROT_ALL = 7


@dataclass(slots=True)
class Call:
    """One procctl call: who makes it, the bytes copied in and to be copied
    out, and the layouts of the caller."""

    system: System
    td: Thread
    data: bytearray
    memory: UserMemory
    target: Target

    def get(self) -> int:
        return int.from_bytes(self.data[:4], self.target.byteorder, signed=True)

    def put(self, value: int) -> None:
        self.data[:4] = value.to_bytes(4, self.target.byteorder, signed=True)


Work = Callable[[Call, "Proc"], None]


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table.  `takes` and `gives` are what is copied in and
    out: "" nothing, "int", or a structure's name."""

    work: Work
    takes: str = ""
    gives: str = ""
    one_process: bool = True
    """P_PID only."""
    debug: bool = False
    """The caller must be able to debug the process; else to see it."""
    no_data: bool = False
    """The pointer must be null."""
    esrch_is_einval: bool = False
    gives_on_error: bool = False


# -- memory pressure -------------------------------------------------------
PPROT_SET, PPROT_CLEAR, PPROT_DESCEND, PPROT_INHERIT = 1, 2, 0x10, 0x20


def _protect(call: Call, p: Proc) -> None:
    """PROC_SPROTECT: EPERM if it could be done for no process at all."""
    flags = call.get()
    if flags & 0xF not in (PPROT_SET, PPROT_CLEAR) or flags & ~0xF & ~(
        PPROT_DESCEND | PPROT_INHERIT
    ):
        raise Refused(EINVAL)
    priv_check(call.td, Priv.VM_MADV_PROTECT)
    waiting, done = [p], False
    while waiting:
        q = waiting.pop()
        done |= _protect_one(call, q, flags)
        if flags & PPROT_DESCEND:
            waiting.extend(q.children)
    if not done:
        raise Refused(EPERM)


def _protect_one(call: Call, p: Proc, flags: int) -> bool:
    if p.flag & P.SYSTEM:
        return False
    try:
        p_cansched(call.system, call.td, p)
    except Refused:
        return False
    if flags & 0xF == PPROT_SET:
        p.flag |= P.PROTECTED
        if flags & PPROT_INHERIT:
            p.flag2 |= P2.INHERIT_PROTECTED
    else:
        p.flag &= ~P.PROTECTED
        p.flag2 &= ~P2.INHERIT_PROTECTED
    return True


# -- the reaper ------------------------------------------------------------
def _reap_acquire(call: Call, p: Proc) -> None:
    reaper.acquire(call.td, p)


def _reap_release(call: Call, p: Proc) -> None:
    reaper.release(call.system, call.td, p)


def _reap_status(call: Call, p: Proc) -> None:
    status = reaper.status(call.system, p)
    call.data[:] = call.target.struct("struct procctl_reaper_status").pack(
        {
            "rs_flags": status.flags,
            "rs_children": status.children,
            "rs_descendants": status.descendants,
            "rs_reaper": status.reaper,
            "rs_pid": status.pid,
        }
    )


def _reap_getpids(call: Call, p: Proc) -> None:
    """As many entries as there is room for; the rest of the room stays as it
    was, so that the caller must look for REAPER_PIDINFO_VALID."""
    count, pids = call.target.struct("struct procctl_reaper_pids").reader("rp_count", "rp_pids")(
        call.data, 0
    )
    layout = call.target.struct("struct procctl_reaper_pidinfo")
    found = reaper.entries(call.system, p)[:count]
    call.memory.copyout(
        pids,
        b"".join(
            layout.pack({"pi_pid": e.pid, "pi_subtree": e.subtree, "pi_flags": e.flags})
            for e in found
        ),
    )


def _reap_kill(call: Call, p: Proc) -> None:
    layout = call.target.struct("struct procctl_reaper_kill")
    names = ("rk_sig", "rk_flags", "rk_subtree", "rk_killed", "rk_fpid")
    ask = reaper.Kill(*layout.reader(*names)(call.data, 0))
    try:
        reaper.kill(call.system, call.td, p, ask)
    finally:
        layout.put(call.data, "rk_killed", ask.killed)
        layout.put(call.data, "rk_fpid", ask.fpid)


# -- tracing ---------------------------------------------------------------
TRACE_ENABLE, TRACE_DISABLE, TRACE_DISABLE_EXEC = 1, 2, 3


def _trace_ctl(call: Call, p: Proc) -> None:
    """EBUSY for a traced process, whatever is asked.  Only the process
    itself can take a refusal back, or make one that outlives execve end
    with it."""
    if p.flag & P.TRACED:
        raise Refused(EBUSY)
    value = call.get()
    if value not in (TRACE_ENABLE, TRACE_DISABLE, TRACE_DISABLE_EXEC):
        raise Refused(EINVAL)
    if value == TRACE_DISABLE_EXEC:
        p.flag2 |= P2.NOTRACE | P2.NOTRACE_EXEC
        return
    back = value == TRACE_ENABLE or p.flag2 & P2.NOTRACE_EXEC
    if back and call.td.proc is not p:
        raise Refused(EPERM)
    p.flag2 &= ~(P2.NOTRACE | P2.NOTRACE_EXEC)
    if value == TRACE_DISABLE:
        p.flag2 |= P2.NOTRACE


def _trace_status(call: Call, p: Proc) -> None:
    """-1 where tracing is disabled (even if root traces it), the tracer's
    pid, or 0."""
    if p.flag2 & P2.NOTRACE:
        call.put(-1)
    elif p.flag & P.TRACED and p.parent is not None:
        call.put(p.parent.pid)
    else:
        call.put(0)


# -- flags that come in twos and threes --------------------------------------
def _onoff_ctl(bit: int) -> Work:
    """1 sets, 2 clears."""

    def work(call: Call, p: Proc) -> None:
        value = call.get()
        if value == 1:
            p.flag2 |= bit
        elif value == 2:
            p.flag2 &= ~bit
        else:
            raise Refused(EINVAL)

    return work


def _onoff_status(bit: int) -> Work:
    def work(call: Call, p: Proc) -> None:
        call.put(1 if p.flag2 & bit else 2)

    return work


def _no_new_privs_ctl(call: Call, p: Proc) -> None:
    """There is no way back."""
    if call.get() != 1:
        raise Refused(EINVAL)
    p.flag2 |= P2.NO_NEW_PRIVS


def _force_ctl(enable: int, disable: int) -> Work:
    """1 forces on, 2 forces off, 3 leaves it to the system."""
    settings = {1: enable, 2: disable, 3: 0}

    def work(call: Call, p: Proc) -> None:
        value = call.get()
        if value not in settings:
            raise Refused(EINVAL)
        p.flag2 = p.flag2 & ~(enable | disable) | settings[value]

    return work


def _force_status(enable: int, disable: int, active: Callable[[System, Proc], bool]) -> Work:
    settings = {enable: 1, disable: 2, 0: 3}

    def work(call: Call, p: Proc) -> None:
        value = settings[p.flag2 & (enable | disable)]
        call.put(value | (ACTIVE if active(call.system, p) else 0))

    return work


def _aslr_active(system: System, p: Proc) -> bool:
    return not p.flag & P.WEXIT and bool(p.map_flags & MapFlag.ASLR)


def max_protection(system: System, p: Proc, prot: int) -> int:
    """kern_mmap_maxprot: what mprotect may later allow of memory that was
    mapped with `prot` and no PROT_MAX."""
    if p.flag2 & P2.PROTMAX_DISABLE or p.fctl0 & FCTL_PROTMAX_DISABLE:
        return PROT_ALL
    if p.flag2 & P2.PROTMAX_ENABLE or system.settings.get("vm.imply_prot_max", 0):
        return prot or PROT_ALL
    return PROT_ALL


def _protmax_active(system: System, p: Proc) -> bool:
    return max_protection(system, p, PROT_READ) == PROT_READ


GAP_ENABLE, GAP_DISABLE, GAP_ENABLE_EXEC, GAP_DISABLE_EXEC = 1, 2, 4, 8


def _stackgap_ctl(call: Call, p: Proc) -> None:
    """The gap of this image can only be given up, that of the next goes both
    ways.  What is asked of the image holds even if what is asked of the next
    is refused."""
    value = call.get()
    if value & ~0xF:
        raise Refused(EINVAL)
    now, later = value & (GAP_ENABLE | GAP_DISABLE), value & (GAP_ENABLE_EXEC | GAP_DISABLE_EXEC)
    if now == GAP_ENABLE | GAP_DISABLE:
        raise Refused(EINVAL)
    if now == GAP_ENABLE and p.flag2 & P2.STKGAP_DISABLE:
        raise Refused(EINVAL)
    if now == GAP_DISABLE:
        p.flag2 |= P2.STKGAP_DISABLE
    if later == GAP_ENABLE_EXEC | GAP_DISABLE_EXEC:
        raise Refused(EINVAL)
    if later == GAP_ENABLE_EXEC:
        p.flag2 &= ~P2.STKGAP_DISABLE_EXEC
    elif later == GAP_DISABLE_EXEC:
        p.flag2 |= P2.STKGAP_DISABLE_EXEC


def _stackgap_status(call: Call, p: Proc) -> None:
    call.put(
        (GAP_DISABLE if p.flag2 & P2.STKGAP_DISABLE else GAP_ENABLE)
        | (GAP_DISABLE_EXEC if p.flag2 & P2.STKGAP_DISABLE_EXEC else GAP_ENABLE_EXEC)
    )


WX_PERMIT, WX_DISALLOW_EXEC = 1, 2


def _wxmap_ctl(call: Call, p: Proc) -> None:
    """Memory both writable and executable: permit it at once, for whoever
    shares the address space, or refuse it from the next execve on."""
    if p.flag & P.WEXIT:
        raise Refused(ESRCH)
    value = call.get()
    if value == WX_PERMIT:
        p.flag2 |= P2.WXORX_DISABLE
        for q in call.system.procs.values():
            if q is p or (p.space is not None and q.space is p.space):
                q.map_flags &= ~MapFlag.WXORX
    elif value == WX_DISALLOW_EXEC:
        p.flag2 |= P2.WXORX_ENABLE_EXEC
    else:
        raise Refused(EINVAL)


def _wxmap_status(call: Call, p: Proc) -> None:
    if p.flag & P.WEXIT:
        raise Refused(ESRCH)
    call.put(
        (WX_PERMIT if p.flag2 & P2.WXORX_DISABLE else 0)
        | (WX_DISALLOW_EXEC if p.flag2 & P2.WXORX_ENABLE_EXEC else 0)
        | (ACTIVE if p.map_flags & MapFlag.WXORX else 0)
    )


def _pdeathsig_ctl(call: Call, p: Proc) -> None:
    signal = call.get()
    if call.td.proc is not p or not 0 <= signal <= signo.SIG_MAX:
        raise Refused(EINVAL)
    p.pdeathsig = signal


def _pdeathsig_status(call: Call, p: Proc) -> None:
    if call.td.proc is not p:
        raise Refused(EINVAL)
    call.put(p.pdeathsig)


_ASLR = (P2.ASLR_ENABLE, P2.ASLR_DISABLE)
_PROTMAX = (P2.PROTMAX_ENABLE, P2.PROTMAX_DISABLE)
_KILL = "struct procctl_reaper_kill"

COMMANDS: dict[int, Command] = {
    1: Command(_protect, takes="int", one_process=False),
    2: Command(_reap_acquire, no_data=True),
    3: Command(_reap_release, no_data=True),
    4: Command(_reap_status, gives="struct procctl_reaper_status"),
    5: Command(_reap_getpids, takes="struct procctl_reaper_pids"),
    6: Command(_reap_kill, takes=_KILL, gives=_KILL, gives_on_error=True),
    7: Command(_trace_ctl, takes="int", one_process=False, debug=True),
    8: Command(_trace_status, gives="int"),
    9: Command(_onoff_ctl(P2.TRAPCAP), takes="int", one_process=False, debug=True),
    10: Command(_onoff_status(P2.TRAPCAP), gives="int"),
    11: Command(_pdeathsig_ctl, takes="int", esrch_is_einval=True),
    12: Command(_pdeathsig_status, gives="int", esrch_is_einval=True),
    13: Command(_force_ctl(*_ASLR), takes="int", debug=True),
    14: Command(_force_status(*_ASLR, _aslr_active), gives="int"),
    15: Command(_force_ctl(*_PROTMAX), takes="int", debug=True),
    16: Command(_force_status(*_PROTMAX, _protmax_active), gives="int"),
    17: Command(_stackgap_ctl, takes="int", debug=True),
    18: Command(_stackgap_status, gives="int"),
    19: Command(_no_new_privs_ctl, takes="int", debug=True),
    20: Command(_onoff_status(P2.NO_NEW_PRIVS), gives="int"),
    21: Command(_wxmap_ctl, takes="int", debug=True),
    22: Command(_wxmap_status, gives="int"),
}
"""By number: PROC_SPROTECT 1 to PROC_WXMAP_STATUS 22."""
