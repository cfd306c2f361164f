"""The system calls that mount file systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, path_at, space
from bsdproc.emulator.netbsd import mounts

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System


def sys_mount(system: System, td: Thread, args: Args) -> int:
    """mount(type, path, flags, data, size)."""
    return mounts.mount(system, td, space(td), path_at(td, args[0]), path_at(td, args[1]),
                        int32(args[2]) & 0xFFFFFFFF, args[3], args[4])


def sys_unmount(system: System, td: Thread, args: Args) -> None:
    mounts.unmount(system, td, path_at(td, args[0]), int32(args[1]))


SYSCALLS: dict[int, Entry] = {
    22: ("unmount", 2, sys_unmount),
    410: ("__mount50", 5, sys_mount),
}
