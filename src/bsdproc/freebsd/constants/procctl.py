"""Commands and values of procctl(2) (<sys/procctl.h>, <x86/procctl.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class ProcctlCommand(IntEnum):
    """PROC_*: the commands that every machine has."""

    PROC_SPROTECT = 1
    PROC_REAP_ACQUIRE = 2
    PROC_REAP_RELEASE = 3
    PROC_REAP_STATUS = 4
    PROC_REAP_GETPIDS = 5
    PROC_REAP_KILL = 6
    PROC_TRACE_CTL = 7
    PROC_TRACE_STATUS = 8
    PROC_TRAPCAP_CTL = 9
    PROC_TRAPCAP_STATUS = 10
    PROC_PDEATHSIG_CTL = 11
    PROC_PDEATHSIG_STATUS = 12
    PROC_ASLR_CTL = 13
    PROC_ASLR_STATUS = 14
    PROC_PROTMAX_CTL = 15
    PROC_PROTMAX_STATUS = 16
    PROC_STACKGAP_CTL = 17
    PROC_STACKGAP_STATUS = 18
    PROC_NO_NEW_PRIVS_CTL = 19
    PROC_NO_NEW_PRIVS_STATUS = 20
    PROC_WXMAP_CTL = 21
    PROC_WXMAP_STATUS = 22
    PROC_LOGSIGEXIT_CTL = 23
    PROC_LOGSIGEXIT_STATUS = 24


class X86ProcctlCommand(IntEnum):
    """PROC_*: commands of amd64 and i386."""

    PROC_PROCCTL_MD_MIN = 0x10000000
    PROC_KPTI_CTL = 0x10000000
    PROC_KPTI_STATUS = 0x10000001
    PROC_LA_CTL = 0x10000002
    PROC_LA_STATUS = 0x10000003


class ProtectOp(IntEnum):
    """PPROT_*: operations of PROC_SPROTECT."""

    PPROT_SET = 1
    PPROT_CLEAR = 2


class ProtectFlags(Flag, boundary=KEEP):
    """PPROT_*: flags of PROC_SPROTECT."""

    PPROT_DESCEND = 0x10
    PPROT_INHERIT = 0x20


class ReaperStatusFlags(Flag, boundary=KEEP):
    """REAPER_STATUS_*: rs_flags."""

    REAPER_STATUS_OWNED = 0x1
    REAPER_STATUS_REALINIT = 0x2


class ReaperPidFlags(Flag, boundary=KEEP):
    """REAPER_PIDINFO_*: pi_flags."""

    REAPER_PIDINFO_VALID = 0x1
    REAPER_PIDINFO_CHILD = 0x2
    REAPER_PIDINFO_REAPER = 0x4
    REAPER_PIDINFO_ZOMBIE = 0x8
    REAPER_PIDINFO_STOPPED = 0x10
    REAPER_PIDINFO_EXITING = 0x20


class ReaperKillFlags(Flag, boundary=KEEP):
    """REAPER_KILL_*: rk_flags."""

    REAPER_KILL_CHILDREN = 0x1
    REAPER_KILL_SUBTREE = 0x2


class TraceControl(IntEnum):
    """PROC_TRACE_CTL_*."""

    PROC_TRACE_CTL_ENABLE = 1
    PROC_TRACE_CTL_DISABLE = 2
    PROC_TRACE_CTL_DISABLE_EXEC = 3


class TrapcapControl(IntEnum):
    """PROC_TRAPCAP_CTL_*."""

    PROC_TRAPCAP_CTL_ENABLE = 1
    PROC_TRAPCAP_CTL_DISABLE = 2


class AslrPolicy(IntEnum):
    """PROC_ASLR_*: the policy for images that a process executes."""

    PROC_ASLR_FORCE_ENABLE = 1
    PROC_ASLR_FORCE_DISABLE = 2
    PROC_ASLR_NOFORCE = 3


class ProtmaxPolicy(IntEnum):
    """PROC_PROTMAX_*: the policy for an implied PROT_MAX of mmap(2)."""

    PROC_PROTMAX_FORCE_ENABLE = 1
    PROC_PROTMAX_FORCE_DISABLE = 2
    PROC_PROTMAX_NOFORCE = 3


class StackgapFlags(Flag, boundary=KEEP):
    """PROC_STACKGAP_*: stack gaps now and after the next execve(2)."""

    PROC_STACKGAP_ENABLE = 0x1
    PROC_STACKGAP_DISABLE = 0x2
    PROC_STACKGAP_ENABLE_EXEC = 0x4
    PROC_STACKGAP_DISABLE_EXEC = 0x8


class NoNewPrivs(IntEnum):
    """PROC_NO_NEW_PRIVS_*; only ENABLE can be asked for."""

    PROC_NO_NEW_PRIVS_ENABLE = 1
    PROC_NO_NEW_PRIVS_DISABLE = 2


class WxmapFlags(Flag, boundary=KEEP):
    """PROC_WX*: mappings that are writable and executable at once."""

    PROC_WX_MAPPINGS_PERMIT = 0x1
    PROC_WX_MAPPINGS_DISALLOW_EXEC = 0x2
    PROC_WXORX_ENFORCE = 0x80000000


class LogsigexitPolicy(IntEnum):
    """PROC_LOGSIGEXIT_CTL_*: whether a fatal signal is logged."""

    PROC_LOGSIGEXIT_CTL_NOFORCE = 1
    PROC_LOGSIGEXIT_CTL_FORCE_ENABLE = 2
    PROC_LOGSIGEXIT_CTL_FORCE_DISABLE = 3


class KptiPolicy(IntEnum):
    """PROC_KPTI_CTL_*: kernel page table isolation after the next execve(2)."""

    PROC_KPTI_CTL_ENABLE_ON_EXEC = 1
    PROC_KPTI_CTL_DISABLE_ON_EXEC = 2


class LaPolicy(IntEnum):
    """PROC_LA_CTL_*: linear addresses of 48 or 57 bits after the next execve(2)."""

    PROC_LA_CTL_LA48_ON_EXEC = 1
    PROC_LA_CTL_LA57_ON_EXEC = 2
    PROC_LA_CTL_DEFAULT_ON_EXEC = 3


class StatusFlags(Flag, boundary=KEEP):
    """The bits that a status carries besides the policy: what holds for the running image."""

    PROC_ASLR_ACTIVE = 0x80000000
    PROC_PROTMAX_ACTIVE = 0x80000000
    PROC_KPTI_STATUS_ACTIVE = 0x80000000
    PROC_LA_STATUS_LA48 = 0x01000000
    PROC_LA_STATUS_LA57 = 0x02000000
