"""Where each C name of a system's interfaces is found in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

from bsdproc import abi


class Entry(NamedTuple):
    """One C name, or one of procfs's nodes."""

    system: str
    machine: str | None
    """None for a name that every machine has."""
    name: str
    python: str
    """The dotted name of the function, or of the enum's member."""


class Surface:
    """The names of one system: those that are functions, and the modules with the enums."""

    def __init__(self, system: str, functions: Mapping[str, str], constants: Sequence[str],
                 nodes: Mapping[str, str] = MappingProxyType({})) -> None:
        """`functions` are below bsdproc.<system>, `constants` below its constants;
        `nodes` are procfs's, each with the function that reads it (or writes, where
        there is nothing to read)."""
        self.system = system
        self.functions = functions
        self.constants = constants
        self.nodes = nodes
        self._root = f"bsdproc.{system}"

    @cached_property
    def _members(self) -> dict[str, dict[str, int]]:
        """C name → where it is, of all that the enums have."""
        found: dict[str, dict[str, int]] = {}
        for module in self.constants:
            space = vars(import_module(f"{self._root}.constants.{module}"))
            for kind in space.values():
                if isinstance(kind, type) and issubclass(kind, Enum) and kind.__module__.endswith(
                        f".{module}"):
                    for name, member in kind.__members__.items():
                        place = f"{self._root}.constants.{kind.__name__}.{name}"
                        found.setdefault(name, {})[place] = member.value
        return found

    def python(self, name: str, value: int) -> str | None:
        """The dotted name that stands for a C constant of that value; None for one that
        these interfaces do not have."""
        function = self.functions.get(name)
        if function is not None:
            return f"{self._root}.{function}"
        places = self._members.get(name, {})
        return next((place for place, has in places.items()
                     if has & 0xFFFFFFFF == value & 0xFFFFFFFF), None)

    def entries(self) -> list[Entry]:
        """Every C name of every machine in alphabetical order, then procfs's nodes."""
        machines = [machine for system, machine in abi.targets() if system == self.system]
        places: dict[tuple[str, str], list[str]] = {}
        for machine in machines:
            for name, value in abi.target(self.system, machine).constants.items():
                found = self.python(name, value)
                if found is not None:
                    places.setdefault((name, found), []).append(machine)
        listed: list[Entry] = []
        for (name, found), having in sorted(places.items()):
            if len(having) == len(machines):
                listed.append(Entry(self.system, None, name, found))
            else:
                listed += [Entry(self.system, machine, name, found) for machine in having]
        listed += [Entry(self.system, None, name, f"{self._root}.{function}")
                   for name, function in sorted(self.nodes.items())]
        return listed
