"""`bsdproc surface`: where each C name of the interfaces is found in Python."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple, Protocol, cast

SYSTEMS = ("freebsd", "netbsd", "dragonfly")


class Entry(Protocol):
    """What a system's `surface.entries()` lists."""

    @property
    def system(self) -> str: ...
    @property
    def machine(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def python(self) -> str: ...


class _Surface(Protocol):
    def entries(self) -> list[Entry]: ...


class Row(NamedTuple):
    """One line of the table."""

    system: str
    machine: str | None
    name: str
    python: str


def entries(systems: Sequence[str] = SYSTEMS) -> list[Row]:
    """What each of these systems' packages lists."""
    found: list[Row] = []
    for system in systems:
        package = f"bsdproc.{system}"
        if find_spec(package) is None or find_spec(f"{package}.surface") is None:
            continue
        module = cast(_Surface, import_module(f"{package}.surface"))
        found += [Row(one.system, one.machine, one.name, one.python) for one in module.entries()]
    return found


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bsdproc surface",
        description="List every C name of the interfaces with the function or constant for it.",
    )
    parser.add_argument("system", nargs="?", choices=SYSTEMS, help="one system alone")
    parser.add_argument("--json", action="store_true",
                        help="a list of objects: system, machine (null: every one), name, python")
    options = parser.parse_args(argv)
    rows = entries((options.system,) if options.system else SYSTEMS)
    if options.json:
        print(json.dumps([row._asdict() for row in rows], indent=1))
        return 0
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        print(f"{row.system:9} {row.machine or '-':11} {row.name:{width}}  {row.python}")
    return 0
