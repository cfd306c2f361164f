"""The segment descriptors that user code runs under (Intel SDM volume 3, 3.4.5)."""

from __future__ import annotations

from dataclasses import dataclass

_PRESENT, _CODE_OR_DATA, _WRITABLE, _CODE, _ACCESSED = 0x80, 0x10, 0x02, 0x08, 0x01
_LONG, _SIZE32, _GRANULAR = 2, 4, 8
KERNEL_CODE = 0x08
"""The selector of the engine's own ring 0, which user code never sees loaded."""


@dataclass(frozen=True, slots=True)
class Selectors:
    """What a system's user code finds in its segment registers."""

    code64: int
    code32: int
    data: int
    fs: int
    gs: int

    @property
    def all(self) -> tuple[int, ...]:
        return self.code64, self.code32, self.data, self.fs, self.gs


FREEBSD = Selectors(code64=0x43, code32=0x33, data=0x3B, fs=0x13, gs=0x1B)


def _descriptor(*, code: bool, ring: int, long: bool = False) -> int:
    """A flat 4 GiB segment as the eight bytes of a descriptor."""
    access = _PRESENT | ring << 5 | _CODE_OR_DATA | _WRITABLE | _ACCESSED
    if code:
        access |= _CODE
    flags = _GRANULAR | (_LONG if long else _SIZE32)
    return 0xFFFF | access << 40 | 0xF << 48 | flags << 52


def table(selectors: Selectors) -> list[int]:
    """A global descriptor table with these for ring 3 and one code segment for ring 0."""
    entries = [0] * (max(*selectors.all, KERNEL_CODE) // 8 + 1)
    entries[KERNEL_CODE // 8] = _descriptor(code=True, ring=0, long=True)
    for selector in (selectors.data, selectors.fs, selectors.gs):
        entries[selector // 8] = _descriptor(code=False, ring=3)
    entries[selectors.code32 // 8] = _descriptor(code=True, ring=3)
    entries[selectors.code64 // 8] = _descriptor(code=True, ring=3, long=True)
    if entries[selectors.data // 8] == 0 or selectors.code64 == KERNEL_CODE:
        raise ValueError(f"selectors overlap: {selectors}")
    return entries
