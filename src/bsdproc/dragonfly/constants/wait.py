"""Options of wait4(2) and wait6(2) and the kinds of ids (<sys/wait.h>, <sys/procctl.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class WaitOptions(Flag, boundary=KEEP):
    """W*: what a wait reports and whether it blocks."""

    WNOHANG = 1
    WUNTRACED = 2
    WSTOPPED = 2
    WCONTINUED = 4
    WNOWAIT = 8
    WEXITED = 16
    WTRAPPED = 32
    WLINUXCLONE = 0x80000000


class IdType(IntEnum):
    """P_*: what the id of a wait6(2) or procctl(2) names; procctl takes P_PID alone."""

    P_PID = 0
    P_PPID = 1
    P_PGID = 2
    P_SID = 3
    P_CID = 4
    P_UID = 5
    P_GID = 6
    P_ALL = 7
    P_LWPID = 8
    P_TASKID = 9
    P_PROJID = 10
    P_POOLID = 11
    P_JAILID = 12
    P_CTID = 13
    P_CPUID = 14
    P_PSETID = 15


class WaitTarget(IntEnum):
    """WAIT_*: pids that wait4(2) takes for more than one process."""

    WAIT_ANY = -1
    WAIT_MYPGRP = 0


class WaitStatus(Flag, boundary=KEEP):
    """WCOREFLAG: the bit of a status beside the signal."""

    WCOREFLAG = 0x80
