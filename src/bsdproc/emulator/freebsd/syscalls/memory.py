"""Address spaces: mmap and its like."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import limits, residence
from bsdproc.emulator.bsd.amd64.fpu import SAVEFPU, getxstate
from bsdproc.emulator.bsd.file import FREAD, FWRITE
from bsdproc.emulator.bsd.shm import SEAL_WRITE, ShmFile
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls import inherit
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EACCES, EBADF, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, Refused
from bsdproc.emulator.freebsd import aslr, procctl_commands
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.machine.memory import PAGE, Backing
from bsdproc.emulator.vnode import Regular

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

MAP_SHARED, MAP_PRIVATE, MAP_FIXED = 1, 2, 0x10
MAP_STACK, MAP_ANON, MAP_GUARD, MAP_EXCL = 0x400, 0x1000, 0x2000, 0x4000
MAP_NOCORE, MAP_32BIT = 0x20000, 0x80000
KNOWN = (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | 0x20 | 0x40 | 0x200 | MAP_STACK | 0x800
         | MAP_ANON | MAP_GUARD | MAP_EXCL | MAP_NOCORE | 0x40000 | MAP_32BIT | 0xFF000000)
OF_A_GUARD = MAP_FIXED | MAP_GUARD | MAP_EXCL | MAP_32BIT | 0xFF000000
USER_LOW, USER_HIGH, USER_HIGH_32 = PAGE, 1 << 47, (1 << 32) - PAGE
SHARED_PAGE = 0x7FFFFFFFE000
SHARED_PAGE_32 = 0xFFFFE000
MAXDSIZ_32 = 512 << 20
"""The largest data segment, and that of an i386 program."""
SGROWSIZ = 128 << 10
"""What a stack (MAP_STACK) starts with; it grows into the rest of its range."""


def user_high(td: Thread) -> int:
    """The end of what a program can map."""
    return USER_HIGH_32 if narrow(td) else USER_HIGH


def _up(size: int) -> int:
    return (size + PAGE - 1) & ~(PAGE - 1)


def behind_data(td: Thread) -> int:
    """Where mappings without a wish go: behind the largest data segment that
    the process may have."""
    p = td.proc
    most = limits.limit(p, limits.DATA)[1]
    if narrow(td):
        most = min(most, MAXDSIZ_32)
    return _up(p.data_start + most)


def _protection(word: int) -> tuple[int, int]:
    """A protection and the maximum that PROT_MAX() put with it, 0 without."""
    word &= 0xFFFFFFFF
    if word & ~0x70007:
        raise Refused(EINVAL)
    return word & 7, word >> 16


def _check(size: int, prot: int, flags: int, fd: int, offset: int) -> None:
    """EINVAL for flags that there are not, or that do not go together."""
    if flags & ~KNOWN or size == 0 or not _alignment(flags):
        raise Refused(EINVAL)
    if flags & MAP_GUARD:
        if prot or fd != -1 or offset or flags & ~OF_A_GUARD:
            raise Refused(EINVAL)
    elif not flags & (MAP_SHARED | MAP_PRIVATE | MAP_ANON | MAP_STACK):
        raise Refused(EINVAL)
    if flags & (MAP_EXCL | MAP_FIXED) == MAP_EXCL or (flags & MAP_SHARED and flags & MAP_PRIVATE):
        raise Refused(EINVAL)
    if flags & (MAP_ANON | MAP_STACK) and (fd != -1 or (offset and not flags & MAP_STACK)):
        raise Refused(EINVAL)


def _fixed(td: Thread, start: int, size: int, flags: int) -> int:
    """Just there, for MAP_FIXED; with MAP_EXCL only where nothing is."""
    if start & (PAGE - 1) or not start >= USER_LOW or start + size > user_high(td):
        raise Refused(EINVAL)
    if flags & MAP_EXCL and any(e.start < start + size and start < e.end
                                for e in space_of(td).entries):
        raise Refused(ENOMEM)
    return start


def _room(system: System, td: Thread, hint: int, size: int, flags: int) -> int:
    """The first room from a hint on, if there is one, or behind the program's data."""
    p, space, power = td.proc, space_of(td), flags >> 24
    if power > 1:       # MAP_ALIGNED(n): of a larger room what is aligned
        unit = 1 << power
        room = _room(system, td, hint, size + unit - PAGE, flags & (1 << 24) - 1)
        return room + unit - 1 & -unit
    high, low = SHARED_PAGE_32 if narrow(td) else SHARED_PAGE, behind_data(td)
    if flags & MAP_32BIT:
        high, low = 0x80000000, PAGE
    elif _up(p.text_start) <= hint < low:
        hint = 0
    found = None
    if hint:
        found = aslr.place(system, p, space, size, hint, USER_LOW, high)
    if found is None:
        found = aslr.place(system, p, space, size, low, low, high)
    if found is None:
        raise Refused(ENOMEM)
    return found


def _alignment(flags: int) -> bool:
    """MAP_ALIGNED(n): none, MAP_ALIGNED_SUPER, or a power of two from a page on."""
    power = flags >> 24
    return power in (0, 1) or 12 <= power < 64


def sys_mmap(system: System, td: Thread, args: Args) -> int:
    """kern_mmap: the checks in its order."""
    address, size, prot, flags, fd, offset = args[:6]
    p = td.proc
    prot, max_prot = _protection(prot)
    if max_prot and prot & ~max_prot:
        raise Refused(EOPNOTSUPP)
    max_prot = max_prot or procctl_commands.max_protection(system, p, prot)
    flags, fd = signed(flags) & 0xFFFFFFFF, signed(fd)
    _check(size, prot, flags, fd, offset)
    space = space_of(td)
    delta = offset & (PAGE - 1)
    size = _up(size + delta)
    if size >= 1 << 64:
        raise Refused(ENOMEM)
    residence.may_map(td, size)
    if flags & MAP_FIXED:
        start = _fixed(td, address - delta, size, flags)
    else:
        start = _room(system, td, address & ~(PAGE - 1), size, flags)
    vnode = None
    if not flags & (MAP_GUARD | MAP_STACK | MAP_ANON):
        if offset >= 1 << 63:
            raise Refused(EINVAL)
        vnode, most = _file_to_map(td, fd, prot, bool(flags & MAP_SHARED))
        limits = td.proc.files.slot(fd).limits
        if limits is not None:      # what is private can be written all the same
            most &= limits.mapping | (0 if flags & MAP_SHARED else 2)
        max_prot &= most
    if aslr.writable_and_executable(p, prot):
        raise Refused(EACCES)
    nocore = bool(flags & MAP_NOCORE)
    if flags & MAP_GUARD:
        space.map(start, size, 0, max_prot=0, kind="guard")
        guard = space.entry_at(start)
        if guard is not None and guard.start == start:
            guard.cow = guard.needs_copy = True
    elif flags & MAP_STACK:
        gap = aslr.stack_gap(system, p) * PAGE
        if gap >= size:
            raise Refused(EINVAL)
        space.map_stack(start, size, min(SGROWSIZ, size - gap), prot, guard=gap)
    elif vnode is None:
        space.map(start, size, prot, max_prot=max_prot, kind="anon", nocore=nocore,
                  shared=bool(flags & MAP_SHARED))
    else:
        space.map(start, size, prot, max_prot=max_prot, backing=vnode, offset=offset - delta,
                  kind="vnode", nocore=nocore, shared=bool(flags & MAP_SHARED))
    residence.mapped(td, start, size)
    return start + delta


def _file_to_map(td: Thread, fd: int, prot: int, shared: bool) -> tuple[Backing, int]:
    """The file, and what may ever be done with the mapping: one that is shared
    is no way around a descriptor that does not write, or a seal."""
    file = td.proc.files.get(fd)
    if isinstance(file, ShmFile):
        write = not shared or (file.flag & FWRITE and not file.object.seals & SEAL_WRITE)
        if shared and prot & 2 and not write:
            raise Refused(EACCES)
        return file.object, 7 if write else 5
    vnode = file.vnode
    if vnode is not None and prot & 1 and not file.flag & FREAD:
        raise Refused(EACCES)
    if vnode is None or vnode.kind != "reg":
        raise Refused(ENODEV if vnode is not None else EBADF)
    if not isinstance(vnode, Regular):      # a procfs' node has no pages
        raise Refused(EINVAL)
    if shared and prot & 2 and not file.flag & FWRITE:
        raise Refused(EACCES)
    return vnode, 5 if shared and not file.flag & FWRITE else 7


def sys_munmap(system: System, td: Thread, args: Args) -> int:
    address, size = args[0], args[1]
    delta = address & (PAGE - 1)
    start, size = address - delta, _up(size + delta)
    if size == 0 or start < USER_LOW or start + size > user_high(td):
        raise Refused(EINVAL)
    space_of(td).unmap(start, size)
    return 0


def sys_mprotect(system: System, td: Thread, args: Args) -> int:
    """Of what is mapped in the range; holes are passed over.  EACCES beyond
    an entry's maximum, or where W^X forbids it; the map is then as before.
    PROT_MAX() lowers the maximum, too."""
    address, size = args[0], args[1]
    prot, max_prot = _protection(args[2])
    delta = address & (PAGE - 1)
    start, size = address - delta, _up(size + delta) % (1 << 64)
    if start + size > 1 << 64:
        raise Refused(EINVAL)
    if size and max_prot and prot & ~max_prot:
        raise Refused(EOPNOTSUPP)
    if size and aslr.writable_and_executable(td.proc, prot):
        raise Refused(EACCES)
    space = space_of(td)
    parts = [(max(e.start, start), min(e.end, start + size), e) for e in space.entries
             if e.start < start + size and start < e.end and e.kind != "guard"]
    if any((prot | max_prot) & ~e.max_prot for _, _, e in parts):
        raise Refused(EACCES)
    for low, high, _ in parts:
        space.protect(low, high - low, prot, max_prot or None)
    return 0


MADV_NOCORE, MADV_CORE = 8, 9


def sys_madvise(system: System, td: Thread, args: Args) -> int:
    start, size, advice = args[0] & -PAGE, _up(args[1] + args[0] % PAGE), signed(args[2])
    if not 0 <= advice <= 11:
        raise Refused(EINVAL)
    if advice in (MADV_NOCORE, MADV_CORE) and size:
        if not USER_LOW <= start < start + size <= user_high(td):
            raise Refused(EINVAL)
        space_of(td).keep_out(start, size, advice == MADV_NOCORE)
    return 0


INHERITANCE = {**inherit.INHERITANCE, 3: "zero"}


def _pages(args: Args) -> tuple[int, int]:
    """The whole pages of a range: EINVAL for one that runs beyond the last address."""
    start = args[0] & -PAGE
    size = _up(args[1] + args[0] % PAGE) % (1 << 64)
    if start + size > 1 << 64:
        raise Refused(EINVAL)
    return start, size


def sys_minherit(system: System, td: Thread, args: Args) -> int:
    return inherit.minherit(td, _pages(args), signed(args[2]), (USER_LOW, user_high(td)),
                            INHERITANCE)


MS_ASYNC, MS_INVALIDATE = 1, 2


def sys_msync(system: System, td: Thread, args: Args) -> int:
    """Files are written as soon as a program stops writing them: what is left is
    to see that all of the range is there."""
    start, size = _pages(args)
    if args[2] & (MS_ASYNC | MS_INVALIDATE) == MS_ASYNC | MS_INVALIDATE:
        raise Refused(EINVAL)
    end, space = start + size, space_of(td)
    while start < end:
        entry = space.entry_at(start)
        if entry is None:
            raise Refused(ENOMEM)
        start = entry.end
    return 0


def sys_sbrk(system: System, td: Thread, args: Args) -> int:
    """sbrk(2) and sstk(2), which never were."""
    raise Refused(EOPNOTSUPP)


def sys_break(system: System, td: Thread, args: Args) -> int:
    p, space = td.proc, space_of(td)
    want = args[0]
    old, new = _up(p.break_end), _up(want) & (1 << 64) - 1
    if want < p.break_start or new < want:
        return p.break_end
    if new > old and new - p.break_start > limits.limit(p, limits.DATA)[0]:
        raise Refused(ENOMEM)
    if new > old:
        if any(e.start < new and old < e.end for e in space.entries):
            raise Refused(ENOMEM)
        residence.may_map(td, new - old)
        space.map(old, new - old, 3)
        residence.mapped(td, old, new - old)
    elif new < old:
        space.unmap(new, old - new)
    p.break_end = want
    return want


AMD64_GET_FSBASE, AMD64_SET_FSBASE, AMD64_GET_GSBASE, AMD64_SET_GSBASE = 128, 129, 130, 131
I386_GET_FSBASE, I386_SET_FSBASE, I386_GET_GSBASE, I386_SET_GSBASE = 7, 8, 9, 10
BASES = {
    I386_GET_FSBASE: ("fs_base", False, 4), I386_SET_FSBASE: ("fs_base", True, 4),
    I386_GET_GSBASE: ("gs_base", False, 4), I386_SET_GSBASE: ("gs_base", True, 4),
    AMD64_GET_FSBASE: ("fs_base", False, 8), AMD64_SET_FSBASE: ("fs_base", True, 8),
    AMD64_GET_GSBASE: ("gs_base", False, 8), AMD64_SET_GSBASE: ("gs_base", True, 8),
}
"""By operation: which segment's base, whether it is set, bytes of it."""


GET_XFPUSTATE = (11, 132)
"""I386_GET_XFPUSTATE and AMD64_GET_XFPUSTATE: an address and a length in memory."""


def _xfpustate(td: Thread, where: int) -> int:
    """What of the floating-point state lies behind struct savefpu, as much as is asked."""
    form = struct.Struct("<Ii" if narrow(td) else "<Qi4x")
    at, size = form.unpack(space_of(td).copyin(where, form.size))
    rest = getxstate(td)[SAVEFPU:]
    if size & 0xFFFFFFFF > len(rest):
        raise Refused(EINVAL)
    space_of(td).copyout(at, rest[:size])
    return 0


def sys_sysarch(system: System, td: Thread, args: Args) -> int:
    op, where = signed(args[0]), args[1]
    space, context = space_of(td), td.context
    assert context is not None
    if op in GET_XFPUSTATE:
        return _xfpustate(td, where)
    known = BASES.get(op)
    if known is None:
        system.note(f"process {td.proc.pid}: sysarch operation {op} is not implemented")
        raise Refused(EINVAL)
    name, sets, size = known
    if sets:
        base = int.from_bytes(space.copyin(where, size), "little")
        system.machdep.set_user_base(td, name, base)
    else:
        base = context.get(name) & (1 << 8 * size) - 1
        space.copyout(where, base.to_bytes(size, "little"))
    return 0


SYSCALLS: dict[int, Entry] = {
    17: ("break", 1, sys_break),
    65: ("msync", 3, sys_msync),
    69: ("sbrk", 1, sys_sbrk),
    70: ("sstk", 1, sys_sbrk),
    73: ("munmap", 2, sys_munmap),
    74: ("mprotect", 3, sys_mprotect),
    75: ("madvise", 3, sys_madvise),
    165: ("sysarch", 2, sys_sysarch),
    250: ("minherit", 3, sys_minherit),
    477: ("mmap", 6, sys_mmap),
}
