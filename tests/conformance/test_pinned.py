"""The scenarios that the emulated kernel answers as FreeBSD 13.2 did, family by family.

pinned.txt lists them; pin.py writes it.  One that stops being equal fails here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
_spec = importlib.util.spec_from_file_location("conformance_pin", HERE / "pin.py")
assert _spec is not None
assert _spec.loader is not None
pin = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pin)

FAMILIES: dict[str, list[str]] = pin.families()
PINNED = frozenset((HERE / "pinned.txt").read_text().split())


def test_the_list_names_recorded_scenarios() -> None:
    recorded = {name for names in FAMILIES.values() for name in names}
    assert sorted(PINNED - recorded) == []


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_pinned_scenarios_are_equal(family: str) -> None:
    expected = PINNED.intersection(FAMILIES[family])
    if not expected:
        pytest.skip(f"none of {family} is pinned yet")
    wrong, text = pin.run(family)
    assert sorted(expected.intersection(wrong)) == [], text
