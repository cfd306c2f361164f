"""A tracee's memory, as bytes by address."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from bsdproc.kernel.errors import KernelError

if TYPE_CHECKING:
    from bsdproc.debugger.process import Process

TEXT_MAX = 4096


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
        data = self._raw_read(address, size)
        return self._process.breakpoints.hide(address, data)

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """All of `data`, read-only pages included."""
        given = bytes(data)
        _check(address, len(given))
        breakpoints = self._process.breakpoints
        covered, below = breakpoints.cover(address, given)
        self._raw_write(address, covered)
        breakpoints.keep(below, address, len(given))

    def _raw_read(self, address: int, size: int) -> bytes:
        process = self._process
        process.need_stopped()
        try:
            return process.backend.read(process.pid, address, size)
        except KernelError as e:
            if e.name != "EFAULT" or size == 0:
                raise
        page, parts, done = process.backend.page_size, [], 0
        while done < size:
            part = min(size - done, page - (address + done) % page)
            try:
                parts.append(process.backend.read(process.pid, address + done, part))
            except KernelError as e:
                if e.name != "EFAULT" or done == 0:
                    raise
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
                    raise
                first = min(len(data), page - address % page)
                try:
                    count = process.backend.write(process.pid, address, data[:first])
                except KernelError as again:
                    again.transferred = 0
                    raise
            done += count

    def read_text(self, address: int, limit: int = TEXT_MAX, encoding: str = "utf-8") -> str:
        """A NUL-terminated string, cut off at `limit` bytes."""
        found = bytearray()
        while len(found) < limit:
            part = self.read(address + len(found), min(256, limit - len(found)))
            end = part.find(0)
            if end >= 0:
                found += part[:end]
                break
            found += part
            if len(part) < min(256, limit - len(found)):
                break
        return found.decode(encoding, "backslashreplace")

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
    return where.start, where.stop - where.start


def _check(address: int, size: int) -> None:
    if not isinstance(address, int) or not isinstance(size, int):
        raise TypeError("an address is an int")
    if size < 0 or address < 0 or address + size > 1 << 64:
        raise ValueError(f"{size} bytes at {address:#x}")
