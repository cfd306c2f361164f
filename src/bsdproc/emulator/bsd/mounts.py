"""What the kernels' mount and unmount calls share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.errno import Refused
from bsdproc.emulator.vnode import Mount, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System


def in_use(system: System, mount: Mount) -> list[Vnode]:
    """A mount's vnodes that are in use: open files, and directories that processes are in."""
    used: list[Vnode] = []
    for p in system.procs.values():
        used += [slot.file.vnode for slot in p.files.slots.values()
                 if slot.file.vnode is not None and slot.file.vnode.mount is mount]
        for place in (p.cwd, p.root):
            try:
                node = system.vfs.lookup(place)
            except Refused:
                continue
            if node.mount is mount:
                used.append(node)
    return used


def seen_name(root: str, on: str) -> str | None:
    """The place of a mount as a process with that root directory sees it; None for one that
    lies elsewhere."""
    if root == "/":
        return on
    if on == root:
        return "/"
    return on[len(root):] if on.startswith(root + "/") else None
