"""Run the suite and write down which scenarios are equal: pinned.txt.

    python tests/conformance/pin.py            all of them
    python tests/conformance/pin.py --dry-run  count by family, write nothing
    python tests/conformance/pin.py --adapter bsdproc_typed
                                               and which calls the typed functions cannot
                                               be asked, and why: beside.txt; and what
                                               share of each family's they take: shares.txt
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden" / "freebsd-13.2-amd64.json"
PINNED = HERE / "pinned.txt"
BESIDE = HERE / "beside.txt"
SHARES = HERE / "shares.txt"
TYPED = "bsdproc_typed"
ADAPTERS = ("bsdproc_port", TYPED)
_COMPLAINT = re.compile(r"^(FAIL|EMPTY|NEW|WRONG|SKIP|DIFFERS) (\w+)", re.M)


def families() -> dict[str, list[str]]:
    """The recorded scenarios by family, both in the golden file's order."""
    found: dict[str, list[str]] = {}
    for name, entry in json.loads(GOLDEN.read_text())["scenarios"].items():
        found.setdefault(entry["family"], []).append(name)
    return found


def run(only: str = "", adapter: str = ADAPTERS[0],
        calls: Path | None = None) -> tuple[dict[str, str], str]:
    """Run the suite against the golden file: what is wrong by scenario, and the output.

    The typed adapter writes what went which way to `calls`."""
    command = [
        sys.executable, str(HERE / "run.py"), "--adapter", adapter,
        "--check", str(GOLDEN),
    ]
    if only:
        command += ["--only", only]
    env = dict(os.environ)
    if calls is not None:
        env["BSDPROC_CONFORMANCE_CALLS"] = str(calls)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    text = done.stdout + done.stderr
    if not re.search(r"^\d+ scenarios, ", done.stdout, re.M):
        raise RuntimeError(f"the runner did not come to its end:\n{text}")
    return {match[2]: match[1] for match in _COMPLAINT.finditer(text)}, text


def ways(calls: Path) -> tuple[Counter[str], set[str]]:
    """What the typed adapter wrote: calls by their way, and the requests that went
    beside the typed functions, each with the reason."""
    counts: Counter[str] = Counter()
    beside = set()
    for line in calls.read_text().splitlines():
        for way, request, reason, count in json.loads(line)["calls"]:
            counts[way] += count
            if way != "typed":
                beside.add(f"{request}: {reason}")
    return counts, beside


def share(counts: Counter[str]) -> int:
    """How many of a hundred calls went through the typed functions."""
    return 100 * counts["typed"] // max(counts.total(), 1)


def shares() -> dict[str, int]:
    """The share of each family that was written down."""
    lines = (line.split() for line in SHARES.read_text().splitlines())
    return {family: int(least) for family, least in lines}


def typed(dry_run: bool) -> tuple[dict[str, str], str]:
    """`run` through the typed functions, family by family, with its calls counted."""
    wrong: dict[str, str] = {}
    output, taken, total, beside = [], {}, Counter[str](), set[str]()
    for family in families():
        with tempfile.TemporaryDirectory() as folder:
            calls = Path(folder, "calls")
            found, text = run(family, TYPED, calls)
            counts, aside = ways(calls)
        wrong |= found
        output.append(text)
        total += counts
        beside |= aside
        taken[family] = share(counts)
    print(f"{total['typed']} calls through the typed functions, {total['port']} beside")
    if not dry_run:
        BESIDE.write_text("".join(f"{line}\n" for line in sorted(beside)))
        SHARES.write_text("".join(f"{family} {least}\n" for family, least in taken.items()))
    return wrong, "".join(output)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--adapter", choices=ADAPTERS, default=ADAPTERS[0])
    options = parser.parse_args()
    if options.adapter == TYPED:
        wrong, text = typed(options.dry_run)
    else:
        wrong, text = run(adapter=options.adapter)
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
    elif options.adapter == ADAPTERS[0]:
        PINNED.write_text("".join(f"{name}\n" for name in sorted(equal)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
