"""sysctl(3) as FreeBSD and DragonFly have it: a tree of names, and how a
request goes through it.  The subject of kern_sysctl.c.

The nodes are rows of data, each system's own; who may set what is its own, too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from bsdproc.emulator.bsd.state import Thread
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
    from bsdproc.emulator.bsd.system import System

S = TypeVar("S", bound="System")
T = TypeVar("T", bound=Thread)

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
    ANYBODY, SECURE, PRISON, SKIP = 0x10000000, 0x08000000, 0x04000000, 0x01000000


class Request(Generic[S, T]):
    """struct sysctl_req: who asks, what room there is, what is to be set."""

    __slots__ = ("at", "given", "index", "new", "out", "room", "system", "td")

    def __init__(self, system: S, td: T, room: int | None, new: bytes | None,
                 at: int | None = None) -> None:
        self.system = system
        self.td = td
        self.at = at
        """Where a process wants the old value; None for what the kernel fetches itself."""
        self.room = room
        """None for a null pointer: only the size is asked for."""
        self.new = new
        self.given = 0
        """How much of the new value was taken."""
        self.out = bytearray()
        self.index = 0
        """How long the old value would be."""

    @property
    def wide(self) -> bool:
        """The caller is no 32-bit program."""
        return not self.td.proc.sysent.endswith("32")

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


Handler = Callable[[Request[S, T], tuple[int, ...]], None]
"""What answers a request; for a node, with the numbers below it."""


class Row(NamedTuple, Generic[S, T]):
    """A node of the tree as the modules list it."""

    name: str
    number: int | None
    """None for OID_AUTO."""
    type: int
    flags: int
    format: str
    handler: Handler[S, T] | None
    description: str = ""


@dataclass
class Oid(Generic[S, T]):
    """struct sysctl_oid."""

    row: Row[S, T]
    number: int
    children: dict[int, Oid[S, T]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.row.name.rsplit(".", 1)[-1]

    def named(self, label: str) -> Oid[S, T] | None:
        for child in self.children.values():
            if child.label == label:
                return child
        return None

    def ordered(self) -> list[Oid[S, T]]:
        return [self.children[number] for number in sorted(self.children)]


def build(rows: Iterable[Row[S, T]]) -> Oid[S, T]:
    """The tree of some rows, each behind its parent."""
    root: Oid[S, T] = Oid(Row("", 0, Type.NODE, Flag.RW, "", None), 0)
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


class Answer(NamedTuple):
    """What a request brings back: ENOMEM comes with what did fit."""

    data: bytes
    size: int
    """What *oldlenp becomes."""
    errno: int


class Tree(Generic[S, T]):
    """All nodes of a kernel, made of their rows when somebody asks."""

    def __init__(self, rows: Callable[[], Iterable[Row[S, T]]],
                 may: Callable[[Request[S, T], int], None], names: int,
                 wire: Callable[[Request[S, T]], None] | None = None) -> None:
        self._rows = rows
        self._wire = wire
        """Makes sure of all the room before a name is told of itself."""
        self._may = may
        """Refuses what the caller may not do with a node of these flags, once
        it is no attempt to set what cannot be set."""
        self.names = names
        """CTL_MAXNAME."""

    @cached_property
    def top(self) -> Oid[S, T]:
        return build(self._rows())

    def find(self, mib: Sequence[int]) -> tuple[Oid[S, T], int]:
        """sysctl_find_oid: the node and how many numbers led to it."""
        at = self.top
        for depth, number in enumerate(mib[: self.names], 1):
            below = at.children.get(number)
            if below is None:
                raise Refused(ENOENT)
            at = below
            if at.row.type == Type.NODE:
                if at.row.handler is not None or depth == len(mib):
                    return at, depth
            elif depth == len(mib):
                return at, depth
            else:
                raise Refused(ENOTDIR)
        raise Refused(ENOENT)

    def name2mib(self, name: str) -> tuple[int, ...]:
        """name2oid: the numbers of a name; ENOENT when there is none."""
        at, path = self.top, list[int]()
        for label in name.removesuffix(".").split("."):
            below = at.named(label)
            if below is None or (path and at.row.handler is not None):
                raise Refused(ENOENT)
            at = below
            path.append(at.number)
        return tuple(path)

    def root(self, request: Request[S, T], mib: Sequence[int]) -> None:
        """sysctl_root: find the node, check the right, have it answer."""
        oid, depth = self.find(mib)
        handler, flags = oid.row.handler, oid.row.flags
        if oid.row.type == Type.NODE and handler is None:
            raise Refused(EISDIR)
        if request.new is not None and not flags & Flag.WR:
            raise Refused(EPERM)
        self._may(request, flags)
        if handler is None:
            raise Refused(EINVAL)
        handler(request, tuple(mib[depth:]))

    def ask(self, system: S, td: T, mib: Sequence[int], room: int | None,
            new: bytes | None, at: int | None = None) -> Answer:
        """userland_sysctl behind the copying of its arguments.  `room` None
        stands for a null pointer.  Errors but ENOMEM are raised."""
        request = Request(system, td, room, new, at)
        errno = 0
        try:
            self.root(request, mib)
        except Refused as refused:
            if refused.errno != ENOMEM:
                raise
            errno = ENOMEM
        size = request.index if request.room is None else min(request.index, request.room)
        return Answer(bytes(request.out), size, errno)

    def sysctl(self, system: S, td: T, mib: Sequence[int] | str, old_room: int | None,
               new: bytes | None = None, at: int | None = None) -> bytes:
        """The old value of a request with that much room; ENOMEM when it is too
        little, b"" where no old value is asked for (`old_room` None or 0)."""
        if old_room is not None and old_room < 0:
            raise ValueError(f"room for {old_room} bytes")
        answer = self.ask(system, td, self.numbers(mib), old_room or None, new, at)
        if answer.errno:
            raise Refused(answer.errno)
        return answer.data

    def fetch(self, system: S, td: T, mib: Sequence[int] | str) -> bytes:
        """The whole value, whatever its size."""
        return self.sysctl(system, td, mib, WHOLE)

    def size(self, system: S, td: T, mib: Sequence[int] | str) -> int:
        """What a null buffer is answered with."""
        answer = self.ask(system, td, self.numbers(mib), None, None)
        if answer.errno:
            raise Refused(answer.errno)
        return answer.size

    def numbers(self, mib: Sequence[int] | str) -> tuple[int, ...]:
        """The numbers of a name as sysctlbyname(3) has them looked up."""
        if not isinstance(mib, str):
            if not 2 <= len(mib) <= self.names:
                raise Refused(EINVAL)
            return tuple(mib)
        if not 0 < len(mib.encode()) < MAXPATHLEN:
            raise Refused(EINVAL)
        return self.name2mib(mib)

    # -- the tree about itself: {0, ...} --------------------------------------------
    def _sure(self, request: Request[S, T]) -> None:
        if self._wire is not None:
            self._wire(request)

    def name(self, request: Request[S, T], below: tuple[int, ...]) -> None:
        self._sure(request)
        at: Oid[S, T] | None = self.top
        labels: list[str] = []
        for number in below:
            if at is not None and at.row.handler is None and number in at.children:
                at = at.children[number]
                labels.append(at.label)
            else:
                at = None
                labels.append(str(number))
        request.put(".".join(labels).encode() + b"\0")

    def next(self, skip: bool) -> Handler[S, T]:
        def handler(request: Request[S, T], below: tuple[int, ...]) -> None:
            found = _following(self.top, below, skip)
            if found is None:
                raise Refused(ENOENT)
            request.put(struct.pack(f"<{len(found)}i", *found))

        return handler

    def name2oid(self, request: Request[S, T], below: tuple[int, ...]) -> None:
        if not request.new:
            raise Refused(ENOENT)
        if len(request.new) >= MAXPATHLEN:
            raise Refused(ENAMETOOLONG)
        name = request.take(len(request.new)).split(b"\0")[0].decode("utf-8", "replace")
        found = self.name2mib(name)
        request.put(struct.pack(f"<{len(found)}i", *found))

    def oidfmt(self, request: Request[S, T], below: tuple[int, ...]) -> None:
        self._sure(request)
        row = self.find(below)[0].row
        request.put(struct.pack("<I", row.type | row.flags))
        request.put(row.format.encode() + b"\0")

    def oiddescr(self, request: Request[S, T], below: tuple[int, ...]) -> None:
        self._sure(request)
        request.put(self.find(below)[0].row.description.encode() + b"\0")

    def own(self, node: int, read: int, write: int) -> list[Row[S, T]]:
        """The names that sysctl(8) walks the tree by, with these flags."""
        return [
            Row("sysctl", 0, Type.NODE, node, "N", None),
            Row("sysctl.name", 1, Type.NODE, read, "N", self.name),
            Row("sysctl.next", 2, Type.NODE, read, "N", self.next(True)),
            Row("sysctl.name2oid", 3, Type.INT, write, "I", self.name2oid),
            Row("sysctl.oidfmt", 4, Type.NODE, read, "N", self.oidfmt),
            Row("sysctl.oiddescr", 5, Type.NODE, read, "N", self.oiddescr),
        ]


def _following(at: Oid[S, T], below: Sequence[int], skip: bool) -> tuple[int, ...] | None:
    """The first name behind another in the order of numbers: leaves, and
    nodes that answer themselves (without `skip` all nodes)."""
    for child in at.ordered():
        if skip and child.row.flags & Flag.SKIP:
            continue
        if below and child.number < below[0]:
            continue
        exact = bool(below) and child.number == below[0]
        leaf = child.row.type != Type.NODE or child.row.handler is not None
        if not exact:
            if leaf or not skip:
                return (child.number,)
            rest = _following(child, (), skip)
        elif leaf:
            continue
        else:
            rest = _following(child, below[1:], skip)
            if rest is None:
                below = ()
        if rest is not None:
            return (child.number, *rest)
    return None
