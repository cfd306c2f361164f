"""DragonFly's constants as enums and flags, with the C names as members.

Every member is named as in the system's headers and has its value; a test holds
those of the measured headers against them.  Values that no member has are kept:
flags hold unknown bits, and where an enum is expected an unknown number stays a
plain integer.

The modules below load when a name of theirs is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.typed import lazy

if TYPE_CHECKING:
    from bsdproc.dragonfly.constants.kinfo import (
        FileFlags,
        FileType,
        KernProc,
        KernProcFlags,
        Length,
        Limit,
        LwpState,
        PriorityType,
        ProcState,
        Sysctl,
        Version,
        VmProtection,
    )
    from bsdproc.dragonfly.constants.machine import (
        DebugAccess,
    )
    from bsdproc.dragonfly.constants.mount import (
        MountFlags,
    )
    from bsdproc.dragonfly.constants.procctl import (
        LaterCommand,
        ProcctlCommand,
        ReaperStatusFlags,
    )
    from bsdproc.dragonfly.constants.process import (
        LwpFlags,
        LwpMpFlags,
        ProcFlags,
        SessionFlags,
    )
    from bsdproc.dragonfly.constants.ptrace import (
        IoOp,
        Request,
    )
    from bsdproc.dragonfly.constants.signals import (
        SIG_MAXSIG,
        BusCode,
        CldCode,
        FpeCode,
        IllCode,
        PollCode,
        SegvCode,
        SiCode,
        SigevNotify,
        Signal,
        SignalCode,
        SignalLimit,
        TrapCode,
    )
    from bsdproc.dragonfly.constants.wait import (
        IdType,
        WaitOptions,
        WaitStatus,
        WaitTarget,
    )
    from bsdproc.typed.enums import flags, known, names

_WHERE: Final = {
    ".kinfo": (
        "FileFlags FileType KernProc KernProcFlags Length Limit LwpState PriorityType ProcState "
        "Sysctl Version VmProtection"
    ),
    ".machine": "DebugAccess",
    ".mount": "MountFlags",
    ".process": "LwpFlags LwpMpFlags ProcFlags SessionFlags",
    ".procctl": "LaterCommand ProcctlCommand ReaperStatusFlags",
    ".ptrace": "IoOp Request",
    ".signals": (
        "SIG_MAXSIG BusCode CldCode FpeCode IllCode PollCode SegvCode SiCode SigevNotify Signal "
        "SignalCode SignalLimit TrapCode"
    ),
    ".wait": "IdType WaitOptions WaitStatus WaitTarget",
    "bsdproc.typed.enums": "flags known names",
}

__all__ = [
    "SIG_MAXSIG",
    "BusCode",
    "CldCode",
    "DebugAccess",
    "FileFlags",
    "FileType",
    "FpeCode",
    "IdType",
    "IllCode",
    "IoOp",
    "KernProc",
    "KernProcFlags",
    "LaterCommand",
    "Length",
    "Limit",
    "LwpFlags",
    "LwpMpFlags",
    "LwpState",
    "MountFlags",
    "PollCode",
    "PriorityType",
    "ProcFlags",
    "ProcState",
    "ProcctlCommand",
    "ReaperStatusFlags",
    "Request",
    "SegvCode",
    "SessionFlags",
    "SiCode",
    "SigevNotify",
    "Signal",
    "SignalCode",
    "SignalLimit",
    "Sysctl",
    "TrapCode",
    "Version",
    "VmProtection",
    "WaitOptions",
    "WaitStatus",
    "WaitTarget",
    "flags",
    "known",
    "names",
]

if not TYPE_CHECKING:
    __getattr__ = lazy.attributes(__name__, globals(), _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
