"""Address spaces: mmap and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import residence
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.file import FWRITE
from bsdproc.emulator.bsd.syscalls import inherit
from bsdproc.emulator.bsd.syscalls.args import signed, space_of
from bsdproc.emulator.dragonfly import limits
from bsdproc.emulator.dragonfly.state import Thread
from bsdproc.emulator.dragonfly.x86_64.stack import SGROWSIZ, USRSTACK
from bsdproc.emulator.errno import EACCES, EINVAL, ENODEV, ENOMEM, Refused
from bsdproc.emulator.machine.memory import PAGE

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.emulator.vnode import Vnode

Args = tuple[int, ...]

MAP_SHARED, MAP_PRIVATE, MAP_FIXED = 1, 2, 0x10
MAP_STACK, MAP_ANON, MAP_TRYFIXED, MAP_NOCORE = 0x400, 0x1000, 0x10000, 0x20000
USER_HIGH: Final = USRSTACK


def _up(size: int) -> int:
    return (size + PAGE - 1) & ~(PAGE - 1)


def behind_data(td: Thread) -> int:
    """vm_map_hint: behind the largest data segment that the process may have."""
    return _up(td.proc.data_start + limits.limit(td.proc, limits.DATA)[1])


def sys_mmap(system: System, td: Thread, args: Args) -> int:
    address, size, prot, flags, fd, _, offset = args[:7]
    flags, fd, prot = signed(flags) & 0xFFFFFFFF, signed(fd), prot & 7
    if size == 0:
        raise Refused(EINVAL)
    if flags & MAP_STACK:
        if fd != -1 or prot & 3 != 3:
            raise Refused(EINVAL)
        flags |= MAP_ANON
        offset = 0
    if flags & MAP_ANON:
        offset = 0
    space, delta = space_of(td), offset & (PAGE - 1)
    size = _up(size + delta)
    if flags & (MAP_FIXED | MAP_TRYFIXED):
        start = address - delta
        if start & (PAGE - 1) or start < 0 or start + size > USER_HIGH:
            raise Refused(EINVAL)
        if flags & MAP_TRYFIXED and any(
                e.start < start + size and start < e.end for e in space.entries):
            raise Refused(ENOMEM)
    else:
        low, hint = behind_data(td), _up(address)
        if not hint or td.proc.text_start <= hint < low:
            hint = low
        found = space.find_space(size, hint, hint, USER_HIGH) or space.find_space(
            size, low, low, USER_HIGH)
        if found is None:
            raise Refused(ENOMEM)
        start = found
    shared, nocore = bool(flags & MAP_SHARED), bool(flags & MAP_NOCORE)
    if flags & MAP_STACK:
        space.map_stack(start, size, min(SGROWSIZ, size), prot)
    elif flags & MAP_ANON:
        space.map(start, size, prot, kind="anon", nocore=nocore, shared=shared)
    else:
        vnode, most = _file(td, fd, prot, shared)
        space.map(start, size, prot, max_prot=most, backing=vnode, offset=offset - delta,
                  file_size=max(0, min(size, vnode.size - (offset - delta))),
                  kind="vnode", nocore=nocore, shared=shared)
    residence.mapped(td, start, size)
    return start + delta


def _file(td: Thread, fd: int, prot: int, shared: bool) -> tuple[Vnode, int]:
    """The file, and what may ever be done with the mapping."""
    file = td.proc.files.get(fd)
    vnode = file.vnode
    if vnode is None:
        raise Refused(EINVAL)
    if vnode.kind != "reg":
        raise Refused(ENODEV)
    reads_only = shared and not file.flag & FWRITE
    if reads_only and prot & 2:
        raise Refused(EACCES)
    return vnode, 5 if reads_only else 7


def _range(args: Args) -> tuple[int, int]:
    """Whole pages of an address and a size, below the user's end."""
    delta = args[0] & (PAGE - 1)
    start, size = args[0] - delta, _up(args[1] + delta)
    if start + size > USER_HIGH:
        raise Refused(EINVAL)
    return start, size


def sys_munmap(system: System, td: Thread, args: Args) -> int:
    start, size = _range(args)
    if size:
        space_of(td).unmap(start, size)
    return 0


def sys_mprotect(system: System, td: Thread, args: Args) -> int:
    """Of what is mapped in the range; EACCES beyond an entry's maximum."""
    (start, size), prot = _range(args), args[2] & 7
    space = space_of(td)
    parts = [(max(e.start, start), min(e.end, start + size), e) for e in space.entries
             if e.start < start + size and start < e.end and e.kind != "guard"]
    if any(prot & ~e.max_prot for _, _, e in parts):
        raise Refused(EACCES)
    for low, high, _ in parts:
        space.protect(low, high - low, prot)
    return 0


def sys_madvise(system: System, td: Thread, args: Args) -> int:
    if not 0 <= signed(args[2]) <= 9:
        raise Refused(EINVAL)
    return 0


def sys_break(system: System, td: Thread, args: Args) -> int:
    p, space, want = td.proc, space_of(td), args[0]
    if want < p.break_start:
        raise Refused(EINVAL)
    old, new = _up(p.break_end), _up(want)
    if new > old:
        if new - p.data_start > limits.limit(p, limits.DATA)[0] or any(
                e.start < new and old < e.end for e in space.entries):
            raise Refused(ENOMEM)
        space.map(old, new - old, 3)
    elif new < old:
        space.unmap(new, old - new)
    p.break_end = want
    return 0


def sys_minherit(system: System, td: Thread, args: Args) -> int:
    delta = args[0] & (PAGE - 1)
    start, size = args[0] - delta, _up(args[1] + delta)
    if start + size >= 1 << 64:
        raise Refused(EINVAL)
    return inherit.minherit(td, (start, size), signed(args[2]), (PAGE, USER_HIGH))


SYSCALLS: Final[dict[int, Entry]] = {
    17: ("break", 1, sys_break),
    73: ("munmap", 2, sys_munmap),
    74: ("mprotect", 3, sys_mprotect),
    75: ("madvise", 3, sys_madvise),
    197: ("mmap", 7, sys_mmap),
    250: ("minherit", 3, sys_minherit),
}
