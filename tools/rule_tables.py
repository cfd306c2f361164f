"""The rules of the kernel sources that an emulated kernel follows, and the tests that name them.

A table of rules is a file `tests/rules/NAME.toml`:

    title = "ptrace(2) of FreeBSD"
    source = "sys/kern/sys_process.c"       # what the line numbers are of
    about = "A sentence or two."

    [[part]]
    title = "PT_ATTACH"
    [part.rules]
    attach-self = {lines = "727-732", says = "EINVAL for the caller itself"}
    attach-all = {lines = "809", says = "...", scenarios = ["attach_stop"]}

A test names the rules that it holds, by the table and their names there:

    @pytest.mark.rule("freebsd-sys_process", "attach-self", "attach-traced")
    def test_...

`scenarios` are those of the conformance suite that hold a rule; their expected answers are a
real kernel's.  `unseen` says in place of a test why no caller can tell the rule from its
opposite.  `python tools/rule_tables.py` writes `docs/rules/NAME.rst` of every table; `--missing`
lists the rules that nothing holds.
"""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "tests" / "rules"
PAGES = ROOT / "docs" / "rules"
GOLDEN = ROOT / "tests" / "conformance" / "golden"

Marks = Mapping[tuple[str, str], Sequence[str]]
"""The tests (file::function) of each (table, rule)."""


class BadTable(ValueError):
    """A table, or a mark in a test, that is not of the form above."""


@dataclass(frozen=True)
class Rule:
    name: str
    lines: str
    says: str
    scenarios: tuple[str, ...] = ()
    unseen: str = ""


@dataclass(frozen=True)
class Part:
    title: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    source: str
    about: str
    parts: tuple[Part, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for part in self.parts for rule in part.rules)


def table(path: Path) -> Table:
    """Read one.

    Raises:
        BadTable: something is missing, unknown, or there twice.
    """
    data = tomllib.loads(path.read_text())
    try:
        parts = tuple(
            Part(part["title"], tuple(_rule(*item) for item in part["rules"].items()))
            for part in data["part"]
        )
        read = Table(path.stem, data["title"], data["source"], data["about"], parts)
    except (KeyError, TypeError) as error:
        raise BadTable(f"{path.name}: {error}") from error
    names = [rule.name for rule in read.rules]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadTable(f"{path.name}: twice: {', '.join(sorted(twice))}")
    return read


def _rule(name: str, values: Mapping[str, str | list[str]]) -> Rule:
    lines, says, unseen = (values.get(key, "") for key in ("lines", "says", "unseen"))
    scenarios = values.get("scenarios", [])
    if (unknown := values.keys() - {"lines", "says", "unseen", "scenarios"}) or not (
            isinstance(lines, str) and isinstance(says, str) and isinstance(unseen, str)
            and isinstance(scenarios, list) and lines and says):
        raise BadTable(f"{name}: needs lines and says{''.join(f', not {x}' for x in unknown)}")
    return Rule(name, lines, says, tuple(scenarios), unseen)


def tables() -> list[Table]:
    return [table(path) for path in sorted(TABLES.glob("*.toml"))]


def recorded() -> frozenset[str]:
    """The conformance suite's scenarios, of every kernel that was recorded."""
    return frozenset(
        name for path in GOLDEN.glob("*.json")
        for name in json.loads(path.read_text())["scenarios"]
    )


def marks() -> dict[tuple[str, str], list[str]]:
    """What the tests name."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text()
        if "mark.rule" not in text:
            continue
        place = path.relative_to(ROOT).as_posix()
        for name, node in _tests(ast.parse(text)):
            test = f"{place}::{name}"
            for key in _named(node, test):
                tests = found.setdefault(key, [])
                if test not in tests:
                    tests.append(test)
    return found


def _tests(module: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The test functions, those of classes as Class::test."""
    for node in module.body:
        inner = [(f"{node.name}::", one) for one in node.body] if isinstance(
            node, ast.ClassDef) else [("", node)]
        for prefix, one in inner:
            if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"):
                yield prefix + one.name, one


def _named(test: ast.FunctionDef, where: str) -> Iterator[tuple[str, str]]:
    """The rules in a test's decorators, those of single parameters included."""
    for decorator in test.decorator_list:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
                words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                if len(words) != len(node.args) or len(words) < 2:
                    raise BadTable(f"{where}: rule() takes a table and names of its rules")
                yield from ((str(words[0]), str(name)) for name in words[1:])


def missing(read: Table, named: Marks) -> list[Rule]:
    """The rules that no test and no scenario holds."""
    return [rule for rule in read.rules
            if not (rule.scenarios or rule.unseen or named.get((read.name, rule.name)))]


def page(read: Table, named: Marks) -> str:
    """The table as a page of the documentation."""
    held = len(read.rules) - len(missing(read, named))
    lines = [
        ".. Written by tools/rule_tables.py; change the table or the tests instead.", "",
        read.title, "=" * len(read.title), "", *read.about.strip().splitlines(), "",
        f"Lines are those of {read.source}.  {held} of {len(read.rules)} rules are held.", "",
    ]
    for part in read.parts:
        lines += [part.title, "-" * len(part.title), "", ".. list-table::", "   :header-rows: 1",
                  "   :widths: 18 9 38 35", "", "   * - Rule", "     - Lines",
                  "     - What it says", "     - Tests"]
        for rule in part.rules:
            tests = [f"``{test.removeprefix('tests/')}``"
                     for test in named.get((read.name, rule.name), ())]
            tests += [f"scenario ``{name}``" for name in rule.scenarios]
            lines += [f"   * - {rule.name}", f"     - {rule.lines}", f"     - {rule.says}",
                      f"     - {'; '.join(tests) or rule.unseen or '—'}"]
        lines.append("")
    return "\n".join(lines)


def write() -> list[Path]:
    """Every page; the paths."""
    named = marks()
    PAGES.mkdir(exist_ok=True)
    paths = []
    for read in tables():
        paths.append(PAGES / f"{read.name}.rst")
        paths[-1].write_text(page(read, named))
    return paths


def main(arguments: Sequence[str]) -> int:
    if arguments == ["--missing"]:
        named = marks()
        for read in tables():
            for rule in missing(read, named):
                print(f"{read.name}\t{rule.name}\t{rule.lines}\t{rule.says}")
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    for path in write():
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
