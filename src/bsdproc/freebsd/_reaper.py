"""procctl(2)'s commands about reapers: whose descendants' orphans are whose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.constants.procctl import ReaperKillFlags, ReaperPidFlags, ReaperStatusFlags
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.freebsd.constants.wait import IdType
from bsdproc.kernel.errors import KernelError
from bsdproc.typed.enums import flags
from bsdproc.typed.records import Malformed

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_SLACK: Final = 16
_MOST: Final = 1 << 18
"""More processes than there are process ids."""
_NOBODY: Final = -1


def process_id(kernel: Kernel, pid: int | None) -> int:
    """The process that is meant: None is the caller, and 0 nobody."""
    return kernel.getpid() if pid is None else _check.process(pid)


@dataclass(frozen=True, slots=True)
class ReaperStatus:
    """struct procctl_reaper_status."""

    flags: ReaperStatusFlags
    """REAPER_STATUS_OWNED when the process asked about is a reaper itself."""
    children: int
    """How many of the reaper's descendants are its own children."""
    descendants: int
    """How many descendants the reaper has, those of reapers below it not counted."""
    reaper: int
    """The reaper's pid."""
    pid: int | None
    """One of its descendants; None when there is none."""


@dataclass(frozen=True, slots=True)
class ReaperPid:
    """struct procctl_reaper_pidinfo: a descendant of a reaper."""

    pid: int
    subtree: int
    """The child of the reaper that it descends from, or is."""
    flags: ReaperPidFlags


@dataclass(frozen=True, slots=True)
class ReaperKilled:
    """What PROC_REAP_KILL did."""

    killed: int
    """How many processes were signalled."""
    first_failed: int | None
    """The first one that could not be; None when all could."""


def reap_acquire(*, kernel: Kernel | None = None) -> None:
    """PROC_REAP_ACQUIRE: become the reaper of all descendants forked from now on.

    `KernelError` (EBUSY) when the caller is one already.  procctl(2)."""
    kernel = _call.freebsd(kernel)
    _call.procctl(kernel, IdType.P_PID, kernel.getpid(), "PROC_REAP_ACQUIRE", 0)


def reap_release(*, kernel: Kernel | None = None) -> None:
    """PROC_REAP_RELEASE: give the descendants to the next reaper above.

    `KernelError` (EINVAL) when the caller is no reaper, or is init.  procctl(2)."""
    kernel = _call.freebsd(kernel)
    _call.procctl(kernel, IdType.P_PID, kernel.getpid(), "PROC_REAP_RELEASE", 0)


def reap_status(pid: int | None = None, *, kernel: Kernel | None = None) -> ReaperStatus:
    """PROC_REAP_STATUS: a reaper's state; of a process that is none, its reaper's.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  procctl(2)."""
    kernel = _call.freebsd(kernel)
    layout = kernel.target.struct("struct procctl_reaper_status")
    buffer = kernel.buffer(layout.size)
    _call.procctl(kernel, IdType.P_PID, process_id(kernel, pid), "PROC_REAP_STATUS", buffer)
    bits, children, descendants, reaper, one = layout.reader(
        "rs_flags", "rs_children", "rs_descendants", "rs_reaper", "rs_pid"
    )(buffer.read(), 0)
    return ReaperStatus(
        flags(ReaperStatusFlags, bits), children, descendants, reaper,
        None if one == _NOBODY else one,
    )


def reap_getpids(pid: int | None = None, *, kernel: Kernel | None = None) -> tuple[ReaperPid, ...]:
    """PROC_REAP_GETPIDS: all descendants of a reaper; of a process that is none, its reaper's.

    The room is grown until the list does not fill it, so that none is missing.
    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.
    procctl(2)."""
    kernel = _call.freebsd(kernel)
    id = process_id(kernel, pid)
    room = reap_status(id, kernel=kernel).descendants + _SLACK
    while room <= _MOST:
        found = _getpids(kernel, id, room)
        if len(found) < room:
            return found
        room *= 2
    raise Malformed(f"no reaper has {room} descendants")


def _getpids(kernel: Kernel, id: int, room: int) -> tuple[ReaperPid, ...]:
    entry = kernel.target.struct("struct procctl_reaper_pidinfo")
    request = kernel.target.struct("struct procctl_reaper_pids")
    entries = kernel.buffer(entry.size * room)
    _call.procctl(
        kernel, IdType.P_PID, id, "PROC_REAP_GETPIDS",
        kernel.buffer(request.pack({"rp_count": room, "rp_pids": entries.address})),
    )
    data = entries.read()
    read = entry.reader("pi_pid", "pi_subtree", "pi_flags")
    found: list[ReaperPid] = []
    for offset in range(0, len(data), entry.size):
        pid, subtree, bits = read(data, offset)
        if not bits & ReaperPidFlags.REAPER_PIDINFO_VALID.value:
            break
        found.append(ReaperPid(pid, subtree, flags(ReaperPidFlags, bits)))
    return tuple(found)


def reap_kill(
    signal: Signal | int,
    *,
    children: bool = False,
    subtree: int | None = None,
    pid: int | None = None,
    kernel: Kernel | None = None,
) -> ReaperKilled:
    """PROC_REAP_KILL: signal the descendants of a reaper.

    All of them; with `children` (REAPER_KILL_CHILDREN) its own children only, with
    `subtree` (REAPER_KILL_SUBTREE) that child and what descends from it.  Of a
    process that is no reaper, its reaper's: a caller that has not acquired the
    status signals everything below init, itself included.

    A `KernelError` carries `killed` and `first_failed` as well.
    `ProcessLookupError` (ESRCH) when nobody was signalled; FreeBSD 13 and 14 say so
    with `children` even when somebody was, so look at ``error.killed``.  EPERM when
    none could be.  `ValueError` for signal 0.  procctl(2).
    """
    kernel = _call.freebsd(kernel)
    asked = ReaperKillFlags(0)
    if children:
        asked |= ReaperKillFlags.REAPER_KILL_CHILDREN
    if subtree is not None:
        _check.process(subtree, "subtree")
        asked |= ReaperKillFlags.REAPER_KILL_SUBTREE
    if children and subtree is not None:
        raise ValueError("either children or subtree")
    layout = kernel.target.struct("struct procctl_reaper_kill")
    buffer = kernel.buffer(layout.pack({
        "rk_sig": _check.signal(signal, zero=False), "rk_flags": asked.value,
        "rk_subtree": subtree or 0, "rk_fpid": _NOBODY,
    }))
    try:
        _call.procctl(kernel, IdType.P_PID, process_id(kernel, pid), "PROC_REAP_KILL", buffer)
    except KernelError as error:
        error.killed, error.first_failed = _killed(layout.reader(
            "rk_killed", "rk_fpid")(buffer.read(), 0))
        raise
    return ReaperKilled(*_killed(layout.reader("rk_killed", "rk_fpid")(buffer.read(), 0)))


def _killed(numbers: tuple[int, ...]) -> tuple[int, int | None]:
    killed, failed = numbers
    return killed, None if failed == _NOBODY else failed
