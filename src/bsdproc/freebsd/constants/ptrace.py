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
    PT_STEP = 9
    PT_ATTACH = 10
    PT_DETACH = 11
    PT_IO = 12
    PT_LWPINFO = 13
    PT_GETNUMLWPS = 14
    PT_GETLWPLIST = 15
    PT_CLEARSTEP = 16
    PT_SETSTEP = 17
    PT_SUSPEND = 18
    PT_RESUME = 19
    PT_TO_SCE = 20
    PT_TO_SCX = 21
    PT_SYSCALL = 22
    PT_FOLLOW_FORK = 23
    PT_LWP_EVENTS = 24
    PT_GET_EVENT_MASK = 25
    PT_SET_EVENT_MASK = 26
    PT_GET_SC_ARGS = 27
    PT_GET_SC_RET = 28
    PT_COREDUMP = 29
    PT_GETREGS = 33
    PT_SETREGS = 34
    PT_GETFPREGS = 35
    PT_SETFPREGS = 36
    PT_GETDBREGS = 37
    PT_SETDBREGS = 38
    PT_VM_TIMESTAMP = 40
    PT_VM_ENTRY = 41
    PT_GETREGSET = 42
    PT_SETREGSET = 43
    PT_SC_REMOTE = 44
    PT_FIRSTMACH = 64
    PT_LASTMACH = 127


# The machines' own requests begin at PT_FIRSTMACH and overlap, so that each
# machine has an enum of its own.


class X86Request(IntEnum):
    """PT_*: requests of amd64 and i386."""

    PT_GETXSTATE_INFO = 68
    PT_GETXSTATE = 69
    PT_SETXSTATE = 70
    PT_GETFSBASE = 71
    PT_SETFSBASE = 72
    PT_GETGSBASE = 73
    PT_SETGSBASE = 74
    PT_GETTLSBASE = 75
    PT_SETTLSBASE = 76


class I386Request(IntEnum):
    """PT_*: requests of i386 alone."""

    PT_GETXMMREGS = 64
    PT_SETXMMREGS = 65


class ArmRequest(IntEnum):
    """PT_*: requests of arm."""

    PT_GETVFPREGS = 64
    PT_SETVFPREGS = 65


class Arm64Request(IntEnum):
    """PT_*: requests of arm64, for its 32-bit processes."""

    PT_GETVFPREGS32 = 64
    PT_SETVFPREGS32 = 65


class PowerpcRequest(IntEnum):
    """PT_*: requests of powerpc64 and powerpc64le."""

    PT_GETVRREGS = 64
    PT_SETVRREGS = 65
    PT_GETVSRREGS = 66
    PT_SETVSRREGS = 67


MACHINE_REQUESTS: dict[str, tuple[type[IntEnum], ...]] = {
    "amd64": (X86Request,),
    "i386": (X86Request, I386Request),
    "arm": (ArmRequest,),
    "arm64": (Arm64Request,),
    "riscv64": (),
    "powerpc64": (PowerpcRequest,),
    "powerpc64le": (PowerpcRequest,),
}
"""The enums of a machine's own requests, by machine."""


class PtraceEvents(Flag, boundary=KEEP):
    """PTRACE_*: the events that a tracee stops for (PT_GET_EVENT_MASK)."""

    PTRACE_EXEC = 0x1
    PTRACE_SCE = 0x2
    PTRACE_SCX = 0x4
    PTRACE_SYSCALL = 0x6
    PTRACE_FORK = 0x8
    PTRACE_LWP = 0x10
    PTRACE_VFORK = 0x20
    PTRACE_DEFAULT = 0x1


class LwpEvent(IntEnum):
    """PL_EVENT_*: why an LWP stopped."""

    PL_EVENT_NONE = 0
    PL_EVENT_SIGNAL = 1


class LwpFlags(Flag, boundary=KEEP):
    """PL_FLAG_*: what is to be said of a stop."""

    PL_FLAG_SA = 0x1
    PL_FLAG_BOUND = 0x2
    PL_FLAG_SCE = 0x4
    PL_FLAG_SCX = 0x8
    PL_FLAG_EXEC = 0x10
    PL_FLAG_SI = 0x20
    PL_FLAG_FORKED = 0x40
    PL_FLAG_CHILD = 0x80
    PL_FLAG_BORN = 0x100
    PL_FLAG_EXITED = 0x200
    PL_FLAG_VFORKED = 0x400
    PL_FLAG_VFORK_DONE = 0x800


class IoOp(IntEnum):
    """PIOD_*: operations of PT_IO.  Instruction and data space are one."""

    PIOD_READ_D = 1
    PIOD_WRITE_D = 2
    PIOD_READ_I = 3
    PIOD_WRITE_I = 4


class CoredumpFlags(Flag, boundary=KEEP):
    """PC_*: flags of PT_COREDUMP."""

    PC_COMPRESS = 0x1
    PC_ALL = 0x2


class VmProtection(Flag, boundary=KEEP):
    """VM_PROT_*: what a mapping permits (<vm/vm.h>, pve_prot)."""

    VM_PROT_READ = 0x1
    VM_PROT_WRITE = 0x2
    VM_PROT_EXECUTE = 0x4


class Note(IntEnum):
    """NT_*: register sets of PT_GETREGSET and notes of a core (<sys/elf_common.h>)."""

    NT_PRSTATUS = 0x1
    NT_FPREGSET = 0x2
    NT_PRPSINFO = 0x3
    NT_THRMISC = 0x7
    NT_PROCSTAT_PROC = 0x8
    NT_PROCSTAT_FILES = 0x9
    NT_PROCSTAT_VMMAP = 0xA
    NT_PROCSTAT_GROUPS = 0xB
    NT_PROCSTAT_UMASK = 0xC
    NT_PROCSTAT_RLIMIT = 0xD
    NT_PROCSTAT_OSREL = 0xE
    NT_PROCSTAT_PSSTRINGS = 0xF
    NT_PROCSTAT_AUXV = 0x10
    NT_PTLWPINFO = 0x11
    NT_PROCSTAT_KQUEUES = 0x12
    NT_PPC_VMX = 0x100
    NT_PPC_VSX = 0x102
    NT_X86_SEGBASES = 0x200
    NT_X86_XSTATE = 0x202
    NT_ARM_VFP = 0x400
    NT_ARM_TLS = 0x401
    NT_ARM_SVE = 0x405
    NT_ARM_ADDR_MASK = 0x406


class ProgramNote(IntEnum):
    """NT_FREEBSD_*: notes of a program file."""

    NT_FREEBSD_ABI_TAG = 1
    NT_FREEBSD_NOINIT_TAG = 2
    NT_FREEBSD_ARCH_TAG = 3
    NT_FREEBSD_FEATURE_CTL = 4


class FeatureControl(Flag, boundary=KEEP):
    """NT_FREEBSD_FCTL_*: bits of NT_FREEBSD_FEATURE_CTL; elfctl(1).

    They are what a program asks for of the settings that procctl(2) forces."""

    NT_FREEBSD_FCTL_ASLR_DISABLE = 0x1
    NT_FREEBSD_FCTL_PROTMAX_DISABLE = 0x2
    NT_FREEBSD_FCTL_STKGAP_DISABLE = 0x4
    NT_FREEBSD_FCTL_WXNEEDED = 0x8
    NT_FREEBSD_FCTL_LA48 = 0x10
    NT_FREEBSD_FCTL_LA57 = 0x40
