"""procctl(2): one function for each command, under its name.

DragonFly asks and changes a process by that process alone: every command is about
the caller, and any other process's is EINVAL.  Inside a reaper's tree nobody can
signal what is outside of it, root included, and after `reap_release` and
`reap_acquire` a reaper cannot signal the children that it had before (EPERM).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.dragonfly import _call, _check
from bsdproc.dragonfly.constants.procctl import LaterCommand, ReaperStatusFlags
from bsdproc.dragonfly.constants.signals import Signal
from bsdproc.dragonfly.constants.wait import IdType
from bsdproc.kernel import errors
from bsdproc.kernel.errors import KernelError
from bsdproc.typed.enums import flags, known

if TYPE_CHECKING:
    from bsdproc.kernel.port import Buffer, Kernel

__all__ = [
    "ReaperStatus",
    "ReaperStatusFlags",
    "Signal",
    "pdeathsig",
    "reap_acquire",
    "reap_release",
    "reap_status",
    "set_pdeathsig",
]

_NOBODY: Final = -1
_INT: Final = 4


@dataclass(frozen=True, slots=True)
class ReaperStatus:
    """struct reaper_status."""

    flags: ReaperStatusFlags
    """REAPER_STAT_OWNED for a reaper, REAPER_STAT_REALINIT for init."""
    refs: int
    """Processes forked since it became a reaper that live, at any depth; no zombies."""
    pid_head: int | None
    """Its newest child, a zombie too; None when it has none.

    To end everything below a reaper, kill this one, wait for it, and ask again."""


def reap_acquire(*, kernel: Kernel | None = None) -> None:
    """PROC_REAP_ACQUIRE: become the reaper of all that the caller forks from now on.

    Orphans below it become its children.  `BlockingIOError` (EALREADY) for a process
    that is one already, init included.  procctl(2).
    """
    _self(_call.dragonfly(kernel), "PROC_REAP_ACQUIRE", 0)


def reap_release(*, kernel: Kernel | None = None) -> None:
    """PROC_REAP_RELEASE: be a reaper no more.

    What is below it falls to the next reaper above.  `KernelError` (ENOTCONN) for a
    process that is none.  procctl(2)."""
    _self(_call.dragonfly(kernel), "PROC_REAP_RELEASE", 0)


def reap_status(*, kernel: Kernel | None = None) -> ReaperStatus:
    """PROC_REAP_STATUS: the caller's state as a reaper.

    A process that is none has no flags and no references, but children all the same.
    procctl(2)."""
    kernel = _call.dragonfly(kernel)
    layout = kernel.target.struct("union reaper_info")
    buffer = kernel.buffer(layout.size)
    _self(kernel, "PROC_REAP_STATUS", buffer)
    bits, refs, head = layout.reader("status.flags", "status.refs", "status.pid_head")(
        buffer.read(), 0)
    return ReaperStatus(flags(ReaperStatusFlags, bits), refs, None if head == _NOBODY else head)


def pdeathsig(*, kernel: Kernel | None = None) -> Signal | int | None:
    """PROC_PDEATHSIG_STATUS: the signal that the caller gets when its parent exits.

    None when there is none.  `TooOld` on DragonFly 5.9, which has no such command.  procctl(2)."""
    kernel = _call.dragonfly(kernel)
    buffer = kernel.buffer(_INT)
    _later(kernel, LaterCommand.PROC_PDEATHSIG_STATUS, buffer)
    value = int.from_bytes(buffer.read(), kernel.target.byteorder, signed=True)
    return known(Signal, value) if value else None


def set_pdeathsig(signal: Signal | int | None, *, kernel: Kernel | None = None) -> None:
    """PROC_PDEATHSIG_CTL: send the caller a signal when its parent exits; None: no more.

    `TooOld` on DragonFly 5.9, which has no such command.  procctl(2)."""
    number = 0 if signal is None else _check.signal(signal, zero=False)
    kernel = _call.dragonfly(kernel)
    buffer = kernel.buffer(number.to_bytes(_INT, kernel.target.byteorder))
    _later(kernel, LaterCommand.PROC_PDEATHSIG_CTL, buffer)


def _self(kernel: Kernel, command: str, data: Buffer | int) -> None:
    _call.procctl(kernel, IdType.P_PID, kernel.getpid(), command, data)


def _later(kernel: Kernel, command: LaterCommand, data: Buffer) -> None:
    """A command that the measured headers do not have yet."""
    pid = kernel.getpid()
    try:
        kernel.procctl(IdType.P_PID, pid, command.value, data)
    except KernelError as error:
        # The caller's own pid and a signal that is one: EINVAL is about the command.
        if error.name != "EINVAL":
            raise _call.completed(kernel, error, "procctl", command.name, pid) from None
        raise errors.too_old(
            "dragonfly", call="procctl", request=command.name, running=kernel.release,
            needs="a DragonFly after 5.9", errno=error.errno,
        ) from None
