"""What the machine-independent kernel calls: `system.machdep` on amd64.

Where an i386 program's thread is another matter, the choice is made here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.amd64 import regs
from bsdproc.emulator.bsd.amd64.debug import clear as clear_dbregs
from bsdproc.emulator.bsd.amd64.debug import getdbregs, load_debug, setdbregs
from bsdproc.emulator.bsd.amd64.fpu import getfpregs, getxstate, setfpregs, setxstate
from bsdproc.emulator.bsd.amd64.regs import (
    clear_single_step,
    copy_thread,
    cpu_fork,
    getregs,
    int80_syscall,
    set_pc,
    set_syscall_retval,
    setregs,
    single_step,
    userret,
)
from bsdproc.emulator.bsd.amd64.trap import illegal_syscall, step_trap, trap
from bsdproc.emulator.freebsd import ktrace
from bsdproc.emulator.freebsd.amd64 import signal
from bsdproc.emulator.freebsd.amd64.abi import ELF32
from bsdproc.emulator.freebsd.amd64.procctl import cpu_procctl
from bsdproc.emulator.freebsd.amd64.regset import (
    core_notes,
    get_regset,
    regset_size,
    set_regset,
)
from bsdproc.emulator.freebsd.amd64.request import machine_request, set_user_base
from bsdproc.emulator.freebsd.amd64.signal import siginfo, sigonstack
from bsdproc.emulator.freebsd.amd64.stack import image_base, linker_base, setup_stack
from bsdproc.emulator.freebsd.ia32 import regs as regs32
from bsdproc.emulator.freebsd.ia32 import signal as signal32
from bsdproc.emulator.freebsd.vm_entry import ptrace_vm_entry

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import KSigInfo, SigAction, Thread
    from bsdproc.emulator.freebsd.system import System
    from bsdproc.emulator.machine.cpu import Cpu

MACHINES = ("amd64", "i386")
"""Whose programs run."""
SYSCALL_GATE = 0x80

__all__ = [
    "MACHINES",
    "clear_dbregs", "clear_single_step", "copy_thread", "core_notes", "cpu_fork", "cpu_procctl",
    "cpu_set_upcall", "cpu_set_user_tls", "exec_setregs", "fetch_syscall_args", "get_regset",
    "getdbregs", "getfpregs", "getregs", "getxstate", "image_base", "is_syscall_gate",
    "linker_base", "load_debug", "machine_request", "ptrace_vm_entry", "regset_size", "sendsig",
    "set_pc", "set_regset", "set_syscall_retval", "set_user_base", "setdbregs", "setfpregs",
    "setregs", "setup_stack", "setxstate", "siginfo", "sigonstack", "sigreturn", "single_step",
    "step_trap", "syscall_instruction", "trap", "user_siginfo", "userret",
]


def exec_setregs(td: Thread, entry: int, stack: int) -> None:
    """The registers of a new program; `stack` is what `setup_stack` returned."""
    if td.proc.sysent == ELF32.name:
        regs32.exec_setregs(td, entry, stack)
    else:
        regs.exec_setregs(td, entry, stack)


def fetch_syscall_args(
    td: Thread, narg_of: Callable[[int], int]
) -> tuple[int, int, tuple[int, ...]]:
    """sv_fetch_syscall_args: number, number of arguments, arguments."""
    if td.md is not None and td.md.ia32:
        return regs32.fetch_syscall_args(td, narg_of)
    return regs.fetch_syscall_args(td, narg_of)


def syscall_instruction(td: Thread) -> KSigInfo | None:
    """None for a system call.  For an i386 program the processor has no such
    instruction."""
    if td.md is None or not td.md.ia32:
        return None
    return illegal_syscall(td)


def is_syscall_gate(cpu: Cpu, td: Thread) -> bool:
    """Whether the exception is int $0x80: a system call, for every program."""
    if cpu.vector != SYSCALL_GATE:
        return False
    int80_syscall(td)
    return True


def cpu_set_upcall(td: Thread, entry: int, argument: int, stack_base: int,
                   stack_size: int) -> None:
    """Where a new thread begins (call `copy_thread` first)."""
    if td.md is not None and td.md.ia32:
        regs32.cpu_set_upcall(td, entry, argument, stack_base, stack_size)
    else:
        regs.cpu_set_upcall(td, entry, argument, stack_base, stack_size)


def cpu_set_user_tls(td: Thread, base: int) -> None:
    if td.md is not None and td.md.ia32:
        regs32.cpu_set_user_tls(td, base)
    else:
        regs.cpu_set_user_tls(td, base)


def sendsig(system: System, td: Thread, action: SigAction, ksi: KSigInfo,
            mask: frozenset[int]) -> bool:
    """sv_sendsig; False when the stack cannot take the frame."""
    if td.proc in system.ktraced:
        ktrace.signal(system, td, ksi.signo, action, mask, ksi.code)
    if td.md is not None and td.md.ia32:
        return signal32.sendsig(system, td, action, ksi, mask)
    return signal.sendsig(system, td, action, ksi, mask)


def sigreturn(system: System, td: Thread, address: int) -> None:
    if td.md is not None and td.md.ia32:
        signal32.sigreturn(system, td, address)
    else:
        signal.sigreturn(system, td, address)


def user_siginfo(td: Thread, ksi: KSigInfo) -> bytes:
    """siginfo_t as the thread's program has it."""
    if td.proc.sysent == ELF32.name:
        return signal32.siginfo(ksi)
    return siginfo(ksi)
