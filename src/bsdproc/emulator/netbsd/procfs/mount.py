"""procfs as a file system: mounts, their arguments, and the revocation of nodes (procfs_vfsops.c).

Two revisions of it can be had.  In 1.112 each mount sets up an exec hook of its own, which walks
that mount's nodes; nothing happens when a process exits.  In 1.114 one exec hook and one exit
hook serve all mounts and look a process's nodes up in a hash.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple
from weakref import WeakSet, WeakValueDictionary

from bsdproc.emulator.errno import EINVAL, EIO, EOPNOTSUPP, Refused
from bsdproc.emulator.netbsd.procfs import types
from bsdproc.emulator.netbsd.procfs.node import PfsNode, kind_of
from bsdproc.emulator.netbsd.procfs.types import Type
from bsdproc.emulator.vnode import Mount

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.procfs.view import Host, Process

Revision = Literal["1.112", "1.114"]
REVISIONS: tuple[Revision, ...] = ("1.112", "1.114")

ARGS = struct.Struct("<ii")
"""struct procfs_args: version and flags."""
ARGSVERSION = 1
LINUXCOMPAT = 0x1
MNT_LOCAL, MNT_UPDATE, MNT_GETARGS = 0x1000, 0x10000, 0x400000
NAMEMAX = 255
FSID_MAJOR = 0x1B
"""Of the device number that each procfs is given."""
FSID_TYPE = 0x1AE1B
"""The other half of its f_fsid, made of "procfs"."""

Key = tuple[int, int, int]
Hook = Callable[["Process"], None]


class Statistics(NamedTuple):
    """What procfs_statvfs fills in."""

    bsize: int
    blocks: int
    bfree: int
    files: int
    ffree: int


class Procfs(Mount):
    """A mounted procfs."""

    def __init__(self, module: ProcfsModule, fsid: int, clock: Callable[[], int],
                 flags: int) -> None:
        super().__init__("procfs", fsid, clock, "procfs", flags=MNT_LOCAL)
        self.module = module
        self.arguments = flags
        """pmnt_flags."""
        self.host = module.host
        self.register_sizes = module.register_sizes
        self._nodes: WeakValueDictionary[Key, PfsNode] = WeakValueDictionary()
        self.root = self.node(types.ROOT, 0)

    @property
    def linux(self) -> bool:
        """Whether it has what Linux's procfs has (PROCFSMNT_LINUXCOMPAT)."""
        return bool(self.arguments & LINUXCOMPAT)

    def node(self, type: Type, pid: int, fd: int = -1) -> PfsNode:
        """procfs_allocvp: the one node of a type, process and descriptor; of `kind_of`'s
        errors, if it has to be made."""
        key = (pid, type.number, fd)
        found = self._nodes.get(key)
        if found is None:
            kind, mode = kind_of(type, pid, fd, self.host, self.linux)
            found = self._nodes[key] = PfsNode(self, type, pid, fd, kind, mode)
            self.module.enter(found)
        return found

    def forget(self, node: PfsNode) -> None:
        """The next one who asks gets another node."""
        key = (node.pid, node.type.number, node.fd)
        if self._nodes.get(key) is node:
            del self._nodes[key]

    def nodes(self) -> list[PfsNode]:
        """All that are in use."""
        return list(self._nodes.values())

    def statistics(self) -> Statistics:
        """procfs_statvfs: a page of nothing, and processes as files."""
        most = self.host.maxproc
        return Statistics(4096, 1, 0, most, most - self.host.nprocs)


class ProcfsModule:
    """The file system in one kernel: its mounts, hooks and the hash of their nodes."""

    def __init__(self, host: Host, revision: Revision = "1.114",
                 register_sizes: Mapping[str, int] | None = None) -> None:
        if revision not in REVISIONS:
            raise ValueError(f"procfs revision {revision!r}: there are {', '.join(REVISIONS)}")
        self.host = host
        self.revision = revision
        self.register_sizes = register_sizes or {"regs": 208, "fpregs": 512}
        self.exec_hooks: list[Hook] = []
        self.exit_hooks: list[Hook] = []
        self._mount_hooks: dict[Procfs, Hook] = {}
        self._hash: dict[int, WeakSet[PfsNode]] = {}
        """Nodes by process."""
        self._held: dict[int, set[PfsNode]] = {}
        """Those that stay as long as their process, used or not: what was opened for writing
        remembers it."""
        self._mounted = 0
        if revision == "1.114":
            self.exec_hooks.append(self._exec_hook)
            self.exit_hooks.append(self._revoke)

    # -- mounting
    def mount(self, clock: Callable[[], int], data: bytes | None, flags: int = 0,
              over: Procfs | None = None) -> Procfs | bytes:
        """procfs_mount: a new file system to be put somewhere, or with MNT_GETARGS the
        arguments of the one that is `over` the directory.

        `data` are the arguments: None for a null pointer.  What is too short to be arguments
        is as good as none at all.
        """
        if data is None:
            raise Refused(EINVAL)
        if flags & MNT_GETARGS:
            if len(data) < ARGS.size:
                raise Refused(EINVAL)
            if over is None:
                raise Refused(EIO)
            return ARGS.pack(ARGSVERSION, over.arguments)
        if flags & MNT_UPDATE:
            raise Refused(EOPNOTSUPP)
        arguments = 0
        if len(data) >= ARGS.size:
            version, arguments = ARGS.unpack_from(data)
            if version != ARGSVERSION:
                raise Refused(EINVAL)
        self._mounted += 1
        new = Procfs(self, FSID_MAJOR << 8 | self._mounted, clock, arguments)
        if self.revision == "1.112":
            hook = self._hook_of(new)
            self._mount_hooks[new] = hook
            self.exec_hooks.append(hook)
        return new

    def unmounted(self, mount: Procfs, force: bool) -> None:
        """procfs_unmount, when nothing is in use any more or all the same: what is open is
        dead."""
        if force:
            for node in mount.nodes():
                self._gone(node)
        for held in self._held.values():
            held -= {node for node in held if node.mount is mount}
        if (hook := self._mount_hooks.pop(mount, None)) is not None:
            self.exec_hooks.remove(hook)

    # -- nodes and processes
    def enter(self, node: PfsNode) -> None:
        """Put a node into the hash."""
        self._hash.setdefault(node.pid, WeakSet()).add(node)

    def hold(self, node: PfsNode) -> None:
        """It is not to be lost before its process."""
        self._held.setdefault(node.pid, set()).add(node)

    def _gone(self, node: PfsNode) -> None:
        """vgone: whoever has it open has a dead one."""
        node.dead = True
        node.mount.forget(node)
        self._hash[node.pid].discard(node)
        self._held.get(node.pid, set()).discard(node)

    def _revoke(self, process: Process) -> None:
        for node in tuple(self._hash.get(process.pid, ())):
            self._gone(node)

    def _exec_hook(self, process: Process) -> None:
        """procfs_exechook_cb: only who is set-id now loses its nodes."""
        if process.sugid:
            self._revoke(process)

    def _hook_of(self, mount: Procfs) -> Hook:
        """1.112's procfs_revoke_vnodes, for one mount."""
        def revoke(process: Process) -> None:
            if not process.sugid:
                return
            for node in mount.nodes():
                if node.pid == process.pid:
                    self._gone(node)

        return revoke

    def executed(self, process: Process) -> None:
        """A process runs a new program, with its new credentials."""
        for hook in tuple(self.exec_hooks):
            hook(process)

    def exited(self, process: Process) -> None:
        """A process exits."""
        for hook in tuple(self.exit_hooks):
            hook(process)

    def ended(self, pid: int) -> None:
        """Its number is free: only what is open is left of its nodes (procfs_inactive)."""
        self._held.pop(pid, None)
        if not self._hash.get(pid):
            self._hash.pop(pid, None)
