"""A procfs mounted, unmounted and looked at; mount_procfs(8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.dragonfly import _call
from bsdproc.dragonfly.constants.mount import MountFlags
from bsdproc.kernel.errors import KernelError
from bsdproc.typed import filesystem
from bsdproc.typed.procfs import ROOT

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_NONE: Final = MountFlags(0)


@dataclass(frozen=True, slots=True)
class FileSystem(filesystem.FileSystem[MountFlags]):
    """A mounted file system (struct statvfs)."""


def mount(root: str = ROOT, flags: MountFlags = _NONE, *, kernel: Kernel | None = None) -> None:
    """mount(2): mount a procfs on a directory; several may be mounted at once.

    `PermissionError` (EPERM) for others than root, unless vfs.usermount is set and the
    directory is the caller's; `FileNotFoundError` and `NotADirectoryError` for no
    directory.  procfs(5)."""
    kernel = _call.dragonfly(kernel)
    try:
        kernel.mount("procfs", _path(root), _bits(flags))
    except KernelError as error:
        raise _call.completed(kernel, error, "mount", root, None) from None


def unmount(root: str = ROOT, flags: MountFlags = _NONE, *, kernel: Kernel | None = None) -> None:
    """unmount(2): take away what was mounted last on a directory, be it a procfs or not.

    `KernelError` with EBUSY while something of it is in use (MNT_FORCE takes it away
    all the same), with EINVAL where nothing is mounted; `PermissionError` (EPERM).  procfs(5)."""
    kernel = _call.dragonfly(kernel)
    try:
        kernel.unmount(_path(root), _bits(flags))
    except KernelError as error:
        raise _call.completed(kernel, error, "unmount", root, None) from None


def statvfs(root: str = ROOT, *, kernel: Kernel | None = None) -> FileSystem:
    """statvfs(2): the file system that a path lies on.  procfs(5)."""
    return filesystem.filesystem(_call.dragonfly(kernel), root, FileSystem, MountFlags)


def _path(root: str) -> str:
    if not isinstance(root, str):
        raise TypeError(f"root must be a str, not {type(root).__name__}")
    if "\0" in root:
        raise ValueError(f"a path has no NUL: {root!r}")
    return root


def _bits(flags: MountFlags) -> int:
    if not isinstance(flags, MountFlags):
        raise TypeError(f"flags must be MountFlags, not {type(flags).__name__}")
    return flags.value
