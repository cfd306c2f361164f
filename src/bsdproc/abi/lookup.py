"""Targets and what they hold: one system on one machine, with its structs and constants."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import Literal, Protocol, cast

from bsdproc.abi.errors import UnknownStruct, UnknownTarget
from bsdproc.abi.layout import CType, Field, Struct, primitive
from bsdproc.abi.machines import MACHINES, Machine

_OWN = "bsdproc_"
"""How the names begin that the layouts add to the C texts'."""


class _Library(Protocol):
    def __dir__(self) -> list[str]: ...


class _FFI(Protocol):
    """What is used of a generated module's `ffi`."""

    def typeof(self, name: str) -> CType: ...

    def sizeof(self, ctype: CType) -> int: ...

    def list_types(self) -> tuple[list[str], list[str], list[str]]: ...

    def dlopen(self, name: None) -> _Library: ...


class Target:
    """The C interface of one system on one machine.

    Nothing of it depends on the host.  Structs are looked up when they are asked for.
    """

    def __init__(self, row: Machine) -> None:
        self.row = row
        self.system = row.system
        """"freebsd", "netbsd" or "dragonfly"."""
        self.machine = row.machine
        self.pointer = row.pointer
        """Bytes of a pointer."""
        self.byteorder: Literal["little", "big"] = row.byteorder
        self._ffi = _load(row)
        self._made: dict[str, Struct] = {}

    def __repr__(self) -> str:
        return f"<{self.system}/{self.machine}>"

    @cached_property
    def constants(self) -> Mapping[str, int]:
        """Every macro and enumerator of the interfaces, by its C name."""
        # Nothing is called in what is opened: it is cffi's way to the constants' names.
        library = self._ffi.dlopen(None)
        return MappingProxyType({name: getattr(library, name) for name in dir(library)})

    @cached_property
    def structs(self) -> Mapping[str, Struct]:
        """Every struct and union by its C names: "struct reg", "siginfo_t"."""
        return _Structs(self, self._struct_names)

    @cached_property
    def scalars(self) -> Mapping[str, Field]:
        """The interface's other type names ("pid_t", "register_t"), as fields at offset 0."""
        found: dict[str, Field] = {}
        for name in sorted(self._ffi.list_types()[0]):
            if name not in self._struct_names:
                ctype = self._ffi.typeof(name)
                kind, signed = primitive(ctype) or (ctype.kind, False)
                found[name] = Field(name, 0, self._ffi.sizeof(ctype), kind, signed)
        return MappingProxyType(found)

    @cached_property
    def _struct_names(self) -> frozenset[str]:
        typedefs, structs, unions = self._ffi.list_types()
        names = {f"struct {tag}" for tag in structs if not tag.startswith(_OWN)}
        names |= {f"union {tag}" for tag in unions if not tag.startswith(_OWN)}
        for name in typedefs:
            ctype = self._ffi.typeof(name)
            if ctype.kind in {"struct", "union"} and primitive(ctype) is None:
                names.add(name)
        return frozenset(names)

    def has(self, name: str) -> bool:
        """Whether the target has such a struct or union."""
        return name in self._struct_names

    def struct(self, name: str) -> Struct:
        """A struct or union by its C name; `UnknownStruct` if the target has none."""
        try:
            return self._made[name]
        except KeyError:
            if not self.has(name):
                raise UnknownStruct(f"{self.system}/{self.machine} has no {name!r}") from None
        ctype = self._ffi.typeof(name)
        full = name if "$" in ctype.cname else ctype.cname
        made = self._made.get(full) or Struct(full, ctype, self._ffi.sizeof, self.byteorder)
        self._made[full] = self._made[name] = made
        return made


class _Structs(Mapping[str, Struct]):
    def __init__(self, target: Target, names: frozenset[str]) -> None:
        self._target = target
        self._names = names

    def __getitem__(self, name: str) -> Struct:
        return self._target.struct(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


def _load(row: Machine) -> _FFI:
    name = f"bsdproc.abi._layouts.{row.module}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ImportError(
            f"the layouts of {row.system}/{row.machine} are not there: "
            "in a checkout, generate them with `python build_ffi.py`"
        ) from None
    return cast(_FFI, module.ffi)


@cache
def target(system: str, machine: str) -> Target:
    """The target of that name, loaded once; `UnknownTarget` names those that there are."""
    rows = [row for row in MACHINES if row.system == system]
    for row in rows:
        if row.machine == machine:
            return Target(row)
    if not rows:
        known = ", ".join(sorted({row.system for row in MACHINES}))
        raise UnknownTarget(f"unknown system {system!r}: there are {known}")
    known = ", ".join(row.machine for row in rows)
    raise UnknownTarget(f"unknown machine {machine!r} of {system}: there are {known}")


def targets() -> tuple[tuple[str, str], ...]:
    """Every (system, machine) that is declared."""
    return tuple((row.system, row.machine) for row in MACHINES)
