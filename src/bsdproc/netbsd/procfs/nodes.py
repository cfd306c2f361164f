"""What nodes a procfs has, as data (procfs_loadvnode, procfs_lookup)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bsdproc.typed import procfs as plumbing


@dataclass(frozen=True, slots=True)
class Node(plumbing.NodeMode):
    """What a node is, whoever asks.

    regs, fpregs and mem have no permission bits for the owner while the process is one
    that has changed its credentials (P_SUGID), so that root alone may open them."""

    type: str
    """Its pfstype: "PFSstatus"."""
    linux: bool = False
    """Whether only a mount with PROCFSMNT_LINUXCOMPAT shows it."""
    since: int = 0
    """The major version of NetBSD that brought it, 0 for all that are in use."""


_READ: Final = 0o444
_OWNER_READ: Final = 0o400
_OWNER: Final = 0o600
_OWNER_WRITE: Final = 0o200
_ENTER: Final = 0o555

NODES: Final[Mapping[str, Node]] = MappingProxyType({
    "": Node("directory", _ENTER, "PFSroot"),
    "curproc": Node("link", _ENTER, "PFScurproc"),
    "self": Node("link", _ENTER, "PFSself"),
    "PID": Node("directory", _ENTER, "PFSproc"),
    "PID/fd": Node("directory", 0o500, "PFSfd"),
    "PID/fd/FD": Node("descriptor", _OWNER, "PFSfd"),
    "PID/file": Node("file", _OWNER, "PFSfile"),
    "PID/mem": Node("file", _OWNER, "PFSmem"),
    "PID/regs": Node("file", _OWNER, "PFSregs"),
    "PID/fpregs": Node("file", _OWNER, "PFSfpregs"),
    "PID/stat": Node("file", _READ, "PFSstat", linux=True),
    "PID/status": Node("file", _READ, "PFSstatus"),
    "PID/note": Node("file", _OWNER_WRITE, "PFSnote"),
    "PID/notepg": Node("file", _OWNER_WRITE, "PFSnotepg"),
    "PID/map": Node("file", _OWNER_READ, "PFSmap"),
    "PID/maps": Node("file", _OWNER_READ, "PFSmaps"),
    "PID/cmdline": Node("file", _READ, "PFScmdline"),
    "PID/exe": Node("link", _ENTER, "PFSexe"),
    "PID/cwd": Node("link", _ENTER, "PFScwd"),
    "PID/root": Node("link", _ENTER, "PFSchroot"),
    "PID/emul": Node("file", _READ, "PFSemul"),
    "PID/statm": Node("file", _READ, "PFSstatm", linux=True),
    "PID/task": Node("directory", _ENTER, "PFStask", linux=True),
    "PID/task/PID": Node("link", _ENTER, "PFStask", linux=True),
    "PID/auxv": Node("file", _OWNER_READ, "PFSauxv", since=8),
    "PID/environ": Node("file", _OWNER_READ, "PFSenviron", since=9),
    "PID/limit": Node("file", _READ, "PFSlimit", since=9),
    "PID/limits": Node("file", _READ, "PFSlimits", linux=True, since=11),
    "meminfo": Node("file", _READ, "PFSmeminfo", linux=True),
    "cpuinfo": Node("file", _READ, "PFScpuinfo", linux=True),
    "uptime": Node("file", _READ, "PFSuptime", linux=True),
    "mounts": Node("file", _READ, "PFSmounts", linux=True),
    "devices": Node("file", _READ, "PFSdevices", linux=True),
    "stat": Node("file", _READ, "PFScpustat", linux=True),
    "loadavg": Node("file", _READ, "PFSloadavg", linux=True),
    "version": Node("file", _READ, "PFSversion", linux=True),
    "sys": Node("directory", _ENTER, "PFSsys", linux=True, since=11),
    "sys/fs": Node("directory", _ENTER, "PFSsysfs", linux=True, since=11),
    "sys/fs/mqueue": Node("directory", _ENTER, "PFSmqueue", linux=True, since=11),
    "sys/fs/mqueue/msg_default": Node("file", _READ, "PFSmq_msg_def", linux=True, since=11),
    "sys/fs/mqueue/msg_max": Node("file", _READ, "PFSmq_msg_max", linux=True, since=11),
    "sys/fs/mqueue/msgsize_default": Node("file", _READ, "PFSmq_siz_def", linux=True, since=11),
    "sys/fs/mqueue/msgsize_max": Node("file", _READ, "PFSmq_siz_max", linux=True, since=11),
    "sys/fs/mqueue/queues_max": Node("file", _READ, "PFSmq_qmax", linux=True, since=11),
    "sysvipc": Node("directory", _ENTER, "PFSsysvipc", linux=True, since=11),
    "sysvipc/msg": Node("file", _READ, "PFSsysvipc_msg", linux=True, since=11),
    "sysvipc/sem": Node("file", _READ, "PFSsysvipc_sem", linux=True, since=11),
    "sysvipc/shm": Node("file", _READ, "PFSsysvipc_shm", linux=True, since=11),
})
"""Every node by its path below the mount point, where PID is a process and FD one of its
descriptors.  An entry of fd/ is a "descriptor": `FD_NODES` says what that is."""

FD_NODES: Final[Mapping[str, plumbing.NodeMode | None]] = MappingProxyType({
    "DTYPE_VNODE": plumbing.NodeMode("file", _OWNER),
    "DTYPE_PIPE": plumbing.NodeMode("pipe", _OWNER),
    "DTYPE_SOCKET": plumbing.NodeMode("socket", _OWNER),
    "DTYPE_KQUEUE": plumbing.NodeMode("link", _ENTER),
    "DTYPE_MISC": plumbing.NodeMode("link", _ENTER),
    "DTYPE_SEM": plumbing.NodeMode("link", _ENTER),
    "DTYPE_CRYPTO": None,
    "DTYPE_MQUEUE": None,
})
"""What fd/FD is, by the descriptor's type.  A directory is a link with mode 0555, as every
vnode is to a process of Linux's ABI; any other vnode is the very file, with its own type
and mode.  None is refused (EOPNOTSUPP), as are the types that came later."""


def node_modes(*, linux: bool = True) -> Mapping[str, Node]:
    """The nodes with their types, kinds and modes, of a mount with or without Linux's."""
    return MappingProxyType({
        path: node for path, node in NODES.items() if linux or not node.linux
    })
