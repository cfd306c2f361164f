"""Records that a kernel hands out, decoded field by field when they are asked for.

A table of ten thousand processes is cut into records at once, and a record keeps
where its bytes lie.  A number is decoded when it is read; what takes a conversion
(flags, strings, sets) is remembered as well, and a record of which several such are
read decodes the rest in one go.  What is read of many records of a table is decoded of
all of them (see `bsdproc.typed.table`).  Records are immutable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from enum import Flag, IntEnum
from itertools import repeat
from operator import itemgetter
from struct import Struct as Packer
from typing import (
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    cast,
    overload,
)

from bsdproc import abi
from bsdproc.typed.table import SPENT, Source, Table, fill

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)
F = TypeVar("F", bound=Flag)
R = TypeVar("R", bound="Record")

_EAGER: Final = 3
"""How many fields with a conversion are decoded singly before the rest follows."""
_REMEMBERED: Final = 16384
"""How many conversions of one field are remembered."""


class Malformed(ValueError):
    """Bytes that are no table of such records."""


class Memo(dict[Any, Any]):
    """What a conversion gave before; ``memo.__getitem__`` is the conversion with a memory."""

    def __init__(self, make: Callable[[Any], object]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> object:
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[key] = self._make(key)
        return value


class Record:
    """A C struct in a table that the kernel gave; subclasses name its fields."""

    system: ClassVar[str] = ""
    """The system that it is of; set by each surface's own base class."""
    struct: ClassVar[str] = ""
    """Its C name."""
    machine: ClassVar[str] = ""
    """The machine whose layout it has; "" for the class that names the fields."""
    sizeof: ClassVar[int] = 0
    """Bytes of the whole struct."""
    least: ClassVar[int] = 0
    """Bytes that a record has at least: to the end of its last field, but for a path."""
    _fields: ClassVar[tuple[str, ...]] = ()
    _bulk: ClassVar[Callable[[Source, int], dict[str, Any]] | None] = None

    __slots__ = ("__dict__", "_at", "_source")
    _source: Source
    """What it lies in."""
    _at: int
    """From where."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        """The record of `data` from `at` to `end`, by a class for a machine (see `of`).

        `Malformed` for too few bytes."""
        end = len(data) if end is None else end
        if not self.machine:
            name = type(self).__name__
            raise Malformed(f"whose {self.struct}? {name}.of(machine) is made of bytes, "
                            f"{name}.fixed(machine, data) reads a table")
        if at < 0 or end > len(data) or end - at < self.least:
            raise Malformed(f"{self.struct} takes {self.least} bytes, {end - at} are there")
        set_source(self, Source(data, end - at))
        set_at(self, at)

    # -- classes for machines -------------------------------------------------
    @classmethod
    def of(cls, machine: str) -> type[Self]:
        """The class for one machine's layout."""
        return cast(type[Self], _bound(cls, machine))

    @classmethod
    def single(cls, machine: str, data: bytes, at: int = 0) -> Self:
        """One whole struct at `at`; `Malformed` for too few bytes."""
        kind = cls.of(machine)
        if at < 0 or len(data) - at < kind.sizeof:
            raise Malformed(f"{cls.struct} takes {kind.sizeof} bytes, {len(data) - at} are there")
        return kind(data, at, at + kind.sizeof)

    @classmethod
    def fixed(cls, machine: str, data: bytes, size: int | None = None) -> list[Self]:
        """A table of structs that follow each other; `Malformed` for a remainder.

        `size` is what a newer kernel's have, where that is known to be more."""
        kind = cls.of(machine)
        size = kind.sizeof if size is None else size
        if size < max(kind.least, 1) or len(data) % size:
            raise Malformed(f"{len(data)} bytes are no whole number of {cls.struct} of {size}")
        return _equal(kind, data, size)

    @classmethod
    def sized(cls, machine: str, data: bytes) -> list[Self]:
        """A table of records that begin with their own size.

        A newer kernel's may be longer than this library knows; `Malformed` for
        one that is too short for its fields, or that goes beyond the table."""
        kind = cls.of(machine)
        target = abi.target(cls.system, machine)
        first = int.from_bytes(data[:4], target.byteorder, signed=True)
        if first >= max(kind.least, 4) and len(data) % first == 0:
            count = len(data) // first
            if all(data[at::first] == data[at : at + 1] * count for at in range(4)):
                return _equal(kind, data, first)
        return list(kind._cut(data, target.byteorder))

    @classmethod
    def _cut(cls, data: bytes, byteorder: Literal["little", "big"]) -> Iterator[Self]:
        total, at, source = len(data), 0, Source(data, 0)
        while at < total:
            size = int.from_bytes(data[at : at + 4], byteorder, signed=True)
            if size < max(cls.least, 4) or at + size > total:
                raise Malformed(
                    f"{cls.struct} at {at} says that it has {size} bytes: it has {cls.least} or "
                    f"more, and {total - at} are left"
                )
            source.sizes[at] = size
            yield made(cls, source, at)
            at += size

    # -- values -----------------------------------------------------------------
    @property
    def raw(self) -> bytes:
        """The bytes of this record."""
        return self._source.data[self._at : self._end]

    @property
    def _end(self) -> int:
        source = self._source
        return self._at + (source.size or source.sizes.get(self._at, self.sizeof))

    def _member(self, cname: str) -> int:
        """A number in it that is no field of its own, such as a union's member, by its C name."""
        value = abi.target(self.system, self.machine).struct(self.struct).get(self.raw, cname)
        assert isinstance(value, int)
        return value

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The fields, in the struct's order."""
        return cls._fields if cls.machine else tuple(_declared(cls))

    def asdict(self) -> dict[str, object]:
        """Every field by its name."""
        bulk = type(self)._bulk
        if bulk is not None:
            return bulk(self._source, self._at)
        return {name: getattr(self, name) for name in self._fields}

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or type(self) is not type(other):
            return NotImplemented
        return self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __reduce__(self) -> tuple[Callable[..., Record], tuple[type[Record], str, bytes]]:
        generic = next(kind for kind in type(self).__mro__ if not vars(kind).get("machine"))
        return _rebuild, (cast(type[Record], generic), self.machine, self.raw)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({shown})"


# The slots' own setters, which know nothing of `Record.__setattr__`.
set_source: Final[Callable[[Record, Source], None]] = vars(Record)["_source"].__set__
set_at: Final[Callable[[Record, int], None]] = vars(Record)["_at"].__set__
_set_dict: Final[Callable[[Record, dict[str, Any]], None]] = vars(Record)["__dict__"].__set__


def _decoded(record: Record) -> bool:
    """Decode all fields of a record, if that can be done."""
    bulk = type(record)._bulk
    if bulk is None:
        return False
    _set_dict(record, bulk(record._source, record._at))
    return True


def _rebuild(kind: type[Record], machine: str, raw: bytes) -> Record:
    return kind.of(machine)(raw)


def made(kind: type[R], source: Source, at: int) -> R:
    """A record that is known to be all there."""
    found: R = object.__new__(kind)
    set_source(found, source)
    set_at(found, at)
    return found


def _equal(kind: type[R], data: bytes, size: int) -> list[R]:
    """Records of one size, made in bulk: each step runs over all of them in C."""
    total, source = len(data), Source(data, size)
    found: Table[R] = Table(map(object.__new__, repeat(kind, total // size)))
    deque(map(set_source, found, repeat(source)), maxlen=0)
    deque(map(set_at, found, range(0, total, size)), maxlen=0)
    source.rows(found)
    return found


_first: Final[Callable[[tuple[Any, ...]], Any]] = itemgetter(0)


class Expression(NamedTuple):
    """A field as a part of the function that decodes all of a record."""

    code: str
    """struct's letters for all its bytes."""
    value: str | None
    """What becomes of what was unpacked, v and the field's index (w for a second); None
    for itself."""
    space: dict[str, Any]
    """The other names in it."""
    after: tuple[str, ...] = ()
    """What is done once the value is in its place."""
    numbers: int = 1
    """How many numbers or bytes are unpacked."""


class Field(Generic[T]):
    """A field: its C name, and what becomes of what stands there.

    Read once, the value is kept in the record's dict, which Python looks into first."""

    __slots__ = ("_columns", "cname", "code", "convert", "memo", "name", "offset", "order", "size",
                 "unpack")
    ends: ClassVar[bool] = True
    """Whether a record goes to the end of it at least; a path at the end is cut."""
    remembers: ClassVar[bool] = True
    """Whether equal bytes give one and the same value, kept for the next record."""
    gives: ClassVar[str] = "object"
    """The Python type of its values, where that goes by the class (see `type_name`)."""

    def __init__(self, cname: str, convert: Callable[[Any], T] | None = None) -> None:
        self.cname = cname
        self.convert = convert
        self.memo: Memo | None = None
        self.name = ""
        self.offset = 0
        self.size = 0
        self.code = ""
        self.order = ""
        self.unpack = Packer("").unpack_from
        self._columns: dict[int, Packer] = {}

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def type_name(self) -> str:
        """The Python type of its values, for people."""
        return self.gives

    def __repr__(self) -> str:
        """What ``help(KinfoProc)`` shows of it: its C name and its type."""
        return f"<{self.cname}: {self.type_name()}>"

    def bind(self, target: abi.Target, layout: abi.Struct) -> Field[T]:
        """The same field where the machine's layout has it."""
        found = layout.field(self.cname)
        order = "<" if layout.byteorder == "little" else ">"
        bound = copy(self)
        bound.convert = self._converter(target, found)
        if bound.convert is not None and self.remembers:
            bound.memo = Memo(bound.convert)
            bound.convert = bound.memo.__getitem__
        bound.offset, bound.size = found.offset, found.size
        bound.code = found.letter or f"{found.size}s"
        bound.order = order
        bound.unpack = Packer(order + bound.code).unpack_from
        bound._columns = {}
        return bound

    def _converter(self, target: abi.Target, field: abi.Field) -> Callable[[Any], T] | None:
        """What turns the number or bytes into the value."""
        return self.convert

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Record, owner: type) -> T: ...
    def __get__(self, obj: Record | None, owner: type) -> T | Self:
        if obj is None:
            return self
        source, kept = obj._source, obj.__dict__
        result: T
        if source.mode:
            decoded = self._filled(source) or (source.mode == SPENT and _decoded(obj))
        else:
            decoded = len(kept) >= _EAGER and _decoded(obj)
        if decoded:
            result = obj.__dict__[self.name]
            return result
        result = kept[self.name] = self._single(source, obj._at)
        return result

    def _single(self, source: Source, at: int) -> Any:
        """The value in the record at `at`."""
        (value,) = self.unpack(source.data, at + self.offset)
        return value if self.convert is None else self.convert(value)

    def _filled(self, source: Source) -> bool:
        """Fill the column of all records of a table, if it is time to."""
        rows = source.wanted(self.name) if source.mode != SPENT else None
        if rows is None:
            return False
        packer = self._columns.get(source.size)
        if packer is None:
            rest = source.size - self.offset - self.size
            packer = Packer(f"{self.order}{self.offset}x{self.code}{rest}x")
            self._columns[source.size] = packer
        values = map(_first, packer.iter_unpack(source.data))
        fill(rows, self.name, values if self.convert is None else map(self.convert, values))
        return True

    def expression(self, index: int) -> Expression:
        """How all fields at once are decoded: this one, the record's `index`-th."""
        if self.convert is None:
            return Expression(self.code, None, {})
        if self.memo is None:
            return Expression(self.code, f"m{index}(v{index})", {f"m{index}": self.convert})
        return Expression(self.code, f"m{index}[v{index}]", {f"m{index}": self.memo})


class Number(Field[int]):
    """An integer or pointer as it stands; it is read again rather than remembered."""

    __slots__ = ()
    gives = "int"

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Record, owner: type) -> int: ...
    def __get__(self, obj: Record | None, owner: type) -> int | Self:
        if obj is None:
            return self
        source = obj._source
        value: int
        if source.mode and (self._filled(source) or (source.mode == SPENT and _decoded(obj))):
            value = obj.__dict__[self.name]
        else:
            value = self.unpack(source.data, obj._at + self.offset)[0]
        return value


def _declared(kind: type[Record]) -> dict[str, Field[Any]]:
    """The fields that a class and its bases name; overridden ones once."""
    found: dict[str, Field[Any]] = {}
    for owner in reversed(kind.__mro__):
        for name, value in vars(owner).items():
            if isinstance(value, Field):
                found[name] = value
    return found


_classes: Final[dict[tuple[type[Record], str], type[Record]]] = {}


def _bound(kind: type[Record], machine: str) -> type[Record]:
    """`kind` with its fields where the machine has them; made once."""
    if kind.machine:
        return kind
    found = _classes.get((kind, machine))
    if found is None:
        found = _classes[kind, machine] = _bind(kind, machine)
    return found


def _bind(kind: type[Record], machine: str) -> type[Record]:
    target = abi.target(kind.system, machine)
    layout = target.struct(kind.struct)
    fields = {name: field.bind(target, layout) for name, field in _declared(kind).items()}
    ordered = sorted(fields.values(), key=lambda field: field.offset)
    whole = all(field.ends for field in ordered)
    bulk = _bulk_reader(ordered, layout.byteorder) if whole else None
    members: dict[str, Any] = {
        **fields,
        "__slots__": (),
        "machine": machine,
        "sizeof": layout.size,
        "least": max(field.offset + field.size * field.ends for field in ordered),
        "_fields": tuple(field.name for field in ordered),
        "_bulk": None if bulk is None else staticmethod(bulk),
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
    }
    return type(kind.__name__, (kind,), members)


def _bulk_reader(
    fields: list[Field[Any]], byteorder: str
) -> Callable[[Source, int], dict[str, Any]] | None:
    """A function that decodes all fields of a record at once; None for a union's members.

    It is written out and compiled, as dataclasses' methods are: numbers go from the
    unpacked tuple straight into the dict, the others by way of a variable.  A loop over
    the fields would take twice as long, and so would a dict display of so many."""
    parts, at = ["<" if byteorder == "little" else ">"], 0
    space: dict[str, Any] = {"empty": dict.fromkeys(field.name for field in fields)}
    targets: list[str] = []
    lines: list[str] = []
    for index, field in enumerate(fields):
        if field.offset < at:
            return None
        found = field.expression(index)
        parts.append(f"{field.offset - at}x{found.code}")
        at = field.offset + field.size
        place = f"kept[{field.name!r}]"
        if found.value is None:
            targets.append(place)
        else:
            targets += [f"{letter}{index}" for letter in "vw"[: found.numbers]]
            lines.append(f" {place} = {found.value}")
            lines += [f" {line}" for line in found.after]
        space |= found.space
    space["unpack"] = Packer("".join(parts)).unpack_from
    source = "\n".join([
        "def decode(source, at):", " kept = empty.copy()",
        f" {', '.join(targets)}, = unpack(source.data, at)", *lines, " return kept",
    ])
    exec(source, space)
    decode: Callable[[Source, int], dict[str, Any]] = space["decode"]
    return decode
