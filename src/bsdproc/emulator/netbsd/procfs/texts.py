"""The texts of a process's nodes: what each tells, and how it is written down.

The formats are those of 7.99.4 (procfs_status.c, procfs_linux.c, procfs_map.c); of the nodes
that came later NetBSD 10's (procfs_limit.c).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bsdproc.emulator.errno import ENOMEM, Refused

MAXCOMLEN = 16
MAP_MAX = 256 * 1024
"""Bytes of a map beyond which it is ENOMEM."""
INFINITY = (1 << 63) - 1


def _time(ns: int) -> str:
    """Seconds and microseconds, which are not padded."""
    return f"{ns // 10**9},{ns % 10**9 // 1000}"


@dataclass(frozen=True, slots=True)
class Status:
    """What `status` tells.  Times are in nanoseconds."""

    comm: bytes
    pid: int
    ppid: int
    pgid: int
    sid: int
    terminal: tuple[int, int] | None
    """Major and minor number of the controlling terminal."""
    ctty: bool
    """The session has one."""
    leader: bool
    """It leads its session."""
    started: int
    """Since the epoch."""
    user: int
    system: int
    waits: str
    """What it sleeps for; "" for nothing."""
    uid: int
    gid: int
    groups: Sequence[int]

    def text(self) -> bytes:
        """procfs_dostatus."""
        major, minor = self.terminal or (-1, -1)
        flags = ["ctty"] * self.ctty + ["sldr"] * self.leader
        words = [
            str(self.pid), str(self.ppid), str(self.pgid), str(self.sid), f"{major},{minor}",
            ",".join(flags) or "noflags", _time(self.started), _time(self.user),
            _time(self.system), self.waits or "nochan", str(self.uid),
            ",".join(map(str, (self.gid, *self.groups))),
        ]  # fmt: skip
        return self.comm[:MAXCOMLEN] + b" " + " ".join(words).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class PidStat:
    """What `stat` tells: fields of struct kinfo_proc2, mostly."""

    pid: int
    comm: bytes
    state: int
    """LS number."""
    ppid: int
    pgid: int
    sid: int
    tdev: int
    tpgid: int
    flag: int
    minflt: int
    child_minflt: int
    majflt: int
    child_majflt: int
    user: int
    """Nanoseconds, as `system` and the children's."""
    system: int
    child_user: int
    child_system: int
    priority: int
    nice: int
    nlwps: int
    started: int
    """Nanoseconds since the epoch."""
    msize: int
    """Pages of the map, and of them resident."""
    rssize: int
    rss_limit: int
    text: tuple[int, int]
    """Where the first entry of the map begins and ends."""
    stack: int
    """Its last page."""
    pending: int
    """The first word of the signal sets."""
    ignored: int
    caught: int
    wchan: int
    nvcsw: int
    nivcsw: int
    exitsig: int
    cpu: int

    def line(self) -> bytes:
        """procfs_do_pid_stat."""
        state = "0RRSTZXR8"[self.state if 0 <= self.state <= 8 else 0]
        ticks = [ns // 10**7 for ns in (self.user, self.system, self.child_user,
                                        self.child_system)]
        words: list[object] = [
            state, self.ppid, self.pgid, self.sid, self.tdev, self.tpgid, self.flag, self.minflt,
            self.child_minflt, self.majflt, self.child_majflt, *ticks, self.priority, self.nice,
            self.nlwps, (self.user + self.system) // 10**9, self.started // 10**7, self.msize,
            self.rssize * 4, self.rss_limit, *self.text, self.stack, 0, 0, self.pending, 0,
            self.ignored, self.caught, self.wchan, self.nvcsw, self.nivcsw, self.exitsig, self.cpu,
        ]  # fmt: skip
        head = b"%d (%s) " % (self.pid, self.comm[:MAXCOMLEN])
        return head + " ".join(map(str, words)).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Statm:
    """What `statm` tells, in pages."""

    text: int
    data: int
    stack: int

    def line(self) -> bytes:
        """procfs_do_pid_statm."""
        size = self.text + self.data + self.stack
        return b"%d 0 0 %d %d %d 0\n" % (size, self.text, self.data, self.stack)


@dataclass(frozen=True, slots=True)
class MapEntry:
    """struct vm_map_entry, with what `maps` says of its file."""

    start: int
    end: int
    protection: int
    """VM_PROT_: read 1, write 2, execute 4."""
    max_protection: int
    copy_on_write: bool
    needs_copy: bool
    inheritance: int = 1
    wired: int = 0
    advice: int = 0
    offset: int = 0
    file: object = None
    """The vnode it is of."""

    def map_line(self) -> str:
        """procfs_domap's own form."""
        return (f"{self.start:#x} {self.end:#x} {_protection(self.protection)} "
                f"{_protection(self.max_protection)} "
                f"{'COW' if self.copy_on_write else 'NCOW'} "
                f"{'NC' if self.needs_copy else 'NNC'} "
                f"{self.inheritance} {self.wired} {self.advice}\n")

    def maps_line(self, width: int, device: tuple[int, int], ino: int, path: str) -> str:
        """procfs_domap's Linux form; `width` digits are a pointer's."""
        private = "p" if self.copy_on_write else "s"
        return (f"{self.start:0{width}x}-{self.end:0{width}x} "
                f"{_protection(self.protection)}{private} {self.offset:0{width}x} "
                f"{device[0]:02x}:{device[1]:02x} {ino:<8d} {'':25} {path}\n")


def _protection(bits: int) -> str:
    return "".join(c if bits & bit else "-" for c, bit in zip("rwx", (1, 2, 4), strict=True))


def lines(parts: Iterable[str]) -> bytes:
    """A map's lines as a text: ENOMEM where they get too many."""
    text = "".join(parts).encode("utf-8", "surrogateescape")
    if len(text) > MAP_MAX:
        raise Refused(ENOMEM)
    return text


LIMITS = ("cpu-time", "file-size", "data-size", "stack-size", "core-dump-size",
          "resident-memory-size", "locked-memory-size", "processes-number", "files-number",
          "socket-buffer-size", "virtual-memory-size", "threads-number")
"""RLIM_STRINGS."""


def limit(limits: Sequence[tuple[int, int]]) -> bytes:
    """procfs_dolimit: a line for each, no limit in hexadecimal."""

    def shown(value: int) -> str:
        return f"{value:#20x}" if value == INFINITY else f"{value:20d}"

    return "".join(f"{name[:20]:>20} {shown(soft)} {shown(hard)}\n"
                   for name, (soft, hard) in zip(LIMITS, limits, strict=True)).encode()


LINUX_LIMITS = (
    ("Max cpu time", 0, "seconds"), ("Max file size", 1, "bytes"), ("Max data size", 2, "bytes"),
    ("Max stack size", 3, "bytes"), ("Max core file size", 4, "bytes"),
    ("Max resident set", 5, "bytes"), ("Max processes", 7, "processes"),
    ("Max open files", 8, "files"), ("Max locked memory", 6, "bytes"),
    ("Max address space", 10, "bytes"),
)
"""Name, RLIMIT_ number and unit, in Linux's order."""


def limits(limits: Sequence[tuple[int, int]]) -> bytes:
    """`limits`, as Linux writes it."""

    def shown(value: int) -> str:
        return "unlimited" if value == INFINITY else str(value)

    rows = [("Limit", "Soft Limit", "Hard Limit", "Units")]
    for name, which, unit in LINUX_LIMITS:
        soft, hard = limits[which]
        rows.append((name, shown(soft), shown(hard), unit))
    return "".join(f"{name:<25} {soft:<20} {hard:<20} {unit:<10}\n"
                   for name, soft, hard, unit in rows).encode()
