"""Run every example as a user would; the exit status says whether all went well.

    python examples/run_all.py [--emulate]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    failed = []
    for script in sorted(HERE.glob("*.py")):
        if script.name.startswith("_") or script.name == Path(__file__).name:
            continue
        print(f"-- {script.name}", flush=True)
        done = subprocess.run([sys.executable, script, *sys.argv[1:]], cwd=HERE.parent,
                              check=False)
        if done.returncode != 0:
            failed.append(script.name)
    print(f"failed: {', '.join(failed)}" if failed else "all examples ran")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
