"""The part of the emulated NetBSD that procfs and mounts belong to."""

from __future__ import annotations

from abc import ABC

from bsdproc.emulator.bsd.system import System
from bsdproc.emulator.netbsd import mounts
from bsdproc.emulator.netbsd.procfs.mount import ProcfsModule, Revision
from bsdproc.emulator.vfs import FileSystem


class MountingSystem(System, ABC):
    """A kernel with NetBSD's procfs."""

    procfs: ProcfsModule
    procfs_revision: Revision = "1.114"
    """To be set before the kernel boots."""

    def mount_boot(self, fs: FileSystem) -> None:
        mounts.boot(self, fs)
