"""minherit(2): what a fork does with memory."""

from __future__ import annotations

from collections.abc import Mapping

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import space_of
from bsdproc.emulator.errno import EINVAL, Refused

INHERITANCE = {0: "share", 1: "copy", 2: "none"}
"""MAP_INHERIT_ of <sys/mman.h>, as `AddressSpace.inherit` knows them."""


def minherit(td: Thread, pages: tuple[int, int], how: int, user: tuple[int, int],
             kinds: Mapping[int, str] = INHERITANCE) -> int:
    """vm_map_inherit: of what is mapped of the pages from a start for a size, as far as
    they are between the user's addresses."""
    if how not in kinds:
        raise Refused(EINVAL)
    low, high = max(pages[0], user[0]), min(sum(pages), user[1])
    if low < high:
        space_of(td).inherit(low, high - low, kinds[how])
    return 0
