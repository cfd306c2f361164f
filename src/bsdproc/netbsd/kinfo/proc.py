"""struct kinfo_proc2: a process, as kern.proc2 lists it (<sys/sysctl.h>)."""

from __future__ import annotations

from bsdproc.netbsd.constants.process import LwpState, ProcFlags, ProcState, SessionFlags
from bsdproc.netbsd.records import Record, Signals
from bsdproc.typed.records import Enumerated, Flagged, Number, Numbers, Text


class KinfoProc(Record):
    """struct kinfo_proc2.  Fields are decoded when they are read.

    Numbers that are kernel addresses are 0 for callers that may not see them.  What
    a process uses is 0 while it runs on some machines and kernels, and with `uvalid`
    0 nothing of it is filled in."""

    struct = "struct kinfo_proc2"
    __slots__ = ()

    forw = Number("p_forw")
    """Kernel address of the next process that runs."""
    back = Number("p_back")
    paddr = Number("p_paddr")
    """Kernel address of the process."""
    addr = Number("p_addr")
    """Kernel address of its first LWP's u-area."""
    fd = Number("p_fd")
    """Kernel address of the open files."""
    cwdi = Number("p_cwdi")
    """Kernel address of its directories."""
    stats = Number("p_stats")
    """Kernel address of its statistics."""
    limit = Number("p_limit")
    """Kernel address of its limits."""
    vmspace = Number("p_vmspace")
    """Kernel address of the address space."""
    sigacts = Number("p_sigacts")
    """Kernel address of its signal actions."""
    sess = Number("p_sess")
    """Kernel address of its session."""
    tsess = Number("p_tsess")
    """Kernel address of the terminal's session."""
    ru = Number("p_ru")
    """Kernel address of a zombie's resource usage."""
    eflag = Flagged("p_eflag", SessionFlags)
    exitsig = Number("p_exitsig")
    """The signal that its parent gets when it exits."""
    flag = Flagged("p_flag", ProcFlags)
    pid = Number("p_pid")
    ppid = Number("p_ppid")
    """Its parent; before NetBSD 9 the tracer while one traces it."""
    sid = Number("p_sid")
    pgid = Number("p__pgid")
    tpgid = Number("p_tpgid")
    """The terminal's foreground process group."""
    uid = Number("p_uid")
    """Effective user."""
    ruid = Number("p_ruid")
    gid = Number("p_gid")
    """Effective group."""
    rgid = Number("p_rgid")
    all_groups = Numbers("p_groups")
    """Room for 16 groups, of which `ngroups` are meant (see `groups`)."""
    ngroups = Number("p_ngroups")
    jobc = Number("p_jobc")
    """Job control counter."""
    tdev = Number("p_tdev")
    """The controlling terminal's number, 2**32 - 1 for none."""
    estcpu = Number("p_estcpu")
    rtime_sec = Number("p_rtime_sec")
    rtime_usec = Number("p_rtime_usec")
    cpticks = Number("p_cpticks")
    """Ticks of the last second."""
    pctcpu = Number("p_pctcpu")
    """Share of a processor, as a fixed-point number of kern.fscale."""
    swtime = Number("p_swtime")
    """Seconds since it was last swapped."""
    slptime = Number("p_slptime")
    """Seconds since it last blocked."""
    schedflags = Number("p_schedflags")
    """PSCHED_* of the scheduler."""
    uticks = Number("p_uticks")
    """Ticks in user mode."""
    sticks = Number("p_sticks")
    """Ticks in the kernel."""
    iticks = Number("p_iticks")
    """Ticks in interrupts."""
    tracep = Number("p_tracep")
    """Kernel address of ktrace(2)'s file."""
    traceflag = Number("p_traceflag")
    """What ktrace(2) records of it."""
    holdcnt = Number("p_holdcnt")
    """1 while it may not be swapped out."""
    siglist = Signals("p_siglist")
    """Pending signals."""
    sigmask = Signals("p_sigmask")
    """Blocked ones, of its first LWP."""
    sigignore = Signals("p_sigignore")
    sigcatch = Signals("p_sigcatch")
    """Those with a handler."""
    stat = Enumerated("p_stat", LwpState)
    """The state of the LWP that stands for it (see `realstat`)."""
    priority = Number("p_priority")
    usrpri = Number("p_usrpri")
    """Priority in user mode."""
    nice = Number("p_nice")
    """20 is the usual one, 0 .. 40."""
    xstat = Number("p_xstat")
    """Exit status of a zombie, or the stop's signal."""
    acflag = Number("p_acflag")
    """Accounting flags; acct(5)."""
    comm = Text("p_comm")
    """The program's name."""
    wmesg = Text("p_wmesg")
    """What it waits for."""
    wchan = Number("p_wchan")
    """Kernel address that it sleeps on."""
    login = Text("p_login")
    """setlogin(2)'s name."""
    vm_rssize = Number("p_vm_rssize")
    """Resident size in pages."""
    vm_tsize = Number("p_vm_tsize")
    """Text size in pages."""
    vm_dsize = Number("p_vm_dsize")
    """Data size in pages."""
    vm_ssize = Number("p_vm_ssize")
    """Stack size in pages."""
    uvalid = Number("p_uvalid")
    """Whether the times and resources that follow are filled in."""
    ustart_sec = Number("p_ustart_sec")
    ustart_usec = Number("p_ustart_usec")
    uutime_sec = Number("p_uutime_sec")
    uutime_usec = Number("p_uutime_usec")
    ustime_sec = Number("p_ustime_sec")
    ustime_usec = Number("p_ustime_usec")
    maxrss = Number("p_uru_maxrss")
    """Largest resident set, in KiB."""
    ixrss = Number("p_uru_ixrss")
    """Integral shared text memory, in KiB times ticks."""
    idrss = Number("p_uru_idrss")
    """Integral unshared data, in KiB times ticks."""
    isrss = Number("p_uru_isrss")
    """Integral unshared stack, in KiB times ticks."""
    minflt = Number("p_uru_minflt")
    """Page faults served without I/O."""
    majflt = Number("p_uru_majflt")
    """Page faults that needed I/O."""
    nswap = Number("p_uru_nswap")
    """Times swapped out."""
    inblock = Number("p_uru_inblock")
    """Block input operations."""
    oublock = Number("p_uru_oublock")
    """Block output operations."""
    msgsnd = Number("p_uru_msgsnd")
    """IPC messages sent."""
    msgrcv = Number("p_uru_msgrcv")
    """IPC messages received."""
    nsignals = Number("p_uru_nsignals")
    """Signals delivered."""
    nvcsw = Number("p_uru_nvcsw")
    """Voluntary context switches."""
    nivcsw = Number("p_uru_nivcsw")
    """Involuntary ones."""
    uctime_sec = Number("p_uctime_sec")
    uctime_usec = Number("p_uctime_usec")
    cpuid = Number("p_cpuid")
    """The processor that it runs on, `CpuNumber.KI_NOCPU` for none."""
    realflag = Number("p_realflag")
    """The kernel's own flags, which `flag` translates."""
    nlwps = Number("p_nlwps")
    """How many LWPs it has."""
    nrlwps = Number("p_nrlwps")
    """How many of them run or can run."""
    realstat = Enumerated("p_realstat", ProcState)
    """The process's own state."""
    svuid = Number("p_svuid")
    svgid = Number("p_svgid")
    ename = Text("p_ename")
    """The ABI: "netbsd", "netbsd32", "linux"."""
    vm_vsize = Number("p_vm_vsize")
    """Virtual size in pages."""
    vm_msize = Number("p_vm_msize")
    """The same without what only keeps other mappings apart, in pages."""

    @property
    def groups(self) -> tuple[int, ...]:
        """Supplementary groups, 16 at the most."""
        return self.all_groups[: max(self.ngroups, 0)]

    @property
    def start(self) -> float:
        """When it began: seconds since the Epoch."""
        return self.ustart_sec + self.ustart_usec / 1_000_000

    @property
    def rtime(self) -> float:
        """Seconds that it ran."""
        return self.rtime_sec + self.rtime_usec / 1_000_000

    @property
    def utime(self) -> float:
        """User time in seconds."""
        return self.uutime_sec + self.uutime_usec / 1_000_000

    @property
    def stime(self) -> float:
        """System time in seconds."""
        return self.ustime_sec + self.ustime_usec / 1_000_000

    @property
    def childtime(self) -> float:
        """Seconds that its collected children used."""
        return self.uctime_sec + self.uctime_usec / 1_000_000

    def __repr__(self) -> str:
        return f"KinfoProc(pid={self.pid}, comm={self.comm!r}, realstat={self.realstat!r})"
