"""What the nodes of procfs(5) say, taken apart.

Each function takes a node's bytes; `Malformed` is raised for what is no such node, or
not all of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bsdproc.freebsd import auxv
from bsdproc.freebsd.auxv import AuxEntry
from bsdproc.freebsd.constants.kinfo import Limit
from bsdproc.freebsd.constants.ptrace import VmProtection
from bsdproc.typed import limits
from bsdproc.typed.check import octets
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.records import Malformed
from bsdproc.typed.span import Span
from bsdproc.typed.texts import strings, text


@dataclass(frozen=True, slots=True)
class Status:
    """The node status, one line (procfs_doprocstatus)."""

    name: str
    """The program's name."""
    pid: int
    ppid: int
    pgid: int
    sid: int
    tty: str | None
    """The controlling terminal's device name."""
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
    """The jail's name, as the reader sees it."""


# Bytes above 0x7f are negative chars on x86, and "%03o" shows an int of them.
_ESCAPED: Final = re.compile(rb"\\(37777777[0-7]{3}|[0-7]{3})")
_STATUS: Final = re.compile(
    rb"(\S+) (N) (N) (N) (N) (\S+) (\S+)"
    rb" (-?N,-?N) (-?N,-?N) (-?N,-?N) (.*) (N) (N) (N(?:,N)*) (\S+)\n"
    .replace(b"N", rb"\d{1,20}"),
    re.S,
)


def parse_status(data: bytes) -> Status:
    """The node status.

    `Malformed` for what is none."""
    found = _STATUS.fullmatch(data)
    if found is None:
        raise Malformed(f"no status: {data[:80]!r}")
    name = _ESCAPED.sub(lambda m: bytes([int(m[1], 8) & 0xFF]), found[1]).rstrip(b"\0")
    tty, jail, wmesg = text(found[6]), text(found[15]), text(found[11])
    rgid, *groups = map(int, found[14].split(b","))
    flags = () if found[7] == b"noflags" else tuple(text(found[7]).split(","))
    return Status(
        text(name), int(found[2]), int(found[3]), int(found[4]), int(found[5]),
        None if tty == "-" else tty, flags,
        _seconds(found[8]), _seconds(found[9]), _seconds(found[10]),
        None if wmesg == "nochan" else wmesg,
        int(found[12]), int(found[13]), rgid, tuple(groups), None if jail == "-" else jail,
    )


def _seconds(words: bytes) -> float | None:
    """"seconds,microseconds"; None for -1,-1."""
    seconds, micros = map(int, words.split(b","))
    return None if seconds < 0 else seconds + micros / 1_000_000


@dataclass(frozen=True, slots=True)
class MapEntry(Span):
    """A line of the node map: one mapping (procfs_doprocmap)."""

    start: int
    end: int
    """The address after the last."""
    resident: int
    """Pages in memory."""
    private_resident: int
    """Those of them that no other process has."""
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
    """"none", "swap", "vnode", "device", "phys", "dead" or "unknown"."""
    path: str | None
    """The file behind it."""
    charged: int | None
    """The user whose swap limit it counts against; None for nobody."""


_MAP: Final = re.compile(
    rb"0x@ 0x@ # # (?:0x)?@ ([r-][w-][x-]) # # 0x@ (N?COW) (N?NC) (\S+) (.*) (N?CH) #\n"
    .replace(b"@", rb"([0-9a-f]{1,16})").replace(b"#", rb"(-?\d{1,20})"), re.S,
)
_MAP_END: Final = re.compile(rb" N?CH -?\d{1,20}\n")
_RIGHTS: Final = {
    bytes(letter if right in rights else 0x2D
          for letter, right in zip(b"rwx", VmProtection, strict=False)): rights
    for rights in map(VmProtection, range(8))
}


def parse_map(data: bytes) -> tuple[MapEntry, ...]:
    """The node map.  A path may have any character, a newline too.

    `Malformed` for what is none."""
    entries, begin = [], 0
    for line in _MAP_END.finditer(data):
        found = _MAP.fullmatch(data, begin, line.end())
        if found is None:
            raise Malformed(f"no line of a map: {data[begin : begin + 80]!r}")
        begin = line.end()
        (start, end, resident, own, obj, rights, refs, shadows, flags, cow, copy, kind, path,
         charged, user) = found.groups()
        entries.append(MapEntry(
            int(start, 16), int(end, 16), int(resident), int(own), int(obj, 16),
            _RIGHTS[rights], int(refs), int(shadows), int(flags, 16), cow == b"COW",
            copy == b"NC", text(kind), None if path == b"-" else text(path),
            int(user) if charged == b"CH" else None,
        ))
    if begin < len(data):
        rest = data[begin : begin + 80]
        raise Malformed(f"a map that ends in the middle of a line: {rest!r}")
    return tuple(entries)


_IDENTS: Final = {
    "cpu": Limit.RLIMIT_CPU, "fsize": Limit.RLIMIT_FSIZE, "data": Limit.RLIMIT_DATA,
    "stack": Limit.RLIMIT_STACK, "core": Limit.RLIMIT_CORE, "rss": Limit.RLIMIT_RSS,
    "memlock": Limit.RLIMIT_MEMLOCK, "nproc": Limit.RLIMIT_NPROC,
    "nofile": Limit.RLIMIT_NOFILE, "sbsize": Limit.RLIMIT_SBSIZE,
    "vmem": Limit.RLIMIT_VMEM, "vsize": Limit.RLIMIT_VMEM, "npts": Limit.RLIMIT_NPTS,
    "swap": Limit.RLIMIT_SWAP, "kqueues": Limit.RLIMIT_KQUEUES,
    "umtx": Limit.RLIMIT_UMTXP, "umtxp": Limit.RLIMIT_UMTXP,
    "pipebuf": Limit.RLIMIT_PIPEBUF,
}  # fmt: skip


def parse_rlimit(data: bytes) -> dict[Limit | str, Rlimit]:
    """The node rlimit; a limit that this library does not know keeps the kernel's word.

    `Malformed` for what is none."""
    return limits.parse_rlimit(data, _IDENTS)


def parse_strings(data: bytes) -> tuple[str, ...]:
    """The nodes cmdline and environ: strings that each end with a NUL."""
    return strings(data)


def parse_number(data: bytes) -> int:
    """The node osrel, or the target of curproc: a number in decimal digits.

    `Malformed` for what is none."""
    digits = octets(data).removesuffix(b"\n")
    if not digits.isdigit() or len(digits) > 10:
        raise Malformed(f"no number: {data[:80]!r}")
    return int(digits)


def parse_auxv(machine: str, data: bytes) -> tuple[AuxEntry, ...]:
    """The node auxv: pairs of machine words.

    `Malformed` for what is none."""
    return auxv.parse(machine, data)
