"""The texts of a process's nodes, parsed: a captured file reads on any host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from bsdproc.netbsd.constants.kinfo import Limit, VmProtection
from bsdproc.netbsd.kinfo.control import bound
from bsdproc.typed.check import octets
from bsdproc.typed.enums import known
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.records import Malformed
from bsdproc.typed.rows import rows
from bsdproc.typed.span import Span
from bsdproc.typed.texts import ended_strings, text

_SHOWN: Final = 60


def matched(pattern: re.Pattern[bytes], data: bytes, what: str) -> re.Match[bytes]:
    """The whole of a node; `Malformed` for anything else."""
    found = pattern.fullmatch(data)
    if found is None:
        raise Malformed(f"no {what}: {data[:_SHOWN]!r}")
    return found


# -- status -----------------------------------------------------------------------------


class StatusFlag(Enum):
    """What the node status says of a process's session."""

    CTTY = "ctty"
    """It has a controlling terminal."""
    SLDR = "sldr"
    """The process leads it."""


@dataclass(frozen=True, slots=True)
class Status:
    """The node status: one line (procfs_dostatus)."""

    name: str
    """The program's name, 16 characters at the most."""
    pid: int
    ppid: int
    pgid: int
    sid: int
    tty: tuple[int, int] | None
    """Major and minor number of the controlling terminal."""
    flags: frozenset[StatusFlag]
    start: float
    """When it began, seconds since the Epoch."""
    user: float
    """Seconds in user mode."""
    system: float
    """Seconds in the kernel."""
    wmesg: str | None
    """What its first LWP waits for."""
    uid: int
    """Effective user."""
    gid: int
    """Effective group."""
    groups: tuple[int, ...]
    """Supplementary groups."""


# Names may have blanks and parentheses: the line is taken from its end.
_STATUS: Final = re.compile(
    rb"([^\n]{0,31}) (\d{1,10}) (\d{1,10}) (\d{1,10}) (\d{1,10}) (-1,-1|\d{1,10},\d{1,10})"
    rb" (noflags|ctty|sldr|ctty,sldr)"
    rb" (\d{1,15},\d{1,6}) (\d{1,15},\d{1,6}) (\d{1,15},\d{1,6}) ([^ \n]{1,32})"
    rb" (-?\d{1,10}) (-?\d{1,10}(?:,-?\d{1,10}){0,64})\n"
)


def parse_status(data: bytes) -> Status:
    """The node status.  A process of Linux's ABI reads another text: `parse_linux_status`."""
    found = matched(_STATUS, data, "status")
    terminal = tuple(map(int, found[6].split(b",")))
    gid, *groups = map(int, found[13].split(b","))
    flags = frozenset() if found[7] == b"noflags" else frozenset(
        map(StatusFlag, text(found[7]).split(",")))
    return Status(
        text(found[1]), int(found[2]), int(found[3]), int(found[4]), int(found[5]),
        None if found[6] == b"-1,-1" else (terminal[0], terminal[1]), flags,
        _seconds(found[8]), _seconds(found[9]), _seconds(found[10]),
        None if found[11] == b"nochan" else text(found[11]),
        int(found[12]), gid, tuple(groups),
    )


def _seconds(words: bytes) -> float:
    """"seconds,microseconds", the latter without leading zeros."""
    seconds, micros = map(int, words.split(b","))
    return seconds + micros / 1_000_000


@dataclass(frozen=True, slots=True)
class LinuxStatus:
    """The node status as a process of Linux's ABI reads it."""

    name: str
    pid: int
    ppid: int
    tracer_pid: int
    """0, whoever traces it."""
    groups: tuple[int, ...]
    vm_peak: int
    """RLIMIT_DATA, in KiB."""
    vm_size: int
    """The same."""
    vm_rss: int
    """RLIMIT_RSS, in KiB."""


_LINUX_STATUS: Final = re.compile(
    rb"Name:\t([^\n]{0,31})\nPid:\t(\d{1,10})\nPPid:\t(\d{1,10})\nTracerPid:\t(\d{1,10})\n"
    rb"Groups:\t((?:-?\d{1,10} ){0,64})\nVmPeak:\t *+(\d{1,20}) kB\nVmSize:\t *+(\d{1,20}) kB\n"
    rb"VmRSS:\t *+(\d{1,20}) kB\n"
)


def parse_linux_status(data: bytes) -> LinuxStatus:
    """The node status in Linux's form."""
    found = matched(_LINUX_STATUS, data, "status of Linux's form")
    return LinuxStatus(
        text(found[1]), int(found[2]), int(found[3]), int(found[4]),
        tuple(map(int, found[5].split())), int(found[6]), int(found[7]), int(found[8]),
    )


# -- stat, statm ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stat:
    """The node stat, in Linux's form (procfs_do_pid_stat).

    Kernels differ in what they fill in and in which unit: those before NetBSD 7 leave
    most numbers 0 and show a sleeping process as R."""

    pid: int
    comm: str
    state: str
    """"R" runs or can run, "S" sleeps, "T" stopped, "Z" zombie, "X" dead, "0" unknown."""
    ppid: int
    pgrp: int
    session: int
    tty_nr: int
    """The controlling terminal's number, 0 for none."""
    tpgid: int
    """The terminal's foreground process group."""
    flags: int
    """P_* of `constants.ProcFlags`."""
    minflt: int
    cminflt: int
    """Page faults without I/O of collected children."""
    majflt: int
    cmajflt: int
    utime: int
    """User time in hundredths of a second."""
    stime: int
    """System time, likewise."""
    cutime: int
    """User time of collected children, likewise."""
    cstime: int
    priority: int
    nice: int
    num_threads: int
    itrealvalue: int
    """Whole seconds that it ran."""
    starttime: int
    """When it began: hundredths of a second since the Epoch; before NetBSD 7, seconds."""
    vsize: int
    """Pages."""
    rss: int
    """KiB; before NetBSD 7, 0 mostly."""
    rsslim: int
    """RLIMIT_RSS's soft limit in bytes."""
    startcode: int
    endcode: int
    startstack: int
    kstkesp: int
    kstkeip: int
    signal: int
    """Pending signals 1 .. 32, a bit each from the lowest."""
    blocked: int
    """0."""
    sigignore: int
    sigcatch: int
    wchan: int
    """Kernel address that it sleeps on."""
    nswap: int
    """Voluntary context switches."""
    cnswap: int
    """Involuntary ones."""
    exit_signal: int
    processor: int


_STAT: Final = re.compile(
    rb"(\d{1,10}) \(([^\n]{0,31})\) ([0-9A-Z])((?: -?\d{1,20}){36})\n")


def parse_stat(data: bytes) -> Stat:
    """The node stat of a process; the name may have blanks and parentheses."""
    found = matched(_STAT, data, "stat")
    return Stat(int(found[1]), text(found[2]), text(found[3]), *map(int, found[4].split()))


@dataclass(frozen=True, slots=True)
class Statm:
    """The node statm, in Linux's form: pages (procfs_do_pid_statm)."""

    size: int
    resident: int
    shared: int
    """KiB times ticks, as ru_ixrss."""
    text: int
    lib: int
    """0."""
    data: int
    """Data and stack."""
    dirty: int
    """0."""


_STATM: Final = re.compile(rb"\d{1,20}(?: \d{1,20}){6}\n")


def parse_statm(data: bytes) -> Statm:
    """The node statm."""
    return Statm(*map(int, matched(_STATM, data, "statm")[0].split()))


# -- map, maps --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MapEntry(Span):
    """A line of the node map: one mapping (procfs_domap)."""

    start: int
    end: int
    """The address after the last."""
    protection: VmProtection
    max_protection: VmProtection
    """What mprotect(2) could make of it."""
    copy_on_write: bool
    needs_copy: bool
    """Nothing was written to it yet."""
    inheritance: int
    """minherit(2)'s."""
    wired: int
    """How often it is wired."""
    advice: int
    """madvise(2)'s."""


@dataclass(frozen=True, slots=True)
class MapsEntry(Span):
    """A line of the node maps: one mapping, in Linux's form (procfs_domap)."""

    start: int
    end: int
    """The address after the last."""
    protection: VmProtection
    private: bool
    """Whether it is copied on writing."""
    offset: int
    """Where it begins in the file, in bytes."""
    device: tuple[int, int]
    """Major and minor number of the file system's device; of a root disk's wd0a 0, 0."""
    fileid: int
    """The file's number, 0 for memory without one."""
    path: str | None
    """The file; None without one, and where the kernel has lost its name.  A reader in
    a chroot sees "//name", or a path outside."""


_MAP: Final = re.compile(
    rb"(?m)^(0(?:x[0-9a-f]{1,16})?) (0(?:x[0-9a-f]{1,16})?) ([r-][w-][x-]) ([r-][w-][x-])"
    rb" (N?COW) (N?NC) (\d{1,10}) (\d{1,10}) (\d{1,10})\n")
_MAPS: Final = re.compile(
    rb"(?m)^([0-9a-f]{8,16})-([0-9a-f]{8,16}) ([r-][w-][x-])([ps]) ([0-9a-f]{8,16})"
    rb" ([0-9a-f]{2,16}:[0-9a-f]{2,16}) (-?\d{1,20}) *+([^\n]*+)\n")
_RIGHTS: Final = {
    f"{r}{w}{x}".encode(): VmProtection(
        (r == "r" and 1) | (w == "w" and 2) | (x == "x" and 4))
    for r in "r-" for w in "w-" for x in "x-"
}


def _lines(pattern: re.Pattern[bytes], data: bytes, what: str) -> list[tuple[bytes, ...]]:
    """The columns of a table of such lines; `Malformed` for any other line."""
    data = octets(data)
    found = pattern.findall(data)
    if len(found) != data.count(b"\n") or (data and not data.endswith(b"\n")):
        bad = next((line for line in data.split(b"\n")
                    if pattern.fullmatch(line + b"\n") is None), data[-_SHOWN:])
        raise Malformed(f"no line of {what}: {bad[:_SHOWN]!r}")
    return list(zip(*found, strict=True))


def _hex(words: tuple[bytes, ...]) -> list[int]:
    return [int(word, 16) for word in words]


def parse_map(data: bytes) -> tuple[MapEntry, ...]:
    """The node map; () of a process that has no memory any more."""
    columns = _lines(_MAP, data, "map")
    if not columns:
        return ()
    start, end, rights, most, cow, copied, inherit, wired, advice = columns
    return tuple(rows(MapEntry, len(start), (
        ("start", _hex(start)), ("end", _hex(end)),
        ("protection", map(_RIGHTS.__getitem__, rights)),
        ("max_protection", map(_RIGHTS.__getitem__, most)),
        ("copy_on_write", map(b"COW".__eq__, cow)), ("needs_copy", map(b"NC".__eq__, copied)),
        ("inheritance", map(int, inherit)), ("wired", map(int, wired)),
        ("advice", map(int, advice)),
    )))


def parse_maps(data: bytes) -> tuple[MapsEntry, ...]:
    """The node maps; () of a process that has no memory any more."""
    columns = _lines(_MAPS, data, "maps")
    if not columns:
        return ()
    start, end, rights, shared, offset, device, fileid, path = columns
    devices = {word: _device(word) for word in set(device)}
    paths = {word: text(word) or None for word in set(path)}
    return tuple(rows(MapsEntry, len(start), (
        ("start", _hex(start)), ("end", _hex(end)),
        ("protection", map(_RIGHTS.__getitem__, rights)),
        ("private", map(b"p".__eq__, shared)), ("offset", _hex(offset)),
        ("device", map(devices.__getitem__, device)), ("fileid", map(int, fileid)),
        ("path", map(paths.__getitem__, path)),
    )))


def _device(word: bytes) -> tuple[int, int]:
    major, minor = word.split(b":")
    return int(major, 16), int(minor, 16)


# -- strings ----------------------------------------------------------------------------


def parse_strings(data: bytes) -> tuple[str, ...]:
    """The nodes cmdline and environ: strings that each end with a NUL.

    cmdline of a kernel process is its name in parentheses.  `Malformed` where the last
    string has no end."""
    return ended_strings(data)


# -- limits -----------------------------------------------------------------------------

_LABELS: Final = (
    b"cpu-time", b"file-size", b"data-size", b"stack-size", b"core-dump-size",
    b"resident-memory-size", b"locked-memory-size", b"processes-number", b"files-number",
    b"socket-buffer-size", b"virtual-memory-size", b"threads-number",
)
"""RLIM_STRINGS of <sys/resource.h>, in the order of the numbers."""
_BOUND: Final = rb"(0x[0-9a-f]{1,16}|0|-?[1-9]\d{0,19})"
"""%#llx or %lld, as the kernel prints them: no decimal begins with 0."""
_LIMIT: Final = re.compile(rb"(?m)^ *+([a-z-]{1,20}) +" + _BOUND + rb" +" + _BOUND + rb"\n")


def parse_limit(data: bytes) -> dict[Limit | str, Rlimit]:
    """The node limit: the resource limits, in getrlimit(2)'s units, in the kernel's order.

    A resource that this library does not know is under its label."""
    columns = _lines(_LIMIT, data, "limit")
    found: dict[Limit | str, Rlimit] = {}
    for label, soft, hard in zip(*columns, strict=True):
        kind: Limit | str = text(label)
        if label in _LABELS:
            member = known(Limit, _LABELS.index(label))
            assert isinstance(member, Limit)
            kind = member
        found[kind] = Rlimit(bound(int(soft, 0)), bound(int(hard, 0)))
    return found


@dataclass(frozen=True, slots=True)
class LinuxLimit:
    """A line of the node limits."""

    soft: int | None
    """None where it is not limited."""
    hard: int | None
    units: str
    """"bytes", "seconds", "files" .., "" for a number without any."""


_LIMITS_HEAD: Final = re.compile(rb"Limit +Soft Limit +Hard Limit +Units *+\n")
_LIMITS: Final = re.compile(
    rb"(?m)^(Max [a-z-]{1,16}(?: [a-z-]{1,16}){0,3}) +(unlimited|\d{1,20}) +(unlimited|\d{1,20})"
    rb"(?: +([a-z]{1,16}))? *+\n")


def parse_limits(data: bytes) -> dict[str, LinuxLimit]:
    """The node limits, in Linux's form: by the first column, "Max open files"."""
    head = _LIMITS_HEAD.match(data)
    if head is None:
        raise Malformed(f"no limits: {data[:_SHOWN]!r}")
    columns = _lines(_LIMITS, data[head.end():], "limits")
    return {
        text(name): LinuxLimit(_unlimited(soft), _unlimited(hard), text(units))
        for name, soft, hard, units in zip(*columns, strict=True)
    }


def _unlimited(word: bytes) -> int | None:
    return None if word == b"unlimited" else int(word)


# -- emul -------------------------------------------------------------------------------

_EMUL: Final = re.compile(rb"[!-~]{1,64}\n?")


def parse_emul(data: bytes) -> str:
    """The node emul: the process's ABI, "netbsd" or "linux"."""
    return text(matched(_EMUL, data, "emul")[0]).removesuffix("\n")
