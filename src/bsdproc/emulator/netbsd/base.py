"""The part of the emulated NetBSD that procfs and mounts belong to."""

from __future__ import annotations

from abc import ABC

from bsdproc.emulator.bsd.state import Proc
from bsdproc.emulator.bsd.system import System
from bsdproc.emulator.errno import EEXIST
from bsdproc.emulator.netbsd import mounts
from bsdproc.emulator.netbsd.procfs.mount import ProcfsModule, Revision
from bsdproc.emulator.netbsd.procfs.process import ProcessView
from bsdproc.emulator.vfs import FileSystem, Found


class MountingSystem(System, ABC):
    """A kernel with NetBSD's procfs."""

    procfs: ProcfsModule
    procfs_revision: Revision = "1.114"
    """To be set before the kernel boots."""
    text_busy_first = True

    def mount_boot(self, fs: FileSystem) -> None:
        mounts.boot(self, fs)

    def procfs_view(self, p: Proc) -> ProcessView:
        """A process as its procfs looks at it."""
        return ProcessView(self, p)

    def creates(self, found: Found) -> int:
        """namei(9): EEXIST for what lies on another file system than the name that led to it."""
        crosses = found.vnode is not None and found.vnode.mount is not found.directory.mount
        return EEXIST if crosses else 0
