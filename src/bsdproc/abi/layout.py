"""Structs of a target: where their fields lie, and reading and writing them.

Sizes and offsets are those of the generated cffi modules; the values are read with the struct
module, because cffi knows the host's byte order only.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Protocol, TypeAlias, cast

from bsdproc.abi import codec
from bsdproc.abi.codec import ByteOrder, Codec, Data, Value
from bsdproc.abi.errors import Truncated, UnknownField

HOLE = "__hole"
"""How generated members begin that stand for padding."""


class CField(Protocol):
    """A member, as cffi tells it."""

    type: CType
    offset: int


class CType(Protocol):
    """A C type, as cffi tells it."""

    kind: str
    cname: str
    fields: list[tuple[str, CField]]
    item: CType
    length: int
    elements: dict[int, str]


SizeOf: TypeAlias = Callable[[CType], int]


class Reader(Protocol):
    """Reads the numbers that `Struct.reader` was asked for from a record at `offset`."""

    def __call__(self, data: Data, offset: int = 0) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a struct or union.

    Members of an anonymous struct or union are the enclosing one's own.
    """

    name: str
    offset: int
    """In bytes from the struct's beginning."""
    size: int
    kind: str
    """"int", "uint", "char" (a one-byte number), "bool", "enum", "pointer", "float", "array",
    "struct" or "union"."""
    signed: bool = False
    element: str | None = None
    """An array's elements: their kind .."""
    element_size: int | None = None
    dims: tuple[int, ...] = ()
    """.. and how many there are in each dimension."""
    struct: Struct | None = None
    """Of a struct, a union or an array of them."""
    codec: Codec | None = field(default=None, repr=False, compare=False)

    @property
    def letter(self) -> str | None:
        """The struct module's code, for a number that it knows."""
        if self.kind in {"array", "struct", "union"}:
            return None
        return codec.code(self.kind, self.size, self.signed)


class Struct:
    """The layout of a C struct or union on one target.

    `name` is its C name ("struct reg", "siginfo_t"), and for one that has none the path of
    the member that it is the type of.  `tag` is the name after the keyword, if it has one.
    """

    def __init__(self, name: str, ctype: CType, sizeof: SizeOf, order: ByteOrder) -> None:
        self.name = name
        self.size = sizeof(ctype)
        self.union = ctype.kind == "union"
        self.byteorder: ByteOrder = order
        self._ctype = ctype
        self._sizeof = sizeof
        self._readers: dict[tuple[str, ...], Reader] = {}

    def __repr__(self) -> str:
        return f"<{self.name}, {self.size} bytes, {self.byteorder}-endian>"

    @property
    def tag(self) -> str | None:
        """What stands behind struct or union; None for one without a name of its own."""
        _, _, tag = self._ctype.cname.partition(" ")
        return tag if tag and not tag.startswith("$") else None

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The members, in the order of their declaration."""
        return tuple(
            _field(self, name, one.offset, one.type)
            for name, one in self._ctype.fields
            if not name.startswith(HOLE)
        )

    @cached_property
    def _fields(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    @cached_property
    def _places(self) -> dict[str, tuple[Codec, int]]:
        places: dict[str, tuple[Codec, int]] = {}
        for one in self.fields:
            assert one.codec is not None
            places[one.name] = one.codec, one.offset
        return places

    def field(self, name: str) -> Field:
        """A member by name; "a.b" is b of the struct a, its offset counted in this struct.

        Raises `UnknownField`.
        """
        try:
            return self._fields[name]
        except KeyError:
            outer, dot, inner = name.partition(".")
            parent = self._fields.get(outer)
            if dot and parent and parent.struct and parent.kind != "array":
                found = parent.struct.field(inner)
                return Field(
                    name, parent.offset + found.offset, found.size, found.kind, found.signed,
                    found.element, found.element_size, found.dims, found.struct, found.codec,
                )  # fmt: skip
        raise UnknownField(f"{self.name} has no field {name!r}") from None

    def _place(self, name: str) -> tuple[Codec, int]:
        try:
            return self._places[name]
        except KeyError:
            found = self.field(name)
            assert found.codec is not None
            self._places[name] = found.codec, found.offset
            return self._places[name]

    def _check(self, data: Data, offset: int) -> None:
        if offset < 0:
            raise ValueError(f"offset {offset} is negative")
        if len(data) - offset < self.size:
            raise Truncated(
                f"{self.name} takes {self.size} bytes, {max(0, len(data) - offset)} are there"
            )

    # -- reading -------------------------------------------------------------
    @cached_property
    def _steps(self) -> list[tuple[tuple[str, ...], struct.Struct | Codec, int]]:
        """How the whole is read: runs of numbers at once, anything else by itself."""
        steps: list[tuple[tuple[str, ...], struct.Struct | Codec, int]] = []
        run: list[Field] = []

        def flush() -> None:
            if run:
                names = tuple(one.name for one in run)
                steps.append((names, _run(run, run[0].offset, self.byteorder), run[0].offset))
                run.clear()

        for one in self.fields:
            if one.letter is None:
                flush()
                assert one.codec is not None
                steps.append(((one.name,), one.codec, one.offset))
                continue
            if run and one.offset < run[-1].offset + run[-1].size:
                flush()
            run.append(one)
        flush()
        return steps

    def unpack(self, data: Data, offset: int = 0) -> dict[str, Value]:
        """The whole record: every field's value by name; `Truncated` for too few bytes.

        Numbers and pointers are ints, floats floats, char arrays bytes as stored, other
        arrays tuples, structs and unions dicts.
        """
        self._check(data, offset)
        values: dict[str, Value] = {}
        for names, step, place in self._steps:
            if isinstance(step, struct.Struct):
                values.update(zip(names, step.unpack_from(data, offset + place), strict=True))
            else:
                values[names[0]] = step.decode(data, offset + place)
        return values

    def get(self, data: Data, name: str, offset: int = 0) -> Value:
        """One field's value, as `unpack` gives it; dotted names reach into nested structs."""
        self._check(data, offset)
        one, place = self._place(name)
        return one.decode(data, offset + place)

    def reader(self, *names: str) -> Reader:
        """A function of data and offset that reads just these numbers, in this order.

        It is compiled once for these names.  They may be dotted; the fields are integers of up
        to 8 bytes, pointers, enums or floats, not arrays or structs (`ValueError`).  It needs
        the bytes up to the last of them only (`Truncated`).
        """
        known = self._readers.get(names)
        if known is None:
            known = self._readers[names] = self._reader(names)
        return known

    def _reader(self, names: tuple[str, ...]) -> Reader:
        fields = [self.field(name) for name in names]
        for one in fields:
            if one.letter is None:
                raise ValueError(f"{self.name}: {one.name} is no number that a reader takes")
        fetch = self._fetcher(fields)

        def read(data: Data, offset: int = 0) -> tuple[int, ...]:
            if offset < 0:
                raise ValueError(f"offset {offset} is negative")
            try:
                return fetch(data, offset)
            except struct.error:
                raise Truncated(
                    f"{self.name}: {len(data)} bytes are too few at offset {offset}"
                ) from None

        return read

    def _fetcher(self, fields: Sequence[Field]) -> Callable[[Data, int], tuple[int, ...]]:
        ordered = sorted(fields, key=lambda one: one.offset)
        if any(two.offset < one.offset + one.size for one, two in pairwise(ordered)):
            parts = [_run([one], 0, self.byteorder).unpack_from for one in fields]
            return lambda data, offset: tuple(part(data, offset)[0] for part in parts)
        fetch = _run(ordered, 0, self.byteorder).unpack_from
        if ordered == fields:
            return fetch
        pick = operator.itemgetter(*(ordered.index(one) for one in fields))
        return lambda data, offset: cast(tuple[int, ...], pick(fetch(data, offset)))

    # -- writing -------------------------------------------------------------
    def pack(self, values: Mapping[str, Value]) -> bytes:
        """The record with these values; fields that are not named are zero.

        Raises `UnknownField`, and `ValueError` or `TypeError` for a value that does not fit.
        """
        names, whole = self._flat
        if whole is not None and len(values) == len(names):
            try:
                return whole.pack(*map(values.__getitem__, names))
            except (KeyError, struct.error):
                pass  # field by field, which tells the one that is wrong
        data = bytearray(self.size)
        self.fill(data, 0, values)
        return bytes(data)

    @cached_property
    def _flat(self) -> tuple[tuple[str, ...], struct.Struct | None]:
        """All names and one format, for a record of nothing but numbers: most register sets."""
        if len(self._steps) == 1 and not self.union:
            names, step, _ = self._steps[0]
            if isinstance(step, struct.Struct):
                return names, _run(self.fields, 0, self.byteorder, self.size)
        return (), None

    def fill(self, data: bytearray, offset: int, values: Mapping[str, Value]) -> None:
        """Write these fields into a record that lies at `offset`."""
        self._check(data, offset)
        if not self.union:
            for name, value in values.items():
                self._encode(data, offset, name, value)
            return
        # Where members overlap, the ones that keep every bit come last.
        for name in sorted(values, key=self._loses_bits, reverse=True):
            self._encode(data, offset, name, values[name])

    def _loses_bits(self, name: str) -> bool:
        found = self.field(name)
        return "float" in (found.kind, found.element)

    def _encode(self, data: bytearray, offset: int, name: str, value: Value) -> None:
        one, place = self._place(name)
        try:
            one.encode(data, offset + place, value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.name}: {name}: {error}") from None

    def put(self, data: bytearray, name: str, value: Value, offset: int = 0) -> None:
        """Write one field of a record that lies at `offset`; dotted names are taken."""
        self._check(data, offset)
        self._encode(data, offset, name, value)


def _run(
    fields: Sequence[Field], start: int, order: ByteOrder, end: int | None = None
) -> struct.Struct:
    """One format for numbers that follow each other, from `start` on and up to `end`."""
    parts = ["<" if order == "little" else ">"]
    for one in fields:
        letter = one.letter
        assert letter is not None
        parts.append(f"{one.offset - start}x{letter}")
        start = one.offset + one.size
    if end is not None:
        parts.append(f"{end - start}x")
    return struct.Struct("".join(parts))


_PRIMITIVES = {
    "char": ("char", True), "signed char": ("char", True), "unsigned char": ("char", False),
    "int16_t": ("int", True), "int32_t": ("int", True), "int64_t": ("int", True),
    "uint16_t": ("uint", False), "uint32_t": ("uint", False), "uint64_t": ("uint", False),
    "_Bool": ("bool", False), "float": ("float", True), "double": ("float", True),
    "union bsdproc_pointer": ("pointer", False),
    "struct bsdproc_int128": ("int", True), "struct bsdproc_uint128": ("uint", False),
    "struct bsdproc_float96": ("float", True), "struct bsdproc_float128": ("float", True),
}  # fmt: skip


def primitive(ctype: CType) -> tuple[str, bool] | None:
    """(kind, signed) of a scalar as the layouts write it, None for a struct or an array."""
    if ctype.kind == "enum":
        return "enum", any(value < 0 for value in ctype.elements)
    return _PRIMITIVES.get(ctype.cname)


def _dimensions(ctype: CType) -> Iterator[CType]:
    while ctype.kind == "array":
        yield ctype
        ctype = ctype.item


def _field(owner: Struct, name: str, offset: int, ctype: CType) -> Field:
    sizeof, order = owner._sizeof, owner.byteorder
    size = sizeof(ctype)
    levels = list(_dimensions(ctype))
    element = levels[-1].item if levels else ctype
    element_size = sizeof(element)
    scalar = primitive(element)
    nested: Struct | None = None
    one: Codec
    if scalar is None:
        full = element.cname if "$" not in element.cname else f"{owner.name}.{name}"
        nested = Struct(full, element, sizeof, order)
        one, kind, signed = codec.Nested(nested), element.kind, False
    else:
        kind, signed = scalar
        letter = codec.code(kind, element_size, signed)
        if letter is not None:
            one = codec.Number(letter, order)
        elif kind == "float":
            one = codec.Bytes(element_size, exact=True)
        else:
            one = codec.WideInteger(element_size, signed, order)
    if not levels:
        return Field(name, offset, size, kind, signed, struct=nested, codec=one)
    inner = element_size
    for level in reversed(levels):
        if kind == "char" and level is levels[-1]:
            one = codec.Bytes(level.length, exact=False)
        elif isinstance(one, codec.Number):
            one = codec.Numbers(one.letter, level.length, order)
        else:
            one = codec.Array(one, inner, level.length)
        inner *= level.length
    dims = tuple(level.length for level in levels)
    return Field(name, offset, size, "array", signed, kind, element_size, dims, nested, one)
