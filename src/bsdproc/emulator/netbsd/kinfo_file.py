"""struct kinfo_file: kern.file2.  The subject of fill_file2 in NetBSD's kern_descrip.c.

Kernel addresses are told as 0: they are nobody's to know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.file import File, Kind
from bsdproc.emulator.bsd.state import Proc

if TYPE_CHECKING:
    from bsdproc.abi.codec import Value
    from bsdproc.emulator.netbsd.system import System

TYPES = {Kind.VNODE: 1, Kind.FIFO: 1, Kind.SOCKET: 2, Kind.PIPE: 3, Kind.KQUEUE: 4}
"""DTYPE_."""
VNODE_TYPES = {"reg": 1, "dir": 2, "blk": 3, "chr": 4, "lnk": 5, "sock": 6, "fifo": 7}
VT_UFS, VT_PROCFS = 1, 11


def of_process(system: System, p: Proc) -> list[bytes]:
    """Its descriptors' files."""
    if p.zombie:
        return []
    return [_record(system, p, fd, slot.file, slot.cloexec) for fd, slot in p.files.items()]


def each_once(system: System, procs: Iterable[Proc]) -> list[bytes]:
    """Every open file."""
    found: dict[int, bytes] = {}
    for p in procs:
        if not p.zombie:
            for _, slot in p.files.items():
                if id(slot.file) not in found:
                    found[id(slot.file)] = _record(system, p, None, slot.file, False)
    return list(found.values())


def _record(system: System, p: Proc, fd: int | None, file: File, cloexec: bool) -> bytes:
    """A file of a process's; what concerns its descriptor only if that is asked about."""
    values: dict[str, Value] = {
        "ki_flag": file.flag, "ki_ftype": TYPES.get(file.kind, 6), "ki_count": file.refs,
        "ki_msgcount": file.in_messages, "ki_usecount": 0, "ki_foffset": file.offset,
        "ki_fuid": p.cred.uid, "ki_fgid": p.cred.gid,
    }
    if fd is not None:
        values |= {"ki_pid": p.pid, "ki_fd": fd, "ki_ofileflags": 1 if cloexec else 0}
    node = file.vnode
    if node is not None:
        kind = "procfs" if node.mount.kind == "procfs" else "ufs"
        values |= {"ki_vtype": VNODE_TYPES.get(node.kind, 0), "ki_vsize": max(0, node.size),
                   "ki_vtag": VT_PROCFS if kind == "procfs" else VT_UFS}
    return system.target.struct("struct kinfo_file").pack(values)
