"""Typed bindings to the BSD process-control interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.typed import lazy

if TYPE_CHECKING:
    from bsdproc.debugger import Debugger, Reaper, events

__version__ = "0.1.0"

__all__ = ["Debugger", "Reaper", "__version__", "events"]

if not TYPE_CHECKING:
    __getattr__ = lazy.attributes(__name__, globals(), {".debugger": "Debugger Reaper events"})


def __dir__() -> list[str]:
    return sorted(__all__)
