"""Programs of a few instructions, run by the emulated kernel under a tracer."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from bsdproc.emulator import FreeBSD
from bsdproc.emulator.bsd.state import Proc, Thread

TEXT, DATA = 0x401000, 0x402000
DATA_SIZE = 0x2000
PT_CONTINUE, PT_STEP, PT_IO = 7, 9, 12
PT_LWPINFO, PT_GETREGS, PT_SETREGS = 13, 33, 34
REGS = {
    name: (8 * i, "<Q")
    for i, name in enumerate(
        ["r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rdi", "rsi", "rbp", "rbx",
         "rdx", "rcx", "rax"])
} | {
    "fs": (124, "<H"), "gs": (126, "<H"), "es": (132, "<H"), "ds": (134, "<H"),
    "rip": (136, "<Q"), "cs": (144, "<Q"), "rflags": (152, "<Q"), "rsp": (160, "<Q"),
    "ss": (168, "<Q"),
}


def program_file(code: bytes, data: bytes = b"", *, osrel: int = 1302001,
                 stack_flags: int = 6) -> bytes:
    """A FreeBSD program: code at TEXT, data and zeros at DATA."""
    note = struct.pack("<III8sI", 8, 4, 1, b"FreeBSD\0", osrel)
    headers = [
        (1, 5, 0x1000, TEXT, len(code), len(code), 0x1000),
        (1, 6, 0x2000, DATA, len(data), DATA_SIZE, 0x1000),
        (4, 4, 0x200, 0, len(note), len(note), 4),
        (0x6474E551, stack_flags, 0, 0, 0, 0, 16),
    ]
    image = bytearray(0x2000)
    struct.pack_into("<16sHHIQQQIHHHHHH", image, 0, b"\x7fELF\x02\x01\x01\x09", 2, 62, 1, TEXT,
                     64, 0, 0, 64, 56, len(headers), 64, 0, 0)
    for i, (kind, flags, offset, address, size, memory, align) in enumerate(headers):
        struct.pack_into("<IIQQQQQQ", image, 64 + 56 * i, kind, flags, offset, address, 0, size,
                         memory, align)
    image[0x200:0x200 + len(note)] = note
    image[0x1000:0x1000 + len(code)] = code
    return bytes(image) + data


def narrow_file(code: bytes, data: bytes = b"") -> bytes:
    """The same for i386."""
    note = struct.pack("<III8sI", 8, 4, 1, b"FreeBSD\0", 1302001)
    headers = [
        (1, 0x1000, TEXT, len(code), len(code), 5, 0x1000),
        (1, 0x2000, DATA, len(data), DATA_SIZE, 6, 0x1000),
        (4, 0x200, 0, len(note), len(note), 4, 4),
        (0x6474E551, 0, 0, 0, 0, 6, 16),
    ]
    image = bytearray(0x2000)
    struct.pack_into("<16sHHIIIIIHHHHHH", image, 0, b"\x7fELF\x01\x01\x01\x09", 2, 3, 1, TEXT,
                     52, 0, 0, 52, 32, len(headers), 40, 0, 0)
    for i, (kind, offset, address, size, memory, flags, align) in enumerate(headers):
        struct.pack_into("<IIIIIIII", image, 52 + 32 * i, kind, offset, address, 0, size, memory,
                         flags, align)
    image[0x200:0x200 + len(note)] = note
    image[0x1000:0x1000 + len(code)] = code
    return bytes(image) + data


class Bare(Proc):
    """A process of which nothing is known but its name: for a thread without a kernel."""

    def __init__(self) -> None:
        self.comm = "program"
        self.flag = 0


class Registers:
    """struct reg by names."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    def __getitem__(self, name: str) -> int:
        offset, form = REGS[name]
        value: int = struct.unpack_from(form, self.data, offset)[0]
        return value

    def __setitem__(self, name: str, value: int) -> None:
        offset, form = REGS[name]
        struct.pack_into(form, self.data, offset, value)


@dataclass
class Info:
    """What PT_LWPINFO tells of the signal, if there is one."""

    flags: int
    signo: int
    code: int
    address: int
    trapno: int


@dataclass
class Running:
    """A program that a tracer has spawned."""

    kernel: FreeBSD
    pid: int

    @property
    def proc(self) -> Proc:
        return self.kernel._system.procs[self.pid]

    @property
    def thread(self) -> Thread:
        return self.proc.threads[0]

    def request(self, request: int, address: object = 0, data: int = 0) -> int:
        return self.kernel.ptrace(request, self.pid, address, data)  # type: ignore[arg-type]

    def wait(self) -> int:
        """The raw status of what comes next."""
        return self.kernel.wait4(self.pid).status

    def go(self, signal: int = 0, request: int = PT_CONTINUE) -> int:
        self.request(request, 1, signal)
        return self.wait()

    def stops(self, signal: int = 0, request: int = PT_CONTINUE) -> int:
        """Go on to a stop; the signal it is for."""
        status = self.go(signal, request)
        assert status & 0x7F == 0x7F, f"ended with {status:#x}"
        return status >> 8

    def regs(self) -> Registers:
        b = self.kernel.buffer(176)
        self.request(PT_GETREGS, b)
        return Registers(b.read())

    def set_regs(self, **values: int) -> None:
        r = self.regs()
        for name, value in values.items():
            r[name] = value
        self.request(PT_SETREGS, self.kernel.buffer(r.data))

    def info(self) -> Info:
        b = self.kernel.buffer(160)
        self.request(PT_LWPINFO, b, 160)
        flags, = struct.unpack_from("<i", b.read(), 8)
        signo, _, code, *_, address, _, trapno = struct.unpack_from("<iiiiIiQQi", b.read(), 48)
        return Info(flags, signo, code, address, trapno)

    def read(self, address: int, size: int) -> bytes:
        b = self.kernel.buffer(size)
        self.request(PT_IO, self.kernel.buffer(struct.pack("<i4xQQQ", 1, address, b.address, size)))
        return b.read()

    def write(self, address: int, data: bytes) -> None:
        b = self.kernel.buffer(data)
        self.request(
            PT_IO, self.kernel.buffer(struct.pack("<i4xQQQ", 2, address, b.address, len(data))))

    def word(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")


Start = Callable[..., Running]
