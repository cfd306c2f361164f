"""kevent(2) with FreeBSD's structures: those of 12 and later, and those before."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.syscalls.kqueue import kevent
from bsdproc.emulator.bsd.syscalls.width import narrow

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.file import Blocking
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

KEVENT = (struct.Struct("<QhHIqQ4Q"), struct.Struct("<IhHIqI4Q"))
"""struct kevent: amd64's and i386's."""
KEVENT11 = (struct.Struct("<QhHIqQ"), struct.Struct("<IhHIiI"))
"""The same as it was before 12."""


def sys_kevent(system: System, td: Thread, args: Args) -> Blocking[int]:
    return kevent(system, td, args, KEVENT[narrow(td)])


def sys_freebsd11_kevent(system: System, td: Thread, args: Args) -> Blocking[int]:
    return kevent(system, td, args, KEVENT11[narrow(td)])


SYSCALLS: dict[int, Entry] = {
    363: ("freebsd11_kevent", 6, sys_freebsd11_kevent),
    560: ("kevent", 6, sys_kevent),
}
