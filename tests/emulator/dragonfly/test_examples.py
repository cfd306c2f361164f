"""DragonFly's programs run."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from bsdproc.emulator import DragonFly

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "programs"
BIN = EXAMPLES / "bin" / "dragonfly"
PROGRAMS = Path(__file__).resolve().parent / "programs"


@pytest.mark.parametrize(("name", "status"), [("hello", 0), ("faulty", 11)])
def test_the_examples_end_as_they_should(name: str, status: int) -> None:
    with DragonFly(stdout=io.BytesIO()) as kernel:
        kernel.install(f"/bin/{name}", BIN / name)
        pid = kernel.spawn(f"/bin/{name}", [name])
        assert kernel.wait4(pid)[:2] == (pid, status)
        assert kernel.log == []


@pytest.mark.toolchain
def test_the_shipped_program_is_its_source(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(EXAMPLES / "build.py"), "--system", "dragonfly",
                    str(tmp_path), str(PROGRAMS / "act.c")], check=True, capture_output=True)
    assert (tmp_path / "act").read_bytes() == (PROGRAMS / "bin" / "act").read_bytes()


def test_only_one_machine_is_emulated() -> None:
    with pytest.raises(ValueError, match="amd64"):
        DragonFly("amd64")
