"""What the machine-independent kernel calls: `system.machdep`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.amd64 import trap as shared
from bsdproc.emulator.bsd.amd64.debug import load_debug
from bsdproc.emulator.bsd.amd64.frame import MAXUSER, PSL_RF, context_of, frame_of
from bsdproc.emulator.bsd.amd64.regs import set_syscall_retval, userret
from bsdproc.emulator.bsd.amd64.trap import PF, step_trap
from bsdproc.emulator.bsd.amd64.trapno import SEGV_ACCERR, SEGV_MAPERR, T_PAGEFLT
from bsdproc.emulator.bsd.state import KSigInfo
from bsdproc.emulator.dragonfly.signo import SIGSEGV
from bsdproc.emulator.dragonfly.x86_64.regs import (
    cpu_fork,
    exec_setregs,
    fetch_syscall_args,
    getdbregs,
    getfpregs,
    getregs,
    interrupted,
    prepare_lwp,
    set_pc,
    set_user_base,
    setdbregs,
    setfpregs,
    setregs,
)
from bsdproc.emulator.dragonfly.x86_64.signal import SIGTRAMP, sendsig, siginfo, sigreturn
from bsdproc.emulator.dragonfly.x86_64.stack import image_base, linker_base, setup_stack

if TYPE_CHECKING:
    from bsdproc.emulator.bsd import state
    from bsdproc.emulator.machine.cpu import Cpu

MACHINES: Final = ("amd64",)
"""Whose programs run, as `emulator.elf` names them."""
SYSCALL_GATE: Final = 0x80
GET: Final = {33: getregs, 35: getfpregs, 37: getdbregs}
SET: Final = {34: setregs, 36: setfpregs, 38: setdbregs}
"""By ptrace request."""

__all__ = ["GET", "MACHINES", "SET", "SIGTRAMP", "cpu_fork", "exec_setregs",
           "fetch_syscall_args", "getdbregs", "getfpregs", "getregs", "image_base",
           "interrupted", "is_syscall_gate", "linker_base", "load_debug", "prepare_lwp", "sendsig",
           "set_pc", "set_syscall_retval", "set_user_base", "setdbregs", "setfpregs", "setregs",
           "setup_stack", "siginfo", "sigreturn", "step_trap", "syscall_instruction", "trap",
           "userret"]


def syscall_instruction(td: state.Thread) -> KSigInfo | None:
    """None: it is a system call."""
    return None


def is_syscall_gate(cpu: Cpu, td: state.Thread) -> bool:
    """int $0x80 is no way into this kernel."""
    return False


def trap(cpu: Cpu, td: state.Thread) -> KSigInfo:
    """What the lwp's program is told of the exception that stopped it."""
    if cpu.vector != PF:
        return shared.trap(cpu, td)
    context, f = context_of(td), frame_of(td)
    context.set("rflags", context.get("rflags") | PSL_RF)
    f.trapno, f.err, f.addr = T_PAGEFLT, cpu.error_code, cpu.address
    space = td.proc.space
    assert space is not None
    mapped = cpu.address < MAXUSER and space.entry_at(cpu.address) is not None
    return KSigInfo(SIGSEGV, SEGV_ACCERR if mapped else SEGV_MAPERR, addr=cpu.address,
                    trapno=T_PAGEFLT)
