"""The port's calls on file systems, as FreeBSD has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.kernel import EmulatedKernel
from bsdproc.emulator.caller import LentBuffer
from bsdproc.emulator.freebsd import mounts
from bsdproc.kernel import checks
from bsdproc.kernel.port import Address, Buffer, StatVfs
from bsdproc.kernel.requests import mount_option

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System


class ViewMounts(EmulatedKernel):
    """What a process may ask of mounted file systems."""

    _system: System

    def mount(self, fstype: str, path: str, flags: int, data: Address = 0, size: int = 0) -> int:
        checks.path("fstype", fstype)
        checks.path("path", path)
        bits = checks.mount_flags(flags)
        checks.size("size", size)
        if not isinstance(data, LentBuffer):
            checks.address("data", data, self._pointer)
        self._run("mount", lambda: mounts.mount(self._system, self._td, fstype, path, bits), path)
        return 0

    def nmount(self, iov: Sequence[bytes | Buffer], flags: int) -> None:
        bits = checks.mount_flags(flags)
        parts = [part if isinstance(part, LentBuffer) else _contents(part)
                 for part in iov]
        self._run("nmount", lambda: mounts.nmount(self._system, self._td, parts, bits),
                  mount_option(iov, "fspath"))

    def unmount(self, path: str, flags: int = 0) -> None:
        checks.path("path", path)
        bits = checks.mount_flags(flags)
        self._run("unmount", lambda: mounts.unmount(self._system, self._td, path, bits), path)

    def statvfs(self, path: str) -> StatVfs:
        checks.path("path", path)
        found = self._run("statvfs", lambda: mounts.statfs(self._system, self._td, path), path)
        return StatVfs(
            bsize=found.iosize, frsize=found.bsize, iosize=found.iosize, blocks=found.blocks,
            bfree=found.bfree, bavail=found.bavail, files=found.files, ffree=found.ffree,
            namemax=found.namemax, flags=found.flags, fsid=found.fsid, owner=found.owner,
            fstype=found.fstypename, mounted_from=found.mntfromname,
            mounted_on=found.mntonname,
        )


def _contents(part: bytes | Buffer) -> bytes:
    if isinstance(part, bytes | bytearray | memoryview):
        return bytes(part)
    raise TypeError(f"an iovec must be bytes or a buffer of this kernel's, not "
                    f"{type(part).__name__}")
