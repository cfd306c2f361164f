"""Run the suite and write down which scenarios are equal: pinned.txt.

    python tests/conformance/pin.py            all of them
    python tests/conformance/pin.py --dry-run  count by family, write nothing
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden" / "freebsd-13.2-amd64.json"
PINNED = HERE / "pinned.txt"
_COMPLAINT = re.compile(r"^(FAIL|EMPTY|NEW|WRONG|SKIP|DIFFERS) (\w+)", re.M)


def families() -> dict[str, list[str]]:
    """The recorded scenarios by family, both in the golden file's order."""
    found: dict[str, list[str]] = {}
    for name, entry in json.loads(GOLDEN.read_text())["scenarios"].items():
        found.setdefault(entry["family"], []).append(name)
    return found


def run(only: str = "") -> tuple[dict[str, str], str]:
    """Run the suite against the golden file: what is wrong by scenario, and the output."""
    command = [
        sys.executable, str(HERE / "run.py"), "--adapter", "bsdproc_port",
        "--check", str(GOLDEN),
    ]
    if only:
        command += ["--only", only]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    if not re.search(r"^\d+ scenarios, ", done.stdout, re.M):
        raise RuntimeError(f"the runner did not come to its end:\n{text}")
    return {match[2]: match[1] for match in _COMPLAINT.finditer(text)}, text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    wrong, text = run()
    before = set(PINNED.read_text().split()) if PINNED.exists() else set()
    equal = []
    for family, names in families().items():
        here = [name for name in names if name not in wrong]
        kinds = Counter(wrong[name] for name in names if name in wrong)
        print(f"{family:12} {len(here):3} of {len(names):3} equal  "
              + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
        equal += here
    lost = sorted(before - set(equal))
    print(f"{len(equal)} of {sum(map(len, families().values()))} equal, "
          f"{len(set(equal) - before)} newly, {len(lost)} lost {' '.join(lost)}")
    if options.dry_run:
        print(text)
    else:
        PINNED.write_text("".join(f"{name}\n" for name in sorted(equal)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
