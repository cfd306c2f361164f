"""PT_LWPINFO and the list of a tracee's threads."""

from __future__ import annotations

from struct import Struct as Packer
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call
from bsdproc.freebsd.constants.ptrace import LwpEvent, LwpFlags
from bsdproc.freebsd.records import Record, Signals
from bsdproc.freebsd.siginfo import Siginfo
from bsdproc.typed.records import Enumerated, Flagged, Malformed, Nested, Number, Text

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_SLACK: Final = 16
_MOST: Final = 1 << 20
"""More threads than any process can have."""


class LwpInfo(Record):
    """struct ptrace_lwpinfo: a thread, and why it has stopped."""

    struct = "struct ptrace_lwpinfo"
    __slots__ = ()

    lwpid = Number("pl_lwpid")
    """The thread, for the requests that take one."""
    event = Enumerated("pl_event", LwpEvent)
    """PL_EVENT_SIGNAL for the thread that reported the stop."""
    flags = Flagged("pl_flags", LwpFlags)
    """What kind of stop it is."""
    sigmask = Signals("pl_sigmask")
    """Signals that the thread blocks."""
    siglist = Signals("pl_siglist")
    """Signals that are pending for it."""
    last_siginfo = Nested("pl_siginfo", Siginfo)
    """What stands there, whether it is meant or not (see `siginfo`)."""
    tdname = Text("pl_tdname")
    """The thread's name."""
    child_pid = Number("pl_child_pid")
    """The new child, with PL_FLAG_FORKED."""
    syscall_code = Number("pl_syscall_code")
    """Number of the system call, with PL_FLAG_SCE or PL_FLAG_SCX."""
    syscall_narg = Number("pl_syscall_narg")
    """How many arguments it has, likewise."""

    @property
    def siginfo(self) -> Siginfo | None:
        """The signal that it stopped for; None unless PL_FLAG_SI says that there is one."""
        return self.last_siginfo if LwpFlags.PL_FLAG_SI in self.flags else None

    def __repr__(self) -> str:
        return (f"LwpInfo(lwpid={self.lwpid}, event={self.event!r}, flags={self.flags!r}, "
                f"siginfo={self.siginfo!r}, tdname={self.tdname!r}, child_pid={self.child_pid}, "
                f"syscall_code={self.syscall_code}, syscall_narg={self.syscall_narg})")


def lwpinfo(pid: int, *, kernel: Kernel | None = None) -> LwpInfo:
    """PT_LWPINFO: the thread that reported the stop, or the one whose id is given.

    The tracee must be stopped and waited for.
    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    kind = LwpInfo.of(kernel.target.machine)
    buffer = kernel.buffer(kind.sizeof)
    _call.ptrace(kernel, "PT_LWPINFO", pid, buffer, kind.sizeof)
    return kind(buffer.read())


def getnumlwps(pid: int, *, kernel: Kernel | None = None) -> int:
    """PT_GETNUMLWPS: how many threads a stopped tracee has.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    return _call.ptrace(_call.freebsd(kernel), "PT_GETNUMLWPS", pid)


def getlwplist(pid: int, *, kernel: Kernel | None = None) -> tuple[int, ...]:
    """PT_GETLWPLIST: the ids of all threads of a stopped tracee.

    The room is grown until the list does not fill it, so that none is missing.
    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    kernel = _call.freebsd(kernel)
    size = kernel.target.scalars["lwpid_t"].size
    room = getnumlwps(pid, kernel=kernel) + _SLACK
    while 0 < room <= _MOST:
        buffer = kernel.buffer(room * size)
        count = _call.ptrace(kernel, "PT_GETLWPLIST", pid, buffer, room)
        if 0 <= count < room:
            order = "<" if kernel.target.byteorder == "little" else ">"
            lwps: tuple[int, ...] = Packer(f"{order}{count}i").unpack(buffer.read(0, count * size))
            return lwps
        room *= 2
    raise Malformed(f"no process has {room} threads")
