"""A procfs mounted, unmounted and looked at; mount_procfs(8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.freebsd import _call
from bsdproc.freebsd.constants.mount import MountFlags, UnmountFlags
from bsdproc.kernel.errors import KernelError
from bsdproc.typed import filesystem
from bsdproc.typed.procfs import ROOT
from bsdproc.typed.texts import encoded, text

if TYPE_CHECKING:
    from bsdproc.kernel.port import Buffer, Kernel

_SAID: Final = 255
"""Bytes that the kernel may say its complaint in."""
_LOW: Final = 0xFFFFFFFF
_BY_NAME: Final = {
    MountFlags.MNT_AUTOMOUNTED: b"automounted",
    MountFlags.MNT_UNTRUSTED: b"untrusted",
    MountFlags.MNT_NOCOVER: b"nocover",
    MountFlags.MNT_EMPTYDIR: b"emptydir",
}
"""The flags beyond the int that nmount(2) takes, as options."""
_NO_FLAGS: Final = MountFlags(0)
_NO_UNMOUNT_FLAGS: Final = UnmountFlags(0)


@dataclass(frozen=True, slots=True)
class FileSystem(filesystem.FileSystem[MountFlags]):
    """A mounted file system (struct statfs)."""


def mount(root: str = ROOT, flags: MountFlags = _NO_FLAGS, *,
          kernel: Kernel | None = None) -> None:
    """nmount(2): mount a procfs on a directory, over what is mounted there already.

    `PermissionError` (EPERM) for others than root, unless vfs.usermount is set and the
    directory is the caller's; `NotADirectoryError`; `KernelError` with EINVAL where
    there is no such directory, with EOPNOTSUPP for MNT_UPDATE, which no procfs takes,
    and with EBUSY for MNT_NOCOVER over another file system's root.  The reason is what
    the kernel says, if it does.  procfs(5).
    """
    kernel = _call.freebsd(kernel)
    path = _path(root)
    if not isinstance(flags, MountFlags):
        raise TypeError(f"flags must be MountFlags, not {type(flags).__name__}")
    said = kernel.buffer(_SAID)
    iov: list[bytes | Buffer] = [b"fstype\0", b"procfs\0", b"fspath\0", path,
                                 b"errmsg\0", said]
    for flag, name in _BY_NAME.items():
        if flag in flags:
            iov += [name + b"\0", b""]
    try:
        kernel.nmount(iov, flags.value & _LOW)
    except KernelError as error:
        if error.reason is None:
            error.reason = _reason(kernel, root, error, said.read())
        raise


def _reason(kernel: Kernel, root: str, error: KernelError, said: bytes) -> str | None:
    """What the kernel said; but a missing directory it takes for a missing type."""
    if error.name == "EINVAL":
        try:
            kernel.lstat(root)
        except KernelError as missing:
            return f"{root}: {missing.strerror}"
    if error.name == "EPERM":
        return "only root may, unless vfs.usermount is set and the directory is the caller's"
    return said.partition(b"\0")[0].decode("utf-8", "replace") or None


def unmount(root: str = ROOT, flags: UnmountFlags = _NO_UNMOUNT_FLAGS, *,
            kernel: Kernel | None = None) -> None:
    """unmount(2): take away what was mounted last on a directory, be it a procfs or not.

    `KernelError` with EBUSY while something of it is open or somebody's working
    directory (MNT_FORCE takes it away all the same), with EINVAL where nothing is
    mounted, with ENOENT for a number of no file system; `PermissionError` (EPERM) for
    who did not mount it and is not root.  procfs(5).
    """
    kernel = _call.freebsd(kernel)
    path = _path(root)
    if not isinstance(flags, UnmountFlags):
        raise TypeError(f"flags must be UnmountFlags, not {type(flags).__name__}")
    kernel.unmount(text(path.removesuffix(b"\0")), flags.value)


def statfs(root: str = ROOT, *, kernel: Kernel | None = None) -> FileSystem:
    """statfs(2): the file system that a path lies on.

    A procfs has one block of a page, none of it free, and one file.
    `FileNotFoundError` for no such path.  procfs(5)."""
    return filesystem.filesystem(_call.freebsd(kernel), root, FileSystem, MountFlags)


def _path(root: str) -> bytes:
    if not isinstance(root, str):
        raise TypeError(f"root must be a str, not {type(root).__name__}")
    path = encoded(root)
    if b"\0" in path:
        raise ValueError(f"a path has no NUL: {root!r}")
    return path + b"\0"
