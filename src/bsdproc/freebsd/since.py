"""Which release of FreeBSD brought a request, command or sysctl.

Only those are listed that a kernel in use may lack.  Branches are told apart,
since much comes to the older ones later: for each major version the lowest
kern.osreldate that has it; a newer major version than the last has it too.
A kernel that answers is believed whatever stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_NEVER: Final = 1 << 31
_13_0: Final = {13: 1300000}
_13_1: Final = {13: 1301000}
_13_2: Final = {13: 1302000}
_14_0: Final = {13: _NEVER, 14: 1400000}
_15_0: Final = {13: _NEVER, 14: _NEVER, 15: 1500000}

_SINCE: Final[dict[str, dict[int, int]]] = {
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
}


def unknown_to(kernel: Kernel, request: str) -> bool:
    """Whether the running kernel predates it."""
    dates = _SINCE.get(request)
    if dates is None:
        return False
    major = kernel.version // 100_000
    return kernel.version < dates.get(major, 0 if major > max(dates) else _NEVER)


def release(request: str) -> str:
    """The release that brought it: "FreeBSD 13.1"."""
    date = min(d for d in _SINCE[request].values() if d != _NEVER)
    return f"FreeBSD {date // 100_000}.{date // 1000 % 100}"
