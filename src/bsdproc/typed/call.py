"""How the typed functions reach the kernel: one way for each system call.

A request that the target's headers lack is refused here, before the call.  What
the kernel refuses is completed: with the request's C name, with its target, and
where it can be found out, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from bsdproc.kernel import errors
from bsdproc.kernel.default import default, no_kernel
from bsdproc.kernel.errno import number
from bsdproc.kernel.errors import KernelError
from bsdproc.typed import check

if TYPE_CHECKING:
    from bsdproc.kernel.port import Address, Kernel
    from bsdproc.typed.since import Since


class Ask(Protocol):
    """One request of ptrace(2)."""

    def __call__(self, pid: int, addr: Address = 0, data: int = 0) -> int: ...


Explain = Callable[["Kernel", KernelError], str | None]
"""Finds the reason of a refusal, or None."""


class System:
    """A system, as its typed functions call it."""

    __slots__ = ("_explain", "_explained", "_since", "_unknown", "name")

    def __init__(
        self,
        name: str,
        *,
        explain: Explain,
        explained: Iterable[str],
        since: Since,
        unknown: Iterable[str],
    ) -> None:
        """`explained` are the errors' names that are worth a look at the target,
        `unknown` those by which a kernel answers that does not know the request."""
        self.name = name
        self._explain = explain
        self._explained = frozenset(number(name, error) for error in explained)
        self._since = since
        self._unknown = frozenset(number(name, error) for error in unknown)

    def kernel(self, kernel: Kernel | None) -> Kernel:
        """The kernel that is meant; `NotSupported` when it is another system's."""
        chosen = default() if kernel is None else kernel
        try:
            system = chosen.system
        except AttributeError:
            raise no_kernel(chosen) from None
        if system != self.name:
            raise errors.not_supported(
                system, call=self.name, reason=f"this kernel is a {system} one")
        return chosen

    def request_number(self, kernel: Kernel, name: str, call: str) -> int:
        """The value of a request or command on the kernel's machine, by its C name."""
        value = kernel.target.constants.get(name)
        if value is None:
            raise errors.not_supported(
                self.name, call=call, request=name,
                reason=f"{kernel.machine} has no such request",
            )
        return value

    def ptrace(self, kernel: Kernel, name: str, pid: int, addr: Address = 0,
               data: int = 0) -> int:
        """ptrace(2) with a request by its C name."""
        request = kernel.target.constants.get(name)
        if request is None:
            request = self.request_number(kernel, name, "ptrace")
        if type(pid) is not int or not 0 <= pid <= 0x7FFFFFFF:
            pid = check.target(pid)
        try:
            return kernel.ptrace(request, pid, addr, data)
        except KernelError as error:
            raise self.completed(kernel, error, "ptrace", name, pid) from None

    def asks(self, kernel: Kernel, name: str) -> Ask:
        """`ptrace` of this kernel with this request, for who makes it at every stop of a
        tracee: what is the same each time is looked up once."""
        request, call = self.request_number(kernel, name, "ptrace"), kernel.ptrace

        def ask(pid: int, addr: Address = 0, data: int = 0) -> int:
            try:
                return call(request, pid, addr, data)
            except KernelError as error:
                raise self.completed(kernel, error, "ptrace", name, pid) from None

        return ask

    def procctl(self, kernel: Kernel, idtype: int, id: int, name: str, data: Address) -> int:
        """procctl(2) with a command by its C name."""
        command = self.request_number(kernel, name, "procctl")
        try:
            return kernel.procctl(int(idtype), id, command, data)
        except KernelError as error:
            raise self.completed(kernel, error, "procctl", name, id) from None

    def sysctl(self, kernel: Kernel, mib: Sequence[int] | str, name: str,
               target: int | None = None, *, new: bytes | None = None,
               room: int | None = None) -> bytes:
        """sysctl(3): `name` is its C name, or its own, and `target` the process that it is
        about."""
        try:
            return kernel.sysctl(mib, new=new, room=room)
        except KernelError as error:
            raise self.completed(kernel, error, "sysctl", name, target) from None

    def completed(
        self, kernel: Kernel, error: KernelError, call: str, request: str | None,
        target: int | None,
    ) -> KernelError:
        """The error with all that is known of it; another one for a kernel that is too old."""
        errno = error.errno or 0
        if (request is not None and errno in self._unknown
                and self._since.unknown_to(kernel, request)):
            return errors.too_old(
                self.name, call=call, request=request, running=kernel.release,
                needs=self._since.release(request), errno=errno,
            )
        error.call, error.request = call, request
        if error.target is None:
            error.target = target
        if error.reason is None and errno in self._explained:
            error.reason = self._explain(kernel, error)
        return error
