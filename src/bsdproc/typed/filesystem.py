"""What statvfs(3) says of a mounted file system, with a system's own flags."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

F_co = TypeVar("F_co", bound=Flag, covariant=True)
M = TypeVar("M", bound="FileSystem[Flag]")


@dataclass(frozen=True, slots=True)
class FileSystem(Generic[F_co]):
    """A mounted file system (struct statvfs, struct statfs).  Each surface has its own."""

    fstype: str
    """"procfs", "ufs" .."""
    mounted_from: str
    mounted_on: str
    flags: F_co
    owner: int
    """The user who mounted it."""
    fsid: tuple[int, int] | None
    """Its number, which FreeBSD tells only to root outside of jails (None)."""
    bsize: int
    """Bytes to transfer at once."""
    frsize: int
    """Bytes of a block, the unit of the next three."""
    iosize: int
    """Bytes of the best transfer."""
    blocks: int
    bfree: int
    bavail: int
    """Free blocks for users; below 0 where only root can still write."""
    files: int
    ffree: int
    namemax: int
    """Bytes that a name may have."""


def filesystem(kernel: Kernel, path: str, made: type[M], kind: type[Flag]) -> M:
    """The file system that a path lies on."""
    if not isinstance(path, str):
        raise TypeError(f"a path must be a str, not {type(path).__name__}")
    found = kernel.statvfs(path)
    return made(
        fstype=found.fstype, mounted_from=found.mounted_from, mounted_on=found.mounted_on,
        flags=kind(found.flags), owner=found.owner,
        fsid=found.fsid if any(found.fsid) else None,
        bsize=found.bsize, frsize=found.frsize, iosize=found.iosize, blocks=found.blocks,
        bfree=found.bfree, bavail=found.bavail, files=found.files, ffree=found.ffree,
        namemax=found.namemax,
    )
