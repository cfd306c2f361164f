"""shm_open(2) and its like: POSIX shared memory, and what memfd_create(3) is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import FREAD, FWRITE, access
from bsdproc.emulator.bsd.files import nofile
from bsdproc.emulator.bsd.shm import GROW_ON_WRITE, SEAL_SEAL, ShmFile, ShmObject
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import int32, path_at
from bsdproc.emulator.errno import (
    ECAPMODE,
    EEXIST,
    EINVAL,
    ENOENT,
    ENOTTY,
    EPERM,
    Refused,
)
from bsdproc.emulator.freebsd.cred import ucred

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

SHM_ANON = 1
ALLOW_SEALING, LARGEPAGE = 1, 4
O_RDONLY, O_RDWR, O_ACCMODE = 0, 2, 3
O_CREAT, O_TRUNC, O_EXCL, O_CLOEXEC = 0x200, 0x400, 0x800, 0x100000
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2


def _name(td: Thread, address: int) -> str:
    """shm_copyin_path: EINVAL unless it begins with a slash; below a jail's root."""
    path = path_at(td, address)
    if not path.startswith("/"):
        raise Refused(EINVAL)
    root = ucred(td.proc).prison.path
    return path if root == "/" else root + path


def _open(system: System, td: Thread, address: int, flags: int, mode: int, kind: int) -> int:
    """kern_shm_open2, in its order of refusals."""
    if kind & ~(ALLOW_SEALING | GROW_ON_WRITE | LARGEPAGE):
        raise Refused(EINVAL)
    if td.proc.cred.capmode and address != SHM_ANON:
        raise Refused(ECAPMODE)
    write = flags & O_ACCMODE == O_RDWR
    if flags & O_ACCMODE not in (O_RDONLY, O_RDWR):
        raise Refused(EINVAL)
    if flags & ~(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC):
        raise Refused(EINVAL)
    if kind & LARGEPAGE:
        system.note(f"process {td.proc.pid} ({td.proc.comm}): there are no large pages")
        raise Refused(ENOTTY)
    table, limit = td.proc.files, nofile(td.proc)
    flag, seals = FREAD | (FWRITE if write else 0), 0 if kind & ALLOW_SEALING else SEAL_SEAL

    def new() -> ShmObject:
        made = ShmObject(td.proc.cred, mode & ~td.proc.umask & 0o777, system.object_number(),
                         system.boot_ns + system.clock)
        made.seals, made.flags = seals, kind
        return made

    if address == SHM_ANON:
        if not write:
            raise Refused(EINVAL)
        return table.place(ShmFile(flag, new()), limit, cloexec=bool(flags & O_CLOEXEC))
    path = _name(td, address)
    found = system.shared_memory.get(path)
    if found is None:
        if not flags & O_CREAT:
            raise Refused(ENOENT)
        found = new()
        found.path = path
        fd = table.place(ShmFile(flag, found), limit, cloexec=bool(flags & O_CLOEXEC))
        system.shared_memory[path] = found
        return fd
    if found.seals & SEAL_SEAL and seals & ~found.seals:
        raise Refused(EPERM)
    if flags & O_CREAT and flags & O_EXCL:
        raise Refused(EEXIST)
    if kind and kind != found.flags:
        raise Refused(EINVAL)
    found.check(access(td), flag)
    if write and flags & O_TRUNC:
        found.resize(system, 0)
    found.seals |= seals
    return table.place(ShmFile(flag, found), limit, cloexec=bool(flags & O_CLOEXEC))


def sys_shm_open(system: System, td: Thread, args: Args) -> int:
    """As 12 had it: closed by execve, not to be sealed."""
    return _open(system, td, args[0], int32(args[1]) | O_CLOEXEC, args[2] & 0xFFFF, 0)


def sys_shm_open2(system: System, td: Thread, args: Args) -> int:
    """The name, the fifth argument, is for nobody."""
    return _open(system, td, args[0], int32(args[1]), args[2] & 0xFFFF, int32(args[3]))


def sys_shm_unlink(system: System, td: Thread, args: Args) -> None:
    path = _name(td, args[0])
    found = system.shared_memory.get(path)
    if found is None:
        raise Refused(ENOENT)
    found.check(access(td), FREAD | FWRITE)
    found.path = ""
    del system.shared_memory[path]


def sys_shm_rename(system: System, td: Thread, args: Args) -> None:
    flags = int32(args[2])
    if flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) or (
            flags == RENAME_NOREPLACE | RENAME_EXCHANGE):
        raise Refused(EINVAL)
    if SHM_ANON in args[:2]:
        raise Refused(EINVAL)
    old, new = _name(td, args[0]), _name(td, args[1])
    objects = system.shared_memory
    if old not in objects:
        raise Refused(ENOENT)
    moved, there = objects[old], objects.get(new)
    if there is not None and flags & RENAME_NOREPLACE:
        raise Refused(EEXIST)
    for one in (moved, there):
        if one is not None:
            one.check(access(td), FREAD | FWRITE)
    del objects[old]
    if there is not None:
        there.path = ""
        if flags & RENAME_EXCHANGE:
            objects[old], there.path = there, old
    objects[new], moved.path = moved, new


SYSCALLS: dict[int, Entry] = {
    482: ("freebsd12_shm_open", 3, sys_shm_open),
    483: ("shm_unlink", 1, sys_shm_unlink),
    571: ("shm_open2", 5, sys_shm_open2),
    572: ("shm_rename", 3, sys_shm_rename),
}
