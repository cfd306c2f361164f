"""Records that a kernel hands out, decoded field by field when they are asked for.

A table of ten thousand processes is cut into records at once, and a record keeps
where its bytes lie.  A number is decoded when it is read; what takes a conversion
(flags, strings, sets) is remembered as well, and a record of which several such are
read decodes the rest in one go.  Records are immutable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from enum import Flag, IntEnum
from itertools import repeat
from struct import Struct as Packer
from typing import Any, ClassVar, Final, Generic, Literal, Self, TypeVar, cast, overload

from bsdproc import abi
from bsdproc.typed.sigset import SigSets

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
    """The system whose it is; set by each surface's own base class."""
    struct: ClassVar[str] = ""
    """Its C name."""
    machine: ClassVar[str] = ""
    """The machine whose layout it has; "" for the class that names the fields."""
    sizeof: ClassVar[int] = 0
    """Bytes of the whole struct."""
    least: ClassVar[int] = 0
    """Bytes that a record has at least: to the end of its last field, but for a path."""
    _fields: ClassVar[tuple[str, ...]] = ()
    _bulk: ClassVar[Callable[[bytes, int], dict[str, Any]] | None] = None

    __slots__ = ("__dict__", "_at", "_data", "_end")
    _data: bytes
    _at: int
    _end: int

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        """The record of `data` from `at` to `end`, by a class for a machine (see `of`).

        `Malformed` for too few bytes."""
        end = len(data) if end is None else end
        if at < 0 or end > len(data) or end - at < self.least or not self.machine:
            raise Malformed(f"{self.struct} takes {self.least} bytes, {end - at} are there")
        _set_data(self, data)
        _set_at(self, at)
        _set_end(self, end)

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
        order = "<" if target.byteorder == "little" else ">"
        first = int.from_bytes(data[:4], target.byteorder, signed=True)
        if first >= max(kind.least, 4) and len(data) % first == 0:
            sizes = Packer(f"{order}i{first - 4}x")
            if all(size == first for (size,) in sizes.iter_unpack(data)):
                return _equal(kind, data, first)
        return list(kind._cut(data, target.byteorder))

    @classmethod
    def _cut(cls, data: bytes, byteorder: Literal["little", "big"]) -> Iterator[Self]:
        total, at = len(data), 0
        while at < total:
            size = int.from_bytes(data[at : at + 4], byteorder, signed=True)
            if size < max(cls.least, 4) or at + size > total:
                raise Malformed(
                    f"{cls.struct} at {at} says that it has {size} bytes: it has {cls.least} or "
                    f"more, and {total - at} are left"
                )
            yield cls(data, at, at + size)
            at += size

    # -- values -----------------------------------------------------------------
    @property
    def raw(self) -> bytes:
        """The bytes of this record."""
        return self._data[self._at : self._end]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The fields, in the struct's order."""
        return cls._fields if cls.machine else tuple(_declared(cls))

    def asdict(self) -> dict[str, object]:
        """Every field by its name."""
        bulk = type(self)._bulk
        if bulk is not None:
            return bulk(self._data, self._at)
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
_set_data: Final[Callable[[Record, bytes], None]] = vars(Record)["_data"].__set__
_set_at: Final[Callable[[Record, int], None]] = vars(Record)["_at"].__set__
_set_end: Final[Callable[[Record, int], None]] = vars(Record)["_end"].__set__
_set_dict: Final[Callable[[Record, dict[str, Any]], None]] = vars(Record)["__dict__"].__set__


def _rebuild(kind: type[Record], machine: str, raw: bytes) -> Record:
    return kind.of(machine)(raw)


def _equal(kind: type[R], data: bytes, size: int) -> list[R]:
    """Records of one size, made in bulk: each step runs over all of them in C."""
    count = len(data) // size
    found: list[R] = list(map(object.__new__, repeat(kind, count)))
    for each in (
        map(_set_data, found, repeat(data)),
        map(_set_at, found, range(0, len(data), size)),
        map(_set_end, found, range(size, len(data) + 1, size)),
    ):
        deque(each, maxlen=0)
    return found


class Field(Generic[T]):
    """A field: its C name, and what becomes of what stands there.

    Read once, the value is kept in the record's dict, which Python looks into first."""

    __slots__ = ("cname", "code", "convert", "memo", "name", "offset", "size", "unpack")
    remembers: ClassVar[bool] = True
    """Whether equal bytes give one and the same value, kept for the next record."""

    def __init__(self, cname: str, convert: Callable[[Any], T] | None = None) -> None:
        self.cname = cname
        self.convert = convert
        self.memo: Memo | None = None
        self.name = ""
        self.offset = 0
        self.size = 0
        self.code = ""
        self.unpack = Packer("").unpack_from

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

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
        bound.unpack = Packer(order + bound.code).unpack_from
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
        kept = obj.__dict__
        if len(kept) >= _EAGER:
            bulk: Callable[[bytes, int], dict[str, Any]] | None = owner._bulk  # type: ignore[attr-defined]
            if bulk is not None:
                kept = bulk(obj._data, obj._at)
                _set_dict(obj, kept)
                all_at_once: T = kept[self.name]
                return all_at_once
        (value,) = self.unpack(obj._data, obj._at + self.offset)
        if self.convert is not None:
            value = self.convert(value)
        kept[self.name] = value
        result: T = value
        return result


class Number(Field[int]):
    """An integer or pointer as it stands; it is read again rather than remembered."""

    __slots__ = ()

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Record, owner: type) -> int: ...
    def __get__(self, obj: Record | None, owner: type) -> int | Self:
        if obj is None:
            return self
        value: int = self.unpack(obj._data, obj._at + self.offset)[0]
        return value


class Enumerated(Field[E | int], Generic[E]):
    """An integer that an enum names; an unknown one stays an integer."""

    __slots__ = ()

    def __init__(self, cname: str, kind: type[E]) -> None:
        members = kind._value2member_map_
        super().__init__(cname, lambda value: members.get(value, value))


class Flagged(Field[F], Generic[F]):
    """A word of flags, unsigned; unknown bits are kept."""

    __slots__ = ()

    def __init__(self, cname: str, kind: type[F]) -> None:
        def convert(value: int) -> F:
            return kind(value & 0xFFFFFFFF if value < 0 else value)

        super().__init__(cname, convert)


def text(value: bytes) -> str:
    """A char array up to its NUL."""
    return value.partition(b"\0")[0].decode("utf-8", "surrogateescape")


class Text(Field[str]):
    """A char array up to its NUL."""

    __slots__ = ()

    def __init__(self, cname: str) -> None:
        super().__init__(cname, text)


class SignalSet(Field[frozenset[E | int]], Generic[E]):
    """A sigset_t."""

    __slots__ = ("sets",)

    def __init__(self, cname: str, sets: SigSets[E]) -> None:
        super().__init__(cname)
        self.sets = sets

    def _converter(
        self, target: abi.Target, field: abi.Field
    ) -> Callable[[Any], frozenset[E | int]]:
        decode, order = self.sets.decode, target.byteorder
        return lambda value: decode(value, order)


class Seconds(Field[float]):
    """A struct timeval as seconds."""

    __slots__ = ()

    def _converter(self, target: abi.Target, field: abi.Field) -> Callable[[Any], float]:
        read = target.struct("struct timeval").reader("tv_sec", "tv_usec")

        def convert(value: bytes) -> float:
            seconds, micros = read(value, 0)
            return seconds + micros / 1_000_000

        return convert


class Numbers(Field[tuple[int, ...]]):
    """An array of integers."""

    __slots__ = ()

    def _converter(self, target: abi.Target, field: abi.Field) -> Callable[[Any], tuple[int, ...]]:
        width = field.element_size or 1
        codes = "bhiq" if field.signed else "BHIQ"
        letter = dict(zip((1, 2, 4, 8), codes, strict=True))[width]
        order = "<" if target.byteorder == "little" else ">"
        return Packer(f"{order}{field.size // width}{letter}").unpack


class Pair(Field[tuple[int, int]]):
    """An array of two integers."""

    __slots__ = ()

    def _converter(self, target: abi.Target, field: abi.Field) -> Callable[[Any], tuple[int, int]]:
        return Numbers(self.cname)._converter(target, field)  # type: ignore[return-value]


class Nested(Field[R], Generic[R]):
    """A struct inside, a record of its own."""

    __slots__ = ("kind",)
    remembers = False

    def __init__(self, cname: str, kind: type[R]) -> None:
        super().__init__(cname)
        self.kind = kind

    def _converter(self, target: abi.Target, field: abi.Field) -> Callable[[Any], R]:
        return self.kind.of(target.machine)


class Tail(Field[str]):
    """A path at the end of a record, which is cut to its length."""

    __slots__ = ()

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Record, owner: type) -> str: ...
    def __get__(self, obj: Record | None, owner: type) -> str | Self:
        if obj is None:
            return self
        start = obj._at + self.offset
        value = text(obj._data[start : min(obj._end, start + self.size)])
        obj.__dict__[self.name] = value
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
    tails = [field for field in ordered if isinstance(field, Tail)]
    ends = [field.offset if field in tails else field.offset + field.size for field in ordered]
    bulk = _bulk_reader(ordered, layout.byteorder)
    members: dict[str, Any] = {
        **fields,
        "__slots__": (),
        "machine": machine,
        "sizeof": layout.size,
        "least": max(ends),
        "_fields": tuple(field.name for field in ordered),
        "_bulk": None if tails or bulk is None else staticmethod(bulk),
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
    }
    return type(kind.__name__, (kind,), members)


def _bulk_reader(
    fields: list[Field[Any]], byteorder: str
) -> Callable[[bytes, int], dict[str, Any]] | None:
    """A function that decodes all fields of a record at once; None for a union's members.

    It is written out as one expression and compiled, as dataclasses' methods are:
    a loop over the fields would take twice as long."""
    parts, at = ["<" if byteorder == "little" else ">"], 0
    for field in fields:
        if field.offset < at:
            return None
        parts.append(f"{field.offset - at}x{field.code}")
        at = field.offset + field.size
    space: dict[str, Any] = {"unpack": Packer("".join(parts)).unpack_from}
    names, values = [], []
    for index, field in enumerate(fields):
        names.append(f"v{index}")
        value = f"v{index}"
        if field.memo is not None:
            space[f"m{index}"] = field.memo
            value = f"m{index}[{value}]"
        elif field.convert is not None:
            space[f"m{index}"] = field.convert
            value = f"m{index}({value})"
        values.append(f"{field.name!r}: {value}")
    source = (f"def decode(data, at):\n {', '.join(names)}, = unpack(data, at)\n"
              f" return {{{', '.join(values)}}}")
    exec(source, space)
    decode: Callable[[bytes, int], dict[str, Any]] = space["decode"]
    return decode
