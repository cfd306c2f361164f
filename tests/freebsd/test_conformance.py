"""The recorded answers of FreeBSD 13.2, through the typed functions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

SUITE = Path(__file__).resolve().parents[1] / "conformance"
GOLDEN = SUITE / "golden" / "freebsd-13.2-amd64.json"
FAMILIES = sorted({one["family"] for one in json.loads(GOLDEN.read_text())["scenarios"].values()})


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_the_recorded_ones(family: str, tmp_path: Path) -> None:
    """Equal entry by entry, with most calls gone the typed way: what else the
    scenarios ask is meant to be malformed."""
    log = tmp_path / "calls"
    done = subprocess.run(
        [sys.executable, str(SUITE / "run.py"), "--adapter", "bsdproc_typed",
         "--check", str(GOLDEN), "--only", family],
        capture_output=True, text=True, check=False,
        env={**os.environ, "BSDPROC_TYPED_LOG": str(log)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ways = Counter(line.split()[0] for line in log.read_text().splitlines())
    share = {"errors": 0.4, "procctl": 0.5, "reaper": 0.6}.get(family, 0.8)
    assert ways["typed"] / ways.total() >= share, ways
