"""kevent(2) with DragonFly's structure."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd.syscalls.kqueue import kevent

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.file import Blocking
    from bsdproc.emulator.dragonfly.state import Thread
    from bsdproc.emulator.dragonfly.system import System

KEVENT: Final = struct.Struct("<QhHIqQ")
"""struct kevent: ident, filter, flags, fflags, data, udata."""


def sys_kevent(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    return kevent(system, td, args, KEVENT)


SYSCALLS: Final[dict[int, Entry]] = {
    363: ("kevent", 6, sys_kevent),
}
