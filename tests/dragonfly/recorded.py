"""A kernel that answers what it was told to: a DragonFly as the typed functions see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from bsdproc import abi
from bsdproc.kernel import Kernel
from bsdproc.kernel.errors import KernelError, from_name
from bsdproc.kernel.port import Buffer, Caller, Stat, StatVfs, Waited, Waited6

Mib = tuple[int, ...]


class Memory:
    """Lent memory."""

    def __init__(self, address: int, data: bytes) -> None:
        self.address = address
        self.data = bytearray(data)

    def __len__(self) -> int:
        return len(self.data)

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        return bytes(self.data[offset : None if size is None else offset + size])

    def write(self, data: bytes | bytearray | memoryview, offset: int = 0) -> None:
        self.data[offset : offset + len(data)] = data


def refusal(name: str) -> KernelError:
    return from_name("dragonfly", name, call="")


class Recorded:
    """Told by its attributes what to answer; keeps what it was asked."""

    system = "dragonfly"
    machine = "x86_64"
    release = "5.9-DEVELOPMENT"
    version = 500901
    target = abi.target("dragonfly", "x86_64")

    def __init__(self) -> None:
        self.pid = 2
        self.uid = 0
        self.sysctls: dict[Mib | str, bytes | str] = {}
        """A value, or an error's name."""
        self.sizes: dict[Mib, int] = {}
        self.set: list[tuple[Mib | str, bytes]] = []
        self.files: dict[str, bytes | str] = {}
        """A node's text, or an error's name for opening it."""
        self.written: list[tuple[str, bytes, int]] = []
        self.links: dict[str, str] = {}
        self.folders: dict[str, list[str]] = {}
        self.waits: list[Waited] = []
        self.waits6: list[Waited6] = []
        self.ptraced: list[tuple[int, int, object, int]] = []
        self.on_ptrace: Callable[[int, int, object, int], int] = lambda *asked: 0
        self.on_procctl: Callable[[int, int, int, object], int] = lambda *asked: 0
        self.on_write: Callable[[str, bytes], None] = lambda path, data: None
        self.mounts: list[tuple[object, ...]] = []
        self._open: dict[int, str] = {}
        self._lent = 0x1000

    @property
    def port(self) -> Kernel:
        return cast(Kernel, self)

    # -- the caller ------------------------------------------------------------------
    def getpid(self) -> int:
        return self.pid

    def caller(self) -> Caller:
        uid = self.uid
        return Caller(self.pid, 1, self.pid, self.pid, uid, uid, uid, uid, uid, uid, (uid,))

    def buffer(self, contents: int | bytes | bytearray | memoryview) -> Buffer:
        self._lent += 0x10000
        return Memory(self._lent, bytes(contents))

    # -- calls ----------------------------------------------------------------------------
    def sysctl(self, mib: Sequence[int] | str, *, new: bytes | None = None,
               room: int | None = None) -> bytes:
        key = mib if isinstance(mib, str) else tuple(mib)
        if new is not None:
            self.set.append((key, new))
            return b""
        answer = self.sysctls.get(key, b"")
        if isinstance(answer, str):
            raise refusal(answer)
        return answer

    def sysctl_size(self, mib: Sequence[int] | str) -> int:
        key = tuple(cast(Sequence[int], mib))
        return self.sizes.get(key, self.target.struct("struct kinfo_proc").size)

    def ptrace(self, request: int, pid: int, addr: object, data: int) -> int:
        self.ptraced.append((request, pid, addr, data))
        return self.on_ptrace(request, pid, addr, data)

    def procctl(self, idtype: int, id: int, command: int, data: object) -> int:
        return self.on_procctl(idtype, id, command, data)

    def wait4(self, pid: int, options: int = 0, detail: bool = True) -> Waited:
        if not self.waits:
            raise refusal("ECHILD")
        return self.waits.pop(0)

    def wait6(self, idtype: int, id: int, options: int, detail: bool = True) -> Waited6:
        if not self.waits6:
            raise refusal("ECHILD")
        return self.waits6.pop(0)

    # -- files --------------------------------------------------------------------------------
    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        answer = self.files.get(path, "ENOENT")
        if isinstance(answer, str):
            raise refusal(answer)
        fd = len(self._open) + 3
        self._open[fd] = path
        return fd

    def close(self, fd: int) -> None:
        del self._open[fd]

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        answer = self.files[self._open[fd]]
        assert isinstance(answer, bytes)
        return answer[offset : offset + size]

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        self.on_write(self._open[fd], data)
        self.written.append((self._open[fd], data, offset))
        return len(data)

    def lstat(self, path: str) -> Stat:
        if any(name.startswith(f"{path}/") or name == path
               for name in (*self.files, *self.links, *self.folders)):
            return Stat(0o40555, 0, 0, 0, 2, 1)
        raise refusal("ENOENT")

    def readlink(self, path: str) -> str:
        try:
            return self.links[path]
        except KeyError:
            raise refusal("ENOENT") from None

    def listdir(self, path: str) -> list[str]:
        try:
            return self.folders[path]
        except KeyError:
            raise refusal("ENOENT") from None

    def mount(self, fstype: str, path: str, flags: int, data: object = 0, size: int = 0) -> int:
        self.mounts.append((fstype, path, flags))
        return 0

    def unmount(self, path: str, flags: int = 0) -> None:
        self.mounts.append((path, flags))

    def statvfs(self, path: str) -> StatVfs:
        return StatVfs(bsize=4096, frsize=4096, iosize=4096, blocks=1, bfree=0, bavail=0,
                       files=1476, ffree=0, namemax=255, flags=0x1000, fsid=(1, 2), owner=0,
                       fstype="procfs", mounted_from="procfs", mounted_on=path)


def told(answers: Mapping[Mib | str, bytes | str] | None = None, *, pid: int = 2) -> Recorded:
    """One that answers these sysctls."""
    made = Recorded()
    made.pid = pid
    made.sysctls.update(answers or {})
    return made
