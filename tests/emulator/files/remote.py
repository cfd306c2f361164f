"""A traced program that makes system calls on request: PT_SC_REMOTE, as any
debugger could use it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from bsdproc.emulator import FreeBSD
from bsdproc.emulator.caller import LentBuffer
from bsdproc.emulator.errno import NAMES

PROGRAMS = Path(__file__).parents[2] / "conformance" / "tracees" / "bin"
PT_IO, PT_SC_REMOTE, PT_KILL = 12, 44, 8
READ_D, WRITE_D = 1, 2
MMAP = 477


def refusal(work: Callable[[], object]) -> str:
    """The name of the errno that a call fails with, "" when it succeeds."""
    try:
        work()
    except OSError as error:
        return NAMES[error.errno or 0]
    return ""


def table(kernel: FreeBSD, kind: int, pid: int, record: str) -> list[dict[str, object]]:
    """A kern.proc table whose records say their own size first."""
    layout, data, at = kernel.target.struct(record), kernel.sysctl([1, 14, kind, pid]), 0
    found: list[dict[str, object]] = []
    while at < len(data):
        size, = struct.unpack_from("<i", data, at)
        found.append(dict(layout.unpack(data[at : at + size].ljust(layout.size, b"\0"))))
        at += size
    return found


def files_of(kernel: FreeBSD, pid: int) -> dict[object, dict[str, object]]:
    """kern.proc.filedesc: the records by descriptor."""
    return {one["kf_fd"]: one for one in table(kernel, 33, pid, "struct kinfo_file")}


class Remote:
    """A spinning tracee of the kernel's with some memory to put arguments in."""

    def __init__(self, kernel: FreeBSD, uid: int | None = None, path: str = "/bin/spin") -> None:
        self.k = kernel
        kernel.install(path, PROGRAMS / "spin")
        self.pid = kernel.spawn(path, [path], {}, traced=True, uid=uid)
        kernel.wait4(self.pid)
        self.room = 0
        self.room = self.call(MMAP, 0, 65536, 3, 0x1002, -1, 0)
        self._next = self._own = 0

    def call(self, number: int, *args: int | bytes) -> int:
        """The call's result; AssertionError naming its errno when it fails."""
        error, value = self.attempt(number, *args)
        assert error == 0, NAMES[error]
        return value

    def fails(self, number: int, *args: int | bytes) -> str:
        """The name of the errno that the call fails with."""
        error, value = self.attempt(number, *args)
        assert error != 0, f"it succeeded with {value}"
        return NAMES[error]

    def attempt(self, number: int, *args: int | bytes) -> tuple[int, int]:
        """(errno, result).  Bytes are passed as the address of a copy."""
        self._next = self.room
        words = [self._place(a) if isinstance(a, bytes) else a & (1 << 64) - 1 for a in args]
        values = self.k.buffer(struct.pack(f"<{len(words)}Q", *words))
        record = self.k.buffer(
            struct.pack("<qqiiIIQ", 0, 0, 0, 0, number, len(words), values.address))
        self.k.ptrace(PT_SC_REMOTE, self.pid, record, len(record))
        self.k.wait4(self.pid)
        value, _, error = struct.unpack_from("<qqi", record.read())
        return error, value

    def _place(self, data: bytes) -> int:
        at = self._next
        self._next += len(data) + 16 & ~15
        self.poke(at, data)
        return at

    def put(self, data: bytes) -> int:
        """Place bytes in the tracee's memory for good; where they lie."""
        at = self.room + 16384 + self._own
        self._own += len(data) + 16 & ~15
        self.poke(at, data)
        return at

    def _io(self, op: int, address: int, lent: LentBuffer, size: int) -> None:
        request = struct.pack("<iiQQQ", op, 0, address, lent.address, size)
        self.k.ptrace(PT_IO, self.pid, self.k.buffer(request), 0)

    def poke(self, address: int, data: bytes) -> None:
        self._io(WRITE_D, address, self.k.buffer(data), len(data))

    def peek(self, address: int, size: int) -> bytes:
        lent = self.k.buffer(size)
        self._io(READ_D, address, lent, size)
        return lent.read()

    @property
    def out(self) -> int:
        """Room for results: the second half of its memory."""
        return self.room + 32768

    def kill(self) -> None:
        self.k.ptrace(PT_KILL, self.pid, 0, 0)
        self.k.wait4(self.pid)
