"""A traced program on any of the emulated systems that makes system calls on request:
its registers are set before a `syscall` instruction, and read at the trap behind it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import NamedTuple

from bsdproc import dragonfly, emulator, freebsd, netbsd
from bsdproc.abi import syscalls
from bsdproc.kernel import errno as numbers

Kernel = emulator.FreeBSD | emulator.NetBSD | emulator.DragonFly

TEXT, DATA, ROOM = 0x200000, 0x400000, 0x40000
CODE = bytes.fromhex("0f05 cc ebfb ebfe")
"""syscall; int3; and again.  Behind it: for ever on the spot."""
SPIN = TEXT + 5
SIGTRAP, SIGKILL = 5, 9
WNOHANG = 1


class Flavour(NamedTuple):
    """A system as these tests use it."""

    kernel: Callable[[], Kernel]
    typed: ModuleType
    owner: bytes
    version: int
    names: Mapping[int, str]
    own: Mapping[str, str]
    """What it calls a system call of another's name."""


FLAVOURS = {
    "freebsd": Flavour(emulator.FreeBSD, freebsd, b"FreeBSD", 1302001, syscalls.FREEBSD,
                       {"exit": "_exit"}),
    "netbsd": Flavour(emulator.NetBSD, netbsd, b"NetBSD", 1000000000, syscalls.NETBSD,
                      {"socket": "__socket30", "kevent": "compat_100___kevent50",
                       "fstat": "__fstat50", "wait4": "__wait450", "accept4": "paccept",
                       "setitimer": "__setitimer50", "getitimer": "__getitimer50",
                       "timer_settime": "__timer_settime50",
                       "timer_gettime": "__timer_gettime50",
                       "nanosleep": "__nanosleep50", "msync": "__msync13"}),
    "dragonfly": Flavour(emulator.DragonFly, dragonfly, b"DragonFly", 500900,
                         syscalls.DRAGONFLY, {}),
}
SYSTEMS = tuple(FLAVOURS)
SISTERS = ("netbsd", "dragonfly")


def program(code: bytes, owner: bytes, version: int, room: int = 0) -> bytes:
    """A static program with some room to write to, and the note that says whose it is."""
    name = owner + b"\0"
    note = struct.pack("<III", len(name), 4, 1) + name + bytes(-len(name) % 4)
    note += struct.pack("<I", version)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, TEXT, 64, 0, 0,
                         64, 56, 3, 64, 0, 0)
    text = struct.pack("<IIQQQQQQ", 1, 5, 0x1000, TEXT, 0, len(code), len(code), 0x1000)
    data = struct.pack("<IIQQQQQQ", 1, 6, 0, DATA, 0, 0, max(room, 16), 0x1000)
    notes = struct.pack("<IIQQQQQQ", 4, 4, 0x200, 0, 0, len(note), len(note), 4)
    head = (header + text + data + notes).ljust(0x200, b"\0") + note
    return head.ljust(0x1000, b"\0") + code


class Remote:
    """One such program."""

    def __init__(self, kernel: Kernel, uid: int | None = None) -> None:
        self.kernel = kernel
        self.system: str = kernel.system
        self.flavour = FLAVOURS[kernel.system]
        self.ptrace = self.flavour.typed.ptrace
        self._numbers = {name: number for number, name in self.flavour.names.items()}
        kernel.install("/bin/remote", program(
            CODE, self.flavour.owner, self.flavour.version, ROOM))
        self.pid = kernel.spawn("/bin/remote", ["remote"], {}, traced=True, uid=uid)
        self.wait()
        self._next = DATA

    def wait(self) -> int:
        """The status of its next stop."""
        return self.kernel.wait4(self.pid).status

    def number(self, name: str) -> int:
        own = self.flavour.own.get(name, name)
        return self._numbers[own] if own in self._numbers else self._numbers[name]

    # -- calls ------------------------------------------------------------------------
    def start(self, call: str | int, *args: int | bytes) -> None:
        """Make a call, and do not wait for its end."""
        self._next = DATA
        words = [self._place(a) if isinstance(a, bytes) else a & (1 << 64) - 1 for a in args]
        registers = self.ptrace.getregs(self.pid, kernel=self.kernel)
        registers["rax"] = self.number(call) if isinstance(call, str) else call
        for name, word in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), words, strict=False):
            registers[name] = word
        registers.pc = TEXT
        if words[6:]:
            self.poke(registers.sp + 8, struct.pack(f"<{len(words) - 6}Q", *words[6:]))
        self.ptrace.setregs(self.pid, registers, kernel=self.kernel)
        self.ptrace.cont(self.pid, kernel=self.kernel)

    def spin(self, signal: int = 0) -> None:
        """Run on the spot, with a signal to begin with."""
        registers = self.ptrace.getregs(self.pid, kernel=self.kernel)
        registers.pc = SPIN
        self.ptrace.setregs(self.pid, registers, kernel=self.kernel)
        self.ptrace.cont(self.pid, signal, kernel=self.kernel)

    def finished(self) -> bool:
        """Whether a call that was started is over, after a moment."""
        return self.kernel.wait4(self.pid, WNOHANG).pid != 0

    def end(self) -> tuple[int, int]:
        """(errno, result) of a call whose end has been waited for."""
        registers = self.ptrace.getregs(self.pid, kernel=self.kernel)
        assert registers.pc == TEXT + 3, hex(registers.pc)
        value = registers["rax"] - (1 << 64) if registers["rax"] >> 63 else registers["rax"]
        return (value, 0) if registers["rflags"] & 1 else (0, value)

    def attempt(self, call: str | int, *args: int | bytes) -> tuple[int, int]:
        """(errno, result).  Bytes are passed as the address of a copy."""
        self.start(call, *args)
        status = self.wait()
        assert status == SIGTRAP << 8 | 0x7F, hex(status)
        return self.end()

    def name(self, error: int) -> str:
        return numbers.name(self.system, error) or f"errno {error}"

    def call(self, call: str | int, *args: int | bytes) -> int:
        """The call's result; AssertionError naming its errno when it fails."""
        error, value = self.attempt(call, *args)
        assert error == 0, f"{call}: {self.name(error)}"
        return value

    def fails(self, call: str | int, *args: int | bytes) -> str:
        """The name of the errno that the call fails with."""
        error, value = self.attempt(call, *args)
        assert error != 0, f"{call} succeeded with {value}"
        return self.name(error)

    def second(self) -> int:
        """The second result of the call that has just come back."""
        found: int = self.ptrace.getregs(self.pid, kernel=self.kernel)["rdx"]
        return found

    def pipe(self) -> tuple[int, int]:
        """pipe(2) of old, which every one of them has."""
        first = self.call(42)
        return first, self.second()

    # -- memory ------------------------------------------------------------------------
    def _place(self, data: bytes) -> int:
        at = self._next
        self._next += len(data) + 16 & ~15
        self.poke(at, data)
        return at

    def poke(self, address: int, data: bytes) -> None:
        if data:
            self.ptrace.write(self.pid, address, data, kernel=self.kernel)

    def peek(self, address: int, size: int) -> bytes:
        if not size:        # which NetBSD refuses
            return b""
        found: bytes = self.ptrace.read(self.pid, address, size, kernel=self.kernel)
        return found

    @property
    def out(self) -> int:
        """Room for results."""
        return DATA + ROOM // 2

    @property
    def kept(self) -> int:
        """Room for arguments that stay."""
        return DATA + ROOM // 4
