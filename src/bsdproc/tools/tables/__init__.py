"""What `bsdproc procstat` shows: the form of its tables, and each system's."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from bsdproc.tools.tables.table import View


def view_of(system: str) -> View:
    """A system's tables: `VIEW` of the module with its name."""
    return cast(View, import_module(f"bsdproc.tools.tables.{system}").VIEW)
