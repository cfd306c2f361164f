"""A procfs's vnodes: how they are found, seen and opened (procfs_vnops.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.emulator.errno import (
    EBADF,
    EBUSY,
    EINVAL,
    EIO,
    ENOENT,
    ENOTDIR,
    EOPNOTSUPP,
    EPERM,
    EROFS,
    ESRCH,
    Refused,
)
from bsdproc.emulator.netbsd.procfs import contents, types
from bsdproc.emulator.netbsd.procfs.contents import Look
from bsdproc.emulator.netbsd.procfs.types import Type
from bsdproc.emulator.vnode import KERNEL, Access, Attributes, Entry, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.procfs.mount import Procfs
    from bsdproc.emulator.netbsd.procfs.view import Host, OpenFile, Process

NODEV = (1 << 64) - 1
DEV_BSIZE, PAGE = 512, 4096
LINKS = {"kqueue": "[kqueue]", "misc": "[misc]", "sem": "[ksem]"}
"""Where the link of a descriptor leads that is no directory's."""
FD_KINDS = {"pipe": "fifo", "socket": "sock", **dict.fromkeys(LINKS, "lnk")}
LARGE_BLOCKS = frozenset({"map", "maps", "limit", "limits"})
OF_ROOT_USER = frozenset({"exe", "cwd", "chroot"})
OWN_UNLISTED: Final = 2
"""The last descriptors for which there is room in a table are not listed."""


def number(name: str) -> int:
    """atoi: digits only, in 32 bits; -1 for what is none."""
    if not name or not all("0" <= c <= "9" for c in name):
        return -1
    value = int(name) & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


class PfsNode(Vnode):
    """struct pfsnode and its vnode.

    It keeps no process, only the number of one, and looks for it whenever it is used.
    """

    fixed, fixed_error = True, EROFS
    entry_size = 32
    mount: Procfs

    def __init__(self, mount: Procfs, type: Type, pid: int, fd: int, kind: str,
                 mode: int) -> None:
        super().__init__(mount, kind, mode, ino=types.fileno(pid, type, fd))
        self.type = type
        self.pid = pid
        self.fd = fd
        self.dead = False
        """Revoked: its operations are dead_vnodeop's."""
        self.written = self.exclusive = False
        """pfs_flags: of `mem`, that somebody opened it for writing, and alone."""

    def __repr__(self) -> str:
        return f"<procfs {self.pid} {self.type.key}{'' if self.fd == -1 else f' {self.fd}'}>"

    # -- the process
    @property
    def host(self) -> Host:
        return self.mount.host

    def _process(self, error: int) -> Process:
        """procfs_proc_lock: the process, or that error."""
        process = self.host.find(self.pid, self.mount.linux)
        if process is None:
            raise Refused(error)
        return process

    def _authorize(self, process: Process, asker: Process, write: bool) -> None:
        contents.authorize(self.host, asker, process, self.type.key in types.GUARDED, write)

    def _file(self, process: Process) -> OpenFile:
        """The file of a descriptor's node: EBADF when it was closed."""
        file = process.files().get(self.fd)
        if file is None:
            raise Refused(EBADF)
        return file

    # -- attributes
    def attributes(self, who: Access = KERNEL) -> Attributes:
        """procfs_getattr."""
        if self.dead:
            raise Refused(EBADF)
        type, now, host = self.type, self.mount.clock(), self.host
        blksize = 4 * PAGE if type.key in LARGE_BLOCKS else PAGE
        if type is types.ROOT or type is types.CURPROC or type is types.SELF:
            size = DEV_BSIZE if type is types.ROOT else len(str(host.asker(who).pid))
            return self._attributes(0, 0, 1, size, now, now, blksize)
        process = self._process(ENOENT)
        if not host.can_see(host.asker(who), process):
            raise Refused(ENOENT)
        if self.fd != -1 and type is types.FD:
            file = self._file(process)
            size = file.vnode.attributes(who).size if (
                file.type == "vnode" and file.vnode is not None) else 0
            return self._attributes(file.cred.uid, file.cred.gid, 1, size, process.started, now,
                                    blksize)
        uid, gid = process.cred.uid, process.cred.gid
        if not type.of_process or type.key in OF_ROOT_USER or self.fd != -1:
            uid = gid = 0
        nlink = 2 if self.kind == "dir" else 1
        size = self._size(process, host.asker(who))
        found = self._attributes(uid, gid, nlink, size, process.started, now, blksize)
        if type.key in types.GUARDED and process.sugid:
            found.mode &= ~0o600
        return found

    def _attributes(self, uid: int, gid: int, nlink: int, size: int, born: int, now: int,
                    blksize: int) -> Attributes:
        return Attributes(self.kind, self.mode, uid, gid, self.ino, nlink, size, NODEV, NODEV,
                          now, now, now, born, blksize)

    def _size(self, process: Process, asker: Process) -> int:
        key = self.type.key
        if self.kind == "dir":
            return DEV_BSIZE
        if key == "mem":
            return process.segments
        if key in ("regs", "fpregs"):
            return self.mount.register_sizes[key]
        if key == "auxv":
            return process.auxv_size
        if key == "emul":
            return len(process.emul)
        if self.kind == "lnk":
            return len(self._link(process, asker).encode("utf-8", "surrogateescape"))
        return 0

    def set_attributes(
        self, who: Access = KERNEL, *, mode: int | None = None, uid: int | None = None,
        gid: int | None = None, atime: int | None = None, mtime: int | None = None,
    ) -> None:  # fmt: skip
        """Taken and ignored."""

    def truncate(self, size: int, who: Access = KERNEL) -> None:
        """Taken and ignored."""

    # -- opening
    def opened(self, write: bool, who: Access, exclusive: bool = False) -> None:
        """procfs_open."""
        process, asker = self._process(ENOENT), self.host.asker(who)
        self._authorize(process, asker, write)
        if self.type.key == "mem" and (
                (self.written and exclusive) or (self.exclusive and write)):
            raise Refused(EBUSY)
        if self.type.key in types.GUARDED and not self.host.is_under(process, asker):
            raise Refused(EPERM)
        if self.type.key == "mem" and write:
            self.written, self.exclusive = True, exclusive
            self.mount.module.hold(self)

    def closed(self, write: bool) -> None:
        """procfs_close: who had it alone gives it up; others leave their mark."""
        if write and self.exclusive:
            self.written = self.exclusive = False

    # -- directories
    def search(self, who: Access) -> None:
        """Descriptors are found even by those who cannot list them."""
        if self.type is not types.FD:
            super().search(who)

    def lookup(self, name: str, who: Access = KERNEL) -> Vnode:
        """procfs_lookup."""
        if self.dead:
            raise Refused(ENOENT)
        key = self.type.key
        if key == "root":
            return self._in_root(name, who)
        if key == "proc":
            return self._in_process(name)
        if key == "fd":
            return self._in_fd(name)
        if key == "task":
            self._process(ENOENT)
            if number(name) != self.pid:
                raise Refused(ENOENT)
            return self.mount.node(types.TASK, self.pid, 0)
        for type in types.IN_ROOT:
            if type.inside == key and type.name == name:
                return self.mount.node(type, 0)
        raise Refused(ENOENT)

    def _in_root(self, name: str, who: Access) -> Vnode:
        for type in types.IN_ROOT:
            if type.inside == "root" and type.name == name and self.mount.linux:
                return self.mount.node(type, 0)
        for type in (types.CURPROC, types.SELF):
            if name == type.name:
                return self.mount.node(type, 0)
        pid = number(name)
        if self.host.find(pid, self.mount.linux) is None:
            raise Refused(ENOENT)
        return self.mount.node(types.PROC, pid)

    def _in_process(self, name: str) -> Vnode:
        process = self._process(ENOENT)
        for type in types.IN_PROCESS:
            if type.name == name and type.shown(process, self.mount.linux):
                if type is types.FILE:
                    assert process.text is not None
                    return process.text
                return self.mount.node(type, self.pid)
        raise Refused(ENOENT)

    def _in_fd(self, name: str) -> Vnode:
        """A descriptor: the very file, unless it is a directory or has none."""
        process, fd = self._process(ENOENT), number(name)
        file = process.files().get(fd)
        if file is None:
            raise Refused(ENOENT)
        if file.type == "vnode" and file.vnode is not None and file.vnode.kind != "dir":
            return file.vnode
        return self.mount.node(types.FD, self.pid, fd)

    def parent(self) -> Vnode:
        if self.type.inside:
            return self.mount.node(types.TYPES[self.type.inside], 0)
        if self.fd != -1:
            return self.mount.node(self.type, self.pid)
        if self.type.of_process and self.type is not types.PROC:
            return self.mount.node(types.PROC, self.pid)
        return self.mount.root

    def place(self) -> tuple[Vnode, str] | None:
        if self.type is types.PROC:
            return self.mount.root, str(self.pid)
        if self.fd != -1:
            return self.parent(), str(self.pid if self.type is types.TASK else self.fd)
        return self.parent(), self.type.name

    def dots(self) -> tuple[int, int] | None:
        """The numbers that "." and ".." are listed with: inside a process's directories those
        of that and of the root.  Without the process nothing is listed at all."""
        root = types.fileno(0, types.ROOT)
        if self.host.find(self.pid, self.mount.linux) is None:
            return None
        if self.type.inside or self.type is types.ROOT:
            return (self.ino if self.type.inside else root), self.parent().ino
        return types.fileno(self.pid, types.PROC), root

    def entries(self, who: Access = KERNEL) -> list[Entry]:
        """procfs_readdir."""
        if self.dead:
            raise Refused(EBADF)
        key, linux = self.type.key, self.mount.linux
        if key == "root":
            return self._listed_root(who)
        if key == "proc":
            process = self.host.find(self.pid, linux)
            if process is None:
                return []
            return [Entry(type.name, types.fileno(self.pid, type), type.listed)
                    for type in types.IN_PROCESS if type.shown(process, linux)]
        if key == "task":
            self._process(ESRCH)
            return [Entry(str(self.pid), types.fileno(self.pid, types.TASK, 0), "lnk")]
        if key == "fd":
            process = self._process(ESRCH)
            if not self.host.can_see(self.host.asker(who), process):
                raise Refused(ESRCH)
            room = process.slots - OWN_UNLISTED
            return [Entry(str(fd), types.fileno(self.pid, types.FD, fd), "fifo")
                    for fd in sorted(process.files()) if fd < room]
        if self.kind != "dir":
            raise Refused(ENOTDIR)
        return [Entry(type.name, types.fileno(0, type), type.listed)
                for type in types.IN_ROOT if type.inside == key]

    def _listed_root(self, who: Access) -> list[Entry]:
        """curproc and self, the processes that can be seen, the rest."""
        host = self.host
        asker = host.asker(who)
        listed = [Entry(type.name, types.fileno(0, type), type.listed)
                  for type in (types.CURPROC, types.SELF)]
        listed += [Entry(str(p.pid), types.fileno(p.pid, types.PROC), "dir")
                   for p in host.processes() if host.can_see(asker, p)]
        if self.mount.linux:
            listed += [Entry(type.name, types.fileno(0, type), type.listed)
                       for type in types.IN_ROOT if type.inside == "root"]
        return listed

    def add(self, name: str, node: Vnode, who: Access = KERNEL) -> None:
        """No name can be made: EROFS where one could be, ENOENT among descriptors."""
        if self.kind != "dir":
            raise Refused(ENOTDIR)
        raise Refused(ENOENT if self.type.key in ("fd", "task") else EROFS)

    def remove(self, name: str, who: Access = KERNEL) -> None:
        raise Refused(EROFS)

    # -- contents
    def _look(self, who: Access, offset: int, write: bool) -> Look:
        """What comes before each transfer (procfs_rw)."""
        if self.dead:
            raise Refused(EIO)
        if offset < 0:
            raise Refused(EINVAL)
        process, asker = self._process(ESRCH), self.host.asker(who)
        self._authorize(process, asker, write)
        lwp = process.lwp
        if lwp is None:
            raise Refused(ESRCH)
        return Look(self.host, asker, process, lwp)

    def behind(self, who: Access) -> object:
        """procfs_dofd: of a descriptor the open file, whatever it is."""
        if self.type is not types.FD or self.fd == -1:
            return None
        return self._file(self._look(who, 0, False).process).file

    def read_at(self, offset: int, size: int, who: Access = KERNEL) -> bytes:
        look = self._look(who, offset, False)
        if self.type is types.FD:       # a directory: it has no file
            raise Refused(EBADF)
        if self.kind != "reg":
            raise Refused(EOPNOTSUPP)
        return contents.read(look, self.type.key, offset, size)

    def write_at(self, offset: int, data: bytes, who: Access = KERNEL) -> int:
        look = self._look(who, offset, True)
        if self.type is types.FD:
            raise Refused(EBADF)
        if self.kind != "reg":
            raise Refused(EOPNOTSUPP)
        return contents.write(look, self.type.key, offset, data)

    # -- links
    def readlink(self, who: Access = KERNEL) -> str:
        """procfs_readlink."""
        if self.dead:
            raise Refused(EIO)
        if self.kind != "lnk":
            raise Refused(EINVAL)
        asker = self.host.asker(who)
        if self.type is types.CURPROC:
            return str(asker.pid)
        if self.type is types.SELF:
            return types.CURPROC.name
        return self._link(self._process(ESRCH), asker)

    def _link(self, process: Process, asker: Process) -> str:
        host, key = self.host, self.type.key
        if key == "task":
            return ".."
        if key == "exe":
            if process.text is None or host.at(process.text_path) is not process.text:
                return "/"
            return host.path(process.text, asker) or "/"
        if key in ("cwd", "chroot"):
            directory = process.cwd if key == "cwd" else process.root
            return self._directory(directory, asker) or "/"
        file = self._file(process)
        if file.type in LINKS:
            return LINKS[file.type]
        if file.vnode is None or file.vnode.kind != "dir":
            raise Refused(EINVAL)
        if not (path := self._directory(file.vnode, asker)):
            raise Refused(ENOENT)
        return path

    def _directory(self, directory: Vnode | None, asker: Process) -> str:
        """Where a directory is: "/" for one inside a procfs, "" where the asker cannot go."""
        if directory is None:
            return ""
        return "/" if isinstance(directory, PfsNode) else self.host.path(directory, asker)


def kind_of(type: Type, pid: int, fd: int, host: Host, linux: bool) -> tuple[str, int]:
    """procfs_loadvnode's switch: a node's kind and mode.

    ENOENT without the process of a descriptor, EBADF without the descriptor, EOPNOTSUPP for a
    file of a kind that has none.
    """
    if fd == -1:
        return type.kind, type.mode
    if type is types.TASK:
        return "lnk", 0o555
    process = host.find(pid, linux)
    if process is None:
        raise Refused(ENOENT)
    file = process.files().get(fd)
    if file is None:
        raise Refused(EBADF)
    if file.type == "vnode" and file.vnode is not None:
        kind = "lnk" if file.vnode.kind == "dir" else file.vnode.kind
    elif (found := FD_KINDS.get(file.type)) is not None:
        kind = found
    else:
        raise Refused(EOPNOTSUPP)
    return kind, 0o555 if kind == "lnk" else 0o600
