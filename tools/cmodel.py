"""A small model of C types, with the rows that measurements and declarations share.

Both the reader of debug information (`abi_dwarf`) and that of the C texts (`ctext`) build
it, so that one `describe` writes either in the schema of the recorded measurements::

    {"size": 8, "fields": [{"name": "piod_op", "offset": 0, "size": 4, "kind": "int"}, ...]}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Scalar:
    """A base type: kind is "int", "uint", "char", "bool" or "float"."""

    name: str
    size: int
    kind: str
    align: int = 0


@dataclass(eq=False)
class Enum:
    tag: str | None
    values: dict[str, int]
    size: int = 4
    file: str = ""


@dataclass(eq=False)
class Pointer:
    size: int
    target: Type | None
    """What it points to; None is void."""
    const: bool = False


@dataclass(eq=False)
class Array:
    element: Type
    dims: tuple[int, ...]


@dataclass(eq=False)
class Member:
    name: str | None
    """None for an anonymous struct or union."""
    type: Type
    offset: int = 0
    bits: int | None = None
    align: int = 1
    """The least alignment that the declaration asks for."""


@dataclass(eq=False)
class Record:
    keyword: str
    """"struct" or "union"."""
    tag: str | None
    file: str = ""
    """Where it is declared."""
    size: int = 0
    align: int = 1
    """Of the whole, as laid out; the least one before that (an `__aligned`)."""
    packed: bool = False
    attributes: bool = False
    """Whether the text gives it an attribute that its layout may depend on."""
    complete: bool = True
    members: list[Member] = field(default_factory=list)


@dataclass(eq=False)
class Typedef:
    name: str
    type: Type | None
    file: str = ""


@dataclass(eq=False)
class Function:
    """A function type: only ever pointed to."""

    result: Type | None = None
    parameters: tuple[Type | None, ...] = ()


Type: TypeAlias = Scalar | Enum | Pointer | Array | Record | Typedef | Function
Row: TypeAlias = dict[str, object]


def resolve(made: Type | None) -> Type | None:
    """The type behind typedefs; None is void."""
    while isinstance(made, Typedef):
        made = made.type
    return made


def size_of(made: Type | None) -> int:
    match resolve(made):
        case Scalar(size=size) | Enum(size=size) | Pointer(size=size) | Record(size=size):
            return size
        case Array(element=element, dims=dims):
            total = size_of(element)
            for count in dims:
                total *= count
            return total
    raise ValueError("a function or void has no size")


def describe(made: Type, elements: bool = False) -> Row:
    """One type in the schema of the measurements.

    Members of an anonymous struct or union stand with their own names and the offsets of
    the whole; members of a struct or union whose type has no tag follow it, with dotted
    names.  With `elements`, so do those of an array's first element ("sv_fp[].fp_acc"), which
    the schema leaves out.
    """
    real = resolve(made)
    if isinstance(real, Record):
        return {"size": real.size, "fields": list(_rows(real, "", 0, elements))}
    return {"size": size_of(real), "kind": kind_of(real)}


def kind_of(made: Type | None) -> str:
    match resolve(made):
        case Scalar(kind=kind):
            return kind
        case Enum():
            return "enum"
        case Pointer():
            return "pointer"
        case Record(keyword=keyword):
            return keyword
        case Array():
            return "array"
    raise ValueError("a function or void is no member's type")


def _rows(record: Record, prefix: str, base: int, elements: bool) -> Iterator[Row]:
    for member in record.members:
        real = resolve(member.type)
        if member.name is None:
            assert isinstance(real, Record)
            yield from _rows(real, prefix, base + member.offset, elements)
            continue
        if member.bits is not None:
            raise ValueError(f"{record.keyword} {record.tag}: {member.name} is a bit field")
        row: Row = {
            "name": prefix + member.name,
            "offset": base + member.offset,
            "size": size_of(real),
            "kind": kind_of(real),
        }
        inner, suffix = real, "."
        if isinstance(real, Array):
            dims, element = flatten(real)
            inner, suffix = (element, "[].") if elements else (real, "")
            row |= {"element": kind_of(element), "element_size": size_of(element), "dims": dims}
            if isinstance(element, Record) and element.tag:
                row["struct"] = element.tag
        if isinstance(real, Record) and real.tag:
            row["struct"] = real.tag
        yield row
        if isinstance(inner, Record) and not inner.tag:
            path = f"{prefix}{member.name}{suffix}"
            yield from _rows(inner, path, base + member.offset, elements)


def flatten(array: Array) -> tuple[list[int], Type]:
    """All dimensions of an array, those of an element that is itself one too."""
    dims = list(array.dims)
    element = resolve(array.element)
    while isinstance(element, Array):
        dims.extend(element.dims)
        element = resolve(element.element)
    assert element is not None
    return dims, element
