"""Options of wait4(2) and wait6(2) and the kinds of ids (<sys/wait.h>, <sys/idtype.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class WaitOptions(Flag, boundary=KEEP):
    """W*: what a wait reports and whether it blocks."""

    WNOHANG = 0x1
    WSTOPPED = 0x2
    WUNTRACED = 0x2
    WALTSIG = 0x4
    WALLSIG = 0x8
    WCONTINUED = 0x10
    WEXITED = 0x20
    WTRAPPED = 0x40
    WNOWAIT = 0x10000
    WNOZOMBIE = 0x20000


class IdType(IntEnum):
    """P_*: what the id of a wait6(2) names."""

    P_ALL = 0
    P_PID = 1
    P_LWPID = 2
    P_PPID = 3
    P_PGID = 4
    P_SID = 5
    P_CID = 6
    P_UID = 7
    P_GID = 8
    P_TASKID = 9
    P_PROJID = 10
    P_POOLID = 11
    P_ZONEID = 12
    P_CTID = 13
    P_CPUID = 14
    P_PSETID = 15
    P_MYID = -1


class WaitTarget(IntEnum):
    """WAIT_*: pids that wait4(2) takes for more than one process."""

    WAIT_MYPGRP = 0
    WAIT_ANY = -1


class WaitStatus(Flag, boundary=KEEP):
    """WCOREFLAG: the bit of a status beside the signal."""

    WCOREFLAG = 0x80
