"""ptrace(2): one function for each request, under its name.

PT_LWPINFO is `lwpinfo`, PT_GETREGS is `getregs`, PT_CONTINUE is `cont` (`continue`
is Python's).  `pid` is a process's id or, where a request is about a thread, an
LWP's; an LWP's id may stand for its process everywhere.

Every function takes ``kernel=``.  What the kernel refuses is a `KernelError` with
the request's name, its target and, where it can be found out, the reason:

- `ProcessLookupError` (ESRCH): no such process or thread, or none that is visible;
- `PermissionError` (EPERM): it is not traced, or the caller may not trace it;
- EBUSY: another one traces it, it is not stopped, or it was not waited for.

A request that the machine does not have is `NotSupported` before any call, and one
that the running kernel predates is `TooOld`.  Wrong types and ranges are a
`TypeError` or `ValueError` before any call.
"""

from __future__ import annotations

from bsdproc.freebsd.constants.ptrace import (
    CoredumpFlags,
    IoOp,
    LwpEvent,
    LwpFlags,
    Note,
    PtraceEvents,
    VmProtection,
)
from bsdproc.freebsd.constants.signals import Signal, SignalCode
from bsdproc.freebsd.ptrace.control import (
    attach,
    clearstep,
    cont,
    detach,
    kill,
    resume,
    setstep,
    step,
    suspend,
    syscall,
    to_sce,
    to_scx,
    trace_me,
)
from bsdproc.freebsd.ptrace.core import Sink, coredump
from bsdproc.freebsd.ptrace.events import (
    ScRet,
    follow_fork,
    get_event_mask,
    get_sc_args,
    get_sc_ret,
    lwp_events,
    set_event_mask,
)
from bsdproc.freebsd.ptrace.lwp import LwpInfo, getlwplist, getnumlwps, lwpinfo
from bsdproc.freebsd.ptrace.memory import io, read, read_d, read_i, write, write_d, write_i
from bsdproc.freebsd.ptrace.regs import (
    getdbregs,
    getfpregs,
    getfsbase,
    getgsbase,
    getregs,
    gettlsbase,
    getvfpregs,
    getvfpregs32,
    getvrregs,
    getvsrregs,
    getxmmregs,
    setdbregs,
    setfpregs,
    setfsbase,
    setgsbase,
    setregs,
    settlsbase,
    setvfpregs,
    setvfpregs32,
    setvrregs,
    setvsrregs,
    setxmmregs,
)
from bsdproc.freebsd.ptrace.regset import (
    AddressMask,
    Prstatus,
    RegisterSet,
    SegmentBases,
    Settable,
    SveRegisters,
    getregset,
    getregset_bytes,
    getregset_size,
    setregset,
)
from bsdproc.freebsd.ptrace.remote import sc_remote
from bsdproc.freebsd.ptrace.vm import VmEntry, vm_entry, vm_map, vm_timestamp
from bsdproc.freebsd.ptrace.xstate import (
    XFeature,
    XState,
    XStateInfo,
    getxstate,
    getxstate_info,
    setxstate,
)
from bsdproc.freebsd.registers.debug import DebugRegisters
from bsdproc.freebsd.registers.floating import FpRegisters
from bsdproc.freebsd.registers.general import Registers
from bsdproc.freebsd.registers.vector import VfpRegisters, VmxRegisters, VsxRegisters, XmmRegisters
from bsdproc.freebsd.siginfo import Siginfo
from bsdproc.typed.transfer import Data

__all__ = [
    "AddressMask",
    "CoredumpFlags",
    "Data",
    "DebugRegisters",
    "FpRegisters",
    "IoOp",
    "LwpEvent",
    "LwpFlags",
    "LwpInfo",
    "Note",
    "Prstatus",
    "PtraceEvents",
    "RegisterSet",
    "Registers",
    "ScRet",
    "SegmentBases",
    "Settable",
    "Siginfo",
    "Signal",
    "SignalCode",
    "Sink",
    "SveRegisters",
    "VfpRegisters",
    "VmEntry",
    "VmProtection",
    "VmxRegisters",
    "VsxRegisters",
    "XFeature",
    "XState",
    "XStateInfo",
    "XmmRegisters",
    "attach",
    "clearstep",
    "cont",
    "coredump",
    "detach",
    "follow_fork",
    "get_event_mask",
    "get_sc_args",
    "get_sc_ret",
    "getdbregs",
    "getfpregs",
    "getfsbase",
    "getgsbase",
    "getlwplist",
    "getnumlwps",
    "getregs",
    "getregset",
    "getregset_bytes",
    "getregset_size",
    "gettlsbase",
    "getvfpregs",
    "getvfpregs32",
    "getvrregs",
    "getvsrregs",
    "getxmmregs",
    "getxstate",
    "getxstate_info",
    "io",
    "kill",
    "lwp_events",
    "lwpinfo",
    "read",
    "read_d",
    "read_i",
    "resume",
    "sc_remote",
    "set_event_mask",
    "setdbregs",
    "setfpregs",
    "setfsbase",
    "setgsbase",
    "setregs",
    "setregset",
    "setstep",
    "settlsbase",
    "setvfpregs",
    "setvfpregs32",
    "setvrregs",
    "setvsrregs",
    "setxmmregs",
    "setxstate",
    "step",
    "suspend",
    "syscall",
    "to_sce",
    "to_scx",
    "trace_me",
    "vm_entry",
    "vm_map",
    "vm_timestamp",
    "write",
    "write_d",
    "write_i",
]
