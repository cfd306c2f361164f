"""A kernel and processes for procfs to look at, with what 7.99.4's were recorded with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.netbsd.procfs import linux
from bsdproc.emulator.netbsd.procfs.linux import (
    Cpu,
    Devices,
    Memory,
    MessageQueue,
    Messages,
    MountLine,
    Semaphores,
    SharedMemory,
    Ticks,
    Version,
)
from bsdproc.emulator.netbsd.procfs.mount import ARGS, LINUXCOMPAT, Procfs, ProcfsModule, Revision
from bsdproc.emulator.netbsd.procfs.texts import (
    INFINITY,
    MapEntry,
    PidStat,
    Statm,
    Status,
)
from bsdproc.emulator.netbsd.procfs.view import OpenFile
from bsdproc.emulator.vfs import FileSystem
from bsdproc.emulator.vnode import Access, Vnode

STARTED = 1795298333_469510_000
BASE = 0x400000


@dataclass(frozen=True)
class Cred:
    uid: int = 0
    gid: int = 0
    ruid: int = 0
    groups: tuple[int, ...] = ()


@dataclass
class File:
    type: str
    vnode: Vnode | None = None
    cred: Cred = Cred()
    file: object = None


@dataclass
class Lwp:
    stopped: bool = False
    regs: bytes = bytes(range(208))
    fpregs: bytes = bytes(512)

    def getregs(self) -> bytes:
        return self.regs

    def setregs(self, data: bytes) -> None:
        if data[:1] == b"\xff":
            raise Refused(EINVAL)
        self.regs = data

    def getfpregs(self) -> bytes:
        return self.fpregs

    def setfpregs(self, data: bytes) -> None:
        self.fpregs = data


@dataclass
class Process:
    """A process as it is until a test changes it."""

    pid: int
    cred: Cred = Cred()
    text: Vnode | None = None
    text_path: str = ""
    root: Vnode = field(default=None)  # type: ignore[assignment]
    cwd: Vnode | None = None
    kernel: bool = False
    sugid: bool = False
    init: bool = False
    zombie: bool = False
    started: int = STARTED
    emul: str = "netbsd"
    comm: bytes = b"target_static"
    lwp: Lwp | None = field(default_factory=Lwp)
    open: dict[int, File] = field(default_factory=dict)
    slots: int = 20
    segments: int = 233472
    memory: bytearray = field(default_factory=lambda: bytearray(8192))
    entries: list[MapEntry] = field(default_factory=list)
    args: bytes = b"/bin/a\0b\0"
    env: bytes = b"A=1\0B=two\0"
    memory_end: int = 0x7F8000000000
    auxv_size: int = 1060

    def files(self) -> Mapping[int, OpenFile]:
        return self.open

    def map(self) -> Sequence[MapEntry]:
        return self.entries

    def _span(self, address: int, size: int) -> slice:
        if not BASE <= address <= address + size <= BASE + len(self.memory):
            raise Refused(EINVAL)
        return slice(address - BASE, address - BASE + size)

    def read_memory(self, address: int, size: int) -> bytes:
        return bytes(self.memory[self._span(address, size)])

    def write_memory(self, address: int, data: bytes) -> None:
        self.memory[self._span(address, len(data))] = data

    def arguments(self) -> bytes:
        return b"(system)\0" if self.kernel else self.args

    def environment(self) -> bytes:
        return self.env

    def auxv(self) -> bytes:
        return bytes(64)

    def limits(self) -> Sequence[tuple[int, int]]:
        return [(INFINITY, INFINITY)] * 10 + [(1 << 30, INFINITY), (160, 1024)]

    def status(self) -> Status:
        return Status(self.comm, self.pid, 16, 2, 2, (8, 0), True, False, self.started, 0,
                      19579_000, "pause", self.cred.uid, self.cred.gid, self.cred.groups)

    def pid_stat(self) -> PidStat:
        return PidStat(
            self.pid, self.comm, 3, 16, 2, 2, 2048, 2, 16518, 198, 0, 0, 0, 0, 19579_000, 0, 0,
            85, 0, 1, self.started, 315, 67, 514420736, (0x400000, 0x42F000), 0x7F7FFFFFF000, 0,
            2558164999, 0, 18446742424478067072, 4, 0, 20, 0)

    def statm(self) -> Statm:
        return Statm(47, 6, 4)


class Host:
    """The kernel: its processes by number."""

    def __init__(self) -> None:
        self.fs = FileSystem(lambda: 10**18)
        self.table: dict[int, Process] = {}
        self.lwps: dict[int, int] = {}
        """Processes by the ids of their LWPs."""
        self.caller = 2
        self.curtain = False
        self.outside: set[int] = set()
        """Whose root is above the caller's."""
        self.securelevel = -1
        self.maxproc = 1044
        for path in ("bin", "etc", "proc", "mnt", "tmp"):
            self.fs.mkdir("/" + path)
        program = self.fs.install("/bin/sh", b"#!", 0o755)
        system = self.add(0, kernel=True, comm=b"system", text=None)
        system.args = b""
        self.add(1, init=True, text=program, text_path="/bin/sh")
        self.add(2, text=program, text_path="/bin/sh")

    def add(self, pid: int, **values: object) -> Process:
        process = Process(pid, **values)  # type: ignore[arg-type]
        process.root = process.root or self.fs.root
        process.cwd = process.cwd or self.fs.root
        self.table[pid] = process
        return process

    # -- what procfs asks for
    @property
    def nprocs(self) -> int:
        return len(self.table)

    def find(self, pid: int, linux: bool) -> Process | None:
        process = self.table.get(pid)
        if process is None and linux and pid in self.lwps:
            process = self.table.get(self.lwps[pid])
        return None if process is None or process.zombie else process

    def processes(self) -> Iterable[Process]:
        return [p for p in reversed(self.table.values()) if not p.zombie]

    def asker(self, who: Access) -> Process:
        return self.table[self.caller]

    def can_see(self, asker: object, process: object) -> bool:
        assert isinstance(asker, Process)
        assert isinstance(process, Process)
        return not self.curtain or asker.cred.uid in (0, process.cred.uid)

    def is_under(self, process: object, asker: object) -> bool:
        assert isinstance(process, Process)
        return process.pid not in self.outside

    def path(self, vnode: Vnode, asker: object) -> str:
        assert isinstance(asker, Process)
        return "" if asker.pid in self.outside else self.fs.path_of(vnode)

    def file_path(self, vnode: Vnode, asker: object) -> str:
        return self.fs.path_of(vnode)

    def at(self, path: str) -> Vnode | None:
        return self.fs.walk(path, Access(Cred())).vnode if path else None

    def device(self, fsid: int) -> tuple[int, int]:
        return 0, 0

    def memory(self) -> Memory:
        return Memory(125884, 123713, 272, 1001, 0, 0)

    def cpu(self) -> Cpu:
        flags = [name for name in linux.CPUID_FLAGS if name in RECORDED_FLAGS]
        return Cpu("AuthenticAMD", 15, 11, "QEMU Virtual CPU version 2.5+", 1, 2598.1, 13, flags)

    def devices(self) -> Devices:
        return Devices([(160, "crypto"), (0, "cons"), (10, "wt")], [(0, "wd"), (142, "xbd")])

    def ticks(self) -> Ticks:
        return Ticks(36, 0, 95, 206, 261, 2216, 1795298333, 4_410_000_000)

    def load(self) -> tuple[float, float, float]:
        return (0.0, 0.0, 0.0)

    def version(self) -> Version:
        return Version("7.99.4", "netbsd", "4.5.4",
                       "NetBSD 7.99.4 (NBSD7) #1: Sat Nov 21 21:57:16 UTC 2026")

    def mounts(self, asker: object) -> Sequence[MountLine]:
        return [MountLine("/dev/wd0a", "/", "ffs", 0x5000),
                MountLine("procfs", "/proc", "procfs", 0x1000),
                MountLine("procfs", "/proc2", "procfs", 0x101D)]

    def messages(self) -> Sequence[Messages]:
        return []

    def semaphores(self) -> Sequence[Semaphores]:
        return []

    def shared_memory(self) -> Sequence[SharedMemory]:
        return []

    def message_queue(self) -> MessageQueue:
        return MessageQueue()


RECORDED_FLAGS = (
    "fpu", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", "sep", "mtrr", "pge", "mca",
    "cmov", "pat", "pse36", "clflush", "mmx", "fxsr", "sse", "sse2",
)


class Machine:
    """A host with a procfs mounted on /proc."""

    def __init__(self, revision: Revision = "1.114", arguments: int = LINUXCOMPAT) -> None:
        self.host = Host()
        self.module = ProcfsModule(self.host, revision)
        self.procfs = self.mount("/proc", arguments)

    def mount(self, path: str, arguments: int = LINUXCOMPAT) -> Procfs:
        new = self.module.mount(self.host.fs.clock, ARGS.pack(1, arguments))
        assert isinstance(new, Procfs)
        self.host.fs.mount(new, path)
        return new

    def who(self) -> Access:
        return Access(self.host.table[self.host.caller].cred)

    def target(self, **values: object) -> Process:
        """Process 21, as the records have it."""
        program = self.host.at("/bin/target_static") or self.host.fs.install(
            "/bin/target_static", b"\x7fELF", 0o755)
        return self.host.add(21, text=program, text_path="/bin/target_static", **values)

    def find(self, path: str, follow: bool = False) -> Vnode:
        return self.host.fs.find(path, self.who(), follow)

    def errno(self, path: str) -> int:
        try:
            self.find(path)
        except Refused as refused:
            return refused.errno
        return 0

    def open(self, path: str, write: bool = False, exclusive: bool = False,
             both: bool = False) -> Vnode:
        """open(2): the permission check, then the node's own."""
        node, who = self.find(path), self.who()
        node.check((2 if write else 0) | (4 if both or not write else 0), who)
        node.opened(write, who, exclusive)
        return node

    def read(self, path: str, size: int = 1 << 20, offset: int = 0) -> bytes:
        return self.open(path).read_at(offset, size, self.who())
