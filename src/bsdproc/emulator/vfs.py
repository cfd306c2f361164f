"""The name space of an emulated kernel: mounts and the way along a path.

It belongs to no system: FreeBSD, NetBSD and DragonFly kernels put their
procfs into it by `FileSystem.mount`.  Vnodes are in `vnode`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from bsdproc.emulator.errno import (
    EBUSY,
    EEXIST,
    EINVAL,
    EISDIR,
    ELOOP,
    ENAMETOOLONG,
    ENOENT,
    ENOTCAPABLE,
    ENOTDIR,
    ENOTEMPTY,
    EPERM,
    EXDEV,
    Refused,
)
from bsdproc.emulator.vnode import (
    EXEC,
    KERNEL,
    READ,
    WRITE,
    Access,
    Attributes,
    Credential,
    Device,
    Directory,
    Entry,
    Mount,
    Regular,
    Special,
    Symlink,
    Told,
    Vnode,
    allowed,
)

__all__ = [
    "EXEC", "KERNEL", "READ", "WRITE", "Access", "Attributes", "Credential", "Device",
    "Directory", "Entry", "FileSystem", "Found", "Mount", "Regular", "Special", "Symlink",
    "Told", "Vnode", "base_system",
]  # fmt: skip

NAME_MAX = 255
PATH_MAX = 1024
MAXSYMLINKS = 32
DEVICE_READ_MAX = 1 << 24
"""What an endless device gives at once."""


class Found(NamedTuple):
    """What namei(9) found: the directory, the last name, and the vnode there
    or None."""

    directory: Vnode
    name: str
    vnode: Vnode | None
    trailing: bool
    """The path ended in a slash: only a directory will do."""


def _can_lose_names(found: Found) -> None:
    if found.directory.fixed:
        raise Refused(found.directory.fixed_error)


def _tell_of_rename(source: Vnode, target: Vnode, node: Vnode, there: Vnode | None) -> None:
    """vop_rename_post."""
    over = there is not None and there.kind == "dir"
    if source is target:
        what = Told.WRITE | (Told.LINK if over else 0)
        source.tell(what)
        target.tell(what)
    else:
        moves = node.kind == "dir"
        source.tell(Told.WRITE | Told.EXTEND | (Told.LINK if moves else 0))
        target.tell(Told.WRITE | Told.EXTEND | (Told.LINK if moves and not over else 0))
    node.tell(Told.RENAME)
    if there is not None:
        there.tell(Told.DELETE)


class FileSystem:
    """The name space: the root file system and what is mounted in it."""

    def __init__(self, clock: Callable[[], int] = lambda: 0) -> None:
        self.clock = clock
        self.mounts: list[Mount] = []
        first = Mount("ufs", 0x100, clock, "/dev/ada0p2")
        first.root = Directory(first, 0o755)
        self.mounts.append(first)

    @property
    def root(self) -> Vnode:
        return self.mounts[0].root

    # -- mounting
    def mount(self, mount: Mount, path: str) -> None:
        """Put the root of a file system over a directory."""
        covered = self.lookup(path)
        if covered.kind != "dir":
            raise Refused(ENOTDIR)
        mount.covers = covered
        mount.on = self.path_of(covered)
        covered.covered_by = mount
        self.mounts.append(mount)

    def unmount(self, path: str) -> None:
        """EINVAL where nothing is mounted, EBUSY under another mount."""
        root = self.lookup(path)
        mount = root.mount
        if mount.root is not root or mount.covers is None:
            raise Refused(EINVAL)
        if any(m.covers is not None and m.covers.mount is mount for m in self.mounts):
            raise Refused(EBUSY)
        self.remove(mount)

    def remove(self, mount: Mount) -> None:
        """Take a file system away, whatever lies on it."""
        assert mount.covers is not None
        mount.covers.covered_by = None
        mount.covers = None
        self.mounts.remove(mount)

    def new_fsid(self) -> int:
        return 0x100 + len(self.mounts)

    # -- names
    def _directory(self, where: str | Vnode, top: Vnode) -> Vnode:
        """A starting point, whose way there was checked when it was taken."""
        if isinstance(where, Vnode):
            return where
        if where == "/":
            return top
        node = self.walk(where, KERNEL).vnode
        if node is None:
            raise Refused(ENOENT)
        return node

    def walk(self, path: str, at: Access, follow: bool = True) -> Found:
        """namei(9): go along a path, checking the right to search each
        directory.  A missing last name is no error here."""
        if not path:
            raise Refused(ENOENT)
        if "\0" in path:
            raise ValueError("a path with a NUL in it")
        if len(path.encode("utf-8", "surrogateescape")) >= PATH_MAX:
            raise Refused(ENAMETOOLONG)
        top = self.root if at.root == "/" else self._directory(at.root, self.root)
        if at.beneath and path.startswith("/"):
            raise Refused(ENOTCAPABLE)
        start = node = top if path.startswith("/") else self._directory(at.cwd, top)
        todo = deque(name for name in path.split("/") if name)
        trailing = path.endswith("/")
        links = 0
        directory, name = node, "."
        while todo:
            name = todo.popleft()
            if len(name.encode("utf-8", "surrogateescape")) > NAME_MAX:
                raise Refused(ENAMETOOLONG)
            directory = node
            if directory.kind != "dir":
                raise Refused(ENOTDIR)
            directory.search(at)
            if name == ".":
                continue
            if name == "..":
                if at.beneath and directory is start:
                    raise Refused(ENOTCAPABLE)
                node = self._dotdot(directory, top)
                continue
            try:
                node = self.uppermost(directory.lookup(name, at))
            except Refused as refused:
                if refused.errno == ENOENT and not todo:
                    return Found(directory, name, None, trailing)
                raise
            if node.kind == "lnk" and (todo or follow or trailing):
                links += 1
                if links > MAXSYMLINKS:
                    raise Refused(ELOOP)
                target = node.readlink(at)
                if not target:
                    raise Refused(ENOENT)
                if at.beneath and target.startswith("/"):
                    raise Refused(ENOTCAPABLE)
                todo.extendleft(reversed([part for part in target.split("/") if part]))
                node = top if target.startswith("/") else directory
        if trailing and node.kind != "dir":
            raise Refused(ENOTDIR)
        return Found(directory, name, node, trailing)

    @staticmethod
    def uppermost(node: Vnode) -> Vnode:
        """What is seen at a place where file systems may be mounted."""
        while node.covered_by is not None:
            node = node.covered_by.root
        return node

    def _dotdot(self, node: Vnode, top: Vnode) -> Vnode:
        while node is not top and node is node.mount.root and node.mount.covers is not None:
            node = node.mount.covers
        return node if node is top else self.uppermost(node.parent())

    def lookup(self, path: str, *, cwd: str | Vnode = "/", root: str = "/", follow: bool = True,
               cred: Credential = KERNEL.cred, thread: object = None) -> Vnode:  # fmt: skip
        """The vnode of a path; ENOENT when there is none."""
        return self.find(path, Access(cred, cwd, root, thread), follow)

    def find(self, path: str, at: Access, follow: bool = True) -> Vnode:
        found = self.walk(path, at, follow).vnode
        if found is None:
            raise Refused(ENOENT)
        return found

    @staticmethod
    def access(node: Vnode, cred: Credential, want: int) -> bool:
        """Whether these rights (EXEC 1, WRITE 2, READ 4) are all there."""
        return allowed(cred, node.attributes(), want)

    def path_of(self, node: Vnode, root: str = "/") -> str:
        """vn_fullpath(9): its path as a process with that root directory sees
        it; "" for a file that has lost its name."""
        top = self.root if root == "/" else self._directory(root, self.root)
        parts: list[str] = []
        while node is not top and node is not self.root:
            if node is node.mount.root:
                if node.mount.covers is None:
                    return ""
                node = node.mount.covers
                continue
            place = node.place()
            if place is None:
                return ""
            node, name = place
            parts.append(name)
        return "/" + "/".join(reversed(parts))

    def real_path(self, path: str, at: Access = KERNEL) -> str:
        """The path of a file without links or dots on the way: of its names
        the one that was asked for."""
        found = self.walk(path, at)
        if found.vnode is None:
            raise Refused(ENOENT)
        if found.vnode.kind == "dir":
            return self.path_of(found.vnode)
        return f"{self.path_of(found.directory).rstrip('/')}/{found.name}"

    # -- making and removing
    def _enter(self, path: str, at: Access, make: Callable[[Vnode], Vnode],
               directory_too: bool = False) -> Vnode:  # fmt: skip
        found = self.walk(path, at, follow=False)
        if found.vnode is not None:
            raise Refused(EEXIST)
        if found.trailing and not directory_too:
            raise Refused(ENOENT)
        node = make(found.directory)
        found.directory.add(found.name, node, at)
        return node

    def create(self, path: str, mode: int, at: Access = KERNEL, kind: str = "reg") -> Vnode:
        """A new file or fifo, of the caller and of the directory's group."""

        def make(directory: Vnode) -> Vnode:
            return self.new(directory, kind, mode, at.cred.uid)

        return self._enter(path, at, make)

    def new(self, directory: Vnode, kind: str, mode: int, uid: int) -> Vnode:
        """A file without a name yet, for `Vnode.add`."""
        mount, gid = directory.mount, directory.gid
        if kind == "reg":
            return Regular(mount, mode & 0o7777, uid, gid)
        if kind == "dir":
            return Directory(mount, mode & 0o7777, uid, gid)
        return Special(mount, kind, mode & 0o7777, uid, gid)

    def mkdir(self, path: str, mode: int = 0o755, at: Access = KERNEL) -> Vnode:
        def make(directory: Vnode) -> Vnode:
            return self.new(directory, "dir", mode & 0o1777, at.cred.uid)

        return self._enter(path, at, make, directory_too=True)

    def symlink(self, target: str, path: str, at: Access = KERNEL) -> Vnode:
        def make(directory: Vnode) -> Vnode:
            return Symlink(directory.mount, target, at.cred.uid, directory.gid)

        return self._enter(path, at, make)

    def link(self, old: str, new: str, at: Access = KERNEL,
             check: Callable[[Vnode], None] | None = None) -> None:
        self.enter(self.find(old, at), new, at, check)

    def enter(self, node: Vnode, new: str, at: Access,
              check: Callable[[Vnode], None] | None = None) -> None:
        """Give a file one more name, unless a check of it raises."""
        if node.kind == "dir":
            raise Refused(EPERM)
        node.keeps(Vnode.IMMUTABLE | Vnode.APPEND)

        def make(directory: Vnode) -> Vnode:
            if directory.mount is not node.mount and not directory.fixed:
                raise Refused(EXDEV)
            if check is not None:
                check(node)
            return node

        self._enter(new, at, make)
        node.nlink += 1
        node.tell(Told.LINK)

    def unlink(self, path: str, at: Access = KERNEL) -> None:
        """EPERM for a directory."""
        found = self.walk(path, at, follow=False)
        _can_lose_names(found)
        if found.vnode is None:
            raise Refused(ENOENT)
        if found.vnode.kind == "dir":
            raise Refused(EPERM)
        found.directory.remove(found.name, at)

    def rmdir(self, path: str, at: Access = KERNEL) -> None:
        found = self.walk(path, at, follow=False)
        _can_lose_names(found)
        node = found.vnode
        if node is None:
            raise Refused(ENOENT)
        if node.kind != "dir":
            raise Refused(ENOTDIR)
        if found.name == ".":
            raise Refused(EINVAL)
        if found.name == "..":
            raise Refused(ENOTEMPTY)
        if node is node.mount.root:
            raise Refused(EBUSY)
        if isinstance(node, Directory) and node.names:
            raise Refused(ENOTEMPTY)
        found.directory.remove(found.name, at)

    def rename(self, old: str, new: str, at: Access = KERNEL, to: Access | None = None) -> None:
        """`to`: where the new name starts, if not where the old one does."""
        source = self.walk(old, at, follow=False)
        _can_lose_names(source)
        target = self.walk(new, to or at, follow=False)
        _can_lose_names(target)
        node, there = source.vnode, target.vnode
        if node is None:
            raise Refused(ENOENT)
        if source.name in (".", "..") or target.name in (".", ".."):
            raise Refused(EINVAL)
        if node.mount is not target.directory.mount:
            raise Refused(EXDEV)
        if node is there:
            return
        if node.kind == "dir" and self._inside(target.directory, node):
            raise Refused(EINVAL)
        if there is not None:
            if node.kind == "dir" and there.kind != "dir":
                raise Refused(ENOTDIR)
            if node.kind != "dir" and there.kind == "dir":
                raise Refused(EISDIR)
            if isinstance(there, Directory) and there.names:
                raise Refused(ENOTEMPTY)
        target.directory.check(WRITE, at)
        assert isinstance(source.directory, Directory)
        assert isinstance(target.directory, Directory)
        source.directory.let_go(source.name, node, at)
        if there is not None:
            target.directory.let_go(target.name, there, at)
        target.directory.take_in(target.name, node)
        node.nlink += 1
        _tell_of_rename(source.directory, target.directory, node, there)

    @staticmethod
    def _inside(node: Vnode, ancestor: Vnode) -> bool:
        while node is not ancestor:
            if node is node.parent():
                return False
            node = node.parent()
        return True

    # -- setting up
    def install(self, path: str, data: bytes, mode: int = 0o755, uid: int = 0,
                gid: int = 0) -> Vnode:  # fmt: skip
        """Put a file there, with the directories above it; one that is there
        loses its name but not its contents (a program may be running it)."""
        self.make_directories(path.rsplit("/", 1)[0])
        if self.walk(path, KERNEL, follow=False).vnode is not None:
            self.unlink(path)
        node = self.create(path, mode)
        node.write_at(0, data)
        node.uid, node.gid, node.mode = uid, gid, mode & 0o7777
        return node

    def make_directories(self, path: str, mode: int = 0o755) -> None:
        done = ""
        for part in path.split("/"):
            if part:
                done += "/" + part
                if self.walk(done, KERNEL).vnode is None:
                    self.mkdir(done, mode)


class DescriptorDevice(Device):
    """fd(4): who opens it has another descriptor of what he has open by that number."""

    def __init__(self, mount: Mount, number: int, minor: int) -> None:
        super().__init__(mount, 0o666, minor)
        self.number = number

    def opened(self, write: bool, who: Access, exclusive: bool = False) -> None:
        """Whoever may is given the descriptor's file, not this one."""


STREAMS: Final = ("stdin", "stdout", "stderr")


def base_system(clock: Callable[[], int], random: Callable[[int], bytes]) -> FileSystem:
    """The tree that a kernel boots with; `random` feeds /dev/random."""
    fs = FileSystem(clock)
    for path in ("bin", "sbin", "lib", "libexec", "etc", "usr/bin", "usr/lib", "usr/local",
                 "var/run", "var/tmp", "home", "root", "mnt", "proc", "dev"):  # fmt: skip
        fs.make_directories("/" + path)
    for path in ("/tmp", "/var/tmp"):
        fs.make_directories(path)
        fs.lookup(path).mode = 0o1777
    for path, mode in (("/root", 0o750), ("/proc", 0o555)):
        fs.lookup(path).mode = mode
    devices = Mount("devfs", fs.new_fsid(), clock, "devfs")
    devices.root = Directory(devices, 0o555)
    fs.mount(devices, "/dev")
    for name, node in _devices(devices, random):
        devices.root.add(name, node)
    descriptors = Directory(devices, 0o555)
    devices.root.add("fd", descriptors)
    for number, name in enumerate(STREAMS):
        descriptors.add(str(number), DescriptorDevice(devices, number, 0x10 + number))
        devices.root.add(name, Symlink(devices, f"fd/{number}"))
    return fs


def _devices(mount: Mount, random: Callable[[int], bytes]) -> Iterable[tuple[str, Vnode]]:
    def some(make: Callable[[int], bytes]) -> Callable[[int], bytes]:
        return lambda size: make(min(size, DEVICE_READ_MAX))

    yield "null", Device(mount, 0o666, 0x0A, read=lambda size: b"", write=len)
    yield "zero", Device(mount, 0o666, 0x0B, read=some(bytes), write=len)
    yield "random", Device(mount, 0o644, 0x07, read=some(random), write=len)
    yield "urandom", Symlink(mount, "random")
    yield "tty", Device(mount, 0o666, 0x09)
