"""Every request, command, sysctl and node has a typed function, every constant an enum.

The names are derived: from the recorded headers, from what the real kernel listed and
from the seed of kern_proc.c."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

from bsdproc import abi
from bsdproc.dragonfly import constants, procfs, surface
from bsdproc.tools import main

from . import captured

HEADERS = json.loads((Path(__file__).parents[1] / "abi" / "dragonfly-5.9-x86_64.json").read_text())
ENTRIES = {entry.name: entry for entry in surface.entries()}
# The handler of kern_proc.c is registered under these names.
SEED = ("all", "pgrp", "tty", "uid", "ruid", "pid", "args")


def requests() -> list[str]:
    names = [name for name in HEADERS["constants"]
             if re.fullmatch(r"PT_(?!FIRSTMACH)\w+|PROC_\w+|KERN_PROC_\w+", name)]
    assert len(names) == 17 + 3 + 13
    return names


def test_every_constant_of_the_headers() -> None:
    measured = HEADERS["constants"]
    assert len(measured) == 156
    assert [name for name in measured if name not in ENTRIES] == []
    declared = abi.target("dragonfly", "x86_64").constants
    assert [name for name in declared if name not in ENTRIES] == []


@pytest.mark.parametrize("name", requests())
def test_every_request_has_a_function(name: str) -> None:
    assert name in surface.FUNCTIONS
    assert surface.python(name, HEADERS["constants"][name]) == ENTRIES[name].python


def test_constants_have_the_headers_values() -> None:
    held = 0
    for name, value in HEADERS["constants"].items():
        module, _, kind = ENTRIES[name].python.rpartition(".")[0].rpartition(".")
        if module.endswith("constants"):
            member = getattr(constants, kind).__members__[name]
            assert member.value & 0xFFFFFFFF == value & 0xFFFFFFFF
            held += 1
    assert held == len(HEADERS["constants"]) - len(requests())


def test_every_sysctl_of_the_running_kernel() -> None:
    said = [re.match(r"name2oid (kern\.proc\.\w+) -> ret=0", line)
            for line in captured.lines(captured.KERN_PROC)]
    names = {found[1] for found in said if found}
    assert names == set(surface.SYSCTLS)
    assert {f"kern.proc.{name}" for name in SEED} <= names
    assert names <= set(ENTRIES)


def test_every_node_of_the_running_kernel() -> None:
    found = captured.lines(captured.PROCFS)
    listed = {line.split()[0] for line in found[found.index("ls /proc/3") + 1 :][:15]} - {".", ".."}
    assert listed == set(procfs.NODES)
    assert listed | {"curproc"} == set(surface.NODES)
    assert set(surface.NODES) <= set(ENTRIES)


def test_every_command_of_ctl() -> None:
    assert {f"ctl {verb.value}" for verb in procfs.Control} == set(surface.CONTROLS)
    assert set(surface.CONTROLS) <= set(ENTRIES)


def test_no_function_stands_for_a_name_that_is_not_there() -> None:
    later = {"PROC_PDEATHSIG_CTL", "PROC_PDEATHSIG_STATUS"}
    assert set(surface.FUNCTIONS) == {*requests(), *later}
    assert len(ENTRIES) == len(surface.entries())


@pytest.mark.parametrize("entry", surface.entries(), ids=lambda entry: entry.name)
def test_every_python_name_is_there(entry: surface.Entry) -> None:
    module, _, name = entry.python.rpartition(".")
    if ".constants." in entry.python:
        module, _, kind = module.rpartition(".")
        assert name in getattr(import_module(module), kind).__members__
        return
    function = getattr(import_module(module), name)
    assert callable(function)
    if entry.name in surface.FUNCTIONS:
        assert entry.name in (function.__doc__ or ""), f"{entry.python} does not say so"
    if entry.name in surface.NODES:
        assert (function.__doc__ or "").startswith(f"{entry.name}: ")


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["surface", "dragonfly", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"system": "dragonfly", "machine": None, "name": "KERN_PROC_CWD",
            "python": "bsdproc.dragonfly.kinfo.cwd"} in listed
    assert {tuple(one) for one in listed} == {("system", "machine", "name", "python")}
    assert len(listed) == len(ENTRIES)
