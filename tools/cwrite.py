"""Writes laid-out C types as text that cffi reads.

`packed` is for layouts of any target on any host: fixed-width scalars, every hole a member,
to be read with cffi's packed=True.  `plain` is for a module built by the target's compiler:
the types as they were written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import count

from cmodel import (
    Array,
    Enum,
    Function,
    Pointer,
    Record,
    Scalar,
    Type,
    Typedef,
    resolve,
    size_of,
)
from ctext import Text, scalars

HOLE = "__hole"
"""How the members begin that stand for padding."""


def packed(text: Text) -> str:
    """All of a text, for cffi in ABI mode with packed=True.

    A pointer becomes `union bsdproc_pointer`, a number wider than C's on the host
    `struct bsdproc_int128`, `bsdproc_uint128` or `bsdproc_float96`.
    """
    word = 8 * text.machine.pointer
    writer = _Packed(text)
    lines = [
        f"union bsdproc_pointer {{ uint{word}_t address; }};",
        "struct bsdproc_int128 { unsigned char bytes[16]; };",
        "struct bsdproc_uint128 { unsigned char bytes[16]; };",
        "struct bsdproc_float128 { unsigned char bytes[16]; };",
        "struct bsdproc_float96 { unsigned char bytes[12]; };",
        *map(writer.declaration, text.declarations),
        *(f"#define {name} {value}" for name, value in text.constants.items()),
    ]
    return "\n".join(lines) + "\n"


def plain(text: Text, names: Collection[str] | None = None) -> str:
    """A text for cffi in API mode, a declaration a line; with `names`, only these and the
    types they need.

    Constants are left for the compiler to give ("#define NAME ..."), and so is the layout of
    a struct that cffi could not check: with an attribute, or a member that it cannot have.
    """
    writer = _Plain()
    wanted = None if names is None else set(_needed(text, names))
    lines = [
        writer.declaration(made)
        for made in text.declarations
        if wanted is None or _name(made) in wanted
    ]
    lines += [
        f"#define {name} ..."
        for name in text.constants
        if name not in text.strings and (names is None or name in names)
    ]
    return "\n".join(lines) + "\n"


def _name(made: Record | Enum | Typedef) -> str:
    match made:
        case Record(keyword=keyword, tag=tag):
            return f"{keyword} {tag}"
        case Enum(tag=tag):
            return f"enum {tag}"
        case Typedef(name=name):
            return name


def _needed(text: Text, names: Iterable[str]) -> Iterator[str]:
    """The declared types that some of them need, these included."""
    types = text.types
    stack: list[Type | None] = [types[name] for name in names if name in types]
    seen: set[int] = set()
    while stack:
        made = stack.pop()
        if made is None or id(made) in seen:
            continue
        seen.add(id(made))
        match made:
            case Record(members=members):
                stack.extend(member.type for member in members)
            case Typedef(type=target) | Pointer(target=target):
                stack.append(target)
            case Array(element=element):
                stack.append(element)
            case Function(result=result, parameters=parameters):
                stack.extend((result, *parameters))
        if isinstance(made, Record | Enum | Typedef):
            yield _name(made)


class _Writer:
    """C's declaration syntax; how a base type and a pointer are written is the subclass's."""

    def scalar(self, made: Scalar) -> str:
        raise NotImplementedError

    def pointer(self, made: Pointer, name: str) -> str:
        raise NotImplementedError

    def body(self, record: Record) -> str:
        raise NotImplementedError

    def declaration(self, made: Record | Enum | Typedef) -> str:
        match made:
            case Record(keyword=keyword, tag=tag):
                return f"{keyword} {tag} {{ {self.body(made)}}};"
            case Enum(tag=tag, values=values):
                listed = ", ".join(f"{name} = {value}" for name, value in values.items())
                return f"enum {tag} {{ {listed} }};"
            case Typedef(name=name, type=target):
                return f"typedef {self.declare(target, name)};"

    def declare(self, made: Type | None, name: str) -> str:
        """A declaration of `name` with a type."""
        match made:
            case None:
                return f"void {name}".rstrip()
            case Scalar():
                return f"{self.scalar(made)} {name}".rstrip()
            case Typedef(name=alias):
                return f"{alias} {name}".rstrip()
            case Enum(tag=str(tag)):
                return f"enum {tag} {name}".rstrip()
            case Enum(values=values):
                listed = ", ".join(f"{one} = {value}" for one, value in values.items())
                return f"enum {{ {listed} }} {name}".rstrip()
            case Record(keyword=keyword, tag=str(tag)):
                return f"{keyword} {tag} {name}".rstrip()
            case Record(keyword=keyword):
                return f"{keyword} {{ {self.body(made)}}} {name}".rstrip()
            case Pointer():
                return self.pointer(made, name)
            case Array(element=element, dims=dims):
                return self.declare(element, name + "".join(f"[{one}]" for one in dims))
            case Function(result=result, parameters=parameters):
                listed = ", ".join(self.declare(one, "") for one in parameters) or "void"
                return self.declare(result, f"{name}({listed})")


class _Plain(_Writer):
    def scalar(self, made: Scalar) -> str:
        return made.name

    def pointer(self, made: Pointer, name: str) -> str:
        inner = f"(*{name})" if isinstance(made.target, Function | Array) else f"*{name}"
        return ("const " if made.const else "") + self.declare(made.target, inner)

    def body(self, record: Record) -> str:
        wide = [member for member in record.members if _unwritable(member.type)]
        lines = [
            self.declare(member.type, member.name or "") + "; "
            for member in record.members
            if member not in wide
        ]
        if wide or record.attributes:
            lines.append("...; ")
        return "".join(lines)


def _unwritable(made: Type | None) -> bool:
    """Whether cffi cannot have a member of that type in API mode.

    It knows no 128-bit integers, and no partial struct without a name or pointers to one.
    """
    if isinstance(made, Typedef) and isinstance(made.type, Record):
        return False
    match resolve(made):
        case Array(element=element):
            return _unwritable(element)
        case Pointer(target=Record(tag=None)):
            return True
        case Record(tag=None, attributes=attributes, members=members):
            return attributes or any(_unwritable(member.type) for member in members)
        case Scalar(size=size, kind="int" | "uint"):
            return size > 8
    return False


class _Packed(_Writer):
    def __init__(self, text: Text) -> None:
        self.holes = count()
        self.char = scalars(text.machine)["char"]
        self.plain_char = "signed char" if text.machine.char_signed else "unsigned char"

    def scalar(self, made: Scalar) -> str:
        bits = 8 * made.size
        match made.kind:
            case "char":
                if made.name == "char":
                    return self.plain_char
                unsigned = made.name in {"uint8_t", "unsigned char"}
                return "unsigned char" if unsigned else "signed char"
            case "bool":
                return "_Bool"
            case "float" if bits <= 64:
                return "float" if bits == 32 else "double"
            case kind if bits > 64:
                return f"struct bsdproc_{kind}{bits}"
            case kind:
                return f"{kind}{bits}_t"

    def pointer(self, made: Pointer, name: str) -> str:
        return f"union bsdproc_pointer {name}".rstrip()

    def declare(self, made: Type | None, name: str) -> str:
        if isinstance(made, Typedef) and isinstance(made.type, Scalar | Pointer | Typedef):
            return self.declare(made.type, name)
        if isinstance(made, Array) and made.element == self.char:
            return f"char {name}" + "".join(f"[{one}]" for one in made.dims)
        return super().declare(made, name)

    def body(self, record: Record) -> str:
        return "".join(self._members(record))

    def _members(self, record: Record) -> Iterator[str]:
        end = 0
        for member in record.members:
            if record.keyword == "struct":
                yield self._hole(member.offset - end)
                end = member.offset + size_of(member.type)
            else:
                end = max(end, size_of(member.type))
            yield self.declare(member.type, member.name or "") + "; "
        if record.keyword == "struct":
            yield self._hole(record.size - end)
        elif record.size > end:
            yield self._hole(record.size)

    def _hole(self, size: int) -> str:
        return f"char {HOLE}{next(self.holes)}[{size}]; " if size else ""
