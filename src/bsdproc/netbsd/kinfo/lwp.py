"""struct kinfo_lwp: an LWP, as kern.lwp lists it (<sys/sysctl.h>)."""

from __future__ import annotations

from bsdproc.netbsd.constants.process import LwpFlags, LwpState
from bsdproc.netbsd.records import Record
from bsdproc.typed.records import Enumerated, Flagged, Number, Text


class KinfoLwp(Record):
    """struct kinfo_lwp.  Fields are decoded when they are read."""

    struct = "struct kinfo_lwp"
    __slots__ = ()

    forw = Number("l_forw")
    """Kernel address of the next LWP that runs."""
    back = Number("l_back")
    laddr = Number("l_laddr")
    """Kernel address of the LWP."""
    addr = Number("l_addr")
    """Kernel address of its u-area."""
    lid = Number("l_lid")
    """The LWP's id."""
    flag = Flagged("l_flag", LwpFlags)
    swtime = Number("l_swtime")
    """Seconds since it was last swapped."""
    slptime = Number("l_slptime")
    """Seconds since it last blocked."""
    schedflags = Number("l_schedflags")
    """PSCHED_* of the scheduler."""
    holdcnt = Number("l_holdcnt")
    """1 while it may not be swapped out."""
    priority = Number("l_priority")
    usrpri = Number("l_usrpri")
    """Priority in user mode."""
    stat = Enumerated("l_stat", LwpState)
    wmesg = Text("l_wmesg")
    """What it waits for."""
    wchan = Number("l_wchan")
    """Kernel address that it sleeps on."""
    cpuid = Number("l_cpuid")
    """The processor that it runs on, or ran."""
    rtime_sec = Number("l_rtime_sec")
    rtime_usec = Number("l_rtime_usec")
    cpticks = Number("l_cpticks")
    """Ticks of the last second."""
    pctcpu = Number("l_pctcpu")
    """Share of a processor, as a fixed-point number of kern.fscale."""
    pid = Number("l_pid")
    """The process."""
    name = Text("l_name")
    """_lwp_setname(2)'s name."""

    @property
    def rtime(self) -> float:
        """Seconds that it ran."""
        return self.rtime_sec + self.rtime_usec / 1_000_000

    def __repr__(self) -> str:
        return f"KinfoLwp(pid={self.pid}, lid={self.lid}, stat={self.stat!r}, name={self.name!r})"
