"""A program of tests/conformance/tracees under control, as raw as the port has it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from bsdproc.kernel import Kernel
from bsdproc.kernel.errors import KernelError

PT_CONTINUE, PT_KILL, PT_IO, PT_GETREGS, PT_SETREGS, PT_SC_REMOTE = 7, 8, 12, 33, 34, 44
PIOD_READ_D, PIOD_WRITE_D = 1, 2
SIGKILL, SIGTRAP = 9, 5
WNOHANG, WUNTRACED, WNOWAIT, WEXITED = 1, 2, 8, 16
MMAP, MUNMAP, MPROTECT = 477, 73, 74
MAP_PRIVATE, MAP_FIXED, MAP_ANON = 0x2, 0x10, 0x1000
KINFO, P_PID = "struct kinfo_proc", 0
ROOM, ROOM_SIZE = 0x30000000, 0x40000
"""Where the programs that most tests hold have memory for any use."""


def how(call: Callable[[], object]) -> str:
    """The errno's name of a refused call, "" of any other."""
    try:
        call()
    except KernelError as error:
        return error.name
    return ""


def record(kernel: Kernel, pid: int) -> dict[str, object]:
    """The kinfo_proc of a process."""
    return dict(kernel.target.struct(KINFO).unpack(kernel.sysctl([1, 14, 1, pid])))


def children(kernel: Kernel) -> list[int]:
    """The caller's, and whom it traces."""
    layout = kernel.target.struct(KINFO)
    everybody = map(layout.unpack, records(kernel.sysctl([1, 14, 8])))
    return [pid for one in everybody
            if kernel.getpid() in (one["ki_ppid"], one["ki_tracer"])
            and isinstance(pid := one["ki_pid"], int)]


def records(data: bytes) -> Iterator[bytes]:
    """Those of a table whose records say their own size first."""
    at = 0
    while at < len(data):
        size, = struct.unpack_from("<i", data, at)
        yield data[at:at + size]
        at += size


def procctl(kernel: Kernel, pid: int, command: int, value: int = 0) -> int:
    """A command that takes or gives an int, to one process (0: the caller)."""
    buffer = kernel.buffer(struct.pack("<i", value))
    kernel.procctl(P_PID, pid, command, buffer)
    result: int = struct.unpack("<i", buffer.read())[0]
    return result


def read_file(kernel: Kernel, path: str, size: int = 65536, offset: int = 0) -> bytes:
    fd = kernel.open(path, 0)
    try:
        return kernel.pread(fd, size, offset)
    finally:
        kernel.close(fd)


def write_file(kernel: Kernel, path: str, data: bytes, offset: int = 0) -> int:
    fd = kernel.open(path, 1)
    try:
        return kernel.pwrite(fd, data, offset)
    finally:
        kernel.close(fd)


def until(kernel: Kernel, done: Callable[[], bool]) -> None:
    """Let the others run until it is so."""
    for _ in range(500):
        if done():
            return
        kernel.settle(0.01)
    raise TimeoutError("it never came")


def finish(kernel: Kernel, pids: Iterable[int]) -> None:
    """End processes, stopped ones too, and collect those that are the test's."""
    for pid in pids:
        with suppress(OSError):
            kernel.kill(pid, SIGKILL)
        with suppress(OSError):
            kernel.ptrace(PT_KILL, pid, 0, 0)
        with suppress(OSError):
            while kernel.wait4(pid)[1] & 0x7F == 0x7F:
                kernel.ptrace(PT_KILL, pid, 0, 0)


class Held:
    """A traced program that stands behind its execve."""

    def __init__(self, kernel: Kernel, path: str, argv: Sequence[str] = (), *,
                 uid: int | None = None, env: dict[str, str] | None = None) -> None:
        self.kernel, self.path = kernel, path
        self.pid = kernel.spawn(path, [path, *argv], env or {}, traced=True, uid=uid)
        self.wait()

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *exc: object) -> None:
        finish(self.kernel, [self.pid])

    def wait(self, options: int = 0) -> int:
        """The raw status."""
        return self.kernel.wait4(self.pid, options)[1]

    def go(self, signal: int = 0) -> int:
        """Continue up to the next stop or the end."""
        self.kernel.ptrace(PT_CONTINUE, self.pid, 1, signal)
        return self.wait()

    def _io(self, op: int, at: int, data: bytes) -> bytes:
        lent = self.kernel.buffer(data)
        request = self.kernel.buffer(struct.pack("<iiQQQ", op, 0, at, lent.address, len(data)))
        self.kernel.ptrace(PT_IO, self.pid, request, 0)
        return lent.read()

    def read(self, at: int, size: int) -> bytes:
        return self._io(PIOD_READ_D, at, bytes(size))

    def write(self, at: int, data: bytes) -> None:
        self._io(PIOD_WRITE_D, at, data)

    def call(self, number: int, *args: int) -> tuple[int, int]:
        """A system call in it: its errno and its result."""
        lent = self.kernel.buffer(struct.pack(f"<{len(args)}q", *args) or bytes(8))
        request = self.kernel.buffer(
            struct.pack("<qqiiIIQ", 0, 0, 0, 0, number, len(args), lent.address))
        self.kernel.ptrace(PT_SC_REMOTE, self.pid, request, len(request))
        self.wait()
        result, _, errno = struct.unpack_from("<qqi", request.read())
        return errno, result

    def begin(self, at: int, number: int, *args: int,
              code: str = "0f05 cc") -> Callable[[], tuple[int, int]]:
        """The same of a call that takes its time, by code at `at`; what is returned waits
        for its end, a breakpoint."""
        layout = self.kernel.target.struct("struct reg")
        lent = self.kernel.buffer(layout.size)
        self.kernel.ptrace(PT_GETREGS, self.pid, lent, 0)
        before = lent.read()
        words = dict(zip(("r_rdi", "r_rsi", "r_rdx", "r_r10", "r_r8", "r_r9"), args, strict=False))
        new = layout.pack({**layout.unpack(before), **words, "r_rax": number, "r_rip": at})
        self.write(at, bytes.fromhex(code))
        self.kernel.ptrace(PT_SETREGS, self.pid, self.kernel.buffer(new), 0)
        self.kernel.ptrace(PT_CONTINUE, self.pid, 1, 0)

        def end() -> tuple[int, int]:
            assert self.wait() == SIGTRAP << 8 | 0x7F
            self.kernel.ptrace(PT_GETREGS, self.pid, lent, 0)
            after = layout.unpack(lent.read())
            self.kernel.ptrace(PT_SETREGS, self.pid, self.kernel.buffer(before), 0)
            result, flags = after["r_rax"], after["r_rflags"]
            assert isinstance(result, int)
            assert isinstance(flags, int)
            return (result, 0) if flags & 1 else (0, result)

        return end

    def map(self, at: int, size: int, prot: int) -> int:
        """Private anonymous memory there; the errno."""
        return self.call(MMAP, at, size, prot, MAP_PRIVATE | MAP_FIXED | MAP_ANON, -1, 0)[0]

    def entries(self) -> list[dict[str, object]]:
        """Its map (kinfo_vmentry), without the paths."""
        layout = self.kernel.target.struct("struct kinfo_vmentry")
        return [dict(layout.unpack(one.ljust(layout.size, b"\0")))
                for one in records(self.kernel.sysctl([1, 14, 32, self.pid]))]
