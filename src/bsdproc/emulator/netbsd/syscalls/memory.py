"""Address spaces: mmap and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import limits, residence
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.file import FREAD, FWRITE
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls import inherit
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.errno import EACCES, EEXIST, EINVAL, ENODEV, ENOMEM, Refused
from bsdproc.emulator.machine.memory import PAGE, MemoryFault
from bsdproc.emulator.netbsd.amd64.regs import MAXUSER
from bsdproc.emulator.netbsd.amd64.stack import TOPDOWN

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System
    from bsdproc.emulator.vnode import Vnode

MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_TRYFIXED, MAP_ANON, MAP_STACK = (
    0x1, 0x2, 0x10, 0x400, 0x1000, 0x2000)
ALIGNMENT_SHIFT, PAGE_SHIFT = 24, 12
READ, WRITE = 1, 2


def _up(size: int) -> int:
    return size + PAGE - 1 & -PAGE


def topdown(td: Thread, size: int, high: int = TOPDOWN, align: int = PAGE) -> int:
    """The highest hole of that size below `high`, its beginning aligned: ENOMEM."""
    end = high
    for entry in sorted(space_of(td).entries, key=lambda e: -e.start):
        if entry.start >= end:
            continue
        if entry.end <= end - size & -align:
            break
        end = min(end, entry.start)
    if end - size & -align < PAGE:
        raise Refused(ENOMEM)
    return end - size & -align


def _alignment(flags: int, fixed: int | None) -> int:
    """MAP_ALIGNED(n): of a mapping that has its place, whether it fits."""
    power = flags >> ALIGNMENT_SHIFT
    if not power:
        return PAGE
    if not PAGE_SHIFT <= power < 64:
        raise Refused(EINVAL)
    if 1 << power >= MAXUSER:
        raise Refused(ENOMEM)
    if fixed is not None and fixed % (1 << power):
        raise Refused(EINVAL)
    return 1 << power


def sys_mmap(system: System, td: Thread, args: Args) -> int:
    """mmap(address, size, prot, flags, fd, pad, offset)."""
    address, size, prot, flags, fd = args[0], args[1], args[2] & 7, args[3], signed(args[4])
    offset, space = args[6], space_of(td)
    flags &= 0xFFFFFFFF
    sharing = flags & (MAP_SHARED | MAP_PRIVATE)
    if sharing == MAP_SHARED | MAP_PRIVATE:
        raise Refused(EINVAL)
    if not sharing and not flags & MAP_ANON:
        sharing = MAP_PRIVATE
    delta = offset & PAGE - 1
    size = _up(size + delta)
    if size == 0 or size >= MAXUSER:
        raise Refused(EINVAL if size == 0 else ENOMEM)
    if flags & MAP_FIXED:
        start = address - delta
        if start & PAGE - 1 or start < PAGE or start + size > MAXUSER:
            raise Refused(EINVAL)
        _alignment(flags, start)
    else:
        align = _alignment(flags, None)
        hint = address & -align
        free = hint >= PAGE and hint + size <= MAXUSER and not any(
            e.start < hint + size and hint < e.end for e in space.entries)
        if flags & MAP_TRYFIXED and hint and not free:
            raise Refused(EEXIST)
        start = hint if free else topdown(td, size, align=align)
    shared = bool(sharing & MAP_SHARED)
    if prot:
        residence.may_map(td, size)
    if flags & MAP_ANON:
        if fd != -1:
            raise Refused(EINVAL)
        space.map(start, size, prot, kind="anon", shared=shared)
        residence.mapped(td, start, size)
        return start + delta
    vnode, most = _mapped_file(td, fd, prot, shared)
    space.map(start, size, prot, max_prot=most, backing=vnode, offset=offset - delta,
              file_size=max(0, min(size, vnode.size - (offset - delta))), kind="file",
              shared=shared)
    residence.mapped(td, start, size)
    return start + delta


def _mapped_file(td: Thread, fd: int, prot: int, shared: bool) -> tuple[Vnode, int]:
    file = td.proc.files.get(fd)
    node = file.vnode
    if node is None or node.kind != "reg":
        raise Refused(ENODEV)
    if not file.flag & FREAD:
        raise Refused(EACCES)
    if shared and not file.flag & FWRITE:
        if prot & WRITE:
            raise Refused(EACCES)
        return node, 7 & ~WRITE
    return node, 7


def sys_munmap(system: System, td: Thread, args: Args) -> int:
    start, size = args[0], args[1]
    delta = start & PAGE - 1
    start, size = start - delta, _up(size + delta)
    if size == 0:
        return 0
    if start + size > MAXUSER:
        raise Refused(EINVAL)
    space_of(td).unmap(start, size)
    return 0


def sys_mprotect(system: System, td: Thread, args: Args) -> int:
    start, size, prot = args[0], args[1], signed(args[2])
    if prot & ~7:
        raise Refused(EINVAL)
    delta = start & PAGE - 1
    start, size = start - delta, _up(size + delta)
    if size == 0:
        return 0
    if start + size > MAXUSER:
        raise Refused(EINVAL)
    try:
        space_of(td).protect(start, size, prot)
    except MemoryFault as e:
        raise Refused(EACCES if e.mapped else ENOMEM) from None
    return 0


def sys_break(system: System, td: Thread, args: Args) -> int:
    """obreak: the end of the data, no result."""
    p, space = td.proc, space_of(td)
    old, new = _up(p.break_end), _up(args[0])
    if args[0] < p.break_start or new - p.break_start > limits.limit(p, limits.DATA)[0]:
        raise Refused(ENOMEM)
    if new > old:
        if any(e.start < new and old < e.end for e in space.entries):
            raise Refused(ENOMEM)
        space.map(old, new - old, READ | WRITE, kind="anon")
    elif new < old:
        space.unmap(new, old - new)
    p.break_end = args[0]
    return 0


def sys_madvise(system: System, td: Thread, args: Args) -> int:
    if signed(args[2]) not in range(7):
        raise Refused(EINVAL)
    return 0


INHERITANCE = {**inherit.INHERITANCE, 4: "zero"}
"""Giving memory to the child alone (3) is not in the kernel, either."""


def sys_minherit(system: System, td: Thread, args: Args) -> int:
    delta = args[0] & PAGE - 1
    start, size = args[0] - delta, _up(args[1] + delta)
    if start + size > MAXUSER or start < PAGE:
        raise Refused(EINVAL)
    return inherit.minherit(td, (start, size), signed(args[2]), (PAGE, MAXUSER), INHERITANCE)


SYSCALLS: dict[int, Entry] = {
    17: ("break", 1, sys_break),
    73: ("munmap", 2, sys_munmap),
    74: ("mprotect", 3, sys_mprotect),
    75: ("madvise", 3, sys_madvise),
    197: ("mmap", 7, sys_mmap),
    273: ("minherit", 3, sys_minherit),
}
