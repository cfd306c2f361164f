"""Commands of procctl(2) (<sys/procctl.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class ProcctlCommand(IntEnum):
    """PROC_*: the commands that DragonFly 5.9 has."""

    PROC_REAP_ACQUIRE = 1
    PROC_REAP_RELEASE = 2
    PROC_REAP_STATUS = 3


class LaterCommand(IntEnum):
    """PROC_*: commands that came after 5.9, which refuses their numbers (EINVAL)."""

    PROC_PDEATHSIG_CTL = 4
    PROC_PDEATHSIG_STATUS = 5


class ReaperStatusFlags(Flag, boundary=KEEP):
    """REAPER_STAT_*: flags of a reaper_status."""

    REAPER_STAT_OWNED = 0x1
    REAPER_STAT_REALINIT = 0x2
