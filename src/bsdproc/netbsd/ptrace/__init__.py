"""ptrace(2): one function for each request, under its name.

PT_LWPSTATUS is `lwpstatus`, PT_GETREGS is `getregs`, PT_CONTINUE is `cont` (`continue`
is Python's).  `pid` is a process's id, and an LWP's id is an argument beside it: from
NetBSD 10 on the first LWP has the process's number and the others have numbers that no
process has; before, they are numbered from 1 in each process.

Every function takes ``kernel=``.  What the kernel refuses is a `KernelError` with
the request's name, its target and, where it can be found out, the reason:

- `ProcessLookupError` (ESRCH): no such process or LWP;
- `PermissionError` (EPERM): it is not traced, or the caller may not trace it;
- EBUSY: another one traces it, it is not stopped, or it was not waited for.

A request that the machine does not have is `NotSupported` before any call, and one
that the running kernel predates is `TooOld`.  Wrong types and ranges are a
`TypeError` or `ValueError` before any call.
"""

from __future__ import annotations

from bsdproc.netbsd.auxv import AuxEntry
from bsdproc.netbsd.constants.auxv import AuxType
from bsdproc.netbsd.constants.ptrace import IoOp, LwpEvent, PtraceEvents
from bsdproc.netbsd.constants.signals import Signal, SignalCode
from bsdproc.netbsd.ptrace.control import (
    attach,
    clearstep,
    cont,
    detach,
    kill,
    resume,
    setstep,
    step,
    stop,
    suspend,
    syscall,
    syscallemu,
    trace_me,
)
from bsdproc.netbsd.ptrace.core import (
    dumpcore,
)
from bsdproc.netbsd.ptrace.events import (
    ProcessState,
    PtraceSiginfo,
    get_event_mask,
    get_process_state,
    get_siginfo,
    get_sigpass,
    set_event_mask,
    set_siginfo,
    set_sigpass,
)
from bsdproc.netbsd.ptrace.lwp import (
    LwpInfo,
    LwpStatus,
    lwpinfo,
    lwpnext,
    lwps,
    lwpstatus,
)
from bsdproc.netbsd.ptrace.memory import (
    auxv,
    io,
    read,
    read_d,
    read_i,
    write,
    write_d,
    write_i,
)
from bsdproc.netbsd.ptrace.regs import (
    getdbregs,
    getfpregs,
    getregs,
    getvecregs,
    getxmmregs,
    getxstate,
    setdbregs,
    setfpregs,
    setregs,
    setvecregs,
    setxmmregs,
    setxstate,
)
from bsdproc.netbsd.registers.debug import DebugRegisters
from bsdproc.netbsd.registers.floating import FpRegisters
from bsdproc.netbsd.registers.general import Registers
from bsdproc.netbsd.registers.vector import VectorRegisters, XFeature, XmmRegisters, XState
from bsdproc.netbsd.siginfo import Siginfo
from bsdproc.typed.transfer import Data

__all__ = [
    "AuxEntry",
    "AuxType",
    "Data",
    "DebugRegisters",
    "FpRegisters",
    "IoOp",
    "LwpEvent",
    "LwpInfo",
    "LwpStatus",
    "ProcessState",
    "PtraceEvents",
    "PtraceSiginfo",
    "Registers",
    "Siginfo",
    "Signal",
    "SignalCode",
    "VectorRegisters",
    "XFeature",
    "XState",
    "XmmRegisters",
    "attach",
    "auxv",
    "clearstep",
    "cont",
    "detach",
    "dumpcore",
    "get_event_mask",
    "get_process_state",
    "get_siginfo",
    "get_sigpass",
    "getdbregs",
    "getfpregs",
    "getregs",
    "getvecregs",
    "getxmmregs",
    "getxstate",
    "io",
    "kill",
    "lwpinfo",
    "lwpnext",
    "lwps",
    "lwpstatus",
    "read",
    "read_d",
    "read_i",
    "resume",
    "set_event_mask",
    "set_siginfo",
    "set_sigpass",
    "setdbregs",
    "setfpregs",
    "setregs",
    "setstep",
    "setvecregs",
    "setxmmregs",
    "setxstate",
    "step",
    "stop",
    "suspend",
    "syscall",
    "syscallemu",
    "trace_me",
    "write",
    "write_d",
    "write_i",
]
