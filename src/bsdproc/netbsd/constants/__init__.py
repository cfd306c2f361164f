"""NetBSD's constants, under their C names: `constants.PtraceEvents.PTRACE_FORK`.

An enum's module is loaded when the enum is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.typed import lazy

if TYPE_CHECKING:
    from bsdproc.netbsd.constants.auxv import (
        AuxType,
        MipsAuxType,
    )
    from bsdproc.netbsd.constants.kinfo import (
        CpuNumber,
        FileFlags,
        FileType,
        KernFile,
        KernProc,
        Limit,
        LimitBound,
        LimitValue,
        PaxFlags,
        ProcArgs,
        ProcPid,
        ProcPidLimit,
        ProcPidSelf,
        Sysctl,
        TtyFilter,
        VmFlags,
        VmProtection,
        VmType,
        VnodeType,
    )
    from bsdproc.netbsd.constants.machine import (
        FpuControl,
        FpuStatus,
    )
    from bsdproc.netbsd.constants.process import (
        LeaderFlags,
        LwpFlags,
        LwpState,
        ProcFlags,
        ProcState,
        SessionFlags,
    )
    from bsdproc.netbsd.constants.procfs import (
        MountFlags,
        ProcfsMount,
        ProcfsVersion,
    )
    from bsdproc.netbsd.constants.ptrace import (
        MACHINE_BREAKPOINTS,
        MACHINE_REQUESTS,
        Aarch64Request,
        Amd64Request,
        ArmBreakpoint,
        ArmRequest,
        CoreNote,
        I386Request,
        IoOp,
        LwpEvent,
        MipsRequest,
        PowerpcRequest,
        PtraceEvents,
        Request,
        RiscBreakpoint,
        RiscvBreakpoint,
        RiscvRequest,
        SparcRequest,
        X86Breakpoint,
    )
    from bsdproc.netbsd.constants.signals import (
        NSIG,
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
    from bsdproc.netbsd.constants.wait import (
        IdType,
        WaitOptions,
        WaitStatus,
        WaitTarget,
    )
    from bsdproc.typed.enums import flags, known, names

_WHERE: Final = {
    ".auxv": "AuxType MipsAuxType",
    ".kinfo": (
        "CpuNumber FileFlags FileType KernFile KernProc Limit LimitBound LimitValue PaxFlags "
        "ProcArgs ProcPid ProcPidLimit ProcPidSelf Sysctl TtyFilter VmFlags VmProtection VmType "
        "VnodeType"
    ),
    ".machine": "FpuControl FpuStatus",
    ".process": "LeaderFlags LwpFlags LwpState ProcFlags ProcState SessionFlags",
    ".procfs": "MountFlags ProcfsMount ProcfsVersion",
    ".ptrace": (
        "Aarch64Request Amd64Request ArmBreakpoint ArmRequest CoreNote I386Request IoOp "
        "LwpEvent MACHINE_BREAKPOINTS MACHINE_REQUESTS MipsRequest PowerpcRequest PtraceEvents "
        "Request RiscBreakpoint RiscvBreakpoint RiscvRequest SparcRequest X86Breakpoint"
    ),
    ".signals": (
        "BusCode CldCode FpeCode IllCode NSIG PollCode SIG_MAXSIG SegvCode SiCode Signal "
        "SignalCode TrapCode"
    ),
    ".wait": "IdType WaitOptions WaitStatus WaitTarget",
    "bsdproc.typed.enums": "flags known names",
}

__all__ = [
    "MACHINE_BREAKPOINTS",
    "MACHINE_REQUESTS",
    "NSIG",
    "SIG_MAXSIG",
    "Aarch64Request",
    "Amd64Request",
    "ArmBreakpoint",
    "ArmRequest",
    "AuxType",
    "BusCode",
    "CldCode",
    "CoreNote",
    "CpuNumber",
    "FileFlags",
    "FileType",
    "FpeCode",
    "FpuControl",
    "FpuStatus",
    "I386Request",
    "IdType",
    "IllCode",
    "IoOp",
    "KernFile",
    "KernProc",
    "LeaderFlags",
    "Limit",
    "LimitBound",
    "LimitValue",
    "LwpEvent",
    "LwpFlags",
    "LwpState",
    "MipsAuxType",
    "MipsRequest",
    "MountFlags",
    "PaxFlags",
    "PollCode",
    "PowerpcRequest",
    "ProcArgs",
    "ProcFlags",
    "ProcPid",
    "ProcPidLimit",
    "ProcPidSelf",
    "ProcState",
    "ProcfsMount",
    "ProcfsVersion",
    "PtraceEvents",
    "Request",
    "RiscBreakpoint",
    "RiscvBreakpoint",
    "RiscvRequest",
    "SegvCode",
    "SessionFlags",
    "SiCode",
    "Signal",
    "SignalCode",
    "SparcRequest",
    "Sysctl",
    "TrapCode",
    "TtyFilter",
    "VmFlags",
    "VmProtection",
    "VmType",
    "VnodeType",
    "WaitOptions",
    "WaitStatus",
    "WaitTarget",
    "X86Breakpoint",
    "flags",
    "known",
    "names",
]

if not TYPE_CHECKING:
    __getattr__ = lazy.attributes(__name__, globals(), _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
