"""What an import loads, and what it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bsdproc import dragonfly
from bsdproc.dragonfly import constants, kinfo, procfs, ptrace, registers

SRC = Path(dragonfly.__file__).resolve().parents[2]


def loaded(statement: str) -> set[str]:
    """The modules that a statement loads in a new interpreter."""
    before = f"import sys; sys.path.insert(0, {str(SRC)!r}); "
    done = subprocess.run(
        [sys.executable, "-I", "-c", before + statement + "; print(*sys.modules)"],
        check=True, capture_output=True, text=True,
    )
    return set(done.stdout.split())


def test_modules_load_when_they_are_used() -> None:
    modules = loaded("from bsdproc import dragonfly")
    assert {name for name in modules if name.startswith("bsdproc.dragonfly")} == {
        "bsdproc.dragonfly"}
    modules = loaded("from bsdproc import dragonfly; dragonfly.ptrace.attach")
    assert "bsdproc.dragonfly.kinfo" not in modules
    assert not any(name.startswith(("bsdproc.freebsd", "bsdproc.netbsd")) for name in modules)
    assert not any(name.startswith("bsdproc.abi._layouts.") for name in modules)


@pytest.mark.parametrize("module", [dragonfly, constants, kinfo, procfs, ptrace, registers])
def test_everything_in_all_is_there(module: object) -> None:
    names: list[str] = module.__all__     # type: ignore[attr-defined]
    assert len(names) == len(set(names))
    for name in names:
        assert getattr(module, name) is not None
    assert set(names) <= set(dir(module))
    with pytest.raises(AttributeError, match="nothing_such"):
        getattr(module, "nothing_" + "such")
