"""PT_LWPINFO and the list of a tracee's threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct as Packer
from typing import TYPE_CHECKING, Final

from bsdproc import abi
from bsdproc.freebsd import _call, siginfo
from bsdproc.freebsd.constants._enums import flags, known
from bsdproc.freebsd.constants.ptrace import LwpEvent, LwpFlags

if TYPE_CHECKING:
    from bsdproc.freebsd.siginfo import Siginfo, SigSet
    from bsdproc.kernel.port import Kernel

_SI: Final = LwpFlags.PL_FLAG_SI.value
_SLACK: Final = 16


@dataclass(frozen=True, slots=True)
class LwpInfo:
    """struct ptrace_lwpinfo: a thread, and why it has stopped."""

    lwpid: int
    """The thread, for the requests that take one."""
    event: LwpEvent | int
    """PL_EVENT_SIGNAL for the thread that reported the stop."""
    flags: LwpFlags
    """What kind of stop it is."""
    sigmask: SigSet
    """Signals that the thread blocks."""
    siglist: SigSet
    """Signals that are pending for it."""
    siginfo: Siginfo | None
    """The signal it stopped for; None unless PL_FLAG_SI says that there is one."""
    tdname: str
    """The thread's name."""
    child_pid: int
    """The new child, with PL_FLAG_FORKED."""
    syscall_code: int
    """Number of the system call, with PL_FLAG_SCE or PL_FLAG_SCX."""
    syscall_narg: int
    """How many arguments it has, likewise."""


class _Layout:
    """Where struct ptrace_lwpinfo of one machine has what."""

    __slots__ = ("byteorder", "machine", "mask", "name", "pending", "scalars", "siginfo", "size")

    def __init__(self, machine: str) -> None:
        target = abi.target("freebsd", machine)
        layout = target.struct("struct ptrace_lwpinfo")
        self.machine = machine
        self.byteorder = target.byteorder
        self.size = layout.size
        self.scalars: Callable[[bytes, int], tuple[int, ...]] = layout.reader(
            "pl_lwpid", "pl_event", "pl_flags", "pl_child_pid", "pl_syscall_code",
            "pl_syscall_narg",
        )
        self.mask = _span(layout, "pl_sigmask")
        self.pending = _span(layout, "pl_siglist")
        self.name = _span(layout, "pl_tdname")
        self.siginfo = layout.field("pl_siginfo").offset

    def decode(self, data: bytes) -> LwpInfo:
        lwpid, event, bits, child, code, narg = self.scalars(data, 0)
        return LwpInfo(
            lwpid,
            known(LwpEvent, event),
            flags(LwpFlags, bits & 0xFFFFFFFF),
            siginfo.decode_set(data[self.mask], self.byteorder),
            siginfo.decode_set(data[self.pending], self.byteorder),
            siginfo.decode(self.machine, data, self.siginfo) if bits & _SI else None,
            _text(data[self.name]),
            child,
            code,
            narg,
        )


def _span(layout: abi.Struct, name: str) -> slice:
    field = layout.field(name)
    return slice(field.offset, field.offset + field.size)


@lru_cache(maxsize=256)
def _text(name: bytes) -> str:
    return name.partition(b"\0")[0].decode("utf-8", "surrogateescape")


@lru_cache(maxsize=16)
def _layout(machine: str) -> _Layout:
    return _Layout(machine)


def lwpinfo(pid: int, *, kernel: Kernel | None = None) -> LwpInfo:
    """PT_LWPINFO: the thread that reported the stop, or the one whose id is given.

    The tracee must be stopped and waited for.  ptrace(2)."""
    kernel = _call.freebsd(kernel)
    layout = _layout(kernel.target.machine)
    buffer = kernel.buffer(layout.size)
    _call.ptrace(kernel, "PT_LWPINFO", pid, buffer, layout.size)
    return layout.decode(buffer.read())


def decode_lwpinfo(machine: str, data: bytes) -> LwpInfo:
    """A struct ptrace_lwpinfo of a FreeBSD machine, as a core's NT_PTLWPINFO has it.

    `ValueError` (`abi.Truncated`) for too few bytes."""
    return _layout(machine).decode(data)


def getnumlwps(pid: int, *, kernel: Kernel | None = None) -> int:
    """PT_GETNUMLWPS: how many threads a stopped tracee has."""
    return _call.ptrace(_call.freebsd(kernel), "PT_GETNUMLWPS", pid)


def getlwplist(pid: int, *, kernel: Kernel | None = None) -> tuple[int, ...]:
    """PT_GETLWPLIST: the ids of all threads of a stopped tracee.

    The room is grown until the list does not fill it, so that none is missing."""
    kernel = _call.freebsd(kernel)
    size = kernel.target.scalars["lwpid_t"].size
    room = getnumlwps(pid, kernel=kernel) + _SLACK
    while True:
        buffer = kernel.buffer(room * size)
        count = _call.ptrace(kernel, "PT_GETLWPLIST", pid, buffer, room)
        if count < room:
            order = "<" if kernel.target.byteorder == "little" else ">"
            lwps: tuple[int, ...] = Packer(f"{order}{count}i").unpack(buffer.read(0, count * size))
            return lwps
        room *= 2
