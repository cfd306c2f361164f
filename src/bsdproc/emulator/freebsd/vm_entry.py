"""PT_VM_ENTRY: one entry of a process's map.  ptrace_vm_entry of sys_process.c."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.errno import EINVAL, ENAMETOOLONG, ENOENT, Refused
from bsdproc.emulator.vnode import Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.system import System

VNOVAL: Final = -1
FSID_VNOVAL: Final = 0xFFFFFFFF


def ptrace_vm_entry(system: System, p: Proc, asked: Mapping[str, int],
                    mem: UserMemory) -> dict[str, int]:
    """The fields of struct ptrace_vm_entry for the entry with number
    `asked["pve_entry"]` or the first from there on.

    The path goes to `pve_path` if `pve_pathlen` has room for it and its
    final zero, else `Refused(ENAMETOOLONG)`.  One past the last entry is
    ENOENT, numbers beyond that EINVAL.
    """
    space = p.space
    assert space is not None
    entries = space.entries
    index = max(asked["pve_entry"], 0)
    if index > len(entries):
        raise Refused(EINVAL)
    if index == len(entries):
        raise Refused(ENOENT)
    entry = entries[index]
    answer = dict(asked)
    answer.update(
        pve_entry=index + 1, pve_timestamp=space.timestamp, pve_start=entry.start,
        pve_end=entry.end - 1, pve_offset=entry.offset, pve_prot=entry.prot,
        pve_fileid=VNOVAL, pve_fsid=FSID_VNOVAL)
    room = asked["pve_pathlen"]
    if room == 0:
        return answer
    answer["pve_pathlen"] = 0
    vnode = entry.backing
    if isinstance(vnode, Vnode):
        attributes = vnode.attributes()
        answer["pve_fileid"] = attributes.ino
        answer["pve_fsid"] = attributes.fsid & 0xFFFFFFFF
        path = system.vfs.path_of(vnode).encode() + b"\0"
        if len(path) == 1:
            return answer
        if len(path) > room:
            raise Refused(ENAMETOOLONG)
        mem.copyout(asked["pve_path"], path)
        answer["pve_pathlen"] = len(path)
    return answer
