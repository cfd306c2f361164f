"""Which release of FreeBSD brought a request, command or sysctl, by kern.osreldate.

Only those are listed that a kernel in use may lack; see `bsdproc.typed.since`."""

from __future__ import annotations

from typing import Final

from bsdproc.typed.since import NEVER, Since

_13_0: Final = {13: 1300000}
_13_1: Final = {13: 1301000}
_13_2: Final = {13: 1302000}
_14_0: Final = {13: NEVER, 14: 1400000}
_15_0: Final = {13: NEVER, 14: NEVER, 15: 1500000}

SINCE: Final = Since("FreeBSD", {
    "PT_COREDUMP": _13_1,
    "PT_GETREGSET": _13_1,
    "PT_SETREGSET": _13_1,
    "PT_SC_REMOTE": _13_2,
    "PT_GETTLSBASE": _15_0,
    "PT_SETTLSBASE": _15_0,
    "PROC_NO_NEW_PRIVS_CTL": _13_1,
    "PROC_NO_NEW_PRIVS_STATUS": _13_1,
    "PROC_WXMAP_CTL": _13_1,
    "PROC_WXMAP_STATUS": _13_1,
    "PROC_LOGSIGEXIT_CTL": _14_0,
    "PROC_LOGSIGEXIT_STATUS": _14_0,
    "KERN_PROC_SIGFASTBLK": _13_0,
    "KERN_PROC_VM_LAYOUT": _14_0,
    "KERN_PROC_RLIMIT_USAGE": _15_0,
    "KERN_PROC_KQUEUE": _15_0,
}, major=100_000, minor=1_000)
