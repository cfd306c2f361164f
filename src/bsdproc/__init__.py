"""Typed bindings to the BSD process-control interfaces."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsdproc.debugger import Debugger, Reaper, events

__version__ = "0.1.0"

__all__ = ["Debugger", "Reaper", "__version__", "events"]

# What lies in which module: loaded when it is first asked for.
_PLACES = {
    "Debugger": "bsdproc.debugger",
    "Reaper": "bsdproc.debugger",
    "events": "bsdproc.debugger",
}


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(place), name)


def __dir__() -> list[str]:
    return sorted(__all__)
