"""Shared memory of System V: shmget(2) and its like.  The subject of sysv_shm.c.

Who has a segment attached is told by the address spaces: a fork is one more, an
execve and an exit are one less.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.shm import ShmObject
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, signed, space_of
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import (
    EEXIST,
    EINVAL,
    EMFILE,
    ENOENT,
    ENOMEM,
    ENOSPC,
    Refused,
)
from bsdproc.emulator.freebsd import aslr
from bsdproc.emulator.freebsd.syscalls import Entry
from bsdproc.emulator.freebsd.syscalls import sysvipc as ipc
from bsdproc.emulator.freebsd.syscalls.memory import SHARED_PAGE, behind_data, user_high
from bsdproc.emulator.machine.memory import PAGE, AddressSpace

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

SHM_RDONLY, SHM_RND, SHM_REMAP = 0o10000, 0o20000, 0o30000
SHMMIN, SHMMAX, SHMMNI, SHMSEG, SHMALL = 1, 512 << 20, 192, 128, 131072
"""Bytes of a segment, segments, those of a process, pages of all."""
REMOVED, ALLOCATED = 0x400, 0x800
"""In a segment's mode."""
SHMID: Final = (struct.Struct("<QIII4xqqq"), struct.Struct("<IIIIiii"))
"""struct shmid_ds behind its rights: size, who attached or detached last, who made it, how
many have it, when it was attached, detached, changed."""


class Segment(ipc.Object):
    """struct shmid_kernel."""

    def __init__(self, system: System, td: Thread, perm: ipc.Perm, size: int) -> None:
        size = -(-size // PAGE) * PAGE
        self.perm, self.size = perm, size
        self.object = ShmObject(td.proc.cred, perm.mode & 0o777, system.object_number(), 0)
        self.object.resize(system, size)
        self.attached = 0
        self.last, self.maker = 0, td.proc.pid
        self.atime = self.dtime = 0
        self.ctime = ipc.seconds(system)

    def pack(self, td: Thread) -> bytes:
        return self.perm.pack(td) + SHMID[narrow(td)].pack(
            self.size, self.last, self.maker, self.attached, self.atime, self.dtime, self.ctime)


class Attachments:
    """vm_shm: the segments that an address space has, by address."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.at: dict[int, Segment] = {}

    def forked(self, new: AddressSpace) -> None:
        """shmfork."""
        other = Attachments(self.system)
        other.at = dict(self.at)
        for segment in other.at.values():
            segment.attached += 1
        new.riders.append(other)

    def closed(self, space: AddressSpace) -> None:
        """shmexit."""
        for address in list(self.at):
            self.detach(address)

    def detach(self, address: int) -> None:
        segment, system = self.at.pop(address), self.system
        segment.dtime = ipc.seconds(system)
        if system.current is not None:
            segment.last = system.current.proc.pid
        segment.attached -= 1
        gone(system, segment)


def gone(system: System, segment: Segment) -> None:
    """One that was removed goes with the last who has it."""
    if segment.perm.mode & REMOVED and segment.attached <= 0 and system.shm.has(segment):
        system.shm.remove(segment)


def attachments(system: System, td: Thread) -> Attachments:
    space = space_of(td)
    for rider in space.riders:
        if isinstance(rider, Attachments):
            return rider
    made = Attachments(system)
    space.riders.append(made)
    return made


def table() -> ipc.Table[Segment]:
    return ipc.Table(SHMMNI)


def _find(system: System, id: int) -> Segment:
    """shm_find_segment: EINVAL, too, for one that is removed if that is not to be there."""
    segment = system.shm.find(id)
    if segment.perm.mode & REMOVED and not ipc.limit(system, "shm_allow_removed", 1):
        raise Refused(EINVAL)
    return segment


def sys_shmget(system: System, td: Thread, args: Args) -> int:
    key, size, flags = ipc.long_argument(td, args[0]), args[1], signed(args[2])
    ipc.there(td)
    found = system.shm.by_key(key)
    if found is not None:
        if flags & ipc.CREAT and flags & ipc.EXCL:
            raise Refused(EEXIST)
        if size and size > found.size:
            raise Refused(EINVAL)
        return system.shm.number(found)
    if key and not flags & ipc.CREAT:
        raise Refused(ENOENT)
    least, most = (ipc.limit(system, name, known)
                   for name, known in (("shmmin", SHMMIN), ("shmmax", SHMMAX)))
    if not least <= size <= most:
        raise Refused(EINVAL)
    if len(system.shm) >= SHMMNI:
        raise Refused(ENOSPC)
    pages = sum(one.size // PAGE for one in system.shm)
    if pages + -(-size // PAGE) > ipc.limit(system, "shmall", SHMALL):
        raise Refused(ENOMEM)
    return system.shm.enter(
        Segment(system, td, ipc.Perm(td, key, flags & 0o777 | ALLOCATED), size))


def sys_shmat(system: System, td: Thread, args: Args) -> int:
    """Where it is asked for, or behind the program's data."""
    id, address, flags = signed(args[0]), args[1], signed(args[2])
    ipc.there(td)
    held, space = attachments(system, td), space_of(td)
    segment = _find(system, id)
    segment.perm.check(td, ipc.R if flags & SHM_RDONLY else ipc.R | ipc.W)
    if len(held.at) >= SHMSEG:
        raise Refused(EMFILE)
    size, prot = segment.size, 1 if flags & SHM_RDONLY else 3
    if address:
        if flags & SHM_RND:
            address &= -PAGE
        elif address & PAGE - 1:
            raise Refused(EINVAL)
        taken = any(e.start < address + size and address < e.end for e in space.entries)
        if not space.low <= address <= user_high(td) - size or (
                taken and flags & SHM_REMAP != SHM_REMAP):
            raise Refused(ENOMEM)
    else:
        low = behind_data(td)
        found = aslr.place(system, td.proc, space, size, low, low,
                           min(SHARED_PAGE, user_high(td)))
        if found is None:
            raise Refused(ENOMEM)
        address = found
    space.map(address, size, prot, max_prot=prot, backing=segment.object, kind="vnode",
              shared=True)
    held.at[address] = segment
    segment.attached += 1
    segment.last, segment.atime = td.proc.pid, ipc.seconds(system)
    return address


def sys_shmdt(system: System, td: Thread, args: Args) -> None:
    ipc.there(td)
    held = attachments(system, td)
    if args[0] not in held.at:
        raise Refused(EINVAL)
    space_of(td).unmap(args[0], held.at[args[0]].size)
    held.detach(args[0])


def sys_shmctl(system: System, td: Thread, args: Args) -> None:
    id, command, at = signed(args[0]), signed(args[1]), args[2]
    given = ipc.given(td, at, SHMID) if command == ipc.SET else b""
    ipc.there(td)
    segment = _find(system, id)
    if command == ipc.STAT:
        segment.perm.check(td, ipc.R)
        space_of(td).copyout(at, segment.pack(td))
    elif command == ipc.SET:
        segment.perm.check(td, ipc.M)
        segment.perm.set(td, given)
        segment.ctime = ipc.seconds(system)
    elif command == ipc.RMID:
        segment.perm.check(td, ipc.M)
        segment.perm.key = ipc.PRIVATE
        segment.perm.mode |= REMOVED
        gone(system, segment)
    else:
        raise Refused(EINVAL)


SYSCALLS: dict[int, Entry] = {
    228: ("shmat", 3, sys_shmat),
    230: ("shmdt", 1, sys_shmdt),
    231: ("shmget", 3, sys_shmget),
    512: ("shmctl", 3, sys_shmctl),
}
