"""The port's calls on file systems, as NetBSD has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.kernel import EmulatedKernel
from bsdproc.emulator.caller import LentBuffer
from bsdproc.emulator.netbsd import mounts
from bsdproc.kernel import checks
from bsdproc.kernel.errors import not_supported
from bsdproc.kernel.port import Address, Buffer, StatVfs

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System


class ViewMounts(EmulatedKernel):
    """What a process may ask of mounted file systems."""

    _system: System

    def mount(self, fstype: str, path: str, flags: int, data: Address = 0, size: int = 0) -> int:
        checks.path("fstype", fstype)
        checks.path("path", path)
        bits = checks.mount_flags(flags) & 0xFFFFFFFF
        checks.size("size", size)
        if isinstance(data, LentBuffer):
            address = data.address
        else:
            address = checks.address("data", data, self._pointer)
        return self._run("mount", lambda: mounts.mount(
            self._system, self._td, self._memory, fstype, path, bits, address, size), path)

    def nmount(self, iov: Sequence[bytes | Buffer], flags: int) -> None:
        raise not_supported(self.system, call="nmount", reason="it is FreeBSD's")

    def unmount(self, path: str, flags: int = 0) -> None:
        checks.path("path", path)
        bits = checks.mount_flags(flags)
        self._run("unmount", lambda: mounts.unmount(self._system, self._td, path, bits), path)

    def statvfs(self, path: str) -> StatVfs:
        checks.path("path", path)
        return self._run("statvfs", lambda: mounts.statvfs(self._system, self._td, path), path)
