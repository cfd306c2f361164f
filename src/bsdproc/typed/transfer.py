"""ptrace(2)'s requests that move memory and registers, where the systems agree."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from struct import Struct as Packer
from typing import TYPE_CHECKING, Final, TypeVar

from bsdproc import abi
from bsdproc.kernel.errors import KernelError
from bsdproc.typed import check
from bsdproc.typed.registers import RegisterFile

if TYPE_CHECKING:
    from bsdproc.kernel.port import Buffer, Kernel
    from bsdproc.typed.call import System

Data = bytes | bytearray | memoryview
R = TypeVar("R", bound=RegisterFile)
_FAULTS: Final = frozenset({"EFAULT", "EINVAL"})
"""The errors' names for an address that is not there."""
_STEP: Final = 4096
_PART: Final = 16 << 20
"""Bytes to ask for at once, so that what a read costs is bounded by what is there."""


@lru_cache(maxsize=32)
def _desc(system: str, machine: str) -> Packer:
    """struct ptrace_io_desc whole, member by member: the way of every memory access."""
    target = abi.target(system, machine)
    layout = target.struct("struct ptrace_io_desc")
    parts, at = ["<" if target.byteorder == "little" else ">"], 0
    for field in layout.fields:
        parts.append(f"{field.offset - at}x{field.letter}")
        at = field.offset + field.size
    return Packer("".join([*parts, f"{layout.size - at}x"]))


def within(kernel: Kernel, address: int, size: int) -> None:
    """`ValueError` for a range that no address space has."""
    bits = kernel.target.pointer * 8
    if check.unsigned(address, bits, "address") + size > 1 << bits:
        raise ValueError(f"{size} bytes at {address:#x} go beyond the end of memory")


class Transfer:
    """The requests of one system, whose PT_IO takes up to `most` bytes; None: no bound."""

    def __init__(self, system: System, most: int | None = None) -> None:
        self._system = system
        self._most = most

    # -- memory ---------------------------------------------------------------------
    def read(self, kernel: Kernel, pid: int, op: int, address: int, size: object) -> bytes:
        """PT_IO with a reading operation: the bytes that were read.

        A `KernelError` for a page in the midst of them carries those before it as
        `data`, and their number as `transferred`."""
        if not isinstance(size, int):
            raise TypeError("a reading operation takes a number of bytes")
        size = self._bounded(check.length(size))
        within(kernel, address, size)
        if size <= _PART:
            return self._read(kernel, pid, op, address, size)
        found = bytearray()
        while len(found) < size:
            asked = min(_PART, size - len(found))
            try:
                part = self._read(kernel, pid, op, address + len(found), asked)
            except KernelError as error:
                if error.name in _FAULTS and found:
                    error.data = bytes(found) + (error.data or b"")
                    error.transferred = len(error.data)
                raise
            found += part
            if len(part) < asked:
                break
        return bytes(found)

    def _read(self, kernel: Kernel, pid: int, op: int, address: int, size: int) -> bytes:
        buffer = kernel.buffer(size or 1)
        try:
            moved = self._move(kernel, pid, op, address, buffer, size)
        except KernelError as error:
            if error.name in _FAULTS:
                error.data = self._before(kernel, pid, op, address, buffer.read(0, size))
                error.transferred = len(error.data)
            raise
        return buffer.read(0, min(moved, size))

    def _before(self, kernel: Kernel, pid: int, op: int, address: int, found: bytes) -> bytes:
        """What came before a fault.

        The kernels leave piod_len as it was.  But they have filled the buffer up to
        there: asked again with one full of ones instead of zeros, all that came from
        the tracee is the same, and the first byte behind it is not."""
        buffer = kernel.buffer(b"\xff" * len(found) or b"\0")
        with suppress(KernelError):
            self._move(kernel, pid, op, address, buffer, len(found))
        again = buffer.read(0, len(found))
        start = 0
        while start < len(found) and found[start : start + _STEP] == again[start : start + _STEP]:
            start += _STEP
        ends = zip(found[start : start + _STEP], again[start : start + _STEP], strict=True)
        return found[: start + next((at for at, (a, b) in enumerate(ends) if a != b), 0)]

    def write(self, kernel: Kernel, pid: int, op: int, address: int, data: int | Data) -> int:
        """PT_IO with a writing operation: how many bytes were written."""
        if isinstance(data, int):
            raise TypeError("a writing operation takes bytes")
        contents = check.octets(data)
        within(kernel, address, self._bounded(len(contents)))
        buffer = kernel.buffer(contents or b"\0")
        moved = self._move(kernel, pid, op, address, buffer, len(contents))
        return min(moved, len(contents))

    def _bounded(self, size: int) -> int:
        """`ValueError` for more than the kernel can count."""
        if self._most is not None and size > self._most:
            raise ValueError(f"PT_IO moves up to {self._most} bytes, not {size}")
        return size

    def _move(self, kernel: Kernel, pid: int, op: int, address: int, buffer: Buffer,
              size: int) -> int:
        layout = _desc(kernel.system, kernel.target.machine)
        desc = kernel.buffer(layout.pack(op, address, buffer.address, size))
        self._system.ptrace(kernel, "PT_IO", pid, desc)
        moved: int = layout.unpack(desc.read())[3]
        return moved

    def peek(self, kernel: Kernel, request: str, pid: int, address: int) -> int:
        """PT_READ_I, PT_READ_D: an int, signed."""
        check.unsigned(address, kernel.target.pointer * 8, "address")
        return check.signed(self._system.ptrace(kernel, request, pid, address), 32, "value")

    def poke(self, kernel: Kernel, request: str, pid: int, address: int, value: int) -> None:
        """PT_WRITE_I, PT_WRITE_D: an int, given with or without a sign."""
        check.unsigned(address, kernel.target.pointer * 8, "address")
        self._system.ptrace(kernel, request, pid, address, check.signed(value, 32, "value"))

    # -- registers --------------------------------------------------------------------
    def get(self, kernel: Kernel, request: str, pid: int, kind: type[R], data: int = 0) -> R:
        """A register file of this class; `data` is the thread, where that is its place."""
        buffer = kernel.buffer(kind.size)
        self._system.ptrace(kernel, request, pid, buffer, data)
        return kind(buffer.read())

    def set(self, kernel: Kernel, request: str, pid: int, registers: RegisterFile,
            kind: type[RegisterFile], data: int = 0) -> None:
        """Set them; `TypeError` for another class's."""
        self._system.request_number(kernel, request, "ptrace")
        if not isinstance(registers, kind) or registers.machine != kind.machine:
            raise TypeError(f"{request} of {kernel.machine} takes {kind.__name__}, "
                            f"not {type(registers).__name__}")
        self._system.ptrace(kernel, request, pid, kernel.buffer(bytes(registers)), data)
