"""`python -m bsdproc` is the console script `bsdproc`."""

from __future__ import annotations

import sys

from bsdproc.tools.main import main

if __name__ == "__main__":
    sys.exit(main())
