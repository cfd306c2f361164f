"""Emulated kernels: the port, implemented on any host.

They run real programs of their system as machine code, with the Unicorn
engine: ``pip install 'bsdproc[emulator]'``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.kernel import DragonFly
    from bsdproc.emulator.freebsd.kernel import FreeBSD
    from bsdproc.emulator.netbsd.kernel import NetBSD

__all__ = ["DragonFly", "FreeBSD", "NetBSD"]

_KERNELS: Final = {"DragonFly": "dragonfly", "FreeBSD": "freebsd", "NetBSD": "netbsd"}


def __getattr__(name: str) -> object:
    if name not in _KERNELS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_KERNELS[name]}.kernel")
    except ModuleNotFoundError as e:
        if e.name in ("unicorn", "elftools"):
            raise ModuleNotFoundError(
                f"the emulator needs {e.name}: pip install 'bsdproc[emulator]'",
                name=e.name) from e
        raise
    kernel: object = getattr(module, name)
    return kernel
