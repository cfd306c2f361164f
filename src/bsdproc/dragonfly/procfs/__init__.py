"""procfs(5): what a mounted /proc shows of a process, one function for each node.

`status` reads the node status, `set_regs` writes regs, `ctl` tells the node ctl what
to do.  None stands for the calling process, and `root` is where the procfs is mounted.
The functions named parse_* take a node's bytes, so that a captured file is read on any
host; bytes that are no such node, or not all of it, are `Malformed`.

What the kernel refuses keeps its errno: `NoProcess` (a `ProcessLookupError`) when the
process is not there, or of another jail, or a zombie, or went in the middle; `Hidden`
(a `FileNotFoundError`) when the process is there and the node is not: regs, fpregs,
dbregs, map and etype of process 0 and init; `Forbidden` (a `PermissionError`) when the
caller may not open it; EBUSY for registers that are set while the process runs.
`mount`, `unmount` and `statvfs` are about the file system itself.
"""

from __future__ import annotations

from bsdproc.dragonfly.constants.kinfo import Limit, VmProtection
from bsdproc.dragonfly.constants.mount import MountFlags
from bsdproc.dragonfly.constants.signals import Signal
from bsdproc.dragonfly.procfs.control import Control, ctl, ctl_names
from bsdproc.dragonfly.procfs.mounting import FileSystem, mount, statvfs, unmount
from bsdproc.dragonfly.procfs.nodes import (
    NODES,
    cmdline,
    curproc,
    dbregs,
    etype,
    file,
    fpregs,
    map,
    node_modes,
    nodes,
    note,
    notepg,
    pids,
    read_mem,
    regs,
    rlimit,
    set_dbregs,
    set_fpregs,
    set_regs,
    status,
    write_mem,
)
from bsdproc.dragonfly.procfs.texts import (
    MapEntry,
    Status,
    parse_cmdline,
    parse_etype,
    parse_map,
    parse_number,
    parse_rlimit,
    parse_status,
)
from bsdproc.dragonfly.registers.x86_64 import (
    X86_64DebugRegisters,
    X86_64FpRegisters,
    X86_64Registers,
)
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.procfs import ROOT, Forbidden, Hidden, NodeMode, NoProcess
from bsdproc.typed.records import Malformed

__all__ = [
    "NODES",
    "ROOT",
    "Control",
    "FileSystem",
    "Forbidden",
    "Hidden",
    "Limit",
    "Malformed",
    "MapEntry",
    "MountFlags",
    "NoProcess",
    "NodeMode",
    "Rlimit",
    "Signal",
    "Status",
    "VmProtection",
    "X86_64DebugRegisters",
    "X86_64FpRegisters",
    "X86_64Registers",
    "cmdline",
    "ctl",
    "ctl_names",
    "curproc",
    "dbregs",
    "etype",
    "file",
    "fpregs",
    "map",
    "mount",
    "node_modes",
    "nodes",
    "note",
    "notepg",
    "parse_cmdline",
    "parse_etype",
    "parse_map",
    "parse_number",
    "parse_rlimit",
    "parse_status",
    "pids",
    "read_mem",
    "regs",
    "rlimit",
    "set_dbregs",
    "set_fpregs",
    "set_regs",
    "status",
    "statvfs",
    "unmount",
    "write_mem",
]
