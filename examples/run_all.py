"""Run every example as a user would; the exit status says whether all went well.

On a BSD on its kernel, elsewhere on all three emulated ones; --emulate=SYSTEM is that one
alone.

    python examples/run_all.py [--emulate[=SYSTEM]]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from _kernel import CLASSES, NATIVE

HERE = Path(__file__).resolve().parent
OPTIONS = sys.argv[1:] or ([""] if NATIVE else [f"--emulate={system}" for system in CLASSES])


def main() -> int:
    failed = []
    for script in sorted(HERE.glob("*.py")):
        if script.name.startswith("_") or script.name == Path(__file__).name:
            continue
        for option in OPTIONS:
            print(f"-- {script.name} {option}".rstrip(), flush=True)
            done = subprocess.run([sys.executable, script, *option.split()], cwd=HERE.parent,
                                  check=False)
            if done.returncode != 0:
                failed.append(f"{script.name} {option}".rstrip())
    print(f"failed: {', '.join(failed)}" if failed else "all examples ran")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
