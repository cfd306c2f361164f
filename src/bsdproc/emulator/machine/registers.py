"""The registers of a thread, in the orders that they are moved in."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import Any

from bsdproc.emulator.machine import _unicorn as uc

GENERAL = (
    "r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rdi", "rsi", "rbp", "rbx", "rdx",
    "rcx", "rax", "rip", "rflags", "rsp",
)  # fmt: skip
"""The general registers, in the order of `Context.general`."""

SPECIAL = ("cs", "ss", "ds", "es", "fs", "gs", "fs_base", "gs_base")
"""Segment selectors and bases.  Bases come last: loading a selector sets its base."""

INDEX = {name: index for index, name in enumerate(GENERAL)}
SPECIAL_INDEX = {name: index for index, name in enumerate(SPECIAL)}
RIP, RFLAGS, RSP = INDEX["rip"], INDEX["rflags"], INDEX["rsp"]
CS, SS = SPECIAL_INDEX["cs"], SPECIAL_INDEX["ss"]

ALIASES = {
    "eax": "rax", "ebx": "rbx", "ecx": "rcx", "edx": "rdx", "esi": "rsi", "edi": "rdi",
    "ebp": "rbp", "esp": "rsp", "eip": "rip", "eflags": "rflags",
}  # fmt: skip
"""Names that 32-bit code has for the low halves of the same registers."""

RFLAGS_TF, RFLAGS_RF = 0x100, 0x10000
RFLAGS_AT_START = 0x202
MASK64 = (1 << 64) - 1

FXSAVE_SIZE = 512
_TAGS = FXSAVE_SIZE  # the full tag word, which the image keeps abridged
_MXCSR_MASK = 0xFFFF
_MXCSR_MASK_BYTES = _MXCSR_MASK.to_bytes(4, "little")
_FPU = (
    ("fpcw", 0), ("fpsw", 2), ("fptag", _TAGS), ("fop", 6), ("fip", 8), ("fdp", 16), ("mxcsr", 24),
    *((f"st{i}", 32 + 16 * i) for i in range(8)),
    *((f"xmm{i}", 160 + 16 * i) for i in range(16)),
)  # fmt: skip
"""Where FXSAVE puts each register (Intel SDM volume 1, 10.5.1).  The status word
comes before the stack registers, whose numbers depend on it."""

FPU_AT_START = struct.pack("<H22xII480x", 0x37F, 0x1F80, _MXCSR_MASK)
"""As fpu_clean_state of the BSDs leaves it: 64-bit precision, all exceptions masked."""


class Batch:
    """Some registers, read or written by one call; `view` holds their values."""

    def __init__(self, names: Sequence[str], offsets: Sequence[int], size: int) -> None:
        self.count = len(names)
        self.buffer: Any = uc.ffi.new("uint8_t[]", size)
        self.ids: Any = uc.ffi.new("int[]", [uc.REGISTERS[n] for n in names])
        self.places: Any = uc.ffi.new("void *[]", [self.buffer + o for o in offsets])
        self.view: Any = uc.ffi.buffer(self.buffer)


def word_batch(names: Sequence[str]) -> Batch:
    """One of 64-bit words."""
    return Batch(names, range(0, 8 * len(names), 8), 8 * len(names))


def fpu_batch() -> Batch:
    """The floating-point and vector registers, at FXSAVE's offsets."""
    return Batch([n for n, _ in _FPU], [o for _, o in _FPU], FXSAVE_SIZE + 2)


@cache
def _abridged(full: int) -> int:
    """FXSAVE's tag byte: a bit for each register that is not empty."""
    return sum(1 << i for i in range(8) if full >> 2 * i & 3 != 3)


@cache
def _full(abridged: int) -> bytes:
    word = sum(0 if abridged >> i & 1 else 3 << 2 * i for i in range(8))
    return word.to_bytes(2, "little")


def image_from(batch: Batch) -> bytes:
    """The FXSAVE image of what a `fpu_batch` read."""
    raw = bytearray(batch.view)
    raw[4] = _abridged(raw[_TAGS] | raw[_TAGS + 1] << 8)
    raw[28:32] = _MXCSR_MASK_BYTES
    return bytes(raw[:FXSAVE_SIZE])


def image_into(batch: Batch, image: bytes) -> None:
    """Fill a `fpu_batch` from an FXSAVE image, to be written."""
    batch.view[:] = image + _full(image[4])
