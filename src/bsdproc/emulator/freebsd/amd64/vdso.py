"""The shared page: a signal trampoline and the timekeeping that libc may use.

It lies at the end of a program's addresses, above the stack.
"""

from __future__ import annotations

import struct
from typing import Final

from bsdproc.emulator.freebsd.amd64.frame import MAXUSER

PAGE: Final = 4096
SHARED_PAGE: Final = MAXUSER - PAGE
USRSTACK: Final = SHARED_PAGE
"""Where the stack ends unless its place is random."""

SIGTRAMP: Final = bytes.fromhex(
    "ff1424"        # call *(%rsp)           the handler, by sf_ahu
    "488d7c2410"    # lea 16(%rsp), %rdi     sf_uc
    "b8a1010000"    # mov $417, %eax         sigreturn
    "0f05"          # syscall
    "f4"            # hlt                    which no program may execute
    "ebfd"          # jmp .-1
)
SIGTRAMP_OFFSET: Final = 0x40
TIMEKEEP_OFFSET: Final = 0x100
VDSO_TIMEKEEP: Final = struct.Struct("<III4x")
"""struct vdso_timekeep: version, enabled, current."""
VDSO_TK_VER_CURR: Final = 1

SIGTRAMP_RANGE: Final = (
    SHARED_PAGE + SIGTRAMP_OFFSET, SHARED_PAGE + SIGTRAMP_OFFSET + len(SIGTRAMP))
TIMEKEEP: Final = SHARED_PAGE + TIMEKEEP_OFFSET


class SharedPage:
    """The page as a mapping's backing.  Timekeeping is there but not enabled:
    time is asked of the kernel."""

    def __init__(self, trampoline: bytes) -> None:
        page = bytearray(PAGE)
        page[SIGTRAMP_OFFSET:SIGTRAMP_OFFSET + len(trampoline)] = trampoline
        VDSO_TIMEKEEP.pack_into(page, TIMEKEEP_OFFSET, VDSO_TK_VER_CURR, 0, 0)
        self.page = bytes(page)

    def read_at(self, offset: int, size: int) -> bytes:
        return self.page[offset:offset + size]


SHARED: Final = SharedPage(SIGTRAMP)
