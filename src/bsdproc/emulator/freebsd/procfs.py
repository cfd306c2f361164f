"""procfs(5) as FreeBSD 13.2 has it: one directory for each process.

The subject of sys/fs/procfs and of the pseudofs below it.  What a node shows
is in `procfs_nodes`; this is how nodes are found, seen and opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import PID_MAX, P, Proc, Thread
from bsdproc.emulator.errno import EBADF, EINVAL, EIO, ENOENT, Refused
from bsdproc.emulator.freebsd import cred, procfs_nodes
from bsdproc.emulator.freebsd.procfs_nodes import Look
from bsdproc.emulator.vnode import KERNEL, Access, Attributes, Entry, Mount, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System
    from bsdproc.emulator.vfs import FileSystem

NO_PID = 100_000
NAMELEN = 128
BUFFER_MAX = 1 << 20
OFF_MAX = (1 << 63) - 1
MNT_LOCAL = 0x1000
TYPE_NUMBER = 0x02

RD, WR, RAW = 1, 2, 4
"""A raw node transfers bytes itself; the others make or take a text."""


@dataclass(frozen=True, slots=True)
class Node:
    """struct pfs_node: what is alike for all processes."""

    name: str
    kind: str
    number: int
    flags: int = 0
    mode: int | None = None
    """None: 0444 (0555 of a directory) whatever becomes of the process.  With
    a mode it loses all rights when the process is P_SUGID."""
    rule: str = ""
    """Besides that the process can be seen: "debug" that it can be debugged
    and is no kernel process, "user" only the latter."""
    text: Callable[[Look], bytes] | None = None
    take: Callable[[Look, bytes], int] | None = None
    raw_read: Callable[[Look, int, int], bytes] | None = None
    raw_write: Callable[[Look, int, bytes], int] | None = None


ROOT = Node("", "dir", 2)
CURPROC = Node("curproc", "lnk", 3, text=procfs_nodes.curproc)
PROCESS = Node("pid", "dir", 4, mode=0o555)
NODES: dict[str, Node] = {
    node.name: node
    for node in (
        Node("cmdline", "reg", 5, RD, text=procfs_nodes.cmdline),
        Node("dbregs", "reg", 6, RD | WR | RAW, 0o600, "debug",
             raw_read=procfs_nodes.read_dbregs, raw_write=procfs_nodes.write_dbregs),
        Node("etype", "reg", 7, RD, text=procfs_nodes.etype),
        Node("fpregs", "reg", 8, RD | WR | RAW, 0o600, "debug",
             raw_read=procfs_nodes.read_fpregs, raw_write=procfs_nodes.write_fpregs),
        Node("map", "reg", 9, RD, None, "user", text=procfs_nodes.map_lines),
        Node("mem", "reg", 10, RD | WR | RAW, 0o600, "debug",
             raw_read=procfs_nodes.read_mem, raw_write=procfs_nodes.write_mem),
        Node("note", "reg", 11, WR, 0o200, "debug", take=procfs_nodes.take_note),
        Node("notepg", "reg", 12, WR, 0o200, "debug", take=procfs_nodes.take_note),
        Node("regs", "reg", 13, RD | WR | RAW, 0o600, "debug",
             raw_read=procfs_nodes.read_regs, raw_write=procfs_nodes.write_regs),
        Node("rlimit", "reg", 14, RD, text=procfs_nodes.rlimit),
        Node("status", "reg", 15, RD, text=procfs_nodes.status),
        Node("osrel", "reg", 16, RD | WR, 0o600, "debug",
             text=procfs_nodes.osrel, take=procfs_nodes.take_osrel),
        Node("file", "lnk", 17, 0, None, "user", text=procfs_nodes.file),
    )
}
"""In the order in which a process's directory lists them; there is no ctl."""


class PfsVnode(Vnode):
    """A node, of a process or of the root."""

    fixed = True
    entry_size = 152

    def __init__(self, system: System, mount: Mount, node: Node, p: Proc | None) -> None:
        super().__init__(mount, node.kind, node.mode or 0,
                         ino=node.number if p is None else node.number * NO_PID + p.pid)
        self.system = system
        self.node = node
        self.p = p

    def __repr__(self) -> str:
        return f"<procfs {self.p.pid if self.p is not None else ''}/{self.node.name}>"

    # -- who sees what
    def _asker(self, who: Access) -> Thread:
        thread = who.thread
        return thread if isinstance(thread, Thread) else self.system.kernel_proc.threads[0]

    def _gone(self) -> bool:
        """Its process has exited, or its mount was torn away: the vnode is dead."""
        p = self.p
        if p is None:
            return self.mount.gone
        return (self.mount.gone or bool(p.flag & P.WEXIT) or p.zombie
                or self.system.procs.get(p.pid) is not p)

    def _visible(self, who: Access, node: Node | None = None, p: Proc | None = None) -> bool:
        """pfs_visible."""
        node, p = node or self.node, p or self.p
        if p is None:
            return True
        if p.flag & P.WEXIT or p.zombie:
            return False
        asker = self._asker(who)
        try:
            cred.p_cansee(self.system, asker, p)
            if node.rule and p.flag & P.SYSTEM:
                return False
            if node.rule == "debug":
                cred.p_candebug(self.system, asker, p)
        except Refused:
            return False
        return True

    def _look(self, who: Access) -> Look:
        """A process to read from or write to: EIO when it cannot be seen any
        more."""
        if self._gone() or not self._visible(who):
            raise Refused(EIO)
        return Look(self.system, self._asker(who), self.p)

    def attributes(self, who: Access = KERNEL) -> Attributes:
        if self._gone():
            raise Refused(EBADF)
        if not self._visible(who):
            raise Refused(ENOENT)
        p, mode = self.p, self.node.mode
        if mode is None:
            mode = 0o555 if self.kind == "dir" else 0o444
        elif p is not None and p.flag & P.SUGID and self.node is not PROCESS:
            mode = 0
        uid, gid = (p.cred.ruid, p.cred.rgid) if p is not None else (0, 0)
        now = self.mount.clock()
        return Attributes(self.kind, mode, uid, gid, self.ino, 1, 0, self.mount.fsid,
                          atime=now, mtime=now, ctime=now)

    # -- directories
    def _vnode(self, node: Node, p: Proc | None) -> PfsVnode:
        return PfsVnode(self.system, self.mount, node, p)

    def lookup(self, name: str, who: Access = KERNEL) -> Vnode:
        """pfs_lookup."""
        if self._gone() or not self._visible(who):
            raise Refused(ENOENT)
        if self.node is PROCESS:
            found, p = NODES.get(name), self.p
        elif name == CURPROC.name:
            found, p = CURPROC, None
        else:
            found, p = PROCESS, self._process(name)
            if p is None:
                raise Refused(ENOENT)
        if found is None or not self._visible(who, found, p):
            raise Refused(ENOENT)
        return self._vnode(found, p)

    def _process(self, name: str) -> Proc | None:
        if not (name.isascii() and name.isdigit()) or len(name) >= NAMELEN:
            return None
        pid = int(name)
        return self.system.procs.get(pid) if pid <= PID_MAX else None

    def parent(self) -> Vnode:
        if self.node is PROCESS or self.node is CURPROC or self.node is ROOT:
            return self.mount.root
        return self._vnode(PROCESS, self.p)

    def place(self) -> tuple[Vnode, str] | None:
        if self.p is None:
            return self.mount.root, self.node.name
        if self.node is PROCESS:
            return self.mount.root, str(self.p.pid)
        return self.parent(), self.node.name

    def entries(self, who: Access = KERNEL) -> list[Entry]:
        """pfs_readdir: of the processes the newest first."""
        if self._gone() or not self._visible(who):
            raise Refused(EBADF if self._gone() else ENOENT)
        if self.node is PROCESS:
            assert self.p is not None
            return [Entry(n.name, n.number * NO_PID + self.p.pid, n.kind)
                    for n in NODES.values() if self._visible(who, n)]
        listed = [Entry(CURPROC.name, CURPROC.number, "lnk")]
        for p in reversed(list(self.system.procs.values())):
            if self._visible(who, PROCESS, p):
                listed.append(Entry(str(p.pid), PROCESS.number, "dir"))
        return listed

    # -- contents
    def read_at(self, offset: int, size: int, who: Access = KERNEL) -> bytes:
        """pfs_read.  EBADF for a node that cannot be read."""
        if self._gone():
            raise Refused(EIO)
        if self.kind == "dir":
            return super().read_at(offset, size, who)
        if not self.node.flags & RD:
            raise Refused(EBADF)
        look = self._look(who)
        if self.node.raw_read is not None:
            return self.node.raw_read(look, offset, size)
        if offset < 0 or size > OFF_MAX - offset:
            raise Refused(EINVAL)
        assert self.node.text is not None
        text = self.node.text(look)
        if offset + size == OFF_MAX:        # one more is below 0: a buffer of nothing
            return b""
        return text[:BUFFER_MAX][offset : offset + size]

    def write_at(self, offset: int, data: bytes, who: Access = KERNEL) -> int:
        """pfs_write.  EBADF for a node that cannot be written."""
        if self.kind == "dir":
            return super().write_at(offset, data, who)
        if self._gone():
            raise Refused(EIO)
        if not self.node.flags & WR:
            raise Refused(EBADF)
        if len(data) > BUFFER_MAX:
            raise Refused(EIO)
        look = self._look(who)
        if not data and self.node.raw_write is None:
            raise Refused(EINVAL)
        if self.node.raw_write is not None:
            return self.node.raw_write(look, offset, data)
        assert self.node.take is not None
        return self.node.take(look, data)

    def readlink(self, who: Access = KERNEL) -> str:
        if self.kind != "lnk":
            raise Refused(EINVAL)
        if self._gone():
            raise Refused(EIO)
        assert self.node.text is not None
        look = Look(self.system, self._asker(who), self.p)
        return self.node.text(look).decode("utf-8", "surrogateescape")

    def truncate(self, size: int, who: Access = KERNEL) -> None:
        """Taken and ignored, as every change of attributes."""

    def set_attributes(
        self, who: Access = KERNEL, *, mode: int | None = None, uid: int | None = None,
        gid: int | None = None, atime: int | None = None, mtime: int | None = None,
    ) -> None:  # fmt: skip
        """Taken and ignored."""


def mount(system: System, fs: FileSystem, path: str = "/proc", *, flags: int = MNT_LOCAL,
          owner: int = 0) -> Mount:
    """Mount a procfs there."""
    new = Mount("procfs", _new_fsid(fs), fs.clock, "procfs", flags=flags, owner=owner)
    new.root = PfsVnode(system, new, ROOT, None)
    fs.mount(new, path)
    return new


def _new_fsid(fs: FileSystem) -> int:
    """vfs_getnewfsid's first word: the type, 255, and a number for each mount."""
    serial = 1
    while any(mount.fsid == TYPE_NUMBER << 24 | 0xFF00 | serial for mount in fs.mounts):
        serial += 1
    return TYPE_NUMBER << 24 | 0xFF00 | serial
