"""Every declared layout and constant against the systems' headers, and the other way round.

The headers are ziglang's; DragonFly's, which no package carries, were measured once and the
measurement is kept here.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import build_ffi
import pytest

import abi_probe
import ctext
from abi_compare import Tally, compare
from abi_headers import HEADERS
from bsdproc import abi
from bsdproc.abi.machines import ELF, MACHINES, Machine
from bsdproc.tools.abi import document
from cmodel import describe

Report: TypeAlias = Callable[[str, object], None]

MEASURED = [row for row in MACHINES if row.system != "dragonfly"]
DRAGONFLY = Path(__file__).parent / "dragonfly-5.9-x86_64.json"

UNRECORDED = (
    "struct __sigset", "struct __siginfo", "union sigval", "uid_t", "gid_t", "time_t", "segsz_t",
    "LSRUN", "LSSTOP", "LSSLEEP", "SIDL", "SACTIVE", "SSTOP", "SZOMB", "SCORE",
)  # fmt: skip
"""What DragonFly's measurement has under another name (a typedef's), or by its size alone."""


def counts(tally: Tally) -> tuple[int, ...]:
    return (
        tally.structs, tally.of_structs, tally.fields, tally.of_fields,
        tally.constants, tally.of_constants,
    )  # fmt: skip


@pytest.mark.toolchain
@pytest.mark.parametrize("row", MEASURED, ids=lambda row: f"{row.system}-{row.machine}")
def test_declarations_equal_the_headers(
    row: Machine, tmp_path: Path, report_tally: Report
) -> None:
    tally = abi_probe.check(abi_probe.measure(row, tmp_path))
    report_tally("abi tally", (f"{row.system}/{row.machine}", counts(tally)))
    assert not tally.differences
    assert tally.of_structs > 40
    assert tally.of_constants > 400


@pytest.mark.toolchain
@pytest.mark.parametrize("row", MEASURED, ids=lambda row: f"{row.system}-{row.machine}")
def test_machines_of_elf_files_are_the_compilers(row: Machine, tmp_path: Path) -> None:
    """By number, class and byte order, which is how a core says whose it is."""
    abi_probe.Toolchain(row, tmp_path).checked("int here;\n", "-c", "-o", "here.o")
    head = (tmp_path / "here.o").read_bytes()[:20]
    assert int.from_bytes(head[18:20], row.byteorder) == ELF[row.machine]
    assert (head[4], head[5]) == (row.pointer // 4, 1 if row.byteorder == "little" else 2)


def dragonfly() -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(DRAGONFLY.read_text()))


def test_declarations_equal_dragonflys_measurement(report_tally: Report) -> None:
    declared = document(abi.target("dragonfly", "x86_64"))
    tally = compare(declared, dragonfly(), unmeasured=UNRECORDED)
    report_tally("abi tally", ("dragonfly/x86_64", counts(tally)))
    assert not tally.differences
    assert tally.of_structs >= 19
    assert tally.of_constants >= 156


# -- that a difference is seen -------------------------------------------------------
@pytest.fixture
def declared() -> dict[str, Any]:
    """A declaration to spoil."""
    return copy.deepcopy(document(abi.target("dragonfly", "x86_64")))


def differences(declared: dict[str, Any]) -> list[str]:
    return compare(declared, dragonfly(), unmeasured=UNRECORDED).differences


def row_of(declared: dict[str, Any], struct: str, name: str) -> dict[str, Any]:
    return next(row for row in declared["structs"][struct]["fields"] if row["name"] == name)


@pytest.mark.parametrize(
    ("key", "wrong"), [("offset", 25), ("size", 4), ("kind", "int"), ("name", "piod_length")]
)
def test_a_wrong_field_is_seen(declared: dict[str, Any], key: str, wrong: object) -> None:
    row_of(declared, "struct ptrace_io_desc", "piod_len")[key] = wrong
    found = differences(declared)
    assert found
    assert all(line.startswith("struct ptrace_io_desc.piod_len") for line in found)


def test_a_wrong_size_is_seen(declared: dict[str, Any]) -> None:
    declared["structs"]["struct reg"]["size"] += 8
    assert differences(declared) == ["struct reg: size 208, measured 200"]


def test_a_wrong_array_is_seen(declared: dict[str, Any]) -> None:
    row_of(declared, "struct dbreg", "dr")["dims"] = [8]
    assert differences(declared) == ["struct dbreg.dr: dims [8], measured [16]"]


def test_a_wrong_constant_is_seen(declared: dict[str, Any]) -> None:
    declared["constants"]["PT_IO"] = 11
    assert differences(declared) == ["PT_IO: 11, measured 12"]


@pytest.mark.parametrize("key", ["structs", "constants"])
def test_what_is_not_declared_is_seen(declared: dict[str, Any], key: str) -> None:
    name = {"structs": "struct reg", "constants": "PT_IO"}[key]
    del declared[key][name]
    assert differences(declared) == [f"{name}: in the headers, not declared"]


def test_an_undeclared_field_is_seen(declared: dict[str, Any]) -> None:
    del declared["structs"]["struct rtprio"]["fields"][1]
    assert differences(declared) == ["struct rtprio.prio: in the headers, not declared"]


@pytest.mark.parametrize("key", ["structs", "constants"])
def test_what_the_headers_lack_is_seen(declared: dict[str, Any], key: str) -> None:
    declared[key]["PT_NONE"] = {"size": 4, "kind": "int"} if key == "structs" else 1
    assert differences(declared) == ["PT_NONE: declared, not in the headers"]


@pytest.mark.toolchain
def test_a_wrong_alignment_rule_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """i386 aligns 64-bit numbers to 4: laid out as if to 8, struct ptrace_xstate_info tells."""

    (row,) = [row for row in MEASURED if (row.system, row.machine) == ("freebsd", "i386")]
    wrong = ctext.read(build_ffi.DECLS / "freebsd" / "i386.h", row._replace(wide_align=8))
    spoilt = document(abi.target("freebsd", "i386"), elements=True)
    name = "struct ptrace_xstate_info"
    cast(dict[str, Any], spoilt["structs"])[name] = describe(wrong.types[name])
    monkeypatch.setattr("bsdproc.tools.abi.document", lambda target, elements: spoilt)
    tally = abi_probe.check(abi_probe.measure(row, tmp_path))
    assert tally.differences == [f"{name}: size 16, measured 12"]


@pytest.mark.toolchain
def test_headers_that_do_not_compile_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(HEADERS["netbsd"], includes=("sys/no_such_header.h",))
    monkeypatch.setitem(HEADERS, "netbsd", broken)
    with pytest.raises(RuntimeError, match="no_such_header"):
        abi_probe.measure(MEASURED[-1], tmp_path)
