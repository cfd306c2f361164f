"""The suite's Kernel over the typed functions of `bsdproc.freebsd`, which users call.

ptrace(2), procctl(2), wait4(2), the kern.proc sysctls and procfs go through the typed
functions; what a scenario is told is made anew from the values that they return.
Where they cannot be asked what a scenario asks, since it is malformed on purpose, the
call goes through the port, as in `bsdproc_port`, which all the rest is shared with.

BSDPROC_KERNEL says which kernel, as there.  How many calls went which way is printed
when the run ends; BSDPROC_CONFORMANCE_CALLS names a file that gets them by driver.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from bsdproc import freebsd
from bsdproc.freebsd.constants.wait import WaitOptions
from bsdproc.kernel import Kernel
from bsdproc.kernel.errors import KernelError, NotSupported

from . import bsdproc_port
from .bsdproc_forms import encode, kinfo, procctl, procfs, ptrace
from .bsdproc_forms.tally import PORT, TYPED, Inexpressible, Tally
from .bsdproc_port import HelperFailed, Port, TransferFailed

if TYPE_CHECKING:
    from bsdproc.freebsd import Status

T = TypeVar("T")

_PROC = "/proc"
_NO_FD = 1 << 24
"""Nodes that are opened on paper have numbers from here on."""
_TALLY = Tally()
_RUNNER = os.getpid()


class Watched:
    """A kernel, and whether it was called: a refusal before that was the typed function's."""

    _CALLS = frozenset({"ptrace", "procctl", "sysctl", "sysctl_size", "wait4", "open", "readlink",
                        "listdir", "lstat"})

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.called = False

    def __getattr__(self, name: str) -> object:
        if name in self._CALLS:
            self.called = True
        return getattr(self._kernel, name)


class Typed(Port):
    """The protocol of suite/kernel.py, through the typed functions where they can be asked."""

    def __init__(self, kernel: Kernel, scratch: str) -> None:
        super().__init__(kernel, scratch)
        self._port = Port(kernel, scratch)
        self._nodes: dict[int, procfs.Node] = {}

    def _ask(self, request: str, typed: Callable[[Kernel], T], port: Callable[[], T]) -> T:
        """The typed function's answer, or the port's where it cannot be asked."""
        watched = Watched(self._k)
        try:
            answer = typed(cast(Kernel, watched))
        except Inexpressible as why:
            reason = str(why)
        except (TypeError, ValueError) as error:
            if watched.called:
                raise
            reason = f"{type(error).__name__} before the call"
        except NotSupported:
            if watched.called:
                raise
            reason = "NotSupported before the call"
        except KernelError:
            _TALLY.note(TYPED, request)
            raise
        else:
            _TALLY.note(TYPED, request)
            return answer
        _TALLY.note(PORT, request, reason)
        return port()

    # -- processes
    def wait(self, pid: int, options: int = 0) -> tuple[int, int]:
        def typed(k: Kernel) -> tuple[int, int]:
            found = freebsd.wait(pid, WaitOptions(options), kernel=k)
            return (0, 0) if found is None else (found.pid, _status(found))
        return self._ask("wait4", typed, lambda: self._port.wait(pid, options))

    def helper(self, work: Callable[[Port], T], *, uid: int | None = None) -> T:
        try:
            return self._k.run_child(lambda k: work(Typed(k, self._scratch)), uid=uid)
        except OSError as error:
            raise HelperFailed(error) from error

    # -- ptrace
    def ptrace(self, request: int, pid: int, addr: int | bytearray, data: int) -> int:
        where = addr if isinstance(addr, bytearray) else addr & bsdproc_port.ALL_ADDRESSES
        number = encode.int32(data)
        return self._ask(
            ptrace.name(request), lambda k: ptrace.ask(k, request, pid, where, number),
            lambda: self._port.ptrace(request, pid, addr, data),
        )

    def io(self, pid: int, op: int, offset: int, buffer: bytearray) -> int:
        def typed(k: Kernel) -> int:
            try:
                return ptrace.io(k, pid, op, offset, buffer)
            except KernelError as error:
                _TALLY.note(TYPED, "PT_IO")
                # The suite looks at what a failed read has left in its buffer.
                before = error.data or b""
                buffer[: len(before)] = before
                raise TransferFailed(error, len(buffer)) from error
        return self._ask("PT_IO", typed, lambda: self._port.io(pid, op, offset, buffer))

    def vm_entry(self, pid: int, entry: int, pathlen: int) -> dict[str, int | str]:
        return self._ask("PT_VM_ENTRY", lambda k: ptrace.vm_entry(k, pid, entry, pathlen),
                         lambda: self._port.vm_entry(pid, entry, pathlen))

    def regset(self, pid: int, note: int, buffer: bytearray | None, *, write: bool = False) -> int:
        return self._ask(
            "PT_SETREGSET" if write else "PT_GETREGSET",
            lambda k: ptrace.regset(k, pid, note, buffer, write),
            lambda: self._port.regset(pid, note, buffer, write=write),
        )

    def sc_remote(self, pid: int, number: int, args: Sequence[int]) -> tuple[int, int]:
        return self._ask("PT_SC_REMOTE", lambda k: ptrace.sc_remote(k, pid, number, list(args)),
                         lambda: self._port.sc_remote(pid, number, args))

    def getlwplist(self, pid: int, room: int) -> list[int]:
        return self._ask("PT_GETLWPLIST", lambda k: ptrace.getlwplist(k, pid, room),
                         lambda: self._port.getlwplist(pid, room))

    # -- procctl
    def procctl(self, idtype: int, id: int, cmd: int,
                data: int | bytearray | None = None) -> int | None:
        return self._ask(procctl.name(cmd), lambda k: procctl.ask(k, idtype, id, cmd, data),
                         lambda: self._port.procctl(idtype, id, cmd, data))

    def reap_getpids(self, idtype: int, id: int, count: int) -> list[tuple[int, int, int]]:
        return self._ask(
            "PROC_REAP_GETPIDS", lambda k: procctl.reap_getpids(k, idtype, id, count),
            lambda: self._port.reap_getpids(idtype, id, count),
        )

    # -- sysctl
    def sysctl(self, mib: Sequence[int], new: bytes | None = None,
               room: int | None = None) -> bytes:
        numbers = [encode.int32(number) for number in mib]
        if numbers[:2] != kinfo.ROOT:
            return self._port.sysctl(mib, new, room)
        return self._ask(kinfo.name(numbers), lambda k: kinfo.ask(k, numbers, new, room),
                         lambda: self._port.sysctl(mib, new, room))

    def sysctl_size(self, mib: Sequence[int]) -> int:
        if list(mib[:2]) == kinfo.ROOT:
            _TALLY.note(PORT, kinfo.name(mib), "the size alone")
        return self._port.sysctl_size(mib)

    # -- procfs
    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        node = procfs.node(path, flags, mode)
        if node is None:
            if path.startswith(_PROC):
                _TALLY.note(PORT, _name(path), "opened for what it is not for")
            return self._port.open(path, flags, mode)
        fd = _NO_FD + len(self._nodes)
        self._nodes[fd] = node
        return fd

    def close(self, fd: int) -> None:
        if fd < _NO_FD:
            self._port.close(fd)

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        node = self._nodes.get(fd)
        if node is None:
            return self._port.pread(fd, size, offset)
        return self._ask(
            _name(node.path), lambda k: procfs.read(k, node, size, offset),
            lambda: self._opened(node, lambda real: self._port.pread(real, size, offset)),
        )

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        node = self._nodes.get(fd)
        if node is None:
            return self._port.pwrite(fd, data, offset)
        return self._ask(
            _name(node.path), lambda k: procfs.write(k, node, data, offset),
            lambda: self._opened(node, lambda real: self._port.pwrite(real, data, offset)),
        )

    def _opened(self, node: procfs.Node, work: Callable[[int], T]) -> T:
        """Work with a descriptor of the node's own."""
        fd = self._port.open(node.path, node.flags, node.mode)
        try:
            return work(fd)
        finally:
            self._port.close(fd)

    def listdir(self, path: str) -> list[str]:
        if not path.startswith(_PROC):
            return self._port.listdir(path)
        return self._ask(_name(path), lambda k: procfs.listdir(k, path),
                         lambda: self._port.listdir(path))

    def readlink(self, path: str) -> str:
        if not path.startswith(_PROC):
            return self._port.readlink(path)
        return self._ask(_name(path), lambda k: procfs.readlink(k, path),
                         lambda: self._port.readlink(path))

    def stat(self, path: str) -> tuple[int, int]:
        if not path.startswith(_PROC):
            return self._port.stat(path)
        return self._ask(_name(path), lambda k: procfs.stat(k, path),
                         lambda: self._port.stat(path))


def _name(path: str) -> str:
    """A path below /proc without the pid."""
    return "/".join("PID" if part.isdigit() else part for part in path.split("/"))


def _status(status: Status) -> int:
    """A wait status from what was made of it."""
    match status:
        case freebsd.Stopped():
            return status.signal << 8 | 0x7F
        case freebsd.Exited():
            # A death by signal 128 reads as an exit by <sys/wait.h>.
            return status.status << 8 | status.raw & 0x80
        case freebsd.Signaled():
            return status.signal | (0x80 if status.core else 0)
        case freebsd.Continued():
            return 0x13


# -- what the runner calls ------------------------------------------------------

begin = bsdproc_port.begin
describe = bsdproc_port.describe


def open_kernel() -> Typed:
    """The Kernel of the calling process."""
    port = bsdproc_port.open_kernel()
    return Typed(port._k, port._scratch)


def sweep(pid: int) -> None:
    """After a driver has ended: what it left behind goes, and its calls are counted."""
    bsdproc_port.sweep(pid)
    _TALLY.collect(pid)


def _report() -> None:
    if os.getpid() == _RUNNER:
        print(_TALLY.summary())


atexit.register(_report)
