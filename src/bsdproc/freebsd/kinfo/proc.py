"""struct kinfo_proc: a process, or a thread of one, as kern.proc lists it (<sys/user.h>)."""

from __future__ import annotations

from bsdproc.freebsd.constants.kinfo import PriorityClass, ProcState
from bsdproc.freebsd.constants.process import (
    CredentialFlags,
    ProcFlags,
    ProcFlags2,
    SessionFlags,
    SwapFlags,
    ThreadFlags,
)
from bsdproc.freebsd.records import Record, Signals
from bsdproc.freebsd.rusage import Rusage
from bsdproc.typed.records import Enumerated, Flagged, Nested, Number, Numbers, Seconds, Text


class Priority(Record):
    """struct priority: what the scheduler goes by."""

    struct = "struct priority"
    __slots__ = ()

    cls = Enumerated("pri_class", PriorityClass)
    level = Number("pri_level")
    """Normal priority."""
    native = Number("pri_native")
    """Priority before it was lent one."""
    user = Number("pri_user")
    """Priority in user mode."""


class KinfoProc(Record):
    """struct kinfo_proc.  Fields are decoded when they are read.

    Numbers that are kernel addresses are 0 for callers that may not see them."""

    struct = "struct kinfo_proc"
    __slots__ = ()

    structsize = Number("ki_structsize")
    """Bytes of the record."""
    layout = Number("ki_layout")
    """Reserved: 0."""
    args_addr = Number("ki_args")
    """Kernel address of the arguments."""
    paddr = Number("ki_paddr")
    """Kernel address of the process."""
    addr = Number("ki_addr")
    """Kernel address of the u-area."""
    tracep = Number("ki_tracep")
    """Kernel address of ktrace(2)'s file."""
    textvp = Number("ki_textvp")
    """Kernel address of the program's vnode."""
    fd = Number("ki_fd")
    """Kernel address of the open files."""
    vmspace = Number("ki_vmspace")
    """Kernel address of the address space."""
    wchan = Number("ki_wchan")
    """Kernel address that it sleeps on."""
    pid = Number("ki_pid")
    ppid = Number("ki_ppid")
    """Its parent, also while another process traces it."""
    pgid = Number("ki_pgid")
    tpgid = Number("ki_tpgid")
    """The terminal's foreground process group."""
    sid = Number("ki_sid")
    tsid = Number("ki_tsid")
    """The terminal's session."""
    jobc = Number("ki_jobc")
    """Job control counter."""
    tdev_freebsd11 = Number("ki_tdev_freebsd11")
    """The controlling terminal's number, in 32 bits."""
    siglist = Signals("ki_siglist")
    """Pending signals."""
    sigmask = Signals("ki_sigmask")
    """Blocked ones."""
    sigignore = Signals("ki_sigignore")
    sigcatch = Signals("ki_sigcatch")
    """Those with a handler."""
    uid = Number("ki_uid")
    """Effective user."""
    ruid = Number("ki_ruid")
    svuid = Number("ki_svuid")
    rgid = Number("ki_rgid")
    """Real group; the effective one is the first of `groups`."""
    svgid = Number("ki_svgid")
    ngroups = Number("ki_ngroups")
    all_groups = Numbers("ki_groups")
    """Room for 16 groups, of which `ngroups` are meant (see `groups`)."""
    size = Number("ki_size")
    """Virtual size in bytes."""
    rssize = Number("ki_rssize")
    """Resident size in pages."""
    swrss = Number("ki_swrss")
    """Resident size before the last swap, in pages."""
    tsize = Number("ki_tsize")
    """Text size in pages."""
    dsize = Number("ki_dsize")
    """Data size in pages."""
    ssize = Number("ki_ssize")
    """Stack size in pages."""
    xstat = Number("ki_xstat")
    """Exit status of a zombie, or the stop's signal."""
    acflag = Number("ki_acflag")
    """Accounting flags; acct(5)."""
    pctcpu = Number("ki_pctcpu")
    """Share of a processor, as a fixed-point number of kern.fscale."""
    estcpu = Number("ki_estcpu")
    slptime = Number("ki_slptime")
    """Seconds since it last blocked."""
    swtime = Number("ki_swtime")
    """Seconds since it was last swapped."""
    cow = Number("ki_cow")
    """Copy-on-write faults."""
    runtime = Number("ki_runtime")
    """Microseconds that it ran."""
    start = Seconds("ki_start")
    """When it began: seconds since the Epoch."""
    childtime = Seconds("ki_childtime")
    """Seconds that its collected children used."""
    flag = Flagged("ki_flag", ProcFlags)
    kiflag = Flagged("ki_kiflag", SessionFlags)
    traceflag = Number("ki_traceflag")
    """What ktrace(2) records of it."""
    stat = Enumerated("ki_stat", ProcState)
    nice = Number("ki_nice")
    """-20 .. 20."""
    lock = Number("ki_lock")
    """How often it was locked in memory."""
    rqindex = Number("ki_rqindex")
    """Its run queue."""
    oncpu_old = Number("ki_oncpu_old")
    lastcpu_old = Number("ki_lastcpu_old")
    tdname_start = Text("ki_tdname")
    """The first 16 bytes of the thread's name (see `tdname`)."""
    wmesg = Text("ki_wmesg")
    """What it waits for."""
    login = Text("ki_login")
    """setlogin(2)'s name."""
    lockname = Text("ki_lockname")
    """The lock that it waits for."""
    comm = Text("ki_comm")
    """The program's name."""
    emul = Text("ki_emul")
    """The ABI: "FreeBSD ELF64"."""
    loginclass = Text("ki_loginclass")
    tdname_rest = Text("ki_moretdname")
    """The rest of the thread's name."""
    tdev = Number("ki_tdev")
    """The controlling terminal's number."""
    oncpu = Number("ki_oncpu")
    """The processor that it runs on, -1 for none."""
    lastcpu = Number("ki_lastcpu")
    """The one that it last ran on."""
    tracer = Number("ki_tracer")
    """Who traces it, 0 for nobody."""
    flag2 = Flagged("ki_flag2", ProcFlags2)
    fibnum = Number("ki_fibnum")
    """Its routing table."""
    cr_flags = Flagged("ki_cr_flags", CredentialFlags)
    jid = Number("ki_jid")
    """Its jail, 0 for none."""
    numthreads = Number("ki_numthreads")
    tid = Number("ki_tid")
    """The thread: an LWP's id."""
    pri = Nested("ki_pri", Priority)
    rusage = Nested("ki_rusage", Rusage)
    """What it has used."""
    rusage_ch = Nested("ki_rusage_ch", Rusage)
    """What its collected children have used."""
    pcb = Number("ki_pcb")
    """Kernel address of the thread's machine state."""
    kstack = Number("ki_kstack")
    """Kernel address of its kernel stack."""
    udata = Number("ki_udata")
    """A pointer of the user's."""
    tdaddr = Number("ki_tdaddr")
    """Kernel address of the thread."""
    pd = Number("ki_pd")
    """Kernel address of its process descriptor."""
    uerrmsg = Number("ki_uerrmsg")
    """User address of the thread's extended error."""
    sflag = Flagged("ki_sflag", SwapFlags)
    tdflags = Flagged("ki_tdflags", ThreadFlags)

    @property
    def groups(self) -> tuple[int, ...]:
        """Effective group and supplementary ones; KI_CRF_GRP_OVERFLOW in `cr_flags`
        says that there are more than these 16."""
        return self.all_groups[: max(self.ngroups, 0)]

    @property
    def gid(self) -> int:
        """The effective group."""
        return self.all_groups[0]

    @property
    def tdname(self) -> str:
        """The thread's name."""
        return self.tdname_start + self.tdname_rest

    def __repr__(self) -> str:
        return f"KinfoProc(pid={self.pid}, tid={self.tid}, comm={self.comm!r}, stat={self.stat!r})"


