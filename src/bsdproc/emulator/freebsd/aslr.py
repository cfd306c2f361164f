"""What execve decides of the new address space from the process's
preferences, the image and the sysctls (sys/kern/imgact_elf.c).

On a real machine the addresses are random; here they come from a generator
that begins alike on every boot, so that a run can be repeated.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import P2, MapFlag
from bsdproc.emulator.machine.physical import PAGE

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc
    from bsdproc.emulator.freebsd.system import System
    from bsdproc.emulator.machine.memory import AddressSpace

FCTL_ASLR_DISABLE = 0x1
FCTL_PROTMAX_DISABLE = 0x2
FCTL_STKGAP_DISABLE = 0x4
FCTL_WXNEEDED = 0x8
"""NT_FREEBSD_FEATURE_CTL: what an image asks of the kernel by a note."""


@dataclass(frozen=True, slots=True)
class Decision:
    """MapFlag of the new address space, and whether a position-independent
    image goes to a random place."""

    map_flags: int
    random_base: bool


def decide(system: System, p: Proc, *, dynamic: bool, bits: int, fctl0: int = 0) -> Decision:
    """For an image that is position-independent (`dynamic`, ET_DYN) or not.
    To be asked when the set-id rules have put the preferences aside that
    such an image does not honour."""

    def default(name: str, value: int) -> int:
        return int(system.settings.get(f"kern.elf{bits}.{name}", value))

    on_by_default = 1 if bits == 64 else 0
    forced = bool(p.flag2 & P2.ASLR_ENABLE)
    refused = bool(p.flag2 & P2.ASLR_DISABLE) or bool(fctl0 & FCTL_ASLR_DISABLE)
    wanted = default("aslr.pie_enable" if dynamic else "aslr.enable", on_by_default)
    flags = 0
    if not refused and (forced or wanted):
        flags |= MapFlag.ASLR
        if not default("aslr.honor_sbrk", 0) or p.flag2 & P2.ASLR_IGNSTART:
            flags |= MapFlag.ASLR_IGNSTART
        if default("aslr.stack", 1):
            flags |= MapFlag.ASLR_STACK
    permitted = (
        default("allow_wx", 1) or fctl0 & FCTL_WXNEEDED or p.flag2 & P2.WXORX_DISABLE
    )
    if not permitted or p.flag2 & P2.WXORX_ENABLE_EXEC:
        flags |= MapFlag.WXORX
    return Decision(flags, dynamic and bool(flags & MapFlag.ASLR))


RANDOM_PAGES, RANDOM_PAGES_LOW = 0x1000, 0x100
"""How far behind the first free place a mapping may come to lie; the second
for those below 2 GB."""


def place(
    system: System, p: Proc, space: AddressSpace, size: int, hint: int, low: int, high: int
) -> int | None:
    """Where a mapping without MAP_FIXED goes: the first free place from
    `hint` (else from `low`) to `high`, or, randomised, a little behind it."""
    if p.map_flags & MapFlag.ASLR:
        pages = RANDOM_PAGES if high > 1 << 31 else RANDOM_PAGES_LOW
        found = space.find_space(size + pages * PAGE, hint, low, high)
        if found is not None:
            source = random.Random(f"{system.boot_time} {p.pid} {system.clock} {space.timestamp}")
            return found + source.randrange(pages) * PAGE
    return space.find_space(size, hint, low, high)


def stack_gap(system: System, p: Proc) -> int:
    """Pages kept free below a stack (security.bsd.stack_guard_page), which
    PROC_STACKGAP_CTL does away with."""
    if p.flag2 & P2.STKGAP_DISABLE or p.fctl0 & FCTL_STKGAP_DISABLE:
        return 0
    return int(system.settings.get("security.bsd.stack_guard_page", 1))


def writable_and_executable(p: Proc, prot: int) -> bool:
    """Whether W^X forbids memory with such a protection: mmap and mprotect
    then are EACCES."""
    return bool(p.map_flags & MapFlag.WXORX) and prot & 6 == 6
