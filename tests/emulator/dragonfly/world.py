"""An emulated DragonFly with the program `act` on it, asked the way the recorded runs asked."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bsdproc.emulator import DragonFly
from bsdproc.kernel import errno as numbers
from bsdproc.kernel.errors import KernelError

if TYPE_CHECKING:
    from collections.abc import Generator

    from bsdproc.emulator.dragonfly.state import Proc
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.kernel import Kernel

ACT = Path(__file__).resolve().parent / "programs" / "bin" / "act"
(TRACE_ME, READ_I, READ_D, WRITE_I, WRITE_D) = (0, 1, 2, 4, 5)
CONTINUE, KILL, STEP, ATTACH, DETACH, IO = range(7, 13)
GETREGS, SETREGS, GETFPREGS, SETFPREGS, GETDBREGS, SETDBREGS = range(33, 39)
IN_PLACE = 1
WNOHANG, WUNTRACED = 1, 2
O_RDONLY, O_WRONLY, O_RDWR, O_EXCL, O_CREAT = 0, 1, 2, 0x800, 0x200
KINFO_SIZE = 992
REGS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9", "rax", "rbx", "rbp", "r10", "r11", "r12", "r13",
        "r14", "r15", "xflags", "trapno", "addr", "flags", "err", "rip", "cs", "rflags", "rsp",
        "ss")


class KP(NamedTuple):
    """What the records print of a struct kinfo_proc."""

    ppid: int
    stat: int
    flags: int
    lstat: int
    xstat: int
    wmesg: str


@contextmanager
def refused(name: str) -> Generator[None, None, None]:
    with pytest.raises(KernelError) as caught:
        yield
    assert caught.value.errno == numbers.number("dragonfly", name), caught.value


class World:
    """A machine; every call is made by its caller's process unless told otherwise."""

    def __init__(self, kernel: DragonFly) -> None:
        self.kernel = kernel
        self.system: System = kernel._system
        kernel.install("/bin/act", ACT)

    def act(self, *words: str, path: str = "/bin/act", **options: Any) -> int:
        """A process that does these words; it has begun when this returns."""
        return self.kernel.spawn(path, [path, *words], {}, **options)

    def settled(self, *words: str, **options: Any) -> int:
        """One that has got as far as it gets by itself."""
        pid = self.act(*words, **options)
        self.kernel.settle(0.01)
        return pid

    def stopped(self, *words: str) -> int:
        """One that runs, is attached to and waited for, until its lwp stands, too."""
        pid = self.settled(*words)
        self.attach(pid)
        self.wait(pid, 0x117F)
        self.kernel.settle(0.01)
        if self.kernel.wait4(pid, WNOHANG).pid:
            self.kernel.settle(0)
        return pid

    def proc(self, pid: int) -> Proc:
        return self.system.allproc[pid]

    # -- ptrace and wait --------------------------------------------------------------
    def ask(self, request: int, pid: int, addr: Any = IN_PLACE, data: int = 0,
            kernel: Kernel | None = None) -> int:
        return (kernel or self.kernel).ptrace(request, pid, addr, data)

    def attach(self, pid: int) -> None:
        assert self.ask(ATTACH, pid, 0) == 0

    def go(self, pid: int, sig: int = 0, addr: int = IN_PLACE) -> None:
        assert self.ask(CONTINUE, pid, addr, sig) == 0

    def step(self, pid: int, sig: int = 0, addr: int = IN_PLACE) -> None:
        assert self.ask(STEP, pid, addr, sig) == 0

    def wait(self, pid: int, status: int, options: int = 0) -> None:
        found = self.kernel.wait4(pid, options)
        assert (found.pid, hex(found.status)) == (pid, hex(status))

    def nothing(self, pid: int) -> None:
        """No news, however long it runs."""
        self.kernel.settle(0.02)
        assert self.kernel.wait4(pid, WNOHANG).pid == 0

    def gone(self, pid: int) -> None:
        with refused("ECHILD"):
            self.kernel.wait4(pid)

    def regs(self, pid: int) -> dict[str, int]:
        buffer = self.kernel.buffer(200)
        self.ask(GETREGS, pid, buffer)
        return dict(zip(REGS, struct.unpack("<25Q", buffer.read()), strict=True))

    def set_regs(self, pid: int, regs: Mapping[str, int]) -> None:
        self.ask(SETREGS, pid, self.kernel.buffer(struct.pack("<25Q", *regs.values())))

    # -- kern.proc --------------------------------------------------------------------
    def records(self, op: int, *args: int) -> list[dict[str, Any]]:
        data = self.kernel.sysctl((1, 14, op, *args))
        layout = self.kernel.target.struct("struct kinfo_proc")
        assert len(data) % KINFO_SIZE == 0
        return [dict(layout.unpack(data[i : i + KINFO_SIZE]))
                for i in range(0, len(data), KINFO_SIZE)]

    def kinfo(self, pid: int) -> dict[str, Any]:
        found = self.records(1, pid)
        assert len(found) == 1
        return found[0]

    def kp(self, pid: int) -> KP:
        found = self.kinfo(pid)
        lwp = found["kp_lwp"]
        return KP(found["kp_ppid"], found["kp_stat"], found["kp_flags"], lwp["kl_stat"],
                  found["kp_exitstat"], _text(lwp["kl_wmesg"]))

    # -- procfs -----------------------------------------------------------------------
    def cat(self, path: str, size: int = 65536, kernel: Kernel | None = None) -> bytes:
        port = kernel or self.kernel
        fd = port.open(path, O_RDONLY)
        try:
            return port.read(fd, size)
        finally:
            port.close(fd)

    def ctl(self, pid: int, verb: str, kernel: Kernel | None = None) -> int:
        port = kernel or self.kernel
        fd = port.open(f"/proc/{pid}/ctl", O_WRONLY)
        try:
            return port.write(fd, verb.encode())
        finally:
            port.close(fd)


def _text(value: bytes) -> str:
    return value.split(b"\0")[0].decode()
