"""struct kinfo_proc and struct kinfo_lwp, as kern.proc lists them (<sys/kinfo.h>)."""

from __future__ import annotations

from bsdproc.dragonfly.constants.kinfo import LwpState, PriorityType, ProcState
from bsdproc.dragonfly.constants.process import LwpFlags, ProcFlags, SessionFlags
from bsdproc.dragonfly.records import Record, Signals
from bsdproc.dragonfly.rusage import Rusage
from bsdproc.typed.records import Enumerated, Flagged, Nested, Number, Numbers, Seconds, Text

NO_DEVICE = 0xFFFFFFFF
"""`KinfoProc.tdev` of a process without a controlling terminal (NOUDEV)."""
KERNEL_THREAD = -1
"""`KinfoProc.pid` of a kernel thread."""


class Rtprio(Record):
    """struct rtprio: what the scheduler goes by."""

    struct = "struct rtprio"
    __slots__ = ()

    type = Enumerated("type", PriorityType)
    """RTP_PRIO_THREAD for kernel threads."""
    prio = Number("prio")


class KinfoLwp(Record):
    """struct kinfo_lwp: a thread, or the threads of a process taken together."""

    struct = "struct kinfo_lwp"
    __slots__ = ()

    pid = Number("kl_pid")
    """Its process; -1 for a kernel thread."""
    tid = Number("kl_tid")
    """1, 2 .. within its process; -1 for all threads of one, and for a kernel thread."""
    flags = Flagged("kl_flags", LwpFlags)
    stat = Enumerated("kl_stat", LwpState)
    """A stopped process's thread that sleeps still says LSSLEEP."""
    lock = Number("kl_lock")
    """How often it is held."""
    tdflags = Number("kl_tdflags")
    """The kernel thread's flags (TDF_*)."""
    mpcount = Number("kl_mpcount")
    """How often it holds the kernel's lock."""
    prio = Number("kl_prio")
    """User priority."""
    tdprio = Number("kl_tdprio")
    """Priority inside the kernel."""
    rtprio = Nested("kl_rtprio", Rtprio)
    uticks = Number("kl_uticks")
    """Microseconds in user mode."""
    sticks = Number("kl_sticks")
    """Microseconds in the kernel."""
    iticks = Number("kl_iticks")
    """Microseconds in interrupts."""
    cpticks = Number("kl_cpticks")
    """Ticks of the processor since pctcpu was last computed."""
    pctcpu = Number("kl_pctcpu")
    """Share of a processor, as a fixed-point number of kern.fscale."""
    slptime = Number("kl_slptime")
    """Seconds since it last blocked."""
    origcpu = Number("kl_origcpu")
    """The scheduler's own, no processor's number."""
    estcpu = Number("kl_estcpu")
    cpuid = Number("kl_cpuid")
    """The processor that it ran on last."""
    ru = Nested("kl_ru", Rusage)
    """What it has used, without times (see `uticks`)."""
    siglist = Signals("kl_siglist")
    """Pending signals."""
    sigmask = Signals("kl_sigmask")
    """Blocked ones."""
    wchan = Number("kl_wchan")
    """Kernel address that it sleeps on."""
    wmesg = Text("kl_wmesg")
    """What it waits for."""
    comm = Text("kl_comm")
    """A kernel thread's name; else the program's."""


class KinfoProc(Record):
    """struct kinfo_proc, with a struct kinfo_lwp inside.  Fields are decoded when they are read.

    `lwp` is all threads taken together, or one where threads were asked for."""

    struct = "struct kinfo_proc"
    __slots__ = ()

    paddr = Number("kp_paddr")
    """Kernel address of the process, 0 for a kernel thread."""
    flags = Flagged("kp_flags", ProcFlags)
    """P_SYSTEM is set for init too."""
    stat = Enumerated("kp_stat", ProcState)
    lock = Number("kp_lock")
    """How often it is held."""
    acflag = Number("kp_acflag")
    """Accounting flags; acct(5)."""
    traceflag = Number("kp_traceflag")
    """What ktrace(2) records of it."""
    fd = Number("kp_fd")
    """Kernel address of the open files."""
    siglist = Signals("kp_siglist")
    """Pending signals."""
    sigignore = Signals("kp_sigignore")
    sigcatch = Signals("kp_sigcatch")
    """Those with a handler."""
    sigflag = Number("kp_sigflag")
    """What it asked for of its children and signals."""
    start = Seconds("kp_start")
    """When it began: seconds since the Epoch, 0 for a kernel thread."""
    comm = Text("kp_comm")
    """The program's name, its first 16 bytes."""
    uid = Number("kp_uid")
    """Effective user."""
    ngroups = Number("kp_ngroups")
    all_groups = Numbers("kp_groups")
    """Room for 16 groups, of which `ngroups` are meant (see `groups`)."""
    ruid = Number("kp_ruid")
    svuid = Number("kp_svuid")
    rgid = Number("kp_rgid")
    """Real group; the effective one is the first of `groups`."""
    svgid = Number("kp_svgid")
    pid = Number("kp_pid")
    """-1 for a kernel thread."""
    ppid = Number("kp_ppid")
    """Its parent, also while another process traces it; -1 of process 0."""
    pgid = Number("kp_pgid")
    jobc = Number("kp_jobc")
    """Job control counter."""
    sid = Number("kp_sid")
    login = Text("kp_login")
    """setlogin(2)'s name, the session's."""
    tdev = Number("kp_tdev")
    """The controlling terminal's number, 0xffffffff for none (see `tty`)."""
    tpgid = Number("kp_tpgid")
    """The terminal's foreground process group."""
    tsid = Number("kp_tsid")
    """The terminal's session."""
    exitstat = Number("kp_exitstat")
    """Exit status of a zombie, or the stop's signal."""
    nthreads = Number("kp_nthreads")
    """0 for a zombie and for process 0."""
    nice = Number("kp_nice")
    """-20 .. 20."""
    swtime = Number("kp_swtime")
    """Seconds since it was last swapped."""
    vm_map_size = Number("kp_vm_map_size")
    """Virtual size in bytes."""
    vm_rssize = Number("kp_vm_rssize")
    """Resident size in pages."""
    vm_swrss = Number("kp_vm_swrss")
    """Resident size before the last swap, in pages."""
    vm_tsize = Number("kp_vm_tsize")
    """Text size in pages."""
    vm_dsize = Number("kp_vm_dsize")
    """Data size in pages."""
    vm_ssize = Number("kp_vm_ssize")
    """Stack size in pages."""
    vm_prssize = Number("kp_vm_prssize")
    """Proportional resident size in pages."""
    jailid = Number("kp_jailid")
    """Its jail, 0 for none."""
    ru = Nested("kp_ru", Rusage)
    """What it has used: zero but for maxrss and counts while it lives (see `lwp`)."""
    cru = Nested("kp_cru", Rusage)
    """What its collected children have used."""
    auxflags = Flagged("kp_auxflags", SessionFlags)
    lwp = Nested("kp_lwp", KinfoLwp)
    ktaddr = Number("kp_ktaddr")
    """Kernel address of a kernel thread, else 0."""

    @property
    def groups(self) -> tuple[int, ...]:
        """Effective group and supplementary ones."""
        return self.all_groups[: max(self.ngroups, 0)]

    @property
    def gid(self) -> int:
        """The effective group."""
        return self.all_groups[0]

    @property
    def tty(self) -> int | None:
        """The controlling terminal's number, as ``processes(tty=)`` takes it; None for none."""
        return None if self.tdev == NO_DEVICE else self.tdev

    @property
    def is_kernel_thread(self) -> bool:
        """Whether it is a thread of the kernel's, which no process owns."""
        return self.pid == KERNEL_THREAD

    def __repr__(self) -> str:
        return (f"KinfoProc(pid={self.pid}, tid={self.lwp.tid}, comm={self.comm!r}, "
                f"stat={self.stat!r})")
