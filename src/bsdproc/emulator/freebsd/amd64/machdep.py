"""What the machine-independent kernel calls: `system.machdep` on amd64."""

from __future__ import annotations

from bsdproc.emulator.freebsd.amd64.debug import clear as clear_dbregs
from bsdproc.emulator.freebsd.amd64.debug import getdbregs, load_debug, setdbregs
from bsdproc.emulator.freebsd.amd64.fpu import getfpregs, getxstate, setfpregs, setxstate
from bsdproc.emulator.freebsd.amd64.notes import core_notes
from bsdproc.emulator.freebsd.amd64.procctl import cpu_procctl
from bsdproc.emulator.freebsd.amd64.regs import (
    clear_single_step,
    copy_thread,
    cpu_fork,
    cpu_set_upcall,
    cpu_set_user_tls,
    exec_setregs,
    fetch_syscall_args,
    getregs,
    set_pc,
    set_syscall_retval,
    setregs,
    single_step,
    userret,
)
from bsdproc.emulator.freebsd.amd64.request import (
    get_regset,
    machine_request,
    regset_size,
    set_regset,
    set_user_base,
)
from bsdproc.emulator.freebsd.amd64.signal import sendsig, siginfo, sigonstack, sigreturn
from bsdproc.emulator.freebsd.amd64.stack import image_base, setup_stack
from bsdproc.emulator.freebsd.amd64.trap import step_trap, trap
from bsdproc.emulator.freebsd.vm_entry import ptrace_vm_entry

__all__ = [
    "clear_dbregs", "clear_single_step", "copy_thread", "core_notes", "cpu_fork", "cpu_procctl",
    "cpu_set_upcall", "cpu_set_user_tls", "exec_setregs", "fetch_syscall_args", "get_regset",
    "getdbregs", "getfpregs", "getregs", "getxstate", "image_base", "load_debug",
    "machine_request", "ptrace_vm_entry", "regset_size", "sendsig", "set_pc", "set_regset",
    "set_syscall_retval", "set_user_base", "setdbregs", "setfpregs", "setregs", "setup_stack",
    "setxstate", "siginfo", "sigonstack", "sigreturn", "single_step", "step_trap", "trap",
    "userret",
]
