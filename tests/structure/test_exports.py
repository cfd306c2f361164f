"""What a module's functions take and give is found in the module itself."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from textwrap import dedent
from types import UnionType

import pytest

import bsdproc.dragonfly
import bsdproc.freebsd
import bsdproc.netbsd

SYSTEMS = {package.__name__.split(".")[-1]: package
           for package in (bsdproc.freebsd, bsdproc.netbsd, bsdproc.dragonfly)}
MODULES = [f"{system}.{name}"
           for system, package in SYSTEMS.items()
           for name in ("ptrace", "procctl", "kinfo", "procfs", "waiting")
           if name in package.__all__]
"""But `core`: what a core holds is of the classes of the others."""


def types(system: str) -> set[str]:
    """The names of a system's public classes and unions."""
    package = SYSTEMS[system]
    return {
        name
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        for name, value in vars(import_module(info.name)).items()
        if isinstance(value, UnionType)
        or (isinstance(value, type) and value.__module__.startswith("bsdproc."))
        if not name.startswith("_")
    }


def words(node: ast.AST | None) -> set[str]:
    """The names in an annotation, also in one that is a string."""
    return set() if node is None else set(re.findall(r"\w+", ast.unparse(node)))


def said(node: ast.FunctionDef) -> set[str]:
    """The names in a function's annotations."""
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return words(node.returns).union(*(words(each.annotation) for each in given))


def held(node: ast.ClassDef) -> Iterator[set[str]]:
    """The names in the annotations of a class's public fields and methods, and those
    that a record's fields are made with."""
    for part in node.body:
        match part:
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                yield words(part.annotation)
            case ast.FunctionDef(name=name) if not name.startswith("_"):
                yield said(part)
            case ast.Assign(value=ast.Call(args=given)):
                yield set().union(*(words(each) for each in given if isinstance(each, ast.Name)))


def mentioned(value: object) -> set[str]:
    if inspect.isfunction(value) or (isinstance(value, type)
                                     and value.__module__.startswith("bsdproc.")):
        node = ast.parse(dedent(inspect.getsource(value))).body[0]
        if isinstance(node, ast.ClassDef):
            return set().union(*held(node))
        assert isinstance(node, ast.FunctionDef)
        return said(node)
    return set()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_exports_what_its_functions_take_and_give(name: str) -> None:
    """Their enums and flags, the types of their results, and what those hold: somebody
    who finds `ptrace.set_event_mask` finds `ptrace.PtraceEvents` beside it."""
    module = import_module(f"bsdproc.{name}")
    public: list[str] = module.__all__
    known = types(name.split(".")[0])
    wanted = set().union(*(mentioned(getattr(module, each)) for each in public)) & known
    assert wanted - set(public) == set()
