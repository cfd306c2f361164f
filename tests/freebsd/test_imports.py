"""What an import loads, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bsdproc import freebsd
from bsdproc.freebsd import constants

SRC = Path(freebsd.__file__).resolve().parents[2]


def loaded(statement: str) -> set[str]:
    """The modules that a statement loads in a new interpreter."""
    before = f"import sys; sys.path.insert(0, {str(SRC)!r}); "
    done = subprocess.run(
        [sys.executable, "-I", "-c", before + statement + "; print(*sys.modules)"],
        check=True, capture_output=True, text=True,
    )
    return set(done.stdout.split())


def test_the_package_loads_nothing_of_its_own() -> None:
    assert not any(name.startswith("bsdproc.freebsd") for name in loaded("import bsdproc"))
    modules = loaded("from bsdproc import freebsd")
    assert {name for name in modules if name.startswith("bsdproc.freebsd")} == {"bsdproc.freebsd"}
    assert "dataclasses" not in modules


def test_modules_load_when_they_are_used() -> None:
    modules = loaded("from bsdproc import freebsd; freebsd.ptrace.lwpinfo")
    assert "bsdproc.freebsd.ptrace" in modules
    assert "bsdproc.freebsd.kinfo" not in modules
    assert not any(name.startswith("bsdproc.abi._layouts.") for name in modules)


def test_a_constant_loads_its_own_module() -> None:
    modules = loaded("from bsdproc.freebsd.constants import Signal")
    assert "bsdproc.freebsd.constants.kinfo" not in modules


@pytest.mark.parametrize("module", [freebsd, constants])
def test_everything_in_all_is_there(module: object) -> None:
    names: list[str] = module.__all__     # type: ignore[attr-defined]
    assert len(names) == len(set(names))
    for name in names:
        assert getattr(module, name) is not None
    assert set(names) <= set(dir(module))
    with pytest.raises(AttributeError, match="nothing_such"):
        getattr(module, "nothing_" + "such")


def test_wait_is_the_function_whatever_was_imported() -> None:
    modules = "import bsdproc.freebsd.waiting, bsdproc.freebsd; assert bsdproc.freebsd.wait(*[]) "
    with pytest.raises(subprocess.CalledProcessError) as caught:
        loaded(modules)
    assert b"NoKernel" in caught.value.stderr.encode() or sys.platform.startswith(
        ("freebsd", "netbsd", "dragonfly"))
