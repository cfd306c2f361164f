"""What the enums here have in common: unknown values survive."""

from __future__ import annotations

from bsdproc.typed.enums import flags, known, names

__all__ = ["flags", "known", "names"]
