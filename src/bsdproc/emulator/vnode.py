"""Vnodes: the files of an emulated kernel's file systems, in memory.

A vnode answers what the operations of vnode(9) of the same name do; a
refusal is `Refused` with the BSD error number.  They belong to no system in
particular: each kernel's procfs derives its own from `Vnode`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bsdproc.emulator.errno import (
    EACCES,
    EBADF,
    EFBIG,
    EINVAL,
    EIO,
    EISDIR,
    ENOENT,
    ENOTDIR,
    ENXIO,
    EOPNOTSUPP,
    EPERM,
    Refused,
)

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.lockf import Locks


class Told:
    """What somebody who watches a file is told: NOTE_ of EVFILT_VNODE."""

    DELETE, WRITE, EXTEND, ATTRIB, LINK, RENAME, REVOKE = 1, 2, 4, 8, 0x10, 0x20, 0x40
    OPEN, CLOSE, CLOSE_WRITE, READ = 0x80, 0x100, 0x200, 0x400


SIZE_MAX = 1 << 30
"""A file here lives in memory: beyond this it is EFBIG."""

READ, WRITE, EXEC = 4, 2, 1

FORMATS = {
    "fifo": 0o010000,
    "chr": 0o020000,
    "dir": 0o040000,
    "blk": 0o060000,
    "reg": 0o100000,
    "lnk": 0o120000,
    "sock": 0o140000,
}
"""S_IFMT bits of each kind of vnode."""


class Credential(Protocol):
    """What permissions are checked by: effective ids."""

    @property
    def uid(self) -> int: ...

    @property
    def gid(self) -> int: ...

    @property
    def groups(self) -> Sequence[int]: ...


@dataclass(frozen=True, slots=True)
class Superuser:
    """The kernel's own credential."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks, and from where relative names start."""

    cred: Credential
    cwd: str | Vnode = "/"
    root: str = "/"
    thread: object = None
    """The calling thread, in the terms of the kernel whose name space it is:
    a procfs looks at the relation of two processes."""
    beneath: bool = False
    """Names may not lead out of `cwd` (capability mode): ENOTCAPABLE."""


KERNEL = Access(Superuser())


@dataclass(slots=True)
class Attributes:
    """struct vattr: times in nanoseconds since the epoch."""

    kind: str
    mode: int
    """The permission bits with set-id and sticky."""
    uid: int
    gid: int
    ino: int
    nlink: int
    size: int
    fsid: int
    rdev: int = (1 << 64) - 1
    atime: int = 0
    mtime: int = 0
    ctime: int = 0
    birthtime: int = 0
    blksize: int = 4096
    flags: int = 0

    @property
    def st_mode(self) -> int:
        return FORMATS[self.kind] | self.mode


class Entry(NamedTuple):
    """One name in a directory."""

    name: str
    ino: int
    kind: str


def allowed(cred: Credential, attributes: Attributes, want: int) -> bool:
    """vaccess(9): whether all of these rights are there.  The superuser reads
    and writes everything, but executes only what somebody may execute."""
    mode = attributes.mode
    if cred.uid == 0:
        return not (want & EXEC) or attributes.kind == "dir" or bool(mode & 0o111)
    if cred.uid == attributes.uid:
        granted = mode >> 6
    elif attributes.gid == cred.gid or attributes.gid in cred.groups:
        granted = mode >> 3
    else:
        granted = mode
    return want & ~granted & 7 == 0


class Vnode:
    """A file of any kind.  The operations of a kind that lacks them refuse."""

    locks: Locks | None = None
    """flock(2)'s and fcntl(2)'s."""
    watchers: list[Callable[[int], None]] | None = None
    """Those who are told what is done with it."""
    fixed = False
    """A directory whose names cannot be taken away: it is not even asked for them."""
    fixed_error = EOPNOTSUPP
    """What one gets who tries."""
    entry_size = 0
    """Bytes of each record that lists one of its names, where they are all alike."""
    rewinds = False
    """Reading and writing leave a descriptor at the beginning."""
    flags = 0
    """chflags(2)'s, with these that keep it as it is: as a whole, all but what is
    put at its end, or its names; the user's and the system's."""
    IMMUTABLE, APPEND, NOUNLINK = 0x20002, 0x40004, 0x100010
    KEPT = IMMUTABLE | APPEND | NOUNLINK

    def __init__(self, mount: Mount, kind: str, mode: int, uid: int = 0, gid: int = 0,
                 ino: int | None = None) -> None:
        """`ino` where its number follows from what it stands for."""
        self.mount = mount
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.ino = mount.number() if ino is None else ino
        self.nlink = 1
        self.rdev = (1 << 64) - 1
        now = mount.clock()
        self.atime = self.mtime = self.ctime = self.birthtime = now
        self.places: list[tuple[Vnode, str]] = []
        """Its names: each the directory and the name there."""
        self.covered_by: Mount | None = None
        self.writers = 0
        """Descriptors open for writing: such a file cannot be executed."""

    @property
    def size(self) -> int:
        return 0

    def tell(self, what: int) -> None:
        """VFS_KNOTE: bits of `Told`."""
        for watcher in self.watchers or ():
            watcher(what)

    def attributes(self, who: Access = KERNEL) -> Attributes:
        """VOP_GETATTR."""
        return Attributes(
            self.kind, self.mode, self.uid, self.gid, self.ino, self.nlink, self.size,
            self.mount.fsid, self.rdev, self.atime, self.mtime, self.ctime, self.birthtime,
            flags=self.flags,
        )  # fmt: skip

    def check(self, want: int, who: Access) -> None:
        """VOP_ACCESS: EACCES unless all of these rights are there."""
        if want & WRITE and self.flags & self.IMMUTABLE:
            raise Refused(EPERM)
        if not allowed(who.cred, self.attributes(who), want):
            raise Refused(EACCES)

    def keeps(self, bits: int) -> None:
        """EPERM where its flags have one of these."""
        if self.flags & bits & self.mount.acts_on:
            raise Refused(EPERM)

    def set_attributes(
        self, who: Access = KERNEL, *, mode: int | None = None, uid: int | None = None,
        gid: int | None = None, atime: int | None = None, mtime: int | None = None,
    ) -> None:  # fmt: skip
        """VOP_SETATTR: the owner's and the superuser's right (EPERM)."""
        cred = who.cred
        self.keeps(self.IMMUTABLE | self.APPEND)
        if cred.uid not in (0, self.uid):
            raise Refused(EPERM)
        if cred.uid != 0 and (uid is not None or gid is not None):
            if uid not in (None, self.uid) or gid not in (None, cred.gid, *cred.groups):
                raise Refused(EPERM)
            self.mode &= ~0o6000
        self.uid = self.uid if uid is None else uid
        self.gid = self.gid if gid is None else gid
        if mode is not None:
            if mode & 0o2000 and cred.uid != 0 and self.gid not in (cred.gid, *cred.groups):
                raise Refused(EPERM)
            self.mode = mode & 0o7777
        self.atime = self.atime if atime is None else atime
        self.mtime = self.mtime if mtime is None else mtime
        self.ctime = self.mount.clock()
        self.tell(Told.ATTRIB)

    def opened(self, write: bool, who: Access, exclusive: bool = False) -> None:
        """VOP_OPEN, behind the permission check; `exclusive` is O_EXCL."""

    def closed(self, write: bool) -> None:
        """VOP_CLOSE, of an open for writing or not."""

    def dots(self) -> tuple[int, int] | None:
        """The inode numbers that "." and ".." are listed with, if they are."""
        return self.ino, self.parent().ino

    def read_at(self, offset: int, size: int, who: Access = KERNEL) -> bytes:
        """VOP_READ: fewer bytes at the end."""
        raise Refused(EISDIR if self.kind == "dir" else EOPNOTSUPP)

    def contents(self) -> bytes:
        """All that is in it."""
        return self.read_at(0, SIZE_MAX)

    def write_at(self, offset: int, data: bytes, who: Access = KERNEL) -> int:
        """VOP_WRITE: how many bytes were taken."""
        raise Refused(EISDIR if self.kind == "dir" else EOPNOTSUPP)

    def behind(self, who: Access) -> object:
        """The open file that reading and writing this one is done with, if it stands for one."""
        return None

    def truncate(self, size: int, who: Access = KERNEL) -> None:
        raise Refused(EISDIR if self.kind == "dir" else EINVAL)

    def readlink(self, who: Access = KERNEL) -> str:
        raise Refused(EINVAL)

    def place(self) -> tuple[Vnode, str] | None:
        """A directory it is in and its name there; None when it has none."""
        return self.places[0] if self.places else None

    # -- directories
    def search(self, who: Access) -> None:
        """Whether names may be looked up in it: EACCES."""
        self.check(EXEC, who)

    def lookup(self, name: str, who: Access = KERNEL) -> Vnode:
        """The entry of that name; never "." or ".."."""
        raise Refused(ENOTDIR)

    def parent(self) -> Vnode:
        """What ".." is inside this file system."""
        return self.places[0][0] if self.places else self

    def entries(self, who: Access = KERNEL) -> list[Entry]:
        """All entries without . and ..: VOP_READDIR."""
        raise Refused(ENOTDIR)

    def add(self, name: str, node: Vnode, who: Access = KERNEL) -> None:
        """Enter a new name: a file system that takes none has no such name."""
        raise Refused(ENOENT if self.kind == "dir" else ENOTDIR)

    def remove(self, name: str, who: Access = KERNEL) -> None:
        raise Refused(EOPNOTSUPP if self.kind == "dir" else ENOTDIR)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.ino} {self.places[0][1] if self.places else '?'}>"


class Regular(Vnode):
    def __init__(self, mount: Mount, mode: int, uid: int = 0, gid: int = 0,
                 data: bytes = b"") -> None:  # fmt: skip
        super().__init__(mount, "reg", mode, uid, gid)
        self.data = bytearray(data)

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, size: int, who: Access = KERNEL) -> bytes:
        self.atime = self.mount.clock()
        return bytes(self.data[offset : offset + size])

    def write_at(self, offset: int, data: bytes, who: Access = KERNEL) -> int:
        end = offset + len(data)
        if self.flags & self.APPEND and offset != len(self.data):
            raise Refused(EPERM)
        if end > SIZE_MAX:
            raise Refused(EFBIG)
        if offset > len(self.data):
            self.data.extend(bytes(offset - len(self.data)))
        self.data[offset:end] = data
        self.mtime = self.ctime = self.mount.clock()
        if who.cred.uid != 0:
            self.mode &= ~0o6000
        return len(data)

    def truncate(self, size: int, who: Access = KERNEL) -> None:
        if size < 0:
            raise Refused(EINVAL)
        self.keeps(self.IMMUTABLE | self.APPEND)
        if size > SIZE_MAX:
            raise Refused(EFBIG)
        if size <= len(self.data):
            del self.data[size:]
        else:
            self.data.extend(bytes(size - len(self.data)))
        self.mtime = self.ctime = self.mount.clock()
        self.tell(Told.ATTRIB)


class Directory(Vnode):
    def __init__(self, mount: Mount, mode: int, uid: int = 0, gid: int = 0) -> None:
        super().__init__(mount, "dir", mode, uid, gid)
        self.names: dict[str, Vnode] = {}
        self.nlink = 2

    @property
    def size(self) -> int:
        return 512

    def lookup(self, name: str, who: Access = KERNEL) -> Vnode:
        try:
            return self.names[name]
        except KeyError:
            raise Refused(ENOENT) from None

    def entries(self, who: Access = KERNEL) -> list[Entry]:
        return [Entry(name, v.ino, v.kind) for name, v in self.names.items()]

    def add(self, name: str, node: Vnode, who: Access = KERNEL) -> None:
        self.check(WRITE, who)
        if not self.places and self is not self.mount.root:
            raise Refused(ENOENT)
        self.take_in(name, node)
        self.tell(Told.WRITE | (Told.LINK if node.kind == "dir" else 0))

    def take_in(self, name: str, node: Vnode) -> None:
        """Have one more name."""
        self.names[name] = node
        node.places.append((self, name))
        if node.kind == "dir":
            self.nlink += 1
        self.mtime = self.ctime = self.mount.clock()

    def remove(self, name: str, who: Access = KERNEL) -> None:
        node = self.lookup(name, who)
        self.let_go(name, node, who)
        self.tell(Told.WRITE | (Told.LINK if node.kind == "dir" else 0))
        node.tell(Told.DELETE)

    def let_go(self, name: str, node: Vnode, who: Access) -> None:
        """Lose a name, whatever becomes of it."""
        self.check(WRITE, who)
        node.keeps(self.KEPT)
        self.keeps(self.APPEND)
        if self.mode & 0o1000 and who.cred.uid not in (0, self.uid, node.uid):
            raise Refused(EPERM)
        del self.names[name]
        node.places.remove((self, name))
        node.nlink -= 1
        if node.kind == "dir":
            self.nlink -= 1
        self.mtime = self.ctime = self.mount.clock()


class Symlink(Vnode):
    def __init__(self, mount: Mount, target: str, uid: int = 0, gid: int = 0) -> None:
        super().__init__(mount, "lnk", 0o755, uid, gid)
        self.target = target

    @property
    def size(self) -> int:
        return len(self.target.encode("utf-8", "surrogateescape"))

    def readlink(self, who: Access = KERNEL) -> str:
        return self.target


class Special(Vnode):
    """A fifo or a socket's name: what it does is its system's affair."""

    def __init__(self, mount: Mount, kind: str, mode: int, uid: int = 0, gid: int = 0) -> None:
        super().__init__(mount, kind, mode, uid, gid)
        self.channel: object = None


class Device(Vnode):
    """A character device: what reading and writing do, None for ENXIO."""

    def __init__(self, mount: Mount, mode: int, minor: int, *,
                 read: Callable[[int], bytes] | None = None,
                 write: Callable[[bytes], int] | None = None) -> None:  # fmt: skip
        super().__init__(mount, "chr", mode)
        self.rdev = minor
        self._read = read
        self._write = write

    def opened(self, write: bool, who: Access, exclusive: bool = False) -> None:
        if self._read is None:
            raise Refused(ENXIO)

    def read_at(self, offset: int, size: int, who: Access = KERNEL) -> bytes:
        if self._read is None:
            raise Refused(ENXIO)
        return self._read(size)

    def write_at(self, offset: int, data: bytes, who: Access = KERNEL) -> int:
        if self._write is None:
            raise Refused(ENXIO)
        return self._write(data)


class Dead(Vnode):
    """What is left of a file that was taken away from who had it open (deadfs)."""

    def __init__(self, mount: Mount) -> None:
        super().__init__(mount, "bad", 0, ino=0)

    def attributes(self, who: Access = KERNEL) -> Attributes:
        raise Refused(EBADF)

    def set_attributes(
        self, who: Access = KERNEL, *, mode: int | None = None, uid: int | None = None,
        gid: int | None = None, atime: int | None = None, mtime: int | None = None,
    ) -> None:  # fmt: skip
        raise Refused(EBADF)

    def read_at(self, offset: int, size: int, who: Access = KERNEL) -> bytes:
        raise Refused(EIO)

    def write_at(self, offset: int, data: bytes, who: Access = KERNEL) -> int:
        raise Refused(EIO)


@dataclass(eq=False)
class Mount:
    """A file system at its place in the name space."""

    kind: str
    fsid: int
    clock: Callable[[], int]
    source: str = ""
    covers: Vnode | None = None
    flags: int = 0
    """MNT_ bits, as the system has them."""
    owner: int = 0
    """The uid that mounted it."""
    on: str = "/"
    """The path that it was mounted on."""
    gone: bool = False
    """Unmounted by force: what is still open of it is dead."""
    acts_on: int = -1
    """Of its files' flags, those that the system knows."""
    root: Vnode = field(init=False)
    last_ino: int = 1

    def number(self) -> int:
        """The next free inode number; the root's is 2."""
        self.last_ino += 1
        return self.last_ino
