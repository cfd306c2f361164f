"""Numbers that struct kinfo_proc shows: flags and states of processes and lwps."""

from __future__ import annotations


class P:
    """p_flags, where the number is not the core's."""

    POSTEXIT = 0x40
    SYSTEM = 0x200
    MAYBETHREADED = 0x400
    """Set with the first lwp, that is for every process that ever ran."""
    CONTINUED = 0x8000
    JAILED = 0x1000000
    INEXEC = 0x8000000
    DIDCHROOT = 0x10000000


class LWP:
    """lwp_flags."""

    ALTSTACK = 0x1
    OLDMASK = 0x2
    SINTR = 0x8


class Stat:
    """p_stat (enum procstat)."""

    IDL, ACTIVE, STOP, ZOMB, CORE = 1, 2, 3, 4, 5


class LwpStat:
    """lwp_stat (enum lwpstat)."""

    RUN, STOP, SLEEP = 1, 2, 3


class AcctFlag:
    """p_acflag (sys/acct.h)."""

    FORK = 0x1
    CORE = 0x8
    XSIG = 0x10


class Kinfo:
    """kp_auxflags."""

    CTTY, SLEADER = 0x1, 0x2
