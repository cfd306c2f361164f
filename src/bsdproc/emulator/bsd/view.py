"""A process's view of the emulated kernel: its refusals, and the port's calls on files."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from bsdproc.emulator.bsd import files, opening
from bsdproc.emulator.bsd.state import Proc, Sleep
from bsdproc.emulator.bsd.system import Deadlock, System
from bsdproc.emulator.errno import Refused
from bsdproc.kernel import checks
from bsdproc.kernel.errors import KernelError, from_errno
from bsdproc.kernel.port import Stat

T = TypeVar("T")


class ViewFiles:
    """One process that asks, and what it may ask of files."""

    def __init__(self, system: System, proc: Proc) -> None:
        self._system = system
        self._gate = system.gate
        self._proc = proc
        self._td = proc.threads[0]
        self._narrow = proc.sysent.endswith("32")
        """The caller is an i386 program: the kernel's structures are i386's to it."""
        self._pointer = 32 if self._narrow else 64

    # -- refusals ----------------------------------------------------------------
    def _error(self, e: Refused, call: str, request: str | None = None,
               target: int | None = None) -> KernelError:
        reason = str(e) if isinstance(e, Deadlock) else e.why
        return from_errno(self._system.name, self._system.user_errno(e.errno), call=call,
                          request=request, target=target, reason=reason)

    def _alive(self) -> None:
        if self._system.closed:
            raise RuntimeError("this emulated kernel has been closed")

    def _run(self, call: str, work: Callable[[], T], request: str | None = None,
             target: int | None = None) -> T:
        """Do a kernel function's work for this process."""
        with self._gate.way_in():
            self._alive()
            try:
                return work()
            except Refused as e:
                raise self._error(e, call, request, target) from None

    def _drive(self, call: str, work: Generator[Sleep | None, int, T],
               request: str | None = None, target: int | None = None) -> T:
        """The same for work that may sleep: others run meanwhile."""
        with self._gate.way_in():
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
            "open", opening.openat(
                self._system, self._td, path, self._system.open_flags(flags), mode), path)

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
