"""States and flags of processes and LWPs (<sys/proc.h>, <sys/lwp.h>, <sys/sysctl.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class ProcState(IntEnum):
    """S*: states of a process (p_realstat)."""

    SIDL = 1
    SACTIVE = 2
    SDYING = 3
    SSTOP = 4
    SZOMB = 5
    SDEAD = 6


class LwpState(IntEnum):
    """LS*: states of an LWP (l_stat, and p_stat of its process)."""

    LSIDL = 1
    LSRUN = 2
    LSSLEEP = 3
    LSSTOP = 4
    LSZOMB = 5
    LSONPROC = 7
    LSSUSPENDED = 8


class ProcFlags(Flag, boundary=KEEP):
    """P_*: flags of a process (p_flag of kinfo_proc2)."""

    P_ADVLOCK = 0x1
    P_CONTROLT = 0x2
    P_INMEM = 0x4
    P_NOCLDSTOP = 0x8
    P_PPWAIT = 0x10
    P_PROFIL = 0x20
    P_SELECT = 0x40
    P_SINTR = 0x80
    P_SUGID = 0x100
    P_SYSTEM = 0x200
    P_SA = 0x400
    P_TRACED = 0x800
    P_WAITED = 0x1000
    P_WEXIT = 0x2000
    P_EXEC = 0x4000
    P_OWEUPC = 0x8000
    P_NOCLDWAIT = 0x20000
    P_32 = 0x40000
    P_CLDSIGIGN = 0x80000
    P_SYSTRACE = 0x200000
    P_CHTRACED = 0x400000
    P_STOPFORK = 0x800000
    P_STOPEXEC = 0x1000000
    P_STOPEXIT = 0x2000000
    P_SYSCALL = 0x4000000


class LwpFlags(Flag, boundary=KEEP):
    """L_*: flags of an LWP (l_flag of kinfo_lwp)."""

    L_INMEM = 0x4
    L_SELECT = 0x40
    L_SINTR = 0x80
    L_SYSTEM = 0x200
    L_SA = 0x400
    L_DETACHED = 0x800000


class LeaderFlags(Flag, boundary=KEEP):
    """PL_*: flags that the kernel keeps with the parent's lock (<sys/proc.h>)."""

    PL_CONTROLT = 0x1
    PL_PPWAIT = 0x2
    PL_SIGCOMPAT = 0x4
    PL_ORPHANPG = 0x8


class SessionFlags(Flag, boundary=KEEP):
    """EPROC_*: flags of p_eflag."""

    EPROC_CTTY = 0x1
    EPROC_SLEADER = 0x2
