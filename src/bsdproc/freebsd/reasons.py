"""Why the kernel refused: looked up after a failure, by what any process may ask.

The kernel gives a number; which of its rules gave it can often be told from the
target's kinfo_proc, the caller's credentials and a few sysctls.  The order is the
kernel's own (kern_ptrace, p_cansee, p_candebug), so that the first rule that holds
is the one that refused.  None where nothing can be told: a reason is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd.constants.kinfo import KernProc, ProcState, Sysctl
from bsdproc.freebsd.constants.process import ProcFlags, ProcFlags2
from bsdproc.freebsd.kinfo.proc import KinfoProc
from bsdproc.kernel.errors import KernelError
from bsdproc.typed.records import Malformed

if TYPE_CHECKING:
    from bsdproc.kernel.port import Caller, Kernel

_DEBUGGED: Final = frozenset({
    "KERN_PROC_ENV", "KERN_PROC_AUXV", "KERN_PROC_FILEDESC", "KERN_PROC_VMMAP",
    "KERN_PROC_KSTACK", "KERN_PROC_OFILEDESC", "KERN_PROC_OVMMAP", "KERN_PROC_PS_STRINGS",
    "KERN_PROC_SIGTRAMP", "KERN_PROC_UMASK", "KERN_PROC_OSREL", "KERN_PROC_RLIMIT",
    "KERN_PROC_CWD", "KERN_PROC_SIGFASTBLK", "KERN_PROC_VM_LAYOUT", "KERN_PROC_KQUEUE",
})
"""The sysctls that ask for the right to debug."""

_HIDING: Final = (
    "security.bsd.see_other_uids", "security.bsd.see_other_gids", "security.bsd.see_jail_proc",
)


def explain(kernel: Kernel, error: KernelError) -> str | None:
    """The reason of a refused ptrace(2), procctl(2) or kern.proc call, or None."""
    try:
        return _explain(kernel, error)
    except (KernelError, Malformed):
        return None


def hidden(kernel: Kernel, pid: int) -> str | None:
    """Why procfs does not show a node of a process that it shows, or None."""
    try:
        target = _process(kernel, pid)
        if target is None:
            return None
        if ProcFlags.P_SYSTEM in target.flag:
            return "it is a system process"
        return _may_not_debug(kernel, target)
    except (KernelError, Malformed):
        return None


def _explain(kernel: Kernel, error: KernelError) -> str | None:
    request, pid = error.request or "", error.target
    name = error.name
    if name == "ENOSYS" and error.call == "ptrace":
        return _off(kernel, "security.bsd.allow_ptrace")
    if name == "ECAPMODE":
        return "the caller is in capability mode"
    if pid is None:
        return None
    if name == "ESRCH":
        return _missing(kernel, request, pid)
    target = _process(kernel, pid)
    if target is None:
        return None
    if error.call == "ptrace":
        return _ptrace(kernel, request, name, target)
    if error.call == "procctl":
        return _procctl(kernel, request, name, target)
    if name == "EPERM" and request in _DEBUGGED:
        return _may_not_debug(kernel, target)
    return None


def _process(kernel: Kernel, pid: int) -> KinfoProc | None:
    """The target, as far as it can be seen; also by a thread's id."""
    mib = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC), int(KernProc.KERN_PROC_PID), pid)
    try:
        found = KinfoProc.sized(kernel.target.machine, kernel.sysctl(mib))
    except KernelError:
        return None
    return found[0] if found else None


def _missing(kernel: Kernel, request: str, pid: int) -> str | None:
    """ESRCH: nobody there, or one that is on its way out."""
    if request == "PROC_REAP_KILL":
        return None
    target = _process(kernel, pid)
    if target is None:
        hidden = [name for name in _HIDING if _off(kernel, name)]
        why = f" ({', '.join(hidden)}: 0)" if hidden and kernel.caller().uid else ""
        return f"no process with this id, or none that is visible to the caller{why}"
    if target.stat == ProcState.SZOMB:
        return "it has exited and waits to be collected"
    if ProcFlags.P_WEXIT in target.flag:
        return "it is exiting"
    return None


def _ptrace(kernel: Kernel, request: str, name: str, target: KinfoProc) -> str | None:
    caller = kernel.caller()
    if name in ("EPERM", "EACCES"):
        refused = _may_not_debug(kernel, target)
        if refused is not None:
            return refused
        if request == "PT_TRACE_ME":
            return "the caller's parent is init, which traces nobody"
        if request != "PT_ATTACH" and ProcFlags.P_TRACED not in target.flag:
            return "it is not traced: PT_ATTACH comes first"
        return None
    if name == "EBUSY":
        if ProcFlags.P_INEXEC in target.flag:
            return "it is in the middle of execve(2)"
        if request in ("PT_ATTACH", "PT_TRACE_ME"):
            return f"it is traced already, by {target.tracer}" if target.tracer else None
        return _not_stopped(request, caller, target)
    if name == "EINVAL" and request == "PT_ATTACH":
        if target.pid == caller.pid:
            return "a process cannot trace itself"
        if ProcFlags.P_SYSTEM in target.flag:
            return "it is a system process"
        return "it is an ancestor of the caller, which is traced"
    if name == "EINVAL" and ProcFlags.P_SYSTEM in target.flag:
        return "it is a system process"
    return None


def _not_stopped(request: str, caller: Caller, target: KinfoProc) -> str | None:
    if target.tracer != caller.pid:
        return f"it is traced by {target.tracer}"
    if ProcFlags.P_STOPPED_TRACE not in target.flag:
        return "it is not stopped"
    if ProcFlags.P_WAITED not in target.flag:
        return "its stop has not been waited for"
    if request == "PT_SC_REMOTE":
        return "this stop is no safe place for a remote system call"
    return "not all of its threads have stopped"


def _procctl(kernel: Kernel, request: str, name: str, target: KinfoProc) -> str | None:
    caller = kernel.caller()
    own = target.pid == caller.pid
    if name == "EPERM":
        if request == "PROC_SPROTECT":
            return None if caller.uid == 0 else "it takes the privilege PRIV_VM_MADV_PROTECT"
        refused = None if own else _may_not_debug(kernel, target)
        if refused is None and request == "PROC_TRACE_CTL" and not own:
            return "only a process itself can allow to be traced again"
        return refused
    if name == "EBUSY":
        if request == "PROC_REAP_ACQUIRE":
            return "the caller is a reaper already"
        if request == "PROC_TRACE_CTL" and ProcFlags.P_TRACED in target.flag:
            return f"it is traced, by {target.tracer}"
    if name == "EINVAL" and request == "PROC_REAP_RELEASE":
        return "the caller is init" if target.pid == 1 else "the caller is no reaper"
    return None


def _may_not_debug(kernel: Kernel, target: KinfoProc) -> str | None:
    """The rule of p_candebug that keeps the caller from the target."""
    return next(_rules(kernel, kernel.caller(), target), None)


def _rules(kernel: Kernel, caller: Caller, target: KinfoProc) -> Iterator[str]:
    root = caller.uid == 0
    if not root:
        switch = _off(kernel, "security.bsd.unprivileged_proc_debug")
        if switch is not None:
            yield switch
    if target.pid == caller.pid:
        return
    if not root:
        users = {target.ruid, target.uid, target.svuid}
        if users != {caller.uid}:
            ids = ", ".join(map(str, sorted(users)))
            yield f"it runs as user {ids}, the caller as {caller.uid}"
        groups = {*target.groups, target.rgid, target.svgid}
        missing = groups - {caller.gid, *caller.groups}
        if missing:
            ids = ", ".join(map(str, sorted(missing)))
            yield f"it has groups that the caller lacks: {ids}"
        if ProcFlags.P_SUGID in target.flag:
            yield "it runs a set-id program, or has changed its credentials"
    if target.pid == 1 and (_int(kernel, "kern.securelevel") or 0) > 0:
        yield "it is init, and kern.securelevel is above 0"
    if not root and ProcFlags2.P2_NOTRACE in target.flag2:
        yield "it has forbidden tracing (PROC_TRACE_CTL)"


def _off(kernel: Kernel, switch: str) -> str | None:
    """That a sysctl is 0; None when it is not."""
    return f"{switch} is 0" if _int(kernel, switch) == 0 else None


def _int(kernel: Kernel, name: str) -> int | None:
    """A sysctl's number by name; None when it cannot be read."""
    try:
        value = kernel.sysctl(name)
    except KernelError:
        return None
    return int.from_bytes(value[:4], kernel.target.byteorder, signed=True)
