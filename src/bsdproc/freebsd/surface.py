"""Where each C name of FreeBSD's interfaces is found in Python.

`entries` lists every request, command and sysctl of the headers with the function
that stands for it, and every other constant with the enum that has it, for each
machine, and the nodes of procfs(5).  What is missing here is missing in the library:
a test derives the names from the headers, and the nodes from the kernel.
"""

from __future__ import annotations

from typing import Final

from bsdproc.typed.surface import Entry, Surface

__all__ = ["FUNCTIONS", "NODES", "Entry", "entries", "python"]

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
    "PT_LWPINFO": "ptrace.lwpinfo",
    "PT_GETNUMLWPS": "ptrace.getnumlwps",
    "PT_GETLWPLIST": "ptrace.getlwplist",
    "PT_CLEARSTEP": "ptrace.clearstep",
    "PT_SETSTEP": "ptrace.setstep",
    "PT_SUSPEND": "ptrace.suspend",
    "PT_RESUME": "ptrace.resume",
    "PT_TO_SCE": "ptrace.to_sce",
    "PT_TO_SCX": "ptrace.to_scx",
    "PT_SYSCALL": "ptrace.syscall",
    "PT_FOLLOW_FORK": "ptrace.follow_fork",
    "PT_LWP_EVENTS": "ptrace.lwp_events",
    "PT_GET_EVENT_MASK": "ptrace.get_event_mask",
    "PT_SET_EVENT_MASK": "ptrace.set_event_mask",
    "PT_GET_SC_ARGS": "ptrace.get_sc_args",
    "PT_GET_SC_RET": "ptrace.get_sc_ret",
    "PT_COREDUMP": "ptrace.coredump",
    "PT_GETREGS": "ptrace.getregs",
    "PT_SETREGS": "ptrace.setregs",
    "PT_GETFPREGS": "ptrace.getfpregs",
    "PT_SETFPREGS": "ptrace.setfpregs",
    "PT_GETDBREGS": "ptrace.getdbregs",
    "PT_SETDBREGS": "ptrace.setdbregs",
    "PT_VM_TIMESTAMP": "ptrace.vm_timestamp",
    "PT_VM_ENTRY": "ptrace.vm_entry",
    "PT_GETREGSET": "ptrace.getregset",
    "PT_SETREGSET": "ptrace.setregset",
    "PT_SC_REMOTE": "ptrace.sc_remote",
    "PT_GETXMMREGS": "ptrace.getxmmregs",
    "PT_SETXMMREGS": "ptrace.setxmmregs",
    "PT_GETXSTATE_INFO": "ptrace.getxstate_info",
    "PT_GETXSTATE": "ptrace.getxstate",
    "PT_SETXSTATE": "ptrace.setxstate",
    "PT_GETFSBASE": "ptrace.getfsbase",
    "PT_SETFSBASE": "ptrace.setfsbase",
    "PT_GETGSBASE": "ptrace.getgsbase",
    "PT_SETGSBASE": "ptrace.setgsbase",
    "PT_GETTLSBASE": "ptrace.gettlsbase",
    "PT_SETTLSBASE": "ptrace.settlsbase",
    "PT_GETVFPREGS": "ptrace.getvfpregs",
    "PT_SETVFPREGS": "ptrace.setvfpregs",
    "PT_GETVFPREGS32": "ptrace.getvfpregs32",
    "PT_SETVFPREGS32": "ptrace.setvfpregs32",
    "PT_GETVRREGS": "ptrace.getvrregs",
    "PT_SETVRREGS": "ptrace.setvrregs",
    "PT_GETVSRREGS": "ptrace.getvsrregs",
    "PT_SETVSRREGS": "ptrace.setvsrregs",
    # procctl(2)
    "PROC_SPROTECT": "procctl.sprotect",
    "PROC_REAP_ACQUIRE": "procctl.reap_acquire",
    "PROC_REAP_RELEASE": "procctl.reap_release",
    "PROC_REAP_STATUS": "procctl.reap_status",
    "PROC_REAP_GETPIDS": "procctl.reap_getpids",
    "PROC_REAP_KILL": "procctl.reap_kill",
    "PROC_TRACE_CTL": "procctl.set_trace",
    "PROC_TRACE_STATUS": "procctl.trace",
    "PROC_TRAPCAP_CTL": "procctl.set_trapcap",
    "PROC_TRAPCAP_STATUS": "procctl.trapcap",
    "PROC_PDEATHSIG_CTL": "procctl.set_pdeathsig",
    "PROC_PDEATHSIG_STATUS": "procctl.pdeathsig",
    "PROC_ASLR_CTL": "procctl.set_aslr",
    "PROC_ASLR_STATUS": "procctl.aslr",
    "PROC_PROTMAX_CTL": "procctl.set_protmax",
    "PROC_PROTMAX_STATUS": "procctl.protmax",
    "PROC_STACKGAP_CTL": "procctl.set_stackgap",
    "PROC_STACKGAP_STATUS": "procctl.stackgap",
    "PROC_NO_NEW_PRIVS_CTL": "procctl.set_no_new_privs",
    "PROC_NO_NEW_PRIVS_STATUS": "procctl.no_new_privs",
    "PROC_WXMAP_CTL": "procctl.set_wxmap",
    "PROC_WXMAP_STATUS": "procctl.wxmap",
    "PROC_LOGSIGEXIT_CTL": "procctl.set_logsigexit",
    "PROC_LOGSIGEXIT_STATUS": "procctl.logsigexit",
    "PROC_KPTI_CTL": "procctl.set_kpti",
    "PROC_KPTI_STATUS": "procctl.kpti",
    "PROC_LA_CTL": "procctl.set_la",
    "PROC_LA_STATUS": "procctl.la",
    # sysctl(3): kern.proc
    "KERN_PROC_ALL": "kinfo.processes",
    "KERN_PROC_PID": "kinfo.process",
    "KERN_PROC_PGRP": "kinfo.processes",
    "KERN_PROC_SESSION": "kinfo.processes",
    "KERN_PROC_TTY": "kinfo.processes",
    "KERN_PROC_UID": "kinfo.processes",
    "KERN_PROC_RUID": "kinfo.processes",
    "KERN_PROC_GID": "kinfo.processes",
    "KERN_PROC_RGID": "kinfo.processes",
    "KERN_PROC_PROC": "kinfo.processes",
    "KERN_PROC_INC_THREAD": "kinfo.threads",
    "KERN_PROC_ARGS": "kinfo.args",
    "KERN_PROC_SV_NAME": "kinfo.sv_name",
    "KERN_PROC_PATHNAME": "kinfo.pathname",
    "KERN_PROC_OVMMAP": "kinfo.ovmmap",
    "KERN_PROC_OFILEDESC": "kinfo.ofiledesc",
    "KERN_PROC_KSTACK": "kinfo.kstack",
    "KERN_PROC_VMMAP": "kinfo.vmmap",
    "KERN_PROC_FILEDESC": "kinfo.filedesc",
    "KERN_PROC_GROUPS": "kinfo.groups",
    "KERN_PROC_ENV": "kinfo.env",
    "KERN_PROC_AUXV": "kinfo.auxv",
    "KERN_PROC_RLIMIT": "kinfo.rlimit",
    "KERN_PROC_PS_STRINGS": "kinfo.ps_strings",
    "KERN_PROC_UMASK": "kinfo.umask",
    "KERN_PROC_OSREL": "kinfo.osrel",
    "KERN_PROC_SIGTRAMP": "kinfo.sigtramp",
    "KERN_PROC_CWD": "kinfo.cwd",
    "KERN_PROC_NFDS": "kinfo.nfds",
    "KERN_PROC_SIGFASTBLK": "kinfo.sigfastblk",
    "KERN_PROC_VM_LAYOUT": "kinfo.vm_layout",
    "KERN_PROC_RLIMIT_USAGE": "kinfo.rlimit_usage",
    "KERN_PROC_KQUEUE": "kinfo.kqueue",
}
"""The function of each request, command and sysctl, below bsdproc.freebsd."""

NODES: Final[dict[str, str]] = {
    name: f"procfs.{name}"
    for name in (
        # procfs(5)'s own, the root's link first
        "curproc", "cmdline", "dbregs", "etype", "file", "fpregs", "map", "note", "notepg",
        "osrel", "regs", "rlimit", "status",
        # linprocfs(5)'s and older releases'
        "auxv", "ctl", "environ", "exe", "fd",
    )
} | {"mem": "procfs.read_mem"}
"""The function of each node of a procfs; what can also be set has a set_* beside it,
and mem `procfs.write_mem`."""

_SURFACE: Final = Surface("freebsd", FUNCTIONS, (
    "auxv", "kinfo", "machine", "mount", "process", "procctl", "ptrace", "signals", "wait",
), NODES)
python = _SURFACE.python
entries = _SURFACE.entries
