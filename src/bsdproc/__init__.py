"""Typed bindings to the BSD process-control interfaces."""

from __future__ import annotations

from bsdproc.typed import lazy

TYPE_CHECKING = False
"""As type checkers know it from `typing`, which takes longer to load than all the rest here."""

if TYPE_CHECKING:
    from bsdproc import abi, debugger, dragonfly, emulator, freebsd, kernel, netbsd
    from bsdproc.debugger import Debugger, Reaper, events

__version__ = "0.1.0"

__all__ = [
    "Debugger",
    "Reaper",
    "__version__",
    "abi",
    "debugger",
    "dragonfly",
    "emulator",
    "events",
    "freebsd",
    "kernel",
    "netbsd",
]

if not TYPE_CHECKING:
    __getattr__ = lazy.attributes(__name__, globals(), {
        ".": "abi debugger dragonfly emulator freebsd kernel netbsd",
        ".debugger": "Debugger Reaper events",
    })


def __dir__() -> list[str]:
    return sorted(__all__)
