"""What is known of a file beside its contents: chflags(2), pathconf(2).

Which flags there are, who may set them and what a file system knows of its limits is the
system's own (`Personality.set_file_flags`, `Personality.path_limit`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.file import Kind
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32
from bsdproc.emulator.bsd.syscalls.filetimes import node_at, node_of
from bsdproc.emulator.errno import EBADF, EINVAL, EOPNOTSUPP, Refused
from bsdproc.emulator.vnode import Dead

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System

PIPE_BUF_NAME, PIPE_BUF = 6, 512


def sys_chflags(system: System, td: Thread, args: Args) -> None:
    system.set_file_flags(td, node_at(system, td, args[0])[0], args[1])


def sys_lchflags(system: System, td: Thread, args: Args) -> None:
    system.set_file_flags(td, node_at(system, td, args[0], follow=False)[0], args[1])


def sys_fchflags(system: System, td: Thread, args: Args) -> None:
    system.set_file_flags(td, node_of(td, int32(args[0]))[0], args[1])


def sys_pathconf(system: System, td: Thread, args: Args) -> int:
    return system.path_limit(node_at(system, td, args[0])[0], int32(args[1]))


def sys_lpathconf(system: System, td: Thread, args: Args) -> int:
    return system.path_limit(node_at(system, td, args[0], follow=False)[0], int32(args[1]))


def sys_fpathconf(system: System, td: Thread, args: Args) -> int:
    """Of pipes and sockets one is known."""
    file, name = td.proc.files.get(int32(args[0])), int32(args[1])
    if isinstance(file.vnode, Dead):
        raise Refused(EBADF)
    if file.vnode is not None:
        return system.path_limit(file.vnode, name)
    if file.kind is Kind.KQUEUE:
        raise Refused(system.kqueues.limits)
    if file.kind not in (Kind.PIPE, Kind.SOCKET):
        raise Refused(EOPNOTSUPP)
    if name != PIPE_BUF_NAME:
        raise Refused(EINVAL)
    return PIPE_BUF


CALLS: dict[str, Entry] = {
    "chflags": ("chflags", 2, sys_chflags),
    "fchflags": ("fchflags", 2, sys_fchflags),
    "fpathconf": ("fpathconf", 2, sys_fpathconf),
    "lchflags": ("lchflags", 2, sys_lchflags),
    "lpathconf": ("lpathconf", 2, sys_lpathconf),
    "pathconf": ("pathconf", 2, sys_pathconf),
}
