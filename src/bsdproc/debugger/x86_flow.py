"""Where the processor goes from an x86-64 instruction, told from its bytes alone.

What is needed for that is how long an instruction is, and whether and where it jumps.
"""

from __future__ import annotations

from typing import Final

LONGEST: Final = 15
"""Bytes that an instruction has at most."""

_PREFIXES: Final = frozenset(b"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3")
_RET: Final = frozenset({0xC2, 0xC3, 0xCA, 0xCB, 0xCF})
_INVALID: Final = frozenset({
    0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61, 0x82, 0x9A,
    0xCE, 0xD4, 0xD5, 0xD6, 0xEA})
_IMM8: Final = frozenset({
    *range(0x04, 0x40, 8), 0x6A, 0x6B, *range(0x70, 0x80), 0x80, 0x83, 0xA8, *range(0xB0, 0xB8),
    0xC0, 0xC1, 0xC6, 0xCD, *range(0xE0, 0xE8), 0xEB})
_IMM_Z: Final = frozenset({
    *range(0x05, 0x40, 8), 0x68, 0x69, 0x81, 0xA9, 0xC7, 0xE8, 0xE9})
"""32 bits, 16 with the prefix 66."""
_MODRM: Final = frozenset({
    *(base + i for base in range(0, 0x40, 8) for i in range(4)), 0x63, 0x69, 0x6B,
    *range(0x80, 0x90), 0xC0, 0xC1, 0xC6, 0xC7, *range(0xD0, 0xD4), *range(0xD8, 0xE0),
    0xF6, 0xF7, 0xFE, 0xFF})
_TWO_PLAIN: Final = frozenset({
    0x05, 0x06, 0x08, 0x09, 0x0B, *range(0x30, 0x38), 0x77, 0xA0, 0xA1, 0xA2, 0xA8, 0xA9, 0xAA,
    *range(0xC8, 0xD0)})
"""Of two bytes, without operands."""
_TWO_IMM8: Final = frozenset({0x70, 0x71, 0x72, 0x73, 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6})


class _Unclear(Exception):
    """The bytes are no instruction that is known here."""


def following(code: bytes, pc: int) -> tuple[int, ...] | None:
    """The addresses of the instructions that may come after the one at `pc`, whose bytes
    `code` begins with; None where they do not say: after a return, a jump or call by way
    of a register or memory, and what is no instruction."""
    try:
        length, target, falls = _decode(code)
    except (IndexError, _Unclear):
        return None
    after = pc + length
    places: tuple[int, ...] = (after,) if falls else ()
    if target is not None:
        places += ((after + target) % (1 << 64),)
    return places or None


def _decode(code: bytes) -> tuple[int, int | None, bool]:
    """(length, distance of its jump from its end, whether it may go on behind itself)."""
    at, short, rex_w = 0, False, False
    while code[at] in _PREFIXES:
        short = short or code[at] == 0x66
        at += 1
    if code[at] & 0xF0 == 0x40:
        rex_w = bool(code[at] & 8)
        at += 1
    op = code[at]
    at += 1
    if op in (0xC4, 0xC5, 0x62):
        return _fits(code, _vector(code, at, op)), None, True
    if op == 0x0F:
        return _two_bytes(code, at)
    if op in _INVALID or op in _RET:
        raise _Unclear
    start = at
    if op in _MODRM:
        at = _operand(code, at)
    size = 1 if op in _IMM8 else 0
    if op in _IMM_Z:
        # A jump's distance has 32 bits always.
        size = 2 if short and not rex_w and op not in (0xE8, 0xE9) else 4
    elif 0xB8 <= op < 0xC0:
        size = 8 if rex_w else 2 if short else 4
    elif 0xA0 <= op < 0xA4:
        size = 8
    elif op == 0xC8:
        size = 3
    elif op in (0xF6, 0xF7) and code[start] >> 3 & 7 < 2:
        size = 1 if op == 0xF6 else 2 if short and not rex_w else 4
    elif op == 0xFF and code[start] >> 3 & 7 in (2, 3, 4, 5):
        raise _Unclear
    end = _fits(code, at + size)
    if 0x70 <= op < 0x80 or 0xE0 <= op < 0xE4:
        return end, _distance(code, at, 1), True
    if op in (0xE8, 0xE9, 0xEB):
        return end, _distance(code, at, size), False
    return end, None, True


def _two_bytes(code: bytes, at: int) -> tuple[int, int | None, bool]:
    op = code[at]
    at += 1
    if op == 0x0B:
        raise _Unclear
    if 0x80 <= op < 0x90:
        return _fits(code, at + 4), _distance(code, at, 4), True
    if op in _TWO_PLAIN:
        return at, None, True
    if op in (0x38, 0x3A):
        return _fits(code, _operand(code, at + 1) + (op == 0x3A)), None, True
    return _fits(code, _operand(code, at) + (op in _TWO_IMM8)), None, True


def _vector(code: bytes, at: int, op: int) -> int:
    """The end of an instruction with a VEX or EVEX prefix, whose rest begins there."""
    table = 1 if op == 0xC5 else code[at] & (7 if op == 0x62 else 0x1F)
    at += {0xC5: 1, 0xC4: 2, 0x62: 3}[op]
    inner = code[at]
    if table == 1 and inner == 0x77:
        return at + 1
    if table not in (1, 2, 3):
        raise _Unclear
    return _operand(code, at + 1) + (table == 3 or (table == 1 and inner in _TWO_IMM8))


def _operand(code: bytes, at: int) -> int:
    """Behind a ModRM byte and what belongs to it."""
    mod, rm = code[at] >> 6, code[at] & 7
    at += 1
    if mod == 3:
        return at
    if rm == 4:
        base = code[at] & 7
        at += 1
        if mod == 0 and base == 5:
            return at + 4
    if mod == 0 and rm == 5:
        return at + 4
    return at + (0, 1, 4)[mod]


def _distance(code: bytes, at: int, size: int) -> int:
    return int.from_bytes(code[at : at + size], "little", signed=True)


def _fits(code: bytes, end: int) -> int:
    if end > min(len(code), LONGEST):
        raise _Unclear
    return end
