"""A kernel that answers by script: what a typed function asks of it is what a test looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bsdproc import abi
from bsdproc.kernel import errors
from bsdproc.kernel.port import Caller, Kernel, Stat, StatVfs, Waited, Waited6
from bsdproc.netbsd.constants import KernProc, Sysctl


class Memory:
    """Lent memory, found again by its address."""

    def __init__(self, kernel: Script, contents: bytes, address: int) -> None:
        self.contents = bytearray(contents)
        self.address = address
        self.kernel = kernel

    def __len__(self) -> int:
        return len(self.contents)

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        return bytes(self.contents[offset : None if size is None else offset + size])

    def write(self, data: bytes | bytearray | memoryview, offset: int = 0) -> None:
        assert offset + len(data) <= len(self.contents)
        self.contents[offset : offset + len(data)] = data


@dataclass
class Call:
    """A system call that was made."""

    name: str
    arguments: tuple[Any, ...]
    buffer: Memory | None = None


class Script:
    """As much of the port as NetBSD's typed functions use."""

    system = "netbsd"
    release = "10.1"
    version = 1001000000

    def __init__(self, machine: str = "amd64") -> None:
        self.machine = machine
        self.target = abi.target("netbsd", machine)
        self.calls: list[Call] = []
        self.memory: dict[int, Memory] = {}
        self.answer: Callable[[Call], Any] = lambda call: 0
        self.sysctls: dict[tuple[int, ...] | str, bytes | str] = {}
        self.files: dict[str, bytes | str] = {}
        """Contents, or the name of the errno by which it is refused."""
        self.links: dict[str, str] = {}
        self.modes: dict[str, int] = {}
        self.who = Caller(100, 1, 100, 100, 0, 0, 0, 0, 0, 0, (0,))
        self.opened: dict[int, str] = {}

    # -- what a test reads ------------------------------------------------------
    @property
    def last(self) -> Call:
        return self.calls[-1]

    def refuse(self, name: str) -> None:
        """Refuse every call from now on."""

        def refused(call: Call) -> int:
            raise self.error(name, call.name)

        self.answer = refused

    def error(self, name: str, call: str) -> errors.KernelError:
        return errors.from_name("netbsd", name, call=call)

    # -- the port -----------------------------------------------------------------
    def buffer(self, contents: int | bytes | bytearray | memoryview) -> Memory:
        made = Memory(self, bytes(contents), 0x10000 * (1 + len(self.memory)))
        self.memory[made.address] = made
        return made

    def caller(self) -> Caller:
        return self.who

    def getpid(self) -> int:
        return self.who.pid

    def ptrace(self, request: int, pid: int, addr: object, data: int) -> int:
        buffer = addr if isinstance(addr, Memory) else None
        call = Call("ptrace", (request, pid, None if buffer else addr, data), buffer)
        self.calls.append(call)
        return cast(int, self.answer(call))

    def sysctl(self, mib: Sequence[int] | str, *, new: bytes | None = None,
               room: int | None = None) -> bytes:
        key = mib if isinstance(mib, str) else tuple(mib)
        self.calls.append(Call("sysctl", (key, new, room)))
        found = self.sysctls.get(key, "ENOENT")
        if isinstance(found, str):
            raise self.error(found, "sysctl")
        return found if room is None else found[:room]

    def sysctl_size(self, mib: Sequence[int] | str) -> int:
        return len(self.sysctl(mib))

    def wait4(self, pid: int, options: int = 0, detail: bool = True) -> Waited:
        call = Call("wait4", (pid, options))
        self.calls.append(call)
        return cast(Waited, self.answer(call))

    def wait6(self, idtype: int, id: int, options: int, detail: bool = True) -> Waited6:
        call = Call("wait6", (idtype, id, options))
        self.calls.append(call)
        return cast(Waited6, self.answer(call))

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        self.calls.append(Call("open", (path, flags)))
        found = self.files.get(path, "ENOENT")
        if isinstance(found, str):
            raise self.error(found, "open")
        self.opened[len(self.opened) + 3] = path
        return len(self.opened) + 2

    def close(self, fd: int) -> None:
        self.calls.append(Call("close", (fd,)))

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        self.calls.append(Call("pread", (self.opened[fd], size, offset)))
        contents = self.files[self.opened[fd]]
        assert isinstance(contents, bytes)
        return contents[offset : offset + size]

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        self.calls.append(Call("pwrite", (self.opened[fd], data, offset)))
        return len(data)

    def lstat(self, path: str) -> Stat:
        mode = self.modes.get(path)
        if mode is None:
            raise self.error("ENOENT", "lstat")
        return Stat(mode, 0, 0, 0, 1, 1)

    def readlink(self, path: str) -> str:
        if path not in self.links:
            raise self.error("ENOENT", "readlink")
        return self.links[path]

    def listdir(self, path: str) -> list[str]:
        if path not in self.modes:
            raise self.error("ENOENT", "open")
        return [name[len(path) + 1 :] for name in self.modes
                if name.startswith(f"{path}/") and "/" not in name[len(path) + 1 :]]

    def mount(self, fstype: str, path: str, flags: int, data: object = 0, size: int = 0) -> int:
        buffer = data if isinstance(data, Memory) else None
        call = Call("mount", (fstype, path, flags, size), buffer)
        self.calls.append(call)
        return cast(int, self.answer(call))

    def unmount(self, path: str, flags: int = 0) -> None:
        call = Call("unmount", (path, flags))
        self.calls.append(call)
        self.answer(call)

    def statvfs(self, path: str) -> StatVfs:
        return StatVfs(4096, 4096, 4096, 1, 0, 0, 1044, 1035, 255, 0x1000, (0x1B01, 0x1AE1B), 0,
                       "procfs", "procfs", path)


@dataclass
class Scripted:
    """The kernel twice: as the functions take it, and as tests look at it."""

    script: Script
    kernel: Kernel = field(init=False)

    def __post_init__(self) -> None:
        self.kernel = cast(Kernel, self.script)

    def processes(self, *found: Mapping[str, Any]) -> None:
        """What kern.proc2 answers for each pid."""
        layout = self.script.target.struct("struct kinfo_proc2")
        for one in found:
            mib = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC2), int(KernProc.KERN_PROC_PID),
                   one["p_pid"], layout.size, 1)
            self.script.sysctls[mib] = layout.pack(one)


Make = Callable[..., Scripted]


@pytest.fixture
def scripted() -> Make:
    """scripted("sparc64"): a kernel of that machine."""
    return lambda machine="amd64": Scripted(Script(machine))
