"""Which release of NetBSD brought a request, by __NetBSD_Version__.

Only those are listed that a kernel in use may lack; see `bsdproc.typed.since`.
"""

from __future__ import annotations

from typing import Final

from bsdproc.typed.since import Since

_8_0: Final = {8: 800000000}
_9_0: Final = {9: 900000000}
_10_0: Final = {10: 1000000000}

SINCE: Final = Since("NetBSD", {
    "PT_SET_SIGINFO": _8_0,
    "PT_GET_SIGINFO": _8_0,
    "PT_RESUME": _8_0,
    "PT_SUSPEND": _8_0,
    "PT_GETDBREGS": _8_0,
    "PT_SETDBREGS": _8_0,
    "PT_SETSTEP": _8_0,
    "PT_CLEARSTEP": _8_0,
    "PIOD_READ_AUXV": _8_0,
    "KERN_PROC_PATHNAME": _8_0,
    "PT_STOP": _9_0,
    "PT_GETXSTATE": _9_0,
    "PT_SETXSTATE": _9_0,
    "KERN_PROC_CWD": _9_0,
    "PT_LWPSTATUS": _10_0,
    "PT_LWPNEXT": _10_0,
    "PT_SET_SIGPASS": _10_0,
    "PT_GET_SIGPASS": _10_0,
}, major=100_000_000, minor=1_000_000)
