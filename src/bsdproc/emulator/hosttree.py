"""A folder of the host in an emulated file system.

What is in it is looked at when the emulated kernel looks there: a directory is listed, a
file read, when somebody asks for it first.  Everything belongs to root; links stay links,
and lead through the emulated file system alone; fifos, sockets and devices are left out.
A program may write: into the emulated file system, never into the host's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bsdproc.emulator.errno import EFBIG, EIO, ENOTDIR, Refused
from bsdproc.emulator.vfs import KERNEL, FileSystem
from bsdproc.emulator.vnode import (
    SIZE_MAX,
    Access,
    Attributes,
    Directory,
    Mount,
    Regular,
    Symlink,
    Vnode,
)

Note = Callable[[str], None]
"""What takes down a problem with the host's file."""


def _dated(node: Vnode, told: os.stat_result) -> None:
    node.atime = node.mtime = node.ctime = node.birthtime = told.st_mtime_ns


@contextmanager
def _read(path: str, note: Note) -> Iterator[None]:
    """EIO for what the host does not let us read."""
    try:
        yield
    except OSError as e:
        note(f"{path}: the host does not give it: {e.strerror}")
        raise Refused(EIO) from None


class HostFile(Regular):
    """A file that is read when its contents are asked for first."""

    def __init__(self, mount: Mount, path: str, told: os.stat_result, note: Note) -> None:
        super().__init__(mount, stat.S_IMODE(told.st_mode))
        _dated(self, told)
        self._expected = told.st_size
        self._source: tuple[str, Note] | None = path, note

    @property
    def data(self) -> bytearray:
        if self._source is not None:
            path, note = self._source
            if self._expected > SIZE_MAX:
                raise Refused(EFBIG)
            with _read(path, note), open(path, "rb", opener=_no_link) as file:
                self._data = bytearray(file.read())
            self._source = None
        return self._data

    @data.setter
    def data(self, data: bytearray) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return self._expected if self._source is not None else len(self._data)

    def opened(self, write: bool, who: Access, exclusive: bool = False) -> None:
        assert self.data is not None


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


class HostDirectory(Directory):
    """A directory that is listed when its names are asked for first."""

    def __init__(self, mount: Mount, path: str, told: os.stat_result, note: Note) -> None:
        super().__init__(mount, stat.S_IMODE(told.st_mode))
        _dated(self, told)
        self._source: tuple[str, Note] | None = path, note

    @property
    def names(self) -> dict[str, Vnode]:
        if self._source is not None:
            path, note = self._source
            with _read(path, note):
                found = list(nodes(self.mount, path, note))
            self._source = None
            for name, node in found:
                self._names[name] = node
                node.places.append((self, name))
                self.nlink += node.kind == "dir"
        return self._names

    @names.setter
    def names(self, names: dict[str, Vnode]) -> None:
        self._names = names

    def attributes(self, who: Access = KERNEL) -> Attributes:
        assert self.names is not None       # they say how many links there are
        return super().attributes(who)


def nodes(mount: Mount, folder: str, note: Note) -> Iterator[tuple[str, Vnode]]:
    """What is in a folder of the host, by name."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        told = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(told.st_mode):
            yield entry.name, HostDirectory(mount, entry.path, told, note)
        elif stat.S_ISREG(told.st_mode):
            yield entry.name, HostFile(mount, entry.path, told, note)
        elif stat.S_ISLNK(told.st_mode):
            link = Symlink(mount, os.readlink(entry.path))
            _dated(link, told)
            yield entry.name, link


def install(fs: FileSystem, at: str, folder: str, note: Note) -> None:
    """Bring a folder in at a directory, which is made if it is not there.

    Directories that are on both sides become one, with the mode that they have here;
    of two files the folder's counts.  Where something is mounted, it stays."""
    fs.make_directories(at)
    top = fs.lookup(at)
    if not isinstance(top, Directory):
        raise Refused(ENOTDIR)
    _merge(top, folder, at.rstrip("/"), note)


def _merge(directory: Directory, folder: str, at: str, note: Note) -> None:
    for name, node in list(nodes(directory.mount, folder, note)):
        there, path = directory.names.get(name), f"{at}/{name}"
        if isinstance(there, Directory) and there.covered_by is not None:
            continue
        if isinstance(there, Directory) and isinstance(node, HostDirectory):
            _merge(there, os.path.join(folder, name), path, note)
            continue
        if isinstance(there, Directory) and there.names:
            raise ValueError(f"{path} is a directory that has files already, and none in {folder}")
        if there is not None:
            directory.let_go(name, there, KERNEL)
        directory.take_in(name, node)
