"""Run every example as a user would; the exit status says whether all went well.

    python examples/run_all.py [--emulate | --emulate=dragonfly]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from _kernel import SYSTEM

HERE = Path(__file__).resolve().parent
NOT_ON = {"dragonfly": {
    "follow_forks.py": "its ptrace(2) does not follow children",
    "settings.py": "its procctl(2) has no settings",
    "supervise.py": "its procctl(2) neither lists nor kills what is below a reaper",
}}
"""What a system has not."""


def main() -> int:
    failed = []
    for script in sorted(HERE.glob("*.py")):
        if script.name.startswith("_") or script.name == Path(__file__).name:
            continue
        missing = NOT_ON.get(SYSTEM, {}).get(script.name)
        print(f"-- {script.name}{f': not here, {missing}' if missing else ''}", flush=True)
        if missing:
            continue
        done = subprocess.run([sys.executable, script, *sys.argv[1:]], cwd=HERE.parent,
                              check=False)
        if done.returncode != 0:
            failed.append(script.name)
    print(f"failed: {', '.join(failed)}" if failed else "all examples ran")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
