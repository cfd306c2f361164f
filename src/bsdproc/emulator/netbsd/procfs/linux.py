"""The texts in the root of a linux-compatible mount: what they tell, and how it is written down.

The formats are those of 7.99.4 (procfs_linux.c, procfs_machdep.c of x86); sysvipc's and mqueue's
are later ones'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bsdproc.emulator.machine.physical import PAGE

HZ = 100


@dataclass(frozen=True, slots=True)
class Memory:
    """Of the machine, in pages."""

    total: int
    free: int
    files: int
    """Holding parts of files."""
    cached: int
    """These and programs' own."""
    swap: int
    swap_used: int


def meminfo(memory: Memory) -> bytes:
    """procfs_domeminfo."""
    m, kb = memory, PAGE // 1024
    first = (m.total, m.total - m.free, m.free, 0, m.files, m.cached)
    second = (m.swap, m.swap_used, m.swap - m.swap_used)
    text = "        total:    used:    free:  shared: buffers: cached:\n"
    text += "Mem:  " + " ".join(f"{pages * PAGE:8d}" for pages in first) + "\n"
    text += "Swap: " + " ".join(f"{pages * PAGE:8d}" for pages in second) + "\n"
    for name, pages in (("MemTotal:", m.total), ("MemFree:", m.free), ("MemShared:", 0),
                        ("Buffers:", m.files), ("Cached:", m.cached), ("SwapTotal:", m.swap),
                        ("SwapFree:", m.swap - m.swap_used)):
        text += f"{name:<10} {pages * kb:8d} kB\n"
    return text.encode()


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor, by its own words (cpuid)."""

    vendor: str
    family: int
    model: int
    name: str
    stepping: int
    mhz: float
    level: int
    """The highest basic leaf of cpuid."""
    flags: Sequence[str]


def cpuinfo(cpu: Cpu) -> bytes:
    """procfs_getcpuinfstr."""
    rows = (
        ("processor\t", "0"), ("vendor_id\t", cpu.vendor), ("cpu family\t", cpu.family),
        ("model\t\t", cpu.model), ("model name\t", cpu.name), ("stepping\t", cpu.stepping),
        ("cpu MHz\t\t", f"{cpu.mhz:.1f}"), ("fdiv_bug\t", "no"), ("fpu\t\t", "yes"),
        ("fpu_exception\t", "yes"), ("cpuid level\t", cpu.level), ("wp\t\t", "yes"),
        ("flags\t\t", "".join(f"{flag} " for flag in cpu.flags)),
    )  # fmt: skip
    return ("".join(f"{name}: {value}\n" for name, value in rows) + "\n").encode()


CPUID_FLAGS = (
    "fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", "", "sep", "mtrr",
    "pge", "mca", "cmov", "pat", "pse36", "pn", "clflush", "", "dts", "acpi", "mmx", "fxsr",
    "sse", "sse2", "ss", "ht", "tm", "ia64",
)
"""What `flags` calls the bits of EDX that cpuid 1 gives, from the lowest; "" for none."""


@dataclass(frozen=True, slots=True)
class Devices:
    """Drivers and their major numbers, in the kernel's order."""

    character: Sequence[tuple[int, str]]
    block: Sequence[tuple[int, str]]


def devices(devices: Devices) -> bytes:
    """procfs_dodevices."""

    def rows(drivers: Sequence[tuple[int, str]]) -> str:
        return "".join(f"{major:3d} {name}\n" for major, name in drivers)

    return (f"Character devices:\n{rows(devices.character)}"
            f"\nBlock devices:\n{rows(devices.block)}").encode()


@dataclass(frozen=True, slots=True)
class Ticks:
    """What the processor has done since the start: hundredths of seconds and events."""

    user: int
    nice: int
    system: int
    idle: int
    interrupts: int
    switches: int
    boot: int
    """Seconds since the epoch."""
    uptime: int
    """Nanoseconds."""


def cpustat(ticks: Ticks) -> bytes:
    """procfs_docpustat."""
    spent = f"{ticks.user} {ticks.nice} {ticks.system} {ticks.idle}"
    return (f"cpu {spent}\ncpu0 {spent}\ndisk 0 0 0 0\npage 0 0\nswap 0 0\n"
            f"intr {ticks.interrupts}\nctxt {ticks.switches}\nbtime {ticks.boot}\n").encode()


def uptime(ticks: Ticks) -> bytes:
    """procfs_douptime."""
    seconds, ns = divmod(ticks.uptime, 10**9)
    return (f"{seconds}.{ns // 10**7:02d} {ticks.idle // HZ}.{ticks.idle % HZ:02d}\n").encode()


def loadavg(load: tuple[float, float, float], processes: int) -> bytes:
    """procfs_doloadavg: one process runs and 30000 was the last pid, it says."""
    shown = " ".join(f"{int(value)}.{int(value * 100) % 100:02d}" for value in load)
    return f"{shown} 1/{processes} 30000\n".encode()


@dataclass(frozen=True, slots=True)
class Version:
    release: str
    """kern.osrelease."""
    emul: str
    compiler: str
    line: str
    """The first of kern.version."""


def version(version: Version) -> bytes:
    """procfs_doversion."""
    return (f"NetBSD version {version.release} ({version.emul}@localhost) "
            f"(gcc version {version.compiler}) {version.line}\n").encode()


MNT_RDONLY, MNT_SYNCHRONOUS, MNT_NOEXEC, MNT_NOSUID, MNT_NODEV = 0x1, 0x2, 0x4, 0x8, 0x10
MNT_NOATIME = 0x04000000
_FLAGS = ((MNT_NOSUID, "nosuid"), (MNT_NOEXEC, "noexec"), (MNT_NODEV, "nodev"),
          (MNT_SYNCHRONOUS, "sync"), (MNT_NOATIME, "noatime"))
_LINUX_NAMES = {"procfs": "proc", "ext2fs": "ext2"}


@dataclass(frozen=True, slots=True)
class MountLine:
    """A mounted file system."""

    source: str
    path: str
    type: str
    flags: int


def mounts(mounted: Sequence[MountLine]) -> bytes:
    """procfs_domounts."""
    text = ""
    for m in mounted:
        flags = ["ro" if m.flags & MNT_RDONLY else "rw"]
        flags += [name for bit, name in _FLAGS if m.flags & bit]
        text += f"{m.source} {m.path} {_LINUX_NAMES.get(m.type, m.type)} {','.join(flags)} 0 0\n"
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Ipc:
    """struct ipc_perm."""

    key: int
    id: int
    mode: int
    uid: int
    gid: int
    cuid: int
    cgid: int


@dataclass(frozen=True, slots=True)
class Messages:
    """A queue of System V messages.  Times are seconds since the epoch."""

    perm: Ipc
    bytes: int
    count: int
    sender: int
    receiver: int
    sent: int
    received: int
    changed: int


@dataclass(frozen=True, slots=True)
class Semaphores:
    perm: Ipc
    count: int
    used: int
    changed: int


@dataclass(frozen=True, slots=True)
class SharedMemory:
    perm: Ipc
    size: int
    creator: int
    last: int
    attached: int
    attach_time: int
    detach_time: int
    changed: int


def _table(head: str, rows: Sequence[str]) -> bytes:
    return "".join(row + "\n" for row in (head, *rows)).encode()


def sysvipc_msg(queues: Sequence[Messages]) -> bytes:
    """procfs_dosysvipc_msg."""
    return _table(
        f"{'key':>10} {'msqid':>10} perms  {'cbytes':>10} {'qnum':>10} lspid lrpid   uid   gid"
        f"  cuid  cgid {'stime':>10} {'rtime':>10} {'ctime':>10}",
        [f"{q.perm.key:10d} {q.perm.id:10d}  {q.perm.mode:4o}  {q.bytes:10d} {q.count:10d} "
         f"{q.sender:5d} {q.receiver:5d} {q.perm.uid:5d} {q.perm.gid:5d} {q.perm.cuid:5d} "
         f"{q.perm.cgid:5d} {q.sent:10d} {q.received:10d} {q.changed:10d}" for q in queues])


def sysvipc_sem(sets: Sequence[Semaphores]) -> bytes:
    """procfs_dosysvipc_sem."""
    return _table(
        f"{'key':>10} {'semid':>10} perms {'nsems':>10}   uid   gid  cuid  cgid {'otime':>10} "
        f"{'ctime':>10}",
        [f"{s.perm.key:10d} {s.perm.id:10d}  {s.perm.mode:4o} {s.count:10d} {s.perm.uid:5d} "
         f"{s.perm.gid:5d} {s.perm.cuid:5d} {s.perm.cgid:5d} {s.used:10d} {s.changed:10d}"
         for s in sets])


def sysvipc_shm(segments: Sequence[SharedMemory]) -> bytes:
    """procfs_dosysvipc_shm: what is resident and what in swap it does not know."""
    return _table(
        f"{'key':>10} {'shmid':>10} perms {'size':>21}  cpid  lpid nattch   uid   gid  cuid  cgid"
        f" {'atime':>10} {'dtime':>10} {'ctime':>10} {'rss':>21} {'swap':>21}",
        [f"{s.perm.key:10d} {s.perm.id:10d}  {s.perm.mode:4o} {s.size:21d} {s.creator:5d} "
         f"{s.last:5d}  {s.attached:5d} {s.perm.uid:5d} {s.perm.gid:5d} {s.perm.cuid:5d} "
         f"{s.perm.cgid:5d} {s.attach_time:10d} {s.detach_time:10d} {s.changed:10d} {0:21d} "
         f"{0:21d}" for s in segments])


@dataclass(frozen=True, slots=True)
class MessageQueue:
    """The system's limits of POSIX message queues (kern.mqueue)."""

    msg_default: int = 32
    msg_max: int = 512
    msgsize_default: int = 1024
    msgsize_max: int = 16384
    queues_max: int = 512
