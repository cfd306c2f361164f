"""FreeBSD's constants as enums and flags, with the C names as members.

Every member is named as in the system's headers and has its value; a test holds
them against the measured headers of all machines.  Values that no member has are
kept: flags hold unknown bits, and where an enum is expected an unknown number
stays a plain integer.

The modules below load when a name of theirs is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.typed import lazy

if TYPE_CHECKING:
    from bsdproc.freebsd.constants.auxv import (
        AuxType,
        OldAuxType,
    )
    from bsdproc.freebsd.constants.kinfo import (
        EventFilter,
        FileFlags,
        FileSlot,
        FileStatus,
        FileType,
        KernProc,
        KnoteData,
        KnoteStatus,
        KstackState,
        KvmeProtection,
        Limit,
        LimitValue,
        MapFlags,
        PriorityClass,
        PriorityRange,
        ProcState,
        Sysctl,
        VmFlags,
        VmType,
        VnodeType,
    )
    from bsdproc.freebsd.constants.machine import (
        DebugAccess,
        DebugControl,
        DebugLength,
        DebugStatus,
        NoteVersion,
        SveFlags,
        XsaveArea,
    )
    from bsdproc.freebsd.constants.mount import (
        MountFlags,
        UnmountFlags,
    )
    from bsdproc.freebsd.constants.procctl import (
        AslrPolicy,
        KptiPolicy,
        LaPolicy,
        LogsigexitPolicy,
        NoNewPrivs,
        ProcctlCommand,
        ProtectFlags,
        ProtectOp,
        ProtmaxPolicy,
        ReaperKillFlags,
        ReaperPidFlags,
        ReaperStatusFlags,
        StackgapFlags,
        StatusFlags,
        TraceControl,
        TrapcapControl,
        WxmapFlags,
        X86ProcctlCommand,
    )
    from bsdproc.freebsd.constants.process import (
        CredentialFlags,
        MachineProcFlags,
        ProcFlags,
        ProcFlags2,
        SessionFlags,
        SignalActionFlags,
        SwapFlags,
        ThreadFlags,
        TreeFlags,
    )
    from bsdproc.freebsd.constants.ptrace import (
        MACHINE_REQUESTS,
        Arm64Request,
        ArmRequest,
        CoredumpFlags,
        FeatureControl,
        I386Request,
        IoOp,
        LwpEvent,
        LwpFlags,
        Note,
        PowerpcRequest,
        ProgramNote,
        PtraceEvents,
        Request,
        VmProtection,
        X86Request,
    )
    from bsdproc.freebsd.constants.signals import (
        SIG_MAXSIG,
        BusCode,
        CldCode,
        FpeCode,
        IllCode,
        PollCode,
        SegvCode,
        SiCode,
        Signal,
        SignalCode,
        TrapCode,
    )
    from bsdproc.freebsd.constants.wait import (
        IdType,
        WaitOptions,
        WaitStatus,
        WaitTarget,
    )
    from bsdproc.typed.enums import flags, known, names

_WHERE: Final = {
    ".auxv": "AuxType OldAuxType",
    ".kinfo": (
        "EventFilter FileFlags FileSlot FileStatus FileType KernProc KnoteData KnoteStatus "
        "KstackState KvmeProtection Limit LimitValue MapFlags PriorityClass PriorityRange "
        "ProcState Sysctl VmFlags VmType VnodeType"
    ),
    ".machine": "DebugAccess DebugControl DebugLength DebugStatus NoteVersion SveFlags XsaveArea",
    ".mount": "MountFlags UnmountFlags",
    ".process": (
        "CredentialFlags MachineProcFlags ProcFlags ProcFlags2 SessionFlags SignalActionFlags "
        "SwapFlags ThreadFlags TreeFlags"
    ),
    ".procctl": (
        "AslrPolicy KptiPolicy LaPolicy LogsigexitPolicy NoNewPrivs ProcctlCommand ProtectFlags "
        "ProtectOp ProtmaxPolicy ReaperKillFlags ReaperPidFlags ReaperStatusFlags StackgapFlags "
        "StatusFlags TraceControl TrapcapControl WxmapFlags X86ProcctlCommand"
    ),
    ".ptrace": (
        "Arm64Request ArmRequest CoredumpFlags FeatureControl I386Request IoOp LwpEvent "
        "LwpFlags MACHINE_REQUESTS Note PowerpcRequest ProgramNote PtraceEvents Request "
        "VmProtection X86Request"
    ),
    ".signals": (
        "BusCode CldCode FpeCode IllCode PollCode SIG_MAXSIG SegvCode SiCode Signal SignalCode "
        "TrapCode"
    ),
    ".wait": "IdType WaitOptions WaitStatus WaitTarget",
    "bsdproc.typed.enums": "flags known names",
}

__all__ = [
    "MACHINE_REQUESTS",
    "SIG_MAXSIG",
    "Arm64Request",
    "ArmRequest",
    "AslrPolicy",
    "AuxType",
    "BusCode",
    "CldCode",
    "CoredumpFlags",
    "CredentialFlags",
    "DebugAccess",
    "DebugControl",
    "DebugLength",
    "DebugStatus",
    "EventFilter",
    "FeatureControl",
    "FileFlags",
    "FileSlot",
    "FileStatus",
    "FileType",
    "FpeCode",
    "I386Request",
    "IdType",
    "IllCode",
    "IoOp",
    "KernProc",
    "KnoteData",
    "KnoteStatus",
    "KptiPolicy",
    "KstackState",
    "KvmeProtection",
    "LaPolicy",
    "Limit",
    "LimitValue",
    "LogsigexitPolicy",
    "LwpEvent",
    "LwpFlags",
    "MachineProcFlags",
    "MapFlags",
    "MountFlags",
    "NoNewPrivs",
    "Note",
    "NoteVersion",
    "OldAuxType",
    "PollCode",
    "PowerpcRequest",
    "PriorityClass",
    "PriorityRange",
    "ProcFlags",
    "ProcFlags2",
    "ProcState",
    "ProcctlCommand",
    "ProgramNote",
    "ProtectFlags",
    "ProtectOp",
    "ProtmaxPolicy",
    "PtraceEvents",
    "ReaperKillFlags",
    "ReaperPidFlags",
    "ReaperStatusFlags",
    "Request",
    "SegvCode",
    "SessionFlags",
    "SiCode",
    "Signal",
    "SignalActionFlags",
    "SignalCode",
    "StackgapFlags",
    "StatusFlags",
    "SveFlags",
    "SwapFlags",
    "Sysctl",
    "ThreadFlags",
    "TraceControl",
    "TrapCode",
    "TrapcapControl",
    "TreeFlags",
    "UnmountFlags",
    "VmFlags",
    "VmProtection",
    "VmType",
    "VnodeType",
    "WaitOptions",
    "WaitStatus",
    "WaitTarget",
    "WxmapFlags",
    "X86ProcctlCommand",
    "X86Request",
    "XsaveArea",
    "flags",
    "known",
    "names",
]

if not TYPE_CHECKING:
    __getattr__ = lazy.attributes(__name__, globals(), _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
