"""NetBSD's error numbers where they are not those of the shared kernel."""

from __future__ import annotations

from bsdproc.emulator.errno import NAMES
from bsdproc.kernel import errno

OWN = {value: number for value, name in NAMES.items()
       if (number := errno.table("netbsd").get(name)) is not None and number != value}
"""By the shared number."""
