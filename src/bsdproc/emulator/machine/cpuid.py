"""What CPUID answers: a Haswell without AVX, and without RDRAND, which would make runs differ.

The bits are those of the instructions that Unicorn executes.
"""

from __future__ import annotations

import struct

_BRAND = b"Emulated processor of bsdproc"

XCR0 = 3
"""State that XSAVE keeps: x87 and SSE."""
XSAVE_SIZE = 576
"""Bytes of its area: FXSAVE's 512 and the header."""

_BASIC = 0xD
_EXTENDED = 0x8000_0008

_LEAVES: dict[tuple[int, int], tuple[int, int, int, int]] = {
    (0, 0): (_BASIC, *struct.unpack("<III", b"GenuntelineI")),
    # family, model and stepping; CLFLUSH line; SSE3 PCLMUL SSSE3 CX16 SSE4.1 SSE4.2 MOVBE
    # POPCNT AES XSAVE OSXSAVE; everything up to SSE2
    (1, 0): (0x306C4, 0x800, 0x0ED8_2203, 0x078B_FBFD),
    (7, 0): (0, 0x309, 0, 0),  # FSGSBASE BMI1 BMI2 ERMS
    (0xD, 0): (XCR0, XSAVE_SIZE, XSAVE_SIZE, 0),
    (0xD, 1): (1, 0, 0, 0),  # XSAVEOPT
    (0x8000_0000, 0): (_EXTENDED, 0, 0, 0),
    (0x8000_0001, 0): (0, 0, 0x21, 0x2010_0800),  # LAHF ABM; SYSCALL NX LM
    (0x8000_0008, 0): (0x3028, 0, 0, 0),
}
_BY_SUBLEAF = frozenset({4, 7, 0xD})


def _brand() -> None:
    text = _BRAND.ljust(48, b"\0")
    for i in range(3):
        _LEAVES[0x8000_0002 + i, 0] = struct.unpack_from("<IIII", text, 16 * i)


_brand()


def cpuid(leaf: int, subleaf: int) -> tuple[int, int, int, int]:
    """EAX, EBX, ECX and EDX for EAX and ECX; zeros for what there is not."""
    return _LEAVES.get((leaf, subleaf if leaf in _BY_SUBLEAF else 0), (0, 0, 0, 0))
