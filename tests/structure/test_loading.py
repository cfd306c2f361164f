"""What an import of a system's surface loads, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import bsdproc

SRC = Path(bsdproc.__file__).resolve().parents[1]
SYSTEMS = ("freebsd", "netbsd", "dragonfly")
MODULES = ("", ".constants", ".core", ".kinfo", ".procfs", ".ptrace", ".registers", ".waiting")

pytestmark = pytest.mark.parametrize("system", SYSTEMS)


def loaded(statement: str) -> set[str]:
    """The modules that a statement loads in a new interpreter."""
    before = f"import sys; sys.path.insert(0, {str(SRC)!r}); "
    done = subprocess.run(
        [sys.executable, "-I", "-c", before + statement + "; print(*sys.modules)"],
        check=True, capture_output=True, text=True,
    )
    return set(done.stdout.split())


def test_the_package_loads_nothing_of_its_own(system: str) -> None:
    package = f"bsdproc.{system}"
    assert not any(name.startswith(package) for name in loaded("import bsdproc"))
    modules = loaded(f"from bsdproc import {system}")
    assert {name for name in modules if name.startswith(package)} == {package}
    assert "dataclasses" not in modules


def test_modules_load_when_they_are_used(system: str) -> None:
    """No other ones, no layouts, and no other system's."""
    modules = loaded(f"from bsdproc import {system}; {system}.ptrace.attach")
    assert f"bsdproc.{system}.ptrace" in modules
    assert f"bsdproc.{system}.kinfo" not in modules
    assert not any(name.startswith("bsdproc.abi._layouts.") for name in modules)
    others = tuple(f"bsdproc.{other}" for other in SYSTEMS if other != system)
    assert not any(name.startswith(others) for name in modules)


def test_a_constant_loads_its_own_module(system: str) -> None:
    modules = loaded(f"from bsdproc.{system}.constants import Signal")
    assert f"bsdproc.{system}.constants.signals" in modules
    assert f"bsdproc.{system}.constants.kinfo" not in modules


@pytest.mark.parametrize("name", MODULES)
def test_everything_in_all_is_there(system: str, name: str) -> None:
    module = import_module(f"bsdproc.{system}{name}")
    public: list[str] = module.__all__
    assert len(public) == len(set(public))
    for each in public:
        assert getattr(module, each) is not None
    assert set(public) <= set(dir(module))
    if name in ("", ".constants"):
        assert sorted(public) == dir(module)
    with pytest.raises(AttributeError, match="nothing_such"):
        getattr(module, "nothing_" + "such")


def test_wait_is_the_function_whatever_was_imported(system: str) -> None:
    """Not the module that it is in."""
    loaded(f"import bsdproc.{system}.waiting, bsdproc.{system}; "
           f"assert bsdproc.{system}.wait is bsdproc.{system}.waiting.wait")
