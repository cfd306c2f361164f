"""PT_COREDUMP: a core of a stopped tracee, which lives on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Protocol

from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.constants.ptrace import CoredumpFlags
from bsdproc.freebsd.ptrace._again import consume

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

# Flags of open(2), FreeBSD's.
_O_RDWR: Final = 0x2
_O_CREAT: Final = 0x200
_O_TRUNC: Final = 0x400
_O_EXCL: Final = 0x800
_CHUNK: Final = 1 << 20
_NO_FLAGS: Final = CoredumpFlags(0)


class Sink(Protocol):
    """A binary file object, as far as a dump needs one."""

    def write(self, data: bytes, /) -> int | None: ...


def coredump(
    pid: int,
    file: int | str | os.PathLike[str] | Sink,
    flags: CoredumpFlags = _NO_FLAGS,
    limit: int = 0,
    *,
    wait: bool = True,
    kernel: Kernel | None = None,
) -> None:
    """PT_COREDUMP: write an ELF core of a stopped tracee.

    `file` is a descriptor of the calling process, open for writing on a regular
    file; or a path, which is created or overwritten; or a binary file object of
    Python's, which gets the contents by way of a file in /tmp.  PC_ALL includes
    what the program keeps out of cores.  `limit` is how many bytes the core may
    have, 0 any number.

    The request makes one thread run in the kernel and stop again, and that stop
    has to be waited for before the next request.  With `wait` that is done here
    (an exit is left to be waited for); without it the caller waits.

    `KernelError` with EFAULT when the core is larger than `limit`, EBADF for a
    descriptor that cannot be written, EPIPE for what is no regular file, EINVAL
    for unknown flags.  ptrace(2).
    """
    kernel = _call.freebsd(kernel)
    if not isinstance(flags, CoredumpFlags):
        raise TypeError(f"flags must be CoredumpFlags, not {type(flags).__name__}")
    _check.length(_check.signed(limit, 64, "limit"), "limit")
    if isinstance(file, int):
        descriptor = _check.length(file, "descriptor")
        _dump(kernel, pid, descriptor, flags, limit, wait)
    elif isinstance(file, str | os.PathLike):
        descriptor = kernel.open(os.fspath(file), _O_RDWR | _O_CREAT | _O_TRUNC)
        try:
            _dump(kernel, pid, descriptor, flags, limit, wait)
        finally:
            kernel.close(descriptor)
    elif hasattr(file, "write"):
        _copy(kernel, pid, file, flags, limit, wait)
    else:
        raise TypeError("a core goes to a descriptor, a path or a binary file, not "
                        f"{type(file).__name__}")


def _dump(kernel: Kernel, pid: int, fd: int, flags: CoredumpFlags, limit: int, wait: bool) -> None:
    layout = kernel.target.struct("struct ptrace_coredump")
    request = {"pc_fd": fd, "pc_flags": flags.value, "pc_limit": limit}
    buffer = kernel.buffer(layout.pack(request))
    try:
        _call.ptrace(kernel, "PT_COREDUMP", pid, buffer, layout.size)
    finally:
        if wait:
            consume(kernel, pid)


def _copy(kernel: Kernel, pid: int, file: Sink, flags: CoredumpFlags, limit: int,
          wait: bool) -> None:
    """Dump into a file that only this call knows, and copy it."""
    path = f"/tmp/bsdproc.{kernel.getpid()}.{pid}.core"
    descriptor = kernel.open(path, _O_RDWR | _O_CREAT | _O_EXCL)
    try:
        kernel.unlink(path)
        _dump(kernel, pid, descriptor, flags, limit, wait)
        offset = 0
        while data := kernel.pread(descriptor, _CHUNK, offset):
            file.write(data)
            offset += len(data)
    finally:
        kernel.close(descriptor)
