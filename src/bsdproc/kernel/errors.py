"""What a kernel refuses, as exceptions.

A failed call raises a `KernelError`: an OSError with the number that the
*target's* kernel gave, the call, the request by its C name and the process or
thread it was about.  The subclasses are also Python's own PermissionError,
ProcessLookupError and so on, chosen by the error's name and never by its
number, since FreeBSD's EAGAIN is 35 on any host.
"""

from __future__ import annotations

from typing import Final

from bsdproc.kernel import errno as numbers


class NoKernel(RuntimeError):
    """There is no kernel to call: the host is no BSD, and no default kernel is set."""


class KernelError(OSError):
    """A call that a kernel refused."""

    system: str
    """Whose number `errno` is: "freebsd", "netbsd" or "dragonfly"."""
    call: str
    """The system call: "ptrace", "procctl", "sysctl", "open" .."""
    request: str | None
    """The request, command, node or path: "PT_ATTACH", "kern.proc.pid" .."""
    target: int | None
    """The process or thread that it was about."""
    reason: str | None
    """Why, where that could be found out: a sysctl, a credential, a missing stop."""
    killed: int | None
    """PROC_REAP_KILL: how many processes were signalled before it failed."""
    first_failed: int | None
    """PROC_REAP_KILL: the first pid that could not be signalled."""
    transferred: int | None
    """PT_IO and other transfers: bytes done before it failed."""
    data: bytes | None
    """PT_IO: what had been read before it failed."""

    def __init__(
        self,
        errno: int,
        strerror: str,
        *,
        system: str = "freebsd",
        call: str = "",
        request: str | None = None,
        target: int | None = None,
        reason: str | None = None,
        killed: int | None = None,
        first_failed: int | None = None,
        transferred: int | None = None,
    ) -> None:
        super().__init__(errno, strerror)
        self.system = system
        self.call = call
        self.request = request
        self.target = target
        self.reason = reason
        self.killed = killed
        self.first_failed = first_failed
        self.transferred = transferred
        self.data = None

    @property
    def name(self) -> str:
        """The error's C name: "EBUSY"."""
        return numbers.name(self.system, self.errno or 0)

    def __str__(self) -> str:
        asked = " ".join(part for part in (self.call, self.request) if part)
        if self.target is not None:
            asked += f" of {self.target}"
        head = f"{asked}: " if asked else ""
        tail = f" ({self.reason})" if self.reason else ""
        return f"{head}{self.name}, {self.strerror}{tail}"


# One subclass for each of Python's own that an errno selects.


class NotPermitted(KernelError, PermissionError):
    """EPERM, EACCES, and FreeBSD's ENOTCAPABLE and ECAPMODE."""


class NoSuchProcess(KernelError, ProcessLookupError):
    """ESRCH."""


class NoChild(KernelError, ChildProcessError):
    """ECHILD."""


class NotFound(KernelError, FileNotFoundError):
    """ENOENT."""


class Exists(KernelError, FileExistsError):
    """EEXIST."""


class NotADirectory(KernelError, NotADirectoryError):
    """ENOTDIR."""


class IsADirectory(KernelError, IsADirectoryError):
    """EISDIR."""


class Interrupted(KernelError, InterruptedError):
    """EINTR."""


class WouldBlock(KernelError, BlockingIOError):
    """EAGAIN, EALREADY, EINPROGRESS."""


class BrokenPipe(KernelError, BrokenPipeError):
    """EPIPE, ESHUTDOWN."""


class TimedOut(KernelError, TimeoutError):
    """ETIMEDOUT."""


class ConnectionAborted(KernelError, ConnectionAbortedError):
    """ECONNABORTED."""


class ConnectionRefused(KernelError, ConnectionRefusedError):
    """ECONNREFUSED."""


class ConnectionReset(KernelError, ConnectionResetError):
    """ECONNRESET."""


class Vanished(NoSuchProcess):
    """The process or thread that an object stood for is gone; nothing was asked of its pid."""


class NotSupported(KernelError):
    """The system or machine has no such request, structure or node; raised before any call."""


class TooOld(KernelError):
    """The running kernel predates the request."""


_SUBCLASSES: Final[dict[str, type[KernelError]]] = {
    "EPERM": NotPermitted,
    "EACCES": NotPermitted,
    "ENOTCAPABLE": NotPermitted,
    "ECAPMODE": NotPermitted,
    "ESRCH": NoSuchProcess,
    "ECHILD": NoChild,
    "ENOENT": NotFound,
    "EEXIST": Exists,
    "ENOTDIR": NotADirectory,
    "EISDIR": IsADirectory,
    "EINTR": Interrupted,
    "EAGAIN": WouldBlock,
    "EALREADY": WouldBlock,
    "EINPROGRESS": WouldBlock,
    "EPIPE": BrokenPipe,
    "ESHUTDOWN": BrokenPipe,
    "ETIMEDOUT": TimedOut,
    "ECONNABORTED": ConnectionAborted,
    "ECONNREFUSED": ConnectionRefused,
    "ECONNRESET": ConnectionReset,
}


def from_errno(
    system: str,
    errno: int,
    *,
    call: str,
    request: str | None = None,
    target: int | None = None,
    reason: str | None = None,
    killed: int | None = None,
    first_failed: int | None = None,
    transferred: int | None = None,
) -> KernelError:
    """The exception for a number that a kernel of `system` gave."""
    kind = _SUBCLASSES.get(numbers.name(system, errno), KernelError)
    return kind(
        errno,
        numbers.text(system, errno),
        system=system,
        call=call,
        request=request,
        target=target,
        reason=reason,
        killed=killed,
        first_failed=first_failed,
        transferred=transferred,
    )


def from_name(
    system: str,
    name: str,
    *,
    call: str,
    request: str | None = None,
    target: int | None = None,
    reason: str | None = None,
) -> KernelError:
    """The same by the error's name; `KeyError` where the system has no such error."""
    return from_errno(
        system, numbers.number(system, name), call=call, request=request, target=target,
        reason=reason,
    )


def vanished(system: str, target: int, *, call: str = "", request: str | None = None,
             reason: str | None = None) -> Vanished:
    """ESRCH for an object whose process is gone."""
    number = numbers.number(system, "ESRCH")
    return Vanished(number, numbers.text(system, number), system=system, call=call,
                    request=request, target=target, reason=reason)


def not_supported(system: str, *, call: str, request: str | None = None,
                  reason: str | None = None) -> NotSupported:
    """What the interface lacks on this system or machine (EOPNOTSUPP)."""
    number = numbers.number(system, "EOPNOTSUPP")
    return NotSupported(number, numbers.text(system, number), system=system, call=call,
                        request=request, reason=reason)


def too_old(system: str, *, call: str, request: str | None = None, running: str, needs: str,
            errno: int | None = None) -> TooOld:
    """A request that came with release `needs`, on a kernel that is older.

    `errno` is what the kernel answered, if it was asked (EINVAL mostly)."""
    number = numbers.number(system, "EOPNOTSUPP") if errno is None else errno
    return TooOld(number, numbers.text(system, number), system=system, call=call,
                  request=request, reason=f"came with {needs}, and this kernel is {running}")
