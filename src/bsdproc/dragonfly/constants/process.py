"""Flags of processes and threads in `KinfoProc` (<sys/proc.h>)."""

from __future__ import annotations

from enum import KEEP, Flag


class ProcFlags(Flag, boundary=KEEP):
    """P_*: kp_flags."""

    P_UNUSED00 = 0x1
    P_CONTROLT = 0x2
    P_SWAPPEDOUT = 0x4
    P_SYSVSEM = 0x8
    P_PPWAIT = 0x10
    P_PROFIL = 0x20
    P_POSTEXIT = 0x40
    P_SCMOUSE = 0x80
    P_SUGID = 0x100
    P_SYSTEM = 0x200
    P_MAYBETHREADED = 0x400
    P_TRACED = 0x800
    P_WAITED = 0x1000
    P_WEXIT = 0x2000
    P_EXEC = 0x4000
    P_CONTINUED = 0x8000
    P_LOWMEMKILL = 0x10000
    P_UNUSED17 = 0x20000
    P_SWAPWAIT = 0x40000
    P_UNUSED19 = 0x80000
    P_UNUSED20 = 0x100000
    P_UNUSED21 = 0x200000
    P_IDLESWAP = 0x400000
    P_JAILED = 0x1000000
    P_SIGVTALRM = 0x2000000
    P_SIGPROF = 0x4000000
    P_INEXEC = 0x8000000
    P_DIDCHROOT = 0x10000000
    P_UNUSED29 = 0x20000000
    P_XCPU = 0x40000000


class LwpFlags(Flag, boundary=KEEP):
    """LWP_*: kl_flags."""

    LWP_ALTSTACK = 0x1
    LWP_OLDMASK = 0x2
    LWP_SINTR = 0x8
    LWP_SELECT = 0x10
    LWP_UNUSED20 = 0x20
    LWP_UNUSED40 = 0x40
    LWP_UNUSED80 = 0x80
    LWP_PASSIVE_ACQ = 0x100
    LWP_PAGING = 0x200


class LwpMpFlags(Flag, boundary=KEEP):
    """LWP_MP_*: what the kernel keeps of a thread beside them."""

    LWP_MP_ONRUNQ = 0x1
    LWP_MP_WEXIT = 0x2
    LWP_MP_WSTOP = 0x4
    LWP_MP_ULOAD = 0x8
    LWP_MP_RRFORCE = 0x10
    LWP_MP_VNLRU = 0x20
    LWP_MP_URETMASK = 0x22


class SessionFlags(Flag, boundary=KEEP):
    """KI_*: kp_auxflags."""

    KI_CTTY = 0x1
    KI_SLEADER = 0x2
