"""struct kinfo_vmentry: a process's map.

The subject of kern_proc_vmmap_out in kern_proc.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.shm import ShmObject
from bsdproc.emulator.bsd.state import Proc
from bsdproc.emulator.freebsd import kinfo_file
from bsdproc.emulator.machine.entries import Entry
from bsdproc.emulator.machine.physical import PAGE
from bsdproc.emulator.vnode import Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.kinfo import Fields
    from bsdproc.emulator.freebsd.system import System


class Kvme:
    """KVME_TYPE_ and KVME_FLAG_."""

    NONE, DEFAULT, VNODE, SWAP, DEVICE, PHYS = range(6)
    GUARD = 9
    COW, NEEDS_COPY, NOCOREDUMP, GROWS_DOWN, USER_WIRED = 1, 2, 4, 0x20, 0x40


WRITE = 2
OLD = struct.Struct("<iiQQiiiiii1024s64xqQI12x")
"""struct kinfo_ovmentry of FreeBSD 7."""
SKIPS_RESIDENT = "kern.proc_vmmap_skip_resident_count"
SHOWN_OLD = Kvme.COW | Kvme.NEEDS_COPY | Kvme.NOCOREDUMP


def vnode(entry: Entry) -> Vnode | None:
    """The file that a mapping is of."""
    return entry.backing if isinstance(entry.backing, Vnode) else None


def kind(entry: Entry) -> int:
    """KVME_TYPE_: by the object at the bottom."""
    if entry.kind == "guard":
        return Kvme.GUARD
    if isinstance(entry.backing, ShmObject):
        return Kvme.SWAP
    if entry.backing is not None:
        return Kvme.VNODE if vnode(entry) is not None else Kvme.PHYS
    if entry.shared and entry.behind is not None and not entry.behind.pages:
        return Kvme.NONE        # an object comes with the first touch
    return Kvme.DEFAULT if entry.has_object else Kvme.NONE


def flags(entry: Entry) -> int:
    """KVME_FLAG_."""
    return (
        (Kvme.COW if entry.cow else 0)
        | (Kvme.NEEDS_COPY if entry.needs_copy else 0)
        | (Kvme.NOCOREDUMP if entry.nocore else 0)
        | (Kvme.USER_WIRED if entry.wired else 0)
        | (Kvme.GROWS_DOWN if entry.kind == "stack" else 0)
    )


def charged(entry: Entry) -> bool:
    """Whether its swap is reserved on some user's account: that of memory of
    its own that can be written."""
    return entry.charged or bool(entry.cow and entry.behind is not None)


def entries(p: Proc) -> list[Entry]:
    """Its map: empty for a process that runs no program."""
    return list(p.space.entries) if p.space is not None else []


def resident(p: Proc, entry: Entry) -> int:
    """Pages of it that are in memory: those of a file all are, since it was read."""
    touched = p.space.resident(entry) if p.space is not None else 0
    if vnode(entry) is None:
        return touched
    return max(touched, -(-(min(entry.end, entry.file_end) - entry.start) // PAGE))


def private_resident(p: Proc, entry: Entry) -> int:
    """How many pages the object has, if there is none behind it."""
    file = vnode(entry)
    if file is None:
        return resident(p, entry) if entry.behind is not None else 0
    return -(-file.size // PAGE) if entry.behind is None else 0


def counted(system: System, p: Proc, entry: Entry) -> int:
    """kern_proc_vmmap_resident: the same, unless nobody wants them counted."""
    return 0 if system.settings.get(SKIPS_RESIDENT, 0) else resident(p, entry)


def _fields(system: System, p: Proc, entry: Entry, viewer: Proc) -> Fields:
    file = vnode(entry)
    fields: Fields = {
        "kve_type": kind(entry),
        "kve_start": entry.start,
        "kve_end": entry.end,
        "kve_offset": entry.offset,
        "kve_flags": flags(entry),
        "kve_resident": counted(system, p, entry),
        "kve_private_resident": private_resident(p, entry),
        "kve_protection": entry.prot,
        "kve_ref_count": references(system, entry),
        "kve_shadow_count": shadows(system, entry),
    }
    if file is None:
        if entry.behind is not None:
            fields["kve_type_spec"] = {"_kve_obj": object_address(entry)}
        return fields
    at = file.attributes()
    fields |= {
        "kve_vn_type": kinfo_file.VTYPES.get(file.kind, 0),
        "kve_vn_fileid": at.ino,
        "kve_vn_fsid_freebsd11": at.fsid & 0xFFFFFFFF,
        "kve_type_spec": {"_kve_vn_fsid": at.fsid},
        "kve_vn_mode": at.st_mode,
        "kve_vn_size": at.size,
        "kve_vn_rdev": at.rdev,
        "kve_vn_rdev_freebsd11": at.rdev & 0xFFFFFFFF,
        "kve_status": kinfo_file.ATTR_VALID,
        "kve_path": kinfo_file.path(system, file, viewer),
    }
    return fields


def references(system: System, entry: Entry) -> int:
    """How many entries of maps have its object."""
    if entry.behind is not None:
        return max(1, entry.behind.references)
    if vnode(entry) is None:
        return int(entry.backing is not None)
    return sum(1 for _ in _of_the_same_file(system, entry))


def shadows(system: System, entry: Entry) -> int:
    """How many objects are copies of its file's (shadow_count)."""
    if entry.behind is not None or vnode(entry) is None:
        return 0
    return sum(other.behind is not None and not other.shared
               for other in _of_the_same_file(system, entry))


def _of_the_same_file(system: System, entry: Entry) -> Iterator[Entry]:
    spaces = {p.space for p in system.procs.values() if p.space is not None}
    return (other for space in spaces for other in space.entries
            if other.backing is entry.backing)


def object_address(entry: Entry) -> int:
    """Where the object's record would lie: by what it holds, so that it is
    the same in each run."""
    return 0xFFFFF80000000000 | entry.start >> 4


def records(system: System, p: Proc, viewer: Proc) -> Iterator[bytes]:
    """Each as long as its path needs, by address."""
    layout = system.target.struct("struct kinfo_vmentry")
    for entry in entries(p):
        yield kinfo_file.packed(
            layout, _fields(system, p, entry, viewer), "kve_structsize", "kve_path")


def old_records(system: System, p: Proc, viewer: Proc) -> Iterator[bytes]:
    """KERN_PROC_OVMMAP's."""
    for entry in entries(p):
        file = vnode(entry)
        ino = fsid = 0
        path = b""
        if file is not None:
            at, path = file.attributes(), kinfo_file.path(system, file, viewer)
            ino, fsid = at.ino, at.fsid & 0xFFFFFFFF
        yield OLD.pack(
            OLD.size, kind(entry) if entry.kind != "guard" else Kvme.NONE, entry.start,
            entry.end, flags(entry) & SHOWN_OLD, resident(p, entry), 0, entry.prot,
            references(system, entry), 0, path, entry.offset, ino, fsid)
