"""Runs this checkout inside an emulated FreeBSD, by that system's own Python.

    python tools/inside.py ROOT tests/conformance/run.py --adapter freebsd_ctypes \
        --limit 300 --check tests/conformance/golden/freebsd-13.2-amd64.json

ROOT is a folder with the files of a FreeBSD 13.2 for amd64 and a Python in it (its base
system, and python311 with its libraries, unpacked); the checkout stands there as /bsdproc.
Nothing of either is written.  With a `_native` that was built for that Python, in
src/bsdproc/kernel, BSDPROC_KERNEL=native goes through it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bsdproc import emulator, freebsd

HERE = Path(__file__).resolve().parents[1]
PYTHON = "/usr/local/bin/python3.11"
ENVIRONMENT = {
    "HOME": "/root", "LD_LIBRARY_PATH": "/usr/local/lib", "PATH": "/bin:/usr/bin:/usr/local/bin",
    "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "/bsdproc/src", "TMPDIR": "/tmp",
}


def main(arguments: Sequence[str]) -> int:
    """The exit status of Python there."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    root, *command = arguments
    handed_on = {name: value for name, value in os.environ.items()
                 if name.startswith("BSDPROC_")}
    with emulator.FreeBSD(root=root) as kernel:
        kernel.install_tree("/bsdproc", HERE)
        pid = kernel.spawn(PYTHON, ["python3", *command], ENVIRONMENT | handed_on, cwd="/bsdproc")
        match freebsd.wait(pid):
            case freebsd.Exited(status=status):
                return status
            case died:
                print(died, file=sys.stderr)
                return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
