"""Every rule of the tables has a test, every test's rule is in a table, and the pages say so."""

from __future__ import annotations

from pathlib import Path

import pytest

import rule_tables as rules

TABLES = {path.stem: path for path in sorted(rules.TABLES.glob("*.toml"))}


@pytest.fixture(scope="module")
def marks() -> rules.Marks:
    """What all tests name."""
    return rules.marks()


@pytest.mark.parametrize("name", TABLES)
def test_every_rule_is_held(name: str, marks: rules.Marks) -> None:
    table = rules.table(TABLES[name])
    assert [rule.name for rule in rules.missing(table, marks)] == []
    assert {name for rule in table.rules for name in rule.scenarios} <= rules.recorded()


def test_tests_name_rules_that_there_are(marks: rules.Marks) -> None:
    known = {(table.name, rule.name) for table in rules.tables() for rule in table.rules}
    assert {key: tests for key, tests in marks.items() if key not in known} == {}


@pytest.mark.parametrize("name", TABLES)
def test_the_page_is_the_table_s(name: str, marks: rules.Marks) -> None:
    page = rules.PAGES / f"{name}.rst"
    assert page.read_text() == rules.page(rules.table(TABLES[name]), marks), \
        "python tools/rule_tables.py writes it"
    index = (rules.PAGES.parent / "rules.rst").read_text()
    assert f"rules/{name}\n" in index


TABLE = """
title = "A"
source = "a.c"
about = "B."
[[part]]
title = "C"
[part.rules]
"""


@pytest.mark.parametrize(("line", "complaint"), [
    ('one = {lines = "1"}', "one: needs lines and says"),
    ('one = {lines = "1", says = "x", note = "y"}', "not note"),
    ('one = {lines = "1", says = "x"}\n[[part]]\ntitle = "D"\n[part.rules]\n'
     'one = {lines = "2", says = "x"}', "twice: one"),
    ('one = {lines = "1", says = "x"}\n[[part]]\ntitle = "D"', "'rules'"),
])
def test_what_is_no_table(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(TABLE + line)
    with pytest.raises(rules.BadTable, match=complaint):
        rules.table(path)


def test_a_rule_without_a_test_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(TABLE + 'one = {lines = "1", says = "x"}\ntwo = {lines = "2", says = "y"}\n'
                    'three = {lines = "3", says = "z", scenarios = ["s"]}\n')
    table = rules.table(path)
    named = {("a", "one"): ["tests/t.py::test_one"], ("b", "two"): ["tests/t.py::test_two"]}
    assert [rule.name for rule in rules.missing(table, named)] == ["two"]
    page = rules.page(table, named)
    assert "2 of 3 rules are held." in page
    assert "     - ``t.py::test_one``\n" in page
