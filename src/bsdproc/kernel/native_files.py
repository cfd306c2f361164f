"""Files of the host, as the port has them."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from bsdproc.kernel import checks
from bsdproc.kernel.errors import from_errno
from bsdproc.kernel.port import Stat


@contextmanager
def refusals(system: str, call: str, request: str | None = None) -> Generator[None, None, None]:
    """Make what the host refuses a `KernelError` of that call."""
    try:
        yield
    except OSError as error:
        raise from_errno(system, error.errno or 0, call=call, request=request) from None


class HostFiles:
    """open(2) and the rest, with the port's errors.  Interrupted calls are
    retried, and descriptors are close-on-exec, as Python does both."""

    def __init__(self, system: str) -> None:
        self.system = system

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        name = checks.path("path", path)
        checks.int32("flags", flags)
        checks.mode(mode)
        with refusals(self.system, "open", path):
            return os.open(name, flags, mode)

    def close(self, fd: int) -> None:
        checks.int32("fd", fd)
        with refusals(self.system, "close"):
            os.close(fd)

    def pipe(self) -> tuple[int, int]:
        with refusals(self.system, "pipe"):
            return os.pipe()

    def read(self, fd: int, size: int) -> bytes:
        checks.int32("fd", fd)
        checks.size("size", size)
        with refusals(self.system, "read"):
            return os.read(fd, size)

    def write(self, fd: int, data: bytes) -> int:
        checks.int32("fd", fd)
        new = checks.contents("data", data)
        with refusals(self.system, "write"):
            return os.write(fd, new)

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        checks.int32("fd", fd)
        checks.size("size", size)
        checks.int64("offset", offset)
        with refusals(self.system, "pread"):
            return os.pread(fd, size, offset)

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        checks.int32("fd", fd)
        new = checks.contents("data", data)
        checks.int64("offset", offset)
        with refusals(self.system, "pwrite"):
            return os.pwrite(fd, new, offset)

    def lstat(self, path: str) -> Stat:
        name = checks.path("path", path)
        with refusals(self.system, "lstat", path):
            s = os.lstat(name)
        return Stat(s.st_mode, s.st_size, s.st_uid, s.st_gid, s.st_ino, s.st_nlink)

    def readlink(self, path: str) -> str:
        name = checks.path("path", path)
        with refusals(self.system, "readlink", path):
            return os.fsdecode(os.readlink(name))

    def listdir(self, path: str) -> list[str]:
        name = checks.path("path", path)
        with refusals(self.system, "getdirentries", path):
            return [os.fsdecode(entry) for entry in os.listdir(name)]

    def unlink(self, path: str) -> None:
        name = checks.path("path", path)
        with refusals(self.system, "unlink", path):
            os.unlink(name)

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        name = checks.path("path", path)
        checks.mode(mode)
        with refusals(self.system, "mkdir", path):
            os.mkdir(name, mode)

    def rmdir(self, path: str) -> None:
        name = checks.path("path", path)
        with refusals(self.system, "rmdir", path):
            os.rmdir(name)

    def chmod(self, path: str, mode: int) -> None:
        name = checks.path("path", path)
        checks.mode(mode)
        with refusals(self.system, "chmod", path):
            os.chmod(name, mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        name = checks.path("path", path)
        checks.owner(uid, gid)
        with refusals(self.system, "chown", path):
            os.chown(name, uid, gid)
