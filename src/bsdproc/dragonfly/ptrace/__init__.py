"""ptrace(2): one function for each request, under its name.

PT_GETREGS is `getregs`, PT_CONTINUE is `cont` (`continue` is Python's).  DragonFly's
requests are those of 4.4BSD: `pid` is a process's id, there are no threads, events or
system calls to stop for.

Every function takes ``kernel=``.  What the kernel refuses is a `KernelError` with
the request's name, its target and, where it can be found out, the reason:

- `ProcessLookupError` (ESRCH): no such process, a zombie, or one of another jail;
- `PermissionError` (EPERM): it is not traced, or the caller may not trace it;
- EBUSY: another one traces it, it is not stopped, or it was not waited for;
- EINVAL: init and process 0, which nobody may trace.

Wrong types and ranges are a `TypeError` or `ValueError` before any call.
"""

from __future__ import annotations

from bsdproc.dragonfly.constants.ptrace import IoOp
from bsdproc.dragonfly.ptrace.control import attach, cont, detach, kill, step, trace_me
from bsdproc.dragonfly.ptrace.memory import io, read, read_d, read_i, write, write_d, write_i
from bsdproc.dragonfly.ptrace.regs import (
    getdbregs,
    getfpregs,
    getregs,
    setdbregs,
    setfpregs,
    setregs,
)
from bsdproc.dragonfly.registers.x86_64 import (
    X86_64DebugRegisters,
    X86_64FpRegisters,
    X86_64Registers,
)
from bsdproc.typed.transfer import Data

__all__ = [
    "Data",
    "IoOp",
    "X86_64DebugRegisters",
    "X86_64FpRegisters",
    "X86_64Registers",
    "attach",
    "cont",
    "detach",
    "getdbregs",
    "getfpregs",
    "getregs",
    "io",
    "kill",
    "read",
    "read_d",
    "read_i",
    "setdbregs",
    "setfpregs",
    "setregs",
    "step",
    "trace_me",
    "write",
    "write_d",
    "write_i",
]
