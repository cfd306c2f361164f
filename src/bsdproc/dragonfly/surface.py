"""Where each name of DragonFly's interfaces is found in Python.

`entries` lists every request, command and sysctl of the recorded headers with the
function that stands for it, and every other constant with the enum that has it; the
nodes of procfs(5), what its ctl is told ("ctl attach"), and the sysctls by their own
names ("kern.proc.pid_lwp").  What is missing here is missing in the library: a test
derives the names.
"""

from __future__ import annotations

from typing import Final

from bsdproc.typed.surface import Entry, Surface

__all__ = ["CONTROLS", "FUNCTIONS", "NODES", "SYSCTLS", "Entry", "entries", "python"]

FUNCTIONS: Final[dict[str, str]] = {
    # ptrace(2)
    "PT_TRACE_ME": "ptrace.trace_me",
    "PT_READ_I": "ptrace.read_i",
    "PT_READ_D": "ptrace.read_d",
    "PT_WRITE_I": "ptrace.write_i",
    "PT_WRITE_D": "ptrace.write_d",
    "PT_CONTINUE": "ptrace.cont",
    "PT_KILL": "ptrace.kill",
    "PT_STEP": "ptrace.step",
    "PT_ATTACH": "ptrace.attach",
    "PT_DETACH": "ptrace.detach",
    "PT_IO": "ptrace.io",
    "PT_GETREGS": "ptrace.getregs",
    "PT_SETREGS": "ptrace.setregs",
    "PT_GETFPREGS": "ptrace.getfpregs",
    "PT_SETFPREGS": "ptrace.setfpregs",
    "PT_GETDBREGS": "ptrace.getdbregs",
    "PT_SETDBREGS": "ptrace.setdbregs",
    # procctl(2)
    "PROC_REAP_ACQUIRE": "procctl.reap_acquire",
    "PROC_REAP_RELEASE": "procctl.reap_release",
    "PROC_REAP_STATUS": "procctl.reap_status",
    "PROC_PDEATHSIG_CTL": "procctl.set_pdeathsig",
    "PROC_PDEATHSIG_STATUS": "procctl.pdeathsig",
    # sysctl(3): kern.proc
    "KERN_PROC_ALL": "kinfo.processes",
    "KERN_PROC_PID": "kinfo.process",
    "KERN_PROC_PGRP": "kinfo.processes",
    "KERN_PROC_SESSION": "kinfo.processes",
    "KERN_PROC_TTY": "kinfo.processes",
    "KERN_PROC_UID": "kinfo.processes",
    "KERN_PROC_RUID": "kinfo.processes",
    "KERN_PROC_ARGS": "kinfo.args",
    "KERN_PROC_CWD": "kinfo.cwd",
    "KERN_PROC_PATHNAME": "kinfo.pathname",
    "KERN_PROC_SIGTRAMP": "kinfo.sigtramp",
    "KERN_PROC_FLAG_LWP": "kinfo.threads",
    "KERN_PROC_FLAGMASK": "kinfo.processes",
}
"""The function of each request, command and sysctl, below bsdproc.dragonfly."""

SYSCTLS: Final[dict[str, str]] = {
    "kern.proc.all": "kinfo.processes",
    "kern.proc.pid": "kinfo.process",
    "kern.proc.pgrp": "kinfo.processes",
    "kern.proc.tty": "kinfo.processes",
    "kern.proc.uid": "kinfo.processes",
    "kern.proc.ruid": "kinfo.processes",
    "kern.proc.args": "kinfo.args",
    "kern.proc.cwd": "kinfo.cwd",
    "kern.proc.pathname": "kinfo.pathname",
    "kern.proc.sigtramp": "kinfo.sigtramp",
    "kern.proc.all_lwp": "kinfo.processes",
    "kern.proc.pid_lwp": "kinfo.threads",
    "kern.proc.pgrp_lwp": "kinfo.processes",
    "kern.proc.tty_lwp": "kinfo.processes",
    "kern.proc.uid_lwp": "kinfo.processes",
    "kern.proc.ruid_lwp": "kinfo.processes",
}
"""The sysctls by name."""

NODES: Final[dict[str, str]] = {
    name: f"procfs.{name}"
    for name in (
        # the root's link first
        "curproc", "cmdline", "ctl", "dbregs", "etype", "file", "fpregs", "map", "note", "notepg",
        "regs", "rlimit", "status",
    )
} | {"mem": "procfs.read_mem"}
"""The function of each node of procfs(5); what can also be set has a set_* beside it,
and mem `procfs.write_mem`."""

CONTROLS: Final[dict[str, str]] = {
    f"ctl {verb}": "procfs.ctl" for verb in ("attach", "detach", "step", "run", "wait")
}
"""What the node ctl is told, beside signals."""

_LATER: Final = {name: FUNCTIONS[name] for name in ("PROC_PDEATHSIG_CTL", "PROC_PDEATHSIG_STATUS")}
"""Commands that the recorded headers do not have yet."""
_SURFACE: Final = Surface("dragonfly", FUNCTIONS, (
    "kinfo", "machine", "mount", "process", "procctl", "ptrace", "signals", "wait",
), {**NODES, **CONTROLS, **SYSCTLS, **_LATER})
python = _SURFACE.python
entries = _SURFACE.entries
