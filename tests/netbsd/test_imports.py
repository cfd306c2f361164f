"""What an import loads, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import bsdproc
from bsdproc import netbsd
from bsdproc.netbsd import constants, kinfo, procfs, ptrace, registers

SRC = Path(bsdproc.__file__).parents[1]


def loaded(statement: str) -> set[str]:
    """The modules that a statement loads in a new interpreter."""
    before = f"import sys; sys.path.insert(0, {str(SRC)!r}); "
    done = subprocess.run(
        [sys.executable, "-I", "-c", before + statement + "; print(*sys.modules)"],
        check=True, capture_output=True, text=True,
    )
    return set(done.stdout.split())


def test_the_package_loads_nothing_of_its_own() -> None:
    modules = loaded("from bsdproc import netbsd")
    assert {name for name in modules if name.startswith("bsdproc.netbsd")} == {"bsdproc.netbsd"}
    assert "dataclasses" not in modules


def test_modules_load_when_they_are_used() -> None:
    modules = loaded("from bsdproc import netbsd; netbsd.ptrace.lwpstatus")
    assert "bsdproc.netbsd.ptrace" in modules
    assert "bsdproc.netbsd.kinfo" not in modules
    assert not any(name.startswith("bsdproc.abi._layouts.") for name in modules)
    assert not any(name.startswith("bsdproc.freebsd") for name in modules)


def test_a_constant_loads_its_own_module() -> None:
    modules = loaded("from bsdproc.netbsd.constants import Signal")
    assert "bsdproc.netbsd.constants.kinfo" not in modules


@pytest.mark.parametrize("module", [netbsd, constants, kinfo, procfs, ptrace, registers])
def test_everything_in_all_is_there(module: object) -> None:
    names: list[str] = module.__all__     # type: ignore[attr-defined]
    assert len(names) == len(set(names))
    for name in names:
        assert getattr(module, name) is not None
    assert set(names) <= set(dir(module))
    with pytest.raises(AttributeError, match="nothing_such"):
        getattr(module, "nothing_" + "such")
