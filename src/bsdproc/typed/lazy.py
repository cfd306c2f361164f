"""Packages whose names load when they are first used."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from importlib import import_module


def attribute(
    package: str, name: str, where: Mapping[str, str], space: MutableMapping[str, object]
) -> object:
    """A package's ``__getattr__``: the module `name`, or that name out of its module.

    `where` has the module of each name below the package, "" for a name that is a
    module itself; `space` is the package's globals, which keep what was found."""
    module = where.get(name)
    if module is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    if not module:
        return import_module(f"{package}.{name}")
    value: object = getattr(import_module(f"{package}.{module}"), name)
    space[name] = value
    return value
