"""Holds what the library declares against a measurement, in the schema of both.

What is measured has to be declared, and what is declared has to be found as it is: sizes,
fields with their offsets, sizes and kinds, values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

Document: TypeAlias = Mapping[str, Any]
"""A whole target: target, pointer, little_endian, structs, constants."""


@dataclass
class Tally:
    """How many of a target's declarations are equal to the measurement."""

    structs: int = 0
    of_structs: int = 0
    fields: int = 0
    of_fields: int = 0
    constants: int = 0
    of_constants: int = 0
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"structs {self.structs} of {self.of_structs}, "
            f"fields {self.fields} of {self.of_fields}, "
            f"constants {self.constants} of {self.of_constants}"
        )

    def add(self, other: Tally) -> None:
        self.structs += other.structs
        self.of_structs += other.of_structs
        self.fields += other.fields
        self.of_fields += other.of_fields
        self.constants += other.constants
        self.of_constants += other.of_constants
        self.differences += other.differences


def compare(
    declared: Document,
    measured: Document,
    *,
    also: Mapping[str, Mapping[str, Any]] | None = None,
    unmeasured: Iterable[str] = (),
) -> Tally:
    """Every declaration against its measurement, and every measurement for its declaration.

    `also` has measurements of types that need not be declared (those that a declared struct
    holds are).  `unmeasured` are declarations that the measurement is known to lack.
    """
    tally = Tally()
    for key in ("target", "pointer", "little_endian"):
        if declared[key] != measured[key]:
            tally.differences.append(f"{key}: {declared[key]!r}, measured {measured[key]!r}")
    known = {**(also or {}), **measured["structs"]}
    lacking = frozenset(unmeasured)
    _compare_structs(declared["structs"], known, lacking, tally)
    for name in sorted(measured["structs"].keys() - declared["structs"].keys()):
        tally.of_structs += 1
        tally.differences.append(f"{name}: in the headers, not declared")
    _compare_constants(declared["constants"], measured["constants"], lacking, tally)
    return tally


def _compare_structs(
    declared: Mapping[str, Document],
    measured: Mapping[str, Document],
    lacking: frozenset[str],
    tally: Tally,
) -> None:
    for name, mine in declared.items():
        theirs = measured.get(name)
        if theirs is None and name in lacking:
            continue
        tally.of_structs += 1
        tally.of_fields += len(mine.get("fields", ()))
        if theirs is None:
            tally.differences.append(f"{name}: declared, not in the headers")
            continue
        found = list(_differences(name, mine, theirs, tally))
        tally.differences += found
        tally.structs += not found


def _differences(name: str, mine: Document, theirs: Document, tally: Tally) -> Iterator[str]:
    for key in ("size", "kind"):
        if mine.get(key) != theirs.get(key):
            yield f"{name}: {key} {mine.get(key)}, measured {theirs.get(key)}"
    rows = {cast(str, row["name"]): row for row in theirs.get("fields", ())}
    for row in mine.get("fields", ()):
        other = rows.pop(row["name"], None)
        if other is None:
            yield f"{name}.{row['name']}: declared, not in the headers"
        elif row != other:
            odd = sorted(key for key in row.keys() | other.keys() if row.get(key) != other.get(key))
            yield f"{name}.{row['name']}: " + ", ".join(
                f"{key} {row.get(key)}, measured {other.get(key)}" for key in odd
            )
        else:
            tally.fields += 1
    for left in rows:
        tally.of_fields += 1
        yield f"{name}.{left}: in the headers, not declared"


def _compare_constants(
    declared: Mapping[str, int],
    measured: Mapping[str, int],
    lacking: frozenset[str],
    tally: Tally,
) -> None:
    for name in sorted(declared.keys() | measured.keys()):
        if name not in measured and name in lacking:
            continue
        tally.of_constants += 1
        if name not in measured:
            tally.differences.append(f"{name}: declared, not in the headers")
        elif name not in declared:
            tally.differences.append(f"{name}: in the headers, not declared")
        elif declared[name] != measured[name]:
            tally.differences.append(f"{name}: {declared[name]}, measured {measured[name]}")
        else:
            tally.constants += 1
