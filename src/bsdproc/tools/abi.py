"""`bsdproc abi`: what the library declares of a system's C interface on a machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from bsdproc import abi

Row: TypeAlias = dict[str, object]


# -- for programs ---------------------------------------------------------------
def document(target: abi.Target, elements: bool = False) -> Row:
    """All of a target: its structs (see `describe`), named scalars and constants.

    The constants are the 64 bits of their values taken as a signed number, as the
    measurements of headers record them.
    """
    types = {name: {"size": one.size, "kind": one.kind} for name, one in target.scalars.items()}
    structs = {name: describe(one, elements) for name, one in target.structs.items()}
    return {
        "target": target.row.triple,
        "pointer": target.pointer,
        "little_endian": target.byteorder == "little",
        "structs": types | structs,
        "constants": {name: _signed(value) for name, value in target.constants.items()},
    }


def describe(struct: abi.Struct, elements: bool = False) -> Row:
    """A struct's size and fields.

    The members of a struct or union without a tag follow it, with dotted names and the
    offsets of the whole.  With `elements`, so do those of an array's first element.
    """
    return {"size": struct.size, "fields": list(_rows(struct, "", 0, elements))}


def _rows(struct: abi.Struct, prefix: str, base: int, elements: bool) -> Iterator[Row]:
    for one in struct.fields:
        row: Row = {
            "name": prefix + one.name,
            "offset": base + one.offset,
            "size": one.size,
            "kind": one.kind,
        }
        if one.kind == "array":
            row |= {
                "element": one.element,
                "element_size": one.element_size,
                "dims": list(one.dims),
            }
        if one.struct and one.struct.tag:
            row["struct"] = one.struct.tag
        yield row
        if one.struct and not one.struct.tag and (elements or one.kind != "array"):
            path = f"{prefix}{one.name}{'[]' if one.kind == 'array' else ''}."
            yield from _rows(one.struct, path, base + one.offset, elements)


def _signed(value: int) -> int:
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


# -- for people -----------------------------------------------------------------
def table(struct: abi.Struct) -> Iterator[str]:
    """A struct's fields and holes, a line each: offset, size, C type and name."""
    keyword = "union" if struct.union else "struct"
    yield f"{struct.name}  ({keyword}, {struct.size} bytes)"
    yield "  offset    size  type"
    yield from _lines(struct, "", 0)


def _lines(struct: abi.Struct, indent: str, base: int) -> Iterator[str]:
    end = 0
    for one in struct.fields:
        if not struct.union and one.offset > end:
            yield _line(base + end, one.offset - end, indent, "(hole)")
        yield _line(base + one.offset, one.size, indent, f"{_type(one)} {one.name}")
        if one.struct and not one.struct.tag:
            yield from _lines(one.struct, f"{indent}    ", base + one.offset)
        end = max(end, one.offset + one.size)
    if end < struct.size:
        yield _line(base + end, struct.size - end, indent, "(hole)")


def _line(offset: int, size: int, indent: str, text: str) -> str:
    return f"{offset:8}{size:8}  {indent}{text}"


def _type(field: abi.Field) -> str:
    kind = field.element if field.kind == "array" else field.kind
    size = field.element_size if field.kind == "array" else field.size
    if field.struct is not None:
        # One without a name is told by its members, which follow.
        tagged = f"{kind} {field.struct.tag}" if field.struct.tag else field.struct.name
        text = str(kind) if "." in tagged else tagged
    elif kind in {"int", "uint", "float"}:
        text = f"{kind}{8 * (size or 0)}"
    else:
        text = str(kind)
    return text + "".join(f"[{count}]" for count in field.dims)


def _summary(target: abi.Target) -> Iterator[str]:
    yield (
        f"{target.system}/{target.machine}: {target.byteorder}-endian, "
        f"{target.pointer}-byte pointers, {len(target.constants)} constants"
    )
    for name, one in target.structs.items():
        yield f"{one.size:8}  {name}"


def _named(target: abi.Target, name: str) -> list[str]:
    if target.has(name):
        return list(table(target.struct(name)))
    if name in target.scalars:
        one = target.scalars[name]
        return [f"{name}  ({one.kind}, {one.size} bytes)"]
    if name in target.constants:
        value = target.constants[name]
        return [f"{name} = {value} ({value:#x})"]
    raise abi.UnknownStruct(f"{target.system}/{target.machine} has no {name!r}")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bsdproc abi",
        description="Show what is declared of a system's C interface on a machine: structs "
        "with their offsets and holes, scalars, constants.",
    )
    parser.add_argument("--json", action="store_true", help="all of it, for programs")
    parser.add_argument("system", nargs="?", help="freebsd, netbsd or dragonfly")
    parser.add_argument("machine", nargs="?", help="amd64, arm64 ..; none lists the targets")
    parser.add_argument("name", nargs="*", help="'struct reg', siginfo_t, PT_IO ..")
    options = parser.parse_args(argv)
    if options.json and options.name:
        parser.error("--json prints the whole target")
    if options.machine is None:
        systems = {system for system, _ in abi.targets()}
        if options.json or (options.system and options.system not in systems):
            parser.error("a system and a machine are wanted: `bsdproc abi` lists them")
        for system, machine in abi.targets():
            if options.system in (None, system):
                print(system, machine)
        return 0
    try:
        target = abi.target(options.system, options.machine)
        if options.json:
            lines = [json.dumps(document(target), indent=1, sort_keys=True)]
        elif options.name:
            shown = ["\n".join(_named(target, name)) for name in options.name]
            lines = ["\n\n".join(shown)]
        else:
            lines = list(_summary(target))
    except (abi.UnknownTarget, abi.UnknownStruct) as error:
        print(f"bsdproc abi: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines))
    return 0
