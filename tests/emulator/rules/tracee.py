"""A tracee that runs whatever code a test gives it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Self

from bsdproc import abi
from bsdproc.kernel import Kernel

Bring = Callable[[str], str]

TARGET = abi.target("freebsd", "amd64")
NUMBERS = TARGET.constants
STOPS = {NUMBERS[name]: name for name in (
    "SIGTRAP", "SIGSTOP", "SIGTSTP", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCONT")}
LWPINFO_SIZE = TARGET.struct("struct ptrace_lwpinfo").size
REG = TARGET.struct("struct reg")
DBREG_SIZE = TARGET.struct("struct dbreg").size
SC_RET = struct.Struct("<qqi4x")

CODE, DATA, SIZE = 0x50000000, 0x50008000, 0x10000
SYSCALL, BREAKPOINT, NOP, RETURN = b"\x0f\x05", b"\xcc", b"\x90", b"\xc3"
ARGUMENTS = (b"\x48\xbf", b"\x48\xbe", b"\x48\xba", b"\x49\xba", b"\x49\xb8", b"\x49\xb9")
WNOHANG, WUNTRACED = 1, 2


def call(number: int, *args: int, keep: int = 0) -> bytes:
    """Code of a system call; its result goes to `DATA` + `keep`."""
    words = [*zip(ARGUMENTS, args, strict=False), (b"\x48\xb8", number)]
    code = b"".join(move + struct.pack("<Q", word & (1 << 64) - 1) for move, word in words)
    return code + SYSCALL + b"\x48\xa3" + struct.pack("<Q", DATA + keep)


def sigset(*signals: int) -> bytes:
    """sigset_t."""
    return sum(1 << sig - 1 for sig in signals).to_bytes(16, "little")


def action(handler: int, flags: int = 0, *mask: int) -> bytes:
    """struct sigaction."""
    return struct.pack("<Qi", handler, flags) + sigset(*mask) + bytes(4)


class Tracee:
    """A program of the conformance suite's at the stop of its execve."""

    def __init__(self, kernel: Kernel, path: str, *args: str) -> None:
        self.k = kernel
        self.pid = kernel.spawn(path, [path, *args], {}, traced=True)
        assert self.wait() == "SIGTRAP"

    @classmethod
    def with_room(cls, kernel: Kernel, path: str) -> Self:
        """One that has memory for code and data at `CODE` and `DATA`."""
        tracee = cls(kernel, path)
        words = kernel.buffer(struct.pack("<6q", CODE, SIZE, 7, 0x1012, -1, 0))
        mmap = struct.pack("<qqiiIIQ", 0, 0, 0, 0, 477, 6, words.address)
        kernel.ptrace(NUMBERS["PT_SC_REMOTE"], tracee.pid, kernel.buffer(mmap), len(mmap))
        tracee.wait()
        return tracee

    def ask(self, request: str, addr: int | None = None, data: int = 0) -> int:
        return self.k.ptrace(NUMBERS[request], self.pid, addr or 0, data)

    def go(self, sig: int = 0, request: str = "PT_CONTINUE") -> None:
        self.ask(request, 1, sig)

    def wait(self) -> str:
        """Its next news: a signal's name, or "exited 3", "killed by 15"."""
        return self._news(self.k.wait4(self.pid).status)

    def news(self, options: int = WNOHANG) -> str:
        """The same after a while, "" when there is none."""
        self.k.settle(0.2)
        found = self.k.wait4(self.pid, options | WNOHANG)
        return self._news(found.status) if found.pid else ""

    @staticmethod
    def _news(status: int) -> str:
        if status & 0x7F == 0x7F:
            return STOPS[status >> 8]
        return f"killed by {status & 0x7F}" if status & 0x7F else f"exited {status >> 8}"

    def kill(self, sig: str) -> None:
        self.k.kill(self.pid, NUMBERS[sig])

    def flags(self) -> int:
        """pl_flags."""
        return int.from_bytes(self.record("PT_LWPINFO", LWPINFO_SIZE)[8:12], "little")

    def result(self) -> tuple[int, int, int]:
        """PT_GET_SC_RET: two results and the error."""
        return SC_RET.unpack(self.record("PT_GET_SC_RET", SC_RET.size))

    def record(self, request: str, size: int) -> bytes:
        """What a request answers into a buffer of that size."""
        record = self.k.buffer(size)
        self.k.ptrace(NUMBERS[request], self.pid, record, size)
        return record.read()

    def events(self, mask: int) -> None:
        word = self.k.buffer(struct.pack("<I", mask))
        self.k.ptrace(NUMBERS["PT_SET_EVENT_MASK"], self.pid, word, 4)

    def register(self, name: str, value: int | None = None) -> int:
        record = bytearray(self.record("PT_GETREGS", REG.size))
        if value is not None:
            REG.put(record, name, value)
            self.k.ptrace(NUMBERS["PT_SETREGS"], self.pid, self.k.buffer(record), 0)
        return REG.reader(name)(record, 0)[0]

    def debug(self, addresses: tuple[int, ...], control: int, status: int = 0) -> None:
        """PT_SETDBREGS."""
        words = [*addresses, *[0] * (6 - len(addresses)), status, control, *[0] * 8]
        record = self.k.buffer(struct.pack("<16Q", *words))
        self.k.ptrace(NUMBERS["PT_SETDBREGS"], self.pid, record, 0)

    def dr6(self) -> int:
        return int.from_bytes(self.record("PT_GETDBREGS", DBREG_SIZE)[48:56], "little")

    def read(self, address: int, size: int) -> bytes:
        return self._io(1, address, bytes(size))

    def write(self, address: int, data: bytes) -> None:
        self._io(2, address, data)

    def _io(self, operation: int, address: int, data: bytes) -> bytes:
        room = self.k.buffer(data)
        record = self.k.buffer(
            struct.pack("<iiQQQ", operation, 0, address, room.address, len(data)))
        self.k.ptrace(NUMBERS["PT_IO"], self.pid, record, 0)
        return room.read()

    def kept(self, at: int = 0) -> int:
        """What `call` stored."""
        return int.from_bytes(self.read(DATA + at, 8), "little", signed=True)

    def run(self, code: bytes) -> None:
        """Go on with that code, which a breakpoint ends."""
        self.write(CODE, code + BREAKPOINT)
        self.register("r_rip", CODE)
        self.go()
