"""The command line, run inside the test: `bsdproc("truss", "-f", program)`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bsdproc.tools import main

ROOT = Path(__file__).resolve().parents[2]
HELLO = str(ROOT / "examples" / "programs" / "bin" / "hello")
ACTOR = str(ROOT / "tests" / "debugger" / "programs" / "bin" / "actor")
NATIVE = os.environ.get("BSDPROC_KERNEL", "emulated") == "native"
EMULATE = () if NATIVE else ("--emulate", "freebsd/amd64")


class Result(NamedTuple):
    """What a command came to."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def bsdproc(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command of the command line; its exit status and what it wrote."""

    def run(*words: str) -> Result:
        capfd.readouterr()
        try:
            status = main.main(words)
        except SystemExit as error:     # argparse, on a wrong command line
            status = error.code if isinstance(error.code, int) else 1
        return Result(status, *capfd.readouterr())

    return run
