"""procctl(2): one function for each command, or for a pair that sets and tells the same.

PROC_REAP_STATUS is `reap_status`; PROC_ASLR_STATUS is `aslr` and PROC_ASLR_CTL is
`set_aslr`.  None stands for the calling process: a pid of 0 is refused, since the
kernel takes it for that too.  Commands that take a process group have ``pgid=``.

Every function takes ``kernel=``.  What the kernel refuses is a `KernelError` with the
command's name, its target and, where it can be found out, the reason.  A command
that the machine does not have is `NotSupported` before any call, and one that the
running kernel predates is `TooOld`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, TypeVar

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd._reaper import (
    ReaperKilled,
    ReaperPid,
    ReaperStatus,
    process_id,
    reap_acquire,
    reap_getpids,
    reap_kill,
    reap_release,
    reap_status,
)
from bsdproc.freebsd.constants.procctl import (
    AslrPolicy,
    KptiPolicy,
    LaPolicy,
    LogsigexitPolicy,
    NoNewPrivs,
    ProtectFlags,
    ProtectOp,
    ProtmaxPolicy,
    ReaperPidFlags,
    ReaperStatusFlags,
    StackgapFlags,
    StatusFlags,
    TraceControl,
    TrapcapControl,
    WxmapFlags,
)
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.freebsd.constants.wait import IdType
from bsdproc.typed.enums import flags, known

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

__all__ = [
    "Aslr",
    "AslrPolicy",
    "Kpti",
    "KptiPolicy",
    "La",
    "LaPolicy",
    "LogsigexitPolicy",
    "Protmax",
    "ProtmaxPolicy",
    "ReaperKilled",
    "ReaperPid",
    "ReaperPidFlags",
    "ReaperStatus",
    "ReaperStatusFlags",
    "Signal",
    "StackgapFlags",
    "TraceControl",
    "TraceStatus",
    "WxmapFlags",
    "aslr",
    "kpti",
    "la",
    "logsigexit",
    "no_new_privs",
    "pdeathsig",
    "protmax",
    "reap_acquire",
    "reap_getpids",
    "reap_kill",
    "reap_release",
    "reap_status",
    "set_aslr",
    "set_kpti",
    "set_la",
    "set_logsigexit",
    "set_no_new_privs",
    "set_pdeathsig",
    "set_protmax",
    "set_stackgap",
    "set_trace",
    "set_trapcap",
    "set_wxmap",
    "sprotect",
    "stackgap",
    "trace",
    "trapcap",
    "wxmap",
]

E = TypeVar("E", bound=IntEnum)
_INT: Final = 4


# -- protection from the out-of-memory killer -----------------------------------


def sprotect(
    pid: int | None = None,
    protect: bool = True,
    *,
    descend: bool = False,
    inherit: bool = False,
    pgid: int | None = None,
    kernel: Kernel | None = None,
) -> None:
    """PROC_SPROTECT: keep a process, or the processes of a group, from being killed
    when memory runs out; or no more.

    With `descend` (PPROT_DESCEND) their descendants too, with `inherit`
    (PPROT_INHERIT) the children they fork later.  `PermissionError` without the
    privilege.  protect(1).  procctl(2).
    """
    asked = ProtectFlags(0)
    if descend:
        asked |= ProtectFlags.PPROT_DESCEND
    if inherit:
        asked |= ProtectFlags.PPROT_INHERIT
    op = ProtectOp.PPROT_SET if protect else ProtectOp.PPROT_CLEAR
    _set(kernel, "PROC_SPROTECT", pid, op | asked.value, pgid)


# -- tracing --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TraceStatus:
    """PROC_TRACE_STATUS."""

    enabled: bool
    """Whether the process may be traced (and dump core)."""
    tracer: int | None
    """Who traces it; None when nobody does, or it is disabled."""


def trace(pid: int | None = None, *, kernel: Kernel | None = None) -> TraceStatus:
    """PROC_TRACE_STATUS: whether a process may be traced, and by whom it is.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  procctl(2)."""
    value = _get(kernel, "PROC_TRACE_STATUS", pid)
    return TraceStatus(value >= 0, value if value > 0 else None)


def set_trace(
    pid: int | None, control: TraceControl, *, pgid: int | None = None,
    kernel: Kernel | None = None,
) -> None:
    """PROC_TRACE_CTL: forbid tracing a process, or the processes of a group; or allow it.

    PROC_TRACE_CTL_DISABLE lasts until execve(2), DISABLE_EXEC beyond it; only the
    process itself can enable it again.  The superuser may trace all the same.
    `PermissionError` for another's process, `KernelError` (EBUSY) while it is
    traced.  procctl(2).
    """
    _set(kernel, "PROC_TRACE_CTL", pid, TraceControl(control), pgid)


def trapcap(pid: int | None = None, *, kernel: Kernel | None = None) -> bool:
    """PROC_TRAPCAP_STATUS: whether a breach of capability mode sends SIGTRAP.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  procctl(2)."""
    return _get(kernel, "PROC_TRAPCAP_STATUS", pid) == TrapcapControl.PROC_TRAPCAP_CTL_ENABLE


def set_trapcap(
    pid: int | None, enable: bool, *, pgid: int | None = None, kernel: Kernel | None = None
) -> None:
    """PROC_TRAPCAP_CTL: have a breach of capability mode send SIGTRAP, or no more.

    `PermissionError` (EPERM) for a process that the caller may not debug.  procctl(2)."""
    control = (TrapcapControl.PROC_TRAPCAP_CTL_ENABLE if enable
               else TrapcapControl.PROC_TRAPCAP_CTL_DISABLE)
    _set(kernel, "PROC_TRAPCAP_CTL", pid, control, pgid)


# -- the parent's death ----------------------------------------------------------


def pdeathsig(*, kernel: Kernel | None = None) -> Signal | int | None:
    """PROC_PDEATHSIG_STATUS: the signal that the caller gets when its parent exits.

    None when there is none.  The kernel tells a process only about itself.  procctl(2)."""
    value = _get(kernel, "PROC_PDEATHSIG_STATUS", None)
    return known(Signal, value) if value else None


def set_pdeathsig(signal: Signal | int | None, *, kernel: Kernel | None = None) -> None:
    """PROC_PDEATHSIG_CTL: send the caller a signal when its parent exits; None: no more.

    Children do not inherit it, and a set-id program loses it.  procctl(2)."""
    number = 0 if signal is None else _check.signal(signal, zero=False)
    _set(kernel, "PROC_PDEATHSIG_CTL", None, number, None)


# -- address space ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Aslr:
    """PROC_ASLR_STATUS."""

    policy: AslrPolicy | int
    """For the images that the process executes from now on."""
    active: bool
    """Whether the address space of the running image is randomized."""


def aslr(pid: int | None = None, *, kernel: Kernel | None = None) -> Aslr:
    """PROC_ASLR_STATUS: address space layout randomization of a process.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  procctl(2)."""
    policy, active = _policy(AslrPolicy, _get(kernel, "PROC_ASLR_STATUS", pid))
    return Aslr(policy, active)


def set_aslr(pid: int | None, policy: AslrPolicy, *, kernel: Kernel | None = None) -> None:
    """PROC_ASLR_CTL: force it on or off for the images executed from now on, or neither.

    `PermissionError` (EPERM) for a process that the caller may not debug.  procctl(2)."""
    _set(kernel, "PROC_ASLR_CTL", pid, AslrPolicy(policy), None)


@dataclass(frozen=True, slots=True)
class Protmax:
    """PROC_PROTMAX_STATUS."""

    policy: ProtmaxPolicy | int
    """For mmap(2) from now on."""
    active: bool
    """Whether it is in force."""


def protmax(pid: int | None = None, *, kernel: Kernel | None = None) -> Protmax:
    """PROC_PROTMAX_STATUS: whether mmap(2)'s protection is also the most that is allowed.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  procctl(2)."""
    policy, active = _policy(ProtmaxPolicy, _get(kernel, "PROC_PROTMAX_STATUS", pid))
    return Protmax(policy, active)


def set_protmax(pid: int | None, policy: ProtmaxPolicy, *, kernel: Kernel | None = None) -> None:
    """PROC_PROTMAX_CTL: force an implied PROT_MAX on or off, or neither.

    `PermissionError` (EPERM) for a process that the caller may not debug.  procctl(2)."""
    _set(kernel, "PROC_PROTMAX_CTL", pid, ProtmaxPolicy(policy), None)


def stackgap(pid: int | None = None, *, kernel: Kernel | None = None) -> StackgapFlags:
    """PROC_STACKGAP_STATUS: gaps below stacks, now and after the next execve(2).

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  procctl(2)."""
    return flags(StackgapFlags, _get(kernel, "PROC_STACKGAP_STATUS", pid) & 0xFFFFFFFF)


def set_stackgap(pid: int | None, gaps: StackgapFlags, *, kernel: Kernel | None = None) -> None:
    """PROC_STACKGAP_CTL: disable gaps now, or set them for the next execve(2).

    `KernelError` (EINVAL) for enabling them where they were disabled, and for
    contradictions.  procctl(2)."""
    if not isinstance(gaps, StackgapFlags):
        raise TypeError(f"gaps must be StackgapFlags, not {type(gaps).__name__}")
    _set(kernel, "PROC_STACKGAP_CTL", pid, gaps.value, None)


def wxmap(pid: int | None = None, *, kernel: Kernel | None = None) -> WxmapFlags:
    """PROC_WXMAP_STATUS: mappings that are writable and executable at once.

    PROC_WXORX_ENFORCE is set when there can be none in the running image.
    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.
    procctl(2)."""
    return flags(WxmapFlags, _get(kernel, "PROC_WXMAP_STATUS", pid) & 0xFFFFFFFF)


def set_wxmap(pid: int | None, control: WxmapFlags, *, kernel: Kernel | None = None) -> None:
    """PROC_WXMAP_CTL: permit such mappings, or forbid them from the next execve(2) on.

    `PermissionError` (EPERM) for a process that the caller may not debug.  procctl(2)."""
    if not isinstance(control, WxmapFlags):
        raise TypeError(f"control must be WxmapFlags, not {type(control).__name__}")
    _set(kernel, "PROC_WXMAP_CTL", pid, control.value, None)


# -- credentials and logging --------------------------------------------------------


def no_new_privs(pid: int | None = None, *, kernel: Kernel | None = None) -> bool:
    """PROC_NO_NEW_PRIVS_STATUS: whether set-id bits are ignored on execve(2).

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  procctl(2)."""
    return _get(kernel, "PROC_NO_NEW_PRIVS_STATUS", pid) == NoNewPrivs.PROC_NO_NEW_PRIVS_ENABLE


def set_no_new_privs(pid: int | None = None, *, kernel: Kernel | None = None) -> None:
    """PROC_NO_NEW_PRIVS_CTL: ignore set-id bits on execve(2) from now on, for good.

    `PermissionError` (EPERM) for a process that the caller may not debug.  procctl(2)."""
    _set(kernel, "PROC_NO_NEW_PRIVS_CTL", pid, NoNewPrivs.PROC_NO_NEW_PRIVS_ENABLE, None)


def logsigexit(pid: int | None = None, *, kernel: Kernel | None = None) -> LogsigexitPolicy | int:
    """PROC_LOGSIGEXIT_STATUS: whether the kernel logs a fatal signal.

    `ProcessLookupError` (ESRCH) for a process that is not there, or not visible.  procctl(2)."""
    return known(LogsigexitPolicy, _get(kernel, "PROC_LOGSIGEXIT_STATUS", pid))


def set_logsigexit(
    pid: int | None, policy: LogsigexitPolicy, *, pgid: int | None = None,
    kernel: Kernel | None = None,
) -> None:
    """PROC_LOGSIGEXIT_CTL: have a fatal signal logged or not, or as kern.logsigexit says.

    `PermissionError` (EPERM) for a process that the caller may not debug.  procctl(2)."""
    _set(kernel, "PROC_LOGSIGEXIT_CTL", pid, LogsigexitPolicy(policy), pgid)


# -- x86 -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kpti:
    """PROC_KPTI_STATUS."""

    policy: KptiPolicy | int
    """From the next execve(2) on."""
    active: bool
    """Whether the running image's page tables are isolated from the kernel's."""


def kpti(pid: int | None = None, *, kernel: Kernel | None = None) -> Kpti:
    """PROC_KPTI_STATUS (amd64): kernel page table isolation.  `NotSupported` elsewhere.

    procctl(2)."""
    policy, active = _policy(KptiPolicy, _get(kernel, "PROC_KPTI_STATUS", pid))
    return Kpti(policy, active)


def set_kpti(pid: int | None, policy: KptiPolicy, *, kernel: Kernel | None = None) -> None:
    """PROC_KPTI_CTL (amd64): isolate page tables from the next execve(2) on, or not.

    Not isolating them takes a privilege (`PermissionError`).  `NotSupported` elsewhere.
    procctl(2)."""
    _set(kernel, "PROC_KPTI_CTL", pid, KptiPolicy(policy), None)


@dataclass(frozen=True, slots=True)
class La:
    """PROC_LA_STATUS."""

    policy: LaPolicy | int
    """From the next execve(2) on."""
    bits: int | None
    """Of the running image's linear addresses: 48 or 57, None when neither is said."""


def la(pid: int | None = None, *, kernel: Kernel | None = None) -> La:
    """PROC_LA_STATUS (amd64): width of linear addresses.  `NotSupported` elsewhere.  procctl(2)."""
    value = _get(kernel, "PROC_LA_STATUS", pid) & 0xFFFFFFFF
    la48 = StatusFlags.PROC_LA_STATUS_LA48.value
    la57 = StatusFlags.PROC_LA_STATUS_LA57.value
    bits = 48 if value & la48 else 57 if value & la57 else None
    return La(known(LaPolicy, value & ~(la48 | la57)), bits)


def set_la(pid: int | None, policy: LaPolicy, *, kernel: Kernel | None = None) -> None:
    """PROC_LA_CTL (amd64): width of linear addresses from the next execve(2) on.

    `NotSupported` elsewhere.  procctl(2)."""
    _set(kernel, "PROC_LA_CTL", pid, LaPolicy(policy), None)


# -- how an int goes in and comes out ---------------------------------------------------


def _get(kernel: Kernel | None, command: str, pid: int | None) -> int:
    kernel = _call.freebsd(kernel)
    buffer = kernel.buffer(_INT)
    _call.procctl(kernel, IdType.P_PID, process_id(kernel, pid), command, buffer)
    return int.from_bytes(buffer.read(), kernel.target.byteorder, signed=True)


def _set(kernel: Kernel | None, command: str, pid: int | None, value: int,
         pgid: int | None) -> None:
    kernel = _call.freebsd(kernel)
    if pgid is None:
        idtype, id = IdType.P_PID, process_id(kernel, pid)
    elif pid is None:
        idtype, id = IdType.P_PGID, _check.process(pgid, "pgid")
    else:
        raise ValueError("either a pid or a pgid")
    value = _check.signed(value, 32, command)
    buffer = kernel.buffer(value.to_bytes(_INT, kernel.target.byteorder, signed=True))
    _call.procctl(kernel, idtype, id, command, buffer)


def _policy(kind: type[E], value: int) -> tuple[E | int, bool]:
    """A policy, and whether the ACTIVE bit stands beside it."""
    active = StatusFlags.PROC_ASLR_ACTIVE.value
    value &= 0xFFFFFFFF
    return known(kind, value & ~active), bool(value & active)
