"""The code in README.md and docs/ runs as it stands there."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from bsdproc import emulator
from bsdproc.tools.main import main

ROOT = Path(__file__).resolve().parents[2]
MARKDOWN = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
RST = re.compile(r"^\.\. code-block:: (\w+)\n\n((?:(?:   .*)?\n)+)", re.M)


@dataclass(frozen=True)
class Block:
    """A piece of code in a text."""

    file: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def blocks() -> Iterator[Block]:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.rst"))):
        text = path.read_text()
        for found in (MARKDOWN if path.suffix == ".md" else RST).finditer(text):
            yield Block(str(path.relative_to(ROOT)), text.count("\n", 0, found.start(2)) + 1,
                        found[1], dedent(found[2]))


BLOCKS = tuple(blocks())
PYTHON = [block for block in BLOCKS if block.language == "python"]
COMMANDS = [(str(block), line) for block in BLOCKS if block.language in ("sh", "shell")
            for line in block.code.splitlines()
            if re.match(r"(\.venv/bin/)?bsdproc |python benchmarks/", line)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory as the texts have it: a checkout, as far as they use it."""
    made = tmp_path_factory.mktemp("docs")
    (made / "examples").symlink_to(ROOT / "examples")
    return made


def test_there_are_some() -> None:
    assert len(PYTHON) >= 10
    assert len(COMMANDS) >= 8


@pytest.mark.emulated
@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    script = folder / (re.sub(r"\W", "_", str(block)) + ".py")
    script.write_text(block.code)
    if "def test_" in block.code:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", script.name],
            capture_output=True, text=True)
        assert "1 passed" in done.stdout, done.stdout + done.stderr
    elif "pid =" in block.code or not re.search(r"\(pid[,)]", block.code):
        runpy.run_path(str(script))
    else:
        with emulator.FreeBSD() as kernel:
            kernel.install("/bin/ticker", "examples/programs/bin/ticker")
            pid = kernel.spawn("/bin/ticker", ["ticker"])
            runpy.run_path(str(script), {"pid": pid})


@pytest.mark.slow
@pytest.mark.toolchain
def test_python_has_types(tmp_path: Path) -> None:
    """As a user with mypy --strict sees it."""
    for i, block in enumerate(PYTHON):
        lines = "pid = 0\n" if "pid =" not in block.code else ""
        (tmp_path / f"block_{i}.py").write_text(f"# {block}\n{lines}{block.code}")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent",
         "--cache-dir", str(tmp_path / "cache"), *map(str, sorted(tmp_path.glob("*.py")))],
        cwd=tmp_path, text=True, capture_output=True, env={"MYPYPATH": str(ROOT / "src")})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.emulated
@pytest.mark.parametrize(("where", "line"), COMMANDS, ids=[f"{w} {c}" for w, c in COMMANDS])
def test_commands(where: str, line: str, folder: Path, monkeypatch: pytest.MonkeyPatch,
                  capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    words = shlex.split(line, comments=True)
    if words[0] == "python":
        assert (ROOT / words[1]).exists()
        return
    assert main(words[1:]) == 0
    out, err = capfd.readouterr()
    assert out + err
