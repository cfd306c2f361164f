"""Reads the C texts of `bsdproc.abi` and lays their types out as a target's compiler does.

A text is plain C: typedefs, structs, unions, enumerations, `#define NAME value` with a
number, and `#include "other.h"` beside it.  `__packed` and `__aligned(N)` may follow a
struct's closing brace, `__aligned(N)` a member; types are otherwise laid out by the target's
own rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pycparser import c_ast, c_parser

from bsdproc.abi.machines import Machine
from cmodel import (
    Array,
    Enum,
    Function,
    Member,
    Pointer,
    Record,
    Scalar,
    Type,
    Typedef,
    resolve,
    size_of,
)

_INCLUDE = re.compile(r'^#include "([^"]+)"$', re.MULTILINE)
_DEFINE = re.compile(r"^#define (\w+) (\S+)(?: /\* (a string) \*/)?$", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ATTRIBUTES = re.compile(r"\}((?: __packed| __aligned\(\d+\))+);")
_ALIGNED_MEMBER = re.compile(r" __aligned\((\d+)\);")
_MARK = re.compile(r"__(packed|aligned|member)_(\d+)__")

_PRELUDE = """
typedef signed char int8_t; typedef unsigned char uint8_t;
typedef short int16_t; typedef unsigned short uint16_t;
typedef int int32_t; typedef unsigned int uint32_t;
typedef long long int64_t; typedef unsigned long long uint64_t;
typedef int __int128_t; typedef int __uint128_t;
typedef unsigned long size_t; typedef long ssize_t;
typedef long intptr_t; typedef unsigned long uintptr_t;
"""
_BUILTIN = frozenset(re.findall(r"(\w+);", _PRELUDE))


@dataclass
class Text:
    """A target's C text, read and laid out."""

    machine: Machine
    declarations: list[Record | Enum | Typedef]
    """In an order in which C accepts them."""
    constants: dict[str, int]
    """The macros, by name."""
    strings: frozenset[str] = frozenset()
    """Those whose value is a string: a measurement finds its address, which is 0."""

    @property
    def enumerators(self) -> dict[str, int]:
        """The constants of the enumerations."""
        found: dict[str, int] = {}
        for made in self.declarations:
            real = resolve(made)
            if isinstance(real, Enum):
                found |= real.values
        return found

    @property
    def types(self) -> dict[str, Type]:
        """By C name: "struct reg", "siginfo_t", "enum idtype"."""
        found: dict[str, Type] = {}
        for made in self.declarations:
            match made:
                case Record(keyword=keyword, tag=tag):
                    found[f"{keyword} {tag}"] = made
                case Enum(tag=tag):
                    found[f"enum {tag}"] = made
                case Typedef(name=name):
                    found[name] = made
        return found


def source(path: Path) -> str:
    """A text with what it includes in its place."""
    return _INCLUDE.sub(lambda found: source(path.parent / found[1]), path.read_text("utf-8"))


def read(path: Path, machine: Machine) -> Text:
    """Read a machine's text; `ValueError` says what is wrong with it."""
    return parse(source(path), machine)


def parse(text: str, machine: Machine) -> Text:
    """Read a text that has no `#include` left."""
    constants: dict[str, int] = {}
    strings: set[str] = set()

    def define(found: re.Match[str]) -> str:
        name, value = found[1], int(found[2], 0)
        if found[3]:
            strings.add(name)
        if constants.setdefault(name, value) != value:
            raise ValueError(f"{name} is defined twice: {constants[name]} and {value}")
        return ""

    text = _COMMENT.sub("", _DEFINE.sub(define, text))
    # pycparser knows no attributes: they travel as members, which the reader takes out.
    text = _ATTRIBUTES.sub(lambda found: f"{_marks(found[1])}}};", text)
    text = _ALIGNED_MEMBER.sub(r"; char __member_\1__;", text)
    try:
        tree = c_parser.CParser().parse(_PRELUDE + text)
    except c_parser.ParseError as error:
        raise ValueError(f"no C text: {error}") from None
    reader = _Reader(machine)
    for node in tree.ext:
        reader.top(node)
    return Text(machine, reader.declarations, constants, frozenset(strings))


def _marks(attributes: str) -> str:
    made = "char __packed_1__; " if "__packed" in attributes else ""
    for number in re.findall(r"__aligned\((\d+)\)", attributes):
        made += f"char __aligned_{number}__; "
    return made


class _Reader:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.declarations: list[Record | Enum | Typedef] = []
        self.records: dict[tuple[str, str], Record] = {}
        self.enums: dict[str, Enum] = {}
        self.typedefs: dict[str, Typedef] = {}
        self.scalars = scalars(machine)

    def top(self, node: c_ast.Node) -> None:
        match node:
            case c_ast.Typedef(name=name):
                if name in _BUILTIN:
                    return
                typedef = Typedef(name, self.type(node.type))
                self.typedefs[name] = typedef
                self.declarations.append(typedef)
            case c_ast.Decl(name=None):
                self.type(node.type)
            case _:
                raise ValueError(f"line {node.coord}: only types are declared here")

    def type(self, node: c_ast.Node) -> Type | None:
        match node:
            case c_ast.TypeDecl() | c_ast.Typename():
                return self.type(node.type)
            case c_ast.IdentifierType(names=names):
                return self._named(" ".join(names))
            case c_ast.PtrDecl(type=target):
                const = isinstance(target, c_ast.TypeDecl) and "const" in target.quals
                return Pointer(self.machine.pointer, self.type(target), const)
            case c_ast.ArrayDecl(type=element, dim=dim):
                made = self.type(element)
                count = _integer(dim)
                assert made is not None
                if isinstance(made, Array):
                    return Array(made.element, (count, *made.dims))
                return Array(made, (count,))
            case c_ast.FuncDecl(type=result, args=args):
                parameters = () if args is None else tuple(self.type(one) for one in args.params)
                return Function(self.type(result), parameters)
            case c_ast.Struct() | c_ast.Union():
                return self._record(node)
            case c_ast.Enum():
                return self._enum(node)
        raise ValueError(f"line {node.coord}: {type(node).__name__} is not expected here")

    def _named(self, name: str) -> Type | None:
        if name == "void":
            return None
        if name in self.typedefs:
            return self.typedefs[name]
        try:
            return self.scalars[name]
        except KeyError:
            raise ValueError(f"{name!r} is no type of these texts") from None

    def _record(self, node: c_ast.Struct | c_ast.Union) -> Record:
        keyword = "struct" if isinstance(node, c_ast.Struct) else "union"
        record = self.records.get((keyword, node.name)) if node.name else None
        if record is None:
            record = Record(keyword, node.name, complete=False)
            if node.name:
                self.records[keyword, node.name] = record
        if node.decls is None:
            return record
        if record.complete:
            raise ValueError(f"{keyword} {node.name} is declared twice")
        for decl in node.decls:
            if decl.name and (mark := _MARK.fullmatch(decl.name)):
                record.attributes = True
                match mark[1]:
                    case "packed":
                        record.packed = True
                    case "aligned":
                        record.align = int(mark[2])
                    case "member":
                        record.members[-1].align = int(mark[2])
                continue
            made = self.type(decl.type)
            assert made is not None
            record.members.append(Member(decl.name, made))
        record.complete = True
        lay_out(record, self.machine)
        if node.name:
            self.declarations.append(record)
        return record

    def _enum(self, node: c_ast.Enum) -> Enum:
        if node.values is None:
            return self.enums[node.name]
        values = {one.name: _integer(one.value) for one in node.values.enumerators}
        made = Enum(node.name, values)
        if node.name:
            self.enums[node.name] = made
            self.declarations.append(made)
        return made


def _integer(node: c_ast.Node) -> int:
    match node:
        case c_ast.Constant(value=value):
            return int(value, 0)
        case c_ast.UnaryOp(op="-", expr=expression):
            return -_integer(expression)
    raise ValueError(f"line {node.coord}: a number is expected")


def scalars(machine: Machine) -> dict[str, Scalar]:
    """The base types of a target by the names that the texts use."""
    word, wide = machine.pointer, machine.wide_align
    rows = [
        ("_Bool", 1, "bool", 1), ("char", 1, "char", 1),
        ("signed char", 1, "char", 1), ("unsigned char", 1, "char", 1),
        ("int8_t", 1, "char", 1), ("uint8_t", 1, "char", 1),
        ("short", 2, "int", 2), ("unsigned short", 2, "uint", 2),
        ("int16_t", 2, "int", 2), ("uint16_t", 2, "uint", 2),
        ("int", 4, "int", 4), ("unsigned int", 4, "uint", 4),
        ("int32_t", 4, "int", 4), ("uint32_t", 4, "uint", 4),
        ("long", word, "int", word), ("unsigned long", word, "uint", word),
        ("ssize_t", word, "int", word), ("size_t", word, "uint", word),
        ("intptr_t", word, "int", word), ("uintptr_t", word, "uint", word),
        ("long long", 8, "int", wide), ("unsigned long long", 8, "uint", wide),
        ("int64_t", 8, "int", wide), ("uint64_t", 8, "uint", wide),
        ("__int128_t", 16, "int", 16), ("__uint128_t", 16, "uint", 16),
        ("float", 4, "float", 4), ("double", 8, "float", wide),
    ]  # fmt: skip
    size, align = machine.long_double
    rows.append(("long double", size, "float", align))
    return {name: Scalar(name, size, kind, align) for name, size, kind, align in rows}


def alignment(made: Type) -> int:
    """What the target aligns a type to in a struct."""
    match resolve(made):
        case Scalar(align=align) | Record(align=align):
            return align
        case Enum(size=size) | Pointer(size=size):
            return size
        case Array(element=element):
            return alignment(element)
    raise ValueError("a function or void has no alignment")


def lay_out(record: Record, machine: Machine) -> None:
    """Give a record's members their offsets, and itself its size and alignment."""
    end = 0
    for member in record.members:
        real = resolve(member.type)
        if isinstance(real, Record) and not real.complete:
            raise ValueError(f"{real.keyword} {real.tag} is a member before it is declared")
        align = max(member.align, 1 if record.packed else alignment(member.type))
        if record.keyword == "struct":
            member.offset = -(-end // align) * align
        end = max(end, member.offset + size_of(member.type))
        record.align = max(record.align, align)
    record.size = -(-end // record.align) * record.align
