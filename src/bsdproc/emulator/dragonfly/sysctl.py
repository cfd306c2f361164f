"""sysctl(3): the tree of names, and how a request goes through it.

The subject of kern_sysctl.c.  The nodes are rows of data: those of kern.proc
in `kern_proc`, the others in `sysctl_names`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from bsdproc.emulator.dragonfly.cred import priv_check
from bsdproc.emulator.dragonfly.state import Thread
from bsdproc.emulator.errno import (
    EINVAL,
    EISDIR,
    ENAMETOOLONG,
    ENOENT,
    ENOMEM,
    ENOTDIR,
    EPERM,
    Refused,
)

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System

CTL_MAXNAME = 12
AUTO_START = 0x100
"""Numbers of nodes that have only a name (OID_AUTO) begin here."""
MAXPATHLEN = 1024
WHOLE = 1 << 30
"""Room for any value."""


class Type:
    """CTLTYPE_."""

    NODE, INT, STRING, QUAD, OPAQUE, UINT, LONG, ULONG = range(1, 9)


class Flag:
    """CTLFLAG_."""

    RD, WR, RW = 0x80000000, 0x40000000, 0xC0000000
    ANYBODY, PRISON = 0x10000000, 0x04000000


class Request:
    """struct sysctl_req: who asks, what room there is, what is to be set."""

    __slots__ = ("given", "index", "new", "out", "room", "system", "td")

    def __init__(self, system: System, td: Thread, room: int | None, new: bytes | None) -> None:
        self.system = system
        self.td = td
        self.room = room
        """None for a null pointer: only the size is asked for."""
        self.new = new
        self.given = 0
        self.out = bytearray()
        self.index = 0
        """How long the old value would be."""

    def put(self, data: bytes) -> None:
        """SYSCTL_OUT: what does not fit is ENOMEM, what does is there."""
        self.index += len(data)
        if self.room is None:
            return
        left = self.room - len(self.out)
        self.out += data[:left]
        if len(data) > left:
            raise Refused(ENOMEM)

    def count(self, size: int) -> None:
        """Say so many bytes are there, when only the size is asked for."""
        self.index += size

    def take(self, size: int) -> bytes:
        """SYSCTL_IN: EINVAL when the new value is shorter."""
        assert self.new is not None
        if len(self.new) - self.given < size:
            raise Refused(EINVAL)
        self.given += size
        return self.new[self.given - size : self.given]


Handler = Callable[[Request, tuple[int, ...]], None]
"""What answers a request; for a node, with the numbers below it."""


class Row(NamedTuple):
    """A node of the tree as the modules list it."""

    name: str
    number: int | None
    """None for OID_AUTO."""
    type: int
    flags: int
    format: str
    handler: Handler | None
    description: str = ""


@dataclass
class Oid:
    """struct sysctl_oid."""

    row: Row
    number: int
    children: dict[int, Oid] = field(default_factory=dict)

    def named(self, label: str) -> Oid | None:
        return next((c for c in self.children.values()
                     if c.row.name.rsplit(".", 1)[-1] == label), None)


def build(rows: Iterable[Row]) -> Oid:
    """The tree of some rows, each behind its parent."""
    root = Oid(Row("", 0, Type.NODE, Flag.RW, "", None), 0)
    auto = AUTO_START
    for row in rows:
        parent = root
        for label in row.name.split(".")[:-1]:
            below = parent.named(label)
            assert below is not None, f"{row.name}: its parent is not there"
            parent = below
        number = row.number
        if number is None:
            number, auto = auto, auto + 1
        assert number not in parent.children, f"{row.name}: number {number} is taken"
        parent.children[number] = Oid(row, number)
    return root


@cache
def tree() -> Oid:
    """All nodes of this kernel."""
    from bsdproc.emulator.dragonfly import kern_proc, sysctl_names

    return build((*OWN, *sysctl_names.ROWS, *kern_proc.ROWS))


def find(mib: Sequence[int]) -> tuple[Oid, int]:
    """The node and how many numbers led to it: ENOENT, and ENOTDIR below a leaf."""
    at = tree()
    for depth, number in enumerate(mib[:CTL_MAXNAME], 1):
        below = at.children.get(number)
        if below is None:
            raise Refused(ENOENT)
        at = below
        if at.row.type == Type.NODE and at.row.handler is not None:
            return at, depth
        if depth == len(mib):
            return at, depth
        if at.row.type != Type.NODE:
            raise Refused(ENOTDIR)
    raise Refused(ENOENT)


def name2mib(name: str) -> tuple[int, ...]:
    """The numbers of a name; ENOENT when there is none."""
    at, path = tree(), list[int]()
    for label in name.removesuffix(".").split("."):
        below = at.named(label)
        if below is None or (path and at.row.handler is not None):
            raise Refused(ENOENT)
        at = below
        path.append(at.number)
    return tuple(path)


def root(request: Request, mib: Sequence[int]) -> None:
    """sysctl_root: find the node, check the right, have it answer."""
    oid, depth = find(mib)
    handler, flags = oid.row.handler, oid.row.flags
    if oid.row.type == Type.NODE and handler is None:
        raise Refused(EISDIR)
    if request.new is not None:
        if not flags & Flag.WR:
            raise Refused(EPERM)
        if not flags & Flag.ANYBODY:
            cred = request.td.proc.cred
            priv_check(cred)
            if cred.prison is not None and not flags & Flag.PRISON:
                raise Refused(EPERM)
    if handler is None:
        raise Refused(EINVAL)
    handler(request, tuple(mib[depth:]))


class Answer(NamedTuple):
    """What a request brings back: ENOMEM comes with what did fit."""

    data: bytes
    size: int
    """What *oldlenp becomes."""
    errno: int


def ask(system: System, td: Thread, mib: Sequence[int], room: int | None,
        new: bytes | None) -> Answer:
    """userland_sysctl behind the copying of its arguments.  `room` None stands
    for a null pointer.  Errors but ENOMEM are raised."""
    request = Request(system, td, room, new)
    errno = 0
    try:
        root(request, mib)
    except Refused as refused:
        if refused.errno != ENOMEM:
            raise
        errno = ENOMEM
    size = request.index if room is None else min(request.index, room)
    return Answer(bytes(request.out), size, errno)


def sysctl(system: System, td: Thread, mib: Sequence[int] | str, old_room: int | None,
           new: bytes | None = None) -> bytes:
    """The old value of a request with that much room; ENOMEM when it is too
    little, b"" where no old value is asked for (`old_room` None or 0)."""
    answer = ask(system, td, numbers(mib), old_room or None, new)
    if answer.errno:
        raise Refused(answer.errno)
    return answer.data


def sysctl_size(system: System, td: Thread, mib: Sequence[int] | str) -> int:
    """What a null buffer is answered with."""
    return ask(system, td, numbers(mib), None, None).size


def numbers(mib: Sequence[int] | str) -> tuple[int, ...]:
    """The numbers of a name as sysctlbyname(3) has them looked up."""
    if not isinstance(mib, str):
        if not 2 <= len(mib) <= CTL_MAXNAME:
            raise Refused(EINVAL)
        return tuple(mib)
    if not 0 < len(mib.encode()) < MAXPATHLEN:
        raise Refused(EINVAL)
    return name2mib(mib)


# -- the tree about itself: {0, ...} --------------------------------------------
def _name2oid(request: Request, below: tuple[int, ...]) -> None:
    if not request.new:
        raise Refused(ENOENT)
    if len(request.new) >= MAXPATHLEN:
        raise Refused(ENAMETOOLONG)
    name = request.take(len(request.new)).split(b"\0")[0].decode("utf-8", "replace")
    found = name2mib(name)
    request.put(struct.pack(f"<{len(found)}i", *found))


def _oidfmt(request: Request, below: tuple[int, ...]) -> None:
    row = find(below)[0].row
    request.put(struct.pack("<I", row.type | row.flags))
    request.put(row.format.encode() + b"\0")


OWN = (
    Row("sysctl", 0, Type.NODE, Flag.RW, "N", None),
    Row("sysctl.name2oid", 3, Type.INT, Flag.RW | Flag.ANYBODY, "I", _name2oid),
    Row("sysctl.oidfmt", 4, Type.NODE, Flag.RD, "N", _oidfmt),
)
"""The names that sysctl(8) looks names up by."""
