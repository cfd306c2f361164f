"""proc.PID: what a process's sysctls set of it; sysctl(7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.netbsd import _call, _check
from bsdproc.netbsd.constants.kinfo import (
    Limit,
    LimitBound,
    LimitValue,
    PaxFlags,
    ProcPid,
    ProcPidLimit,
    Sysctl,
)
from bsdproc.typed import check
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.records import Malformed
from bsdproc.typed.texts import encoded, string

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_INFINITY: Final = LimitValue.RLIM_INFINITY.value
_NAMES: Final = {
    limit: ProcPidLimit[limit.name.replace("RLIMIT_", "PROC_PID_LIMIT_")] for limit in Limit
}
"""The sysctl of each limit: PROC_PID_LIMIT_CPU of RLIMIT_CPU."""


def bound(value: int) -> int | None:
    """A limit's number, None for RLIM_INFINITY and beyond."""
    return None if value >= _INFINITY else value


def _ask(kernel: Kernel | None, name: ProcPid, pid: int | None, *more: int,
         new: bytes | None = None) -> tuple[Kernel, bytes]:
    kernel = _call.netbsd(kernel)
    pid = check.own(kernel, pid)
    mib = (int(Sysctl.CTL_PROC), pid, int(name), *more)
    return kernel, _call.sysctl(kernel, mib, name.name, pid, new=new)


def _number(kernel: Kernel, data: bytes, size: int, name: str) -> int:
    if len(data) != size:
        raise Malformed(f"{name} gives {size} bytes, not {len(data)}")
    return int.from_bytes(data, kernel.target.byteorder)


def corename(pid: int | None = None, *, kernel: Kernel | None = None) -> str:
    """PROC_PID_CORENAME: the template of a process's core file: "%n.core".

    `PermissionError` for a process that the caller may not look into.  sysctl(7)."""
    return string(_ask(kernel, ProcPid.PROC_PID_CORENAME, pid)[1])


def set_corename(pid: int | None, template: str, *, kernel: Kernel | None = None) -> None:
    """PROC_PID_CORENAME: set that template.

    `KernelError` (EINVAL) for a template that does not end in "core" or ".core", and
    for one too long; `PermissionError` for another's process and for a set-id one.  sysctl(7)."""
    if not isinstance(template, str):
        raise TypeError(f"template must be a str, not {type(template).__name__}")
    if "\0" in template:
        raise ValueError("template must not contain a NUL")
    _ask(kernel, ProcPid.PROC_PID_CORENAME, pid, new=encoded(template) + b"\0")


def rlimit(pid: int | None, resource: Limit, *, kernel: Kernel | None = None) -> Rlimit:
    """PROC_PID_LIMIT: one resource limit of a process, soft and hard.  sysctl(7)."""
    which = _which(resource)
    found = []
    for kind in (LimitBound.PROC_PID_LIMIT_TYPE_SOFT, LimitBound.PROC_PID_LIMIT_TYPE_HARD):
        used, data = _ask(kernel, ProcPid.PROC_PID_LIMIT, pid, which, int(kind))
        found.append(bound(_number(used, data, 8, "PROC_PID_LIMIT")))
    return Rlimit(*found)


def set_rlimit(pid: int | None, resource: Limit, limit: Rlimit, *,
               kernel: Kernel | None = None) -> None:
    """PROC_PID_LIMIT: set a resource limit of a process.

    The kernel takes the bounds one by one: the hard one is raised before the soft
    one is set and lowered after it.  `PermissionError` for another's process and for
    raising the hard bound, `KernelError` (EINVAL) for a soft bound above the hard.  sysctl(7)."""
    which = _which(resource)
    kernel = _call.netbsd(kernel)
    if not isinstance(limit, Rlimit):
        raise TypeError(f"a limit is an Rlimit, not {type(limit).__name__}")
    soft, hard = (_INFINITY if value is None else _check.length(_check.signed(value, 64, "limit"))
                  for value in (limit.cur, limit.max))
    now = rlimit(pid, resource, kernel=kernel).max
    steps = [(LimitBound.PROC_PID_LIMIT_TYPE_SOFT, soft),
             (LimitBound.PROC_PID_LIMIT_TYPE_HARD, hard)]
    if hard > (_INFINITY if now is None else now):
        steps.reverse()
    for kind, value in steps:
        _ask(kernel, ProcPid.PROC_PID_LIMIT, pid, which, int(kind),
             new=value.to_bytes(8, kernel.target.byteorder))


def _which(resource: Limit) -> int:
    if not isinstance(resource, Limit):
        raise TypeError(f"resource must be a Limit, not {type(resource).__name__}")
    return int(_NAMES[resource])


def stopfork(pid: int | None = None, *, kernel: Kernel | None = None) -> bool:
    """PROC_PID_STOPFORK: whether a process's children stop when they are forked.  sysctl(7)."""
    return _flag(kernel, ProcPid.PROC_PID_STOPFORK, pid)


def set_stopfork(pid: int | None, stop: bool, *, kernel: Kernel | None = None) -> None:
    """PROC_PID_STOPFORK: have a process's children stop when forked, or not.  sysctl(7)."""
    _set_flag(kernel, ProcPid.PROC_PID_STOPFORK, pid, stop)


def stopexec(pid: int | None = None, *, kernel: Kernel | None = None) -> bool:
    """PROC_PID_STOPEXEC: whether a process stops when it executes a program.  sysctl(7)."""
    return _flag(kernel, ProcPid.PROC_PID_STOPEXEC, pid)


def set_stopexec(pid: int | None, stop: bool, *, kernel: Kernel | None = None) -> None:
    """PROC_PID_STOPEXEC: have a process stop when it executes a program, or not.  sysctl(7)."""
    _set_flag(kernel, ProcPid.PROC_PID_STOPEXEC, pid, stop)


def stopexit(pid: int | None = None, *, kernel: Kernel | None = None) -> bool:
    """PROC_PID_STOPEXIT: whether a process stops when it is about to exit.  sysctl(7)."""
    return _flag(kernel, ProcPid.PROC_PID_STOPEXIT, pid)


def set_stopexit(pid: int | None, stop: bool, *, kernel: Kernel | None = None) -> None:
    """PROC_PID_STOPEXIT: have a process stop when it is about to exit, or not.  sysctl(7)."""
    _set_flag(kernel, ProcPid.PROC_PID_STOPEXIT, pid, stop)


def _flag(kernel: Kernel | None, name: ProcPid, pid: int | None) -> bool:
    used, data = _ask(kernel, name, pid)
    return bool(_number(used, data, 4, name.name))


def _set_flag(kernel: Kernel | None, name: ProcPid, pid: int | None, stop: bool) -> None:
    kernel = _call.netbsd(kernel)
    _ask(kernel, name, pid, new=int(bool(stop)).to_bytes(4, kernel.target.byteorder))


def paxflags(pid: int | None = None, *, kernel: Kernel | None = None) -> PaxFlags:
    """PROC_PID_PAXFLAGS: what PaX does to a process; security(7).  It cannot be set.  sysctl(7)."""
    used, data = _ask(kernel, ProcPid.PROC_PID_PAXFLAGS, pid)
    return PaxFlags(_number(used, data, 4, "PROC_PID_PAXFLAGS"))
