"""What the emulated kernel knows of a process: its records, in the kernel's terms.

The names are those of FreeBSD's struct proc, thread, ucred, pgrp and session
with their prefixes cut off; a reader of sys/proc.h will recognise each.
Everything that acts on these records is in the other modules.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol, Self

from bsdproc.emulator.bsd import p_flag, p_flag2, td_dbgflags

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.amd64.frame import Frame
    from bsdproc.emulator.bsd.cred import Cred
    from bsdproc.emulator.bsd.files import FileTable
    from bsdproc.emulator.bsd.itimers import Timers
    from bsdproc.emulator.bsd.kqueue import Kqueue
    from bsdproc.emulator.bsd.system import System
    from bsdproc.emulator.elf import Image
    from bsdproc.emulator.machine.cpu import Context
    from bsdproc.emulator.machine.memory import AddressSpace
    from bsdproc.emulator.vfs import Vnode

NSIG = 128
PID_MAX = 99999
FIRST_TID = 100000
MAX_PENDING = 128
"""kern.sigqueue.max_pending_per_proc."""

# Modules, since their names are looked up faster than a class's, and a stop looks up dozens.
P, P2, TDB = p_flag, p_flag2, td_dbgflags


class Tree:
    """p_treeflag."""

    ORPHANED = 1
    FIRST_ORPHAN = 2
    REAPER = 4
    GRPEXITED = 8


class MapFlag:
    """What exec decided of an address space (vm_map flags; no user sees these
    numbers).  In `Proc.map_flags`."""

    ASLR = 0x08
    ASLR_IGNSTART = 0x10
    WXORX = 0x40
    ASLR_STACK = 0x80


class MachineFlag:
    """p_md.md_flags on amd64: what the next exec shall do."""

    KPTI = 0x1
    LA48 = 0x2
    LA57 = 0x4


class Run(Enum):
    """Where a thread is, for the scheduler."""

    READY = "ready"
    SLEEPING = "sleeping"
    DEAD = "dead"


class ProcState(Enum):
    NEW = "new"
    NORMAL = "normal"
    ZOMBIE = "zombie"


@dataclass(slots=True)
class KSigInfo:
    """A queued signal: what siginfo_t will say of it."""

    signo: int
    code: int = 0
    errno: int = 0
    pid: int = 0
    uid: int = 0
    status: int = 0
    addr: int = 0
    value: int = 0
    trapno: int = 0
    from_ptrace: bool = False
    """The tracer gave it with PT_CONTINUE: no second stop for it."""


class SigQueue:
    """sigqueue: the signals pending on a process or a thread, with their
    information.  Two of one number are both kept, as kill(2) queues them."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: deque[KSigInfo] = deque()

    @property
    def signals(self) -> set[int]:
        return {k.signo for k in self.entries}

    def __bool__(self) -> bool:
        return bool(self.entries)

    def add(self, ksi: KSigInfo, *, head: bool = False) -> None:
        """Of SIGKILL and SIGSTOP, and beyond `MAX_PENDING`, the kernel only
        keeps that there is one; of these two not even that the tracer gave it."""
        plain = ksi.signo in (9, 17)
        if plain or len(self.entries) >= MAX_PENDING:
            if any(k.signo == ksi.signo for k in self.entries):
                return
            ksi = KSigInfo(ksi.signo, from_ptrace=ksi.from_ptrace and not plain)
        if head:
            self.entries.appendleft(ksi)
        else:
            self.entries.append(ksi)

    def get(self, signo: int) -> KSigInfo | None:
        """Take the oldest of that number out."""
        for ksi in self.entries:
            if ksi.signo == signo:
                self.entries.remove(ksi)
                return ksi
        return None

    def delete(self, *signos: int) -> None:
        self.entries = deque(k for k in self.entries if k.signo not in signos)

    def flush(self) -> None:
        self.entries.clear()


SA_SIGINFO = 0x40


@dataclass(frozen=True, slots=True)
class SigAction:
    """struct sigaction as the kernel keeps it: SIG_DFL 0, SIG_IGN 1, else a
    handler's address."""

    handler: int = 0
    flags: int = 0
    mask: frozenset[int] = frozenset()

    def default(self) -> SigAction:
        """sigdflt: the default action; mask and most flags stay."""
        return SigAction(0, self.flags & ~SA_SIGINFO, self.mask)


@dataclass(slots=True)
class SigStack:
    """stack_t; SS_DISABLE is 4, SS_ONSTACK 1."""

    sp: int = 0
    size: int = 0
    flags: int = 4


DEFAULT_ACTION = SigAction()


class SigActs:
    """The dispositions of a process (shared after rfork(RFSIGSHARE) only)."""

    def __init__(self) -> None:
        self.actions: dict[int, SigAction] = {}
        self.tramps: dict[int, int] = {}
        """Where handlers return to, by signal, on systems whose programs tell."""
        self.interrupts: set[int] = set()
        """ps_sigintr: signals that end a sleep for good, as an action without
        SA_RESTART says, whichever action it was."""
        self.flag_nocldwait = False
        self.flag_cldsigign = False
        self.flag_nocldstop = False

    def __getitem__(self, sig: int) -> SigAction:
        return self.actions.get(sig, DEFAULT_ACTION)

    def copy(self) -> SigActs:
        new = SigActs()
        new.actions = dict(self.actions)
        new.tramps = dict(self.tramps)
        new.interrupts = set(self.interrupts)
        new.flag_nocldwait = self.flag_nocldwait
        new.flag_cldsigign = self.flag_cldsigign
        new.flag_nocldstop = self.flag_nocldstop
        return new


@dataclass(slots=True)
class Session:
    sid: int
    leader: Proc | None
    login: str = "root"


@dataclass(slots=True)
class ProcessGroup:
    pgid: int
    session: Session
    members: list[Proc] = field(default_factory=list)
    """Who came last is first; a child of fork(2) stands behind its parent."""
    orphaned: bool = False
    """PGRP_ORPHANED."""


@dataclass(slots=True)
class Usage:
    """What struct rusage counts, in nanoseconds and events."""

    utime: int = 0
    stime: int = 0
    maxrss: int = 0
    minflt: int = 0
    nvcsw: int = 0
    nivcsw: int = 0
    nsignals: int = 0

    def add(self, other: Usage) -> None:
        self.utime += other.utime
        self.stime += other.stime
        self.maxrss = max(self.maxrss, other.maxrss)
        self.minflt += other.minflt
        self.nvcsw += other.nvcsw
        self.nivcsw += other.nivcsw
        self.nsignals += other.nsignals


@dataclass(slots=True)
class Sleep:
    """What a thread in the kernel yields when it goes to sleep."""

    channel: object
    message: str
    deadline: int | None = None
    """On the system's clock, nanoseconds."""
    interruptible: bool = True


Coroutine = Generator[Sleep | None, int, None]
"""A thread's way through the kernel.  It yields a Sleep to sleep (and is sent
0, EINTR, ERESTART or EWOULDBLOCK when it wakes), None where it only waits to
be scheduled again, and ends when the thread returns to its program."""


class Thread:
    """struct thread."""

    __slots__ = (
        "at_trap", "context", "dbg_forked", "dbgflags", "dr", "errno",
        "exited", "kept_errno", "kernel", "md", "missed", "name", "oldsigmask", "own",
        "pending_request", "proc", "retval", "run", "runtime", "sc_args", "sc_code", "sc_narg",
        "si", "sigblock_address", "sigblock_pending", "sigblock_value", "sigmask", "sigqueue",
        "sigstk", "sleep", "started", "step", "tid", "vforked", "woken", "xsig",
    )

    def __init__(self, proc: Proc, tid: int, context: Context | None) -> None:
        self.proc = proc
        self.tid = tid
        self.name = proc.comm
        self.context = context
        """None for threads that are no emulated program's (the driver's)."""
        self.run = Run.READY
        self.kernel: Coroutine | None = None
        """While it is in the kernel."""
        self.at_trap: KSigInfo | None = None
        """The trap of its own that it stands at; then it has no `kernel` yet."""
        self.sleep: Sleep | None = None
        self.missed = False
        """Its sleep's channel was woken while it looked at its signals."""
        self.woken: int | None = None
        """What its Sleep is answered with."""
        self.sigqueue = SigQueue()
        self.sigmask: frozenset[int] = frozenset()
        self.oldsigmask: frozenset[int] | None = None
        """sigsuspend's: to be restored behind the handler."""
        self.sigstk = SigStack()
        self.sigblock_address: int | None = None
        """The word that blocks signals (sigfastblock), and what it counted last."""
        self.sigblock_value = 0
        self.sigblock_pending = False
        """A signal waits for it, and the word does not say so yet."""
        self.dbgflags = 0
        self.xsig = 0
        self.si: KSigInfo | None = None
        """td_si: the signal of the stop it reports."""
        self.dbg_forked = 0
        self.step = False
        """The trap flag of its frame."""
        self.dr: list[int] = [0] * 16
        self.md: Frame | None = None
        """What the machine keeps beside the context: selectors and the like."""
        self.vforked: Proc | None = None
        """The child of its vfork() that it still has to wait for."""
        self.sc_code = 0
        self.sc_args: tuple[int, ...] = ()
        self.sc_narg = 0
        self.errno = 0
        self.kept_errno: int | None = None
        """TDP_NERRNO: the error that a call reports beside its result."""
        self.retval: tuple[int, int] = (0, 0)
        self.pending_request: Callable[[], Generator[Sleep | None, int, None]] | None = None
        """PT_COREDUMP's and PT_SC_REMOTE's work, done by the thread itself."""
        self.runtime = 0
        """Nanoseconds on the processor."""
        self.started = 0
        self.exited = False
        self.own: object = None
        """What the system keeps beside this."""

    def __repr__(self) -> str:
        return f"<thread {self.tid} of {self.proc.pid}>"


class Holder(Protocol):
    """A descriptor that stands for a process (pdfork)."""

    proc: Proc | None

    def process_exits(self, system: System) -> None:
        """The process is a zombie."""


class Proc:
    """struct proc, with what hangs off it."""

    __slots__ = (
        "acflag", "args", "auxv", "break_end", "break_start", "child_usage", "children", "comm",
        "cred", "cwd", "data_start", "driver", "env", "fctl0", "files", "flag", "flag2", "image",
        "jail_dir", "kqueues", "ksi", "linker", "login_class", "map_flags", "md_flags", "news",
        "nice", "oppid", "orphans", "osrel", "own", "parent", "pdeathsig", "pgrp", "pid",
        "procdesc", "ps_strings", "ptevents", "reap_subtree", "reaper", "reaplist", "rlimits",
        "root", "sig", "sigacts", "sigparent", "sigqueue", "sigtramp", "singlethread", "space",
        "stack_base", "stack_size", "started", "state", "sysent", "text", "text_path", "text_start",
        "threads", "timers", "title", "treeflag", "umask", "usage", "vfork_parent", "xexit", "xsig",
        "xthread",
    )

    def __init__(self, pid: int, parent: Proc | None, cred: Cred) -> None:
        self.pid = pid
        self.state = ProcState.NEW
        self.flag = 0
        self.flag2 = 0
        self.treeflag = 0
        self.cred = cred
        """Of the system's own kind."""
        self.parent: Proc | None = parent
        """p_pptr: while traced, the tracer."""
        self.oppid = parent.pid if parent is not None else 0
        """The real parent's pid."""
        self.children: list[Self] = []
        """Newest first, as the kernel's list heads have it; reaplist too."""
        self.orphans: list[Self] = []
        """Real children that somebody else traces."""
        self.reaper: Proc = parent.reaper if parent is not None else self
        self.reap_subtree = 0
        self.reaplist: list[Proc] = []
        self.pgrp: ProcessGroup
        self.threads: list[Thread] = []
        self.sig = 0
        """p_sig: the signal of its last trap, or the one that ends it."""
        self.xthread: Thread | None = None
        """The one that reported the last stop."""
        self.singlethread: Thread | None = None
        """The one that stays when all others are to go (P_SINGLE_EXIT)."""
        self.xsig = 0
        self.xexit = 0
        self.ptevents = 0
        self.sigqueue = SigQueue()
        self.sigacts = SigActs()
        self.sigparent = 20
        self.pdeathsig = 0
        self.kqueues: list[Kqueue] = []
        """p_klist: the queues that report its signals."""
        self.procdesc: Holder | None = None
        """The descriptor that it was forked with (pdfork)."""
        self.news = False
        """A wait of it would find more than the last one did."""
        self.ksi: KSigInfo | None = None
        """The SIGCHLD it owes its parent."""
        self.comm = ""
        self.args: list[bytes] = []
        """As execve was given them."""
        self.title: bytes | None = None
        """What it set by kern.proc.args; b"" tells to look into its memory."""
        self.env: list[bytes] = []
        self.auxv = b""
        self.ps_strings = 0
        self.text: Vnode | None = None
        self.text_path = ""
        self.image: Image | None = None
        self.linker: Vnode | None = None
        """The interpreter of a dynamically linked program."""
        self.space: AddressSpace | None = None
        self.map_flags = 0
        """MapFlag: of its address space."""
        self.md_flags = 0
        """MachineFlag."""
        self.fctl0 = 0
        """The image's feature control note (NT_FREEBSD_FEATURE_CTL)."""
        self.stack_base = 0
        """vm_maxsaddr: the lowest address that the stack may ever reach."""
        self.stack_size = 0
        """vm_stacktop, as a distance from stack_base."""
        self.text_start = self.data_start = 0
        """vm_taddr and vm_daddr: where the program and its data begin."""
        self.break_start = 0
        self.break_end = 0
        self.sigtramp = (0, 0)
        self.sysent: str = parent.sysent if parent is not None else ""
        self.osrel = 0
        self.files: FileTable
        self.cwd = "/"
        self.root = "/"
        self.jail_dir = ""
        """pwd_jdir: where the first chroot or jail led to, which no later one leaves."""
        self.umask = 0o022
        self.rlimits: dict[int, tuple[int, int]] = {}
        self.login_class = "default"
        self.usage = Usage()
        self.child_usage = Usage()
        self.started = 0
        self.acflag = 0
        self.nice = 0
        self.vfork_parent: Proc | None = None
        """Whose memory it lives in until it execs or exits."""
        self.driver = False
        """A process whose program is the caller's Python."""
        self.timers: Timers | None = None
        """p_itimers, once it has asked for one."""
        self.own: object = None
        """What the system keeps beside this."""

    def absolute(self, path: str) -> str:
        """A path from its root on, dots and all."""
        return path if path.startswith("/") else f"{self.cwd.rstrip('/')}/{path}"

    @property
    def pgid(self) -> int:
        return self.pgrp.pgid

    @property
    def session(self) -> Session:
        return self.pgrp.session

    @property
    def exiting(self) -> bool:
        return bool(self.flag & P.WEXIT)

    @property
    def zombie(self) -> bool:
        return self.state is ProcState.ZOMBIE

    @property
    def traced(self) -> bool:
        return bool(self.flag & P.TRACED)

    def __repr__(self) -> str:
        return f"<process {self.pid} {self.comm}>"
