"""procfs(5) as DragonFly 5.9 has it: a directory for each living process.

How nodes are found, seen and opened: procfs_vnops.c.  What they show and take
is in `procfs_nodes`, what the ctl node does in `procfs_ctl`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.dragonfly import procfs_ctl, procfs_nodes
from bsdproc.emulator.dragonfly.cred import checkio, p_trespass, prison_check
from bsdproc.emulator.dragonfly.procfs_nodes import Look
from bsdproc.emulator.dragonfly.state import P, Proc, Thread
from bsdproc.emulator.errno import (
    EBUSY,
    EINVAL,
    ENOENT,
    ENOTDIR,
    EOPNOTSUPP,
    EPERM,
    EROFS,
    Refused,
)
from bsdproc.emulator.vnode import KERNEL, Access, Attributes, Entry, Mount, Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.emulator.vfs import FileSystem

PROCFS_NAMELEN: Final = 128
BLOCK: Final = 512
LINKS_OF_A_PROCESS: Final = 15
USERS_PROGRAM: Final = True


@dataclass(frozen=True, slots=True)
class Node:
    """What is alike for all processes."""

    name: str
    kind: str
    number: int
    """What is added for it to sixteen times the pid."""
    mode: int
    size: int = 0
    program: bool = False
    """Only of a process that runs a program (not P_SYSTEM)."""
    private: bool = False
    """Without rights for anybody once the process has changed its ids."""
    rewinds: bool = False
    """A descriptor stays at its offset when it is read."""
    read: Callable[[Look, int, int], bytes] | None = None
    write: Callable[[Look, int, bytes], int] | None = None


def _text(make: Callable[[Look], bytes]) -> Callable[[Look, int, int], bytes]:
    def read(look: Look, offset: int, size: int) -> bytes:
        if offset < 0:
            raise Refused(EINVAL)
        return make(look)[offset : offset + size]

    return read


ROOT: Final = Node("", "dir", 2, 0o555, BLOCK)
CURPROC: Final = Node("curproc", "lnk", 3, 0o444)
PROCESS: Final = Node("pid", "dir", 2, 0o555, BLOCK)
NODES: Final[dict[str, Node]] = {
    node.name: node
    for node in (
        Node("mem", "reg", 4, 0o600, private=True,
             read=procfs_nodes.read_mem, write=procfs_nodes.write_mem),
        Node("regs", "reg", 5, 0o600, 200, USERS_PROGRAM, private=True, rewinds=True,
             read=procfs_nodes.read_regs, write=procfs_nodes.write_regs),
        Node("fpregs", "reg", 6, 0o600, 512, USERS_PROGRAM, private=True, rewinds=True,
             read=procfs_nodes.read_fpregs, write=procfs_nodes.write_fpregs),
        Node("dbregs", "reg", 7, 0o600, 128, USERS_PROGRAM, private=True, rewinds=True,
             read=procfs_nodes.read_dbregs, write=procfs_nodes.write_dbregs),
        Node("ctl", "reg", 8, 0o200, private=True, write=procfs_ctl.write),
        Node("status", "reg", 9, 0o444, read=_text(procfs_nodes.status)),
        Node("note", "reg", 10, 0o200, read=procfs_nodes.read_note,
             write=procfs_nodes.write_note),
        Node("notepg", "reg", 11, 0o200, read=procfs_nodes.read_note,
             write=procfs_nodes.write_note),
        Node("map", "reg", 12, 0o444, 0, USERS_PROGRAM, read=_text(procfs_nodes.map_lines)),
        Node("etype", "reg", 13, 0o444, 0, USERS_PROGRAM, read=_text(procfs_nodes.etype)),
        Node("cmdline", "reg", 14, 0o444, read=_text(procfs_nodes.cmdline)),
        Node("rlimit", "reg", 15, 0o444, read=_text(procfs_nodes.rlimit)),
        Node("file", "lnk", 3, 0o555),
    )
}
"""In the order in which a process's directory lists them."""


def number(pid: int, node: Node) -> int:
    """PROCFS_FILENO: of the root's nodes their own."""
    return (pid + 1) * 16 + node.number


class ProcfsVnode(Vnode):
    """A node, of a process or of the root."""

    fixed = True
    fixed_error = EROFS

    def __init__(self, system: System, mount: Mount, node: Node, p: Proc | None) -> None:
        super().__init__(mount, node.kind, node.mode,
                         ino=node.number if p is None else number(p.pid, node))
        self.system = system
        self.node = node
        self.p = p
        self.rewinds = node.rewinds

    def __repr__(self) -> str:
        return f"<procfs {self.p.pid if self.p is not None else ''}/{self.node.name}>"

    # -- who sees what
    def _asker(self, who: Access) -> Thread:
        thread = who.thread
        return thread if isinstance(thread, Thread) else self.system.kernel_proc.lwps[0]

    def _living(self) -> bool:
        p = self.p
        return p is None or (not p.zombie and self.system.allproc.get(p.pid) is p)

    def _visible(self, p: Proc, who: Access) -> bool:
        """A living process that the asker may know of."""
        asker = self._asker(who).proc.cred
        if p.zombie or not prison_check(asker, p.cred):
            return False
        return bool(self.system.settings["security.ps_showallprocs"]) or asker.uid in (
            0, p.cred.uid)

    def _look(self, who: Access) -> Look:
        if self.mount.gone or not self._living():
            raise Refused(EINVAL)
        assert self.p is not None
        return Look(self.system, self._asker(who), self.p)

    # -- attributes
    def attributes(self, who: Access = KERNEL) -> Attributes:
        if self.mount.gone or not self._living():
            raise Refused(ENOENT)
        p, node = self.p, self.node
        mode, links, uid, gid = node.mode, 1, 0, 0
        if p is not None:
            uid, gid = p.cred.uid, p.cred.gid
            if node is PROCESS:
                links = LINKS_OF_A_PROCESS
            if node.private and p.flag & P.SUGID:
                mode &= ~0o666
                uid = 0 if node.name == "mem" else uid
        size = len(self.readlink(who)) if self.kind == "lnk" else node.size
        now = self.mount.clock()
        return Attributes(self.kind, mode, uid, gid, self.ino, links, size, self.mount.fsid,
                          atime=now, mtime=now, ctime=now)

    def set_attributes(
        self, who: Access = KERNEL, *, mode: int | None = None, uid: int | None = None,
        gid: int | None = None, atime: int | None = None, mtime: int | None = None,
    ) -> None:  # fmt: skip
        """Taken and ignored."""

    def truncate(self, size: int, who: Access = KERNEL) -> None:
        """Taken and ignored."""

    # -- directories
    def _vnode(self, node: Node, p: Proc | None) -> ProcfsVnode:
        return ProcfsVnode(self.system, self.mount, node, p)

    def _process(self, name: str) -> Proc | None:
        """A pid's process; leading zeros do not matter."""
        if not (name.isascii() and name.isdigit()) or len(name) >= PROCFS_NAMELEN:
            return None
        return self.system.allproc.get(int(name))

    def lookup(self, name: str, who: Access = KERNEL) -> Vnode:
        """procfs_lookup."""
        if self.node is ROOT:
            if name == CURPROC.name:
                return self._vnode(CURPROC, None)
            p = self._process(name)
            if p is None or not self._visible(p, who):
                raise Refused(ENOENT)
            return self._vnode(PROCESS, p)
        node, p = NODES.get(name), self.p
        assert p is not None
        if node is None or not self._living() or (node.program and p.flag & P.SYSTEM):
            raise Refused(ENOENT)
        return self._vnode(node, p)

    def parent(self) -> Vnode:
        if self.p is None or self.node is PROCESS:
            return self.mount.root
        return self._vnode(PROCESS, self.p)

    def place(self) -> tuple[Vnode, str] | None:
        if self.p is None:
            return self.mount.root, self.node.name
        if self.node is PROCESS:
            return self.mount.root, str(self.p.pid)
        return self.parent(), self.node.name

    def entries(self, who: Access = KERNEL) -> list[Entry]:
        """procfs_readdir."""
        if self.node is PROCESS:
            p = self.p
            assert p is not None
            if not self._living():
                raise Refused(ENOENT)
            return [Entry(n.name, number(p.pid, n), n.kind) for n in NODES.values()
                    if not (n.program and p.flag & P.SYSTEM)]
        listed = [Entry(CURPROC.name, CURPROC.number, "lnk")]
        from bsdproc.emulator.dragonfly.kern_proc import in_order

        for p in in_order(self.system):
            if self._visible(p, who):
                listed.append(Entry(str(p.pid), number(p.pid, PROCESS), "dir"))
        return listed

    def add(self, name: str, node: Vnode, who: Access = KERNEL) -> None:
        raise Refused(EROFS if self.kind == "dir" else ENOTDIR)

    # -- opening
    def opened(self, write: bool, who: Access, exclusive: bool = False) -> None:
        """procfs_open: of memory one writer who will be alone, and its owner's only."""
        p = self.p
        if self.node.name != "mem" or p is None:
            return
        writers, alone = p.mem_opens
        if (writers and exclusive) or (alone and write):
            raise Refused(EBUSY)
        asker = self._asker(who).proc.cred
        if not checkio(asker, p, sugid=bool(p.flag & P.SUGID)) or p_trespass(asker, p.cred):
            raise Refused(EPERM)
        if write:
            p.mem_opens = (True, exclusive)

    def closed(self, write: bool) -> None:
        """procfs_close: the end of an exclusive writer."""
        if self.node.name == "mem" and self.p is not None and write and self.p.mem_opens[1]:
            self.p.mem_opens = (False, False)

    # -- contents
    def read_at(self, offset: int, size: int, who: Access = KERNEL) -> bytes:
        """procfs_rw."""
        if self.kind == "dir":
            return super().read_at(offset, size, who)
        look = self._look(who)
        if self.node.read is None:
            raise Refused(EOPNOTSUPP)
        return self.node.read(look, offset, size)

    def write_at(self, offset: int, data: bytes, who: Access = KERNEL) -> int:
        if self.kind == "dir":
            return super().write_at(offset, data, who)
        look = self._look(who)
        if self.node.write is None:
            raise Refused(EOPNOTSUPP)
        return self.node.write(look, offset, data)

    def readlink(self, who: Access = KERNEL) -> str:
        if self.kind != "lnk":
            raise Refused(EINVAL)
        if self.p is None:
            return str(self._asker(who).proc.pid)
        if not self._living():
            raise Refused(ENOENT)
        return self.system.text_path(self.p) or "unknown"


def mount(system: System, fs: FileSystem, path: str = "/proc", *, flags: int = 0,
          owner: int = 0) -> Mount:
    """Mount a procfs there."""
    new = Mount("procfs", fs.new_fsid(), fs.clock, "procfs", flags=flags, owner=owner)
    new.root = ProcfsVnode(system, new, ROOT, None)
    fs.mount(new, path)
    return new
