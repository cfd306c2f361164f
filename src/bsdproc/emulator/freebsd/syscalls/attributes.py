"""chflagsat(2), futimesat(2), utimensat(2): what is known of a file below a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls import filetimes
from bsdproc.emulator.bsd.syscalls.args import int32
from bsdproc.emulator.bsd.syscalls.files import AT_SYMLINK_NOFOLLOW
from bsdproc.emulator.bsd.syscalls.filetimes import node_at
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd.syscalls import Entry

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

AT_FLAGS = AT_SYMLINK_NOFOLLOW | 0x2000 | 0x4000
"""AT_RESOLVE_BENEATH and AT_EMPTY_PATH with it."""


def _at(td: Thread, flag: int) -> bool:
    """Whether a link at the end is followed."""
    if flag & ~AT_FLAGS:
        raise Refused(EINVAL)
    return not flag & AT_SYMLINK_NOFOLLOW


def sys_chflagsat(system: System, td: Thread, args: Args) -> None:
    follow = _at(td, int32(args[3]))
    system.set_file_flags(td, node_at(system, td, args[1], follow, int32(args[0]))[0], args[2])


# -- times ------------------------------------------------------------------------------
def sys_futimesat(system: System, td: Thread, args: Args) -> None:
    times, now = filetimes.given_times(system, td, args[2], filetimes.US)
    filetimes.set_times(*node_at(system, td, args[1], at=int32(args[0])), times, now)


def sys_utimensat(system: System, td: Thread, args: Args) -> None:
    filetimes.utimensat(system, td, int32(args[0]), args[1], args[2], _at(td, int32(args[3])))


SYSCALLS: dict[int, Entry] = {
    494: ("futimesat", 3, sys_futimesat),
    540: ("chflagsat", 4, sys_chflagsat),
    547: ("utimensat", 4, sys_utimensat),
}
