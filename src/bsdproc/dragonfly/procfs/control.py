"""The node ctl: procfs(5)'s own debugging, older than ptrace(2)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from bsdproc.dragonfly import _call, _check
from bsdproc.dragonfly.constants.kinfo import ProcState
from bsdproc.dragonfly.constants.process import ProcFlags
from bsdproc.dragonfly.constants.signals import Signal
from bsdproc.kernel import errors
from bsdproc.typed import procfs as plumbing
from bsdproc.typed.procfs import ROOT

if TYPE_CHECKING:
    from bsdproc.dragonfly.kinfo.proc import KinfoProc
    from bsdproc.kernel.errors import KernelError
    from bsdproc.kernel.port import Kernel


class Control(Enum):
    """What ctl can be told, beside signals."""

    ATTACH = "attach"
    """Trace it: it stops, and wait(2) says so with signal 0."""
    DETACH = "detach"
    """Let it run untraced; nothing for a process that is not traced."""
    STEP = "step"
    """Execute one instruction."""
    RUN = "run"
    """Let it run on."""
    WAIT = "wait"
    """Wait until it has stopped."""


_UNNAMED: Final = frozenset({Signal.SIGTHR, Signal.SIGCKPT, Signal.SIGCKPTEXIT})
_NAMES: Final[dict[Control | Signal, str]] = {
    **{verb: verb.value for verb in Control},
    **{signal: signal.name.removeprefix("SIG").lower() for signal in Signal
       if signal not in _UNNAMED},
}


def ctl_names() -> dict[Control | Signal, str]:
    """What each command and signal is called in the node: SIGUSR1 is "usr1".  procfs(5)."""
    return dict(_NAMES)


def ctl(pid: int, command: Control | Signal, *, root: str = ROOT,
        kernel: Kernel | None = None) -> None:
    """ctl: tell a process what to do, or send it a signal.

    A signal to a process that stands in a stop for the caller lets it run on with it.
    EBUSY for `Control.ATTACH` of a traced process and for `Control.STEP` and
    `Control.RUN` of one that is not stopped, EINVAL for attaching to oneself,
    `Forbidden` for another user's process.  `ValueError` for the signals that the node
    has no name for.

    Three calls are refused before the kernel is asked, for what DragonFly 5.9 makes of
    them.  `ValueError`: attaching to process 0 (it panics).  `NotSupported`: waiting
    for a process that runs (the caller sleeps and nothing wakes it), and detaching from
    a child of the caller's own (its parent is then process 0, and nobody can wait for
    it): `ptrace.detach` does that.  procfs(5).
    """
    kernel = _call.dragonfly(kernel)
    pid = _check.target(pid)
    if not isinstance(command, (Control, Signal)):
        raise TypeError(f"command must be a Control or a Signal, not {type(command).__name__}")
    name = _NAMES.get(command)
    if name is None:
        raise ValueError(f"ctl has no name for {command.name}")
    if command is Control.ATTACH and pid == 0:
        raise ValueError("process 0 cannot be traced")
    if command in (Control.WAIT, Control.DETACH):
        reason = _unsafe(kernel, command, pid)
        if reason is not None:
            raise _refused(root, pid, name, reason)
    plumbing.write(kernel, root, pid, "ctl", name.encode())


def _unsafe(kernel: Kernel, command: Control | Signal, pid: int) -> str | None:
    from bsdproc.dragonfly.kinfo.calls import process

    target: KinfoProc = process(pid, kernel=kernel)
    if command is Control.WAIT:
        if target.stat == ProcState.SSTOP:
            return None
        return "it is not stopped, and the kernel would never wake the caller"
    if ProcFlags.P_TRACED in target.flags and target.ppid == kernel.getpid():
        return "the kernel would make process 0 the parent of the caller's own child"
    return None


def _refused(root: str, pid: int, name: str, reason: str) -> KernelError:
    error = errors.not_supported("dragonfly", call="write", request=f"{root}/{pid}/ctl",
                                 reason=f"{name}: {reason}")
    error.target = pid
    return error
