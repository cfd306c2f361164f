"""A tracee's memory."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct as Packer
from typing import TYPE_CHECKING, Final, Literal, overload

from bsdproc import abi
from bsdproc.freebsd import _call, _check
from bsdproc.freebsd.constants.ptrace import IoOp

if TYPE_CHECKING:
    from bsdproc.kernel.port import Buffer, Kernel

Data = bytes | bytearray | memoryview
_READS: Final = (IoOp.PIOD_READ_D, IoOp.PIOD_READ_I)


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

    `KernelError` (EFAULT) when a page is not there or has no rights at all: what
    lies before it has been transferred then, and the kernel does not say how much.
    A length of 0 fails for an unmapped address, too.
    """
    kernel = _call.freebsd(kernel)
    op = IoOp(op)
    if op in _READS:
        if not isinstance(data, int):
            raise TypeError("a reading operation takes a number of bytes")
        size = _check.length(data)
        _range(kernel, address, size)
        buffer = kernel.buffer(size or 1)
        return buffer.read(0, min(_transfer(kernel, pid, op, address, buffer, size), size))
    if isinstance(data, int):
        raise TypeError("a writing operation takes bytes")
    contents = _check.octets(data)
    _range(kernel, address, len(contents))
    buffer = kernel.buffer(contents or b"\0")
    return min(_transfer(kernel, pid, op, address, buffer, len(contents)), len(contents))


def _range(kernel: Kernel, address: int, size: int) -> None:
    bits = kernel.target.pointer * 8
    if _check.unsigned(address, bits, "address") + size > 1 << bits:
        raise ValueError(f"{size} bytes at {address:#x} go beyond the end of memory")


@lru_cache(maxsize=16)
def _desc(machine: str) -> Packer:
    """struct ptrace_io_desc whole, member by member: the way of every memory access."""
    target = abi.target("freebsd", machine)
    layout = target.struct("struct ptrace_io_desc")
    parts, at = ["<" if target.byteorder == "little" else ">"], 0
    for field in layout.fields:
        parts.append(f"{field.offset - at}x{field.letter}")
        at = field.offset + field.size
    return Packer("".join([*parts, f"{layout.size - at}x"]))


def _transfer(kernel: Kernel, pid: int, op: IoOp, address: int, buffer: Buffer, size: int) -> int:
    """PT_IO; how many bytes were moved."""
    layout = _desc(kernel.target.machine)
    desc = kernel.buffer(layout.pack(op.value, address, buffer.address, size))
    _call.ptrace(kernel, "PT_IO", pid, desc)
    moved: int = layout.unpack(desc.read())[3]
    return moved


def read(pid: int, address: int, size: int, *, kernel: Kernel | None = None) -> bytes:
    """PT_IO with PIOD_READ_D: up to `size` bytes from `address`; see `io`."""
    return io(pid, IoOp.PIOD_READ_D, address, size, kernel=kernel)


def write(pid: int, address: int, data: Data, *, kernel: Kernel | None = None) -> int:
    """PT_IO with PIOD_WRITE_D: write at `address`; how many bytes were written; see `io`."""
    return io(pid, IoOp.PIOD_WRITE_D, address, data, kernel=kernel)


def read_d(pid: int, address: int, *, kernel: Kernel | None = None) -> int:
    """PT_READ_D: the int at `address`, signed; -1 is a value like any other.

    `KernelError` (ENOMEM) when the address cannot be read."""
    return _peek(kernel, "PT_READ_D", pid, address)


def read_i(pid: int, address: int, *, kernel: Kernel | None = None) -> int:
    """PT_READ_I: the same of the instruction space, which is the same memory."""
    return _peek(kernel, "PT_READ_I", pid, address)


def write_d(pid: int, address: int, value: int, *, kernel: Kernel | None = None) -> None:
    """PT_WRITE_D: write an int, given with or without a sign.

    `KernelError` (ENOMEM) when the address cannot be written."""
    _poke(kernel, "PT_WRITE_D", pid, address, value)


def write_i(pid: int, address: int, value: int, *, kernel: Kernel | None = None) -> None:
    """PT_WRITE_I: the same of the instruction space, which is the same memory."""
    _poke(kernel, "PT_WRITE_I", pid, address, value)


def _peek(kernel: Kernel | None, request: str, pid: int, address: int) -> int:
    kernel = _call.freebsd(kernel)
    _check.unsigned(address, kernel.target.pointer * 8, "address")
    return _check.signed(_call.ptrace(kernel, request, pid, address), 32, "value")


def _poke(kernel: Kernel | None, request: str, pid: int, address: int, value: int) -> None:
    kernel = _call.freebsd(kernel)
    _check.unsigned(address, kernel.target.pointer * 8, "address")
    _call.ptrace(kernel, request, pid, address, _check.signed(value, 32, "value"))
