"""What the nodes of procfs(5) say, taken apart.

Each function takes a node's bytes; `Malformed` is raised for what is no such node, or
not all of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bsdproc.dragonfly.constants.kinfo import Limit, VmProtection
from bsdproc.typed import limits
from bsdproc.typed.check import octets
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.records import Malformed
from bsdproc.typed.span import Span
from bsdproc.typed.texts import strings, text


def _number(digits: bytes, base: int = 10) -> int:
    """A number that fits into 64 bits, as all of the kernel's do."""
    value = int(digits, base) if len(digits) <= 20 else 1 << 64
    if not -(1 << 63) <= value < 1 << 64:
        raise Malformed(f"no number of the kernel's: {digits[:80]!r}")
    return value


@dataclass(frozen=True, slots=True)
class Status:
    """The node status, one line (procfs_dostatus)."""

    name: str
    """The program's name; any characters, spaces and newlines too."""
    pid: int
    ppid: int
    """Its parent, which is its tracer while it is traced."""
    pgid: int
    sid: int
    tty: tuple[int, int] | None
    """Major and minor number of the controlling terminal."""
    flags: tuple[str, ...]
    """"ctty" for a session with a terminal, "sldr" for its leader."""
    start: float | None
    """When it began, seconds since the Epoch; None for a process that is swapped out,
    as the times below."""
    user: float | None
    """Seconds in user mode."""
    system: float | None
    """Seconds in the kernel."""
    wmesg: str | None
    """What its first thread waits for."""
    uid: int
    """Effective user."""
    ruid: int
    rgid: int
    groups: tuple[int, ...]
    """The effective group and the supplementary ones."""
    jail: str | None
    """The host name of its jail."""


_STATUS: Final = re.compile(
    rb"(.*) (-?\d+) (-?\d+) (-?\d+) (-?\d+) (-?\d+,-?\d+) (noflags|[a-z]+(?:,[a-z]+)*)"
    rb" (-?\d+,-?\d+) (-?\d+,-?\d+) (-?\d+,-?\d+) ([^\n]*) (\d+) (\d+) (\d+)((?:,\d+)*) ([^\n]*)\n",
    re.S,
)
_LONGEST: Final = 512
"""The kernel has 256 bytes for it."""


def parse_status(data: bytes) -> Status:
    """The node status.  A name is told from what follows by the numbers there."""
    found = _STATUS.fullmatch(data) if len(data) <= _LONGEST else None
    if found is None:
        raise Malformed(f"no status: {data[:80]!r}")
    major, minor = map(_number, found[6].split(b","))
    wmesg, jail = text(found[11]), text(found[16])
    return Status(
        text(found[1]), _number(found[2]), _number(found[3]), _number(found[4]),
        _number(found[5]), None if (major, minor) == (-1, -1) else (major, minor),
        () if found[7] == b"noflags" else tuple(text(found[7]).split(",")),
        _seconds(found[8]), _seconds(found[9]), _seconds(found[10]),
        None if wmesg == "nochan" else wmesg,
        _number(found[12]), _number(found[13]), _number(found[14]),
        tuple(_number(group) for group in found[15].split(b",")[1:]),
        None if jail == "-" else jail,
    )


def _seconds(words: bytes) -> float | None:
    """"seconds,microseconds", neither with leading zeros; None for -1,-1."""
    seconds, micros = map(_number, words.split(b","))
    return None if seconds < 0 else seconds + micros / 1_000_000


@dataclass(frozen=True, slots=True)
class MapEntry(Span):
    """A line of the node map: one mapping (procfs_domap)."""

    start: int
    end: int
    """The address after the last."""
    resident: int | None
    """Pages in memory; None where the kernel does not count them."""
    private_resident: int | None
    """Those of them that no other process has; None as above."""
    obj: int
    """Kernel address of the object, 0 for none."""
    protection: VmProtection
    ref_count: int
    """References to the object."""
    shadow_count: int
    """Objects that shadow it."""
    flags: int
    """OBJ_* of the object."""
    cow: bool
    """Copied on write."""
    needs_copy: bool
    """The copy has yet to be made."""
    type: str
    """"none", "default", "swap", "vnode", "device" or "uksmap"."""
    path: str | None
    """The file behind it."""


_MAP: Final = re.compile(
    rb"0x([0-9a-f]+) 0x([0-9a-f]+) (-?\d+) (-?\d+) (?:0x)?([0-9a-f]+) ([r-][w-][x-])"
    rb" (-?\d+) (-?\d+) 0x([0-9a-f]+) (N?COW) (N?NC) (\S+) "
)
_MAP_NEXT: Final = re.compile(rb"\n(?=0x[0-9a-f]+ 0x[0-9a-f]+ -?\d+ -?\d+ )|\n\Z")
_RIGHTS: Final = dict(zip(b"rwx", VmProtection, strict=True))


def parse_map(data: bytes) -> tuple[MapEntry, ...]:
    """The node map.  A path may have any character, a newline too."""
    entries, at = [], 0
    while at < len(data):
        found = _MAP.match(data, at)
        end = _MAP_NEXT.search(data, found.end()) if found is not None else None
        if found is None or end is None:
            raise Malformed(f"no line of a map: {data[at : at + 80]!r}")
        rights = VmProtection(0)
        for letter in found[6]:
            rights |= _RIGHTS.get(letter, VmProtection(0))
        path = text(data[found.end() : end.start()])
        entries.append(MapEntry(
            _number(found[1], 16), _number(found[2], 16), _pages(found[3]), _pages(found[4]),
            _number(found[5], 16), rights, _number(found[7]), _number(found[8]),
            _number(found[9], 16), found[10] == b"COW", found[11] == b"NC", text(found[12]),
            None if path == "-" else path,
        ))
        at = end.end()
    return tuple(entries)


def _pages(digits: bytes) -> int | None:
    count = _number(digits)
    return None if count < 0 else count


_IDENTS: Final = {
    "cpu": Limit.RLIMIT_CPU, "fsize": Limit.RLIMIT_FSIZE, "data": Limit.RLIMIT_DATA,
    "stack": Limit.RLIMIT_STACK, "core": Limit.RLIMIT_CORE, "rss": Limit.RLIMIT_RSS,
    "memlock": Limit.RLIMIT_MEMLOCK, "nproc": Limit.RLIMIT_NPROC,
    "nofile": Limit.RLIMIT_NOFILE, "sbsize": Limit.RLIMIT_SBSIZE, "vmem": Limit.RLIMIT_VMEM,
    "posixlock": Limit.RLIMIT_POSIXLOCKS,
}  # fmt: skip


def parse_rlimit(data: bytes) -> dict[Limit | str, Rlimit]:
    """The node rlimit; a limit that this library does not know keeps the kernel's word."""
    return limits.parse_rlimit(data, _IDENTS)


def parse_cmdline(data: bytes) -> tuple[str, ...]:
    """The node cmdline: strings that each end with a NUL, or a title that does not.

    Of a process whose arguments the kernel does not keep it has 16 bytes, the program's
    name and what else lies there, which nothing tells from arguments: see `cmdline`."""
    return strings(data)


def parse_etype(data: bytes) -> str:
    """The node etype: the program's ABI."""
    data = octets(data)
    if not data.endswith(b"\n") or data.count(b"\n") != 1:
        raise Malformed(f"no type of a program: {data[:80]!r}")
    return text(data[:-1])


def parse_number(data: bytes) -> int:
    """The target of curproc: a number in decimal digits."""
    data = octets(data)
    if not data.isdigit() or len(data) > 10:
        raise Malformed(f"no number: {data[:80]!r}")
    return int(data)
