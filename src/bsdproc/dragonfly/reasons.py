"""Why the kernel refused: looked up after a failure, by what any process may ask.

The kernel gives a number; which of its rules gave it can often be told from the
target's kinfo_proc and the caller's credentials.  The order is the kernel's own, so
that the first rule that holds is the one that refused.  None where nothing can be
told: a reason is never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.dragonfly.constants.kinfo import KernProc, LwpState, ProcState, Sysctl
from bsdproc.dragonfly.constants.process import ProcFlags
from bsdproc.dragonfly.kinfo.proc import KinfoProc
from bsdproc.kernel.errors import KernelError
from bsdproc.typed.records import Malformed

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_PROCCTL: Final = {
    "EALREADY": "the caller is a reaper already",
    "ENOTCONN": "the caller is no reaper",
}
_IN_THE_STOP: Final = ("PT_SETFPREGS", "PT_SETDBREGS")
"""Requests for which the thread itself has to stand in the stop."""


def explain(kernel: Kernel, error: KernelError) -> str | None:
    """The reason of a refused ptrace(2), procctl(2) or kern.proc call, or None."""
    try:
        return _explain(kernel, error)
    except (KernelError, Malformed):
        return None


def _explain(kernel: Kernel, error: KernelError) -> str | None:
    if error.call == "procctl":
        return _PROCCTL.get(error.name)
    pid = error.target
    if pid is None:
        return None
    if error.name == "ESRCH":
        return _missing(kernel, pid)
    if error.call != "ptrace":
        return None
    found = _table(kernel, KernProc.KERN_PROC_PID, pid)
    return _ptrace(kernel, error.request or "", error.name, found[0]) if found else None


def _table(kernel: Kernel, name: KernProc, *arguments: int) -> list[KinfoProc]:
    mib = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC), int(name), *arguments)
    return KinfoProc.fixed(kernel.machine, kernel.sysctl(mib))


def _missing(kernel: Kernel, pid: int) -> str:
    """ESRCH: nobody there, or a zombie, which only the list of all processes has."""
    for one in _table(kernel, KernProc.KERN_PROC_ALL):
        if one.pid == pid and one.stat == ProcState.SZOMB:
            return "it has exited and waits to be collected"
    return "no process with this id, or none in the caller's jail"


def _ptrace(kernel: Kernel, request: str, name: str, target: KinfoProc) -> str | None:
    if name == "EINVAL":
        return _invalid(kernel, request, target)
    if request == "PT_ATTACH":
        if name == "EBUSY":
            return "it is traced already"
        return _may_not_attach(kernel, target) if name == "EPERM" else None
    traced = ProcFlags.P_TRACED in target.flags
    if name == "EPERM":
        return None if traced else "it is not traced: PT_ATTACH comes first"
    return _busy(request, target) if name == "EBUSY" else None


def _invalid(kernel: Kernel, request: str, target: KinfoProc) -> str | None:
    if ProcFlags.P_SYSTEM in target.flags:
        return "it is a system process, as init is"
    if request != "PT_ATTACH":
        return None
    if target.pid == kernel.getpid():
        return "a process cannot trace itself"
    return "it is an ancestor of the caller, which is traced"


def _may_not_attach(kernel: Kernel, target: KinfoProc) -> str | None:
    caller = kernel.caller()
    if target.ruid != caller.ruid:
        return f"it runs as user {target.ruid}, the caller as {caller.ruid}"
    if ProcFlags.P_SUGID in target.flags:
        return "it has changed its credentials since its last execve(2)"
    return None


def _busy(request: str, target: KinfoProc) -> str:
    """EBUSY of a tracee.  Whose it is, the kernel does not tell."""
    if target.stat != ProcState.SSTOP:
        return "it is not stopped, or another process traces it"
    if ProcFlags.P_WAITED not in target.flags:
        return "its stop has not been waited for, or another process traces it"
    if request in _IN_THE_STOP and target.lwp.stat != LwpState.LSSTOP:
        return "its thread sleeps in a system call, or has not come to the stop yet"
    return "another process traces it"
