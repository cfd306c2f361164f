"""Where each C name of NetBSD's interfaces is found in Python.

`entries` lists every request and sysctl of the headers with the function that stands
for it, and every other constant with the enum that has it, for each machine, and the
pfstypes of procfs's nodes.  What is missing here is missing in the library: a test
derives the names from the headers.
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
    "PT_ATTACH": "ptrace.attach",
    "PT_DETACH": "ptrace.detach",
    "PT_IO": "ptrace.io",
    "PT_DUMPCORE": "ptrace.dumpcore",
    "PT_LWPINFO": "ptrace.lwpinfo",
    "PT_SYSCALL": "ptrace.syscall",
    "PT_SYSCALLEMU": "ptrace.syscallemu",
    "PT_SET_EVENT_MASK": "ptrace.set_event_mask",
    "PT_GET_EVENT_MASK": "ptrace.get_event_mask",
    "PT_GET_PROCESS_STATE": "ptrace.get_process_state",
    "PT_SET_SIGINFO": "ptrace.set_siginfo",
    "PT_GET_SIGINFO": "ptrace.get_siginfo",
    "PT_RESUME": "ptrace.resume",
    "PT_SUSPEND": "ptrace.suspend",
    "PT_STOP": "ptrace.stop",
    "PT_LWPSTATUS": "ptrace.lwpstatus",
    "PT_LWPNEXT": "ptrace.lwpnext",
    "PT_SET_SIGPASS": "ptrace.set_sigpass",
    "PT_GET_SIGPASS": "ptrace.get_sigpass",
    "PT_STEP": "ptrace.step",
    "PT_GETREGS": "ptrace.getregs",
    "PT_SETREGS": "ptrace.setregs",
    "PT_GETFPREGS": "ptrace.getfpregs",
    "PT_SETFPREGS": "ptrace.setfpregs",
    "PT_GETDBREGS": "ptrace.getdbregs",
    "PT_SETDBREGS": "ptrace.setdbregs",
    "PT_SETSTEP": "ptrace.setstep",
    "PT_CLEARSTEP": "ptrace.clearstep",
    "PT_GETXSTATE": "ptrace.getxstate",
    "PT_SETXSTATE": "ptrace.setxstate",
    "PT_GETXMMREGS": "ptrace.getxmmregs",
    "PT_SETXMMREGS": "ptrace.setxmmregs",
    "PT_GETVECREGS": "ptrace.getvecregs",
    "PT_SETVECREGS": "ptrace.setvecregs",
    # sysctl(3): kern.proc2, kern.lwp, kern.file2, kern.proc_args, vm.proc
    "KERN_PROC2": "kinfo.processes",
    "KERN_PROC_ALL": "kinfo.processes",
    "KERN_PROC_PID": "kinfo.process",
    "KERN_PROC_PGRP": "kinfo.processes",
    "KERN_PROC_SESSION": "kinfo.processes",
    "KERN_PROC_TTY": "kinfo.processes",
    "KERN_PROC_UID": "kinfo.processes",
    "KERN_PROC_RUID": "kinfo.processes",
    "KERN_PROC_GID": "kinfo.processes",
    "KERN_PROC_RGID": "kinfo.processes",
    "KERN_LWP": "kinfo.lwps",
    "KERN_FILE2": "kinfo.files",
    "KERN_FILE_BYFILE": "kinfo.all_files",
    "KERN_FILE_BYPID": "kinfo.files",
    "KERN_PROC_ARGV": "kinfo.argv",
    "KERN_PROC_NARGV": "kinfo.nargv",
    "KERN_PROC_ENV": "kinfo.env",
    "KERN_PROC_NENV": "kinfo.nenv",
    "KERN_PROC_PATHNAME": "kinfo.pathname",
    "KERN_PROC_CWD": "kinfo.cwd",
    "VM_PROC_MAP": "kinfo.vmmap",
    # sysctl(3): proc.PID
    "PROC_PID_CORENAME": "kinfo.corename",
    "PROC_PID_LIMIT": "kinfo.rlimit",
    "PROC_PID_STOPFORK": "kinfo.stopfork",
    "PROC_PID_STOPEXEC": "kinfo.stopexec",
    "PROC_PID_STOPEXIT": "kinfo.stopexit",
    "PROC_PID_PAXFLAGS": "kinfo.paxflags",
}
"""The function of each request and sysctl, below bsdproc.netbsd.  What can also be set has
a set_* beside it."""

NODES: Final[dict[str, str]] = {
    "PFSstatus": "procfs.status",
    "PFSroot": "procfs.pids",
    "PFScurproc": "procfs.curproc",
    "PFSself": "procfs.self_link",
    "PFSproc": "procfs.nodes",
    "PFSfd": "procfs.fd",
    "PFSfile": "procfs.file",
    "PFSmem": "procfs.read_mem",
    "PFSregs": "procfs.regs",
    "PFSfpregs": "procfs.fpregs",
    "PFSstat": "procfs.stat",
    "PFSnote": "procfs.note",
    "PFSnotepg": "procfs.notepg",
    "PFSmap": "procfs.map",
    "PFSmaps": "procfs.maps",
    "PFScmdline": "procfs.cmdline",
    "PFSexe": "procfs.exe",
    "PFScwd": "procfs.cwd",
    "PFSchroot": "procfs.chroot",
    "PFSemul": "procfs.emul",
    "PFSstatm": "procfs.statm",
    "PFStask": "procfs.task",
    "PFSauxv": "procfs.auxv",
    "PFSenviron": "procfs.environ",
    "PFSlimit": "procfs.limit",
    "PFSlimits": "procfs.limits",
    "PFSmeminfo": "procfs.meminfo",
    "PFScpuinfo": "procfs.cpuinfo",
    "PFSuptime": "procfs.uptime",
    "PFSmounts": "procfs.mounts",
    "PFSdevices": "procfs.devices",
    "PFScpustat": "procfs.cpustat",
    "PFSloadavg": "procfs.loadavg",
    "PFSversion": "procfs.version",
    "PFSsys": "procfs.directory",
    "PFSsysfs": "procfs.directory",
    "PFSmqueue": "procfs.directory",
    "PFSmq_msg_def": "procfs.mq_msg_def",
    "PFSmq_msg_max": "procfs.mq_msg_max",
    "PFSmq_siz_def": "procfs.mq_siz_def",
    "PFSmq_siz_max": "procfs.mq_siz_max",
    "PFSmq_qmax": "procfs.mq_qmax",
    "PFSsysvipc": "procfs.directory",
    "PFSsysvipc_msg": "procfs.sysvipc_msg",
    "PFSsysvipc_sem": "procfs.sysvipc_sem",
    "PFSsysvipc_shm": "procfs.sysvipc_shm",
}
"""The function of each node of a procfs by its pfstype (<miscfs/procfs/procfs.h>), below
bsdproc.netbsd.  regs and fpregs have a set_* beside them, and mem `procfs.write_mem`."""

_SURFACE: Final = Surface("netbsd", FUNCTIONS, (
    "auxv", "kinfo", "machine", "process", "procfs", "ptrace", "signals", "wait",
), NODES)
python = _SURFACE.python
entries = _SURFACE.entries
