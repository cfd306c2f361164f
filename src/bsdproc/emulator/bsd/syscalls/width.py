"""How wide a program's words are: amd64's and i386's structures side by side."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread

_POINTERS: Final = (struct.Struct("<Q"), struct.Struct("<I"))
_LONGS: Final = (struct.Struct("<q"), struct.Struct("<i"))
_TIMES: Final = (struct.Struct("<qq"), struct.Struct("<ii"))


def narrow(td: Thread) -> bool:
    """The thread's program is an i386 one."""
    return td.proc.sysent.endswith("32")


def pointer(td: Thread) -> struct.Struct:
    """void *, size_t, u_long."""
    return _POINTERS[narrow(td)]


def long_(td: Thread) -> struct.Struct:
    """long."""
    return _LONGS[narrow(td)]


def time(td: Thread) -> struct.Struct:
    """struct timespec and struct timeval: seconds and a fraction."""
    return _TIMES[narrow(td)]
