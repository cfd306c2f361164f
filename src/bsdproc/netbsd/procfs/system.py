"""The texts in the root of a procfs that is mounted with -o linux, parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bsdproc.netbsd.procfs.texts import matched
from bsdproc.typed.check import octets
from bsdproc.typed.records import Malformed
from bsdproc.typed.texts import text

_SHOWN: Final = 60


def parse_number(data: bytes) -> int:
    """A node that is one number: those of sys/fs/mqueue, and curproc's link."""
    return int(matched(_NUMBER, data, "number")[1])


_NUMBER: Final = re.compile(rb"(\d{1,20})\n?")


# -- meminfo ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MemInfo:
    """The node meminfo: bytes (procfs_domeminfo)."""

    total: int
    used: int
    free: int
    shared: int
    """0."""
    buffers: int
    """Pages of files."""
    cached: int
    """Pages of files, programs and anonymous memory."""
    swap_total: int
    swap_used: int
    swap_free: int


_MEMINFO: Final = re.compile(
    rb" +total: +used: +free: +shared: +buffers: +cached:\n"
    rb"Mem:((?: +\d{1,20}){6})\nSwap:((?: +\d{1,20}){3})\n(?:[A-Za-z]{1,16}: +\d{1,20} kB\n){7}"
)


def parse_meminfo(data: bytes) -> MemInfo:
    """The node meminfo: its first table, of which the other lines are a rougher copy."""
    found = matched(_MEMINFO, data, "meminfo")
    return MemInfo(*map(int, found[1].split()), *map(int, found[2].split()))


# -- cpuinfo ----------------------------------------------------------------------------

_CPU_LINE: Final = re.compile(rb"([^\t\n:]{1,64})\t*+: ?([^\n]*+)")


def parse_cpuinfo(data: bytes) -> tuple[dict[str, str], ...]:
    """The node cpuinfo: for each processor what its machine says, by the line's name.

    A machine that says nothing has an empty text: ()."""
    data = octets(data)
    if data and not data.endswith(b"\n"):
        raise Malformed(f"the last line of cpuinfo has no end: {data[-_SHOWN:]!r}")
    found: list[dict[str, str]] = []
    current: dict[str, str] = {}
    for line in data.split(b"\n")[:-1]:
        if not line:
            if current:
                found.append(current)
            current = {}
            continue
        words = matched(_CPU_LINE, line, "line of cpuinfo")
        current[text(words[1]).rstrip()] = text(words[2]).rstrip()
    if current:
        found.append(current)
    return tuple(found)


# -- uptime, loadavg, version -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Uptime:
    """The node uptime: seconds (procfs_douptime)."""

    up: float
    """Since the start."""
    idle: float
    """Idle time of the processor that runs the reader."""


_UPTIME: Final = re.compile(rb"(\d{1,15}\.\d{2}) (\d{1,15}\.\d{2})\n")


def parse_uptime(data: bytes) -> Uptime:
    """The node uptime."""
    found = matched(_UPTIME, data, "uptime")
    return Uptime(float(found[1]), float(found[2]))


@dataclass(frozen=True, slots=True)
class LoadAvg:
    """The node loadavg (procfs_doloadavg)."""

    one: float
    """Processes that could run, on average of the last minute."""
    five: float
    fifteen: float
    running: int
    """1."""
    processes: int
    """How many there are."""
    last_pid: int
    """30000, whatever the last pid is."""


_LOADAVG: Final = re.compile(
    rb"(\d{1,9}\.\d{2}) (\d{1,9}\.\d{2}) (\d{1,9}\.\d{2}) (\d{1,10})/(\d{1,10}) (\d{1,10})\n")


def parse_loadavg(data: bytes) -> LoadAvg:
    """The node loadavg."""
    found = matched(_LOADAVG, data, "loadavg")
    return LoadAvg(float(found[1]), float(found[2]), float(found[3]),
                   int(found[4]), int(found[5]), int(found[6]))


@dataclass(frozen=True, slots=True)
class Version:
    """The node version (procfs_doversion)."""

    ostype: str
    """"NetBSD"; "Linux" for a process of Linux's ABI."""
    release: str
    emul: str
    """The reader's ABI."""
    compiler: str
    """The version of the compiler that built the kernel."""
    version: str
    """The kernel's own version line."""


_VERSION: Final = re.compile(
    rb"([!-~]{1,32}) version ([!-~]{1,64}) \(([!-~]{1,32})@localhost\)"
    rb" \(gcc version ([^\n]{1,128}?)\) ([^\n]{1,256})\n")


def parse_version(data: bytes) -> Version:
    """The node version."""
    found = matched(_VERSION, data, "version")
    return Version(*map(text, found.groups()))


# -- mounts -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MountEntry:
    """A line of the node mounts (procfs_domounts)."""

    device: str
    path: str
    type: str
    """"proc" for procfs, "ext2" for ext2fs, else NetBSD's own name."""
    options: tuple[str, ...]
    """"ro" or "rw", and nosuid, noexec, nodev, sync, noatime."""


_MOUNT: Final = re.compile(rb"([^\n]{1,1100}) ([^ \n]{1,64}) ((?:ro|rw)(?:,[a-z]{1,16}){0,16}) 0 0")


def parse_mounts(data: bytes) -> tuple[MountEntry, ...]:
    """The node mounts.

    Blanks in names are not escaped: a line is taken from its end, and what comes before
    parted where the path begins."""
    data = octets(data)
    if data and not data.endswith(b"\n"):
        raise Malformed(f"the last line of mounts has no end: {data[-_SHOWN:]!r}")
    found: list[MountEntry] = []
    for line in data.split(b"\n")[:-1]:
        words = matched(_MOUNT, line, "line of mounts")
        device, blank, path = words[1].partition(b" /")
        if not blank:
            raise Malformed(f"no path in a line of mounts: {line[:_SHOWN]!r}")
        found.append(MountEntry(text(device), "/" + text(path), text(words[2]),
                                tuple(text(words[3]).split(","))))
    return tuple(found)


# -- devices ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Devices:
    """The node devices: major number and driver, in the kernel's order."""

    character: tuple[tuple[int, str], ...]
    block: tuple[tuple[int, str], ...]


_DEVICES: Final = re.compile(
    rb"Character devices:\n((?:[^\n]++\n)*+)\nBlock devices:\n((?:[^\n]++\n)*+)")
_DEVICE: Final = re.compile(rb" *+(\d{1,10}) ([!-~]{1,64})")


def parse_devices(data: bytes) -> Devices:
    """The node devices (procfs_dodevices)."""
    found = matched(_DEVICES, data, "devices")
    return Devices(_drivers(found[1]), _drivers(found[2]))


def _drivers(data: bytes) -> tuple[tuple[int, str], ...]:
    lines = (matched(_DEVICE, line, "line of devices") for line in data.split(b"\n")[:-1])
    return tuple((int(one[1]), text(one[2])) for one in lines)


# -- stat -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """What a processor did, in ticks of kern.clockrate's stathz."""

    user: int
    nice: int
    system: int
    idle: int


@dataclass(frozen=True, slots=True)
class CpuStat:
    """The root's node stat (procfs_docpustat)."""

    reader: CpuTimes
    """The processor that runs the reader; not the sum of all."""
    cpus: tuple[CpuTimes, ...]
    disk: tuple[int, int, int, int]
    """0."""
    pages: tuple[int, int]
    """Pages read and written by the pager."""
    swaps: tuple[int, int]
    """Pages swapped in and out."""
    interrupts: int
    switches: int
    """Context switches."""
    boot: int
    """When the system started, seconds since the Epoch."""


_CPUSTAT: Final = re.compile(
    rb"cpu((?: \d{1,20}){4})\n((?:cpu\d{1,5}(?: \d{1,20}){4}\n)*+)disk((?: \d{1,10}){4})\n"
    rb"page (\d{1,10}) (\d{1,10})\nswap (\d{1,10}) (\d{1,10})\nintr (-?\d{1,20})\n"
    rb"ctxt (-?\d{1,20})\nbtime (-?\d{1,20})\n")


def parse_cpustat(data: bytes) -> CpuStat:
    """The root's node stat."""
    found = matched(_CPUSTAT, data, "stat")
    cpus = [line.split() for line in found[2].split(b"\n")[:-1]]
    first, second, third, fourth = map(int, found[3].split())
    return CpuStat(
        CpuTimes(*map(int, found[1].split())), tuple(CpuTimes(*map(int, one[1:])) for one in cpus),
        (first, second, third, fourth), (int(found[4]), int(found[5])),
        (int(found[6]), int(found[7])), int(found[8]), int(found[9]), int(found[10]),
    )


# -- sysvipc ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageQueue:
    """A line of sysvipc/msg: struct msqid_ds.  Times are seconds since the Epoch, 0 for never."""

    key: int
    id: int
    mode: int
    """Permission bits, with the system's own above them."""
    cbytes: int
    """Bytes in the queue."""
    qnum: int
    """Messages in it."""
    lspid: int
    """Who sent the last."""
    lrpid: int
    """Who received the last."""
    uid: int
    gid: int
    cuid: int
    """The user who made it."""
    cgid: int
    stime: int
    rtime: int
    ctime: int


@dataclass(frozen=True, slots=True)
class Semaphores:
    """A line of sysvipc/sem: struct semid_ds.  Times are seconds since the Epoch, 0 for never."""

    key: int
    id: int
    mode: int
    """Permission bits, with the system's own above them."""
    nsems: int
    """How many the set has."""
    uid: int
    gid: int
    cuid: int
    """The user who made it."""
    cgid: int
    otime: int
    """The last operation."""
    ctime: int


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """A line of sysvipc/shm: struct shmid_ds.  Times are seconds since the Epoch, 0 for never."""

    key: int
    id: int
    mode: int
    """Permission bits, with the system's own above them."""
    size: int
    """Bytes."""
    cpid: int
    """Who made it."""
    lpid: int
    """Who attached or detached it last."""
    nattch: int
    """How often it is attached."""
    uid: int
    gid: int
    cuid: int
    """The user who made it."""
    cgid: int
    atime: int
    dtime: int
    ctime: int
    rss: int
    """0."""
    swap: int
    """0."""


_MSG: Final = b"key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime rtime ctime"
_SEM: Final = b"key semid perms nsems uid gid cuid cgid otime ctime"
_SHM: Final = (b"key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime"
               b" rss swap")
_IPC_NUMBER: Final = re.compile(rb"-?\d{1,20}")


def parse_sysvipc_msg(data: bytes) -> tuple[MessageQueue, ...]:
    """The node sysvipc/msg."""
    return tuple(MessageQueue(*row) for row in _ipc(data, _MSG))


def parse_sysvipc_sem(data: bytes) -> tuple[Semaphores, ...]:
    """The node sysvipc/sem."""
    return tuple(Semaphores(*row) for row in _ipc(data, _SEM))


def parse_sysvipc_shm(data: bytes) -> tuple[SharedMemory, ...]:
    """The node sysvipc/shm."""
    return tuple(SharedMemory(*row) for row in _ipc(data, _SHM))


def _ipc(data: bytes, head: bytes) -> list[tuple[int, ...]]:
    """The rows below a heading; the third column is octal."""
    data = octets(data)
    lines = data.split(b"\n")
    names = head.split()
    if lines[0].split() != names or lines[-1]:
        raise Malformed(f"no table of {text(head)}: {data[:_SHOWN]!r}")
    found: list[tuple[int, ...]] = []
    for line in lines[1:-1]:
        words = line.split()
        if len(words) != len(names) or not all(map(_IPC_NUMBER.fullmatch, words)) or (
                not set(words[2]) <= set(b"01234567")):
            raise Malformed(f"no line of {text(names[1])}: {line[:_SHOWN]!r}")
        found.append((int(words[0]), int(words[1]), int(words[2], 8), *map(int, words[3:])))
    return found
