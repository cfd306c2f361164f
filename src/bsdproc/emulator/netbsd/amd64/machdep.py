"""What the machine-independent kernel calls: `system.machdep` on amd64."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.amd64 import regs as common
from bsdproc.emulator.bsd.amd64.debug import getdbregs, load_debug, setdbregs
from bsdproc.emulator.bsd.amd64.fpu import getfpregs, setfpregs
from bsdproc.emulator.bsd.amd64.frame import frame_of
from bsdproc.emulator.bsd.amd64.regs import copy_thread, cpu_fork, fetch_syscall_args
from bsdproc.emulator.netbsd.amd64.regs import (
    exec_setregs,
    getregs,
    set_pc,
    setregs,
    step_trap,
    trap,
    userret,
)
from bsdproc.emulator.netbsd.amd64.signal import sendsig, setcontext, siginfo
from bsdproc.emulator.netbsd.amd64.stack import image_base, linker_base, setup_stack
from bsdproc.emulator.netbsd.errno import OWN

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import KSigInfo, Thread
    from bsdproc.emulator.machine.cpu import Cpu
    from bsdproc.emulator.netbsd.system import System

MACHINES = ("amd64",)
"""Whose programs run."""

__all__ = [
    "MACHINES",
    "copy_thread", "cpu_fork", "exec_setregs", "fetch_syscall_args", "getdbregs", "getfpregs",
    "getregs", "image_base", "is_syscall_gate", "linker_base", "load_debug", "sendsig", "set_pc",
    "set_syscall_retval", "setcontext", "setdbregs", "setfpregs", "setregs", "setup_stack",
    "siginfo", "sigreturn", "step_trap", "syscall_instruction", "trap", "user_siginfo", "userret",
]


def syscall_instruction(td: Thread) -> KSigInfo | None:
    """Always a system call."""
    return None


def is_syscall_gate(cpu: Cpu, td: Thread) -> bool:
    """int $0x80, which programs of NetBSD 1.4 used."""
    if cpu.vector != 0x80:
        return False
    common.int80_syscall(td)
    return True


def set_syscall_retval(td: Thread, error: int, retval: tuple[int, int]) -> None:
    """Results and no carry, or NetBSD's error number and carry; a call that is made
    again comes back by sysret as well."""
    frame = frame_of(td)
    full_iret = frame.full_iret
    common.set_syscall_retval(td, OWN.get(error, error), retval)
    frame.full_iret = full_iret


def user_siginfo(td: Thread, ksi: KSigInfo) -> bytes:
    return siginfo(ksi)


def sigreturn(system: System, td: Thread, address: int) -> None:
    setcontext(system, td, address)
