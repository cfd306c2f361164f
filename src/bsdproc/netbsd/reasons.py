"""Why the kernel refused: looked up after a failure, by what any process may ask.

The kernel gives a number; which of its rules gave it can often be told from the
target's kinfo_proc2 and the caller's credentials.  The order is the kernel's own
(do_ptrace and the secmodel's listeners), so that the first rule that holds is the one
that refused.  None where nothing can be told: a reason is never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.kernel.errors import KernelError
from bsdproc.netbsd.constants.kinfo import KernProc, Sysctl
from bsdproc.netbsd.constants.process import ProcFlags, ProcState
from bsdproc.netbsd.constants.wait import IdType, WaitOptions
from bsdproc.netbsd.kinfo.proc import KinfoProc
from bsdproc.typed.records import Malformed

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel
    from bsdproc.netbsd.procfs.nodes import Node

_MAJOR: Final = 100_000_000
"""What the major version counts in, in a kernel's version."""


def explain(kernel: Kernel, error: KernelError) -> str | None:
    """The reason of a refused ptrace(2) or sysctl(3) call, or None."""
    try:
        return _explain(kernel, error)
    except (KernelError, Malformed):
        return None


def _explain(kernel: Kernel, error: KernelError) -> str | None:
    request, pid, name = error.request or "", error.target, error.name
    if error.call == "ptrace" and request == "PT_TRACE_ME":
        return _trace_me(kernel, name)
    if pid is None:
        return None
    target = _process(kernel, pid)
    if name == "ESRCH":
        return _missing(target)
    if target is None:
        if error.call == "sysctl" and name == "EINVAL":
            return "no process with this id, or none that is visible to the caller"
        return None
    if error.call == "ptrace":
        return _ptrace(kernel, request, name, target)
    if name in ("EPERM", "EACCES"):
        return _may_not(kernel, target)
    if name == "EINVAL" and ProcFlags.P_SYSTEM in target.flag:
        return "it is a kernel process"
    return None


def of_node(kernel: Kernel, node: Node | None, error: KernelError) -> str | None:
    """Why a node of procfs is hidden or forbidden, or None."""
    if node is None:
        return "NetBSD's procfs has no such node"
    if error.name == "ENOENT":
        if kernel.version // _MAJOR < node.since:
            return f"it came with NetBSD {node.since}, and this kernel is {kernel.release}"
        if node.linux:
            return "a mount without -o linux does not show it"
    try:
        target = None if error.target is None else _process(kernel, error.target)
    except Malformed:
        return None
    if target is None:
        return None
    if error.name == "ENOENT":
        return "it is a kernel process" if ProcFlags.P_SYSTEM in target.flag else None
    return _may_not(kernel, target)


_LOOK: Final = (WaitOptions.WEXITED | WaitOptions.WTRAPPED | WaitOptions.WNOHANG
                | WaitOptions.WNOWAIT).value


def _process(kernel: Kernel, pid: int) -> KinfoProc | None:
    """The target, as far as it can be seen."""
    size = KinfoProc.of(kernel.target.machine).sizeof
    mib = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC2), int(KernProc.KERN_PROC_PID), pid, size, 1)
    try:
        found = KinfoProc.fixed(kernel.target.machine, kernel.sysctl(mib, room=size))
    except KernelError:
        return None
    return found[0] if found else None


def _missing(target: KinfoProc | None) -> str | None:
    """ESRCH: nobody there, or one that is on its way out, or no such LWP."""
    if target is None:
        return "no process with this id, or none that is visible to the caller"
    if target.realstat in (ProcState.SZOMB, ProcState.SDEAD):
        return "it has exited and waits to be collected"
    if ProcFlags.P_WEXIT in target.flag:
        return "it is exiting"
    return None


def _trace_me(kernel: Kernel, name: str) -> str | None:
    target = _process(kernel, kernel.getpid())
    if target is None:
        return None
    if name == "EPERM" and ProcFlags.P_SUGID in target.flag:
        return "the caller runs a set-id program, or has changed its credentials"
    if name == "EBUSY" and ProcFlags.P_TRACED in target.flag:
        return "the caller is traced already"
    return None


def _ptrace(kernel: Kernel, request: str, name: str, target: KinfoProc) -> str | None:
    traced = ProcFlags.P_TRACED in target.flag
    if request == "PT_ATTACH":
        if name == "EINVAL" and target.pid == kernel.getpid():
            return "a process cannot trace itself"
        if name == "EBUSY" and traced:
            return "it is traced already"
        return _may_not(kernel, target) if name == "EPERM" else None
    if name == "EPERM":
        return "it is not traced: PT_ATTACH comes first" if not traced else None
    if name == "EBUSY" and traced:
        if not _waits_for(kernel, target.pid):
            return "it is traced by another process"
        if target.realstat != ProcState.SSTOP:
            return "it is not stopped"
        if ProcFlags.P_WAITED not in target.flag:
            return "its stop has not been waited for"
    return None


def _waits_for(kernel: Kernel, pid: int) -> bool:
    """Whether the caller has a process for a child, which its tracees are: the process's
    record tells of its own parent (from NetBSD 9 on)."""
    try:
        kernel.wait6(IdType.P_PID, pid, _LOOK, False)
    except ChildProcessError:
        return False
    return True


def _may_not(kernel: Kernel, target: KinfoProc) -> str | None:
    """The rule that keeps the caller from a process."""
    caller = kernel.caller()
    if ProcFlags.P_SYSTEM in target.flag:
        return "it is a kernel process"
    if caller.uid != 0:
        if target.ruid != caller.ruid:
            return f"it runs as user {target.ruid}, the caller as {caller.ruid}"
        if ProcFlags.P_SUGID in target.flag:
            return "it runs a set-id program, or has changed its credentials"
        return None
    if target.pid == 1 and _securelevel(kernel) > 0:
        return "it is init, and kern.securelevel is above 0"
    return None


def _securelevel(kernel: Kernel) -> int:
    try:
        value = kernel.sysctl("kern.securelevel")
    except KernelError:
        return 0
    return int.from_bytes(value[:4], kernel.target.byteorder, signed=True)
