"""The kernel's own parts and words: kldstat(2), modfind(2), kenv(2).

The subject of kern_linker.c, kern_module.c and kern_environment.c.  There is one
file, the kernel, with the modules whose work is done here; nothing can be loaded.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, path_at, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import (
    EBUSY,
    EFAULT,
    EINVAL,
    ENAMETOOLONG,
    ENOENT,
    EPERM,
    Refused,
)
from bsdproc.emulator.freebsd.cred import Priv, priv_check, ucred
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.machine.memory import TooLong

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System
    from bsdproc.emulator.vnode import Mount

FILE_ID: Final = 1
FILE, PATH = b"kernel", b"/boot/kernel/kernel"
ADDRESS, SIZE = 0xFFFFFFFF80200000, 0x1F30000
MODULES: Final = ("elf64", "elf32", "shell", "pseudofs", "sysvmsg", "sysvsem", "sysvshm", "aio",
                  "procfs", "devfs", "ufs")
"""By number, from 1 on."""

KENV_GET, KENV_SET, KENV_UNSET, KENV_DUMP = range(4)
KENV_DUMP_LOADER, KENV_DUMP_STATIC = 4, 5
MNAMELEN, MVALLEN = 128, 128


def boot_environment(root: Mount) -> dict[str, str]:
    """What the loader told the kernel."""
    return {"kernelname": PATH.decode(), "vfs.root.mountfrom": f"{root.kind}:{root.source}"}


def _file(id: int) -> None:
    if id != FILE_ID:
        raise Refused(ENOENT)


def sys_kldnext(system: System, td: Thread, args: Args) -> int:
    """The first file's id for 0; 0 behind the last."""
    if int32(args[0]) == 0:
        return FILE_ID
    _file(int32(args[0]))
    return 0


def sys_kldfind(system: System, td: Thread, args: Args) -> int:
    name = path_at(td, args[0])
    if name.rsplit("/", 1)[-1].encode("utf-8", "surrogateescape") != FILE:
        raise Refused(ENOENT)
    return FILE_ID


def sys_kldstat(system: System, td: Thread, args: Args) -> None:
    """Of one of two versions of the structure, which says by its size which it is."""
    space, words = space_of(td), struct.Struct("<I" if narrow(td) else "<Q")
    version, = struct.unpack("<i", space.copyin(args[1], 4))
    head = 4 + 1024 + 8
    head += -head % words.size
    first, second = head + 2 * words.size, head + 2 * words.size + 1024
    if version not in (first, second):
        raise Refused(EINVAL)
    _file(int32(args[0]))
    told = struct.pack("<i1024sii", version, FILE, 1, FILE_ID).ljust(head, b"\0")
    told += words.pack(ADDRESS & (1 << 8 * words.size) - 1) + words.pack(SIZE)
    told += PATH.ljust(1024, b"\0")
    space.copyout(args[1], told[:version])


def sys_kldfirstmod(system: System, td: Thread, args: Args) -> int:
    _file(int32(args[0]))
    return 1


def _securelevel(td: Thread) -> None:
    if ucred(td.proc).prison.securelevel > 0:
        raise Refused(EPERM)


def sys_kldload(system: System, td: Thread, args: Args) -> None:
    _securelevel(td)
    priv_check(td, Priv.KLD_LOAD)
    name = path_at(td, args[0])
    system.note(f"process {td.proc.pid} ({td.proc.comm}): there is no module {name} to load")
    raise Refused(ENOENT)


def sys_kldunload(system: System, td: Thread, args: Args) -> None:
    _securelevel(td)
    priv_check(td, Priv.KLD_UNLOAD)
    _file(int32(args[0]))
    raise Refused(EBUSY)


def _module(id: int) -> int:
    if not 1 <= id <= len(MODULES):
        raise Refused(ENOENT)
    return id


def sys_modnext(system: System, td: Thread, args: Args) -> int:
    id = int32(args[0])
    return 1 if id == 0 else _module(id) % len(MODULES) and id + 1


def sys_modfnext(system: System, td: Thread, args: Args) -> int:
    id = _module(int32(args[0]))
    return 0 if id == len(MODULES) else id + 1


def sys_modfind(system: System, td: Thread, args: Args) -> int:
    name = path_at(td, args[0])
    if name not in MODULES:
        raise Refused(ENOENT)
    return MODULES.index(name) + 1


def sys_modstat(system: System, td: Thread, args: Args) -> None:
    """Of one of three versions: the last has room for longer names."""
    id, space = _module(int32(args[0])), space_of(td)
    version, = struct.unpack("<i", space.copyin(args[1], 4))
    size = 4 if narrow(td) else 8       # of the data, a union of int and long
    sizes = {4 + 32 + 8: 32, 4 + 32 + 8 + (8 if size == 8 else 4) + (-44 % size): 32,
             4 + 1024 + 8 + (-1036 % size) + size: 1024}
    if version not in sizes:
        raise Refused(EINVAL)
    told = struct.pack("<i", version) + MODULES[id - 1].encode().ljust(sizes[version], b"\0")
    told += struct.pack("<ii", 1, id)
    space.copyout(args[1], told.ljust(version, b"\0"))


# -- kenv --------------------------------------------------------------------------------
def _dump(system: System, td: Thread, at: int, room: int) -> int:
    """0 when all fits; else, or without room, how many bytes there are."""
    lines = [f"{name}={value}".encode("utf-8", "surrogateescape") + b"\0"
             for name, value in system.environment.items()]
    data = b"".join(lines)
    if at and room > 0:
        space_of(td).copyout(at, data[:room])
        return 0 if room >= len(data) else len(data)
    return len(data)


def _word(td: Thread, at: int, most: int) -> str:
    try:
        return space_of(td).copyinstr(at, most).decode("utf-8", "surrogateescape")
    except TooLong:
        raise Refused(ENAMETOOLONG) from None


def sys_kenv(system: System, td: Thread, args: Args) -> int:
    what, value, room = int32(args[0]), args[2], int32(args[3])
    if what == KENV_DUMP:
        return _dump(system, td, value, room)
    if what in (KENV_DUMP_LOADER, KENV_DUMP_STATIC):
        raise Refused(ENOENT)           # the kernel does not keep those
    if what == KENV_SET:
        priv_check(td, Priv.KENV_SET)
    elif what == KENV_UNSET:
        priv_check(td, Priv.KENV_UNSET)
    if not args[1]:
        raise Refused(EFAULT)
    name, known = _word(td, args[1], MNAMELEN + 1), system.environment
    if what == KENV_GET:
        if name not in known:
            raise Refused(ENOENT)
        told = known[name].encode("utf-8", "surrogateescape") + b"\0"
        told = told[: max(0, room)] if room >= 0 else told
        space_of(td).copyout(value, told)
        return len(told)
    if what == KENV_SET:
        if room < 1:
            raise Refused(EINVAL)
        known[name] = _word(td, value, min(room, MVALLEN + 1))
    elif what == KENV_UNSET:
        if known.pop(name, None) is None:
            raise Refused(ENOENT)
    else:
        raise Refused(EINVAL)
    return 0


SYSCALLS: dict[int, Entry] = {
    300: ("modnext", 1, sys_modnext),
    301: ("modstat", 2, sys_modstat),
    302: ("modfnext", 1, sys_modfnext),
    303: ("modfind", 1, sys_modfind),
    304: ("kldload", 1, sys_kldload),
    305: ("kldunload", 1, sys_kldunload),
    306: ("kldfind", 1, sys_kldfind),
    307: ("kldnext", 1, sys_kldnext),
    308: ("kldstat", 2, sys_kldstat),
    309: ("kldfirstmod", 1, sys_kldfirstmod),
    390: ("kenv", 4, sys_kenv),
    444: ("kldunloadf", 2, sys_kldunload),
}
