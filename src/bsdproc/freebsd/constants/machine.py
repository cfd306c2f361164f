"""Constants of machine registers (<x86/reg.h>, <x86/fpu.h>, arm64's <machine/reg.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class DebugAccess(IntEnum):
    """DBREG_DR7_*: what an x86 debug register stops at."""

    DBREG_DR7_EXEC = 0
    DBREG_DR7_WRONLY = 1
    DBREG_DR7_RDWR = 3


class DebugLength(IntEnum):
    """DBREG_DR7_LEN_*: how DR7 writes a length in bytes."""

    DBREG_DR7_LEN_1 = 0
    DBREG_DR7_LEN_2 = 1
    DBREG_DR7_LEN_4 = 3
    DBREG_DR7_LEN_8 = 2


class DebugControl(Flag, boundary=KEEP):
    """DBREG_DR7_*: bits of DR7; the enabling ones are those of slot 0, two for each slot."""

    DBREG_DR7_LOCAL_ENABLE = 0x1
    DBREG_DR7_GLOBAL_ENABLE = 0x2
    DBREG_DR7_RESERVED1 = 0x400
    DBREG_DR7_GD = 0x2000


class DebugStatus(Flag, boundary=KEEP):
    """DBREG_DR6_*: bits of DR6; one for each slot that was hit, and what else stopped."""

    DBREG_DR6_BMASK = 0xF
    DBREG_DR6_BD = 0x2000
    DBREG_DR6_BS = 0x4000
    DBREG_DR6_BT = 0x8000
    DBREG_DR6_RESERVED1 = 0xFFFF0FF0


class XsaveArea(IntEnum):
    """X86_XSTATE_*, XSTATE_*: of the area that XSAVE writes."""

    X86_XSTATE_XCR0_OFFSET = 464
    XSTATE_XCOMP_BV_COMPACT = 1 << 63


class SveFlags(IntEnum):
    """SVEREG_FLAG_*: which registers arm64's NT_ARM_SVE has."""

    SVEREG_FLAG_FP = 0
    SVEREG_FLAG_SVE = 1
    SVEREG_FLAG_REGS_MASK = 1


class NoteVersion(IntEnum):
    """PRSTATUS_VERSION, PRPSINFO_VERSION: pr_version of the notes (<sys/procfs.h>)."""

    PRSTATUS_VERSION = 1
    PRPSINFO_VERSION = 1
