"""Sockets: FreeBSD's calls that start at a directory's descriptor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.syscalls.args import int32
from bsdproc.emulator.bsd.syscalls.sockets import bind, connect

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]


def sys_bindat(system: System, td: Thread, args: Args) -> None:
    bind(system, td, int32(args[0]), args[1:])


def sys_connectat(system: System, td: Thread, args: Args) -> None:
    connect(system, td, int32(args[0]), args[1:])


SYSCALLS: dict[int, Entry] = {
    538: ("bindat", 4, sys_bindat),
    539: ("connectat", 4, sys_connectat),
}
