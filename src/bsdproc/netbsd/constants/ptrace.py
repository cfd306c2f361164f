"""Requests, events and flags of ptrace(2) (<sys/ptrace.h>, <machine/ptrace.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class Request(IntEnum):
    """PT_*: the requests that every machine has."""

    PT_TRACE_ME = 0
    PT_READ_I = 1
    PT_READ_D = 2
    PT_WRITE_I = 4
    PT_WRITE_D = 5
    PT_CONTINUE = 7
    PT_KILL = 8
    PT_ATTACH = 9
    PT_DETACH = 10
    PT_IO = 11
    PT_DUMPCORE = 12
    PT_LWPINFO = 13
    PT_SYSCALL = 14
    PT_SYSCALLEMU = 15
    PT_SET_EVENT_MASK = 16
    PT_GET_EVENT_MASK = 17
    PT_GET_PROCESS_STATE = 18
    PT_SET_SIGINFO = 19
    PT_GET_SIGINFO = 20
    PT_RESUME = 21
    PT_SUSPEND = 22
    PT_STOP = 23
    PT_LWPSTATUS = 24
    PT_LWPNEXT = 25
    PT_SET_SIGPASS = 26
    PT_GET_SIGPASS = 27
    PT_FIRSTMACH = 32


# The machines' own requests begin at PT_FIRSTMACH, in each machine's own order.


class Amd64Request(IntEnum):
    """PT_*: requests of amd64."""

    PT_STEP = 32
    PT_GETREGS = 33
    PT_SETREGS = 34
    PT_GETFPREGS = 35
    PT_SETFPREGS = 36
    PT_GETDBREGS = 37
    PT_SETDBREGS = 38
    PT_SETSTEP = 39
    PT_CLEARSTEP = 40
    PT_GETXSTATE = 41
    PT_SETXSTATE = 42


class I386Request(IntEnum):
    """PT_*: requests of i386."""

    PT_STEP = 32
    PT_GETREGS = 33
    PT_SETREGS = 34
    PT_GETFPREGS = 35
    PT_SETFPREGS = 36
    PT_GETXMMREGS = 37
    PT_SETXMMREGS = 38
    PT_GETDBREGS = 39
    PT_SETDBREGS = 40
    PT_SETSTEP = 41
    PT_CLEARSTEP = 42
    PT_GETXSTATE = 43
    PT_SETXSTATE = 44


class Aarch64Request(IntEnum):
    """PT_*: requests of aarch64."""

    PT_GETREGS = 32
    PT_SETREGS = 33
    PT_GETFPREGS = 34
    PT_SETFPREGS = 35
    PT_STEP = 36
    PT_SETSTEP = 37
    PT_CLEARSTEP = 38


class ArmRequest(IntEnum):
    """PT_*: requests of arm."""

    PT_GETREGS = 33
    PT_SETREGS = 34
    PT_GETFPREGS = 37
    PT_SETFPREGS = 38


class MipsRequest(IntEnum):
    """PT_*: requests of mipseb and mipsel."""

    PT_GETREGS = 33
    PT_SETREGS = 34
    PT_GETFPREGS = 35
    PT_SETFPREGS = 36


class PowerpcRequest(IntEnum):
    """PT_*: requests of powerpc."""

    PT_STEP = 32
    PT_GETREGS = 33
    PT_SETREGS = 34
    PT_GETFPREGS = 35
    PT_SETFPREGS = 36
    PT_GETVECREGS = 37
    PT_SETVECREGS = 38
    PT_SETSTEP = 39
    PT_CLEARSTEP = 40


class RiscvRequest(IntEnum):
    """PT_*: requests of riscv32 and riscv64."""

    PT_GETREGS = 32
    PT_SETREGS = 33
    PT_GETFPREGS = 34
    PT_SETFPREGS = 35


class SparcRequest(IntEnum):
    """PT_*: requests of sparc and sparc64."""

    PT_GETREGS = 32
    PT_SETREGS = 33
    PT_GETFPREGS = 34
    PT_SETFPREGS = 35


MACHINE_REQUESTS: dict[str, type[IntEnum]] = {
    "amd64": Amd64Request,
    "i386": I386Request,
    "aarch64": Aarch64Request,
    "arm": ArmRequest,
    "riscv64": RiscvRequest,
    "riscv32": RiscvRequest,
    "powerpc": PowerpcRequest,
    "sparc": SparcRequest,
    "sparc64": SparcRequest,
    "mipseb": MipsRequest,
    "mipsel": MipsRequest,
}
"""The enum of a machine's own requests, by machine."""


class PtraceEvents(Flag, boundary=KEEP):
    """PTRACE_*: the events that a tracee stops for (PT_GET_EVENT_MASK)."""

    PTRACE_FORK = 0x1
    PTRACE_VFORK = 0x2
    PTRACE_VFORK_DONE = 0x4
    PTRACE_LWP_CREATE = 0x8
    PTRACE_LWP_EXIT = 0x10
    PTRACE_POSIX_SPAWN = 0x20


class IoOp(IntEnum):
    """PIOD_*: operations of PT_IO.  Instruction and data space are one."""

    PIOD_READ_D = 1
    PIOD_WRITE_D = 2
    PIOD_READ_I = 3
    PIOD_WRITE_I = 4
    PIOD_READ_AUXV = 5


class LwpEvent(IntEnum):
    """PL_EVENT_*: why an LWP stopped (PT_LWPINFO)."""

    PL_EVENT_NONE = 0
    PL_EVENT_SIGNAL = 1
    PL_EVENT_SUSPENDED = 2


class X86Breakpoint(IntEnum):
    """PTRACE_BREAKPOINT_*: the breakpoint of amd64, i386, in bytes."""

    PTRACE_BREAKPOINT_ADJ = 1
    PTRACE_BREAKPOINT_SIZE = 1


class RiscBreakpoint(IntEnum):
    """PTRACE_BREAKPOINT_*: the breakpoint of the other machines, in bytes."""

    PTRACE_BREAKPOINT_SIZE = 4


class ArmBreakpoint(IntEnum):
    """PTRACE_BREAKPOINT_*: the breakpoint of arm, in bytes."""

    PTRACE_BREAKPOINT_SIZE = 0x4
    PTRACE_BREAKPOINT_INSN = 0xe7ffdefe


class RiscvBreakpoint(IntEnum):
    """PTRACE_BREAKPOINT_*: the breakpoint of riscv32, riscv64, in bytes."""

    PTRACE_BREAKPOINT_SIZE = 2


MACHINE_BREAKPOINTS: dict[str, type[IntEnum]] = {
    "amd64": X86Breakpoint,
    "i386": X86Breakpoint,
    "aarch64": RiscBreakpoint,
    "arm": ArmBreakpoint,
    "riscv64": RiscvBreakpoint,
    "riscv32": RiscvBreakpoint,
    "powerpc": RiscBreakpoint,
    "sparc": RiscBreakpoint,
    "sparc64": RiscBreakpoint,
    "mipseb": RiscBreakpoint,
    "mipsel": RiscBreakpoint,
}
"""The enum of a machine's breakpoint instruction, by machine."""


class CoreNote(IntEnum):
    """ELF_NOTE_NETBSD_CORE_*: notes of a core (<sys/exec_elf.h>)."""

    ELF_NOTE_NETBSD_CORE_PROCINFO = 1
    ELF_NOTE_NETBSD_CORE_AUXV = 2
