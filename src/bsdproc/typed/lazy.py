"""Packages whose names load when they are first used."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping


def attributes(
    package: str, space: MutableMapping[str, object], where: Mapping[str, str]
) -> Callable[[str], object]:
    """A package's ``__getattr__``.  Type checkers should not see it: to them a name that is
    not there is to be an error.

    `where` has the names by the module that they are in, ".signals" for one of the package's
    own; those under "." are its modules.  `space` is the package's globals, which keep what
    was found."""
    modules = {name: module for module, names in where.items() for name in names.split()}

    def attribute(name: str) -> object:
        module = modules.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if module == ".":
            return import_module(f".{name}", package)
        value: object = getattr(import_module(module, package), name)
        space[name] = value
        return value

    return attribute
