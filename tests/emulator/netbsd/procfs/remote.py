"""A NetBSD program that makes whatever system call it is told to, through its own /proc/N/mem."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from bsdproc.kernel import Kernel

TEXT, DATA = 0x401000, 0x402000
DATA_SIZE = 0x2000
STRINGS = DATA + 0x200
O_RDWR = 2

# bx = DATA; wait for a word there; make the call that follows; store what it gave; again.
CODE = bytes.fromhex(
    "bb00204000"
    "48833b00" "74fa"
    "488b4308" "488b7b10" "488b7318" "488b5320" "4c8b5340" "4c8b4348" "0f05"
    "48894328" "48895338" "0f924330"
    "48c70300000000" "ebcb")
CALL = struct.Struct("<QQQQ 24x QQ")
RESULT = struct.Struct("<QQQ")

EXIT, OPEN, CLOSE, UNMOUNT, SETUID, PIPE, DUP2, EXECVE = 1, 5, 6, 22, 23, 42, 90, 59
READLINK, CHROOT, GETDENTS, MOUNT = 58, 61, 390, 410
"""System calls' numbers."""


def program(code: bytes = CODE, data: bytes = b"") -> bytes:
    """A static program of NetBSD 10: text and data, and the note that says so."""
    note = struct.pack("<III8sI", 7, 4, 1, b"NetBSD\0\0", 1000000000)
    headers = [
        (1, 5, 0x1000, TEXT, len(code), len(code), 0x1000),
        (1, 6, 0x2000, DATA, len(data), DATA_SIZE, 0x1000),
        (4, 4, 0x200, 0, len(note), len(note), 4),
    ]
    image = bytearray(0x2000)
    struct.pack_into("<16sHHIQQQIHHHHHH", image, 0, b"\x7fELF\x02\x01\x01", 2, 62, 1, TEXT, 64, 0,
                     0, 64, 56, len(headers), 64, 0, 0)
    for i, (kind, flags, offset, address, size, memory, align) in enumerate(headers):
        struct.pack_into("<IIQQQQQQ", image, 64 + 56 * i, kind, flags, offset, address, 0, size,
                         memory, align)
    image[0x200:0x200 + len(note)] = note
    image[0x1000:0x1000 + len(code)] = code
    return bytes(image) + data


class Tracee:
    """Such a program, running."""

    def __init__(self, kernel: Kernel, pid: int) -> None:
        self.kernel = kernel
        self.pid = pid
        self.memory = kernel.open(f"/proc/{pid}/mem", O_RDWR)

    def tell(self, number: int, *arguments: int | bytes) -> None:
        """Have it make a call, without waiting; bytes are put where they can be pointed to."""
        words, at = [number], STRINGS
        for argument in (*arguments, *[0] * (5 - len(arguments))):
            if isinstance(argument, bytes):
                self.kernel.pwrite(self.memory, argument + b"\0", at)
                words.append(at)
                at += -(-(len(argument) + 1) // 8) * 8
            else:
                words.append(argument & (1 << 64) - 1)
        self.kernel.pwrite(self.memory, CALL.pack(*words), DATA + 8)
        self.kernel.pwrite(self.memory, (1).to_bytes(8, "little"), DATA)

    def call(self, number: int, *arguments: int | bytes) -> tuple[int, int]:
        """A call's two results; OSError's number where it failed."""
        self.tell(number, *arguments)
        for _ in range(100):
            self.kernel.settle(0.0001)
            if not any(self.kernel.pread(self.memory, 8, DATA)):
                break
        else:
            raise AssertionError(f"system call {number} does not return")
        first, failed, second = RESULT.unpack(self.kernel.pread(
            self.memory, RESULT.size, DATA + 40))
        if failed & 0xFF:
            raise OSError(first, f"system call {number}")
        return first, second

    def execute(self, path: str, *argv: str) -> None:
        """execve(2), of this same sort of program mostly: it does not come back."""
        words: Sequence[bytes] = [word.encode() + b"\0" for word in argv or (path,)]
        at, pointers = STRINGS + 0x400, []
        for word in words:
            self.kernel.pwrite(self.memory, word, at)
            pointers.append(at)
            at += len(word)
        table = STRINGS + 0x200
        self.kernel.pwrite(self.memory, b"".join(
            p.to_bytes(8, "little") for p in (*pointers, 0)), table)
        self.tell(EXECVE, path.encode(), table, 0)
        self.kernel.settle(0.001)
