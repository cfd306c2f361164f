"""Emulated kernels: the port, implemented on any host.

They run real programs of their system as machine code, with the Unicorn
engine: ``pip install 'bsdproc[emulator]'``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.kernel import FreeBSD

__all__ = ["FreeBSD"]


def __getattr__(name: str) -> object:
    if name == "FreeBSD":
        try:
            from bsdproc.emulator.freebsd.kernel import FreeBSD
        except ModuleNotFoundError as e:
            if e.name in ("unicorn", "elftools"):
                raise ModuleNotFoundError(
                    f"the emulator needs {e.name}: pip install 'bsdproc[emulator]'",
                    name=e.name) from e
            raise
        return FreeBSD
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
