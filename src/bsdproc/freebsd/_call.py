"""How the typed functions reach the kernel: one way for each system call.

A request that the target's headers lack is refused here, before the call.  What
the kernel refuses is completed: with the request's C name, with its target, and
where it can be found out, with the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.freebsd import _check, since
from bsdproc.kernel import errors
from bsdproc.kernel.default import resolve
from bsdproc.kernel.errno import number
from bsdproc.kernel.errors import KernelError

if TYPE_CHECKING:
    from bsdproc.kernel.port import Address, Kernel

SYSTEM = "freebsd"
# What is worth a look at the target: a refusal for what the target or the caller is.
_EXPLAINED = frozenset(number(SYSTEM, name) for name in (
    "EPERM", "ESRCH", "EACCES", "EBUSY", "EINVAL", "ENOSYS", "ECAPMODE",
))
# How a kernel answers that does not know the request.
_UNKNOWN = frozenset(number(SYSTEM, name) for name in ("ENOENT", "EINVAL", "EOPNOTSUPP", "ENOSYS"))


def freebsd(kernel: Kernel | None) -> Kernel:
    """The kernel that is meant; `NotSupported` when it is another system's."""
    chosen = resolve(kernel)
    if chosen.system != SYSTEM:
        raise errors.not_supported(
            chosen.system, call="freebsd", reason=f"this kernel is a {chosen.system} one"
        )
    return chosen


def request_number(kernel: Kernel, name: str, call: str) -> int:
    """The value of a request or command on the kernel's machine, by its C name."""
    value = kernel.target.constants.get(name)
    if value is None:
        raise errors.not_supported(
            SYSTEM, call=call, request=name, reason=f"{kernel.machine} has no such request"
        )
    return value


def ptrace(kernel: Kernel, name: str, pid: int, addr: Address = 0, data: int = 0) -> int:
    """ptrace(2) with a request by its C name."""
    request = kernel.target.constants.get(name)
    if request is None:
        request = request_number(kernel, name, "ptrace")
    if type(pid) is not int or not 0 <= pid <= 0x7FFFFFFF:
        pid = _check.target(pid)
    try:
        return kernel.ptrace(request, pid, addr, data)
    except KernelError as error:
        raise completed(kernel, error, "ptrace", name, pid) from None


def procctl(kernel: Kernel, idtype: int, id: int, name: str, data: Address) -> int:
    """procctl(2) with a command by its C name."""
    command = request_number(kernel, name, "procctl")
    try:
        return kernel.procctl(int(idtype), id, command, data)
    except KernelError as error:
        raise completed(kernel, error, "procctl", name, id) from None


def completed(
    kernel: Kernel, error: KernelError, call: str, request: str | None, target: int | None
) -> KernelError:
    """The error with all that is known of it; another one for a kernel that is too old."""
    errno = error.errno or 0
    if request is not None and errno in _UNKNOWN and since.unknown_to(kernel, request):
        return errors.too_old(
            SYSTEM, call=call, request=request, running=kernel.release,
            needs=since.release(request), errno=errno,
        )
    error.call, error.request = call, request
    if error.target is None:
        error.target = target
    if error.reason is None and errno in _EXPLAINED:
        from bsdproc.freebsd.reasons import explain

        error.reason = explain(kernel, error)
    return error
