"""struct kinfo_vmentry: vm.proc.map.  The subject of fill_vmentry in NetBSD's uvm_map.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Proc
from bsdproc.emulator.vfs import Access, Vnode

if TYPE_CHECKING:
    from bsdproc.abi.codec import Value
    from bsdproc.emulator.machine.entries import Entry
    from bsdproc.emulator.netbsd.system import System

TYPE_OBJECT, TYPE_VNODE, TYPE_ANON = 1, 2, 5
COW, NEEDS_COPY, NOCOREDUMP = 1, 2, 4
INHERITANCE = {"share": 0, "copy": 1, "none": 2, "zero": 4}
VREG = 1


def entries(system: System, p: Proc) -> list[bytes]:
    """A process's mappings, by rising address."""
    space = p.space
    if space is None:
        return []
    return [_record(system, p, e) for e in space.entries]


def _record(system: System, p: Proc, entry: Entry) -> bytes:
    space = p.space
    assert space is not None
    values: dict[str, Value] = {
        "kve_start": entry.start, "kve_end": entry.end, "kve_offset": entry.offset,
        "kve_count": space.resident(entry), "kve_ref_count": 1,
        "kve_protection": entry.prot & 7, "kve_max_protection": entry.max_prot & 7,
        "kve_inheritance": INHERITANCE["share" if entry.shared else entry.inherit],
        "kve_flags": (COW if not entry.shared else 0) | (NEEDS_COPY if entry.needs_copy else 0)
        | (NOCOREDUMP if entry.nocore else 0),
        "kve_type": TYPE_OBJECT if entry.shared else TYPE_ANON,
    }
    node = entry.backing
    if isinstance(node, Vnode):
        at = node.attributes(Access(p.cred, "/", "/", p.threads[0]))
        values |= {
            "kve_type": TYPE_VNODE, "kve_vn_fileid": at.ino, "kve_vn_size": at.size,
            "kve_vn_fsid": at.fsid, "kve_vn_rdev": at.rdev, "kve_vn_type": VREG,
            "kve_vn_mode": at.st_mode & 0o7777,
            "kve_path": system.vfs.path_of(node).encode("utf-8", "surrogateescape")[:1023]}
    return system.target.struct("struct kinfo_vmentry").pack(values)
