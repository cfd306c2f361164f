"""A tracee's LWPs, and why one stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from bsdproc.netbsd import _call, _check
from bsdproc.netbsd.constants.ptrace import LwpEvent
from bsdproc.netbsd.records import Record, Signals
from bsdproc.typed.records import Enumerated, Malformed, Number, Text

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel


class LwpInfo(Record):
    """struct ptrace_lwpinfo: an LWP, and whether it reported the stop."""

    struct = "struct ptrace_lwpinfo"
    __slots__ = ()

    lwpid = Number("pl_lwpid")
    event = Enumerated("pl_event", LwpEvent)
    """PL_EVENT_SIGNAL for the LWP that a signal stopped; PL_EVENT_NONE for the others,
    and for all at a SIGSTOP and at a system call."""


class LwpStatus(Record):
    """struct ptrace_lwpstatus: an LWP of a stopped tracee."""

    struct = "struct ptrace_lwpstatus"
    __slots__ = ()

    lwpid = Number("pl_lwpid")
    sigpend = Signals("pl_sigpend")
    """Signals that are pending for it."""
    sigmask = Signals("pl_sigmask")
    """Signals that it blocks."""
    name = Text("pl_name")
    """_lwp_setname(2)'s name, "" for one without."""
    private = Number("pl_private")
    """_lwp_setprivate(2)'s address: where its own storage is."""


R = TypeVar("R", LwpInfo, LwpStatus)


def lwpinfo(pid: int, lwp: int = 0, *, kernel: Kernel | None = None) -> LwpInfo | None:
    """PT_LWPINFO: the LWP after `lwp` in the kernel's list, newest first.

    0 asks for the first; None after the last.  `lwpnext` is its successor, which
    tells more.  `ProcessLookupError` for an LWP that is not there.  ptrace(2)."""
    return _ask(kernel, "PT_LWPINFO", pid, LwpInfo, lwp)


def lwpstatus(pid: int, lwp: int, *, kernel: Kernel | None = None) -> LwpStatus:
    """PT_LWPSTATUS: one LWP of a stopped tracee.

    `ProcessLookupError` for an LWP that is not there; `TooOld` before NetBSD 10.  ptrace(2)."""
    found = _ask(kernel, "PT_LWPSTATUS", pid, LwpStatus, _check.lwp(lwp, zero=False))
    if found is None:
        raise Malformed("PT_LWPSTATUS answered without an LWP")
    return found


def lwpnext(pid: int, lwp: int = 0, *, kernel: Kernel | None = None) -> LwpStatus | None:
    """PT_LWPNEXT: the LWP after `lwp` in the kernel's list.

    0 asks for the first; None after the last.  `ProcessLookupError` for an LWP that
    is not there; `TooOld` before NetBSD 10.  ptrace(2)."""
    return _ask(kernel, "PT_LWPNEXT", pid, LwpStatus, lwp)


def lwps(pid: int, *, kernel: Kernel | None = None) -> tuple[LwpStatus, ...]:
    """All LWPs of a stopped tracee, by `lwpnext`.  They do not change while it is stopped.

    ptrace(2)."""
    kernel = _call.netbsd(kernel)
    return tuple(_walk(kernel, pid))


def _walk(kernel: Kernel, pid: int) -> Iterator[LwpStatus]:
    seen: set[int] = set()
    found = lwpnext(pid, kernel=kernel)
    while found is not None and found.lwpid not in seen:
        seen.add(found.lwpid)
        yield found
        found = lwpnext(pid, found.lwpid, kernel=kernel)


def _ask(kernel: Kernel | None, request: str, pid: int, kind: type[R], lwp: int) -> R | None:
    """The record that the kernel puts in the place of one with this LWP's id."""
    kernel = _call.netbsd(kernel)
    of = kind.of(kernel.target.machine)
    number = _check.lwp(lwp)
    buffer = kernel.buffer(kernel.target.struct(kind.struct).pack({"pl_lwpid": number}))
    _call.ptrace(kernel, request, pid, buffer, of.sizeof)
    found = of(buffer.read())
    if found.lwpid < 0:
        raise Malformed(f"{request} answered with LWP {found.lwpid}")
    return found if found.lwpid else None
