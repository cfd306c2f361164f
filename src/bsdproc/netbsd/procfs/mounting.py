"""A procfs mounted, unmounted and looked at; mount_procfs(8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.kernel.errors import KernelError
from bsdproc.netbsd import _call
from bsdproc.netbsd.constants.procfs import MountFlags, ProcfsMount, ProcfsVersion
from bsdproc.typed import filesystem
from bsdproc.typed.procfs import ROOT
from bsdproc.typed.records import Malformed

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_TYPE: Final = "procfs"
_ARGS: Final = "struct procfs_args"
_NO_FLAGS: Final = MountFlags(0)


@dataclass(frozen=True, slots=True)
class FileSystem(filesystem.FileSystem[MountFlags]):
    """A mounted file system (struct statvfs)."""


def mount(root: str = ROOT, procfs: ProcfsMount = ProcfsMount.PROCFSMNT_LINUXCOMPAT,
          flags: MountFlags = _NO_FLAGS, *, kernel: Kernel | None = None) -> None:
    """mount(2): mount a procfs on a directory, over what is mounted there already.

    PROCFSMNT_LINUXCOMPAT is what mount_procfs(8) sets unless -o nolinux is asked for.

    `PermissionError` (EPERM) for others than root, unless vfs.generic.usermount is set
    and the directory is the caller's; `NotADirectoryError`; `FileNotFoundError`;
    `KernelError` (EOPNOTSUPP) for MNT_UPDATE, which no procfs takes."""
    kernel = _call.netbsd(kernel)
    if MountFlags.MNT_GETARGS in _flags(flags):
        raise ValueError("get_args asks with MNT_GETARGS")
    if not isinstance(procfs, ProcfsMount):
        raise TypeError(f"procfs must be ProcfsMount, not {type(procfs).__name__}")
    layout = kernel.target.struct(_ARGS)
    args = layout.pack({"version": ProcfsVersion.PROCFS_ARGSVERSION.value, "flags": procfs.value})
    try:
        kernel.mount(_TYPE, root, flags.value, kernel.buffer(args), layout.size)
    except KernelError as error:
        raise _completed(error, root) from None


def get_args(root: str = ROOT, *, kernel: Kernel | None = None) -> ProcfsMount:
    """mount(2) with MNT_GETARGS: the flags that a procfs was mounted with.

    `KernelError` (EINVAL) for a path that is no mount point, `Malformed` where it is
    another file system's, or of another version of struct procfs_args."""
    kernel = _call.netbsd(kernel)
    layout = kernel.target.struct(_ARGS)
    buffer = kernel.buffer(layout.size)
    try:
        stored = kernel.mount(_TYPE, root, MountFlags.MNT_GETARGS.value, buffer, layout.size)
    except KernelError as error:
        raise _completed(error, root) from None
    version, flags = layout.reader("version", "flags")(buffer.read(), 0)
    if stored != layout.size or version != ProcfsVersion.PROCFS_ARGSVERSION:
        raise Malformed(f"{root} gives {stored} bytes of version {version}, which are no "
                        f"{_ARGS} of version {ProcfsVersion.PROCFS_ARGSVERSION.value}")
    return ProcfsMount(flags & 0xFFFFFFFF)


def unmount(root: str = ROOT, flags: MountFlags = _NO_FLAGS, *,
            kernel: Kernel | None = None) -> None:
    """unmount(2): take away what was mounted last on a directory, be it a procfs or not.

    `KernelError` with EBUSY while something of it is open or somebody's working directory
    (MNT_FORCE takes it away all the same), with EINVAL where nothing is mounted;
    `PermissionError` (EPERM) for who did not mount it and is not root."""
    kernel = _call.netbsd(kernel)
    if _flags(flags) & ~MountFlags.MNT_FORCE:
        raise ValueError(f"unmount takes MNT_FORCE alone, not {flags!r}")
    try:
        kernel.unmount(root, flags.value)
    except KernelError as error:
        raise _completed(error, root) from None


def statvfs(root: str = ROOT, *, kernel: Kernel | None = None) -> FileSystem:
    """statvfs(2): the file system that a path lies on.

    A procfs has one block of a page, none of it free; as files it counts the processes
    that there can be, and as free ones those that there are not."""
    return filesystem.filesystem(_call.netbsd(kernel), root, FileSystem, MountFlags)


def _flags(flags: MountFlags) -> MountFlags:
    if not isinstance(flags, MountFlags):
        raise TypeError(f"flags must be MountFlags, not {type(flags).__name__}")
    return flags


def _completed(error: KernelError, root: str) -> KernelError:
    error.request = root
    if error.name == "EPERM" and error.reason is None and error.call == "mount":
        error.reason = ("only root may, unless vfs.generic.usermount is set and the directory "
                        "is the caller's")
    return error
