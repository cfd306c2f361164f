"""Build the tests' NetBSD programs: ``pip install ziglang``, then run this."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[3] / "examples" / "programs" / "build.py"

if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, str(BUILD), "--system", "netbsd", str(HERE / "bin"),
                             str(HERE / "actor.c"), str(HERE / "spawner.c")],
                            check=False).returncode)
