"""A process's view of the emulated kernel: its refusals, and the port's calls on files."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.state import Proc, Sleep
from bsdproc.emulator.caller import LentBuffer
from bsdproc.emulator.errno import Refused
from bsdproc.emulator.freebsd import mounts
from bsdproc.emulator.freebsd.amd64.abi import ELF32
from bsdproc.emulator.freebsd.system import Deadlock, System
from bsdproc.kernel import checks
from bsdproc.kernel.errors import KernelError, from_errno
from bsdproc.kernel.port import Address, Buffer, Stat, StatVfs
from bsdproc.kernel.requests import mount_option

T = TypeVar("T")


class ViewFiles:
    """One process that asks, and what it may ask of files and file systems."""

    def __init__(self, system: System, proc: Proc) -> None:
        self._system = system
        self._proc = proc
        self._td = proc.threads[0]
        self._narrow = proc.sysent == ELF32.name
        """The caller is an i386 program: the kernel's structures are i386's to it."""
        self._pointer = 32 if self._narrow else 64

    # -- refusals ----------------------------------------------------------------
    def _error(self, e: Refused, call: str, request: str | None = None,
               target: int | None = None) -> KernelError:
        reason = str(e) if isinstance(e, Deadlock) else None
        return from_errno("freebsd", e.errno, call=call, request=request, target=target,
                          reason=reason)

    def _alive(self) -> None:
        if self._system.closed:
            raise RuntimeError("this emulated kernel has been closed")

    def _run(self, call: str, work: Callable[[], T], request: str | None = None,
             target: int | None = None) -> T:
        """Do a kernel function's work for this process."""
        self._alive()
        try:
            return work()
        except Refused as e:
            raise self._error(e, call, request, target) from None

    def _drive(self, call: str, work: Generator[Sleep | None, int, T],
               request: str | None = None, target: int | None = None) -> T:
        """The same for work that may sleep: others run meanwhile."""
        self._alive()
        try:
            return self._system.drive(self._td, work, call)
        except Refused as e:
            raise self._error(e, call, request, target) from None

    # -- files ------------------------------------------------------------------------
    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        checks.path("path", path)
        checks.int32("flags", flags)
        checks.mode(mode)
        return self._drive(
            "open", files.openat(self._system, self._td, path, flags, mode), path)

    def close(self, fd: int) -> None:
        checks.int32("fd", fd)
        self._run("close", lambda: files.close(self._system, self._td, fd))

    def pipe(self) -> tuple[int, int]:
        return self._run("pipe2", lambda: files.pipe2(self._system, self._td, files.O_CLOEXEC))

    def read(self, fd: int, size: int) -> bytes:
        checks.int32("fd", fd)
        checks.size("size", size)
        return self._drive("read", files.read(self._system, self._td, fd, size))

    def write(self, fd: int, data: bytes) -> int:
        checks.int32("fd", fd)
        new = checks.contents("data", data)
        return self._drive("write", files.write(self._system, self._td, fd, new))

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        checks.int32("fd", fd)
        checks.size("size", size)
        checks.int64("offset", offset)
        return self._drive("pread", files.pread(self._system, self._td, fd, size, offset))

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        checks.int32("fd", fd)
        new = checks.contents("data", data)
        checks.int64("offset", offset)
        return self._drive("pwrite", files.pwrite(self._system, self._td, fd, new, offset))

    def lstat(self, path: str) -> Stat:
        checks.path("path", path)
        found = self._run(
            "lstat", lambda: files.fstatat(self._system, self._td, path, False), path)
        return Stat(found.st_mode, found.size, found.uid, found.gid, found.ino, found.nlink)

    def readlink(self, path: str) -> str:
        checks.path("path", path)
        return self._run("readlink", lambda: files.readlink(self._system, self._td, path), path)

    def listdir(self, path: str) -> list[str]:
        checks.path("path", path)
        return self._run("getdirentries", lambda: files.listdir(self._system, self._td, path), path)

    def unlink(self, path: str) -> None:
        checks.path("path", path)
        self._run("unlink", lambda: files.unlink(self._system, self._td, path), path)

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        checks.path("path", path)
        checks.mode(mode)
        self._run("mkdir", lambda: files.mkdir(self._system, self._td, path, mode), path)

    def rmdir(self, path: str) -> None:
        checks.path("path", path)
        self._run("rmdir", lambda: files.rmdir(self._system, self._td, path), path)

    def chmod(self, path: str, mode: int) -> None:
        checks.path("path", path)
        checks.mode(mode)
        self._run("chmod", lambda: files.chmod(self._system, self._td, path, mode), path)

    def chown(self, path: str, uid: int, gid: int) -> None:
        checks.path("path", path)
        checks.owner(uid, gid)
        self._run("chown", lambda: files.chown(self._system, self._td, path, uid, gid), path)

    # -- file systems -----------------------------------------------------------------
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
