"""A tracee's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, overload

from bsdproc.freebsd import _call
from bsdproc.freebsd.constants.ptrace import IoOp
from bsdproc.typed.transfer import Data, Transfer

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_READS: Final = (IoOp.PIOD_READ_D, IoOp.PIOD_READ_I)
_MOST: Final = 0xFFFF_FFFF
"""13.2's proc_rwmem counts in 32 bits what goes to a page: of what is left, once these
are 0 and others are not, it moves nothing for ever."""
_TRANSFER: Final = Transfer(_call.SYSTEM, _MOST)


@overload
def io(pid: int, op: Literal[IoOp.PIOD_READ_D, IoOp.PIOD_READ_I], address: int, data: int,
       *, kernel: Kernel | None = None) -> bytes: ...
@overload
def io(pid: int, op: Literal[IoOp.PIOD_WRITE_D, IoOp.PIOD_WRITE_I], address: int, data: Data,
       *, kernel: Kernel | None = None) -> int: ...
def io(pid: int, op: IoOp, address: int, data: int | Data, *,
       kernel: Kernel | None = None) -> bytes | int:
    """PT_IO: read or write memory of a stopped tracee.

    A reading operation takes how many bytes to read and returns those that were
    read; a writing one takes the bytes and returns how many were written.  Either
    may be fewer, and nothing is padded.  The kernel writes read-only pages as
    well, and gives the tracee a copy of its own.

    `KernelError` (EFAULT) when a page is not there or has no rights at all.  What lies
    before it has been transferred then; after a read it is the error's `data`, and
    its length the error's `transferred`.  After a write the kernel does not say how
    much was written.  A length of 0 fails for an unmapped address, too.

    `ValueError` for 4 GiB and more at once: FreeBSD 13.2 may never return from it.
    ptrace(2).
    """
    kernel = _call.freebsd(kernel)
    op = IoOp(op)
    if op in _READS:
        return _TRANSFER.read(kernel, pid, op.value, address, data)
    return _TRANSFER.write(kernel, pid, op.value, address, data)


def read(pid: int, address: int, size: int, *, kernel: Kernel | None = None) -> bytes:
    """PT_IO with PIOD_READ_D: up to `size` bytes from `address`; see `io`.

    `KernelError` (EFAULT) for a page that is not there, with what comes before it as
    the error's `data`.  ptrace(2)."""
    return io(pid, IoOp.PIOD_READ_D, address, size, kernel=kernel)


def write(pid: int, address: int, data: Data, *, kernel: Kernel | None = None) -> int:
    """PT_IO with PIOD_WRITE_D: write at `address`; how many bytes were written; see `io`.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    return io(pid, IoOp.PIOD_WRITE_D, address, data, kernel=kernel)


def read_d(pid: int, address: int, *, kernel: Kernel | None = None) -> int:
    """PT_READ_D: the int at `address`, signed; -1 is a value like any other.

    `KernelError` (ENOMEM) when the address cannot be read.  ptrace(2)."""
    return _TRANSFER.peek(_call.freebsd(kernel), "PT_READ_D", pid, address)


def read_i(pid: int, address: int, *, kernel: Kernel | None = None) -> int:
    """PT_READ_I: the same of the instruction space, which is the same memory.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    return _TRANSFER.peek(_call.freebsd(kernel), "PT_READ_I", pid, address)


def write_d(pid: int, address: int, value: int, *, kernel: Kernel | None = None) -> None:
    """PT_WRITE_D: write an int, given with or without a sign.

    `KernelError` (ENOMEM) when the address cannot be written.  ptrace(2)."""
    _TRANSFER.poke(_call.freebsd(kernel), "PT_WRITE_D", pid, address, value)


def write_i(pid: int, address: int, value: int, *, kernel: Kernel | None = None) -> None:
    """PT_WRITE_I: the same of the instruction space, which is the same memory.

    `KernelError` (EPERM, EBUSY, ESRCH) for what is no stopped tracee of the caller's.
    ptrace(2)."""
    _TRANSFER.poke(_call.freebsd(kernel), "PT_WRITE_I", pid, address, value)
