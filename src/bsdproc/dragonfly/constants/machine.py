"""Constants of the x86 debug registers (<machine/reg.h>)."""

from __future__ import annotations

from enum import IntEnum


class DebugAccess(IntEnum):
    """DBREG_DR7_*: what a debug register stops at."""

    DBREG_DR7_EXEC = 0
    DBREG_DR7_WRONLY = 1
    DBREG_DR7_RDWR = 3
