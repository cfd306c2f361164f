"""Random requests, legal and not: nothing comes out but errors, and what must
hold holds after each.  The walks are seeded; walker.py takes more of them."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("walker", Path(__file__).parent / "walker.py")
assert _spec is not None
assert _spec.loader is not None
walker = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(walker)

SEEDS = int(os.environ.get("BSDPROC_FUZZ_SEEDS", "8"))
STEPS = int(os.environ.get("BSDPROC_FUZZ_STEPS", "400"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_walk_ends_well(seed: int) -> None:
    done = walker.run(seed, STEPS)
    assert sum(done.seen.values()) > STEPS / 2
    assert done.errors
