"""A tracee's memory, as bytes by address."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from bsdproc.kernel.errors import KernelError, from_name

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process

TEXT_MAX = 4096
CHUNK = 1 << 20
"""Bytes that are asked for at once: a range may be far larger than what is mapped of it."""


class Memory:
    """``memory[a:b]`` reads, ``memory[a:b] = data`` writes, ``memory[a]`` is one byte.

    Reading gives what is there up to the first address that cannot be read,
    never padding; where not even the first can be, it raises the kernel's
    error (EFAULT).  Writing writes all or raises, the error's `transferred`
    telling how much was done.  Breakpoints do not show: what they replaced
    is read, and a write below one is kept for it.
    """

    __slots__ = ("_process",)

    def __init__(self, process: Process) -> None:
        self._process = process

    def read(self, address: int, size: int) -> bytes:
        """Up to `size` bytes; fewer where the map ends before."""
        _check(address, size)
        data = self._raw_read(address, min(size, CHUNK))
        if len(data) == CHUNK < size:
            data = self._more(address, size, data)
        return self._process.control.traps.hide(address, data)

    def _more(self, address: int, size: int, first: bytes) -> bytes:
        """What follows the first chunk."""
        found = bytearray(first)
        while len(found) < size:
            wanted = min(size - len(found), CHUNK)
            try:
                part = self._raw_read(address + len(found), wanted)
            except KernelError as e:
                if e.name != "EFAULT":
                    raise
                break
            found += part
            if len(part) < wanted:
                break
        return bytes(found)

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """All of `data`, read-only pages included."""
        given = _bytes(data)
        _check(address, len(given))
        traps = self._process.control.traps
        covered, below = traps.cover(address, given)
        self._raw_write(address, covered)
        traps.keep(below, address, len(given))

    def _raw_read(self, address: int, size: int) -> bytes:
        process = self._process
        process.need_stopped()
        try:
            return process.backend.read(process.pid, address, size)
        except KernelError as e:
            if e.name != "EFAULT" or size == 0:
                _locate(e, address)
                raise
        page, parts, done = process.backend.page_size, [], 0
        while done < size:
            part = min(size - done, page - (address + done) % page)
            try:
                found = process.backend.read(process.pid, address + done, part)
            except KernelError as e:
                if e.name != "EFAULT" or done == 0:
                    _locate(e, address)
                    raise
                break
            parts.append(found)
            if len(found) < part:
                break
            done += part
        return b"".join(parts)

    def _raw_write(self, address: int, data: bytes) -> None:
        process = self._process
        process.need_stopped()
        done = 0
        while done < len(data):
            page = process.backend.page_size
            part = len(data) if done == 0 else min(len(data) - done,
                                                   page - (address + done) % page)
            try:
                count = process.backend.write(process.pid, address + done, data[done : done + part])
            except KernelError as e:
                if e.name != "EFAULT" or part <= page - (address + done) % page:
                    e.transferred = done
                    _locate(e, address + done)
                    raise
                first = min(len(data), page - address % page)
                try:
                    count = process.backend.write(process.pid, address, data[:first])
                except KernelError as again:
                    again.transferred = 0
                    _locate(again, address)
                    raise
            if count == 0:
                # Beyond the end of a program's addresses NetBSD moves nothing, and does not say so.
                error = from_name(process.backend.kernel.system, "EFAULT", call="ptrace",
                                  request="PT_IO", target=process.pid)
                error.transferred = done
                _locate(error, address + done)
                raise error
            done += count

    def read_text(self, address: int, limit: int = TEXT_MAX, encoding: str = "utf-8") -> str:
        """A NUL-terminated string, cut off at `limit` bytes and where the map ends."""
        found = bytearray()
        while len(found) < limit:
            wanted = min(256, limit - len(found))
            try:
                part = self.read(address + len(found), wanted)
            except KernelError as e:
                if e.name != "EFAULT" or not found:
                    raise
                break
            text, end, _ = part.partition(b"\0")
            found += text
            if end or len(part) < wanted:
                break
        return found.decode(encoding, "backslashreplace")

    def read_int(self, address: int, size: int | None = None, *, signed: bool = False) -> int:
        """The number in `size` bytes, a pointer's unless given, in the program's byte order.

        EFAULT where they are not all mapped."""
        target = self._process.backend.kernel.target
        wanted = target.pointer if size is None else size
        data = self.read(address, wanted)
        if len(data) < wanted:
            kernel = self._process.backend.kernel
            raise from_name(kernel.system, "EFAULT", call="ptrace", target=self._process.pid,
                            reason=f"nothing is mapped at {address + len(data):#x}")
        return int.from_bytes(data, target.byteorder, signed=signed)

    def write_int(self, address: int, value: int, size: int | None = None) -> None:
        """Store a number, with or without a sign, in `size` bytes, a pointer's unless given.

        `ValueError` for one that does not fit."""
        target = self._process.backend.kernel.target
        wanted = target.pointer if size is None else size
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"a number is an int, not {type(value).__name__}")
        try:
            data = value.to_bytes(wanted, target.byteorder, signed=value < 0)
        except OverflowError:
            raise ValueError(f"{value:#x} does not fit {wanted} bytes") from None
        self.write(address, data)

    @overload
    def __getitem__(self, where: int) -> int: ...

    @overload
    def __getitem__(self, where: slice) -> bytes: ...

    def __getitem__(self, where: int | slice) -> int | bytes:
        if isinstance(where, slice):
            start, size = _span(where)
            return self.read(start, size)
        return self.read(where, 1)[0]

    @overload
    def __setitem__(self, where: int, value: int) -> None: ...

    @overload
    def __setitem__(self, where: slice, value: bytes | bytearray | memoryview) -> None: ...

    def __setitem__(self, where: int | slice, value: int | bytes | bytearray | memoryview) -> None:
        if isinstance(where, slice):
            start, size = _span(where)
            if isinstance(value, int) or len(value) != size:
                raise ValueError(f"{size} bytes are to be set")
            self.write(start, value)
        elif isinstance(value, int):
            self.write(where, bytes([value]))
        else:
            raise TypeError("one byte is set to an int")


def _span(where: slice) -> tuple[int, int]:
    if where.step not in (None, 1) or where.start is None or where.stop is None:
        raise ValueError("a memory slice has a start, an end and no step")
    _check(where.start, 0)
    _check(where.stop, 0)
    if where.stop < where.start:
        raise ValueError(f"a memory slice that ends at {where.stop:#x}, "
                         f"before it starts at {where.start:#x}")
    return where.start, where.stop - where.start


def _check(address: int, size: int) -> None:
    for value, what in ((address, "an address"), (size, "a size")):
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{what} is an int, not {type(value).__name__}")
    if size < 0:
        raise ValueError(f"a size of {size} bytes")
    if address < 0 or address + size > 1 << 64:
        end = f" and {size:#x} bytes from there" if size > 1 else ""
        raise ValueError(f"{address:#x}{end} is no address: they are 0 to 2**64 - 1")


def _bytes(data: bytes | bytearray | memoryview) -> bytes:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"bytes are to be written, not {type(data).__name__}")
    return bytes(data)


def _locate(error: KernelError, address: int) -> None:
    """Say in a transfer's error at which address it has failed."""
    if error.name == "EFAULT" and error.reason is None:
        error.reason = f"nothing accessible is mapped at {address:#x}"
