"""The emulated NetBSD with the tests' program on it, asked through its port."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bsdproc.emulator import NetBSD
from bsdproc.kernel import errno as numbers
from bsdproc.kernel.port import Kernel

ACTOR = Path(__file__).parent / "programs" / "bin" / "actor"
PROGRAM = "/bin/actor"

(PT_TRACE_ME, PT_READ_I, PT_READ_D, PT_WRITE_I, PT_WRITE_D) = (0, 1, 2, 4, 5)
(PT_CONTINUE, PT_KILL, PT_ATTACH, PT_DETACH, PT_IO, PT_DUMPCORE, PT_LWPINFO, PT_SYSCALL,
 PT_SYSCALLEMU, PT_SET_EVENT_MASK, PT_GET_EVENT_MASK, PT_GET_PROCESS_STATE, PT_SET_SIGINFO,
 PT_GET_SIGINFO, PT_RESUME, PT_SUSPEND, PT_STOP, PT_LWPSTATUS, PT_LWPNEXT, PT_SET_SIGPASS,
 PT_GET_SIGPASS) = range(7, 28)
(PT_STEP, PT_GETREGS, PT_SETREGS, PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_SETDBREGS,
 PT_SETSTEP, PT_CLEARSTEP, PT_GETXSTATE, PT_SETXSTATE) = range(32, 43)
FORK, VFORK, VFORK_DONE, LWP_CREATE, LWP_EXIT, POSIX_SPAWN = 1, 2, 4, 8, 16, 32
SIGINT, SIGILL, SIGTRAP, SIGFPE, SIGKILL, SIGSEGV, SIGTERM, SIGSTOP, SIGTSTP, SIGCONT = (
    2, 4, 5, 8, 9, 11, 15, 17, 18, 19)
SIGCHLD, SIGUSR1 = 20, 30
WNOHANG, WUNTRACED, WCONTINUED = 1, 2, 16
(RDI, RSI, RDX) = range(3)
RBX, RAX, TRAPNO, RIP, CS, RFLAGS, RSP = 13, 14, 19, 21, 22, 23, 24
TF = 0x100


class Info(NamedTuple):
    """ptrace_siginfo: what the last stop tells."""

    signo: int
    code: int
    reason: bytes
    lwp: int

    def pair(self) -> tuple[int, int]:
        """The first two numbers: sender, or event and other."""
        first, second = struct.unpack_from("<ii", self.reason)
        return first, second


class Tracee:
    """A traced process, request by request."""

    def __init__(self, kernel: Kernel, pid: int) -> None:
        self.kernel, self.pid = kernel, pid

    def ask(self, request: int, addr: int = 1, data: int = 0) -> int:
        return self.kernel.ptrace(request, self.pid, addr, data)

    def wait(self) -> int:
        """The status of its next stop or its end."""
        found = self.kernel.wait4(self.pid)
        assert found.pid == self.pid
        return found.status

    def go(self, signal: int = 0, request: int = PT_CONTINUE) -> int:
        """Go on, and wait."""
        self.ask(request, 1, signal)
        return self.wait()

    def fetch(self, request: int, size: int, data: int | None = None, given: bytes = b"") -> bytes:
        buffer = self.kernel.buffer(given or size)
        self.kernel.ptrace(request, self.pid, buffer, size if data is None else data)
        return buffer.read()

    def put(self, request: int, contents: bytes, data: int | None = None) -> None:
        self.kernel.ptrace(request, self.pid, self.kernel.buffer(contents),
                           len(contents) if data is None else data)

    def registers(self, lwp: int = 0) -> list[int]:
        return list(struct.unpack("<26Q", self.fetch(PT_GETREGS, 208, lwp)))

    def set_registers(self, values: list[int], lwp: int = 0) -> None:
        self.put(PT_SETREGS, struct.pack("<26Q", *values), lwp)

    def info(self) -> Info:
        data = self.fetch(PT_GET_SIGINFO, 136)
        signo, code = struct.unpack_from("<ii", data)
        return Info(signo, code, data[16:96], struct.unpack_from("<i", data, 128)[0])

    def state(self) -> tuple[int, int]:
        """PT_GET_PROCESS_STATE: the event, and the other process or LWP."""
        event, other = struct.unpack("<ii", self.fetch(PT_GET_PROCESS_STATE, 8))
        return event, other

    def events(self, mask: int) -> None:
        self.put(PT_SET_EVENT_MASK, struct.pack("<i", mask))

    def lwps(self) -> list[tuple[int, int]]:
        """PT_LWPINFO from the first to the last: (lwp, event)."""
        found: list[tuple[int, int]] = []
        last = 0
        while True:
            last, event = struct.unpack("<ii", self.fetch(
                PT_LWPINFO, 8, given=struct.pack("<ii", last, 0)))
            if last == 0:
                return found
            found.append((last, event))

    def io(self, op: int, offset: int, data: int | bytes, size: int | None = None) -> bytes:
        buffer = self.kernel.buffer(data)
        length = len(buffer) if size is None else size
        done = self.fetch(PT_IO, 32, 32, struct.pack(
            "<i4xQQQ", op, offset, buffer.address, length))
        return buffer.read(0, struct.unpack_from("<Q", done, 24)[0])

    def symbol(self, name: str) -> int:
        return SYMBOLS[name]


def symbols() -> dict[str, int]:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with ACTOR.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        return {s.name: s["st_value"] for s in table.iter_symbols() if s.name}


SYMBOLS = symbols()


def launch(kernel: Kernel, *arguments: str) -> Tracee:
    """A traced program, stopped behind its execve."""
    tracee = Tracee(kernel, run(kernel, *arguments, traced=True))
    assert tracee.wait() == SIGTRAP << 8 | 0x7F
    return tracee


def run(kernel: Kernel, *arguments: str, traced: bool = False, uid: int | None = None) -> int:
    return kernel.spawn(PROGRAM, [PROGRAM, *arguments], {}, traced=traced, uid=uid)


def stopped(signal: int) -> int:
    """The wait status of such a stop."""
    return signal << 8 | 0x7F


def exited(code: int) -> int:
    return code << 8


def refused(work: Callable[[], object]) -> str:
    """The name of the error that a call is refused with, "" for none."""
    try:
        work()
    except OSError as e:
        return numbers.name("netbsd", e.errno or 0)
    return ""


def new_kernel() -> NetBSD:
    kernel = NetBSD()
    kernel.install(PROGRAM, ACTOR)
    return kernel


