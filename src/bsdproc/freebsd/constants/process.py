"""Flags of processes and threads in `KinfoProc` (<sys/proc.h>, <sys/signalvar.h>)."""

from __future__ import annotations

from enum import KEEP, Flag


class ProcFlags(Flag, boundary=KEEP):
    """P_*: ki_flag."""

    P_ADVLOCK = 0x1
    P_CONTROLT = 0x2
    P_KPROC = 0x4
    P_IDLEPROC = 0x8
    P_PPWAIT = 0x10
    P_PROFIL = 0x20
    P_STOPPROF = 0x40
    P_HADTHREADS = 0x80
    P_SUGID = 0x100
    P_SYSTEM = 0x200
    P_SINGLE_EXIT = 0x400
    P_TRACED = 0x800
    P_WAITED = 0x1000
    P_WEXIT = 0x2000
    P_EXEC = 0x4000
    P_WKILLED = 0x8000
    P_CONTINUED = 0x10000
    P_STOPPED_SIG = 0x20000
    P_STOPPED_TRACE = 0x40000
    P_STOPPED_SINGLE = 0x80000
    P_STOPPED = 0xE0000
    P_PROTECTED = 0x100000
    P_SIGEVENT = 0x200000
    P_SINGLE_BOUNDARY = 0x400000
    P_HWPMC = 0x800000
    P_JAILED = 0x1000000
    P_TOTAL_STOP = 0x2000000
    P_INEXEC = 0x4000000
    P_STATCHILD = 0x8000000
    P_INMEM = 0x10000000
    P_PPTRACE = 0x80000000


class ProcFlags2(Flag, boundary=KEEP):
    """P2_*: ki_flag2."""

    P2_INHERIT_PROTECTED = 0x1
    P2_NOTRACE = 0x2
    P2_NOTRACE_EXEC = 0x4
    P2_AST_SU = 0x8
    P2_PTRACE_FSTP = 0x10
    P2_TRAPCAP = 0x20
    P2_ASLR_ENABLE = 0x40
    P2_ASLR_DISABLE = 0x80
    P2_ASLR_IGNSTART = 0x100
    P2_PROTMAX_ENABLE = 0x200
    P2_PROTMAX_DISABLE = 0x400
    P2_STKGAP_DISABLE = 0x800
    P2_STKGAP_DISABLE_EXEC = 0x1000
    P2_ITSTOPPED = 0x2000
    P2_PTRACEREQ = 0x4000
    P2_NO_NEW_PRIVS = 0x8000
    P2_WXORX_DISABLE = 0x10000
    P2_WXORX_ENABLE_EXEC = 0x20000
    P2_WEXIT = 0x40000
    P2_REAPKILLED = 0x80000
    P2_MEMBAR_PRIVE = 0x100000
    P2_MEMBAR_PRIVE_SYNCORE = 0x200000
    P2_MEMBAR_GLOBE = 0x400000
    P2_LOGSIGEXIT_ENABLE = 0x800000
    P2_LOGSIGEXIT_CTL = 0x1000000
    P2_HWT = 0x2000000


class MachineProcFlags(Flag, boundary=KEEP):
    """P_MD_*: what amd64 keeps of a process."""

    P_MD_KPTI = 0x1
    P_MD_LA48 = 0x2
    P_MD_LA57 = 0x4


class TreeFlags(Flag, boundary=KEEP):
    """P_TREE_*: where a process stands in the tree."""

    P_TREE_ORPHANED = 0x1
    P_TREE_FIRST_ORPHAN = 0x2
    P_TREE_REAPER = 0x4
    P_TREE_GRPEXITED = 0x8


class ThreadFlags(Flag, boundary=KEEP):
    """TDF_*: ki_tdflags."""

    TDF_BORROWING = 0x1
    TDF_INPANIC = 0x2
    TDF_INMEM = 0x4
    TDF_SINTR = 0x8
    TDF_TIMEOUT = 0x10
    TDF_IDLETD = 0x20
    TDF_SIGWAIT = 0x80
    TDF_KTH_SUSP = 0x100
    TDF_ALLPROCSUSP = 0x200
    TDF_BOUNDARY = 0x400
    TDF_SBDRY = 0x2000
    TDF_UPIBLOCKED = 0x4000
    TDF_NOLOAD = 0x40000
    TDF_SERESTART = 0x80000
    TDF_THRWAKEUP = 0x100000
    TDF_SEINTR = 0x200000
    TDF_SCHED0 = 0x1000000
    TDF_SCHED1 = 0x2000000
    TDF_SCHED2 = 0x4000000
    TDF_SCHED3 = 0x8000000


class SessionFlags(Flag, boundary=KEEP):
    """KI_*: ki_kiflag."""

    KI_CTTY = 0x1
    KI_SLEADER = 0x2
    KI_LOCKBLOCK = 0x4


class CredentialFlags(Flag, boundary=KEEP):
    """KI_CRF_*: ki_cr_flags."""

    KI_CRF_CAPABILITY_MODE = 0x1
    KI_CRF_GRP_OVERFLOW = 0x80000000


class SwapFlags(Flag, boundary=KEEP):
    """PS_*: ki_sflag."""

    PS_INMEM = 0x1


class SignalActionFlags(Flag, boundary=KEEP):
    """PS_*: what a process asked for of its children and signals."""

    PS_NOCLDWAIT = 0x1
    PS_NOCLDSTOP = 0x2
    PS_CLDSIGIGN = 0x4
