"""DragonFly's programs run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bsdproc.emulator import DragonFly

BIN = Path(__file__).resolve().parents[3] / "examples" / "programs" / "bin" / "dragonfly"


@pytest.mark.parametrize(("name", "status"), [("hello", 0), ("faulty", 11)])
def test_the_examples_end_as_they_should(name: str, status: int) -> None:
    with DragonFly(stdout=io.BytesIO()) as kernel:
        kernel.install(f"/bin/{name}", BIN / name)
        pid = kernel.spawn(f"/bin/{name}", [name])
        assert kernel.wait4(pid)[:2] == (pid, status)
        assert kernel.log == []


def test_only_one_machine_is_emulated() -> None:
    with pytest.raises(ValueError, match="amd64"):
        DragonFly("amd64")
