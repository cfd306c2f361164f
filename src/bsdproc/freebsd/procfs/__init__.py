"""procfs(5): what a mounted /proc shows of a process, one function for each node.

`status` reads the node status, `set_regs` writes regs.  None stands for the calling
process, and `root` is where the procfs is mounted.  The functions named parse_* take
a node's bytes, so that a captured file is read on any host; bytes that are no such
node, or not all of it, are `Malformed`.

What the kernel refuses keeps its errno: `NoProcess` (a `ProcessLookupError`) when the
process is not there, or not visible, or went in the middle; `Hidden` (a
`FileNotFoundError`) when the process is there and the node is not, for this caller
or on this mount, with the reason; `Forbidden` (a `PermissionError`) when the caller may
not open or use it; `KernelError` (EBUSY) for registers of a process that runs.

environ, auxv, exe and fd are nodes of linprocfs(5), and ctl is one of older releases.
`mount`, `unmount` and `statfs` are about the file system itself.
"""

from __future__ import annotations

from bsdproc.freebsd.auxv import AuxEntry
from bsdproc.freebsd.constants.auxv import AuxType
from bsdproc.freebsd.constants.kinfo import Limit
from bsdproc.freebsd.constants.mount import MountFlags, UnmountFlags
from bsdproc.freebsd.constants.ptrace import VmProtection
from bsdproc.freebsd.procfs.mounting import FileSystem, mount, statfs, unmount
from bsdproc.freebsd.procfs.nodes import (
    NODES,
    ROOT,
    FdEntry,
    Forbidden,
    Hidden,
    NodeMode,
    NodeStat,
    NoProcess,
    auxv,
    cmdline,
    ctl,
    curproc,
    dbregs,
    environ,
    etype,
    exe,
    fd,
    file,
    fpregs,
    map,
    node_modes,
    nodes,
    note,
    notepg,
    osrel,
    pids,
    read_mem,
    regs,
    rlimit,
    set_dbregs,
    set_fpregs,
    set_osrel,
    set_regs,
    stat,
    status,
    write_mem,
)
from bsdproc.freebsd.procfs.texts import (
    MapEntry,
    Status,
    parse_auxv,
    parse_map,
    parse_number,
    parse_rlimit,
    parse_status,
    parse_strings,
)
from bsdproc.freebsd.registers.debug import DebugRegisters
from bsdproc.freebsd.registers.floating import FpRegisters
from bsdproc.freebsd.registers.general import Registers
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.records import Malformed

__all__ = [
    "NODES",
    "ROOT",
    "AuxEntry",
    "AuxType",
    "DebugRegisters",
    "FdEntry",
    "FileSystem",
    "Forbidden",
    "FpRegisters",
    "Hidden",
    "Limit",
    "Malformed",
    "MapEntry",
    "MountFlags",
    "NoProcess",
    "NodeMode",
    "NodeStat",
    "Registers",
    "Rlimit",
    "Status",
    "UnmountFlags",
    "VmProtection",
    "auxv",
    "cmdline",
    "ctl",
    "curproc",
    "dbregs",
    "environ",
    "etype",
    "exe",
    "fd",
    "file",
    "fpregs",
    "map",
    "mount",
    "node_modes",
    "nodes",
    "note",
    "notepg",
    "osrel",
    "parse_auxv",
    "parse_map",
    "parse_number",
    "parse_rlimit",
    "parse_status",
    "parse_strings",
    "pids",
    "read_mem",
    "regs",
    "rlimit",
    "set_dbregs",
    "set_fpregs",
    "set_osrel",
    "set_regs",
    "stat",
    "statfs",
    "status",
    "unmount",
    "write_mem",
]
