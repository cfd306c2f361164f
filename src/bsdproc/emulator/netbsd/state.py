"""What NetBSD keeps of a process and an LWP beside `bsd.state`: its tracing
(p_slflag, struct sigctx), and LWPs that wait to be collected."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.state import KSigInfo, Proc, Thread
from bsdproc.emulator.netbsd.signo import CODES

PTRACE_FORK, PTRACE_VFORK, PTRACE_VFORK_DONE = 0x1, 0x2, 0x4
PTRACE_LWP_CREATE, PTRACE_LWP_EXIT, PTRACE_POSIX_SPAWN = 0x8, 0x10, 0x20

PRI_DEFAULT = 43
"""What an LWP's priority is at first."""
HEAD = struct.Struct("<iii4x")
"""struct _ksiginfo up to its _reason: signal, code, error."""
REASON_SIZE = 80
INFO_SIZE = HEAD.size + REASON_SIZE
RT = struct.Struct("<iIQ")
CHILD = struct.Struct("<iIiii")
FAULT = struct.Struct("<Qiii")
SYSCALL = struct.Struct("<iiii8Q")
"""_syscall: number, two results, error, eight arguments."""
STATE = struct.Struct("<ii")
"""_ptrace_state: the event, and the other process or LWP."""
FAULTS = frozenset({s.SIGILL, s.SIGTRAP, s.SIGFPE, s.SIGBUS, s.SIGSEGV})


@dataclass(slots=True)
class Info(KSigInfo):
    """A signal whose _reason is given as it stands."""

    reason: bytes = b""


def pack_info(ksi: KSigInfo) -> bytes:
    """struct _ksiginfo."""
    code = CODES.get(ksi.code, ksi.code)
    if isinstance(ksi, Info):
        reason = ksi.reason
    elif ksi.signo == s.SIGCHLD and code > 0:
        reason = CHILD.pack(ksi.pid, ksi.uid, ksi.status, 0, 0)
    elif ksi.signo in FAULTS and 0 < code < CODES[s.SI_KERNEL]:
        reason = FAULT.pack(ksi.addr & (1 << 64) - 1, ksi.trapno, 0, 0)
    else:
        reason = RT.pack(ksi.pid, ksi.uid & 0xFFFFFFFF, ksi.value & (1 << 64) - 1)
    return HEAD.pack(ksi.signo, code, ksi.errno) + reason.ljust(REASON_SIZE, b"\0")


def unpack_info(data: bytes) -> Info:
    """A struct _ksiginfo that a debugger made."""
    signo, code, errno = HEAD.unpack_from(data)
    pid, uid = struct.unpack_from("<iI", data, HEAD.size)
    return Info(signo, code, errno, pid=pid, uid=uid, reason=data[HEAD.size:INFO_SIZE])


@dataclass(slots=True)
class Tracing:
    """What a process's tracer asked for, and what it is told."""

    events: int = 0
    """PTRACE_ bits of the event mask."""
    syscalls: bool = False
    """PSL_SYSCALL."""
    emulate: bool = False
    """PSL_SYSCALLEMU."""
    info: KSigInfo = field(default_factory=lambda: KSigInfo(0))
    """ps_info: the signal of the last stop."""
    lwp: int = 0
    """ps_lwp: whom it concerns; 0 for the whole process."""
    faked: bool = False
    """ps_faked: the debugger set `info`."""
    sigpass: frozenset[int] = frozenset()
    """Signals that do not stop."""
    given: int = 0
    """p_xsig as the debugger left it: the signal to go on with."""
    departed: dict[int, bool] = field(default_factory=dict)
    """LWPs that have exited and wait for _lwp_wait, oldest first."""
    exits: bool = False
    """PS_WEXIT: the process is on its way out, and no LWP's end is told any more."""
    corename: str = "%n.core"
    stop_fork: bool = False
    stop_exec: bool = False
    stop_exit: bool = False
    paxflags: int = 0


@dataclass(slots=True)
class Lwp:
    """struct lwp's own."""

    step: bool = False
    """LP_SINGLESTEP: PT_SETSTEP's."""
    suspended: bool = False
    """LW_DBGSUSPEND: PT_SUSPEND's."""
    asleep: bool = False
    """LW_WSUSPEND: _lwp_suspend(2)'s."""
    held: bool = False
    """It stays stopped: the debugger let another one go alone."""
    detached: bool = False
    unpark: bool = False
    """_lwp_unpark came before the park."""
    private: int = 0
    taken: tuple[int, KSigInfo] | None = None
    """A signal that ended its sleep, still to be delivered."""
    named: str = ""
    policy: int = 0
    """l_class: SCHED_OTHER, SCHED_FIFO, SCHED_RR."""
    priority: int = PRI_DEFAULT
    """l_priority."""


def tracing(p: Proc) -> Tracing:
    own = p.own
    if own is None:
        own = p.own = Tracing()
    assert isinstance(own, Tracing)
    return own


def lwp(td: Thread) -> Lwp:
    own = td.own
    if own is None:
        own = td.own = Lwp()
    assert isinstance(own, Lwp)
    return own
