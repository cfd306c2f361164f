"""Which system's requests a kernel takes: the portable layer's own for each of them.

A system's package is loaded when a kernel of its own is debugged or reaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.kernel.errors import not_supported

if TYPE_CHECKING:
    from bsdproc.debugger.backend import Backend
    from bsdproc.debugger.keeper import Keeper
    from bsdproc.kernel.port import Kernel

NO_REAPER: Final = "NetBSD has no reaper; a Debugger with follow_fork=True loses none"


def backend_for(kernel: Kernel) -> Backend:
    """ptrace(2) of a kernel's system."""
    if kernel.system == "freebsd":
        from bsdproc.debugger._freebsd import FreeBSDBackend

        return FreeBSDBackend(kernel)
    if kernel.system == "dragonfly":
        from bsdproc.debugger._dragonfly import DragonFlyBackend

        return DragonFlyBackend(kernel)
    if kernel.system == "netbsd":
        from bsdproc.debugger._netbsd import NetBSDBackend

        return NetBSDBackend(kernel)
    raise not_supported(kernel.system, call="ptrace",
                        reason=f"there is no debugger for {kernel.system}")


def keeper_for(kernel: Kernel) -> Keeper:
    """procctl(2) of a kernel's system; `NotSupported` on NetBSD."""
    if kernel.system == "freebsd":
        from bsdproc.debugger._freebsd_reaper import FreeBSDKeeper

        return FreeBSDKeeper(kernel)
    if kernel.system == "dragonfly":
        from bsdproc.debugger._dragonfly_reaper import DragonFlyKeeper

        return DragonFlyKeeper(kernel)
    raise not_supported(kernel.system, call="procctl", request="PROC_REAP_ACQUIRE",
                        reason=NO_REAPER)
