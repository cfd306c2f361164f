"""The shared page of i386 programs, below the end of their addresses."""

from __future__ import annotations

from typing import Final

from bsdproc.emulator.freebsd.amd64.vdso import SIGTRAMP_OFFSET, TIMEKEEP_OFFSET, SharedPage
from bsdproc.emulator.machine.physical import PAGE

MAXUSER: Final = (1 << 32) - PAGE
SHARED_PAGE: Final = MAXUSER - PAGE
USRSTACK: Final = SHARED_PAGE
TIMEKEEP: Final = SHARED_PAGE + TIMEKEEP_OFFSET

SIGTRAMP: Final = bytes.fromhex(
    "ff542410"      # call *16(%esp)         the handler, by sf_ahu
    "8d442420"      # lea 32(%esp), %eax     sf_uc
    "50"            # push %eax
    "50"            # push %eax              in a return address's place
    "b8a1010000"    # mov $417, %eax         sigreturn
    "cd80"          # int $0x80
    "ebfe"          # jmp .
)
SIGTRAMP_RANGE: Final = (
    SHARED_PAGE + SIGTRAMP_OFFSET, SHARED_PAGE + SIGTRAMP_OFFSET + len(SIGTRAMP))
SHARED: Final = SharedPage(SIGTRAMP, 32)
