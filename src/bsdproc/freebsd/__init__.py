"""FreeBSD: ptrace(2), procctl(2), wait(2), procfs(5) and the kern.proc sysctls, typed.

One function stands for one request of the kernel and is found under the request's
name: PT_LWPINFO is `ptrace.lwpinfo`, PROC_REAP_STATUS is `procctl.reap_status`,
KERN_PROC_VMMAP is `kinfo.vmmap`, the node status of procfs is `procfs.status`.  Each
takes ``kernel=``; without it the default kernel answers (see `bsdproc.kernel`).

The modules load when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bsdproc.freebsd import (
        constants,
        kinfo,
        procctl,
        procfs,
        ptrace,
        registers,
        surface,
        syscalls,
        waiting,
    )
    from bsdproc.freebsd.constants.signals import Signal
    from bsdproc.freebsd.constants.wait import IdType, WaitOptions
    from bsdproc.freebsd.siginfo import Siginfo
    from bsdproc.freebsd.waiting import (
        Continued,
        Exited,
        Signaled,
        Status,
        Stopped,
        Waited,
        decode,
        wait,
        wait6,
    )

_MODULES: Final = (
    "constants",
    "kinfo",
    "procctl",
    "procfs",
    "ptrace",
    "registers",
    "surface",
    "syscalls",
    "waiting",
)
_NAMES: Final = {
    "Signal": "constants.signals",
    "IdType": "constants.wait",
    "WaitOptions": "constants.wait",
    "Siginfo": "siginfo",
    "Continued": "waiting",
    "Exited": "waiting",
    "Signaled": "waiting",
    "Status": "waiting",
    "Stopped": "waiting",
    "Waited": "waiting",
    "decode": "waiting",
    "wait": "waiting",
    "wait6": "waiting",
}

__all__ = [
    "Continued",
    "Exited",
    "IdType",
    "Siginfo",
    "Signal",
    "Signaled",
    "Status",
    "Stopped",
    "WaitOptions",
    "Waited",
    "constants",
    "decode",
    "kinfo",
    "procctl",
    "procfs",
    "ptrace",
    "registers",
    "surface",
    "syscalls",
    "wait",
    "wait6",
    "waiting",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    module = _NAMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
