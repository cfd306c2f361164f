"""procctl(2): what a scenario asks by number, through `bsdproc.freebsd.procctl`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import procctl
from bsdproc.freebsd.constants.procctl import (
    AslrPolicy,
    KptiPolicy,
    LaPolicy,
    LogsigexitPolicy,
    NoNewPrivs,
    ProcctlCommand,
    ProtectFlags,
    ProtectOp,
    ProtmaxPolicy,
    ReaperKillFlags,
    StackgapFlags,
    StatusFlags,
    TraceControl,
    TrapcapControl,
    WxmapFlags,
    X86ProcctlCommand,
)
from bsdproc.freebsd.constants.wait import IdType
from bsdproc.kernel.errors import KernelError

from . import encode
from .tally import Inexpressible

if TYPE_CHECKING:
    from bsdproc.kernel import Kernel

Data = None | int | bytearray
Form = Callable[["Kernel", int, int, Data], int | None]
_NOBODY: Final = -1
_ACTIVE: Final = StatusFlags.PROC_ASLR_ACTIVE.value


def name(command: int) -> str:
    """A command by its C name, or its number."""
    return _NAMES.get(command, f"command {command}")


_NAMES: Final[dict[int, str]] = {
    int(member): label
    for kind in (ProcctlCommand, X86ProcctlCommand) for label, member in kind.__members__.items()
}


# -- whom, and with what ----------------------------------------------------------


def _pid(idtype: int, id: int) -> int | None:
    """A process; None for oneself."""
    if idtype != IdType.P_PID:
        raise Inexpressible("an idtype that the command does not take")
    return id or None


def _self(k: Kernel, idtype: int, id: int) -> None:
    if _pid(idtype, id) not in (None, k.getpid()):
        raise Inexpressible("another process, where a process may only ask of itself")


def _group(idtype: int, id: int) -> tuple[int | None, int | None]:
    """A process (None: oneself) or a group."""
    return (None, id) if idtype == IdType.P_PGID else (_pid(idtype, id), None)


def _nothing(data: Data) -> None:
    if data is not None:
        raise Inexpressible("data that the command does not take")


def _int(data: Data) -> int:
    if not isinstance(data, int):
        raise Inexpressible("no int where the command takes one")
    return encode.int32(data)


def _struct(data: Data, size: int) -> bytearray:
    if not isinstance(data, bytearray) or len(data) != size:
        raise Inexpressible("no struct where the command takes one")
    return data


# -- ints ------------------------------------------------------------------------------


def _get(read: Callable[[Kernel, int | None], int]) -> Form:
    def form(k: Kernel, idtype: int, id: int, data: Data) -> int:
        _int(data)
        return encode.int32(read(k, _pid(idtype, id)))
    return form


def _set(write: Callable[[Kernel, int | None, int], None]) -> Form:
    def form(k: Kernel, idtype: int, id: int, data: Data) -> int:
        value = _int(data)
        write(k, _pid(idtype, id), value)
        return value
    return form


def _set_group(write: Callable[[Kernel, int | None, int | None, int], None]) -> Form:
    def form(k: Kernel, idtype: int, id: int, data: Data) -> int:
        value = _int(data)
        write(k, *_group(idtype, id), value)
        return value
    return form


def _trace(k: Kernel, pid: int | None) -> int:
    found = procctl.trace(pid, kernel=k)
    return found.tracer or 0 if found.enabled else -1


def _sprotect(k: Kernel, pid: int | None, pgid: int | None, value: int) -> None:
    op = ProtectOp(value & 0xF)
    asked = ProtectFlags(value & ~0xF)
    if asked.value & ~sum(flag.value for flag in ProtectFlags):
        raise Inexpressible("flags that the command does not have")
    procctl.sprotect(
        pid, op is ProtectOp.PPROT_SET, descend=ProtectFlags.PPROT_DESCEND in asked,
        inherit=ProtectFlags.PPROT_INHERIT in asked, pgid=pgid, kernel=k,
    )


def _trapcap(k: Kernel, pid: int | None) -> int:
    on = procctl.trapcap(pid, kernel=k)
    return (TrapcapControl.PROC_TRAPCAP_CTL_ENABLE if on
            else TrapcapControl.PROC_TRAPCAP_CTL_DISABLE)


def _set_trapcap(k: Kernel, pid: int | None, pgid: int | None, value: int) -> None:
    on = TrapcapControl(value) is TrapcapControl.PROC_TRAPCAP_CTL_ENABLE
    procctl.set_trapcap(pid, on, pgid=pgid, kernel=k)


def _pdeathsig(k: Kernel, idtype: int, id: int, data: Data) -> int:
    _int(data)
    _self(k, idtype, id)
    return procctl.pdeathsig(kernel=k) or 0


def _set_pdeathsig(k: Kernel, idtype: int, id: int, data: Data) -> int:
    value = _int(data)
    _self(k, idtype, id)
    procctl.set_pdeathsig(value or None, kernel=k)
    return value


def _active(policy: int, active: bool) -> int:
    return policy | (_ACTIVE if active else 0)


def _aslr(k: Kernel, pid: int | None) -> int:
    found = procctl.aslr(pid, kernel=k)
    return _active(found.policy, found.active)


def _protmax(k: Kernel, pid: int | None) -> int:
    found = procctl.protmax(pid, kernel=k)
    return _active(found.policy, found.active)


def _kpti(k: Kernel, pid: int | None) -> int:
    found = procctl.kpti(pid, kernel=k)
    return _active(found.policy, found.active)


def _la(k: Kernel, pid: int | None) -> int:
    found = procctl.la(pid, kernel=k)
    bits = {48: StatusFlags.PROC_LA_STATUS_LA48.value, 57: StatusFlags.PROC_LA_STATUS_LA57.value}
    return found.policy | (0 if found.bits is None else bits[found.bits])


def _no_new_privs(k: Kernel, pid: int | None) -> int:
    on = procctl.no_new_privs(pid, kernel=k)
    return NoNewPrivs.PROC_NO_NEW_PRIVS_ENABLE if on else NoNewPrivs.PROC_NO_NEW_PRIVS_DISABLE


def _set_no_new_privs(k: Kernel, pid: int | None, value: int) -> None:
    if value != NoNewPrivs.PROC_NO_NEW_PRIVS_ENABLE:
        raise Inexpressible("a value that the command does not take")
    procctl.set_no_new_privs(pid, kernel=k)


# -- the reaper ---------------------------------------------------------------------------


def _reap(function: Callable[..., None]) -> Form:
    def form(k: Kernel, idtype: int, id: int, data: Data) -> None:
        _nothing(data)
        _self(k, idtype, id)
        function(kernel=k)
    return form


def _reap_status(k: Kernel, idtype: int, id: int, data: Data) -> None:
    layout = k.target.struct("struct procctl_reaper_status")
    buffer = _struct(data, layout.size)
    found = procctl.reap_status(_pid(idtype, id), kernel=k)
    buffer[:] = layout.pack({
        "rs_flags": found.flags.value, "rs_children": found.children,
        "rs_descendants": found.descendants, "rs_reaper": found.reaper,
        "rs_pid": _NOBODY if found.pid is None else found.pid,
    })


def _reap_kill(k: Kernel, idtype: int, id: int, data: Data) -> None:
    layout = k.target.struct("struct procctl_reaper_kill")
    buffer = _struct(data, layout.size)
    signal, bits, subtree = layout.reader("rk_sig", "rk_flags", "rk_subtree")(bytes(buffer), 0)
    asked = ReaperKillFlags(bits)
    one = ReaperKillFlags.REAPER_KILL_SUBTREE in asked
    if bits & ~sum(flag.value for flag in ReaperKillFlags):
        raise Inexpressible("flags that the command does not have")
    if subtree and not one:
        raise Inexpressible("a subtree that the command is not to look at")

    def answer(killed: int, failed: int | None) -> None:
        layout.put(buffer, "rk_killed", killed)
        layout.put(buffer, "rk_fpid", _NOBODY if failed is None else failed)
    try:
        found = procctl.reap_kill(
            signal, children=ReaperKillFlags.REAPER_KILL_CHILDREN in asked,
            subtree=subtree if one else None, pid=_pid(idtype, id), kernel=k)
    except KernelError as error:
        if error.killed is not None:
            answer(error.killed, error.first_failed)
        raise
    answer(found.killed, found.first_failed)


C = ProcctlCommand
X = X86ProcctlCommand
FORMS: Final[dict[int, Form]] = {
    C.PROC_SPROTECT: _set_group(_sprotect),
    C.PROC_REAP_ACQUIRE: _reap(procctl.reap_acquire),
    C.PROC_REAP_RELEASE: _reap(procctl.reap_release),
    C.PROC_REAP_STATUS: _reap_status,
    C.PROC_REAP_KILL: _reap_kill,
    C.PROC_TRACE_CTL: _set_group(lambda k, pid, pgid, value: procctl.set_trace(
        pid, TraceControl(value), pgid=pgid, kernel=k)),
    C.PROC_TRACE_STATUS: _get(_trace),
    C.PROC_TRAPCAP_CTL: _set_group(_set_trapcap),
    C.PROC_TRAPCAP_STATUS: _get(_trapcap),
    C.PROC_PDEATHSIG_CTL: _set_pdeathsig,
    C.PROC_PDEATHSIG_STATUS: _pdeathsig,
    C.PROC_ASLR_CTL: _set(lambda k, pid, value: procctl.set_aslr(
        pid, AslrPolicy(value), kernel=k)),
    C.PROC_ASLR_STATUS: _get(_aslr),
    C.PROC_PROTMAX_CTL: _set(lambda k, pid, value: procctl.set_protmax(
        pid, ProtmaxPolicy(value), kernel=k)),
    C.PROC_PROTMAX_STATUS: _get(_protmax),
    C.PROC_STACKGAP_CTL: _set(lambda k, pid, value: procctl.set_stackgap(
        pid, StackgapFlags(value), kernel=k)),
    C.PROC_STACKGAP_STATUS: _get(lambda k, pid: procctl.stackgap(pid, kernel=k).value),
    C.PROC_NO_NEW_PRIVS_CTL: _set(_set_no_new_privs),
    C.PROC_NO_NEW_PRIVS_STATUS: _get(_no_new_privs),
    C.PROC_WXMAP_CTL: _set(lambda k, pid, value: procctl.set_wxmap(
        pid, WxmapFlags(value), kernel=k)),
    C.PROC_WXMAP_STATUS: _get(lambda k, pid: procctl.wxmap(pid, kernel=k).value),
    C.PROC_LOGSIGEXIT_CTL: _set_group(lambda k, pid, pgid, value: procctl.set_logsigexit(
        pid, LogsigexitPolicy(value), pgid=pgid, kernel=k)),
    C.PROC_LOGSIGEXIT_STATUS: _get(lambda k, pid: procctl.logsigexit(pid, kernel=k)),
    X.PROC_KPTI_CTL: _set(lambda k, pid, value: procctl.set_kpti(
        pid, KptiPolicy(value), kernel=k)),
    X.PROC_KPTI_STATUS: _get(_kpti),
    X.PROC_LA_CTL: _set(lambda k, pid, value: procctl.set_la(pid, LaPolicy(value), kernel=k)),
    X.PROC_LA_STATUS: _get(_la),
}


def ask(k: Kernel, idtype: int, id: int, command: int, data: Data) -> int | None:
    """procctl(2) through the command's typed function."""
    form = FORMS.get(command)
    if form is None:
        raise Inexpressible("no typed function for this command")
    return form(k, idtype, id, data)


def reap_getpids(k: Kernel, idtype: int, id: int, count: int) -> list[tuple[int, int, int]]:
    """PROC_REAP_GETPIDS, where the room suffices."""
    found = procctl.reap_getpids(_pid(idtype, id), kernel=k)
    if len(found) > count:
        raise Inexpressible("less room than there are descendants")
    return [(entry.pid, entry.subtree, entry.flags.value) for entry in found]
