"""The table of docs/counterparts.rst names every case and every test, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs" / "counterparts.rst"
MODULES = {
    "test_ptrace_events", "test_ptrace_forks", "test_ptrace_kill", "test_ptrace_parents",
    "test_ptrace_signals", "test_ptrace_syscalls", "test_ptrace_threads", "test_reaper",
    "test_pdeathsig",
}
PREFIXES = {"ptrace_test": "ptrace__", "reaper": "", "pdeathsig": ""}
COUNTS = {"ptrace_test": 62, "reaper": 14, "pdeathsig": 5}
"""Cases of each of FreeBSD's programs."""
RESULTS = {"passed", "skipped"}


def rows() -> list[tuple[str, str, str, str]]:
    """(case, test, emulated, native) of each row."""
    lines = [line.strip() for line in DOCS.read_text().splitlines()]
    cells = [line.removeprefix("* - ").removeprefix("- ") for line in lines
             if line.startswith(("* - ``", "- ``", "- passed", "- skipped"))]
    return [(cells[i].strip("`"), cells[i + 1].strip("`"), cells[i + 2], cells[i + 3])
            for i in range(0, len(cells), 4)]


def functions() -> set[str]:
    """module::function of every test of a case."""
    return {
        f"{module}::{node.name}"
        for module in MODULES
        for node in ast.parse((HERE / f"{module}.py").read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_modules_are_all_there_is() -> None:
    others = {"test_table", "test_programs"}
    assert {path.stem for path in HERE.glob("test_*.py")} == MODULES | others


def test_the_table_names_every_test_once() -> None:
    named = [test for _, test, _, _ in rows()]
    assert len(named) == len(set(named))
    assert set(named) == functions()


def test_cases_and_their_tests_have_the_same_names() -> None:
    counts = dict.fromkeys(COUNTS, 0)
    for case, test, *results in rows():
        program, name = case.split(":")
        counts[program] += 1
        module, function = test.split("::")
        assert module.startswith("test_" + program.removesuffix("_test"))
        assert function == "test_" + name.removeprefix(PREFIXES[program]).lower()
        assert {result.split(":")[0].split(" ")[0] for result in results} <= RESULTS
    assert counts == COUNTS
