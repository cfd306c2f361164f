"""Access control lists, which the file systems here are mounted without: acl_get(3) and its
like.  The subject of vfs_acl.c."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import files
from bsdproc.emulator.bsd.state import Thread
from bsdproc.emulator.bsd.syscalls.args import Args, int32, path_at, space_of
from bsdproc.emulator.errno import EINVAL, EOPNOTSUPP, Refused
from bsdproc.emulator.freebsd.syscalls import Entry, Function

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System

ENTRIES: Final = 254
SIZE: Final = 24 + 16 * ENTRIES
"""sizeof(struct acl), which says first for how many entries it has room."""
OLD_TYPES: Final = (0, 1)


def _read(td: Thread, kind: int, at: int) -> None:
    """acl_copyin: EINVAL for another size."""
    if kind not in OLD_TYPES and struct.unpack_from(
            "<I", space_of(td).copyin(at, SIZE))[0] != ENTRIES:
        raise Refused(EINVAL)


def _of_name(takes: bool, follow: bool) -> Function:
    def call(system: System, td: Thread, args: Args) -> None:
        path = path_at(td, args[0])
        system.vfs.find(path, files.where(td, files.AT_FDCWD, path), follow)
        if takes:
            _read(td, int32(args[1]), args[2])
        raise Refused(EOPNOTSUPP)
    return call


def _of_file(takes: bool) -> Function:
    def call(system: System, td: Thread, args: Args) -> None:
        if td.proc.files.get(int32(args[0])).vnode is None:
            raise Refused(EINVAL)
        if takes:
            _read(td, int32(args[1]), args[2])
        raise Refused(EOPNOTSUPP)
    return call


SYSCALLS: dict[int, Entry] = {
    347: ("__acl_get_file", 3, _of_name(takes=False, follow=True)),
    348: ("__acl_set_file", 3, _of_name(takes=True, follow=True)),
    349: ("__acl_get_fd", 3, _of_file(takes=False)),
    350: ("__acl_set_fd", 3, _of_file(takes=True)),
    351: ("__acl_delete_file", 2, _of_name(takes=False, follow=True)),
    352: ("__acl_delete_fd", 2, _of_file(takes=False)),
    353: ("__acl_aclcheck_file", 3, _of_name(takes=True, follow=True)),
    354: ("__acl_aclcheck_fd", 3, _of_file(takes=True)),
    425: ("__acl_get_link", 3, _of_name(takes=False, follow=False)),
    426: ("__acl_set_link", 3, _of_name(takes=True, follow=False)),
    427: ("__acl_delete_link", 2, _of_name(takes=False, follow=False)),
    428: ("__acl_aclcheck_link", 3, _of_name(takes=True, follow=False)),
}
