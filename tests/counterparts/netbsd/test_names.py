"""The table of docs/counterparts-netbsd.rst names every test once, and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[2] / "docs" / "counterparts-netbsd.rst"
MODULES = ("test_events", "test_going_on", "test_signals")


def test_the_table_names_every_test_once() -> None:
    named = re.findall(r"^ +- ``(\w+::\w+)``$", DOCS.read_text(), re.M)
    assert len(named) == len(set(named))
    assert set(named) == {
        f"{module}::{node.name}" for module in MODULES
        for node in ast.parse((HERE / f"{module}.py").read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
